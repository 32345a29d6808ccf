package sandbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// network is what Listen opened.
type network struct {
	mu      sync.Mutex
	fresh   map[net.Conn]struct{} // connections that have not said anything yet
	servers []*http.Server
	serving sync.WaitGroup
	once    sync.Once
}

// Listen binds the sandbox's ports and serves until [Server.Close] or [Server.Shutdown]; ctx is for the
// binding alone. When it returns nil, every port answers and [Server.URL] is known. If no redirect URI
// was given it registers one on a free loopback port, which it does not hold.
func (s *Server) Listen(ctx context.Context) error {
	if s.RedirectURI() == "" {
		uri, err := freeRedirectURI(ctx)
		if err != nil {
			return err
		}
		if err := s.Register(uri); err != nil {
			return err
		}
	}
	if s.options.TLS {
		if err := s.certify(); err != nil {
			return err
		}
	}
	vendor, err := new(net.ListenConfig).Listen(ctx, "tcp", s.options.Listen)
	if err != nil {
		return fmt.Errorf("listen for the vendor: %w", err)
	}
	host, _, _ := net.SplitHostPort(s.options.Listen)
	if s.options.SinglePort {
		s.setOrigins(s.origin(host, vendor), s.origin(host, vendor))
		s.serve(port{s, ""}, s.tls, vendor)
		return s.listenControl(ctx)
	}
	if err := s.listenCarrier(ctx, host, s.origin(host, vendor)); err != nil {
		return errors.Join(fmt.Errorf("listen for the carrier: %w", err), vendor.Close())
	}
	s.serve(port{s, roleVendor}, s.tls, vendor)
	return s.listenControl(ctx)
}

// listenCarrier binds the carrier's port under the other loopback name; with TLS also one without.
func (s *Server) listenCarrier(ctx context.Context, host, vendor string) error {
	host = otherName(host)
	carrier, err := bindCarrier(ctx, host)
	if err != nil {
		return err
	}
	s.setOrigins(vendor, s.origin(host, carrier[0]))
	if s.tls != nil {
		plain, err := bindCarrier(ctx, host)
		if err != nil {
			return errors.Join(err, closeAll(carrier))
		}
		s.plain = "http://" + authority(host, plain[0])
		s.serve(port{s, roleCarrier}, nil, plain...)
	}
	s.serve(port{s, roleCarrier}, s.tls, carrier...)
	return nil
}

func closeAll(listeners []net.Listener) error {
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// origin is how a client on this machine reaches l, which was asked for as host.
func (s *Server) origin(host string, l net.Listener) string {
	if s.tls != nil {
		return "https://" + authority(host, l)
	}
	return "http://" + authority(host, l)
}

func authority(host string, l net.Listener) string {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return l.Addr().String()
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(addr.Port))
}

// otherName is the loopback name that host is not, so that the chain crosses hosts.
func otherName(host string) string {
	if host == "localhost" {
		return "127.0.0.1"
	}
	return "localhost"
}

// bindCarrier binds a free port. For localhost it is the same port of both families, since a client may
// try either first and must not meet somebody else there.
func bindCarrier(ctx context.Context, host string) ([]net.Listener, error) {
	var lc net.ListenConfig
	for range 8 {
		four, err := lc.Listen(ctx, "tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		if host != "localhost" {
			return []net.Listener{four}, nil
		}
		_, port, _ := net.SplitHostPort(four.Addr().String())
		if six, err := lc.Listen(ctx, "tcp6", "[::1]:"+port); err == nil {
			return []net.Listener{four, six}, nil
		}
		probe, err := lc.Listen(ctx, "tcp6", "[::1]:0")
		if err != nil { // no IPv6 here
			return []net.Listener{four}, nil //nolint:nilerr // one family is all there is
		}
		probe.Close()
		four.Close()
	}
	return nil, errors.New("no port is free in both address families")
}

// serve answers on listeners, by TLS where there is a config for it: HTTP/1.1 and 2 then.
func (s *Server) serve(handler http.Handler, config *tls.Config, listeners ...net.Listener) {
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         config.Clone(), // net/http adds HTTP/2 to it
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          log.New(io.Discard, "", 0),
		ConnState:         s.net.watch,
	}
	s.net.mu.Lock()
	s.net.servers = append(s.net.servers, server)
	s.net.mu.Unlock()
	for _, l := range listeners {
		s.net.serving.Go(func() {
			if config != nil {
				server.ServeTLS(l, "", "") //nolint:errcheck // it ends by Shutdown
				return
			}
			server.Serve(l) //nolint:errcheck // it ends by Shutdown
		})
	}
}

// watch remembers connections opened ahead and not used yet: http.Server.Shutdown would wait five
// seconds for them.
func (n *network) watch(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		n.mu.Lock()
		if n.fresh == nil {
			n.fresh = map[net.Conn]struct{}{}
		}
		n.fresh[c] = struct{}{}
		n.mu.Unlock()
	case http.StateActive, http.StateClosed, http.StateHijacked:
		n.mu.Lock()
		delete(n.fresh, c)
		n.mu.Unlock()
	case http.StateIdle:
	}
}

// Close stops the sandbox: no new requests, those under way get up to five seconds.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	return s.Shutdown(ctx)
}

// Shutdown is Close with a deadline of the caller's. What is not done by then is cut off, without an
// error: the sandbox is closed either way. It may be called again.
func (s *Server) Shutdown(ctx context.Context) error {
	s.net.once.Do(func() { close(s.closing) })
	s.net.mu.Lock()
	servers := s.net.servers
	for c := range s.net.fresh {
		c.Close()
	}
	s.net.mu.Unlock()
	var errs []error
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, server.Close())
		}
	}
	s.net.serving.Wait()
	s.finishWebhooks(ctx)
	return errors.Join(errs...)
}
