package trace

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "Zx81-Qp77-Lm00-canary"

// get asks url through rt and reads the answer.
func get(t *testing.T, rt http.RoundTripper, url string) {
	t.Helper()
	ctx, notes := WithNotes(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", "sid="+secret+"; 7f3a9c0=x")
	before := req.Clone(ctx)
	res, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	notes.Add("page", "late, and about https://x.example/?code="+secret)
	res.Body.Close()
	res.Body.Close()
	if !reflect.DeepEqual(before.Header, req.Header) || req.Context() != ctx || req.URL.String() != url {
		t.Error("the request was changed")
	}
}

// server answers with a redirect and every header that counts.
func server(t *testing.T, start func(*httptest.Server)) (*httptest.Server, *http.Transport) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Location", "https://app.example/cb?code="+secret)
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Set-Cookie", "sid="+secret)
		h.Set("X-Correlator", "abc-1 "+secret)
		h.Set("X-Ratelimit-Limit", "10, 10;w=1")
		h.Set("X-Orange-Trace-Id", strings.Repeat("o", 2*maxHeader))
		h.Set("X-Other", "x")
		w.WriteHeader(http.StatusFound)
		io.WriteString(w, "body")
	}))
	start(s)
	base := s.Client().Transport.(*http.Transport)
	t.Cleanup(func() { base.CloseIdleConnections(); s.Close() })
	return s, base
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	s, base := server(t, (*httptest.Server).StartTLS)
	var heard []Hop
	r := &Recorder{Base: base, OnHop: func(h Hop) { heard = append(heard, h) }, Role: Roles{BaseURL: s.URL}.Role}
	get(t, r.Step("enable"), s.URL+"/v0.1/x?state="+secret)
	get(t, r.Step("authorize"), s.URL+"/idp/x")
	get(t, r.Step("authorize"), s.URL+"/carrier/y")

	hops := r.Hops()
	if !reflect.DeepEqual(hops, heard) || len(hops) != 3 {
		t.Fatalf("kept %d hops, told of %d", len(hops), len(heard))
	}
	h := hops[0]
	want := Hop{
		N: 1, Step: "enable", Start: h.Start, Method: "GET", URL: s.URL + "/v0.1/x?state=state~1", Status: 302,
		Location: "https://app.example/cb?code=state~1", Role: RoleVendor, Proto: "HTTP/1.1", RemoteAddr: s.Listener.Addr().String(),
		TLSVersion: "TLS 1.3", ContentType: "text/html", CertIssuer: "O=Acme Co", Date: h.Date,
		Connect: h.Connect, TLS: h.TLS, FirstByte: h.FirstByte, Total: h.Total, Headers: map[string]string{
			"x-correlator": "abc-1 state~1", "x-ratelimit-limit": "10, 10;w=1", "x-orange-trace-id": strings.Repeat("o", maxHeader) + "…",
		},
		CookiesSent: []string{"sid", "cookie~1"}, CookiesSet: []string{"sid"}, Cookies: []Cookie{{Name: "sid"}},
		Notes: []Note{{"page", "late, and about https://x.example/?code=state~1"}}, seq: 1,
	}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("got  %+v\nwant %+v", h, want)
	}
	if h.Start.Location() != time.UTC || h.Connect <= 0 || h.TLS <= 0 || h.FirstByte <= 0 || h.DNS != 0 || h.Total < h.Connect+h.TLS+h.FirstByte {
		t.Errorf("times: %+v", h)
	}
	if h := hops[2]; h.N != 2 || h.Step != "authorize" || !h.Reused || h.Connect != 0 || h.TLS != 0 || h.Role != RoleCarrier || hops[1].Role != RoleIdentity {
		t.Errorf("third: %+v", h)
	}
	text, err := json.Marshal(hops)
	if err != nil || strings.Contains(string(text), secret) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestHopJSON(t *testing.T) {
	t.Parallel()
	h := Hop{
		N: 2, Step: "authorize", Start: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC), Method: "GET", URL: "https://x.example/?code=code~1",
		Status: 302, Location: "/y", Role: RoleCarrier, Reused: true, DNS: 1500 * time.Microsecond, Total: 2 * time.Second,
	}
	const want = `{"n":2,"step":"authorize","start":"2025-01-02T03:04:05Z","method":"GET","url":"https://x.example/?code=code~1",` +
		`"status":302,"location":"/y","role":"carrier","reused":true,"dns_ms":1.5,"connect_ms":0,"tls_ms":0,"first_byte_ms":0,"total_ms":2000}`
	got, err := json.Marshal(h)
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	var back Hop
	if err := json.Unmarshal(got, &back); err != nil || !reflect.DeepEqual(back, h) {
		t.Errorf("read back as %+v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`{"n":"x"}`), &back); err == nil || !strings.Contains(err.Error(), "cannot unmarshal string") {
		t.Errorf("got %v", err)
	}
}

