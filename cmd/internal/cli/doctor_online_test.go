package cli

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// leadNowhere gives every name an address of the documentation's.
func (w *world) leadNowhere() {
	w.env.Net.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
	}
}

// Everything is right: every row that asks the servers is ok, and no attempt was made.
func TestDoctorOnline(t *testing.T) {
	t.Parallel()
	w, far := ready(t, sandbox.Options{})
	rows, r := w.diagnosed("--online")
	for _, name := range []string{"settings", "key", "clock", "jwt", "redirect", "application", "capability", "registered", "public-key", "network"} {
		expect(t, rows, name, "ok")
	}
	expect(t, rows, "listener", "skipped", "your own server answers the callback")
	var bodies []string
	for _, e := range far.Requests() {
		bodies = append(bodies, e.Method+" "+e.Path+" "+http.StatusText(e.Status))
		if e.State != "" || e.Phone != "" {
			t.Errorf("an attempt was made: %+v", e)
		}
	}
	want := "POST /v0.1/network-enablement Unprocessable Entity, GET /v2/applications/" + far.ApplicationID() + " OK"
	if got := strings.Join(bodies, ", "); got != want {
		t.Errorf("asked: %s\nwant:  %s", got, want)
	}
	if strings.Contains(r.out+r.err, sandbox.TestAPISecret) {
		t.Errorf("the API secret is shown: %s%s", r.out, r.err)
	}
	w.vars["VNV_API"] = "verify"
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "jwt", "ok")
	expect(t, rows, "registered", "skipped", "the Verify API registers no redirect URI")
}

// The dashboard and the settings differ.
func TestDoctorCompares(t *testing.T) {
	t.Parallel()
	const registered = "https://app.example/cb"
	for ours, words := range map[string][]string{
		"https://app.example/cb/":  {"ours ends with a slash, the registered one does not", `from character 23 on the dashboard has nothing more, the settings have "/"`},
		"https://app.example/cd":   {`from character 22 on the dashboard has "b", the settings have "d"`},
		"http://app.example/cb":    {"the scheme differs: registered https, ours http"},
		"https://App.example/cb":   {"the host is written in other case"},
		"https://app.example:8/cb": {"the port differs: registered none, ours 8"},
		"https://app.example/Cb":   {"the path is written in other case"},
	} {
		w, _ := ready(t, sandbox.Options{RedirectURIs: []string{registered}})
		w.vars["VNV_REDIRECT_URI"] = ours
		rows, _ := w.diagnosed("--online")
		expect(t, rows, "registered", "failed", append(words, "make them equal byte for byte")...)
	}

	other, err := appjwt.ParseKey([]byte(newWorld(t, "").read(newWorld(t, "").key("rsa4096-pkcs8.pem"))))
	if err != nil {
		t.Fatal(err)
	}
	w, _ := ready(t, sandbox.Options{PublicKey: other.Public()})
	rows, _ := w.diagnosed("--online")
	expect(t, rows, "jwt", "failed", "401")
	expect(t, rows, "public-key", "failed", "the dashboard holds "+shortPrint(other.Fingerprint())+", this key is "+shortPrint(sandbox.TestKeyFingerprint), "openssl pkey")

	w, _ = ready(t, sandbox.Options{})
	w.vars["VNV_API_SECRET"] = canary
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "application", "failed", "401", "Invalid credentials supplied", "API settings in the dashboard")
	w.vars["VNV_API_SECRET"], w.vars["VNV_APP_ID"] = sandbox.TestAPISecret, "00000000-0000-4000-8000-000000000000"
	rows, _ = w.diagnosed("--online")
	row := expect(t, rows, "application", "failed", "404", "does not exist, or you do not have access", "look at the application id")
	if row.Details["trace_id"] == "" {
		t.Errorf("nothing to quote to the vendor's support: %+v", row)
	}
}

// API key and secret come as a pair from one source.
func TestDoctorAccount(t *testing.T) {
	t.Parallel()
	w, _ := ready(t, sandbox.Options{})
	delete(w.vars, "VNV_API_SECRET")
	w.vars["VONAGE_API_SECRET"] = sandbox.TestAPISecret
	rows, _ := w.diagnosed("--online")
	expect(t, rows, "application", "failed", "VNV_API_KEY is set, and VNV_API_SECRET is not")
	delete(w.vars, "VNV_API_KEY")
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "application", "failed", "VONAGE_API_SECRET is set, and VONAGE_API_KEY is not")
	w.vars["VONAGE_API_KEY"] = sandbox.TestAPIKey
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "application", "ok")
	delete(w.vars, "VONAGE_API_KEY")
	delete(w.vars, "VONAGE_API_SECRET")
	rows, r := w.diagnosed("--online")
	expect(t, rows, "application", "skipped", "needs VNV_API_KEY and VNV_API_SECRET")
	if r.code != exitOK {
		t.Errorf("exit %d", r.code)
	}
}

