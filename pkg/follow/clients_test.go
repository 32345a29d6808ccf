package follow

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// be follows start as a client, over this world's routes.
func (w *world) be(as string, o Options) (*Result, *Error) {
	w.t.Helper()
	routes := w.net.Routes()
	w.t.Cleanup(routes.CloseIdleConnections)
	w.recorder = &trace.Recorder{Base: routes, Mask: &trace.Mask{}}
	o.As = as
	if o.RedirectURI == "" {
		o.RedirectURI = redirect
	}
	return w.follow(w.t.Context(), start, o)
}

const answer = `{"request_id":"r","code":"c"}`

// hops is a chain of n redirects from start to a JSON answer.
func hops(n int) map[string]http.HandlerFunc {
	routes := chain(n-1, "https://op.example/end")
	routes["op.example/auth"] = to(302, "https://op.example/0")
	if n == 1 {
		routes["op.example/auth"] = to(302, "https://op.example/end")
	}
	routes["op.example/end"] = say(200, "application/json", answer)
	return routes
}

// breaks are chains that break one rule of one client.
var breaks = []struct {
	name, as string
	routes   map[string]http.HandlerFunc
	opts     Options
	reason   Reason // empty: it gets through
	rule     Rule
	code     string
	hop      int
	apart    bool // a server or a type that tells apart what a record cannot
}{
	{name: "android, cleartext", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "http://plain.example/x")}, reason: ReasonScheme, rule: RuleDowngrade, code: "http_status: 302", hop: 1},
	{name: "ios, cleartext", as: "ios", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "http://plain.example/x"), "plain.example/x": to(302, callback)}},
	{name: "android, redirect URI on this machine", as: "android", opts: Options{RedirectURI: "http://127.0.0.1:1/cb"}, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "http://127.0.0.1:1/cb?code=x")}, reason: ReasonScheme, rule: RuleDowngrade, code: "http_status: 302", hop: 1},
	{name: "android, 8", as: "android", routes: hops(8)},
	{name: "android, 9", as: "android", routes: hops(9), reason: ReasonTooMany, rule: RuleRedirects, code: "sdk_redirect_error", hop: 9},
	{name: "android, the redirect URI counts", as: "android", routes: chainTo(9, callback), reason: ReasonTooMany, rule: RuleRedirects, code: "sdk_redirect_error", hop: 9},
	{name: "ios, 10", as: "ios", routes: hops(10)},
	{name: "ios, 11", as: "ios", routes: hops(11), reason: ReasonTooMany, rule: RuleRedirects, code: "sdk_redirect_error", hop: 11},
	{name: "browser, 20", as: "browser", routes: hops(20)},
	{name: "browser, 21", as: "browser", routes: hops(21), reason: ReasonTooMany, rule: RuleRedirects, code: "ERR_TOO_MANY_REDIRECTS", hop: 21},
	{name: "curl, 50", as: "curl", routes: hops(50)},
	{name: "curl, 51", as: "curl", routes: hops(51), reason: ReasonTooMany, rule: RuleRedirects, code: "exit 47", hop: 51},
	{name: "go, 9", as: "go", routes: hops(9)},
	{name: "go, 10", as: "go", routes: hops(10), reason: ReasonTooMany, rule: RuleRedirects, code: "stopped after 10 redirects", hop: 10},
	{name: "max-hops is smaller", as: "curl", opts: Options{MaxHops: 3}, routes: hops(4), reason: ReasonTooMany, hop: 4},
	{name: "the client's limit is smaller", as: "android", opts: Options{MaxHops: 30}, routes: hops(9), reason: ReasonTooMany, rule: RuleRedirects, code: "sdk_redirect_error", hop: 9},
	{name: "android, 201", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": to(201, callback)}},
	{name: "ios, 300", as: "ios", routes: map[string]http.HandlerFunc{"op.example/auth": to(300, callback)}, reason: ReasonDeadEnd, rule: RuleStatus, code: "sdk_error", hop: 1},
	{name: "curl, 300", as: "curl", routes: map[string]http.HandlerFunc{"op.example/auth": to(300, callback)}},
	{name: "go, 300", as: "go", routes: map[string]http.HandlerFunc{"op.example/auth": to(300, callback)}, reason: ReasonDeadEnd, rule: RuleStatus, code: "http_status: 300", hop: 1},
	{name: "ios, no Location", as: "ios", routes: map[string]http.HandlerFunc{"op.example/auth": say(302, "text/plain", "x")}, reason: ReasonDeadEnd, rule: RuleNoLocation, code: "sdk_redirect_error", hop: 1},
	{name: "android, no Location", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": say(302, "text/plain", "x")}, reason: ReasonDeadEnd, rule: RuleNoLocation, code: "http_status: 302", hop: 1},
	{name: "android, app scheme", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "com.acme.app://cb")}, reason: ReasonScheme, rule: RuleScheme, code: "sdk_connection_error", hop: 1},
	{name: "go, app scheme", as: "go", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "com.acme.app://cb")}, reason: ReasonScheme, rule: RuleScheme, code: `unsupported protocol scheme "com.acme.app"`, hop: 1},
	{name: "browser, app scheme", as: "browser", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "com.acme.app://cb")}, reason: ReasonScheme, hop: 1},
	{name: "android, spaces", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "/a b?q=c d"), "op.example/a+b?q=c+d": to(302, callback)}},
	{name: "curl, spaces", as: "curl", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "/a b?q=c d"), "op.example/a%20b?q=c+d": to(302, callback)}, apart: true},
	{name: "browser, spaces", as: "browser", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "/a b?q=c d"), "op.example/a%20b?q=c%20d": to(302, callback)}},
	{name: "go, spaces", as: "go", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "/a b?q=c d")}, reason: ReasonSyntax, rule: RuleLocation, code: "http_status: 400", hop: 1},
	{name: "browser, meta refresh", as: "browser", routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "text/html", `<META content="0; URL='/n?a=1&amp;b=2'" http-equiv=refresh>`), "op.example/n?a=1&b=2": to(302, callback)}},
	{name: "browser, Refresh header", as: "browser", routes: map[string]http.HandlerFunc{"op.example/auth": refresh("0;url=/n"), "op.example/n": to(302, callback)}},
	{name: "android, meta refresh", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "text/html", `<meta http-equiv=refresh content="0;url=/n">`)}, reason: ReasonMetaRefresh, rule: RuleRefresh, code: "http_status: 200", hop: 1},
	{name: "curl, script", as: "curl", routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "text/html", `<script>location.href="/n"</script>`)}, reason: ReasonScript, rule: RuleScript, code: "http_status: 200", hop: 1},
	{name: "android, type", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "text/plain", answer)}, reason: ReasonDeadEnd, rule: RuleBody, code: "http_status: 200", hop: 1},
	{name: "android, type and charset in one word", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "application/json;charset=utf-8", answer)}, reason: ReasonDeadEnd, rule: RuleBody, code: "http_status: 200", hop: 1, apart: true},
	{name: "ios, type and charset in one word", as: "ios", routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "application/json;charset=utf-8", answer)}},
	{name: "curl, type", as: "curl", routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "text/plain", answer)}},
	{name: "ios, page", as: "ios", routes: map[string]http.HandlerFunc{"op.example/auth": say(403, "text/html", "<p>")}, reason: ReasonPage, rule: RuleError, code: "sdk_error", hop: 1},
	{name: "android, page", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "text/html", "<p>")}, reason: ReasonPage, rule: RulePage, code: "http_status: 200", hop: 1},
	{name: "android, JSON error", as: "android", routes: map[string]http.HandlerFunc{"op.example/auth": say(400, "application/json", `{"error":"access_denied"}`)}, reason: ReasonOAuth, rule: "", code: "access_denied", hop: 1},
	{name: "curl, cookies", as: "curl", routes: cookieWall(), reason: ReasonPage, rule: RuleError, code: "http_status: 403", hop: 2},
	{name: "go, cookies", as: "go", routes: cookieWall(), reason: ReasonPage, rule: RuleError, code: "http_status: 403", hop: 2},
	{name: "android, cookies", as: "android", routes: cookieWall()},
	{name: "ios, cookies", as: "ios", routes: cookieWall()},
	{name: "curl, no such host", as: "curl", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "https://nowhere.test/")}, reason: ReasonNetwork, rule: RuleDNS, code: "exit 6", hop: 2},
	{name: "go, certificate", as: "go", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "https://expired.example/")}, reason: ReasonNetwork, rule: RuleTLS, code: "tls: handshake failure", hop: 2},
	{name: "vnv's own rule", as: "curl", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "https://10.0.0.1/")}, reason: ReasonAddress, hop: 1},
	{name: "vnv's own rule on secrets", as: "curl", routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "http://plain.example/?code="+canary)}, reason: ReasonCleartext, hop: 1},
	{name: "nobody", as: "netscape", reason: ReasonSyntax, hop: 1},
}

