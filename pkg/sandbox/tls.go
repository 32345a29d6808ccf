package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"
)

// certLifetime is longer than any sandbox runs, and short enough for clients that count.
const certLifetime = 90 * 24 * time.Hour

// CAPEM is the certificate of the throw-away CA that signed the sandbox's own, for a client's trust store:
// made by [Server.Listen], nil without [Options.TLS]. Its key is forgotten at once, and it is good for the
// names of this sandbox only, so that trusting it gives nothing away.
func (s *Server) CAPEM() []byte { return slices.Clone(s.caPEM) }

// certify makes the CA and the certificate, ECDSA P-256 both: less than a millisecond, and handshakes twice
// as fast as with RSA. Certificates go by the real clock, as clients judge them by theirs.
func (s *Server) certify() error {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, _, _ := net.SplitHostPort(s.options.Listen); host != "" && !net.ParseIP(host).IsUnspecified() {
		names = append(names, host)
	}
	if s.publicHost != "" {
		names = append(names, s.publicHost)
	}
	slices.Sort(names)
	ca, caKey, err := newCA(slices.Compact(names), clock())
	if err != nil {
		return fmt.Errorf("make a CA: %w", err)
	}
	leaf, err := newLeaf(ca, caKey)
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	s.caPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	s.tls = &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12}
	return nil
}

// newCA makes a CA whose certificates hold for names only.
func newCA(names []string, now time.Time) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "vnv sandbox throw-away CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certLifetime),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true,
	}
	for _, name := range names {
		ip := net.ParseIP(name)
		if ip == nil {
			template.PermittedDNSDomains = append(template.PermittedDNSDomains, name)
			continue
		}
		if four := ip.To4(); four != nil {
			ip = four
		}
		template.PermittedIPRanges = append(template.PermittedIPRanges, &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))})
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	return ca, key, err
}

// newLeaf makes a certificate for all that its CA may sign.
func newLeaf(ca *x509.Certificate, caKey *ecdsa.PrivateKey) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "vnv sandbox"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, DNSNames: ca.PermittedDNSDomains,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, ip := range ca.PermittedIPRanges {
		template.IPAddresses = append(template.IPAddresses, ip.IP)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	return tls.Certificate{Certificate: [][]byte{der, ca.Raw}, PrivateKey: key}, err
}

func serial() *big.Int {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}
