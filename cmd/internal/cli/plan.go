package cli

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// filler makes what a planned request holds of a text of ours: {name} stands for a
// setting or a value of the session, $NAME for a shell variable.
type filler func(template string) render.Words

// planned is a request of a flow before there is one: what is not known yet, and
// every secret, is a shell variable. --dry-run and --print curl are two renderings
// of it; a script runs them with the real curl against the sandbox, which is strict.
var planned = map[string]func(t filler) []render.PlannedRequest{
	vnv.NumberVerification.Name: func(t filler) []render.PlannedRequest {
		return []render.PlannedRequest{
			{
				Step: vnv.OpEnable, URL: t("{enable_url}"), Bearer: "$JWT", ContentType: "application/json",
				Body:   t(`{"phone_number":{phone},"scopes":{scopes},"state":{state}}`),
				Then:   `AUTH_URL=$(printf %s "$ANSWER" | sed 's/.*"auth_url":"\([^"]*\)".*/\1/; s/\\u0026/\&/g')`,
				Answer: "AUTH_URL",
			},
			{
				Step: vnv.OpAuthorize, URL: t("$AUTH_URL"), Proof: t("state={url_state}"),
				Then:   `CODE=$(printf %s "$ANSWER" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')`,
				Answer: "CODE",
			},
			{
				Step: vnv.OpExchange, URL: t("{exchange_url}"), Bearer: "$JWT", ContentType: "application/x-www-form-urlencoded",
				Form: [][2]render.Words{
					{t("grant_type"), t("authorization_code")}, {t("code"), t("$CODE")}, {t("redirect_uri"), t("{redirect}")},
				},
				Then:   `TOKEN=$(printf %s "$ANSWER" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`,
				Answer: "TOKEN",
			},
			{
				Step: vnv.OpVerify, URL: t("{verify_url}"), Bearer: "$TOKEN", ContentType: "application/json", Correlator: true,
				Body:   t(`{{who}}`),
				Answer: "ANSWER",
			},
		}
	},
	vnv.SilentAuth.Name: func(t filler) []render.PlannedRequest {
		return []render.PlannedRequest{
			{
				Step: vnv.OpEnable, URL: t("{enable_url}"), Bearer: "$JWT", ContentType: "application/json",
				Body: t(`{"brand":{brand}{client_ref}{coverage},"workflow":[{"channel":"silent_auth","to":{digits}{redirect_url}{mode}}]}`),
				Then: `REQUEST_ID=$(printf %s "$ANSWER" | sed 's/.*"request_id":"\([^"]*\)".*/\1/')` + "\n" +
					`AUTH_URL=$(printf %s "$ANSWER" | sed 's/.*"check_url":"\([^"]*\)".*/\1/; s/\\u0026/\&/g')`,
				Answer: "AUTH_URL",
			},
			{
				Step: vnv.OpAuthorize, URL: t("$AUTH_URL"),
				Then:   `CODE=$(printf %s "$ANSWER" | sed 's/.*"code":"\([^"]*\)".*/\1/')`,
				Answer: "CODE",
			},
			{
				Step: vnv.OpVerify, URL: t("{verify_url}/$REQUEST_ID"), Bearer: "$JWT", ContentType: "application/json",
				Body:   t(`{"code":{code}}`),
				Answer: "ANSWER",
			},
		}
	},
}

// atRedirectURL is the authorize step of Verify where the chain ends at a URL, with
// the answer in its fragment, and not in JSON.
func atRedirectURL(t filler) render.PlannedRequest {
	return render.PlannedRequest{
		Step: vnv.OpAuthorize, URL: t("$AUTH_URL"), Proof: t("request_id=$REQUEST_ID"),
		Then:   `CODE=$(printf %s "$ANSWER" | sed -n 's/.*[#&]code=\([^&]*\).*/\1/p')`,
		Answer: "CODE",
	}
}

const anyPort = "http://127.0.0.1:1" // stands for the sandbox while URLs are made

// plan fills the requests of the steps asked for with the settings.
func (r *stepRun) plan(f *flow.Flow) ([]render.PlannedRequest, error) {
	values, err := r.plannedURLs(f)
	if err != nil {
		return nil, err
	}
	maps.Copy(values, r.plannedValues(f))
	fill := func(template string) render.Words { return render.Fill(template, values) }
	var out []render.PlannedRequest
	for _, p := range planned[f.API.Name](fill) {
		switch {
		case !r.needs(p.Step):
			continue
		case p.Bearer == "" && len(p.Proof) == 0 && f.RedirectURI != "":
			p = atRedirectURL(fill)
		}
		out = append(out, p)
	}
	return out, nil
}

