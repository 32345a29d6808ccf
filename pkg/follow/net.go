package follow

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// Net is how this machine reaches others. Nil fields are the machine's own; tests and special
// networks put theirs. Roots is called at the first TLS connection, never for plain http.
type Net struct {
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Roots  func() (*x509.CertPool, error)
	Proxy  func(*url.URL) (*url.URL, error) // nil: none

	// Resolve has addresses, with commas between them, for "host:port", as curl's --resolve: no
	// lookup is made, and no leave needed for private ones. "*:port" is for any host.
	Resolve map[string]string

	// DNS is the resolver that chains ask, a host or host:port; empty: Lookup.
	DNS string

	// Interface is the network interface by which chains leave, their lookups included (Linux;
	// elsewhere and where it is missing, a [*NetError]). Dial and Proxy are not for them then, and
	// they need [Net.Routes] if API calls go by the same transport. Delivery to our own redirect URI
	// goes the normal way.
	Interface string
}

// lookup resolves a host name.
type lookup func(ctx context.Context, host string) ([]netip.Addr, error)

const (
	idleTimeout = 4 * time.Second  // a connection is used again only if idle for less than 5 s
	tlsTimeout  = 10 * time.Second // for a handshake
	dialTimeout = 10 * time.Second // for TCP
	maxHeaders  = 256 << 10        // bytes of an answer's header
	idlePerHost = 32               // connections kept to a host
	minTLS      = tls.VersionTLS12 // the oldest version spoken
)

// The kinds of notes that a hop may bear.
const (
	noteProxy     = "proxy"     // only the name could be checked
	noteAddress   = "address"   // some addresses of the name are forbidden
	noteCleartext = "cleartext" // plain http
	noteCookie    = "cookie"    // a cookie was refused
	notePage      = "page"      // a page, where a redirect was wanted
	noteDNS       = "dns"       // names did not go by the interface
	noteSpace     = "raw-space" // in Location, which clients read each in their way
	noteInterface = "interface" // by which the chain left
)

// Transport returns the transport of a flow. API calls and the chain share it, and with it their
// connections. For requests of a [Follower] it checks the address that is really dialled, or, with
// a proxy, the name; every other request is dialled plainly. TLS is 1.2 or newer, HTTP is 2 where
// the far side speaks it, bodies come as they were sent, idle connections live for 4 s.
func (n Net) Transport() *http.Transport {
	return n.transport(&tls.Config{MinVersion: minTLS})
}

// transport returns a transport with these TLS settings.
func (n Net) transport(cfg *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:                  n.prepare(cfg),
		DialContext:            n.dial,
		TLSClientConfig:        cfg,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    tlsTimeout,
		MaxIdleConnsPerHost:    idlePerHost,
		MaxResponseHeaderBytes: maxHeaders,
	}
}

// prepare returns the transport's Proxy function. It is called before every request, and so does
// two more things: it loads the roots into cfg before the first handshake that needs them (a
// handshake copies cfg, and always after its own request came by here), and it judges the name of
// a hop that a proxy will dial.
func (n Net) prepare(cfg *tls.Config) func(*http.Request) (*url.URL, error) {
	var once sync.Once
	var rootsErr error
	load := func() error {
		once.Do(func() {
			if n.Roots != nil {
				cfg.RootCAs, rootsErr = n.Roots()
			}
		})
		return rootsErr
	}
	return func(req *http.Request) (*url.URL, error) {
		proxy, err := n.proxyFor(req)
		if err != nil {
			return nil, err
		}
		if req.URL.Scheme == "https" || proxy != nil && proxy.Scheme == "https" {
			return proxy, load()
		}
		return proxy, nil
	}
}

// proxyFor is the proxy of req, nil for none.
func (n Net) proxyFor(req *http.Request) (*url.URL, error) {
	if n.Proxy == nil {
		return nil, nil //nolint:nilnil // as http.Transport.Proxy has it
	}
	l := leaveFrom(req.Context())
	if n.bound(l) {
		return nil, nil //nolint:nilnil // the proxy is on the normal way
	}
	proxy, err := n.Proxy(req.URL)
	if err != nil || proxy == nil || l == nil {
		return proxy, err
	}
	l.proxied.Store(true)
	trace.NotesFrom(req.Context()).Add(noteProxy, "through a proxy: only the name could be checked, not the address")
	return proxy, l.checkName(req.Context(), req.URL, n.lookup)
}
