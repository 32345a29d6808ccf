package cli

import (
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
			Body: `{"phone_number":"{phone}","scopes":[{scopes}],"state":"$STATE"}`,
			Then: `AUTH_URL=$(printf %s "$ANSWER" | sed 's/.*"auth_url":"\([^"]*\)".*/\1/; s/\\u0026/\&/g')`,
		},
		{
			Step: vnv.OpAuthorize, URL: "$AUTH_URL",
			Then: `CODE=$(printf %s "$ANSWER" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')`,
		},
		{
			Step: vnv.OpExchange, Bearer: "$JWT", ContentType: "application/x-www-form-urlencoded",
			Form: [][2]string{{"grant_type", "authorization_code"}, {"code", "$CODE"}, {"redirect_uri", "{redirect}"}},
			Then: `TOKEN=$(printf %s "$ANSWER" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')`,
		},
		{
			Step: vnv.OpVerify, Bearer: "$TOKEN", ContentType: "application/json", Correlator: true,
			Body: `{"phoneNumber":"{phone}"}`,
			Then: `printf '%s\n' "$ANSWER"`,
		},
	},
	vnv.SilentAuth.Name: {
		{
			Step: vnv.OpEnable, Bearer: "$JWT", ContentType: "application/json",
			Body: `{"brand":"{brand}","workflow":[{"channel":"silent_auth","to":"{digits}"}]}`,
			Then: `REQUEST_ID=$(printf %s "$ANSWER" | sed 's/.*"request_id":"\([^"]*\)".*/\1/')` + "\n" +
				`AUTH_URL=$(printf %s "$ANSWER" | sed 's/.*"check_url":"\([^"]*\)".*/\1/; s/\\u0026/\&/g')`,
		},
		{
			Step: vnv.OpAuthorize, URL: "$AUTH_URL", Body200: true,
			Then: `CODE=$(printf %s "$ANSWER" | sed 's/.*"code":"\([^"]*\)".*/\1/')`,
		},
		{
			Step: vnv.OpVerify, Path: "/$REQUEST_ID", Bearer: "$JWT", ContentType: "application/json",
			Body: `{"code":"$CODE"}`,
			Then: `printf '%s\n' "$ANSWER"`,
		},
	},
}

// plan fills the requests of the steps asked for with the settings.
func (r *stepRun) plan(f *flow.Flow) ([]render.PlannedRequest, error) {
	client := vnv.Client{API: f.API, BaseURL: f.BaseURL, URLs: f.URLs}
	scopes := f.Scopes
	if len(scopes) == 0 {
		scopes = []vnv.Scope{vnv.DefaultScope}
	}
	quotedScopes := make([]string, len(scopes))
	for i, s := range scopes {
		quotedScopes[i] = `"` + string(s) + `"`
	}
	fill := strings.NewReplacer(
		"{phone}", string(r.session.Phone), "{digits}", strings.TrimPrefix(string(r.session.Phone), "+"),
		"{scopes}", strings.Join(quotedScopes, ","), "{redirect}", first(f.RedirectURI, r.session.RedirectURI),
		"{brand}", first(f.Silent.Brand, vnv.DefaultBrand),
	)
	var out []render.PlannedRequest
	for _, p := range planned[f.API.Name] {
		if !r.needs(p.Step) {
			continue
		}
		if p.URL == "" {
			u, err := client.URL(p.Step)
			if err != nil {
				return nil, err
			}
			p.URL = u + p.Path
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
		text = render.Curl(requests, f.API.Name == vnv.SilentAuth.Name, f.Chain.MaxHops)
	}
	return r.answer(text, doc)
}
