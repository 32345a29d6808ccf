package follow

import (
	"context"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// A policy says which addresses one chain may reach. It travels to the dialer in the context of
// each request: only there is known which address is really dialled.
type policy struct {
	private bool           // every loopback and private address
	classes map[Class]bool // those that the user named by address
	names   []string       // hosts that the user named: the class of their address counts too
	once    sync.Once      // guards resolved
	found   map[Class]bool // the classes of names
}

// newPolicy reads the user's leave.
func newPolicy(o Options) *policy {
	p := &policy{private: o.AllowPrivate, classes: map[Class]bool{}}
	for _, raw := range o.Named {
		u, err := parseTarget(raw, nil)
		if err != nil {
			continue
		}
		if c, known := literalClass(u); known {
			p.classes[c] = true
		} else {
			p.names = append(p.names, u.Hostname())
		}
	}
	return p
}

// allows says whether an address of class c may be reached. It resolves the names that the user
// named only if that decides it; a nil lookup leaves it open: true.
func (p *policy) allows(ctx context.Context, c Class, lookup lookup) bool {
	if c == ClassPublic {
		return true
	}
	if c.never() {
		return false
	}
	if p.private || p.classes[c] {
		return true
	}
	if len(p.names) == 0 || lookup == nil {
		return len(p.names) > 0
	}
	p.once.Do(func() { p.found = resolveClasses(ctx, p.names, lookup) })
	return p.found[c]
}

// resolveClasses are the classes of the addresses of names.
func resolveClasses(ctx context.Context, names []string, lookup lookup) map[Class]bool {
	found := map[Class]bool{}
	for _, name := range names {
		addrs, err := lookup(ctx, name)
		if err != nil {
			continue
		}
		for _, a := range addrs {
			found[ClassOf(a)] = true
		}
	}
	return found
}

// metadataNames are names under which clouds serve credentials.
var metadataNames = []string{"metadata.google.internal", "metadata.goog", "metadata.azure.internal", "instance-data"}

// literalClass is the class of u's host where that needs no lookup: an address, or a name whose
// meaning is fixed (RFC 6761).
func literalClass(u *url.URL) (Class, bool) {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if a, err := netip.ParseAddr(host); err == nil {
		return ClassOf(a), true
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return ClassLoopback, true
	}
	if slices.Contains(metadataNames, host) {
		return ClassMetadata, true
	}
	return "", false
}

// checkName judges u by its name alone.
func (p *policy) checkName(ctx context.Context, u *url.URL, lookup lookup) error {
	if c, known := literalClass(u); known && !p.allows(ctx, c, lookup) {
		addr, _ := netip.ParseAddr(u.Hostname())
		return &AddressError{Host: u.Hostname(), Addr: addr, Class: c}
	}
	return nil
}

// sift returns the addresses of host that may be dialled, or an *AddressError if none may.
func (p *policy) sift(ctx context.Context, host string, addrs []netip.Addr, lookup lookup) ([]netip.Addr, error) {
	var ok []netip.Addr
	var refused *AddressError
	for _, a := range addrs {
		c := ClassOf(a)
		if p.allows(ctx, c, lookup) {
			ok = append(ok, a)
		} else if refused == nil {
			refused = &AddressError{Host: host, Addr: a, Class: c}
		}
	}
	if len(ok) == 0 && refused != nil {
		return nil, refused
	}
	return ok, nil
}

// A leave is the policy for one hop.
type leave struct {
	*policy
	client  *Client     // whose limits hold; nil: nobody's
	chain   bool        // a hop of a chain, which goes the chain's own way
	proxied atomic.Bool // what is dialled is the proxy, not the host
}

// leaveKey is the context key of *leave.
type leaveKey struct{}

// withLeave returns ctx for the hop of l.
func withLeave(ctx context.Context, l *leave) context.Context {
	return context.WithValue(ctx, leaveKey{}, l)
}

// leaveFrom is the policy of the hop that ctx belongs to; nil if it has none.
func leaveFrom(ctx context.Context) *leave {
	l, _ := ctx.Value(leaveKey{}).(*leave)
	return l
}
