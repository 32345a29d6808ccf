package vnv_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// reset closes a connection with RST.
func reset(_ int, c net.Conn) { c.(*net.TCPConn).SetLinger(0) }

// silence waits until the other side goes.
func silence(_ int, c net.Conn) { io.Copy(io.Discard, c) }

func half(_ int, c net.Conn) {
	io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"access")
}

func drip(_ int, c net.Conn) {
	io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{")
	io.Copy(io.Discard, c)
}

// T4, E10: the request was read, then no whole answer came.
func TestNoWholeAnswer(t *testing.T) {
	t.Parallel()
	faults := []struct {
		name    string
		do      func(int, net.Conn)
		timeout time.Duration
		text    string
	}{
		{"reset", reset, time.Minute, "waiting for the answer"},
		{"closed", func(int, net.Conn) {}, time.Minute, "the connection was closed"},
		{"silence", silence, 50 * time.Millisecond, "timed out while waiting for the answer"},
		{"half an answer", half, time.Minute, "reading the answer: the connection was closed"},
		{"body drip", drip, 50 * time.Millisecond, "timed out while reading the answer"},
		{"no HTTP", says("SSH-2.0-OpenSSH\r\n"), time.Minute, "malformed HTTP"},
		{"half a head", says("HTTP/1.1 200 OK\r\nContent-"), time.Minute, "reading the answer"},
	}
	for _, fault := range faults {
		for _, op := range apiOps {
			t.Run(fault.name+"/"+string(op), func(t *testing.T) {
				t.Parallel()
				far := newFar(t, fault.do)
				c := newClient(t, far.url())
				c.HTTP.Timeout = fault.timeout
				err := do(t.Context(), c, op)
				e := failure(t, err)
				want := map[bool]vnv.Kind{true: vnv.KindNetwork, false: vnv.KindUnknownOutcome}[op == vnv.OpEnable]
				if e.Kind != want || e.Sent != vnv.SentMaybe {
					t.Errorf("kind %s sent %s, want %s maybe", e.Kind, e.Sent, want)
				}
				if !strings.Contains(e.Error(), fault.text) {
					t.Errorf("%q does not say %q", e, fault.text)
				}
				if n := len(far.requests()); n != 1 {
					t.Errorf("%d requests, want 1", n)
				}
			})
		}
	}
}

// A status says enough, even when the body behind it breaks off.
func TestBrokenBodyOfARefusal(t *testing.T) {
	t.Parallel()
	far := newFar(t, says("HTTP/1.1 400 Bad Request\r\nContent-Length: 900\r\n\r\n{\"error\""))
	err := do(t.Context(), newClient(t, far.url()), vnv.OpExchange)
	if e := failure(t, err); e.Kind != vnv.KindRefused || e.Status != http.StatusBadRequest || e.Sent != vnv.SentYes {
		t.Errorf("kind %s status %d sent %s", e.Kind, e.Status, e.Sent)
	}
}

// flakyDial refuses the first dials.
func flakyDial(c *vnv.Client, refusals int32) *atomic.Int32 {
	var dials atomic.Int32
	c.HTTP.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials.Add(1) <= refusals {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	return &dials
}

// T5: refused before anything was written, so a second try is safe; enable
// is left to the caller, who has to make a new state.
func TestOneRetryWhenNothingWasWritten(t *testing.T) {
	t.Parallel()
	for _, op := range apiOps {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			far := newFar(t, says(http200("application/json",
				`{"access_token":"abcdefgh","token_type":"Bearer","devicePhoneNumberVerified":true}`)))
			c := newClient(t, far.url())
			dials := flakyDial(c, 1)
			err := do(t.Context(), c, op)
			if op == vnv.OpEnable {
				if e := failure(t, err); e.Kind != vnv.KindNetwork || e.Sent != vnv.SentNo || dials.Load() != 1 {
					t.Errorf("kind %s sent %s after %d dials", e.Kind, e.Sent, dials.Load())
				}
				return
			}
			if err != nil || dials.Load() != 2 || len(far.requests()) != 1 {
				t.Errorf("error %v, %d dials, %d requests; want nil, 2, 1", err, dials.Load(), len(far.requests()))
			}
		})
	}
}

