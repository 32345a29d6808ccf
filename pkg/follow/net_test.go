package follow

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// TestOneConnectionPerHost: API calls and the chain share connections (HTTP/2 over TLS, HTTP/1.1
// without), and the roots are loaded once, at the first TLS connection.
func TestOneConnectionPerHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]http.HandlerFunc{
		"api.example/enable": say(200, "application/json", `{}`),
		"api.example/a":      to(302, "https://op.example/b"),
		"op.example/b":       to(302, "http://plain.example/c"),
		"plain.example/c":    to(302, "http://plain.example/d"),
		"plain.example/d":    to(302, "https://api.example/e"),
		"api.example/e":      to(302, callback),
	})
	call := func(url string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := w.recorder.Step("enable").RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	if _, err := w.follow(t.Context(), "http://plain.example/c?", Options{MaxHops: -1}); err == nil || w.roots != 0 {
		t.Errorf("the roots were loaded for plain http (%v)", err)
	}
	call("https://api.example/enable")
	if _, err := w.follow(t.Context(), "https://api.example/a", Options{RedirectURI: redirect}); err != nil {
		t.Fatal(err)
	}
	call("https://api.example/enable")
	if w.accepted != 3 || w.roots != 1 {
		t.Errorf("%d connections to 3 hosts, %d loads of the roots, dialled %v", w.accepted, w.roots, w.dialled)
	}
	for _, h := range w.recorder.Hops() {
		if want := map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"}[strings.HasPrefix(h.URL, "https")]; h.Proto != want {
			t.Errorf("%s over %s", h.URL, h.Proto)
		}
	}
}

func TestRootsThatCannotBeLoaded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	n, broken := w.net, errors.New("no certificate in ca.pem")
	n.Roots = func() (*x509.CertPool, error) { return nil, broken }
	w.use(n)
	_, err := w.follow(t.Context(), start, Options{})
	if err == nil || err.Reason != ReasonNetwork || !errors.Is(err, broken) || !strings.HasSuffix(err.Error(), "could not be asked: no certificate in ca.pem") {
		t.Errorf("got %v", err)
	}
}

// slow is an error that calls itself a timeout.
type slow struct{ error }

func (slow) Timeout() bool { return true }

func TestLimitsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	n := w.net
	n.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, slow{errors.New("resolver gave up")} }
	w.use(n)
	_, err := w.follow(t.Context(), start, Options{})
	if err == nil || err.Reason != ReasonTimeout || err.Detail != "resolver gave up" || err.Phase != trace.PhaseDNS {
		t.Errorf("got %v in phase %q", err, err.Phase)
	}
}

// TestGoAway: a server that ends its connections after every answer loses no hop.
func TestGoAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]http.HandlerFunc{
		"op.example/auth": to(302, "/b", "Connection", "close"), "op.example/b": to(302, "/c", "Connection", "close"),
		"op.example/c": to(302, callback, "Connection", "close"),
	})
	res, err := w.follow(t.Context(), start, Options{RedirectURI: redirect})
	if err != nil || res.Hops != 3 {
		t.Errorf("got %+v, %v", res, err)
	}
}

// TestMachinesOwn: the zero Net asks a server on loopback.
func TestMachinesOwn(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(say(200, "application/json", `{"request_id":"r"}`))
	defer s.Close()
	transport := Net{}.Transport()
	defer transport.CloseIdleConnections()
	f := &Follower{Transport: transport, Options: Options{Named: []string{s.URL}}}
	res, err := f.Follow(t.Context(), s.URL+"/x")
	if err != nil || res.End != EndAnswer || string(res.Body) != `{"request_id":"r"}` || res.ContentType != "application/json" {
		t.Errorf("got %+v, %v", res, err)
	}
	f.Options.Named = nil
	if _, err := f.Follow(t.Context(), s.URL+"/x"); err == nil || !strings.HasSuffix(err.Error(), "refused: 127.0.0.1 is a loopback address") {
		t.Errorf("got %v", err)
	}
}

func TestPlainDialIsNotJudged(t *testing.T) {
	t.Parallel()
	var dialled string
	n := Net{Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
		dialled = addr
		return nil, io.ErrUnexpectedEOF
	}}
	if _, err := n.dial(t.Context(), "tcp", "internal.example:443"); !errors.Is(err, io.ErrUnexpectedEOF) || dialled != "internal.example:443" {
		t.Errorf("got %v, dialled %q; want the name left to the dialer", err, dialled)
	}
}

// What the scripted dialer does at an address.
const hang, fail, ok = "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"