// chainTo is a chain of n redirects from start, the last to the given URL.
func chainTo(n int, last string) map[string]http.HandlerFunc {
	routes := chain(n-1, last)
	routes["op.example/auth"] = to(302, "https://op.example/0")
	return routes
}

// refresh is a page with a Refresh header.
func refresh(value string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Refresh", value)
		say(200, "text/html", "<p>")(w, r)
	}
}

// cookieWall is a chain that goes on only with its cookie.
func cookieWall() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"op.example/auth": to(302, "/in", "Set-Cookie", "pass="+canary+"; Path=/"),
		"op.example/in": func(w http.ResponseWriter, r *http.Request) {
			if _, err := r.Cookie("pass"); err != nil {
				say(403, "text/html", "<p>no cookie")(w, r)
				return
			}
			to(302, callback)(w, r)
		},
	}
}

// TestBreaks follows every chain as its client; see TestJudgeAsFollowed for the same on a record.
func TestBreaks(t *testing.T) {
	t.Parallel()
	for _, c := range breaks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.routes)
			res, err := w.be(c.as, c.opts)
			if c.reason == "" {
				if err != nil || res.End == "" {
					t.Fatalf("it ended with %v", err)
				}
				return
			}
			if err == nil || err.Reason != c.reason || err.Rule != c.rule || err.Code != c.code || err.Hop != c.hop {
				t.Fatalf("got %+v\nwant %s, %q, %q at hop %d", err, c.reason, c.rule, c.code, c.hop)
			}
			if want := map[bool]string{true: c.as, false: ""}[c.as != "netscape"]; err.Client != want {
				t.Errorf("client %q", err.Client)
			}
			if c.rule != "" && !strings.HasSuffix(err.Error(), "(as "+c.as+": "+c.code+")") {
				t.Errorf("says %s", err)
			}
		})
	}
}

