package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// ask sends a request to the control API with its token.
func (c *client) ask(method, path, body string) reply {
	c.t.Helper()
	return c.send(method, c.s.ControlURL()+path, body, "Authorization", "Bearer "+c.s.ControlToken(), "Content-Type", "application/json")
}

func (c *client) entries(query string) []sandbox.Entry {
	c.t.Helper()
	var answer struct{ Entries []sandbox.Entry }
	if r := c.ask("GET", "/v1/ledger"+query, ""); r.status != 200 || json.Unmarshal([]byte(r.body), &answer) != nil {
		c.t.Fatalf("ledger: %d %s", r.status, r.body)
	}
	return answer.Entries
}

func controlled(t *testing.T) *client {
	t.Helper()
	return start(t, sandbox.Options{Control: "127.0.0.1:0", Faults: []string{"verify-504:1"}, ControlPage: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("page at " + r.URL.Path)) },
	)})
}

func TestControlFaults(t *testing.T) {
	t.Parallel()
	c := controlled(t)
	for _, tt := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/v1/status", "", 200, `"faults":["verify-504:1"]`},
		{"GET", "/v1/faults", "", 200, `{"set":["verify-504:1"],"faults":[{"name":"jwt-expired","summary":"the JWT is refused as expired","stage":"enable"}`},
		{"PUT", "/v1/faults", `{"faults":["wifi@*78:2","loop"]}`, 200, `"faults":["wifi@*78:2","loop"]`},
		{"PUT", "/v1/faults", `{"faults":["wfi"]}`, 422, `{"error":"unknown fault \"wfi\"; did you mean wifi?"}`},
		{"PUT", "/v1/faults", `{"fault":["loop"]}`, 400, `an empty list switches all off`},
		{"PUT", "/v1/faults", `[]`, 400, `not the JSON that is wanted`},
		{"PUT", "/v1/faults", strings.Repeat("x", 1<<17), 400, `not the JSON that is wanted`},
		{"GET", "/v1/status", "", 200, `"faults":["wifi@*78:2","loop"]`},
		{"PUT", "/v1/faults", `{"faults":[]}`, 200, `"faults":[]`},
		{"POST", "/v1/reset", "", 200, `"faults":["verify-504:1"]`},
		{"POST", "/v1/faults", "", 404, "page"},
		{"GET", "/v1/ledger?after=x", "", 400, "want after=NUMBER and wait=DURATION"},
		{"POST", "/v1/clock", `{"advance":"-1s"}`, 422, "forwards"},
		{"POST", "/v1/clock", `{"advance":"soon"}`, 422, "forwards"},
		{"POST", "/v1/clock", `{"advance":"10m"}`, 200, `"now":"`},
	} {
		r := c.ask(tt.method, tt.path, tt.body)
		if tt.status == 404 { // the page takes what is left
			tt.status, tt.says = 200, "page at /v1/faults"
		}
		if r.status != tt.status || !strings.Contains(r.body, tt.says) {
			t.Errorf("%s %s %.30s: %d %s, want %d %s", tt.method, tt.path, tt.body, r.status, r.body, tt.status, tt.says)
		}
	}
	r := c.send("PUT", c.s.ControlURL()+"/v1/faults", "{}", "Authorization", "Bearer "+c.s.ControlToken(), "Content-Type", "text/plain")
	if r.status != 415 {
		t.Errorf("a form's media type: %d", r.status)
	}
}

