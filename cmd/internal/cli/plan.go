package cli

import (
	"encoding/json"
	"strings"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// planned is a request of a flow before there is one: what is not known yet, and
// every secret, is a shell variable. --dry-run and --print curl are two renderings
// of it; a script runs them with the real curl against the sandbox, which is strict.
var planned = map[string][]render.PlannedRequest{
	vnv.NumberVerification.Name: {
		{
			Step: vnv.OpEnable, Bearer: "$JWT", ContentType: "application/json",
			Body:   `{"phone_number":{phone},"scopes":{scopes},"state":"$STATE"}`,
			Then:   `AUTH_URL=$(printf %s "$ANSWER" | sed 's/.*"auth_url":"\([^"]*\)".*/\1/; s/\\u0026/\&/g')`,
			Answer: "AUTH_URL",
		},
		{
			Step: vnv.OpAuthorize, URL: "$AUTH_URL", Proof: "state=$STATE",
			Then:   `CODE=$(printf %s "$ANSWER" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')`,
			Answer: "CODE",
		},
		{
			Step: vnv.OpExchange, Bearer: "$JWT", ContentType: "application/x-www-form-urlencoded",
			Form:   [][2]string{{"grant_type", "authorization_code"}, {"code", "$CODE"}, {"redirect_uri", "{redirect}"}},
			Then:   `TOKEN=$(printf %s "$ANSWER" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`,
			Answer: "TOKEN",
		},
		{
			Step: vnv.OpVerify, Bearer: "$TOKEN", ContentType: "application/json", Correlator: true,
			Body:   `{{who}}`,
			Answer: "ANSWER",
		},
	},
	vnv.SilentAuth.Name: {
		{
			Step: vnv.OpEnable, Bearer: "$JWT", ContentType: "application/json",
			Body: `{"brand":{brand}{client_ref}{coverage},"workflow":[{"channel":"silent_auth","to":{digits}{redirect_url}{mode}}]}`,
			Then: `REQUEST_ID=$(printf %s "$ANSWER" | sed 's/.*"request_id":"\([^"]*\)".*/\1/')` + "\n" +
				`AUTH_URL=$(printf %s "$ANSWER" | sed 's/.*"check_url":"\([^"]*\)".*/\1/; s/\\u0026/\&/g')`,
			Answer: "AUTH_URL",
		},
		{
			Step: vnv.OpAuthorize, URL: "$AUTH_URL",
			Then:   `CODE=$(printf %s "$ANSWER" | sed 's/.*"code":"\([^"]*\)".*/\1/')`,
			Answer: "CODE",
		},
		{
			Step: vnv.OpVerify, Path: "/$REQUEST_ID", Bearer: "$JWT", ContentType: "application/json",
			Body:   `{"code":"$CODE"}`,
			Answer: "ANSWER",
		},
	},
}

// atRedirectURL is the authorize step of Verify where the chain ends at a URL, with
// the answer in its fragment, and not in JSON.
var atRedirectURL = render.PlannedRequest{
	Step: vnv.OpAuthorize, URL: "$AUTH_URL", Proof: "request_id=$REQUEST_ID",
	Then:   `CODE=$(printf %s "$ANSWER" | sed -n 's/.*[#&]code=\([^&]*\).*/\1/p')`,
	Answer: "CODE",
}

const (
	sandboxBase = "$VNV_BASE_URL"         // as vnv sandbox says where it is
	anyPort     = "http://127.0.0.1:1"    // stands for it while URLs are made
	noRedirect  = "$VNV_REDIRECT_URI"     // where none is set
	noPhone     = vnv.Phone("$PHONE")     // where none is given
	noPhoneTo   = vnv.Phone("${PHONE#+}") // the same without its +
)

// plan fills the requests of the steps asked for with the settings.
func (r *stepRun) plan(f *flow.Flow) ([]render.PlannedRequest, error) {
	client := vnv.Client{API: f.API, BaseURL: f.BaseURL, URLs: f.URLs}
	if r.flags.sandbox {
		client.BaseURL = anyPort
	}
	fill := r.filler(f)
	var out []render.PlannedRequest
	for _, p := range planned[f.API.Name] {
		switch {
		case !r.needs(p.Step):
			continue
		case p.URL != "" && p.Proof == "" && f.RedirectURI != "":
			p = atRedirectURL
		case p.URL == "":
			u, err := client.URL(p.Step)
			if err != nil {
				return nil, err
			}
			p.URL = strings.Replace(u, anyPort, sandboxBase, 1) + p.Path
		}
		p.Body = fill.Replace(p.Body)
		form := make([][2]string, len(p.Form))
		for i, pair := range p.Form {
			form[i] = [2]string{pair[0], fill.Replace(pair[1])}
		}
		p.Form = form
		out = append(out, p)
	}
	return out, nil
}

// filler puts settings and number into a planned request, as the SDK would.
func (r *stepRun) filler(f *flow.Flow) *strings.Replacer {
	scopes := f.Scopes
	if len(scopes) == 0 {
		scopes = []vnv.Scope{vnv.DefaultScope}
	}
	phone, digits := r.session.Phone, vnv.Phone(strings.TrimPrefix(string(r.session.Phone), "+"))
	if phone == "" {
		phone, digits = noPhone, noPhoneTo
	}
	who := `"phoneNumber":` + quotedJSON(phone)
	if r.session.PhoneHash != "" {
		who = `"hashedPhoneNumber":` + quotedJSON(r.session.PhoneHash)
	}
	coverage := ""
	if f.Silent.NoCoverageCheck {
		coverage = `,"coverage_check":false`
	}
	return strings.NewReplacer(
		"{phone}", quotedJSON(phone), "{digits}", quotedJSON(digits), "{who}", who, "{scopes}", quotedJSON(scopes),
		"{redirect}", first(f.RedirectURI, r.session.RedirectURI, noRedirect),
		"{brand}", quotedJSON(first(f.Silent.Brand, vnv.DefaultBrand)), "{client_ref}", optional("client_ref", f.Silent.ClientRef),
		"{coverage}", coverage, "{redirect_url}", optional("redirect_url", f.RedirectURI), "{mode}", optional("mode", f.Silent.Mode),
	)
}

func quotedJSON(v any) string {
	raw, _ := json.Marshal(v) // texts always marshal
	return string(raw)
}

// optional is a field of a JSON object that is left out where it is empty.
func optional(name, value string) string {
	if value == "" {
		return ""
	}
	return `,"` + name + `":` + quotedJSON(value)
}

// showPlan is the answer of --dry-run and --print curl: nothing has left, nothing will.
func (r *stepRun) showPlan(f *flow.Flow) error {
	requests, err := r.plan(f)
	if err != nil {
		return err
	}
	doc, err := render.Document(struct {
		SchemaVersion int                     `json:"schema_version"`
		API           string                  `json:"api"`
		Requests      []render.PlannedRequest `json:"requests"`
	}{flow.SchemaVersion, f.API.Name, requests})
	if err != nil {
		return err
	}
	text := render.DryRun(requests)
	if r.flags.print != "" {
		text = render.Curl(requests, r.values(), f.Chain.MaxHops)
	}
	return r.answer(text, doc)
}

// values are what is known of the variables of a script. It holds them, for it is to be run.
func (r *stepRun) values() map[string]string {
	s := r.session
	return map[string]string{
		"STATE": first(s.State.Reveal(), r.flags.state), "AUTH_URL": s.AuthURL, "REQUEST_ID": s.RequestID,
		"CODE": s.Code.Reveal(), "TOKEN": s.AccessToken.Reveal(), render.JWTFlags: r.jwtFlags(),
	}
}

// jwtFlags are the flags that vnv jwt must have, too, to sign with the same key.
func (r *stepRun) jwtFlags() string {
	var b strings.Builder
	for _, name := range []string{"config", "profile", "app-id", "private-key"} {
		if f := r.cmd.Flags().Lookup(name); f != nil && f.Changed {
			b.WriteString(" --" + name + " " + render.ShellQuote(f.Value.String()))
		}
	}
	return b.String()
}
