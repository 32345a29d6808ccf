package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// startPublic is startHostile at https://api.example, a public address, from where
// nothing leads back to this machine but a redirect URI that is ours.
func startPublic(t *testing.T, h *hostile) *world {
	t.Helper()
	w := startHostile(t, h)
	key, cert := certify(t, "api.example")
	far := httptest.NewUnstartedServer(h)
	far.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}
	far.StartTLS()
	t.Cleanup(far.Close)
	h.origin = "https://api.example"
	w.names = map[string]string{"api.example": "192.0.2.7", "inside.example": "127.0.0.1", "office.example": "10.0.0.7"}
	w.routes = map[string]string{"192.0.2.7:443": far.Listener.Addr().String()}
	w.vars["VNV_BASE_URL"] = h.origin
	w.vars["VNV_CA_FILE"] = w.file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	return w
}

func certify(t *testing.T, host string) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

// trap is a local service that nobody may reach.
func trap(t *testing.T) (port string, hits *atomic.Int32) {
	t.Helper()
	hits = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(s.Close)
	return s.URL[strings.LastIndex(s.URL, ":")+1:], hits
}

// TestPublic is the good case of the world below: the API at a public address, the
// redirect URI on this machine.
func TestPublic(t *testing.T) {
	t.Parallel()
	h := &hostile{}
	w := startPublic(t, h)
	r := w.run("run", "--phone", canaryPhone, "-o", "json", "-v", "--trace")
	if r.code != 0 {
		t.Errorf("exit code %d", r.code)
	}
	invariants(t, w, r, canaryPhone, h.secret(), "canary-code-4711", "canary-token-0815")
}

// wanted are places that a hostile redirect or auth_url may name: each ends the chain.
var wanted = []string{
	"http://127.0.0.1:TRAP/admin", "http://localhost:TRAP/admin", "http://inside.example:TRAP/admin",
	"http://[::ffff:127.0.0.1]:TRAP/", "http://2130706433:TRAP/", "http://0x7f.1:TRAP/", "http://127.1:TRAP/",
	"http://office.example/", "http://10.0.0.7/", "http://100.64.0.1/", "http://[fd00::1]/",
	"http://169.254.169.254/latest/meta-data/", "http://[64:ff9b::a9fe:a9fe]/", "http://0.0.0.0:TRAP/",
	"https://user:password@api.example/", "file:///etc/passwd", "javascript:alert(1)", "com.example.app://callback?code=x",
}

// TestHostileRedirect: a public chain that wants a local service is not followed there.
func TestHostileRedirect(t *testing.T) {
	t.Parallel()
	for _, target := range wanted {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			port, hits := trap(t)
			h := &hostile{chain: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", strings.Replace(target, "TRAP", port, 1))
				w.WriteHeader(http.StatusFound)
			}}
			w := startPublic(t, h)
			r := w.run("run", "--phone", canaryPhone, "-o", "json", "-v", "--trace")
			if r.code != 12 || hits.Load() > 0 {
				t.Errorf("exit code %d, and %d requests reached the local service", r.code, hits.Load())
			}
			if seen := h.seen(); len(seen) != 2 || seen[1].Header.Get("Authorization") != "" {
				t.Errorf("%d requests, or one of the chain with the JWT", len(seen))
			}
			invariants(t, w, r, canaryPhone, h.secret())
		})
	}
}

// TestHostileSession: a session document that names other hosts, another redirect
// URI, another application or a hostile auth_url is refused, and nothing leaves for
// any of them.
func TestHostileSession(t *testing.T) {
	t.Parallel()
	type change = map[string]any
	cases := []struct {
		name, step string
		change     change
		code       int // 0: 2 or 12, which is the same no
	}{
		{"host at authorize", "authorize", change{"api_host": "https://evil.example"}, 2},
		{"host at exchange", "exchange", change{"api_host": "https://evil.example", "code": "canary-code-4711"}, 2},
		{"host at verify", "verify", change{"api_host": "https://evil.example", "access_token": "canary-token-0815"}, 2},
		{"look-alike host", "exchange", change{"api_host": "https://api.example.evil.example", "code": "canary-code-4711"}, 2},
		{"redirect URI", "exchange", change{"redirect_uri": "https://evil.example/cb", "code": "canary-code-4711"}, 2},
		{"redirect URI at authorize", "authorize", change{"redirect_uri": "http://127.0.0.1:1/callback"}, 2},
		{"application", "exchange", change{"application_id": "another", "code": "canary-code-4711"}, 2},
		{"API", "exchange", change{"api": "another", "code": "canary-code-4711"}, 2},
		{"token URL as a field", "exchange", change{"token_url": "https://evil.example/token", "code": "canary-code-4711", "attempts": change{"exchange": "2026-01-02T03:04:05Z"}}, 8},
		{"token with a line break", "verify", change{"access_token": "canary-token-0815\r\nX-Evil: 1"}, 2},
	}
	for _, target := range wanted {
		cases = append(cases, struct {
			name, step string
			change     change
			code       int
		}{"auth_url " + target, "authorize", change{"auth_url": target}, 0})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			port, hits := trap(t)
			h := &hostile{}
			w := startPublic(t, h)
			doc := change{
				"schema_version": 1, "api": "number-verification", "api_host": h.origin, "application_id": "application",
				"phone": canaryPhone, "state": "canary-state-2342-canary-state", "redirect_uri": h.redirectURI, "auth_url": h.origin + "/auth",
			}
			for field, value := range c.change {
				if text, ok := value.(string); ok {
					value = strings.Replace(text, "TRAP", port, 1)
				}
				doc[field] = value
			}
			raw, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(w.file("session.json"), raw, 0o600); err != nil {
				t.Fatal(err)
			}
			r := w.run(c.step, "--session", w.file("session.json"), "-o", "json", "-v", "--trace")
			if r.code != c.code && (c.code != 0 || r.code != 2 && r.code != 12) {
				t.Errorf("exit code %d, want %d", r.code, c.code)
			}
			if hits.Load() > 0 || len(h.seen()) > 0 {
				t.Errorf("%d requests to the local service, %d to the API", hits.Load(), len(h.seen()))
			}
			invariants(t, w, r, canaryPhone, "canary-state-2342-canary-state", "canary-code-4711", "canary-token-0815")
		})
	}
}
