package sandbox_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// slip is one thing that is wrong with an authorization request, and the OAuth error that it gets; "" is a page
// and no redirect.
type slip struct {
	name   string
	change func(url.Values)
	error  string
}

func set(name, value string) func(url.Values) { return func(q url.Values) { q.Set(name, value) } }
func also(name, value string) func(url.Values) {
	return func(q url.Values) { q.Add(name, value) }
}
func drop(name string) func(url.Values) { return func(q url.Values) { q.Del(name) } }

// unsafe slips leave no redirect URI to come back to.
var unsafe = []slip{
	{"another client", set("client_id", "other"), ""},
	{"no client", drop("client_id"), ""},
	{"two clients", also("client_id", "other"), ""},
	{"another redirect_uri", set("redirect_uri", "https://evil.example/cb"), ""},
	{"a script for redirect_uri", set("redirect_uri", "javascript:alert(1)"), ""},
	{"no redirect_uri", drop("redirect_uri"), ""},
	{"an empty redirect_uri", set("redirect_uri", ""), ""},
	{"two redirect_uris", also("redirect_uri", "https://evil.example/cb"), ""},
	{"a longer redirect_uri", func(q url.Values) { q.Set("redirect_uri", q.Get("redirect_uri")+"/") }, ""},
	{"a redirect_uri with more in its query", func(q url.Values) { q.Set("redirect_uri", q.Get("redirect_uri")+"&x=1") }, ""},
	{"a redirect_uri in other case", func(q url.Values) {
		q.Set("redirect_uri", strings.Replace(q.Get("redirect_uri"), "http", "HTTP", 1))
	}, ""},
	{"a redirect_uri with a fragment", func(q url.Values) { q.Set("redirect_uri", q.Get("redirect_uri")+"#x") }, ""},
	{"a redirect_uri with a port", func(q url.Values) {
		q.Set("redirect_uri", strings.Replace(q.Get("redirect_uri"), ".example", ".example:443", 1)+"x")
	}, ""},
}

// vendorSlips are those of an auth_url that somebody changed on its way to the device.
var vendorSlips = append([]slip{
	{"the app's client", set("client_id", sandbox.TestApplicationID), ""},
	{"another state", set("state", "v2_guessed"), ""},
	{"no state", drop("state"), ""},
	{"two states", also("state", "v2_guessed"), ""},
	{"another response_type", set("response_type", "token"), "unsupported_response_type"},
	{"another scope", set("scope", "openid"), "invalid_scope"},
}, unsafe...)

// directSlips are those of an app.
var directSlips = append([]slip{
	{"no response_type", drop("response_type"), "invalid_request"},
	{"an empty response_type", set("response_type", ""), "invalid_request"},
	{"another response_type", set("response_type", "token"), "unsupported_response_type"},
	{"another scope", set("scope", "everything"), "invalid_scope"},
	{"no scope", drop("scope"), "invalid_scope"},
	{"two scopes", also("scope", "number-verification:verify"), "invalid_request"},
	{"a request object", set("request", "e30.e30."), "invalid_request_object"},
	{"a request_uri", set("request_uri", "https://app.example/r"), "request_uri_not_supported"},
	{"a hint that is no number", set("login_hint", "tel:0123"), "invalid_request"},
	{"a challenge that is too short", set("code_challenge", "short"), "invalid_request"},
	{"another challenge method", func(q url.Values) {
		q.Set("code_challenge", strings.Repeat("a", 43))
		q.Set("code_challenge_method", "S1")
	}, "invalid_request"},
	{"two challenges", func(q url.Values) { q["code_challenge"] = []string{"a", "b"} }, "invalid_request"},
}, unsafe...)

// tamper changes an auth_url on its way; the flow itself is not harmed.
func (m *model) tamper(t *rapid.T) {
	at := pick(t, "auth_url", m.started)
	g := m.started[at]
	wrong := rapid.SampledFrom(vendorSlips).Draw(t, "slip")
	if !m.now.Before(g.until) {
		wrong.error = ""
	}
	m.refused(t, changed(t, at, wrong.change), &g, wrong)
}

