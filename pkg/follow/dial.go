package follow

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"net/netip"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

const (
	headStart = 250 * time.Millisecond // before the next address is tried as well (RFC 8305)
	maxAddrs  = 8                      // addresses of one name that are tried
)

// dial connects to addr, a host:port. Under a policy only addresses that it allows are dialled.
func (n Net) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	l := leaveFrom(ctx)
	if l != nil && l.proxied.Load() {
		l = nil
	}
	if l == nil && n.Lookup == nil && n.Resolve == nil {
		return n.connect(ctx, network, addr)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	addrs, err := n.pinned(host, port)
	if addrs == nil && err == nil {
		addrs, err = n.lookup(ctx, host)
	} else if l != nil {
		l = &leave{policy: &policy{private: true}} // named by the user
	}
	if err != nil {
		return nil, err
	}
	if l != nil {
		all := len(addrs)
		if addrs, err = l.sift(ctx, host, addrs, n.lookup); err != nil {
			return nil, err
		}
		if len(addrs) < all {
			trace.NotesFrom(ctx).Add(noteAddress, "some addresses of this name are forbidden; they were left out")
		}
	}
	return n.connectAny(ctx, network, addrs, port)
}

// lookup returns the addresses of host, at least one or an error.
func (n Net) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	own, err := n.resolver(ctx)
	if err != nil {
		return nil, err
	}
	find := net.DefaultResolver.LookupNetIP
	if own != nil {
		find = own.LookupNetIP
	} else if n.Lookup != nil {
		find = func(ctx context.Context, _, host string) ([]netip.Addr, error) {
			return timedLookup(ctx, host, n.Lookup)
		}
	}
	addrs, err := find(ctx, "ip", host)
	if err == nil && len(addrs) == 0 {
		err = &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return addrs[:min(len(addrs), maxAddrs)], err
}

// timedLookup tells ctx's trace of a lookup that does not do so itself.
func timedLookup(ctx context.Context, host string, find lookup) ([]netip.Addr, error) {
	t := httptrace.ContextClientTrace(ctx)
	if t != nil && t.DNSStart != nil {
		t.DNSStart(httptrace.DNSStartInfo{Host: host})
	}
	addrs, err := find(ctx, host)
	if t != nil && t.DNSDone != nil {
		t.DNSDone(httptrace.DNSDoneInfo{Err: err})
	}
	return addrs, err
}

// bound says whether l is that of a hop which leaves by Interface.
func (n Net) bound(l *leave) bool { return l != nil && l.chain && n.Interface != "" }

// dialer dials by Interface, if there is one.
func (n Net) dialer(limit time.Duration) *net.Dialer {
	d := &net.Dialer{Timeout: limit}
	if n.Interface != "" {
		d.Control = bindTo(n.Interface)
	}
	return d
}

// connectTimeError is a connection that took longer than the client would wait for it.
type connectTimeError struct{ limit time.Duration }

// Error implements error.
func (e *connectTimeError) Error() string {
	return e.limit.String() + " are the limit for a connection"
}

// Timeout says that this is one.
func (*connectTimeError) Timeout() bool { return true }

// isConnectTime says whether err is a *connectTimeError.
func isConnectTime(err error) bool {
	_, ok := errors.AsType[*connectTimeError](err)
	return ok
}

// connect dials one address, within the time of the client whose hop it is.
func (n Net) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	l := leaveFrom(ctx)
	if l == nil || l.client == nil || l.client.Connect == 0 {
		return n.connectTo(ctx, network, addr)
	}
	over := &connectTimeError{l.client.Connect}
	ctx, cancel := context.WithTimeoutCause(ctx, over.limit, over)
	defer cancel()
	conn, err := n.connectTo(ctx, network, addr)
	if err != nil && isConnectTime(context.Cause(ctx)) {
		return nil, over
	}
	return conn, err
}

// connectTo dials one address.
func (n Net) connectTo(ctx context.Context, network, addr string) (net.Conn, error) {
	if n.bound(leaveFrom(ctx)) {
		trace.NotesFrom(ctx).Add(noteInterface, "by "+n.Interface)
		return n.dialer(dialTimeout).DialContext(ctx, network, addr)
	}
	if n.Dial == nil {
		return (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, addr)
	}
	t := httptrace.ContextClientTrace(ctx)
	if t != nil && t.ConnectStart != nil {
		t.ConnectStart(network, addr)
	}
	conn, err := n.Dial(ctx, network, addr)
	if t != nil && t.ConnectDone != nil {
		t.ConnectDone(network, addr, err)
	}
	return conn, err
}

// dialled is the outcome of one attempt.
type dialled struct {
	conn net.Conn
	err  error
}

// connectAny dials the addresses in turn, the next one when one failed or had its head start, and
// returns the first connection; the others are closed. If none comes it returns the first error.
func (n Net) connectAny(ctx context.Context, network string, addrs []netip.Addr, port string) (net.Conn, error) {
	if len(addrs) == 1 {
		return n.connect(ctx, network, net.JoinHostPort(addrs[0].Unmap().String(), port))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan dialled)
	begun, ended := 0, 0
	next := func() {
		if begun < len(addrs) {
			go n.attempt(ctx, network, net.JoinHostPort(addrs[begun].Unmap().String(), port), results)
			begun++
		}
	}
	defer func() { go discard(results, begun-ended) }()
	tick := time.NewTicker(headStart)
	defer tick.Stop()
	var first error
	for next(); ended < len(addrs); {
		select {
		case <-tick.C:
			next()
		case d := <-results:
			ended++
			if d.err == nil {
				return d.conn, nil
			}
			if first == nil {
				first = d.err
			}
			next()
		}
	}
	return nil, first
}

// attempt dials addr and reports.
func (n Net) attempt(ctx context.Context, network, addr string, results chan<- dialled) {
	conn, err := n.connect(ctx, network, addr)
	results <- dialled{conn, err}
}

// discard closes what late attempts bring.
func discard(results <-chan dialled, n int) {
	for range n {
		if d := <-results; d.conn != nil {
			d.conn.Close()
		}
	}
}