// A far side that answers oddly, or with marks that a terminal obeys.
func TestDoctorOddApplications(t *testing.T) {
	t.Parallel()
	const id, path = "78d335fa-323d-4114-9c3d-d6f0d48968cf", "/v2/applications/78d335fa-323d-4114-9c3d-d6f0d48968cf"
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	for body, want := range map[string][3]string{
		`{"id":"` + id + `","name":"evil \u001b[2J\u202e"}`:                                                   {"capability", "failed", "not linked"},
		`{"id":"` + id + `","capabilities":{"network_apis":{"network_application_id":"n"}}}`:                  {"registered", "failed", "no redirect URI is registered"},
		`{"id":"` + id + `","keys":{}}`:                                                                       {"public-key", "failed", "holds no public key"},
		`{"id":"` + id + `","keys":{"public_key":"x"}}`:                                                       {"public-key", "failed", "is no RSA public key"},
		`{"id":"` + id + `","keys":{"public_key":` + quoted(string(sandbox.TestKeyPEM())) + `}}`:              {"public-key", "failed", "is no RSA public key"},
		`{"id":"` + id + `","capabilities":{"network_apis":{"redirect_uri":"https://app.example/\u202ecb"}}}`: {"registered", "failed", `\u202e`},
		`{"id":"other"}`: {"application", "failed", "its id is not the one asked for"},
		`<html>`:         {"application", "failed", "a web page came in place of an answer"},
	} {
		far := newFar(t, map[string]string{enablePath: answerJSON("422 Unprocessable Entity", "{}"), path: answerJSON("200 OK", body)})
		w := newWorld(t, far.url())
		w.vars["VNV_APP_ID"], w.vars["VNV_API_KEY"], w.vars["VNV_API_SECRET"] = id, "key12345", canary
		rows, _ := w.diagnosed("--online")
		expect(t, rows, want[0], want[1], want[2])
		expect(t, rows, "clock", "skipped", "no server told its time")
	}
}

// An account of the vendor's is asked at the vendor's, or where the flag says.
func TestDoctorApplicationURL(t *testing.T) {
	t.Parallel()
	w, far := ready(t, sandbox.Options{})
	rows, _ := w.diagnosed("--online", "--application-url", "http://app.example")
	expect(t, rows, "application", "failed", "is plain http to app.example", "correct --application-url")
	w.vars["VNV_PRIVATE_KEY"], w.vars["VNV_BASE_URL"] = w.key("rsa2048-pkcs8.pem"), "https://api.example"
	rows, _ = w.diagnosed("--online", "--application-url", far.URL())
	expect(t, rows, "application", "ok")
	expect(t, rows, "jwt", "failed", "no such host")
	rows, _ = w.diagnosed("--online", "--timeout", "20s")
	expect(t, rows, "application", "failed", "no such host")
}

func TestDoctorRedirect(t *testing.T) {
	t.Parallel()
	for uri, want := range map[string][2]string{
		"app.example/cb":               {"failed", "not an http or https URL"},
		"com.example.app://cb":         {"failed", "not an http or https URL"},
		"https://a:b@app.example/cb":   {"failed", "user information or a fragment"},
		"https://app.example/cb#x":     {"failed", "user information or a fragment"},
		"https://app.example/cb\u200b": {"failed", "characters that do not print"},
		"http://app.example/cb":        {"failed", "plain http"},
		"https://app.example/cb":       {"ok", "https://app.example/cb"},
		"https://localhost:3000/cb":    {"warning", "vnv answers plain http on this machine"},
		"http://127.0.0.1:0/cb":        {"warning", "a phone on mobile data cannot reach it"},
	} {
		w := newWorld(t, "https://api.example")
		w.vars["VNV_REDIRECT_URI"] = uri
		rows, _ := w.diagnosed()
		expect(t, rows, "redirect", want[0], want[1])
	}
}

func TestDoctorListener(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	w.vars["VNV_REDIRECT_URI"] = "http://localhost:0/cb"
	rows, _ := w.diagnosed()
	expect(t, rows, "listener", "ok", "127.0.0.1:", "comes back to this machine")

	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		_, port, _ := net.SplitHostPort(busy.Addr().String())
		w.vars["VNV_REDIRECT_URI"] = "http://" + host + ":" + port + "/cb"
		rows, _ = w.diagnosed()
		expect(t, rows, "listener", "failed", "the port is in use: "+busy.Addr().String(), "end the program that holds it")
	}
	rows, _ = w.diagnosed("--listen", "0.0.0.0:0")
	expect(t, rows, "listener", "failed", "not a loopback address", "--listen-public")
	rows, _ = w.diagnosed("--listen", "nonsense")
	expect(t, rows, "listener", "failed", "not host:port", "correct --redirect-uri or --listen")
}

