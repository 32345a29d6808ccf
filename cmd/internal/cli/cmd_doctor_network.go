package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// hosts looks at the way to each host in use.
func (d *doctor) hosts(ctx context.Context) rows {
	if d.noWays != nil {
		return failed(printable(d.noWays.Error()), "correct the setting")
	}
	if wrong := d.wrongURL(ctx); wrong != nil {
		return wrong
	}
	if why := d.notAsked(); why != "" {
		return skipped(why + d.throughProxy())
	}
	var all rows
	for _, origin := range d.hostsInUse() {
		u, err := url.Parse(origin)
		if err != nil {
			continue
		}
		all = append(all, d.host(ctx, u)...)
	}
	return all
}

// throughProxy names the proxy that requests would take.
func (d *doctor) throughProxy() string {
	for _, origin := range d.hostsInUse() {
		if u, err := url.Parse(origin); err == nil {
			if p := d.proxyFor(u); p != nil {
				return "; requests would go through the proxy " + printable(p.Host)
			}
		}
	}
	return ""
}

func (d *doctor) proxyFor(u *url.URL) *url.URL {
	if d.flow.Net.Proxy == nil {
		return nil
	}
	p, err := d.flow.Net.Proxy(u)
	if err != nil {
		return nil
	}
	return p
}

// A route is what the way to a host turned out to be.
type route struct {
	parts  []string
	state  *tls.ConnectionState
	detail map[string]string
}

func (d *doctor) host(ctx context.Context, u *url.URL) rows {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	r := &route{detail: map[string]string{"host": u.Host}}
	began := d.Now()
	err := d.direct(ctx, u, r)
	if err != nil {
		row := d.refused(ctx, &vnv.Error{Kind: vnv.KindNetwork, Sent: vnv.SentNo, Err: err})
		row[0].Text = printable(u.Host) + ": " + row[0].Text
		row[0].Details = r.detail
		return row
	}
	if r.state != nil {
		r.certificate()
	} else {
		r.parts = append(r.parts, "plain http")
	}
	took := d.Now().Sub(began).Milliseconds()
	r.parts = append(r.parts, fmt.Sprintf("%d ms", max(took, 1)))
	row := fine(printable(u.Host) + ": " + strings.Join(r.parts, ", "))
	row[0].Details = r.detail
	return row
}

// direct connects to a host, or has a proxy do it.
func (d *doctor) direct(ctx context.Context, u *url.URL, r *route) error {
	if p := d.proxyFor(u); p != nil {
		r.parts, r.detail["proxy"] = append(r.parts, "through the proxy "+printable(p.Host)), printable(p.Host)
		return d.byProxy(ctx, u, r)
	}
	addrs, err := d.lookup(ctx, u.Hostname())
	if err != nil {
		return err
	}
	conn, err := d.bothFamilies(ctx, addrs, u, r)
	if err != nil {
		return err
	}
	defer conn.Close()
	if u.Scheme != "https" {
		return nil
	}
	return d.handshake(ctx, conn, u.Hostname(), r)
}

func (d *doctor) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	if d.Net.Lookup != nil {
		return d.Net.Lookup(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// bothFamilies connects by IPv4 and by IPv6, as far as the host has them, and keeps
// the first connection: where one family leads nowhere, a client loses time at best.
func (d *doctor) bothFamilies(ctx context.Context, addrs []netip.Addr, u *url.URL, r *route) (kept net.Conn, err error) {
	port := first(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme])
	seen := map[string]bool{}
	for _, addr := range addrs {
		addr = addr.Unmap()
		family := "IPv6"
		if addr.Is4() {
			family = "IPv4"
		}
		if seen[family] {
			continue
		}
		seen[family] = true
		conn, broken := d.dialBriefly(ctx, net.JoinHostPort(addr.String(), port))
		if broken != nil {
			err = errors.Join(err, fmt.Errorf("%s by %s: %w", addr, family, dialCause(broken)))
			r.parts = append(r.parts, addr.String()+" does not answer by "+family)
			continue
		}
		r.parts, r.detail[strings.ToLower(family)] = append(r.parts, addr.String()+" by "+family), addr.String()
		if kept == nil {
			kept = conn
		} else {
			conn.Close()
		}
	}
	if kept != nil {
		return kept, nil
	}
	if err == nil {
		err = errors.New("the name has no address")
	}
	return nil, err
}

func (d *doctor) dialBriefly(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime/2)
	defer cancel()
	return d.dial(ctx, addr)
}

// dialCause is a dial error without the address, which the caller names.
func dialCause(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return op.Err
	}
	return err
}

func (d *doctor) handshake(ctx context.Context, conn net.Conn, host string, r *route) error {
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if d.flow.Net.Roots != nil {
		var err error
		if cfg.RootCAs, err = d.flow.Net.Roots(); err != nil {
			return err
		}
	}
	t := tls.Client(conn, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	state := t.ConnectionState()
	r.state = &state
	return nil
}

// byProxy asks for nothing but the headers of the root.
func (d *doctor) byProxy(ctx context.Context, u *url.URL, r *route) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, u.String()+"/", http.NoBody)
	if err != nil {
		return err
	}
	res, err := d.ways.RoundTrip(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return err
	}
	defer res.Body.Close()
	r.state = res.TLS
	return nil
}

// certificate names the version of TLS and who vouches for the host: behind an
// inspecting proxy that is somebody else than usual.
func (r *route) certificate() {
	version := tls.VersionName(r.state.Version)
	r.parts, r.detail["tls"] = append(r.parts, version), version
	if len(r.state.PeerCertificates) == 0 {
		return
	}
	by := vouchedBy(r.state.PeerCertificates[0])
	r.parts, r.detail["issuer"] = append(r.parts, "certificate by "+by), by
}

func vouchedBy(c *x509.Certificate) string {
	return printable(first(strings.Join(c.Issuer.Organization, " "), c.Issuer.CommonName, c.Issuer.String(), "nobody named"))
}
