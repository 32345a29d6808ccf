package follow

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"sync"
)

// Routes is the transport of a flow whose chain may go another way than its API calls: by
// [Net.Interface] and [Net.DNS], or with the TLS and HTTP versions of [Options.As]. What goes one
// way never uses a connection of another. Where there is one way only, all share their connections,
// as over [Net.Transport]. Safe for concurrent use.
type Routes struct {
	net  Net
	main *http.Transport

	mu   sync.Mutex
	ways map[way]*http.Transport
}

// A way is what sets the connections of some requests apart. The zero value is the main way.
type way struct {
	own            bool // by Interface or DNS
	http1          bool
	minTLS, maxTLS uint16
}

// Routes returns the transport of a flow. Close it by [Routes.CloseIdleConnections].
func (n Net) Routes() *Routes {
	if load := n.Roots; load != nil {
		n.Roots = sync.OnceValues(func() (*x509.CertPool, error) { return load() })
	}
	return &Routes{net: n, main: n.Transport(), ways: map[way]*http.Transport{}}
}

// RoundTrip implements [http.RoundTripper].
func (r *Routes) RoundTrip(req *http.Request) (*http.Response, error) {
	return r.transport(r.net.wayOf(req)).RoundTrip(req)
}

// CloseIdleConnections closes the idle connections of all ways.
func (r *Routes) CloseIdleConnections() {
	r.main.CloseIdleConnections()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.ways {
		t.CloseIdleConnections()
	}
}

// wayOf is the way of a request.
func (n Net) wayOf(req *http.Request) way {
	l := leaveFrom(req.Context())
	if l == nil || !l.chain {
		return way{}
	}
	w := way{own: n.Interface != "" || n.DNS != ""}
	if c := l.client; c != nil {
		w.http1, w.maxTLS = c.HTTP == "1.1", c.MaxTLS
		if c.MinTLS > minTLS {
			w.minTLS = c.MinTLS
		}
	}
	return w
}

// transport is the one of a way, made when it is first gone.
func (r *Routes) transport(w way) *http.Transport {
	if w == (way{}) {
		return r.main
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.ways[w]
	if t == nil {
		t = r.net.transport(&tls.Config{MinVersion: max(w.minTLS, minTLS), MaxVersion: w.maxTLS})
		if w.http1 {
			t.ForceAttemptHTTP2 = false
			t.Protocols = new(http.Protocols)
			t.Protocols.SetHTTP1(true)
		}
		r.ways[w] = t
	}
	return t
}