// TestTransportOfAClient: its TLS and HTTP versions, on connections of its own.
func TestTransportOfAClient(t *testing.T) {
	t.Parallel()
	for as, want := range map[string][2]string{
		"": {"HTTP/2.0", "TLS 1.3"}, "android": {"HTTP/1.1", "TLS 1.3"}, "ios": {"HTTP/1.1", "TLS 1.2"},
		"browser": {"HTTP/2.0", "TLS 1.3"}, "curl": {"HTTP/2.0", "TLS 1.3"}, "go": {"HTTP/2.0", "TLS 1.3"},
	} {
		w := newWorld(t, map[string]http.HandlerFunc{"op.example/auth": to(302, callback)})
		if _, err := w.be(as, Options{}); err != nil {
			t.Fatal(err)
		}
		if h := w.recorder.Hops()[0]; h.Proto != want[0] || h.TLSVersion != want[1] {
			t.Errorf("%s spoke %s over %s", as, h.Proto, h.TLSVersion)
		}
		if w.roots != 1 {
			t.Errorf("%s: roots loaded %d times", as, w.roots)
		}
	}
}

// TestTLS13Only: iOS speaks 1.2 exactly.
func TestTLS13Only(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ca := newAuthority(t)
	s := httptest.NewUnstartedServer(to(302, callback))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{GetCertificate: ca.certificate, MinVersion: tls.VersionTLS13}
	s.StartTLS()
	t.Cleanup(s.Close)
	w.net.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}
	_, err := w.be("ios", Options{})
	if err == nil || err.Rule != RuleTLS || err.Code != "sdk_connection_error" {
		t.Errorf("got %v", err)
	}
}

