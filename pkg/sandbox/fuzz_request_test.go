package sandbox_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// documented are the statuses that a sandbox without faults may answer with.
var documented = []int{200, 202, 204, 302, 400, 401, 402, 403, 404, 405, 409, 410, 412, 413, 415, 421, 422}

// pageTags is how many tags a page of the sandbox has; one more would be somebody else's.
const pageTags = 13

// proper holds an answer to what every answer must keep, whatever was asked.
func proper(t *testing.T, w *httptest.ResponseRecorder, asked int, homes ...string) {
	t.Helper()
	h, body, at := w.Header(), w.Body.String(), w.Header().Get("Location")
	if !slices.Contains(documented, w.Code) {
		t.Errorf("status %d: %s", w.Code, body)
	}
	if len(body) > 8*asked+1<<14 {
		t.Errorf("%d bytes answer %d", len(body), asked)
	}
	if (w.Code == 302) != (at != "") || at != "" && !slices.ContainsFunc(homes, func(home string) bool { return strings.HasPrefix(at, home) }) {
		t.Errorf("%d to %q", w.Code, at)
	}
	if w.Code == 401 && h.Get("WWW-Authenticate") == "" && !strings.Contains(body, "invalid_client") || w.Code == 405 && h.Get("Allow") == "" {
		t.Errorf("%d without its header: %v", w.Code, h)
	}
	for name, values := range h {
		if strings.ContainsFunc(strings.Join(values, ""), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%s: %q", name, values)
		}
	}
	switch mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";"); {
	case body == "":
	case mediaType == "text/html":
		if strings.Count(body, "<") != pageTags || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("a page with %q: %s", h.Get("Content-Security-Policy"), body)
		}
	case !strings.HasSuffix(mediaType, "json") || !json.Valid([]byte(body)):
		t.Errorf("%s: %q", mediaType, body)
	}
}

// FuzzRequest: any request at all, at the one port that has everything, gets an answer that is documented, bounded,
// leads nowhere else and reflects nothing in a page.
func FuzzRequest(f *testing.F) {
	s := quiet(f)
	token := signed(f, goodClaims(), nil)
	basic := "Basic NWE5ZGIwYzU6cHVibGlzaGVkLWJ5LXRoZS12bnYtc2FuZGJveA=="
	for _, path := range []string{
		"/v0.1/network-enablement", "/oauth2/auth", "/carrier/he", "/carrier/session", "/carrier/session/return", "/camara/oauth/callback", "/oauth2/token",
		"/camara/number-verification/v031/verify", "/number-verification/v1/verify", "/number-verification/v2/device-phone-number", "/v2/verify",
		"/v2/verify/x", "/v2/verify/x/silent-auth/redirect", "/v2/verify/x/silent-auth/return", "/v2/applications/" + sandbox.TestApplicationID, "/v2/applications/<b>",
		"/.well-known/openid-configuration", "/oauth2/jwks", "/<script>alert(1)</script>", "//evil.example/", "/..//v2/verify/%2f..", "*",
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "BREW"} {
			f.Add(method, path, "state=<script>&redirect_uri=https://evil.example", "Bearer "+token, "application/json", "{}")
		}
		f.Add("POST", path, "", basic, "application/x-www-form-urlencoded", "grant_type=authorization_code&client_assertion=e30.e30.e30")
	}
	f.Fuzz(func(t *testing.T, method, path, query, authorization, contentType, body string) {
		r := httptest.NewRequest("GET", "http://127.0.0.1/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query
		r.Header = http.Header{"Authorization": {authorization}, "Content-Type": {contentType}, "Cookie": {query}, "X-Correlator": {query}, "Referer": {path}, "User-Agent": {body}}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		proper(t, w, len(method+path+query+authorization+contentType+body), callback, s.CarrierURL()+"/carrier/he?state=v2_")
	})
}