// L21: the port is free in one family and held in the other.
func TestDoctorOtherFamily(t *testing.T) {
	t.Parallel()
	six, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here")
	}
	defer six.Close()
	_, port, _ := net.SplitHostPort(six.Addr().String())
	w := newWorld(t, "https://api.example")
	w.vars["VNV_REDIRECT_URI"] = "http://localhost:" + port + "/cb"
	rows, _ := w.diagnosed()
	expect(t, rows, "listener", "failed", "the port is in use: [::1]:"+port)
}

// A public redirect URI with --listen: asked only with --online, by its own URL.
func TestDoctorTunnel(t *testing.T) {
	t.Parallel()
	w, _ := ready(t, sandbox.Options{})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inside := free.Addr().String()
	free.Close()
	leads := inside
	tunnel := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		at := url.URL{Scheme: "http", Host: leads, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
		if leads == "" {
			http.Error(rw, "no tunnel", http.StatusBadGateway)
			return
		}
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, at.String(), http.NoBody)
		res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadGateway)
			return
		}
		defer res.Body.Close()
		rw.WriteHeader(res.StatusCode)
	}))
	t.Cleanup(tunnel.Close)
	w.vars["VNV_CA_FILE"] = w.file("ca.pem", pemOf(tunnel.Certificate()))
	straight := w.env.Net.Dial
	w.env.Net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "192.0.2.1:") || strings.HasPrefix(addr, "example.com:") {
			addr = tunnel.Listener.Addr().String()
		}
		return straight(ctx, network, addr)
	}
	w.env.Net.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
		if host == "localhost" {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
	}
	w.vars["VNV_REDIRECT_URI"], w.vars["VNV_LISTEN"] = "https://example.com/cb", inside
	rows, _ := w.diagnosed("--online")
	expect(t, rows, "listener", "ok", inside+" free", "comes back to this machine")
	leads = ""
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "listener", "failed", "https://example.com/cb answered 502, and nothing came to "+inside, "let the tunnel")
}

// The way to a host: names, addresses, families, certificates.
func TestDoctorNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	rows, _ := w.diagnosed("--online")
	expect(t, rows, "network", "failed", "api.example: ", "no such host", "name could not be resolved")

	cert, authority := certificate(t, "api.example", time.Now().Add(time.Hour), false)
	w = newWorld(t, "https://api.example")
	w.secure(cert, nil)
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "network", "failed", "api.example: TLS: ", "certificate signed by unknown authority", "--ca-file")
	w.vars["VNV_CA_FILE"] = w.file("ca.pem", authority)
	rows, _ = w.diagnosed("--online")
	row := expect(t, rows, "network", "ok", "api.example: 192.0.2.1 by IPv4, TLS 1.3, certificate by ", `Inspection CA \x1b[2J`)
	if row.Details["tls"] != "TLS 1.3" || row.Details["ipv4"] != "192.0.2.1" || row.Details["host"] != "api.example" {
		t.Errorf("details: %v", row.Details)
	}

	dial := w.env.Net.Dial
	w.env.Net.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, nil
	}
	w.env.Net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "[2001:db8") {
			return nil, &net.OpError{Op: "dial", Net: network, Err: &net.AddrError{Err: "network is unreachable"}}
		}
		return dial(ctx, network, addr)
	}
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "network", "ok", "2001:db8::1 does not answer by IPv6, 192.0.2.1 by IPv4")
	w.env.Net.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("2001:db8::1")}, nil
	}
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "network", "failed", "2001:db8::1 by IPv6: network is unreachable")

	w.vars["VNV_CA_FILE"] = "/nonexistent"
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "network", "failed", "/nonexistent")
	expect(t, rows, "jwt", "skipped", "see network")
	delete(w.vars, "VNV_CA_FILE")
	w.vars["VNV_BASE_URL"] = "http://api.example"
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "network", "failed", "plain http to api.example")
}

// G12: a proxy in the way is named, its password never.
func TestDoctorProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	proxy := newFar(t, map[string]string{"": "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"})
	w.vars["VNV_PROXY"] = "http://user:" + canary + "@" + proxy.Addr().String()
	w.leadNowhere()
	rows, _ := w.diagnosed("--online")
	row := expect(t, rows, "network", "failed", "api.example: ", "Proxy Authentication Required")
	if row.Details["proxy"] != proxy.Addr().String() {
		t.Errorf("details: %v", row.Details)
	}
}

func pemOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}