// silence is a transport whose answers take their time.
type silence time.Duration

func (s silence) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case <-req.Context().Done():
		return nil, req.Context().Err()
	case <-time.After(time.Duration(s)):
		return &http.Response{
			StatusCode: 302, Body: http.NoBody, ProtoMajor: 1, ProtoMinor: 1, Request: req,
			Header: http.Header{"Location": {"https://op.example/" + time.Now().String()}},
		}, nil
	}
}

// TestTimesOfAClient in made-up time: whole chain, one hop.
func TestTimesOfAClient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		as   string
		slow time.Duration
		rule Rule
		code string
		took time.Duration
	}{
		{"android", 9 * time.Second, RuleTime, "sdk_connection_error", 30 * time.Second},
		{"ios", 6 * time.Second, RuleHopTime, "sdk_connection_error", 5 * time.Second},
		{"curl", 11 * time.Second, "", "", 10 * time.Second}, // our own limit for a hop
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			f := &Follower{Transport: silence(c.slow), Options: Options{As: c.as}}
			_, err := f.Follow(t.Context(), start)
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Reason != ReasonTimeout || e.Rule != c.rule || e.Code != c.code || time.Since(began) != c.took {
				t.Errorf("%s after %s: %+v", c.as, time.Since(began), err)
			}
		})
	}
}

// TestConnectTimeOfAClient: a host that does not take the connection.
func TestConnectTimeOfAClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := Net{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		began, routes := time.Now(), n.Routes()
		defer routes.CloseIdleConnections()
		f := &Follower{Transport: (&trace.Recorder{Base: routes}).Step("authorize"), Options: Options{As: "android"}}
		_, err := f.Follow(t.Context(), "https://192.0.2.1/")
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Rule != RuleConnect || e.Code != "sdk_connection_error" || time.Since(began) != 5*time.Second {
			t.Errorf("after %s: %+v", time.Since(began), err)
		}
	})
}

// TestEveryRow holds the table together.
func TestEveryRow(t *testing.T) {
	t.Parallel()
	for _, c := range Clients {
		if got, ok := ClientNamed(c.Name); !ok || got.Title != c.Title || c.Title == "" {
			t.Errorf("%s is not found by its name", c.Name)
		}
		if c.Follows == 0 || c.Follows > c.Redirects || c.PathSpace == "" || c.QuerySpace == "" || c.HTTP == "" {
			t.Errorf("%s: %+v", c.Name, c)
		}
		for _, r := range []Rule{RuleRedirects, RuleTLS, RuleDNS, RuleConnection, RuleNoData, RuleConnect, RuleLocation} {
			if c.code(r, 302, "http") == "" {
				t.Errorf("%s has no code for %s", c.Name, r)
			}
		}
	}
	if got := strings.Join(ClientNames(), " "); got != "android ios browser curl go" {
		t.Errorf("clients: %s", got)
	}
}

// TestGoAsItIs compares the row of Go with Go.
func TestGoAsItIs(t *testing.T) {
	t.Parallel()
	row, _ := ClientNamed("go")
	for _, n := range []int{row.Follows, row.Follows + 1} {
		w := newWorld(t, hops(n))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, start, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := (&http.Client{Transport: w.transport}).Do(req)
		if res != nil {
			res.Body.Close()
		}
		if n == row.Follows != (err == nil) || err != nil && !strings.HasSuffix(err.Error(), row.Codes[RuleRedirects]) {
			t.Errorf("%d redirects: %v", n, err)
		}
	}
}
