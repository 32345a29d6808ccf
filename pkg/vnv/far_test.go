package vnv_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// far is a server made of a raw loopback socket: it answers bytes, not what
// a library thinks that they mean.
type far struct {
	net.Listener
	answer func(n int, c net.Conn) // the request was read whole; n counts from 1
	mu     sync.Mutex
	got    []string
	conns  sync.WaitGroup
}

// newFar answers each request on a connection of its own, or the answer func
// says otherwise, and ends with the test.
func newFar(t *testing.T, answer func(n int, c net.Conn)) *far {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &far{Listener: l, answer: answer}
	f.conns.Go(f.serve)
	t.Cleanup(func() { l.Close(); f.conns.Wait() })
	return f
}

func says(raw string) func(int, net.Conn) {
	return func(_ int, c net.Conn) { io.WriteString(c, raw) }
}

func (f *far) serve() {
	for {
		c, err := f.Accept()
		if err != nil {
			return
		}
		f.conns.Go(func() {
			defer c.Close()
			c.SetDeadline(time.Now().Add(time.Minute)) // a safety net
			if raw := readRequest(c); raw != "" {
				f.answer(f.note(raw), c)
			}
		})
	}
}

func (f *far) note(raw string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, raw)
	return len(f.got)
}

func (f *far) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.got...)
}

func (f *far) url() string { return "http://" + f.Addr().String() }

// readRequest returns a request's bytes, "" if none came.
func readRequest(c net.Conn) string {
	var seen bytes.Buffer
	req, err := http.ReadRequest(bufio.NewReader(io.TeeReader(c, &seen)))
	if err != nil {
		return ""
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return ""
	}
	return seen.String()
}

// newClient talks to base over connections of its own, which end with the test.
func newClient(t *testing.T, base string) *vnv.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &vnv.Client{
		BaseURL:    base,
		JWT:        func(context.Context) (vnv.Secret, error) { return "sample.jwt.value", nil },
		HTTP:       &http.Client{Transport: tr, Timeout: 30 * time.Second},
		Correlator: "sample-correlator",
	}
}

const (
	samplePhone = vnv.Phone("+99012345678")
	sampleState = vnv.Secret("canary-state-value")
	sampleCode  = vnv.Secret("canary-code-value")
	sampleToken = vnv.Secret("canary-token-value")
)

// do runs one step with sample values.
func do(ctx context.Context, c *vnv.Client, op vnv.Op) (err error) {
	switch op {
	case vnv.OpEnable:
		_, err = c.Enable(ctx, vnv.EnableRequest{Phone: samplePhone, State: sampleState})
	case vnv.OpExchange:
		_, err = c.Exchange(ctx, vnv.ExchangeRequest{Code: sampleCode, RedirectURI: "https://app.example/cb"})
	default:
		_, err = c.Verify(ctx, vnv.VerifyRequest{AccessToken: sampleToken, Phone: samplePhone})
	}
	return err
}

var apiOps = []vnv.Op{vnv.OpEnable, vnv.OpExchange, vnv.OpVerify}

// failure is the *Error that a step must end with; nothing of ours is in it.
func failure(t *testing.T, err error) *vnv.Error {
	t.Helper()
	var e *vnv.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want a *vnv.Error", err, err)
	}
	for _, canary := range []vnv.Secret{sampleState, sampleCode, sampleToken, "sample.jwt.value"} {
		for _, text := range []string{e.Error(), e.Detail, e.Code, e.TraceID} {
			if strings.Contains(text, canary.Reveal()) {
				t.Errorf("a secret is in %q", text)
			}
		}
	}
	if !strings.HasPrefix(e.Error(), string(e.Op)+": ") {
		t.Errorf("%q does not begin with its step %s", e, e.Op)
	}
	return e
}

// http200 is a good answer with that body.
func http200(contentType, body string) string { return httpAnswer("200 OK", contentType, body) }

func httpAnswer(status, contentType, body string, headers ...string) string {
	lines := append([]string{"HTTP/1.1 " + status, "Content-Type: " + contentType, "Connection: close"}, headers...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}
