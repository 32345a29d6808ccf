package callback

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds every wait of these tests; none of them counts on it.
const patience = 20 * time.Second

const ourState = "S3cr3t-state_of.this~attempt"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ignoredLog gathers what OnIgnored heard.
type ignoredLog struct {
	mu   sync.Mutex
	all  []Ignored
	more chan struct{} // one token after each
}

func (g *ignoredLog) add(i Ignored) {
	g.mu.Lock()
	g.all = append(g.all, i)
	g.mu.Unlock()
	select {
	case g.more <- struct{}{}:
	default:
	}
}

func (g *ignoredLog) count(r Reason) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, i := range g.all {
		if i.Reason == r {
			n++
		}
	}
	return n
}

// await waits until r was heard n times.
func (g *ignoredLog) await(t *testing.T, r Reason, n int) {
	t.Helper()
	deadline := time.After(patience)
	for g.count(r) < n {
		select {
		case <-g.more:
		case <-deadline:
			t.Fatalf("%s was heard %d times, want %d: %v", r, g.count(r), n, g.all)
		}
	}
}

// listen starts a listener on a free port, closed with the test.
func listen(t *testing.T, change ...func(*Options)) (*Listener, *ignoredLog) {
	t.Helper()
	heard := &ignoredLog{more: make(chan struct{}, 1)}
	o := Options{RedirectURI: "http://127.0.0.1:0/callback", State: ourState, OnIgnored: heard.add}
	for _, c := range change {
		c(&o)
	}
	l, err := Listen(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, heard
}

func patiently(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// get requests path (with its query) and returns the answer and its body.
func get(t *testing.T, l *Listener, path string) (*http.Response, string) {
	t.Helper()
	return talk(t, l.Addrs()[0], "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

// talk sends bytes as they are and reads one answer; a nil answer means that the connection ended without one.
func talk(t *testing.T, addr, request string) (*http.Response, string) {
	t.Helper()
	c := dial(t, addr)
	defer c.Close()
	go func() { _, _ = io.WriteString(c, request) }()
	return answerOn(t, c, strings.HasPrefix(request, "HEAD"))
}

func answerOn(t *testing.T, c net.Conn, head bool) (*http.Response, string) {
	t.Helper()
	method := http.MethodGet
	if head {
		method = http.MethodHead
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		return nil, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Logf("reading the body: %v", err)
	}
	return resp, string(body)
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// mustEnd requests the true callback and checks that it is what Wait returns.
func mustEnd(t *testing.T, l *Listener) *Callback {
	t.Helper()
	resp, body := get(t, l, "/callback?code=true-code&state="+ourState)
	if resp == nil || resp.StatusCode != http.StatusOK || !strings.Contains(body, "received") {
		t.Fatalf("the true callback was answered with %v %q", resp, body)
	}
	c, err := l.Wait(patiently(t))
	if err != nil {
		t.Fatalf("the true callback lost: %v", err)
	}
	if c.Code != "true-code" || c.State != ourState || c.Via != ViaHTTP {
		t.Fatalf("got %q, %q by %s", c.Code, c.State, c.Via)
	}
	return c
}

// wantReason checks that err is an *Error for reason.
func wantReason(t *testing.T, err error, reason Reason) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Reason != reason {
		t.Fatalf("got error %v, want reason %q", err, reason)
	}
	return e
}

// ended is a context whose time is over.
func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
