package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// direct posts to the handler without a network.
func direct(h http.Handler, path, token, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1"+path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	for _, tt := range []struct {
		method, target string
		status         int
		mediaType      string
		body           string
	}{
		{"GET", c.s.URL() + "/", 404, "application/hal+json", `{"message":"Not Found","_links":{"self":{"href":"/","templated":false}},"_embedded":{"errors":[{"message":"Page Not Found"}]}}`},
		{"GET", c.s.URL() + "/carrier/he", 404, "application/hal+json", ""},
		{"POST", c.s.CarrierURL() + "/oauth2/token", 404, "application/hal+json", ""},
		{"GET", c.s.URL() + "/v0.1/network-enablement", 405, "application/problem+json", ""},
		{"PUT", c.s.URL() + "/oauth2/token", 405, "application/json", `{"error":"invalid_request","error_description":"This method is not supported here."}`},
		{"GET", c.s.URL() + "/camara/number-verification/v031/verify", 405, "application/json", `{"status":405,"code":"METHOD_NOT_ALLOWED","message":"This method is not supported here."}`},
		{"PUT", c.s.URL() + "/oauth2/auth", 405, "text/html; charset=utf-8", ""},
	} {
		r := c.send(tt.method, tt.target, "")
		if r.status != tt.status || r.header.Get("Content-Type") != tt.mediaType || tt.body != "" && r.body != tt.body {
			t.Errorf("%s %s: %d %s %s", tt.method, tt.target, r.status, r.header.Get("Content-Type"), r.body)
		}
		if tt.status == 405 && r.header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", tt.method, tt.target)
		}
	}
}

// X3: a foreign name that leads here is refused.
func TestHost(t *testing.T) {
	t.Parallel()
	s, err := sandbox.New(sandbox.Options{PublicURL: "https://sandbox.example"})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{
		"127.0.0.1:8080": 404, "127.9.9.9": 404, "localhost": 404, "LOCALHOST:1": 404, "[::1]:80": 404, "[::1]": 404,
		"sandbox.example": 404, "Sandbox.Example:443": 404,
		"evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "192.0.2.1": 421, "10.0.0.1:80": 421,
		"": 421, "0.0.0.0": 421, "sandbox.example.evil.example": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/nowhere", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("Host %q: %d, want %d", host, w.Code, want)
		}
	}
}

