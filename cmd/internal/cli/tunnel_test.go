package cli

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// TestTunnel: whether the public URL leads to our own listener, and what answers if not.
func TestTunnel(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page string // of something in between; empty: nothing is
		path string // that the tunnel puts in front
		says []string
	}{
		"reached":      {"", "", nil},
		"interstitial": {answerOf("200 OK", "text/html", "<title>You are about to visit\x1b[31m</title>"), "", []string{"http://tunnel.example/cb does not lead here: something else answered 200 with text/html", `“You are about to visit`, "Does the tunnel run, and does it lead to 127.0.0.1:"}},
		"another":      {answerOf("404 Not Found", "text/plain", ""), "", []string{"something else answered 404 with text/plain"}},
		"nothing":      {"nothing", "", []string{"does not lead here: ", "connection refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := callback.Listen(t.Context(), callback.Options{RedirectURI: "http://tunnel.example/cb", Listen: "127.0.0.1:0", State: "state-of-this-attempt"})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			behind := l.Addrs()[0]
			if c.page != "" && c.page != "nothing" {
				front, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				f := &far{Listener: front, got: map[string][]*http.Request{}, sent: map[string][]string{}}
				f.serve(t, func(conn net.Conn, _ *http.Request) { io.WriteString(conn, c.page) })
				behind = front.Addr().String()
			}
			network := follow.Net{
				Lookup: func(context.Context, string) ([]netip.Addr, error) {
					return []netip.Addr{netip.MustParseAddr("192.0.2.7")}, nil
				},
				Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
					if c.page == "nothing" {
						return nil, errors.New("connection refused")
					}
					return (&net.Dialer{}).DialContext(ctx, network, behind)
				},
			}
			r := &stepRun{app: &app{mask: &trace.Mask{}}}
			text := r.tunnel(network)(t.Context(), l)
			if (text == "") != (c.says == nil) || strings.Contains(text, "\x1b") || strings.Contains(text, "vnv_probe=") && !strings.Contains(text, "~") {
				t.Errorf("it says %q", text)
			}
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in %q", want, text)
				}
			}
		})
	}
}
