package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// model is what an authorization server must remember, in its simplest form. The sandbox is driven by
// random requests, good ones and attacks, and must answer as the model says.
type model struct {
	s   *sandbox.Server
	jwt string
	now time.Time

	started map[string]modelGrant  // auth_url
	codes   map[string]*modelGrant // all that were ever given
	tokens  map[string]*modelGrant
	states  map[string]bool
	n       int
}

type modelGrant struct {
	phone, state, redirectURI string
	until                     time.Time
	used, revoked             bool
	token                     string // of a used code
}

const modelCodeTTL, modelTokenTTL = 10 * time.Minute, time.Hour

var modelRedirects = []string{"https://app.example/cb", "https://app.example/cb?tenant=1"}

func newModel(tb testing.TB, t *rapid.T) *model {
	tb.Helper()
	m := &model{
		now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), started: map[string]modelGrant{}, codes: map[string]*modelGrant{},
		tokens: map[string]*modelGrant{}, states: map[string]bool{},
	}
	var err error
	m.s, err = sandbox.New(sandbox.Options{
		PublicURL: "http://127.0.0.1", RedirectURIs: modelRedirects, Seed: rapid.Uint64Min(1).Draw(t, "seed"), Now: func() time.Time { return m.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	m.jwt = signed(tb, with(map[string]any{"iat": m.now.Unix(), "exp": m.now.Add(20 * time.Hour).Unix()}), nil)
	return m
}

// do sends one request to the handler, without a network between.
func (m *model) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1"
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	m.s.ServeHTTP(w, r)
	return w
}

func pick[V any](t *rapid.T, what string, m map[string]V) (string, bool) {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		t.Skip("none yet")
	}
	slices.Sort(keys)
	return rapid.SampledFrom(keys).Draw(t, what), true
}

var phones = rapid.StringMatching(`\+990[0-9]{7}[0-8]`)

