package sandbox_test

import (
	"encoding/json"
	"maps"
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
// random requests, good ones and attacks, and must answer as the model says. The rules that it holds:
//
//   - RFC 6749 4.1.2.1, RFC 9700 4.1: who is not sure to be the client, or to come back to a registered redirect
//     URI, gets a page and no redirect; other errors are redirected there, with the state. Nothing leads elsewhere.
//   - RFC 6749 4.1.2, 10.12: the state comes back byte for byte, and only if one was sent.
//   - RFC 6749 4.1.2, 4.1.3: a code works once, in time, for its client, with its redirect URI; a second use takes
//     its token along; a request that fails for another reason costs its owner nothing.
//   - RFC 6749 3.1, 3.2: parameters come once, empty ones not at all; only the method and media type of the endpoint.
//   - RFC 6749 5.1, 5.2: token answers are not to be stored; a 401 says how to authenticate.
//   - RFC 7636 4.6, RFC 9700 2.1.1: the verifier answers the challenge, whichever method; none without one.
//   - RFC 6750, CAMARA: a token works once, in time, for its scope, and knows one number.
//   - RFC 9700 4.16, RFC 6749 10.13: pages cannot be framed, and load nothing.
type model struct {
	s            *sandbox.Server
	jwt, foreign string // the application's, another one's
	now          time.Time

	started map[string]modelGrant  // auth_url
	codes   map[string]*modelGrant // all that were ever given
	tokens  map[string]*modelGrant
	states  map[string]bool
	n       int
}

type modelGrant struct {
	phone, state, redirectURI, scope string
	challenge, method, verifier      string // of PKCE, "" without
	until                            time.Time
	used, revoked                    bool
	token                            string // of a used code
}

const (
	modelCodeTTL, modelTokenTTL = 10 * time.Minute, time.Hour
	modelShare                  = "number-verification:device-phone-number:read"
)

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
	times := map[string]any{"iat": m.now.Unix(), "exp": m.now.Add(20 * time.Hour).Unix()}
	m.jwt = signed(tb, with(times), nil)
	times["application_id"] = "5a9db0c5-0000-4000-8000-00000000ffff"
	m.foreign = signed(tb, with(times), nil)
	return m
}

// do sends one request to the handler, without a network between, and holds the answer to what every one must keep.
func (m *model) do(t *rapid.T, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1/", strings.NewReader(body))
	var err error
	if r.URL, err = url.Parse(target); err != nil {
		t.Fatal(err)
	}
	r.Host = "127.0.0.1"
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	m.s.ServeHTTP(w, r)
	m.invariants(t, w)
	return w
}

func (m *model) invariants(t *rapid.T, w *httptest.ResponseRecorder) {
	h := w.Header()
	at, _, _ := strings.Cut(h.Get("Location"), "#")
	known := slices.ContainsFunc(append([]string{"http://127.0.0.1/"}, modelRedirects...), func(to string) bool {
		return at == to || strings.HasPrefix(at, to+"?") || strings.HasPrefix(at, to+"&") || to[len(to)-1] == '/' && strings.HasPrefix(at, to)
	})
	if at != "" && (!known || w.Code != http.StatusFound) || at == "" && w.Code/100 == 3 {
		t.Fatalf("%d leads to %q", w.Code, at)
	}
	if strings.ContainsFunc(h.Get("Location"), func(r rune) bool { return r <= ' ' || r > '~' }) {
		t.Fatalf("Location %q", at)
	}
	if strings.HasPrefix(h.Get("Content-Type"), "text/html") {
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || at != "" {
			t.Fatalf("a page with %q", csp)
		}
	}
	if challenge := h.Get("WWW-Authenticate"); w.Code == http.StatusUnauthorized && !strings.HasPrefix(challenge, "Bearer") {
		t.Fatalf("401 with WWW-Authenticate %q", challenge)
	}
}

func pick[V any](t *rapid.T, what string, from map[string]V) string {
	if len(from) == 0 {
		t.Skip("none yet")
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(from))).Draw(t, what)
}

var (
	phones = rapid.StringMatching(`\+990[0-9]{7}[0-8]`)
	// oddStates can go through JSON; the last of them cannot, and comes by a query.
	oddStates = []string{"a&b=c#d", "é %2F+%00", "plain", "\x00\x01\r\nX-Evil: 1", "\u202e\u200b\u2028", `"><script>alert(1)</script>`, strings.Repeat("s", 1000), "\xff\xfe"}
)

func (m *model) state(t *rapid.T, from []string) string {
	state := rapid.SampledFrom(append(from, "")).Draw(t, "state")
	if state != "" && rapid.Bool().Draw(t, "fresh") {
		m.n++
		state += strconv.Itoa(m.n)
	}
	return state
}

// enable starts a flow; a state that was used is refused.
func (m *model) enable(t *rapid.T) {
	phone, state := phones.Draw(t, "phone"), m.state(t, oddStates[:len(oddStates)-1])
	body, _ := json.Marshal(map[string]any{"phone_number": phone, "scopes": []string{scope}, "state": state})
	w := m.do(t, "POST", "/v0.1/network-enablement", string(body), "Authorization", "Bearer "+m.jwt, "Content-Type", "application/json")
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
	if len(state) > 8 && strings.Contains(at, url.QueryEscape(state)) {
		t.Fatalf("the caller's state is in %s", at)
	}
	m.started[at] = modelGrant{phone: phone, state: state, redirectURI: modelRedirects[len(modelRedirects)-1], scope: scope, until: m.now.Add(10 * time.Minute)}
}