// FuzzHost: only a loopback name, or the sandbox's own, gets an answer.
func FuzzHost(f *testing.F) {
	s, err := sandbox.New(sandbox.Options{PublicURL: "https://sandbox.example", RedirectURIs: []string{callback}})
	if err != nil {
		f.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1:80", "[::1]", "[::1%25eth0]:80", "localhost.", "LOCALHOST", "127.0.0.1.evil.example", "sandbox.example@evil.example", "0x7f.1", "127.1", "::1", "[", "::ffff:127.0.0.1", "[::ffff:192.0.2.1]"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		r := httptest.NewRequest("GET", "http://127.0.0.1/oauth2/auth", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		name := host
		if first, _, err := net.SplitHostPort(host); err == nil {
			name = first
		}
		ip := net.ParseIP(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
		own := strings.EqualFold(name, "localhost") || strings.EqualFold(name, "sandbox.example") || ip != nil && ip.IsLoopback()
		if proper(t, w, len(host)); (w.Code == 421) == own {
			t.Errorf("Host %q: %d", host, w.Code)
		}
	})
}

// FuzzAssertion: nothing but what the test key signed, for this server, proves a client.
func FuzzAssertion(f *testing.F) {
	s := quiet(f)
	f.Add("e30.e30.e30", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", sandbox.TestApplicationID)
	f.Add(signed(f, goodClaims(), nil), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "")
	f.Add(signed(f, with(map[string]any{"aud": []any{1, nil, "x"}, "exp": "soon"}), nil), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "")
	f.Fuzz(func(t *testing.T, assertion, kind, client string) {
		form := grantOf("x")
		form.Set("client_assertion", assertion)
		form.Set("client_assertion_type", kind)
		form.Set("client_id", client)
		w := direct(s, "/oauth2/token", "", "application/x-www-form-urlencoded", form.Encode())
		if proper(t, w, len(assertion+kind+client)); w.Code != 401 && w.Code != 413 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzSelection: a selection is taken as it stands, or refused without a change.
func FuzzSelection(f *testing.F) {
	s := quiet(f)
	for _, selection := range []string{"wifi", "wifi@+4477*:2", "loop@*[02468]", "wifi@[", "wifi@", "wifi:0", "wifi:99999999999", "wfi", "@*:1", "wifi@" + strings.Repeat("*?", 40), "endless@*?*?*?*?*9:1"} {
		f.Add(selection, "+99012345678")
	}
	f.Fuzz(func(t *testing.T, selection, phone string) {
		before := s.ActiveFaults()
		err := s.SetFaults(selection)
		after := s.ActiveFaults()
		if err == nil && !slices.Equal(after, []string{selection}) || err != nil && (!slices.Equal(after, before) || len(err.Error()) > 400) {
			t.Errorf("%q: %v, %v, %v", selection, before, after, err)
		}
		_, numbers, some := strings.Cut(selection, "@")
		numbers, _, _ = strings.Cut(numbers, ":")
		if err == nil && some && !strings.ContainsAny(numbers, "*?[") && sandbox.MatchesPattern(t, numbers, phone) != (numbers == phone) {
			t.Errorf("%q on %q", numbers, phone)
		}
	})
}

// FuzzRedirectURI: what may be registered, or be asked for in the second API, is where the chain ends, and nowhere else.
func FuzzRedirectURI(f *testing.F) {
	s := sandbox.Start(f, sandbox.Options{SinglePort: true})
	c := newClient(f, s)
	for _, uri := range []string{callback, "https://app.example/cb?a=b", "https://app.example/a b", "https://app.example/ü", "http://[::1]:80/", "https://a@b/", "https://x/#", "//x/", "javascript:alert(1)", "https://app.example/%zz", "https://app.example/\"<"} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		c.t = t
		s.Reset()
		if s.Register(uri) == nil {
			ends(t, c, c.enable(yes, "s"), uri+"?", uri+"&")
		}
		body, _ := json.Marshal(map[string]any{"brand": "A", "workflow": []map[string]string{{"channel": "silent_auth", "to": yes[1:], "redirect_url": uri}}})
		if r := c.startBody(string(body)); r.status == 202 && uri != "" {
			var answer struct {
				CheckURL string `json:"check_url"`
			}
			if err := json.Unmarshal([]byte(r.body), &answer); err != nil {
				t.Fatal(err)
			}
			ends(t, c, answer.CheckURL, uri+"#")
		}
	})
}

// ends follows a chain to where it leaves the sandbox, which must be one of some places.
func ends(t *testing.T, c *client, at string, places ...string) {
	t.Helper()
	cookie := ""
	for range 6 {
		r := httptest.NewRequest("GET", at, http.NoBody)
		r.Header.Set("Cookie", cookie)
		w := httptest.NewRecorder()
		c.s.ServeHTTP(w, r)
		if set := w.Header().Get("Set-Cookie"); set != "" {
			cookie, _, _ = strings.Cut(set, ";")
		}
		at = w.Header().Get("Location")
		if slices.ContainsFunc(places, func(p string) bool { return strings.HasPrefix(at, p) }) {
			if _, err := url.Parse(at); err != nil || strings.ContainsFunc(at, func(r rune) bool { return r <= ' ' || r > '~' }) {
				t.Errorf("Location %q: %v", at, err)
			}
			return
		}
		if w.Code != 302 || !strings.HasPrefix(at, c.s.URL()+"/") {
			break
		}
	}
	t.Errorf("the chain ends at %q, want %q", at, places)
}

// FuzzControlRequest: whoever has the token gets an answer that is documented and bounded; nobody else gets anything.
func FuzzControlRequest(f *testing.F) {
	s := sandbox.Start(f, sandbox.Options{Control: "127.0.0.1:0"})
	c := newClient(f, s)
	for _, path := range []string{"/v1/status", "/v1/ledger", "/v1/faults", "/v1/reset", "/v1/clock", "/", "//", "/v1/../v1/status"} {
		for _, method := range []string{"GET", "PUT", "POST"} {
			f.Add(method, path, "after=0&wait=0s", `{"advance":"1s"}`)
		}
	}
	f.Add("GET", "/v1/ledger", "after=-1&wait=9999999h", "")
	f.Add("POST", "/v1/clock", "", `{"advance":"9999999h"}`)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		for _, token := range []string{s.ControlToken(), "", "wrong"} {
			req, err := http.NewRequestWithContext(ctx, method, s.ControlURL()+"/", strings.NewReader(body))
			if err != nil {
				return
			}
			req.URL.Path, req.URL.RawQuery = path, query
			req.Header.Set("Authorization", "Bearer "+token)
			req.Header.Set("Content-Type", "application/json")
			resp, err := c.Do(req)
			if err != nil {
				return // it waited, or this is no request
			}
			resp.Body.Close()
			if in := token == s.ControlToken(); resp.StatusCode >= 500 || (resp.StatusCode == 401) == in && resp.StatusCode != 400 {
				t.Errorf("%s %s?%s with token %q: %d", method, path, query, token, resp.StatusCode)
			}
		}
	})
}

// FuzzScenarioAnswers: an answer that a scenario gives in full can do nothing in a browser, and is whole.
func FuzzScenarioAnswers(f *testing.F) {
	f.Add("enable", 302, "Location", "{{next}}", "{{state}}{{redirect_uri}}{{vendor}}{{carrier}}")
	f.Add("authorize", 200, "Content-Type", "text/html", "<script>alert(1)</script>{{next}}")
	f.Add("verify", 599, "X-Custom", "{{next}}{{", "\x00")
	f.Add("token", 204, "Content-Type", "a/b; c=\"\u00fc\"", "body")
	token := signed(f, goodClaims(), nil)
	f.Fuzz(func(t *testing.T, at string, status int, name, value, body string) {
		text, err := json.Marshal(map[string]any{"numbers": map[string]any{"*": map[string]any{"answers": []any{map[string]any{"at": at, "status": status, "headers": map[string]string{name: value}, "body": body}}}}})
		if err != nil {
			t.Fatal(err)
		}
		scenario, err := sandbox.ParseScenario("f.yaml", text)
		if err != nil {
			return
		}
		s, err := sandbox.New(sandbox.Options{Scenario: scenario, RedirectURIs: []string{callback}})
		if err != nil {
			t.Fatal(err)
		}
		w := direct(s, "/v0.1/network-enablement", token, "application/json", `{"phone_number":"+99012345678","scopes":["`+scope+`"],"state":"s"}`)
		if at != "enable" {
			return
		}
		if h := w.Header(); w.Code != status || h.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Set-Cookie") != "" {
			t.Errorf("%d %v", w.Code, h)
		}
		for name, values := range w.Header() {
			if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") {
				t.Errorf("%q: %q", name, values)
			}
		}
	})
}

