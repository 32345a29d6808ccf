package sandbox

import (
	"context"
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
	vendor, err := new(net.ListenConfig).Listen(ctx, "tcp", s.options.Listen)
	if err != nil {
		return fmt.Errorf("listen for the vendor: %w", err)
	}
	host, _, _ := net.SplitHostPort(s.options.Listen)
	if s.options.SinglePort {
		s.setOrigins(origin(host, vendor), origin(host, vendor))
		s.serve("", vendor)
		return nil
	}
	carrierHost := otherName(host)
	carrier, err := bindCarrier(ctx, carrierHost)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for the carrier: %w", err), vendor.Close())
	}
	s.setOrigins(origin(host, vendor), origin(carrierHost, carrier[0]))
	s.serve(roleVendor, vendor)
	s.serve(roleCarrier, carrier...)
	return nil
}

// origin is how a client on this machine reaches l, which was asked for as host.
func origin(host string, l net.Listener) string {
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return "http://" + l.Addr().String()
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(addr.Port))
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

func (s *Server) serve(role string, listeners ...net.Listener) {
	server := &http.Server{
		Handler:           port{s, role},
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
