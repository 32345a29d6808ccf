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
			checkPolicy(t, got.header.Get("Content-Security-Policy"), got.body)
		})
	}
}

// checkPolicy checks that the policy allows the page's own style by its hash, and nothing else, and that the page asks
// for nothing else.
func checkPolicy(t *testing.T, policy, body string) {
	t.Helper()
	css := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(body)
	if len(css) != 2 {
		t.Fatal("no style")
	}
	sum := sha256.Sum256([]byte(css[1]))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
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
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { p.write(w) })}
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