// changed is a URL with another query.
func changed(t *rapid.T, at string, change func(url.Values)) string {
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	change(q)
	u.RawQuery = q.Encode()
	return u.String()
}

// refused sends an authorization request that is wrong.
func (m *model) refused(t *rapid.T, at string, g *modelGrant, wrong slip) {
	w := m.do(t, "GET", at, "")
	if wrong.error == "" {
		if w.Code != http.StatusBadRequest || w.Header().Get("Location") != "" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Fatalf("%s: %d %s", wrong.name, w.Code, w.Header())
		}
		return
	}
	if q := g.came(t, w.Header().Get("Location")); q.Get("error") != wrong.error || q.Get("error_description") == "" {
		t.Fatalf("%s: %v, want %s", wrong.name, q, wrong.error)
	}
}

// direct starts a flow as an app does by itself, well or with one slip.
func (m *model) direct(t *rapid.T) {
	g := modelGrant{
		phone: phones.Draw(t, "phone"), redirectURI: rapid.SampledFrom(modelRedirects).Draw(t, "redirect_uri"), state: m.state(t, oddStates),
		scope: rapid.SampledFrom([]string{"number-verification:verify", modelShare}).Draw(t, "scope"), until: m.now.Add(time.Minute),
	}
	g.prove(t)
	q := url.Values{
		"response_type": {"code"}, "client_id": {sandbox.TestApplicationID}, "redirect_uri": {g.redirectURI}, "scope": {g.scope}, "login_hint": {"tel:" + g.phone},
	}
	for name, value := range map[string]string{"state": g.state, "code_challenge": g.challenge, "code_challenge_method": g.method} {
		if value != "" {
			q.Set(name, value)
		}
	}
	at := "/oauth2/auth?" + q.Encode()
	if rapid.Bool().Draw(t, "good") {
		m.follow(t, at, g)
		return
	}
	wrong := rapid.SampledFrom(directSlips).Draw(t, "slip")
	m.refused(t, changed(t, at, wrong.change), &g, wrong)
}

// prove draws a verifier and its challenge, or none.
func (g *modelGrant) prove(t *rapid.T) {
	method := rapid.SampledFrom([]string{"none", "S256", "plain", ""}).Draw(t, "PKCE")
	if method == "none" {
		return
	}
	g.method, g.verifier = method, rapid.StringMatching(`[A-Za-z0-9._~-]{43,60}`).Draw(t, "verifier")
	g.challenge = g.verifier
	if method == "S256" {
		sum := sha256.Sum256([]byte(g.verifier))
		g.challenge = base64.RawURLEncoding.EncodeToString(sum[:])
	}
}

// redeem is a token request, and what it must get where the code is good: "" is a token.
type redeem struct {
	name            string
	change          func(url.Values)
	jwt, mediaType  string // "" for the right ones
	status          int
	error           string
	touchesTheCodes bool // it gets as far as the code, so a code that was used takes its token along
}