// failing is a transport that comes as far as it says.
type failing func(*http.Request, *httptrace.ClientTrace) (*http.Response, error)

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	return f(r, httptrace.ContextClientTrace(r.Context()))
}

func TestFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken at https://x.example/?code=" + secret)
	for phase, base := range map[string]failing{
		PhaseDNS: func(_ *http.Request, c *httptrace.ClientTrace) (*http.Response, error) {
			c.DNSStart(httptrace.DNSStartInfo{})
			return nil, broken
		},
		PhaseConnect: func(_ *http.Request, c *httptrace.ClientTrace) (*http.Response, error) {
			c.DNSStart(httptrace.DNSStartInfo{})
			c.DNSDone(httptrace.DNSDoneInfo{})
			c.ConnectStart("tcp", "192.0.2.1:443")
			c.ConnectDone("tcp", "192.0.2.1:443", broken)
			return nil, broken
		},
		PhaseTLS: func(_ *http.Request, c *httptrace.ClientTrace) (*http.Response, error) {
			c.TLSHandshakeStart()
			c.TLSHandshakeDone(tls.ConnectionState{}, broken)
			return nil, broken
		},
		PhaseAnswer: func(_ *http.Request, c *httptrace.ClientTrace) (*http.Response, error) {
			a, b := net.Pipe()
			defer b.Close()
			defer a.Close()
			c.GotConn(httptrace.GotConnInfo{Conn: a})
			return nil, broken
		},
		PhaseBody: func(*http.Request, *httptrace.ClientTrace) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader("x"), errorReader{broken}))}, nil
		},
	} {
		r := &Recorder{Base: base}
		ctx, notes := WithNotes(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://x.example/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := r.Step("s").RoundTrip(req)
		if err == nil {
			io.ReadAll(res.Body)
			res.Body.Close()
		}
		hops := r.Hops()
		if len(hops) != 1 || hops[0].Phase != phase || notes.Phase() != phase || hops[0].Error != "broken at https://x.example/?code=code~1" {
			t.Errorf("%s: %+v", phase, hops)
		}
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// TestLateCallbacks: httptrace may call after the answer, from anywhere; the hop stays as it was.
func TestLateCallbacks(t *testing.T) {
	t.Parallel()
	late := make(chan *httptrace.ClientTrace, 1)
	r := &Recorder{Base: failing(func(_ *http.Request, c *httptrace.ClientTrace) (*http.Response, error) {
		late <- c
		return nil, context.Canceled
	})}
	var wg sync.WaitGroup
	wg.Go(func() {
		c := <-late
		for range 1000 {
			c.ConnectStart("tcp", "x")
			c.ConnectDone("tcp", "x", nil)
			c.GotFirstResponseByte()
		}
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://x.example/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if res, err := r.Step("s").RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Error(err)
		res.Body.Close()
	}
	before := r.Hops()[0]
	wg.Wait()
	if after := r.Hops()[0]; !reflect.DeepEqual(before, after) {
		t.Errorf("changed from %+v to %+v", before, after)
	}
}

func TestRecorderIsConcurrent(t *testing.T) {
	t.Parallel()
	s, base := server(t, (*httptest.Server).Start)
	told := 0
	r := &Recorder{Base: base, OnHop: func(Hop) { told++ }}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				get(t, r.Step("s"), s.URL+"/x")
			}
		})
	}
	wg.Wait()
	for i, h := range r.Hops() {
		if h.N != i+1 {
			t.Errorf("hop %d has number %d", i+1, h.N)
		}
	}
	if told != 80 {
		t.Errorf("told of %d hops", told)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	r := Roles{BaseURL: "http://127.0.0.1:8080", RedirectURI: "http://localhost:9090/cb"}
	for raw, want := range map[string]string{
		"https://api-eu.vonage.com/oauth2/token":    RoleVendor,
		"https://API.nexmo.com./x":                  RoleCarrier,
		"https://api.nexmo.com/v2/verify":           RoleVendor,
		"https://oidc.idp.vonage.com/oauth2/auth":   RoleIdentity,
		"https://ui.idp.vonage.com/camara":          RoleIdentity,
		"https://evilidp.vonage.com.example/":       RoleCarrier,
		"http://127.0.0.1:8080/oauth2/token":        RoleVendor,
		"http://127.0.0.1:8080/oauth2/auth":         RoleIdentity,
		"http://127.0.0.1:8080/carrier/1":           RoleCarrier,
		"http://127.0.0.1:8081/oauth2/token":        RoleCarrier,
		"http://localhost:9090/cb?code=1":           RoleCallback,
		"http://localhost:9090/cb/":                 RoleCarrier,
		"https://operator.example/":                 RoleCarrier,
		"https://127.0.0.1:8080/":                   RoleCarrier,
		"https://api-eu.vonage.com:443/oauth2/auth": RoleVendor,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Role(u); got != want {
			t.Errorf("%s is %s, want %s", raw, got, want)
		}
	}
	if got := (Roles{}).Role(&url.URL{}); got != RoleCarrier {
		t.Errorf("nothing is %s", got)
	}
}