// X4 among them: what is not loopback is bound only on request.
func TestOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		o    sandbox.Options
		says string // "" is accepted
	}{
		{"zero", sandbox.Options{}, ""},
		{"IPv6", sandbox.Options{Listen: "[::1]:0"}, ""},
		{"all, public", sandbox.Options{Listen: "0.0.0.0:0", Public: true}, ""},
		{"all", sandbox.Options{Listen: ":8080"}, "not loopback"},
		{"an address", sandbox.Options{Listen: "192.0.2.1:80"}, "not loopback"},
		{"a name", sandbox.Options{Listen: "sandbox.example:80"}, "not loopback"},
		{"no port", sandbox.Options{Listen: "127.0.0.1"}, "want host:port"},
		{"public URL with a path", sandbox.Options{PublicURL: "https://sandbox.example/x"}, "public URL"},
		{"public URL without scheme", sandbox.Options{PublicURL: "sandbox.example"}, "public URL"},
		{"stage", sandbox.Options{ErrorAt: "lunch"}, `error stage "lunch"`},
		{"status", sandbox.Options{ErrorStatus: 200}, "error status 200"},
		{"lifetime", sandbox.Options{CodeTTL: -1}, "negative"},
		{"fault", sandbox.Options{Faults: []string{"lunch"}}, `unknown fault "lunch"`},
		{"fault, times", sandbox.Options{Faults: []string{"wifi:0"}}, `fault "wifi:0": want NAME:times`},
		{"redirect URI", sandbox.Options{RedirectURIs: []string{"/callback"}}, "redirect URI"},
		{"redirect URI with a fragment", sandbox.Options{RedirectURIs: []string{callback + "#x"}}, "redirect URI"},
		{"redirect URI with a user", sandbox.Options{RedirectURIs: []string{"https://a@app.example/cb"}}, "redirect URI"},
		{"redirect URI of an app", sandbox.Options{RedirectURIs: []string{"app.example:/cb"}}, "redirect URI"},
	} {
		_, err := sandbox.New(tt.o)
		if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
	}
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{PublicURL: "https://sandbox.example/"})
	if c.s.URL() != "https://sandbox.example" || c.s.CarrierURL() != c.s.URL() {
		t.Fatalf("origins %s, %s", c.s.URL(), c.s.CarrierURL())
	}
	r := direct(c.s, "/v0.1/network-enablement", c.jwt, "application/json",
		`{"phone_number":"+99012345678","scopes":["`+scope+`"],"state":"s"}`)
	if !strings.Contains(r.Body.String(), `"auth_url":"https://sandbox.example/oauth2/auth?`) {
		t.Errorf("got %s", r.Body)
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	s := sandbox.Start(t)
	if free, err := url.Parse(s.RedirectURI()); err != nil || free.Hostname() != "127.0.0.1" || free.Port() == "" {
		t.Errorf("a sandbox without settings has redirect_uri %q", s.RedirectURI())
	}
	c := newClient(t, s)
	if err := s.Register(callback); err != nil {
		t.Fatal(err)
	}
	under := c.enable(yes, "before")
	if err := s.Register("https://app.example/cb?tenant=1"); err != nil {
		t.Fatal(err)
	}
	hops := c.follow(under)
	if !strings.HasPrefix(hops[len(hops)-1], callback+"?code=") {
		t.Errorf("a flow under way went to %s", hops[len(hops)-1])
	}
	at := c.enable(yes, "a&b=ü %+")
	for range 4 {
		at = c.send("GET", at, "").header.Get("Location")
	}
	last := c.send("GET", at, "").header.Get("Location")
	q, err := url.Parse(last)
	if err != nil || !strings.HasPrefix(last, "https://app.example/cb?tenant=1&code=") || q.Query().Get("state") != "a&b=ü %+" {
		t.Errorf("a redirect URI with a query: %s", last)
	}
}

func TestLedgerAndLog(t *testing.T) {
	t.Parallel()
	var logged []sandbox.Entry
	c := start(t, sandbox.Options{LedgerSize: 5, Log: func(e sandbox.Entry) { logged = append(logged, e) }})
	token := c.token(yes)
	c.verify(token, `{"phoneNumber":"`+yes+`"}`)
	got := c.s.Requests()
	if len(got) != 5 || len(logged) != 8 {
		t.Fatalf("ledger of %d, log of %d", len(got), len(logged))
	}
	last := got[4]
	if last.Stage != sandbox.StageVerify || last.Status != 200 || last.Token != token || last.Phone != yes ||
		last.Role != "vendor" || last.Method != "POST" || last.Correlator != "abc-1" || last.Authorization != "Bearer "+token {
		t.Errorf("last: %+v", last)
	}
	if got[3].Code == "" || got[3].RedirectURI != callback || got[3].Phone != yes {
		t.Errorf("token: %+v", got[3])
	}
	if logged[0].State == "" || logged[0].Phone != yes || logged[2].Role != "carrier" || logged[4].Cookie == "" {
		t.Errorf("log: %+v", logged)
	}
}

// The same source of randomness gives the same transcript (X10).
func TestRand(t *testing.T) {
	t.Parallel()
	transcript := func() string {
		c := start(t, sandbox.Options{SinglePort: true, Rand: bytes.NewReader(bytes.Repeat([]byte("vnv"), 1000))})
		hops := c.follow(c.enable(yes, "s"))
		return strings.ReplaceAll(strings.Join(hops, "\n"), c.s.URL(), "")
	}
	one, two := transcript(), transcript()
	if strip(one) != strip(two) {
		t.Errorf("two transcripts:\n%s\n\n%s", one, two)
	}
}