// Nobody else gets in: no other host, no other site, nobody without the token.
func TestControlGuard(t *testing.T) {
	t.Parallel()
	c := controlled(t)
	good := "Bearer " + c.s.ControlToken()
	at, _ := url.Parse(c.s.ControlURL())
	for _, tt := range []struct {
		name, path, host string
		header           []string
		status           int
	}{
		{"with the token", "/v1/status", "", []string{"Authorization", good}, 200},
		{"another loopback name", "/v1/status", "localhost:" + at.Port(), []string{"Authorization", good}, 200},
		{"its own page", "/v1/status", "", []string{"Authorization", good, "Sec-Fetch-Site", "same-origin", "Origin", c.s.ControlURL()}, 200},
		{"token in the path", "/" + c.s.ControlToken() + "/v1/status", "", []string{"Sec-Fetch-Site", "none"}, 200},
		{"the page", "/" + c.s.ControlToken() + "/", "", nil, 200},
		{"no token", "/v1/status", "", nil, 401},
		{"no token for the page", "/", "", nil, 401},
		{"wrong token", "/v1/status", "", []string{"Authorization", good + "0"}, 401},
		{"wrong token beside a right path", "/" + c.s.ControlToken() + "/v1/status", "", []string{"Authorization", "Bearer x"}, 401},
		{"token as a cookie", "/v1/status", "", []string{"Cookie", "token=" + c.s.ControlToken()}, 401},
		{"foreign host", "/v1/status", "evil.example:" + at.Port(), []string{"Authorization", good}, 421},
		{"another port", "/v1/status", "127.0.0.1:1", []string{"Authorization", good}, 421},
		{"no port", "/v1/status", "127.0.0.1", []string{"Authorization", good}, 421},
		{"cross-site", "/v1/status", "", []string{"Authorization", good, "Sec-Fetch-Site", "cross-site"}, 403},
		{"same-site", "/v1/status", "", []string{"Authorization", good, "Sec-Fetch-Site", "same-site"}, 403},
		{"foreign origin", "/v1/status", "", []string{"Authorization", good, "Origin", "https://evil.example"}, 403},
		{"origin null", "/v1/status", "", []string{"Authorization", good, "Origin", "null"}, 403},
	} {
		req, _ := http.NewRequestWithContext(t.Context(), "GET", c.s.ControlURL()+tt.path, http.NoBody)
		req.Host = tt.host
		for i := 0; i < len(tt.header); i += 2 {
			req.Header.Set(tt.header[i], tt.header[i+1])
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.status || resp.Header.Get("Referrer-Policy") != "no-referrer" || resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v, want %d", tt.name, resp.StatusCode, resp.Header, tt.status)
		}
	}
	if c.s.ControlPageURL() != c.s.ControlURL()+"/"+c.s.ControlToken()+"/" || len(c.s.ControlToken()) != 32 {
		t.Errorf("page at %s", c.s.ControlPageURL())
	}
	if s := sandbox.Start(t); s.ControlURL()+s.ControlToken()+s.ControlPageURL() != "" {
		t.Error("a control API that nobody asked for")
	}
	for want, o := range map[string]sandbox.Options{
		"exclude each other":                  {Control: "127.0.0.1:0", Public: true, Listen: "0.0.0.0:0"},
		`address "0.0.0.0:0" is not loopback`: {Control: "0.0.0.0:0"},
		`address "x": want host:port`:         {Control: "x"},
	} {
		if _, err := sandbox.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", o, err, want)
		}
	}
}

// The ledger is masked unless it is asked for raw.
func TestControlLedger(t *testing.T) {
	t.Parallel()
	c := controlled(t)
	token := c.token(yes)
	c.verify(token, `{"phoneNumber":"`+yes+`"}`)
	b := c.begin(yes, "")
	c.send("GET", c.s.URL()+"/secret/path?code=abc;def", "", "Cookie", "session=canary")
	raw, masked := c.entries("?raw=1"), c.entries("")
	if len(raw) != len(masked) || len(raw) != 10 || raw[0].N != 1 || raw[7].Token != token || raw[0].Body == "" || raw[7].Answer == "" {
		t.Fatalf("%d and %d entries, %+v", len(raw), len(masked), raw)
	}
	text, _ := json.Marshal(masked)
	secrets := []string{token, c.jwt, yes[4:11], b.ID, "canary", "secret/path", "abc;def"}
	for _, e := range raw {
		secrets = append(secrets, e.State, e.Code, e.Cookie)
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(string(text), secret) {
			t.Errorf("masked, it holds %q: %s", secret, text)
		}
	}
	if masked[7].Phone != "+990••••••78" || masked[7].Token == "" || masked[1].State != masked[2].State || masked[1].State == masked[0].State {
		t.Errorf("masked: %s", text)
	}
	if rest := c.entries("?after=8&wait=1m"); len(rest) != 2 || rest[0].N != 9 {
		t.Errorf("after 8: %+v", rest)
	}
	news := make(chan []sandbox.Entry)
	go func() { news <- c.s.RequestsAfter(t.Context(), 10) }()
	c.enable(other, "s")
	if got := <-news; len(got) != 1 || got[0].N != 11 {
		t.Errorf("waited for %+v", got)
	}
	c.ask("POST", "/v1/reset", "")
	if left := c.entries(""); len(left) != 0 {
		t.Errorf("after the reset: %+v", left)
	}
	if c.enable(yes, "s2"); c.entries("")[0].N != 12 {
		t.Error("numbers begin anew")
	}
}

