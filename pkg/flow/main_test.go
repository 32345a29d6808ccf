package flow_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	yes = vnv.Phone("+99012345678")
	no  = vnv.Phone("+99012345677")

	freePort = "http://127.0.0.1:0/callback"
)

// story keeps the events of a flow.
type story struct {
	mu     sync.Mutex
	events []flow.Event
}

func (s *story) sink(e flow.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// names are the events as short words, in order.
func (s *story) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, e := range s.events {
		names = append(names, name(e))
	}
	return names
}

func name(e flow.Event) string {
	switch e := e.(type) {
	case flow.StepStarted:
		return "started " + string(e.Step)
	case flow.StepDone:
		return "done " + string(e.Step)
	case flow.StepFailed:
		return "failed " + string(e.Step)
	case flow.Listening:
		return "listening"
	case flow.AuthURL:
		return "auth_url " + string(e.Device)
	case flow.HopDone:
		return "hop " + e.Hop.Step
	case flow.CallbackReceived:
		return "callback " + e.Via
	case flow.Ignored:
		return "ignored " + string(e.Callback.Reason)
	case flow.Note:
		return "note " + string(e.Step)
	}
	return fmt.Sprintf("%T", e)
}

// newFlow is a flow against a sandbox, with its callback on a free port.
func newFlow(t *testing.T, far *sandbox.Server) (*flow.Flow, *story) {
	t.Helper()
	key, err := appjwt.ParseKey(far.PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	signer := &appjwt.Signer{ApplicationID: far.ApplicationID(), Key: key}
	s := &story{}
	return &flow.Flow{
		API: vnv.NumberVerification, BaseURL: far.URL(), ApplicationID: far.ApplicationID(),
		RedirectURI: freePort, Registered: far.Register, Sink: s.sink, Net: one4(),
		JWT: func(ctx context.Context) (vnv.Secret, error) {
			token, err := signer.Token(ctx)
			return vnv.Secret(token), err
		},
	}, s
}

// one4 resolves every name to 127.0.0.1, so that there is one address to dial.
func one4() follow.Net {
	return follow.Net{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}}
}

// want is the *vnv.Error that a flow must end with.
func want(t *testing.T, err error, op vnv.Op, kind vnv.Kind, part string) *vnv.Error {
	t.Helper()
	var e *vnv.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want a *vnv.Error", err, err)
	}
	if e.Op != op || e.Kind != kind || !strings.Contains(e.Error(), part) {
		t.Fatalf("%s, %s: %q, want %s, %s and %q in it", e.Op, e.Kind, e, op, kind, part)
	}
	return e
}

// asked counts the sandbox's requests by stage.
func asked(far *sandbox.Server) map[sandbox.Stage]int {
	n := map[sandbox.Stage]int{}
	for _, e := range far.Requests() {
		n[e.Stage]++
	}
	return n
}

// rude is a server that answers raw bytes and closes the connection. Say nothing to
// have it hang up without an answer.
type rude struct {
	net.Listener
	mu     sync.Mutex
	bodies []string
	conns  sync.WaitGroup
}

func newRude(t *testing.T, say func(n int) string) *rude {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rude{Listener: l}
	r.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.conns.Go(func() { r.answer(c, say) })
		}
	})
	t.Cleanup(func() { l.Close(); r.conns.Wait() })
	return r
}

func (r *rude) answer(c net.Conn, say func(n int) string) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute)) // a safety net
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.bodies = append(r.bodies, string(body))
	n := len(r.bodies)
	r.mu.Unlock()
	io.WriteString(c, say(n))
}

func (r *rude) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.bodies...)
}

func (r *rude) url() string { return "http://" + r.Addr().String() }

func answer(status, body string, headers ...string) string {
	lines := append([]string{"HTTP/1.1 " + status, "Content-Type: application/json", "Connection: close"}, headers...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// rudeFlow is a flow against a rude server, with a JWT that nobody checks.
func rudeFlow(r *rude) *flow.Flow {
	return &flow.Flow{
		API: vnv.NumberVerification, BaseURL: r.url(), ApplicationID: "app", RedirectURI: "https://app.example/cb", Net: one4(),
		JWT: func(context.Context) (vnv.Secret, error) { return "sample.jwt.value", nil },
	}
}

// get is one request of a device or a stranger.
func get(t *testing.T, target string) {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: true}
	res, err := (&http.Client{Transport: tr}).Get(target)
	if err != nil {
		t.Error(err)
		return
	}
	res.Body.Close()
}

// withQuery puts a query behind a URL.
func withQuery(base string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return base + "?" + q.Encode()
}

// countDials counts the connections that a flow makes; the function that comes back
// holds them to so many hosts, one connection each.
func countDials(f *flow.Flow) func(t *testing.T, hosts int) {
	var mu sync.Mutex
	dials := map[string]int{}
	f.Net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		mu.Lock()
		dials[addr]++
		mu.Unlock()
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	return func(t *testing.T, hosts int) {
		t.Helper()
		if len(dials) != hosts {
			t.Errorf("dialled %v, want %d hosts", dials, hosts)
		}
		for addr, n := range dials {
			if n != 1 {
				t.Errorf("%s was dialled %d times", addr, n)
			}
		}
	}
}
