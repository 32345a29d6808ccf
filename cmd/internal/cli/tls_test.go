package cli

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// certificate is a leaf for host, by an authority of the test's own or by itself.
func certificate(t *testing.T, host string, until time.Time, alone bool) (leaf tls.Certificate, authority string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Inspection CA \x1b[2J"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	parent := ca
	if alone {
		parent = template
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}))
}

// secure points the world's https at a server with that certificate; its host has a
// public address, which leads to loopback.
func (w *world) secure(cert tls.Certificate, change func(*tls.Config)) {
	w.t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, enabledBody) }))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10}
	if change != nil {
		change(s.TLS)
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	w.t.Cleanup(s.Close)
	w.leadTo(s.Listener.Addr().String())
}

func (w *world) leadTo(addr string) {
	w.env.Net.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
	}
	w.env.Net.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
}

// E8, G13: which check failed, who issued it, and the flag that helps.
func TestTLS(t *testing.T) {
	t.Parallel()
	hour := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		host   string
		until  time.Time
		alone  bool
		change func(*tls.Config)
		ca     bool
		code   int
		tells  []string
	}{
		"good":        {"api.example", hour, false, nil, true, exitOK, nil},
		"unknown":     {"api.example", hour, false, nil, false, exitNetwork, []string{"certificate signed by unknown authority", `the certificate was issued by CN=Inspection CA \x1b[2J`}},
		"self-signed": {"api.example", hour, true, nil, false, exitNetwork, []string{"certificate signed by unknown authority", "the certificate was issued by CN=leaf"}},
		"expired":     {"api.example", time.Now().Add(-time.Hour), false, nil, true, exitNetwork, []string{"certificate has expired or is not yet valid", "Check the clock of this machine"}},
		"wrong host":  {"other.example", hour, false, nil, true, exitNetwork, []string{"certificate is valid for other.example, not api.example", "belongs to another host"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cert, authority := certificate(t, c.host, c.until, c.alone)
			w := newWorld(t, "https://api.example")
			w.secure(cert, c.change)
			if c.ca {
				w.vars["VNV_CA_FILE"] = w.file("ca.pem", authority)
			}
			r := w.run("enable", "--phone", phone, "--state", "s")
			if c.code == exitOK {
				r.ends(exitOK, "https://vendor.example/auth?state=v2\n")
				return
			}
			r.ends(c.code, "", append(c.tells, "✗ enable in the TLS handshake:", "--ca-file")...)
			if text := strings.ToLower(r.err); strings.Contains(text, "insecure") || strings.Contains(text, "skip") {
				t.Errorf("it suggests to switch checks off: %s", r.err)
			}
		})
	}
}

func TestTLSVersion(t *testing.T) {
	t.Parallel()
	cert, authority := certificate(t, "api.example", time.Now().Add(time.Hour), false)
	w := newWorld(t, "https://api.example")
	w.secure(cert, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 })
	w.vars["VNV_CA_FILE"] = w.file("ca.pem", authority)
	w.run("enable", "--phone", phone, "--state", "s").ends(exitNetwork, "", "✗ enable in the TLS handshake:", "protocol version")
}

// A handshake that failed sent no code: the session may try again.
func TestTLSKeepsTheCode(t *testing.T) {
	t.Parallel()
	cert, _ := certificate(t, "api.example", time.Now().Add(time.Hour), false)
	w := newWorld(t, "https://api.example")
	w.secure(cert, nil)
	session := w.file("flow.json", `{"schema_version":1,"code":"`+canary+`"}`)
	for range 2 {
		r := w.run("exchange", "--session", session, "-o", "json")
		if f := r.failure(); r.code != exitNetwork || f.Error.Sent != "no" || f.Error.Kind != "network" {
			t.Errorf("exit %d, %+v", r.code, f.Error)
		}
	}
}

func TestCAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	w.run("enable", "--phone", phone, "--ca-file", "/nonexistent/ca.pem").ends(exitUsage, "", "--ca-file: /nonexistent/ca.pem: no such file or directory")
	w.run("enable", "--phone", phone, "--ca-file", w.file("ca.pem", "hello")).ends(exitUsage, "", "ca.pem holds no PEM certificate")
}

// E9: a name that nobody knows, and nobody at the address.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	w.run("enable", "--phone", phone, "--state", "s").
		ends(exitNetwork, "", "✗ enable resolving the name: lookup api.example: no such host", "The host's name could not be resolved.")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	newWorld(t, "http://"+l.Addr().String()).run("enable", "--phone", phone).
		ends(exitNetwork, "", "trying again in 250ms", "✗ enable connecting: dial tcp "+l.Addr().String()+": connect: connection refused", "Nothing listens at that address.")
}

// E10: an address that swallows everything, within --timeout.
func TestBlackHole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:9")
	w.env.Net.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
	}
	w.run("enable", "--phone", phone, "--state", "s", "--timeout", "50ms").ends(exitNetwork, "", "✗ enable timed out while connecting")
}

// G12: a proxy's refusal, and its password, which is never shown.
func TestProxy(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string]string{"": answerOf("407 Proxy Authentication Required", "text/plain", "no")})
	host := f.Addr().String()
	for name, set := range map[string]func(w *world) []string{
		"flag":     func(*world) []string { return []string{"--proxy", "http://user:" + canary + "@" + host} },
		"variable": func(w *world) []string { w.vars["HTTPS_PROXY"] = "http://user:" + canary + "@" + host; return nil },
		"lower":    func(w *world) []string { w.vars["https_proxy"] = "http://user:" + canary + "@" + host; return nil },
	} {
		w := newWorld(t, "https://api.example")
		r := w.run(append([]string{"enable", "--phone", phone, "--state", "s", "--trace"}, set(w)...)...)
		r.ends(exitNetwork, "", "✗ enable ", "Proxy Authentication Required")
		if name == "flag" && f.got[""][0].Header.Get("Proxy-Authorization") == "" {
			t.Error("the proxy was not given its password")
		}
	}
	w := newWorld(t, "https://api.example")
	w.run("enable", "--phone", phone, "--proxy", canary).ends(exitUsage, "", "--proxy: not a URL like http://proxy.example:3128")
	w.vars["HTTPS_PROXY"], w.vars["NO_PROXY"] = "http://"+host, "api.example"
	w.run("enable", "--phone", phone, "--state", "s").ends(exitNetwork, "", "no such host")
}