// plannedURLs are where the requests go: with --sandbox where vnv sandbox says that it is.
func (r *stepRun) plannedURLs(f *flow.Flow) (map[string]render.Words, error) {
	client := vnv.Client{API: f.API, BaseURL: f.BaseURL, URLs: f.URLs}
	if r.flags.sandbox {
		client.BaseURL = anyPort
	}
	urls := map[string]render.Words{}
	for op := range f.API.Paths {
		u, err := client.URL(op)
		if err != nil {
			return nil, err
		}
		urls[string(op)+"_url"] = render.Data(u)
		if path, ok := strings.CutPrefix(u, anyPort); ok && r.flags.sandbox {
			urls[string(op)+"_url"] = render.Fill("$VNV_BASE_URL{path}", map[string]render.Words{"path": render.Data(path)})
		}
	}
	return urls, nil
}

// plannedValues are settings, session and number as the SDK would send them. What is
// not known is a variable.
func (r *stepRun) plannedValues(f *flow.Flow) map[string]render.Words {
	scopes := f.Scopes
	if len(scopes) == 0 {
		scopes = []vnv.Scope{vnv.DefaultScope}
	}
	s, state := r.session, r.plannedState()
	coverage := ""
	if f.Silent.NoCoverageCheck {
		coverage = `,"coverage_check":false`
	}
	known := func(value, shown, otherwise string) render.Words {
		if value == "" {
			return render.Fill(otherwise, nil)
		}
		return render.Data(shown)
	}
	redirect, phone := first(f.RedirectURI, s.RedirectURI), string(s.Phone)
	who := known(phone, `"phoneNumber":`+quotedJSON(phone), `"phoneNumber":"$PHONE"`)
	if s.PhoneHash != "" {
		who = render.Data(`"hashedPhoneNumber":` + quotedJSON(s.PhoneHash))
	}
	return map[string]render.Words{
		"phone": known(phone, quotedJSON(phone), `"$PHONE"`), "digits": known(phone, quotedJSON(strings.TrimPrefix(phone, "+")), `"${PHONE#+}"`),
		"who": who, "scopes": render.Data(quotedJSON(scopes)),
		"state": r.inJSON(state, "$STATE"), "url_state": r.escaped(state, url.QueryEscape(state), "$STATE"),
		"code": r.inJSON(s.Code.Reveal(), "$CODE"), "redirect": known(redirect, redirect, "$VNV_REDIRECT_URI"),
		"brand": render.Data(quotedJSON(first(f.Silent.Brand, vnv.DefaultBrand))), "client_ref": render.Data(optional("client_ref", f.Silent.ClientRef)),
		"coverage": render.Data(coverage), "redirect_url": render.Data(optional("redirect_url", f.RedirectURI)), "mode": render.Data(optional("mode", f.Silent.Mode)),
	}
}

// plannedState is the state where it is known, and none where it is to be made: a
// session that begins again holds the last one.
func (r *stepRun) plannedState() string {
	if r.afresh() {
		return r.flags.state
	}
	return first(r.session.State.Reveal(), r.flags.state)
}

// escaped is a secret as a script must write it where its characters count: a
// variable, unless it is known and that is not what its form is there.
func (r *stepRun) escaped(secret, form, variable string) render.Words {
	if r.flags.print == "" || secret == form {
		return render.Fill(variable, nil)
	}
	return render.Data(form)
}

func (r *stepRun) inJSON(secret, variable string) render.Words {
	form := strings.TrimSuffix(strings.TrimPrefix(quotedJSON(secret), `"`), `"`)
	return slices.Concat(render.Data(`"`), r.escaped(secret, form, variable), render.Data(`"`))
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
	if one := strings.NewReplacer("\n", "", "\t", "").Replace(text); printable(one) != one {
		return usagef("a value of the session or the settings holds control characters: no terminal is shown them")
	}
	return r.answer(text, doc)
}

// values are what is known of the variables of a script. It holds them, for it is to be run.
func (r *stepRun) values() map[string]string {
	s := r.session
	return map[string]string{
		"STATE": r.plannedState(), "AUTH_URL": s.AuthURL, "REQUEST_ID": s.RequestID,
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
