package follow

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"go.uber.org/goleak"

	"github.com/vnv-cli/vnv/pkg/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is in every URL and cookie of the tests that holds a secret.
const canary = "cAnArY-5e7a1b9c-XyZ"

// A world is an internet on loopback: names have made-up public addresses, every one of which
// leads to one plain and one TLS server, which answer by host and path.
type world struct {
	t         *testing.T
	net       Net
	transport *http.Transport
	recorder  *trace.Recorder

	mu       sync.Mutex
	routes   map[string]http.HandlerFunc // "host/path"
	addrs    map[string][]string         // by name; a name without any is at 192.0.2.1
	dialled  []string
	asked    []*http.Request
	accepted int
	roots    int // how often the roots were asked for
}

// newWorld is a world with these routes. A route is "host/path" or "host/path?query".
func newWorld(t *testing.T, routes map[string]http.HandlerFunc) *world {
	t.Helper()
	w := &world{t: t, routes: routes, addrs: map[string][]string{}}
	ca := newAuthority(t)
	plain := httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	secure := httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	secure.TLS = &tls.Config{GetCertificate: ca.certificate}
	secure.EnableHTTP2 = true
	for _, s := range []*httptest.Server{plain, secure} {
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				w.mu.Lock()
				w.accepted++
				w.mu.Unlock()
			}
		}
		t.Cleanup(s.Close)
	}
	plain.Start()
	secure.StartTLS()
	w.net = Net{
		Lookup: w.lookup,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			w.mu.Lock()
			w.dialled = append(w.dialled, addr)
			w.mu.Unlock()
			to := plain.Listener.Addr().String()
			if strings.HasSuffix(addr, ":443") {
				to = secure.Listener.Addr().String()
			}
			return (&net.Dialer{}).DialContext(ctx, network, to)
		},
		Roots: func() (*x509.CertPool, error) {
			w.roots++
			return ca.pool, nil
		},
	}
	w.use(w.net)
	return w
}

// use makes n the net of this world's followers.
func (w *world) use(n Net) {
	w.net, w.transport = n, n.Transport()
	w.t.Cleanup(w.transport.CloseIdleConnections)
	w.recorder = &trace.Recorder{Base: w.transport, Mask: &trace.Mask{}}
}

func (w *world) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []netip.Addr
	for _, a := range w.addrs[host] {
		found = append(found, netip.MustParseAddr(a))
	}
	if found == nil && strings.HasSuffix(host, ".example") {
		found = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	}
	if found == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return found, nil
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.asked = append(w.asked, r)
	host := strings.TrimSuffix(strings.TrimSuffix(r.Host, ":443"), ":80")
	h := w.routes[host+r.RequestURI]
	if h == nil {
		h = w.routes[host+r.URL.Path]
	}
	w.mu.Unlock()
	if h == nil {
		http.Error(rw, "no such route", http.StatusNotFound)
		return
	}
	h(rw, r)
}

// follow follows url and checks what must hold for every chain.
func (w *world) follow(ctx context.Context, url string, o Options) (*Result, *Error) {
	w.t.Helper()
	f := &Follower{Transport: w.recorder.Step("authorize"), Options: o, Mask: w.recorder.Mask}
	res, err := f.Follow(ctx, url)
	e, ok := errors.AsType[*Error](err)
	if err != nil && !ok {
		w.t.Fatalf("error is a %T, not an *Error: %v", err, err)
	}
	if res == nil {
		w.t.Fatal("no Result")
	}
	w.invariants(e)
	return res, e
}

// invariants: no secret, and nothing that a terminal obeys, in what is shown of the chain.
func (w *world) invariants(e *Error) {
	w.t.Helper()
	shown, err := json.Marshal(w.recorder.Hops())
	if err != nil {
		w.t.Fatal(err)
	}
	text := string(shown)
	if e != nil {
		text += e.Error() + e.URL + e.ContentType + e.Title + e.Code + e.Detail + e.TraceID
		if strings.ContainsAny(e.Error(), "{}") || !strings.HasPrefix(e.Error(), "follow hop ") {
			w.t.Errorf("odd error text: %s", e)
		}
	}
	if strings.Contains(text, canary) {
		w.t.Errorf("a secret is shown: %s", text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		w.t.Errorf("an unprintable character is shown at %d: %q", i, text)
	}
}

// paths are host and path of the requests made.
func (w *world) paths() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var p []string
	for _, r := range w.asked {
		p = append(p, r.Host+r.RequestURI)
	}
	return strings.Join(p, " ")
}

// to answers with a redirect.
func to(status int, location string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		w.Header().Set("Location", location)
		w.WriteHeader(status)
	}
}

// say answers with a body.
func say(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// An authority signs a certificate for every name it is asked for.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := hello.ServerName
	if strings.HasPrefix(name, "wrong.") {
		name = "other.example"
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	if strings.HasPrefix(name, "expired.") {
		leaf.NotAfter = time.Now().Add(-time.Minute)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, &a.key.PublicKey, a.key)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}, err
}