func TestNotMoreThanOneRetry(t *testing.T) {
	t.Parallel()
	c := newClient(t, "http://127.0.0.1:9")
	dials := flakyDial(c, 9)
	err := do(t.Context(), c, vnv.OpVerify)
	e := failure(t, err)
	if e.Kind != vnv.KindNetwork || e.Sent != vnv.SentNo || dials.Load() != 2 {
		t.Errorf("kind %s sent %s after %d dials, want network, no, 2", e.Kind, e.Sent, dials.Load())
	}
	if want := "verify: getting a connection: dial tcp: connection refused"; e.Error() != want {
		t.Errorf("%q, want %q", e, want)
	}
}

// A connection that fails at the first byte: it may have left all the same.
func TestFailedWrite(t *testing.T) {
	t.Parallel()
	for _, op := range apiOps {
		c := newClient(t, "http://127.0.0.1:9")
		dials := 0
		c.HTTP.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
			dials++
			here, there := net.Pipe()
			there.Close()
			return here, nil
		}
		err := do(t.Context(), c, op)
		want := map[bool]vnv.Kind{true: vnv.KindNetwork, false: vnv.KindUnknownOutcome}[op == vnv.OpEnable]
		if e := failure(t, err); e.Kind != want || e.Sent != vnv.SentMaybe || dials != 1 {
			t.Errorf("%s: kind %s sent %s after %d dials", op, e.Kind, e.Sent, dials)
		}
	}
}

// A transport that tells nothing of what it wrote gets no benefit of doubt.
func TestSilentTransport(t *testing.T) {
	t.Parallel()
	c := newClient(t, "http://127.0.0.1:9")
	calls := 0
	c.HTTP.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
		calls++
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	})
	err := do(t.Context(), c, vnv.OpExchange)
	if e := failure(t, err); e.Kind != vnv.KindUnknownOutcome || e.Sent != vnv.SentMaybe || calls != 1 {
		t.Errorf("kind %s sent %s after %d calls", e.Kind, e.Sent, calls)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Nothing below may send a request again, or read our URL into an error.
func TestRequestIsNotReplayable(t *testing.T) {
	t.Parallel()
	c := newClient(t, "http://127.0.0.1:9")
	c.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.GetBody != nil || r.Header.Get("Idempotency-Key") != "" {
			t.Error("the request can be replayed")
		}
		return nil, errors.New("no")
	})
	for _, op := range apiOps {
		err := do(t.Context(), c, op)
		failure(t, err)
	}
}

// T9: the server closes an idle connection; the next call dials anew and
// its request arrives once.
func TestIdleConnectionClosedByServer(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	far := newFar(t, func(n int, c net.Conn) {
		answer := `{"devicePhoneNumberVerified":true}`
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n"+answer)
		if n == 1 {
			c.Close()
			close(closed)
		}
	})
	c := newClient(t, far.url())
	if err := do(t.Context(), c, vnv.OpVerify); err != nil {
		t.Fatal(err)
	}
	<-closed
	err := do(t.Context(), c, vnv.OpVerify)
	if err != nil {
		if e := failure(t, err); e.Kind != vnv.KindUnknownOutcome {
			t.Errorf("kind %s", e.Kind)
		}
	}
	if n := len(far.requests()); n > 2 {
		t.Errorf("%d requests, want at most 2", n)
	}
}

// E7, T6: whatever the redirect says, nothing goes there.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	trap := newFar(t, says(http200("application/json", `{}`)))
	for _, location := range []string{trap.url() + "/x", "http://%zz", "", "//["} {
		for _, status := range []string{"301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"} {
			for _, op := range apiOps {
				far := newFar(t, says(httpAnswer(status, "text/plain", "", "Location: "+location)))
				err := do(t.Context(), newClient(t, far.url()), op)
				if e := failure(t, err); e.Kind != vnv.KindUnusable || !strings.Contains(e.Error(), "redirect") {
					t.Errorf("%s %s to %q: %s %q", op, status, location, e.Kind, e)
				}
			}
		}
	}
	if n := len(trap.requests()); n != 0 {
		t.Errorf("%d requests went to the redirect's target", n)
	}
}

