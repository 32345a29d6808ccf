package sandbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// startTLS is start, with a client that trusts the throw-away CA.
func startTLS(t *testing.T, protocol string, o sandbox.Options) *client {
	t.Helper()
	o.TLS = true
	c := start(t, o)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(c.s.CAPEM()) {
		t.Fatalf("no CA in %s", c.s.CAPEM())
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(protocol == "HTTP/1.1")
	transport.Protocols.SetHTTP2(protocol == "HTTP/2.0")
	t.Cleanup(transport.CloseIdleConnections)
	c.Transport = transport
	return c
}

func TestTLS(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		for _, o := range []sandbox.Options{{}, {SinglePort: true}, {Faults: []string{"cleartext-hop"}}} {
			c := startTLS(t, protocol, o)
			if !strings.HasPrefix(c.s.URL(), "https://127.0.0.1:") || !strings.HasPrefix(c.s.CarrierURL(), "https://") {
				t.Fatalf("%s, %s", c.s.URL(), c.s.CarrierURL())
			}
			resp, err := c.Get(c.s.URL())
			if err != nil {
				t.Fatal(err)
			}
			if resp.Body.Close(); resp.Proto != protocol {
				t.Errorf("%s in place of %s", resp.Proto, protocol)
			}
			hops := c.follow(c.enable(yes, "s"))
			last, _ := url.Parse(hops[len(hops)-1])
			if r := c.exchange(grantOf(last.Query().Get("code"))); r.status != 200 {
				t.Errorf("token: %d %s", r.status, r.body)
			}
			cleartext := 0
			for _, hop := range hops[:len(hops)-1] {
				if strings.HasPrefix(hop, "http://") {
					cleartext++
				}
			}
			if cleartext != len(o.Faults) {
				t.Errorf("%s, %v: %d hops in cleartext of %v", protocol, o.Faults, cleartext, hops)
			}
		}
	}
}

// What breaks a connection breaks it over TLS and HTTP/2 too.
func TestTLSFaults(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		c := startTLS(t, protocol, sandbox.Options{Faults: []string{"token-reset", "tls-failure"}})
		status, text := c.meet(t.Context(), ask{"POST", c.s.URL() + "/oauth2/token", "code=x", nil})
		if status != "error" || !strings.Contains(text, "reset") && !strings.Contains(text, "INTERNAL_ERROR") {
			t.Errorf("%s: reset is %s %s", protocol, status, text)
		}
		at := c.hop(c.enable(yes, "s"), 2).target
		if status, text := c.meet(t.Context(), ask{method: "GET", target: at}); status != "error" || !strings.Contains(text, "HTTP response to HTTPS client") {
			t.Errorf("%s: %s is %s %s", protocol, at, status, text)
		}
	}
}

// The CA is good for this sandbox and nothing else, and made anew each time.
func TestCA(t *testing.T) {
	t.Parallel()
	s := sandbox.Start(t, sandbox.Options{TLS: true, PublicURL: "https://sandbox.example"})
	block, rest := pem.Decode(s.CAPEM())
	if block == nil || len(rest) > 0 {
		t.Fatalf("%s", s.CAPEM())
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !ca.PermittedDNSDomainsCritical || strings.Join(ca.PermittedDNSDomains, " ") != "localhost sandbox.example" || len(ca.PermittedIPRanges) != 2 ||
		ca.PublicKeyAlgorithm != x509.ECDSA || !ca.MaxPathLenZero {
		t.Errorf("%+v", ca)
	}
	if other := sandbox.Start(t, sandbox.Options{TLS: true}); string(other.CAPEM()) == string(s.CAPEM()) {
		t.Error("two sandboxes have one CA")
	}
	if plain := sandbox.Start(t); plain.CAPEM() != nil {
		t.Error("a CA without TLS")
	}
}
