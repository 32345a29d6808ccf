package callback

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
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
	all := map[Reason]page{"no row": unknown}
	for r, p := range pages {
		all[r] = p
	}
	for r, p := range all {
		t.Run(string("page "+r), func(t *testing.T) {
			t.Parallel()
			resp, body, writes := deliver(t, p)
			if resp.StatusCode != p.status || !strings.HasSuffix(body, "</html>\n") || resp.ContentLength != int64(len(body)) {
				t.Errorf("%s with %d bytes of %d", resp.Status, len(body), resp.ContentLength)
			}
			if writes != 1 {
				t.Errorf("it took %d writes", writes)
			}
			for name, want := range map[string]string{
				"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Connection": "close",
				"Cross-Origin-Resource-Policy": "same-origin",
			} {
				if got := resp.Header.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
			if !strings.Contains(body, "terminal") || !strings.Contains(body, "close this window") {
				t.Error("it does not say whether the terminal got it and that the window can be closed")
			}
			checkPolicy(t, resp.Header.Get("Content-Security-Policy"), body)
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
func deliver(t *testing.T, p page) (*http.Response, string, int64) {
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
	raw, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	resp, body := answerOn(t, &replay{Conn: c, r: bytes.NewReader(raw)}, false)
	if resp == nil {
		t.Fatalf("no answer in %q", raw)
	}
	resp.Header.Set("Connection", headerOf(raw, "Connection"))
	return resp, body, counted.writes.Load()
}

// headerOf reads a header that net/http takes out of a response.
func headerOf(raw []byte, name string) string {
	m := regexp.MustCompile(`(?mi)^`+name+`: (.*)\r$`).FindAllSubmatch(raw, -1)
	if len(m) != 1 {
		return ""
	}
	return string(m[0][1])
}

type replay struct {
	net.Conn
	r io.Reader
}

func (r *replay) Read(b []byte) (int, error) { return r.r.Read(b) }

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