// scripted is a net that counts its attempts.
func scripted(tried *atomic.Int64) Net {
	return Net{Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
		tried.Add(1)
		switch addr {
		case fail:
			return nil, errors.New(addr)
		case hang:
			<-ctx.Done()
			return nil, ctx.Err()
		}
		a, b := net.Pipe()
		a.Close()
		return named{b, addr}, nil
	}}
}

// TestConnectAny: the addresses of a name are tried in turn, each after a head start, on a clock of
// the test's own.
func TestConnectAny(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		addrs string
		want  string // the address, or the error
		after time.Duration
		tried int64
	}{
		{"192.0.2.3", ok, 0, 1},
		{"192.0.2.3 192.0.2.1", ok, 0, 1},
		{"192.0.2.2 192.0.2.3", ok, 0, 2},
		{"192.0.2.1 192.0.2.3", ok, headStart, 2},
		{"192.0.2.1 192.0.2.2 192.0.2.3", ok, headStart, 3},
		{"192.0.2.2 192.0.2.2", fail, 0, 2},
		{"192.0.2.1 192.0.2.2", context.DeadlineExceeded.Error(), time.Minute, 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			var tried atomic.Int64
			n := scripted(&tried)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var addrs []netip.Addr
			for a := range strings.FieldsSeq(c.addrs) {
				addrs = append(addrs, netip.MustParseAddr(a))
			}
			begin := time.Now()
			conn, err := n.connectAny(ctx, "tcp", addrs, "1")
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = conn.(named).addr
				conn.Close()
			}
			synctest.Wait()
			if took := time.Since(begin); got != c.want && (c.want != context.DeadlineExceeded.Error() || !strings.Contains(got, fail)) || took != c.after || tried.Load() != c.tried {
				t.Errorf("%s: got %s after %v and %d attempts, want %s after %v and %d", c.addrs, got, took, tried.Load(), c.want, c.after, c.tried)
			}
		})
	}
}

// named is a connection that knows what was dialled.
type named struct {
	net.Conn
	addr string
}

// BenchmarkTracedChain prints what a chain of four hops costs traced and bare, and the ratio.
func BenchmarkTracedChain(b *testing.B) {
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	defer s.Close()
	for _, at := range []string{"1", "2", "3"} {
		mux.HandleFunc("/"+at, to(302, "/"+string(at[0]+1)+"?client_id=x&state=v2_840e17a8-aaaa&scope=a", "Set-Cookie", "c=1"))
	}
	mux.HandleFunc("/4", to(302, callback))
	transport := Net{}.Transport()
	defer transport.CloseIdleConnections()
	o := Options{RedirectURI: redirect, Named: []string{s.URL}}
	follow := func(rt http.RoundTripper) time.Duration {
		begin := time.Now()
		if _, err := (&Follower{Transport: rt, Options: o}).Follow(b.Context(), s.URL+"/1"); err != nil {
			b.Fatal(err)
		}
		return time.Since(begin)
	}
	var off, on time.Duration
	follow(transport)
	for b.Loop() {
		off += follow(transport)
		on += follow((&trace.Recorder{Base: transport}).Step("authorize"))
	}
	b.ReportMetric(float64(on)/float64(off), "on/off")
	b.ReportMetric(float64((on-off).Microseconds())/float64(b.N), "µs-more/chain")
}

// TestChainsSideBySide: one transport serves many chains, each with cookies of its own.
func TestChainsSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]http.HandlerFunc{
		"op.example/auth": func(rw http.ResponseWriter, r *http.Request) {
			to(302, "http://plain.example/c", "Set-Cookie", "id="+r.URL.Query().Get("n")+"; Path=/")(rw, r)
		},
		"plain.example/c": to(302, "https://op.example/d"),
		"op.example/d": func(rw http.ResponseWriter, r *http.Request) {
			to(302, redirect+"?"+r.Header.Get("Cookie"))(rw, r)
		},
	})
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			f := &Follower{Transport: w.recorder.Step("authorize"), Options: Options{RedirectURI: redirect}, Mask: w.recorder.Mask}
			res, err := f.Follow(t.Context(), "https://op.example/auth?n="+strconv.Itoa(n))
			if want := redirect + "?id=" + strconv.Itoa(n); err != nil || res.Callback != want {
				t.Errorf("got %s, %v; want %s", res.Callback, err, want)
			}
		})
	}
	wg.Wait()
	if hops := w.recorder.Hops(); len(hops) != 48 || w.roots != 1 {
		t.Errorf("%d hops, %d loads of the roots", len(hops), w.roots)
	}
}
