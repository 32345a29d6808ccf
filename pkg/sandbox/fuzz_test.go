package sandbox_test

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// quiet is a sandbox that listens nowhere.
func quiet(f *testing.F) *sandbox.Server {
	f.Helper()
	s, err := sandbox.New(sandbox.Options{RedirectURIs: []string{callback}})
	if err != nil {
		f.Fatal(err)
	}
	return s
}

// judge holds an answer to what any request may get.
func judge(t *testing.T, w *httptest.ResponseRecorder, statuses ...int) {
	t.Helper()
	if !slices.Contains(statuses, w.Code) {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if !json.Valid(w.Body.Bytes()) {
		t.Errorf("no JSON: %q", w.Body)
	}
}

func FuzzEnable(f *testing.F) {
	s, token := quiet(f), signed(f, goodClaims(), nil)
	for _, body := range []string{
		`{"phone_number":"+99012345678","scopes":["` + scope + `"],"state":"s"}`,
		`{"phone_number":null,"scopes":[1],"state":{}}`, `{}`, `[]`, ``, "\x00", `{"state":"\ud800"}`,
	} {
		f.Add(body, "application/json")
	}
	f.Fuzz(func(t *testing.T, body, contentType string) {
		judge(t, direct(s, "/v0.1/network-enablement", token, contentType, body), 200, 400, 413, 415, 422)
	})
}

func FuzzToken(f *testing.F) {
	s, token := quiet(f), signed(f, goodClaims(), nil)
	for _, body := range []string{grantOf("x").Encode(), "grant_type=authorization_code", "%zz", "a;b", "", "code=&code=", "\x00"} {
		f.Add(body, "application/x-www-form-urlencoded")
	}
	f.Fuzz(func(t *testing.T, body, contentType string) {
		judge(t, direct(s, "/oauth2/token", token, contentType, body), 400, 413)
	})
}

func FuzzVerify(f *testing.F) {
	s := sandbox.Start(f, sandbox.Options{RedirectURIs: []string{callback}})
	c := newClient(f, s)
	token := c.token(yes)
	for _, body := range []string{`{"phoneNumber":"+99012345678"}`, `{"hashedPhoneNumber":"` + vectorHash + `"}`, `{"phoneNumber":1}`, `{}`, ``, `null`} {
		f.Add(body, token)
	}
	f.Fuzz(func(t *testing.T, body, token string) {
		judge(t, direct(s, "/camara/number-verification/v031/verify", token, "application/json", body), 200, 400, 401, 413)
	})
}

// FuzzJWT: nothing but what the test key signed opens anything.
func FuzzJWT(f *testing.F) {
	s := quiet(f)
	f.Add(`eyJhbGciOiJub25lIn0.e30.`)
	f.Add(`a.b.c`)
	f.Add(``)
	f.Add(signed(f, with(map[string]any{"iat": 1e300, "exp": -1e300}), nil))
	f.Add(signed(f, with(map[string]any{"iat": -62135596801.5}), nil))
	f.Fuzz(func(t *testing.T, token string) {
		judge(t, direct(s, "/v0.1/network-enablement", token, "application/json", "{}"), 401)
	})
}

func FuzzChain(f *testing.F) {
	s := quiet(f)
	paths := []string{"/oauth2/auth", "/carrier/he", "/carrier/session", "/carrier/session/return", "/camara/oauth/callback"}
	f.Add("client_id=sandbox_test&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcamara%2Foauth%2Fcallback&response_type=code&state=x", 0)
	f.Add("state=&code=", 4)
	f.Add("%zz;", 2)
	f.Fuzz(func(t *testing.T, query string, at int) {
		r := httptest.NewRequest("GET", "http://127.0.0.1"+paths[uint(at)%uint(len(paths))], nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 400 || w.Header().Get("Location") != "" {
			t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
		}
	})
}

func FuzzStart(f *testing.F) {
	s, token := quiet(f), signed(f, goodClaims(), nil)
	for _, body := range []string{
		startFor(yes, ""), startFor(no, appPage), `{"brand":"A","workflow":[null]}`, `{"brand":null,"workflow":{}}`,
		`{"brand":"A","workflow":[{"channel":"silent_auth","to":"+"}]}`, `{}`, `[]`, ``, "\x00", `{"brand":"\ud800"}`,
	} {
		f.Add(body, "application/json")
	}
	f.Fuzz(func(t *testing.T, body, contentType string) {
		judge(t, direct(s, "/v2/verify", token, contentType, body), 202, 400, 409, 413, 415, 422)
	})
}

func FuzzCheck(f *testing.F) {
	s := sandbox.Start(f, sandbox.Options{RedirectURIs: []string{callback}})
	c := newClient(f, s)
	id, code := c.silentCode(yes)
	for _, body := range []string{`{"code":"` + code + `"}`, `{"code":1}`, `{"code":null}`, `{}`, `[]`, ``, `{"code":"\u0000"}`} {
		f.Add(body, id)
		f.Add(body, "x")
	}
	f.Fuzz(func(t *testing.T, body, id string) {
		r := httptest.NewRequest("POST", "http://127.0.0.1/", strings.NewReader(body))
		r.URL.Path = "/v2/verify/" + id
		r.Header.Set("Authorization", "Bearer "+c.jwt)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		judge(t, w, 200, 202, 400, 404, 405, 409, 410, 413, 422)
	})
}

// FuzzSilentChain: nobody gets a code who did not come through the chain.
func FuzzSilentChain(f *testing.F) {
	s := sandbox.Start(f, sandbox.Options{RedirectURIs: []string{callback}})
	c := newClient(f, s)
	b := c.begin(yes, "")
	f.Add("/v2/verify/"+b.ID+"/silent-auth/return", "state=x&code=")
	f.Add("/v2/verify/"+b.ID+"/silent-auth/return", "%zz;")
	f.Add("/v2/verify//silent-auth/return", "code=&state=")
	f.Fuzz(func(t *testing.T, path, query string) {
		r := httptest.NewRequest("GET", "http://127.0.0.1/", nil)
		r.URL.Path, r.URL.RawQuery = path, query
		w := httptest.NewRecorder()
		if s.ServeHTTP(w, r); w.Code == 200 {
			t.Errorf("%s", w.Body)
		}
	})
}
