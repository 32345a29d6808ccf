package follow

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// The fields of Net that a NetError is about.
const (
	fieldInterface = "interface"
	fieldDNS       = "dns"
	fieldResolve   = "resolve"
)

// errNoInterface is an interface that does not exist.
var errNoInterface = errors.New("there is no such interface")

// A NetError is a setting of [Net] that cannot be used: a mistake of whoever set it, or a machine
// that cannot do it.
type NetError struct {
	Field string // "interface", "dns", "resolve"
	Value string // what it was set to
	Err   error  // why; errors.ErrUnsupported: not on this operating system
}

// Error implements error.
func (e *NetError) Error() string { return fmt.Sprintf("follow: %s %s: %s", e.Field, e.Value, e.Err) }

// Unwrap returns the cause.
func (e *NetError) Unwrap() error { return e.Err }

// Check judges Interface, DNS and Resolve before anything is dialled. The error is a [*NetError].
func (n Net) Check() error {
	if n.Interface != "" {
		if err := checkInterface(n.Interface); err != nil {
			return &NetError{fieldInterface, n.Interface, err}
		}
	}
	if n.DNS != "" {
		if _, err := dnsAddr(n.DNS); err != nil {
			return &NetError{fieldDNS, n.DNS, err}
		}
	}
	for key, value := range n.Resolve {
		if host, port, err := net.SplitHostPort(key); err != nil || host == "" || port == "" {
			return &NetError{fieldResolve, key, errors.New("not a host:port")}
		}
		if _, err := addrList(value); err != nil {
			return &NetError{fieldResolve, value, err}
		}
	}
	return nil
}

// addrList reads addresses with commas between them; brackets around IPv6 are allowed.
func addrList(s string) ([]netip.Addr, error) {
	var addrs []netip.Addr
	for one := range strings.SplitSeq(s, ",") {
		one = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(one), "["), "]")
		a, err := netip.ParseAddr(one)
		if err != nil {
			return nil, errors.New("not an address")
		}
		addrs = append(addrs, a)
	}
	return addrs, nil
}

// pinned are the addresses that Resolve has for host and port, as curl's --resolve has it: the name
// itself, or "*" for any; none if it has none.
func (n Net) pinned(host, port string) ([]netip.Addr, error) {
	for key, value := range n.Resolve {
		h, p, err := net.SplitHostPort(key)
		if err == nil && p == port && strings.EqualFold(h, host) {
			return n.pins(value)
		}
	}
	if value, ok := n.Resolve[net.JoinHostPort("*", port)]; ok {
		return n.pins(value)
	}
	return nil, nil
}

// pins reads a value of Resolve.
func (n Net) pins(value string) ([]netip.Addr, error) {
	addrs, err := addrList(value)
	if err != nil {
		return nil, &NetError{fieldResolve, value, err}
	}
	return addrs, nil
}

// dnsAddr is where a resolver is asked: "192.0.2.53", "192.0.2.53:5353", "dns.example", "[::1]:53".
func dnsAddr(s string) (string, error) {
	const port = "53"
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return net.JoinHostPort(a.String(), port), nil
	}
	host, p, err := net.SplitHostPort(s)
	if err != nil {
		host, p = s, port
	}
	if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 || strings.Trim(host, ".") == "" || strings.ContainsAny(host, ":/ []") && !isAddr(host) {
		return "", errors.New("not a host or host:port")
	}
	return net.JoinHostPort(host, p), nil
}

// isAddr says whether s is an IP address.
func isAddr(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// resolver is how the chain of ctx looks names up where DNS or Interface want their own way; nil
// elsewhere.
func (n Net) resolver(ctx context.Context) (*net.Resolver, error) {
	l := leaveFrom(ctx)
	if l == nil || !l.chain || n.DNS == "" && (n.Interface == "" || n.Lookup != nil) {
		return nil, nil //nolint:nilnil // the usual way
	}
	server := ""
	if n.DNS != "" {
		var err error
		if server, err = dnsAddr(n.DNS); err != nil {
			return nil, &NetError{fieldDNS, n.DNS, err}
		}
	}
	notes := trace.NotesFrom(ctx)
	ask := func(ctx context.Context, network, address string) (net.Conn, error) {
		if server != "" {
			address = server
		}
		d := n.dialer(dialTimeout)
		if n.Interface != "" && onLoopback(address) {
			notes.Add(noteDNS, "the resolver "+address+" is on this machine: names did not go by "+n.Interface+"; --dns names another resolver")
			d.Control = nil
		}
		return d.DialContext(ctx, network, address)
	}
	return &net.Resolver{PreferGo: true, Dial: ask}, nil
}

// onLoopback says whether a host:port is an address of this machine alone.
func onLoopback(address string) bool {
	ap, err := netip.ParseAddrPort(address)
	return err == nil && ap.Addr().Unmap().IsLoopback()
}