// FuzzMaskedEntry: wherever in a request a secret stands, the ledger that the control API shows does not hold it.
func FuzzMaskedEntry(f *testing.F) {
	s := sandbox.Start(f, sandbox.Options{Control: "127.0.0.1:0", SinglePort: true})
	c := newClient(f, s)
	for _, path := range []string{"/oauth2/token", "/v2/verify/CANARY", "/v2/verify/CANARY/silent-auth/return", "/v2/applications/CANARY", "/CANARY", "/oauth2/auth", "/v0.1/network-enablement", "/number-verification/v1/verify"} {
		f.Add(path, "CANARY", "application/x-www-form-urlencoded", "code=CANARY&redirect_uri=https://CANARY@a/CANARY?CANARY#CANARY")
		f.Add(path, "Basic CANARY", "application/json", `{"phone_number":"+99CANARY","state":"CANARY","code":"CANARY","phoneNumber":"CANARY","workflow":[{"to":"CANARY","redirect_url":"https://a/?CANARY"}]}`)
	}
	f.Fuzz(func(t *testing.T, path, credentials, contentType, body string) {
		c.t = t
		s.Reset()
		for _, method := range []string{"GET", "POST", "DELETE"} {
			r := httptest.NewRequest(method, "http://127.0.0.1/", strings.NewReader(body))
			r.URL.Path = path
			r.Header = http.Header{"Authorization": {credentials}, "Content-Type": {contentType}, "Cookie": {credentials}, "Referer": {"https://" + credentials + "@app.example/?" + credentials + "#" + credentials}}
			s.ServeHTTP(httptest.NewRecorder(), r)
		}
		for _, e := range c.entries("") {
			for _, shown := range []*string{&e.RedirectURI, &e.Location} { // origin and path of a redirect URI
				if u, err := url.Parse(*shown); err == nil {
					*shown = u.RawQuery + u.Fragment
				}
			}
			if text, _ := json.Marshal(e); strings.Contains(string(text), "CANARY") {
				t.Errorf("%s", text)
			}
		}
	})
}
