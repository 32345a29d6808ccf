package callback

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// target is where to listen, read from the options and checked.
type target struct {
	redirect *url.URL
	raw      string
	path     string
	port     string
	hosts    []host
}

// host is one address to bind. Of two, either may be missing on this machine.
type host struct{ network, addr string }

// target reads the options; its error is an *Error.
func (o Options) target() (target, error) {
	u, err := url.Parse(o.RedirectURI)
	switch {
	case err != nil:
		return target{}, refuse("the redirect URI cannot be parsed")
	case o.State == "":
		return target{}, refuse("a state is required")
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return target{}, refuse("the redirect URI must be an http or https URL with a host")
	case u.User != nil, strings.Contains(o.RedirectURI, "#"):
		return target{}, refuse("the redirect URI must have neither user information nor a fragment")
	}
	t := target{redirect: u, raw: o.RedirectURI, path: u.EscapedPath()}
	if t.path == "" {
		t.path = "/"
	}
	name, err := t.bindName(o.Listen)
	if err != nil {
		return target{}, err
	}
	t.hosts, err = hosts(name, o.Public)
	return t, err
}

// bindName settles the port and returns the host to bind.
func (t *target) bindName(listen string) (string, error) {
	if listen == "" {
		name := t.redirect.Hostname()
		if t.redirect.Scheme != "http" || !loopback(name) {
			return "", refuse("the redirect URI is not http on a loopback host, so say where to listen")
		}
		t.port = t.redirect.Port()
		if t.port == "" {
			t.port = "80"
		}
		return name, checkPort(t.port)
	}
	name, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", refuse("the address to listen on is not host:port")
	}
	t.port = port
	if t.redirect.Port() == "0" && !loopback(t.redirect.Hostname()) {
		return "", refuse("port 0 makes sense only in a loopback redirect URI")
	}
	return name, checkPort(port)
}

func checkPort(port string) error {
	if _, err := strconv.ParseUint(port, 10, 16); err != nil || len(port) > 1 && port[0] == '0' {
		return refuse("the port is not a number up to 65535")
	}
	return nil
}

// hosts are the addresses behind a name. Names other than localhost are refused: what they resolve to may change.
func hosts(name string, public bool) ([]host, error) {
	if isLocalhost(name) {
		return []host{{"tcp4", "127.0.0.1"}, {"tcp6", "::1"}}, nil
	}
	addr, err := netip.ParseAddr(name)
	if err != nil && name != "" {
		return nil, refuse("the host to listen on is neither localhost nor an IP address")
	}
	addr = addr.Unmap()
	if !public && !addr.IsLoopback() {
		return nil, &Error{Reason: ReasonExposed, Addr: name}
	}
	if name == "" {
		return []host{{"tcp", ""}}, nil
	}
	return []host{{"tcp", addr.String()}}, nil
}

func isLocalhost(name string) bool {
	return strings.EqualFold(strings.TrimSuffix(name, "."), "localhost")
}

func loopback(name string) bool {
	addr, err := netip.ParseAddr(name)
	return isLocalhost(name) || err == nil && addr.Unmap().IsLoopback()
}

func refuse(text string) error { return &Error{Reason: ReasonOptions, Err: errors.New(text)} }

// redirectURI is the URI as given, or with its port 0 replaced by the bound one.
func (t target) redirectURI(sockets []net.Listener) string {
	if t.redirect.Port() != "0" {
		return t.raw
	}
	_, port, _ := net.SplitHostPort(sockets[0].Addr().String())
	u := *t.redirect
	u.Host = net.JoinHostPort(u.Hostname(), port)
	return u.String()
}

// listenFunc binds one address; tests put their own in.
type listenFunc func(ctx context.Context, network, addr string) (net.Listener, error)

func systemListen(ctx context.Context, network, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, network, addr)
}

// bind binds every host that this machine has on one port. A free port (0) that is free in one family only is tried
// again; a fixed one is not.
func bind(ctx context.Context, listen listenFunc, t target) ([]net.Listener, error) {
	const tries = 20
	for try := 1; ; try++ {
		sockets, err := bindOnce(ctx, listen, t)
		e, ok := errors.AsType[*Error](err)
		busy := ok && e.Reason == ReasonBusy
		if busy && t.port != "0" {
			e.Holder = holder(os.DirFS("/proc"), e.Addr)
		}
		if !busy || t.port != "0" || try == tries {
			return sockets, err
		}
	}
}

func bindOnce(ctx context.Context, listen listenFunc, t target) (sockets []net.Listener, err error) {
	port, missing := t.port, error(nil)
	for _, h := range t.hosts {
		addr := net.JoinHostPort(h.addr, port)
		s, err := listen(ctx, h.network, addr)
		switch {
		case err == nil:
			sockets = append(sockets, s)
			_, port, _ = net.SplitHostPort(s.Addr().String())
		case len(t.hosts) > 1 && isOneOf(err, absent):
			missing = bindError(addr, err)
		default:
			closeAll(sockets)
			return nil, bindError(addr, err)
		}
	}
	if len(sockets) == 0 {
		return nil, missing
	}
	return sockets, nil
}

// Error numbers of a port in use and of an address family that this machine lacks; the bare numbers are Winsock's.
var (
	inUse  = []error{syscall.EADDRINUSE, syscall.Errno(10048)}
	absent = []error{
		syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT,
		syscall.Errno(10049), syscall.Errno(10047), syscall.Errno(10043),
	}
)

func isOneOf(err error, targets []error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

func bindError(addr string, err error) error {
	e := &Error{Reason: ReasonBind, Addr: addr, Err: err}
	if isOneOf(err, inUse) {
		e.Reason = ReasonBusy
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		e.Err = op.Err // without the address, which it would repeat
	}
	return e
}

func closeAll(sockets []net.Listener) {
	for _, s := range sockets {
		_ = s.Close()
	}
}