// E8: the check that failed can be found with errors.As.
func TestTLSFailures(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	trusted := x509.NewCertPool()
	trusted.AddCert(server.Certificate())
	cases := []struct {
		name   string
		config *tls.Config
		is     func(error) bool
	}{
		{"unknown authority", &tls.Config{RootCAs: x509.NewCertPool()}, as[x509.UnknownAuthorityError]},
		{"wrong host", &tls.Config{RootCAs: trusted, ServerName: "other.example.org"}, as[x509.HostnameError]},
		{"expired", &tls.Config{RootCAs: trusted, Time: func() time.Time { return server.Certificate().NotAfter.AddDate(1, 0, 0) }}, as[x509.CertificateInvalidError]},
		{"version", &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, as[*net.OpError]},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, server.URL)
			c.HTTP.Transport.(*http.Transport).TLSClientConfig = tc.config
			err := do(t.Context(), c, vnv.OpVerify)
			e := failure(t, err)
			if e.Kind != vnv.KindNetwork || e.Sent != vnv.SentNo || !strings.Contains(e.Error(), "in the TLS handshake") {
				t.Errorf("kind %s sent %s: %q", e.Kind, e.Sent, e)
			}
			if !tc.is(err) {
				t.Errorf("%v does not say which check failed", err)
			}
		})
	}
}

func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// E9: a name that does not resolve.
func TestDNSFailure(t *testing.T) {
	t.Parallel()
	c := newClient(t, "https://api.example")
	calls := 0
	c.HTTP.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
		calls++
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "api.example", IsNotFound: true}}
	}
	err := do(t.Context(), c, vnv.OpExchange)
	if e := failure(t, err); e.Kind != vnv.KindNetwork || e.Sent != vnv.SentNo || !as[*net.DNSError](err) || calls != 1 {
		t.Errorf("kind %s sent %s after %d dials: %v", e.Kind, e.Sent, calls, err)
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	for _, op := range apiOps {
		ctx, cancel := context.WithCancel(t.Context())
		far := newFar(t, func(n int, c net.Conn) { cancel(); silence(n, c) })
		err := do(ctx, newClient(t, far.url()), op)
		if e := failure(t, err); e.Kind != vnv.KindCanceled || e.Sent != vnv.SentMaybe || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: kind %s sent %s: %v", op, e.Kind, e.Sent, err)
		}
		err = do(ctx, newClient(t, far.url()), op)
		if e := failure(t, err); e.Kind != vnv.KindCanceled || e.Sent != vnv.SentNo || len(far.requests()) != 1 {
			t.Errorf("%s again: kind %s sent %s, %d requests", op, e.Kind, e.Sent, len(far.requests()))
		}
	}
}

// HTTP/2 has retries of its own: not here. The private transport of a zero
// Client leaves nothing behind.
func TestHTTP2AndPrivateTransport(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.ProtoMajor == 2 {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, `{"devicePhoneNumberVerified":true}`)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	c := newClient(t, server.URL)
	c.HTTP.Transport = server.Client().Transport
	err := do(t.Context(), c, vnv.OpVerify)
	if e := failure(t, err); e.Kind != vnv.KindUnknownOutcome || e.Sent != vnv.SentMaybe || requests.Load() != 1 {
		t.Errorf("kind %s sent %s after %d requests: %v", e.Kind, e.Sent, requests.Load(), e)
	}

	plain := httptest.NewServer(server.Config.Handler)
	t.Cleanup(plain.Close)
	zero := &vnv.Client{BaseURL: plain.URL}
	if err := do(t.Context(), zero, vnv.OpVerify); err != nil {
		t.Error(err)
	}
	zero.CloseIdleConnections()
}

// A wrapped *url.Error would repeat the URL with its query.
func TestURLIsNotRepeated(t *testing.T) {
	t.Parallel()
	c := newClient(t, "")
	c.URLs = map[vnv.Op]string{vnv.OpVerify: "http://127.0.0.1:9/verify?key=canary-state-value"}
	c.HTTP.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		return (&http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("no way")
		}}}).Do(&http.Request{Method: http.MethodGet, URL: r.URL})
	})
	err := do(t.Context(), c, vnv.OpVerify)
	if e := failure(t, err); !strings.Contains(e.Error(), "no way") || strings.Contains(e.Error(), "?") {
		t.Errorf("%q", e)
	}
}
