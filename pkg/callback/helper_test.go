package callback

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds every wait of these tests; none of them counts on it.
const patience = 20 * time.Second

const ourState = "S3cr3t-state_of.this~attempt"

const toOurState = "&state=" + ourState

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

// reply is an answer of the listener; status 0 means that the connection ended without one.
type reply struct {
	status int
	header http.Header
	body   string
	closes bool // it carried Connection: close
}

// whole reports whether it is one of our pages to the last byte, and the last on its connection.
func (r reply) whole() bool {
	return r.closes && strings.HasSuffix(r.body, "</html>\n") && r.header.Get("Content-Length") == strconv.Itoa(len(r.body))
}

// get requests path (with its query).
func get(t *testing.T, l *Listener, path string) reply {
	t.Helper()
	return talk(t, l.Addrs()[0], "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

// talk sends bytes as they are and reads one answer.
func talk(t *testing.T, addr, request string) reply {
	t.Helper()
	c := dial(t, addr)
	defer c.Close()
	go func() { _, _ = io.WriteString(c, request) }()
	method, _, _ := strings.Cut(request, " ")
	return readReply(c, method)
}

func readReply(r io.Reader, method string) reply {
	resp, err := http.ReadResponse(bufio.NewReader(r), &http.Request{Method: method})
	if err != nil {
		return reply{}
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body), resp.Close}
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
	r := get(t, l, "/callback?code=true-code&state="+ourState)
	if r.status != http.StatusOK || !r.whole() || !strings.Contains(r.body, "received") {
		t.Fatalf("the true callback was answered with %+v", r)
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