// walk follows one of the flows that were started; each leads to a code once, and in time.
func (m *model) walk(t *rapid.T) {
	at := pick(t, "auth_url", m.started)
	g := m.started[at]
	delete(m.started, at)
	m.follow(t, at, g)
	if w := m.do(t, "GET", at, ""); w.Code != 400 {
		t.Fatalf("a flow that is over begins again: %d", w.Code)
	}
}

func (m *model) follow(t *rapid.T, at string, g modelGrant) {
	cookie := ""
	for range 5 {
		w := m.do(t, "GET", at, "", "Cookie", cookie)
		if !m.now.Before(g.until) {
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
	code := g.came(t, at).Get("code")
	if m.codes[code] != nil || len(code) != 32 {
		t.Fatalf("code %q", code)
	}
	g.until = m.now.Add(modelCodeTTL)
	m.codes[code] = &g
}

// came holds the end of a chain to its redirect URI and its state, and returns the query.
func (g *modelGrant) came(t *rapid.T, at string) url.Values {
	u, err := url.Parse(at)
	if err != nil || !strings.HasPrefix(at, g.redirectURI) {
		t.Fatalf("the chain ends at %s, want %s", at, g.redirectURI)
	}
	q := u.Query()
	if q.Get("state") != g.state || q.Has("state") != (g.state != "") || len(q["state"]) > 1 || q.Has("code") == q.Has("error") {
		t.Fatalf("the chain ends at %s, want the state %q, and a code or an error", at, g.state)
	}
	return q
}

// verify presents any token that was ever given, at an operation that it may be for, and asks for its number
// or another.
func (m *model) verify(t *rapid.T) {
	token := pick(t, "token", m.tokens)
	g := m.tokens[token]
	asked := rapid.SampledFrom([]string{g.phone, g.phone, "+99000000000"}).Draw(t, "asked")
	op := rapid.SampledFrom(operations).Draw(t, "operation")
	slip := rapid.SampledFrom([]string{"", "", "", "no token", "media type", "empty object", "long correlator"}).Draw(t, "slip")
	body, mediaType, authorization, correlator := `{"phoneNumber":"`+asked+`"}`, "application/json", "Bearer "+token, strings.Repeat("a", op.correlator)
	switch slip {
	case "no token":
		authorization = ""
	case "media type":
		mediaType = "text/plain"
	case "empty object":
		body = "{}"
	case "long correlator":
		correlator += "a"
	}
	w := m.do(t, op.method, op.path, body, "Authorization", authorization, "Content-Type", mediaType, "X-Correlator", correlator)
	share := op.method == "GET"
	want := 200
	switch {
	case slip == "long correlator":
		want = 400
	case slip == "no token", g.used, g.revoked, !m.now.Before(g.until):
		want = 401
	case share != (g.scope == modelShare):
		want = 403
	case !share && slip == "media type":
		want = 415
	case !share && slip == "empty object":
		want = 400
	}
	if echoed := w.Header().Get("X-Correlator"); w.Code != want || slip != "long correlator" && echoed != correlator || slip == "long correlator" && echoed != "" {
		t.Fatalf("%s with %q and %+v: %d %s, want %d", op.path, slip, g, w.Code, w.Body, want)
	}
	if want != 200 {
		return
	}
	g.used = true
	even := (g.phone[len(g.phone)-1]-'0')%2 == 0
	answer := `{"devicePhoneNumberVerified":` + strconv.FormatBool(even && asked == g.phone) + `}`
	if share {
		answer = `{"devicePhoneNumber":"` + g.phone + `"}`
	}
	if said := w.Body.String(); (said == answer) != (!share || even) {
		t.Fatalf("%s asked for %s: %s, want %s", g.phone, asked, said, answer)
	}
}

// operation is one of CAMARA's; correlator is how long an x-correlator may be there.
type operation struct {
	method, path string
	correlator   int
}

var operations = []operation{
	{"POST", "/camara/number-verification/v031/verify", 55},
	{"POST", "/number-verification/v1/verify", 256},
	{"POST", "/number-verification/v2/verify", 256},
	{"GET", "/number-verification/v1/device-phone-number", 256},
	{"GET", "/number-verification/v2/device-phone-number", 256},
}

// otherMethod asks an endpoint in a way that it does not know.
func (m *model) otherMethod(t *rapid.T) {
	op := rapid.SampledFrom(append(operations, operation{"POST", "/v0.1/network-enablement", 0}, operation{"GET", "/oauth2/auth", 0}, operation{"GET", "/carrier/he", 0}, operation{"POST", "/oauth2/token", 0}, operation{"POST", "/v2/verify", 0})).Draw(t, "endpoint")
	method := rapid.SampledFrom([]string{"PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"}).Draw(t, "method")
	if w := m.do(t, method, op.path, "", "Authorization", "Bearer "+m.jwt); w.Code != 405 || !strings.Contains(w.Header().Get("Allow"), op.method) {
		t.Fatalf("%s %s: %d, Allow %q", method, op.path, w.Code, w.Header().Get("Allow"))
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
			"enable": m.enable, "tamper": m.tamper, "direct": m.direct, "walk": m.walk, "exchange": m.exchange, "verify": m.verify,
			"method": m.otherMethod, "pass": m.pass,
		})
	})
}