func (m *model) redeems(g *modelGrant) []redeem {
	other := modelRedirects[0]
	if other == g.redirectURI {
		other = modelRedirects[1]
	}
	list := []redeem{
		{name: "another application", jwt: m.foreign, status: 401, error: "invalid_client"},
		{name: "no JWT", jwt: "none", status: 401, error: "invalid_client"},
		{name: "another client_id", change: set("client_id", "other"), status: 401, error: "invalid_client"},
		{name: "no redirect_uri", change: drop("redirect_uri"), status: 400, error: "invalid_request"},
		{name: "two redirect_uris", change: also("redirect_uri", g.redirectURI), status: 400, error: "invalid_request"},
		{name: "no code", change: drop("code"), status: 400, error: "invalid_request"},
		{name: "an empty code", change: set("code", ""), status: 400, error: "invalid_request"},
		{name: "two verifiers", change: func(q url.Values) { q["code_verifier"] = []string{g.verifier, "x"} }, status: 400, error: "invalid_request"},
		{name: "two grants", change: also("grant_type", "authorization_code"), status: 400, error: "invalid_request"},
		{name: "another grant", change: set("grant_type", "password"), status: 400, error: "unsupported_grant_type"},
		{name: "JSON", mediaType: "application/json", status: 400, error: "invalid_request"},
		{name: "another redirect_uri", change: set("redirect_uri", other), status: 400, error: "invalid_grant", touchesTheCodes: true},
		{name: "a longer redirect_uri", change: set("redirect_uri", g.redirectURI+"/"), status: 400, error: "invalid_grant", touchesTheCodes: true},
		{name: "another verifier", change: set("code_verifier", strings.Repeat("v", 43)), status: 400, error: "invalid_grant", touchesTheCodes: true},
		{name: "our own client_id, and more than is known", change: func(q url.Values) {
			q.Set("client_id", sandbox.TestApplicationID)
			q.Set("more", "x")
		}, touchesTheCodes: true},
	}
	if g.challenge != "" {
		list = append(list, redeem{name: "no verifier", change: drop("code_verifier"), status: 400, error: "invalid_grant", touchesTheCodes: true})
	} else {
		list = append(list, redeem{name: "an empty verifier", change: set("code_verifier", ""), touchesTheCodes: true})
	}
	if g.method == "S256" {
		list = append(list, redeem{name: "the challenge for a verifier", change: set("code_verifier", g.challenge), status: 400, error: "invalid_grant", touchesTheCodes: true})
	}
	return list
}

// exchange presents any code that was ever given, well or with one slip.
func (m *model) exchange(t *rapid.T) {
	code := pick(t, "code", m.codes)
	g := m.codes[code]
	r := redeem{name: "good", touchesTheCodes: true}
	if rapid.Bool().Draw(t, "slip") {
		r = rapid.SampledFrom(m.redeems(g)).Draw(t, "request")
	}
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {g.redirectURI}}
	if g.verifier != "" {
		form.Set("code_verifier", g.verifier)
	}
	if r.change != nil {
		r.change(form)
	}
	if r.touchesTheCodes && (g.used || !m.now.Before(g.until)) {
		r.status, r.error = 400, "invalid_grant"
		if g.used {
			m.tokens[g.token].revoked = true
		}
	}
	m.judge(t, code, r, form)
}

// judge sends the token request, and holds the answer to what is expected.
func (m *model) judge(t *rapid.T, code string, r redeem, form url.Values) {
	jwt, mediaType := m.jwt, "application/x-www-form-urlencoded"
	if r.jwt != "" {
		jwt = r.jwt
	}
	if r.mediaType != "" {
		mediaType = r.mediaType
	}
	w := m.do(t, "POST", "/oauth2/token", form.Encode(), "Authorization", "Bearer "+jwt, "Content-Type", mediaType)
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Pragma") != "no-cache" || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %v", r.name, w.Header())
	}
	var answer struct {
		Error, Description string
		Token              string `json:"access_token"`
		Type               string `json:"token_type"`
		Expires            int    `json:"expires_in"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || r.error != "" && w.Code != r.status || answer.Error != r.error {
		t.Fatalf("%s: %d %s, want %d %s", r.name, w.Code, w.Body, r.status, r.error)
	}
	if r.error != "" {
		if answer.Token != "" {
			t.Fatalf("%s: a token beside an error: %s", r.name, w.Body)
		}
		return
	}
	if w.Code != 200 || m.tokens[answer.Token] != nil || len(answer.Token) < 32 || answer.Type != "Bearer" {
		t.Fatalf("%s: %d %s", r.name, w.Code, w.Body)
	}
	if answer.Expires != int(modelTokenTTL/time.Second) && answer.Expires != 300 {
		t.Fatalf("the token lives %d s", answer.Expires)
	}
	g := m.codes[code]
	g.used, g.token = true, answer.Token
	m.tokens[answer.Token] = &modelGrant{phone: g.phone, scope: g.scope, until: m.now.Add(time.Duration(answer.Expires) * time.Second)}
}