func TestNoNotes(t *testing.T) {
	t.Parallel()
	n := NotesFrom(t.Context())
	n.Add("x", "forgotten")
	if n != nil || n.Phase() != "" {
		t.Error("notes out of nothing")
	}
	_, n = WithNotes(t.Context())
	n.Add("x", "once")
	n.Add("x", "once")
	if got := n.masked(&Mask{}); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

// BenchmarkTracing prints what a request costs with a recorder and without, and their ratio: over a
// connection that is there, where nothing but the loop itself is measured, and as in a flow, where
// a host is met for the first time. The latter is to cost at most 5 % more.
func BenchmarkTracing(b *testing.B) {
	b.Run("loop", func(b *testing.B) { benchmarkTracing(b, httptest.NewServer, &http.Transport{}) })
	b.Run("flow", func(b *testing.B) {
		benchmarkTracing(b, httptest.NewTLSServer, &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}})
	})
}

func benchmarkTracing(b *testing.B, serve func(http.Handler) *httptest.Server, base *http.Transport) {
	b.Helper()
	s := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://op.example/auth?client_id=1&scope=a&state=v2_840e17a8&redirect_uri=https%3A%2F%2Fapp.example%2Fcb")
		w.WriteHeader(http.StatusFound)
	}))
	defer s.Close()
	defer base.CloseIdleConnections()
	target := s.URL + "/oauth2/auth?client_id=1&scope=a&state=v2_840e17a8&redirect_uri=https%3A%2F%2Fapp.example%2Fcb"
	ask := func(rt http.RoundTripper) {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, target, http.NoBody)
		if err != nil {
			b.Fatal(err)
		}
		res, err := rt.RoundTrip(req)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	var off, on time.Duration
	r := &Recorder{Base: base}
	ask(base)
	for b.Loop() {
		begin := time.Now()
		ask(base)
		middle := time.Now()
		ask(r.Step("s"))
		off, on = off+middle.Sub(begin), on+time.Since(middle)
	}
	b.ReportMetric(float64(on)/float64(off), "on/off")
	b.ReportMetric(float64(on-off)/float64(b.N)/1000, "µs-more/request")
}