// strip takes the port out of an encoded origin.
func strip(transcript string) string {
	before, rest, _ := strings.Cut(transcript, "127.0.0.1%3A")
	_, after, _ := strings.Cut(rest, "%2F")
	return before + after
}

// X9: closing waits for the request under way, not for a connection that says nothing.
func TestClose(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1) // the slow fault notes the request before it waits
	s, err := sandbox.New(sandbox.Options{Faults: []string{"token-slow"}, Log: func(sandbox.Entry) { asked <- struct{}{} }})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(context.Background()); err != nil {
		t.Fatal(err)
	}
	vendor := strings.TrimPrefix(s.URL(), "http://")
	silent, err := net.Dial("tcp", vendor)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	waiting, err := net.Dial("tcp", vendor)
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	io.WriteString(waiting, "POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx")
	<-asked
	done := make(chan error, 1)
	go func() { done <- s.Close() }()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(4 * time.Second):
		t.Error("still open after 4 s")
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if _, err := net.Dial("tcp", vendor); err == nil {
		t.Error("the port is still open")
	}
}

// X9: a request that is being read when the end comes is answered.
func TestDrain(t *testing.T) {
	t.Parallel()
	s := sandbox.Start(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	in.ReadString('\n')
	done := make(chan error, 1)
	go func() { done <- s.Close() }()
	io.WriteString(conn, "x")
	if line, err := in.ReadString('\n'); err != nil || line != "HTTP/1.1 401 Unauthorized\r\n" {
		t.Errorf("got %q, %v", line, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// X9: who waits for a slow answer at the end gets it at once, and no empty one that looks like success.
func TestDrainAnswersTheSlow(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{})
	c := start(t, sandbox.Options{Faults: []string{"enable-slow"}, Log: func(sandbox.Entry) { close(reached) }})
	answered := make(chan reply, 1)
	go func() {
		answered <- c.enableBody(`{"phone_number":"` + yes + `","scopes":["` + scope + `"],"state":"s"}`)
	}()
	<-reached
	if err := c.s.Close(); err != nil {
		t.Error(err)
	}
	if r := <-answered; r.status != 200 || !strings.Contains(r.body, "auth_url") {
		t.Errorf("%d %q", r.status, r.body)
	}
}

// Whatever is listened on, a client on this machine gets through the whole chain.
func TestOrigins(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		o               sandbox.Options
		vendor, carrier string
	}{
		{sandbox.Options{}, "http://127.0.0.1:", "http://localhost:"},
		{sandbox.Options{Listen: "localhost:0"}, "http://localhost:", "http://127.0.0.1:"},
		{sandbox.Options{Listen: "localhost:0", SinglePort: true}, "http://localhost:", "http://localhost:"},
		{sandbox.Options{Listen: "0.0.0.0:0", Public: true}, "http://127.0.0.1:", "http://localhost:"},
	} {
		c := start(t, tt.o)
		if !strings.HasPrefix(c.s.URL(), tt.vendor) || !strings.HasPrefix(c.s.CarrierURL(), tt.carrier) {
			t.Errorf("listening on %q: %s and %s", tt.o.Listen, c.s.URL(), c.s.CarrierURL())
		}
		c.code(yes)
	}
}

func TestBusyPort(t *testing.T) {
	t.Parallel()
	first := sandbox.Start(t)
	s, err := sandbox.New(sandbox.Options{Listen: strings.TrimPrefix(first.URL(), "http://")})
	if err != nil {
		t.Fatal(err)
	}
	var op *net.OpError
	if err := s.Listen(context.Background()); !errors.As(err, &op) || !strings.HasPrefix(err.Error(), "listen for the vendor: ") {
		t.Errorf("a busy port: %v", err)
	}
}