// What is under way ends with a reset; what has its time ends when the clock is moved.
func TestControlClockAndReset(t *testing.T) {
	t.Parallel()
	c := controlled(t)
	c.s.SetFaults()
	code := c.code(yes)
	if r := c.ask("POST", "/v1/clock", `{"advance":"9m"}`); r.status != 200 {
		t.Fatal(r.body)
	}
	r := c.exchange(grantOf(code))
	date, err := http.ParseTime(r.header.Get("Date"))
	if r.status != 200 || err != nil || time.Until(date) < 8*time.Minute {
		t.Errorf("9 minutes on: %d %s", r.status, r.header.Get("Date"))
	}
	code = c.code(yes)
	c.s.Advance(10 * time.Minute)
	if r := c.exchange(grantOf(code)); r.status != 401 || !strings.Contains(r.body, "invalid_client") {
		t.Errorf("the JWT, 19 minutes old: %d %s", r.status, r.body)
	}
	c.s.Reset()
	token := c.token(yes)
	c.s.Reset()
	if r := c.verify(token, `{"phoneNumber":"`+yes+`"}`); r.status != 504 {
		t.Errorf("the faults of the start: %d", r.status)
	}
	if r := c.verify(token, `{"phoneNumber":"`+yes+`"}`); r.status != 401 {
		t.Errorf("a token of before the reset: %d", r.status)
	}
	if c.s.RedirectURI() != callback || !slices.Equal(c.s.ActiveFaults(), []string{}) {
		t.Errorf("%s, %v", c.s.RedirectURI(), c.s.ActiveFaults())
	}
}

// FuzzControl: no body harms the control API, and what it refuses changes nothing.
func FuzzControl(f *testing.F) {
	s := sandbox.Start(f, sandbox.Options{Control: "127.0.0.1:0"})
	c := newClient(f, s)
	for _, body := range []string{`{"faults":["wifi"]}`, `{"faults":[]}`, `{"faults":[1]}`, `{"faults":["wifi@*:1"]}`, `[]`, ``, `{"faults":["\u0000"]}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c.t = t
		before := s.ActiveFaults()
		r := c.ask("PUT", "/v1/faults", body)
		if r.status != 200 && (!slices.Equal(before, s.ActiveFaults()) || !strings.HasPrefix(r.body, `{"error":"`)) || r.status >= 500 {
			t.Errorf("%q: %d %s, %v", body, r.status, r.body, s.ActiveFaults())
		}
	})
}

// shownPath is what is shown of a redirect URI: origin and path.
var shownPath = regexp.MustCompile(`redirect_uri=[a-z]+://[^?&"]*`)

// FuzzMaskedLedger: of a query nothing is left that could be a secret.
func FuzzMaskedLedger(f *testing.F) {
	s := sandbox.Start(f, sandbox.Options{Control: "127.0.0.1:0"})
	c := newClient(f, s)
	for _, query := range []string{"code=CANARY", "a=CANARY;b", "CANARY", "%43ANARY=1&x=CANARY", "redirect_uri=http://a/?CANARY", "state=%zzCANARY", "&&=CANARY", "redirect_uri=CANARY"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		c.t = t
		s.Reset()
		r := httptest.NewRequest("GET", "http://127.0.0.1/oauth2/auth", http.NoBody)
		r.URL.RawQuery = query
		s.ServeHTTP(httptest.NewRecorder(), r)
		for _, e := range c.entries("") {
			if text, _ := json.Marshal(e); strings.Contains(shownPath.ReplaceAllString(string(text), ""), "CANARY") && !strings.Contains(query, "client_id") && !strings.Contains(query, "scope") {
				t.Errorf("%q: %s", query, text)
			}
		}
	})
}
