package callback

import (
	"net"
	"net/http"
	"testing"
	"time"
)

// BenchmarkListenerReady prints what it takes until the first connection is accepted, as a ratio to a plain net/http
// server on the same number of sockets, both measured in turn (performance.md, row 14).
func BenchmarkListenerReady(b *testing.B) {
	for name, c := range map[string]struct {
		redirect string
		plain    []string
	}{
		"one":       {"http://127.0.0.1:0/callback", []string{"127.0.0.1:0"}},
		"localhost": {"http://localhost:0/callback", []string{"127.0.0.1:0", "[::1]:0"}},
	} {
		b.Run(name, func(b *testing.B) {
			var ours, plain time.Duration
			for i := 0; b.Loop(); i++ {
				if i%2 == 0 {
					ours += ready(b, c.redirect)
					plain += plainReady(b, c.plain)
				} else {
					plain += plainReady(b, c.plain)
					ours += ready(b, c.redirect)
				}
			}
			b.ReportMetric(float64(ours)/float64(plain), "ours/plain")
		})
	}
}

func ready(b *testing.B, redirect string) time.Duration {
	b.Helper()
	start := time.Now()
	l, err := Listen(b.Context(), Options{RedirectURI: redirect, State: ourState})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	connect(b, l.Addrs()[0])
	return time.Since(start)
}

func plainReady(b *testing.B, addrs []string) time.Duration {
	b.Helper()
	start := time.Now()
	server := &http.Server{Handler: http.NotFoundHandler()}
	defer server.Close()
	var first string
	for _, addr := range addrs {
		s, err := net.Listen("tcp", addr)
		if err != nil {
			b.Skip(err)
		}
		if first == "" {
			first = s.Addr().String()
		}
		go func() { _ = server.Serve(s) }()
	}
	connect(b, first)
	return time.Since(start)
}

// connect asks and waits for the first byte of an answer, so that the connection was accepted.
func connect(b *testing.B, addr string) {
	b.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		b.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkJudge(b *testing.B) {
	const query = "code=0123456789abcdef&state=" + ourState
	for b.Loop() {
		if judge(query, ourState, inQuery).reason != "" {
			b.Fatal("not taken")
		}
	}
}