// enable starts a flow; a state that was used is refused.
func (m *model) enable(t *rapid.T) {
	phone := phones.Draw(t, "phone")
	state := rapid.SampledFrom([]string{"a&b=c#d", "é %2F+", "plain", ""}).Draw(t, "state")
	if state != "" && rapid.Bool().Draw(t, "fresh") {
		m.n++
		state += strconv.Itoa(m.n)
	}
	body, _ := json.Marshal(map[string]any{"phone_number": phone, "scopes": []string{scope}, "state": state})
	w := m.do("POST", "/v0.1/network-enablement", string(body), "Authorization", "Bearer "+m.jwt, "Content-Type", "application/json")
	if state == "" || m.states[state] {
		if w.Code != 422 {
			t.Fatalf("state %q again: %d", state, w.Code)
		}
		return
	}
	m.states[state] = true
	var answer struct {
		Scopes map[string]struct {
			AuthURL string `json:"auth_url"`
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 200 {
		t.Fatalf("enable: %d %s", w.Code, w.Body)
	}
	at := answer.Scopes[scope].AuthURL
	if strings.Contains(at, url.QueryEscape(state)+"&") && len(state) > 8 {
		t.Fatalf("the caller's state is in %s", at)
	}
	m.started[at] = modelGrant{phone: phone, state: state, redirectURI: modelRedirects[len(modelRedirects)-1], until: m.now.Add(10 * time.Minute)}
}

// direct starts a flow as an app does by itself, or fails to.
func (m *model) direct(t *rapid.T) {
	phone := phones.Draw(t, "phone")
	uri := rapid.SampledFrom(append([]string{"https://app.example/cb/", "https://evil.example/cb", "https://app.example/cb?tenant=1&x=2", "javascript:alert(1)"},
		modelRedirects...)).Draw(t, "redirect_uri")
	state := rapid.SampledFrom([]string{"", "s p&a=c", "täg"}).Draw(t, "state")
	q := url.Values{
		"response_type": {"code"}, "client_id": {sandbox.TestApplicationID}, "redirect_uri": {uri}, "scope": {"number-verification:verify"}, "login_hint": {phone},
	}
	if state != "" {
		q.Set("state", state)
	}
	at := "http://127.0.0.1/oauth2/auth?" + q.Encode()
	if !slices.Contains(modelRedirects, uri) {
		if w := m.do("GET", at, ""); w.Code != 400 || w.Header().Get("Location") != "" {
			t.Fatalf("open redirect to %s: %d %s", uri, w.Code, w.Header().Get("Location"))
		}
		return
	}
	m.follow(t, at, modelGrant{phone: phone, state: state, redirectURI: uri, until: m.now.Add(time.Minute)})
}

// walk follows one of the flows that were started; each leads to a code once, and in time.
func (m *model) walk(t *rapid.T) {
	at, _ := pick(t, "auth_url", m.started)
	g := m.started[at]
	delete(m.started, at)
	m.follow(t, at, g)
	if w := m.do("GET", at, ""); w.Code != 400 {
		t.Fatalf("a flow that is over begins again: %d", w.Code)
	}
}

func (m *model) follow(t *rapid.T, at string, g modelGrant) {
	cookie := ""
	for range 5 {
		w := m.do("GET", at, "", "Cookie", cookie)
		if m.now.After(g.until) || m.now.Equal(g.until) {
			if w.Code != 400 || w.Header().Get("Location") != "" {
				t.Fatalf("too late: %d %s", w.Code, w.Header().Get("Location"))
			}
			return
		}
		if set := w.Header().Get("Set-Cookie"); set != "" {
			cookie, _, _ = strings.Cut(set, ";")
		}
		if at = w.Header().Get("Location"); w.Code != http.StatusFound {
			t.Fatalf("hop: %d %s", w.Code, w.Body)
		}
	}
	u, err := url.Parse(at)
	if err != nil || !strings.HasPrefix(at, g.redirectURI) || u.Query().Get("state") != g.state || u.Query().Has("state") != (g.state != "") {
		t.Fatalf("the chain ends at %s, want %s with state %q", at, g.redirectURI, g.state)
	}
	code := u.Query().Get("code")
	if m.codes[code] != nil || len(code) != 32 {
		t.Fatalf("code %q", code)
	}
	g.until = m.now.Add(modelCodeTTL)
	m.codes[code] = &g
}

// exchange presents any code that was ever given, with the right redirect URI or another.
func (m *model) exchange(t *rapid.T) {
	code, _ := pick(t, "code", m.codes)
	g := m.codes[code]
	uri := rapid.SampledFrom(append([]string{g.redirectURI, g.redirectURI}, modelRedirects...)).Draw(t, "redirect_uri")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {uri}}
	w := m.do("POST", "/oauth2/token", form.Encode(), "Authorization", "Bearer "+m.jwt, "Content-Type", "application/x-www-form-urlencoded")
	switch {
	case g.used:
		if w.Code != 400 {
			t.Fatalf("a code twice: %d %s", w.Code, w.Body)
		}
		m.tokens[g.token].revoked = true
	case !m.now.Before(g.until), uri != g.redirectURI:
		if w.Code != 400 || !strings.Contains(w.Body.String(), "invalid_grant") {
			t.Fatalf("too late, or %s for %s: %d %s", uri, g.redirectURI, w.Code, w.Body)
		}
	default:
		var answer struct {
			Token   string `json:"access_token"`
			Expires int    `json:"expires_in"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 200 || m.tokens[answer.Token] != nil {
			t.Fatalf("exchange: %d %s", w.Code, w.Body)
		}
		g.used, g.token = true, answer.Token
		m.tokens[answer.Token] = &modelGrant{phone: g.phone, until: m.now.Add(time.Duration(answer.Expires) * time.Second)}
		if answer.Expires != int(modelTokenTTL/time.Second) && answer.Expires != 300 {
			t.Fatalf("the token lives %d s", answer.Expires)
		}
	}
}

// verify presents any token that was ever given, and asks for its number or another.
func (m *model) verify(t *rapid.T) {
	token, _ := pick(t, "token", m.tokens)
	g := m.tokens[token]
	asked := rapid.SampledFrom([]string{g.phone, g.phone, "+99000000000"}).Draw(t, "asked")
	path := rapid.SampledFrom([]string{"/camara/number-verification/v031/verify", "/number-verification/v1/verify", "/number-verification/v2/verify"}).Draw(t, "path")
	w := m.do("POST", path, `{"phoneNumber":"`+asked+`"}`, "Authorization", "Bearer "+token, "Content-Type", "application/json")
	if g.used || g.revoked || !m.now.Before(g.until) {
		if w.Code != 401 {
			t.Fatalf("a token that is used, revoked or expired: %d %s", w.Code, w.Body)
		}
		return
	}
	g.used = true
	yes := asked == g.phone && (asked[len(asked)-1]-'0')%2 == 0
	if want := `{"devicePhoneNumberVerified":` + strconv.FormatBool(yes) + `}`; w.Code != 200 || w.Body.String() != want {
		t.Fatalf("%s asked for %s: %d %s, want %s", g.phone, asked, w.Code, w.Body, want)
	}
}

// pass lets time pass.
func (m *model) pass(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{time.Second, 4 * time.Minute, 6 * time.Minute, 31 * time.Minute}).Draw(t, "time"))
}

func TestAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t, rt)
		rt.Repeat(map[string]func(*rapid.T){
			"enable": m.enable, "direct": m.direct, "walk": m.walk, "exchange": m.exchange, "verify": m.verify, "pass": m.pass,
		})
	})
}
