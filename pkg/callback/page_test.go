package callback

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// TestPages checks every page as it arrives.
func TestPages(t *testing.T) {
	t.Parallel()
	all := maps.Clone(pages)
	all["no row"] = unknown
	for r, p := range all {
		t.Run(string("page "+r), func(t *testing.T) {
			t.Parallel()
			got, writes := deliver(t, p)
			if got.status != p.status || !got.whole() {
				t.Errorf("got %+v", got)
			}
			if writes != 1 {
				t.Errorf("it took %d writes", writes)
			}
			for name, want := range map[string]string{
				"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
				"Cross-Origin-Resource-Policy": "same-origin",
			} {
				if h := got.header.Values(name); len(h) != 1 || h[0] != want {
					t.Errorf("%s: got %q, want %q", name, h, want)
				}
			}
			if !strings.Contains(got.body, "terminal") || !strings.Contains(got.body, "close this window") {
				t.Error("it does not say whether the terminal got it and that the window can be closed")
			}
			body, script := cutScript(got.body)
			if (script != "") != (r == ReasonPage) {
				t.Errorf("its script is %q", script)
			}
			checkPolicy(t, got.header.Get("Content-Security-Policy"), body, script)
			if got.status != http.StatusMethodNotAllowed {
				return
			}
			if allow := got.header.Values("Allow"); len(allow) != 1 || allow[0] != http.MethodGet {
				t.Errorf("Allow: got %q", allow)
			}
		})
	}
}

// cutScript takes the first script out of a page, as a browser reads it: to the first closing element.
func cutScript(body string) (without, script string) {
	before, rest, _ := strings.Cut(body, "<script>")
	script, after, _ := strings.Cut(rest, "</script>")
	return before + after, script
}

func hashIn(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// checkPolicy checks that the policy allows the page's own style by its hash, a script by its hash if there is one, and
// nothing else, and that the page asks for nothing else. A script may talk to where it came from.
func checkPolicy(t *testing.T, policy, body, script string) {
	t.Helper()
	css := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(body)
	if len(css) != 2 {
		t.Fatal("no style")
	}
	more := ""
	if script != "" {
		more = "script-src " + hashIn(script) + "; connect-src 'self'; "
	}
	want := "default-src 'none'; style-src " + hashIn(css[1]) + "; " + more +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if policy != want {
		t.Errorf("policy %s\nwant   %s", policy, want)
	}
	if m := regexp.MustCompile(`(?i)<script|<link|<img|<a |<form|style=|\son\w+=|url\(|@import|//`).FindString(body); m != "" {
		t.Errorf("the page has %q", m)
	}
	if strings.Count(css[1], "{") != strings.Count(css[1], "}") || !strings.Contains(css[1], "prefers-color-scheme:dark") {
		t.Error("the style is unbalanced or knows no dark")
	}
}

// deliver serves p once and counts the writes to the socket.
func deliver(t *testing.T, p page) (got reply, writes int64) {
	t.Helper()
	var lc net.ListenConfig
	socket, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	counted := &countingListener{Listener: socket}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { p.write(w, http.MethodGet) })}
	server.SetKeepAlivesEnabled(false)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(counted) }()
	defer func() { _ = server.Close(); <-done }()

	c := dial(t, socket.Addr().String())
	defer c.Close()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	return readReply(c, http.MethodGet), counted.writes.Load()
}

type countingListener struct {
	net.Listener
	writes atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &countingConn{c, &l.writes}, err
}

type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c *countingConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}
