package follow

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// raw answers with bytes instead of HTTP, and then does what after says with the connection.
func raw(answer string, after func(net.Conn)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		io.WriteString(conn, answer)
		if after != nil {
			after(conn)
		}
		conn.Close()
	}
}

// reset makes closing a connection send RST.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
}

// endless writes until the far side has enough.
func endless(status int, contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Location", callback)
		w.WriteHeader(status)
		for block := bytes.Repeat([]byte("x"), 1<<12); ; {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
}

// bomb is 64 MiB of spaces in 64 KiB of gzip.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	io.WriteString(z, "<title>bomb</title>")
	for block := bytes.Repeat([]byte(" "), 1<<16); ; {
		if _, err := z.Write(block); err != nil {
			return
		}
	}
}

// found is an answer as it should be.
const found = "HTTP/1.1 302 Found\r\nLocation: " + callback + "\r\nContent-Length: 0\r\n\r\n"

// hostile are answers over plain http, so that bytes can be written as they are.
var hostile = []struct {
	name   string
	answer http.HandlerFunc
	want   Reason // empty: the callback
	phase  string
}{
	{"HTTP/1.0", raw("HTTP/1.0 302 Found\r\nLocation: "+callback+"\r\n\r\n", nil), "", ""},
	{"early hints", raw("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"+found, nil), "", ""},
	{"many early hints", raw(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 5)+found, nil), "", ""},
	{"endless body of a redirect", endless(302, "text/plain"), "", ""},
	{"body of a redirect that breaks", raw("HTTP/1.1 302 Found\r\nLocation: "+callback+"\r\nContent-Length: 9\r\n\r\nx", nil), "", ""},
	{"body of a redirect that never comes", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", callback)
		w.Header().Set("Content-Length", "9")
		w.WriteHeader(http.StatusFound)
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, "", ""},
	{"endless page", endless(200, "text/html"), ReasonPage, ""},
	{"gzip bomb", bomb, ReasonPage, ""},
	{"no gzip", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		io.WriteString(w, "no gzip at all")
	}, ReasonNetwork, trace.PhaseBody},
	{"header flood", raw("HTTP/1.1 302 Found\r\nLocation: "+callback+"\r\n"+strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 300)+"\r\n", nil), ReasonNetwork, trace.PhaseAnswer},
	{"no HTTP", raw("\x1b]0;SSH-2.0 "+canary+"\r\n\r\n", nil), ReasonNetwork, trace.PhaseAnswer},
	{"reset before the answer", raw("", reset), ReasonNetwork, trace.PhaseAnswer},
	{"closed in the header", raw("HTTP/1.1 302 Found\r\nLocation: /x", nil), ReasonNetwork, trace.PhaseAnswer},
	{"page cut short", raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<p>", nil), ReasonNetwork, trace.PhaseBody},
	{"silence", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, ReasonTimeout, trace.PhaseAnswer},
	{"page that stalls", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<p>")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, ReasonTimeout, trace.PhaseBody},
}

func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, map[string]http.HandlerFunc{"plain.example/x": c.answer})
			limit := 20 * time.Second
			if c.want == ReasonTimeout {
				limit = 200 * time.Millisecond
			}
			res, err := w.follow(t.Context(), "http://plain.example/x", Options{RedirectURI: redirect, HopTimeout: limit})
			if c.want == "" {
				if err != nil || res.Callback != callback {
					t.Errorf("got %+v, %v", res, err)
				}
				return
			}
			if err == nil || err.Reason != c.want || err.Phase != c.phase || len(res.Body) > maxBody {
				t.Errorf("got %v (%+v), want %s in phase %q", err, err, c.want, c.phase)
			}
			if c.want != ReasonPage && c.name != "no gzip" && w.recorder.Hops()[0].Error == "" {
				t.Error("the hop does not tell")
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ url, phase, text string }{
		{"https://nowhere.invalid/", trace.PhaseDNS, "no such host"},
		{"https://wrong.example/", trace.PhaseTLS, "certificate is valid for other.example, not wrong.example"},
		{"https://expired.example/", trace.PhaseTLS, "certificate has expired"},
	} {
		w := newWorld(t, nil)
		_, err := w.follow(t.Context(), c.url, Options{})
		if err == nil || err.Reason != ReasonNetwork || err.Phase != c.phase || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %q", c.url, err, c.text)
		}
	}
}

// TestWholeTime: the context bounds all hops together, and what was traced is kept.
func TestWholeTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cause error
		want  Reason
	}{{context.DeadlineExceeded, ReasonTimeout}, {context.Canceled, ReasonCanceled}} {
		reached := make(chan struct{})
		w := newWorld(t, map[string]http.HandlerFunc{
			"op.example/auth": to(302, "/b"), "op.example/b": to(302, "/c"),
			"op.example/c": func(_ http.ResponseWriter, r *http.Request) {
				close(reached)
				<-r.Context().Done()
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		if errors.Is(c.cause, context.DeadlineExceeded) {
			ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		} else {
			go func() { <-reached; cancel() }()
		}
		res, err := w.follow(ctx, start, Options{})
		cancel()
		if err == nil || err.Reason != c.want || err.Hop != 3 || res.Redirects != 2 || len(w.recorder.Hops()) != 3 {
			t.Errorf("got %v, %+v", err, res)
		}
	}
}
