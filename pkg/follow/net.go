package follow

import (
	"context"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
)

// Class is what kind of network an address belongs to.
type Class string

// Net is how this machine reaches others. Nil fields are the machine's own; tests and special
// networks put theirs. Roots is called at the first TLS connection, never for plain http.
type Net struct {
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Roots  func() (*x509.CertPool, error)
	Proxy  func(*url.URL) (*url.URL, error) // nil: none
}
func (n Net) Transport() *http.Transport { return nil }
