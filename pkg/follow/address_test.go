package follow

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestClassOf(t *testing.T) {
	t.Parallel()
	for class, addrs := range map[Class]string{
		ClassPublic:      "192.0.2.1 198.51.100.9 203.0.113.7 8.8.8.8 2001:db8::1 2606:4700::1 64:ff9b::808:808 2002:808:808::1 ::ffff:8.8.8.8 172.32.0.1 100.128.0.1 198.20.0.1",
		ClassLoopback:    "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::1",
		ClassPrivate:     "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 198.18.0.1 fd00::1 fc00::1 fec0::1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:c0a8:101::1 64:ff9b:1::808:808",
		ClassLinkLocal:   "169.254.1.1 fe80::1 fe80::1%eth0 ::ffff:169.254.1.1 64:ff9b::a9fe:101 2002:a9fe:101::",
		ClassMetadata:    "169.254.169.254 100.100.100.200 168.63.129.16 fd00:ec2::254 fd20:ce::254 ::ffff:a9fe:a9fe ::a9fe:a9fe 64:ff9b::a9fe:a9fe 64:ff9b:1::a9fe:a9fe 64:ff9b:1:a9fe:a9:fe00:: 2002:a9fe:a9fe::1 2001:0:808:808::5601:5601",
		ClassMulticast:   "224.0.0.1 239.255.255.255 ff02::1 64:ff9b::e000:1",
		ClassUnspecified: "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0 64:ff9b::",
		ClassReserved:    "240.0.0.1 255.255.255.255 192.0.0.8 100::1 ::127.0.0.1",
	} {
		for addr := range strings.FieldsSeq(addrs) {
			got := ClassOf(netip.MustParseAddr(addr))
			if addr == "::a9fe:a9fe" || addr == "::127.0.0.1" {
				if !got.never() {
					t.Errorf("%s is %s, want one that is never dialled", addr, got)
				}
			} else if got != class {
				t.Errorf("%s is %s, want %s", addr, got, class)
			}
		}
	}
	if got := ClassOf(netip.Addr{}); !got.never() {
		t.Errorf("no address is %s", got)
	}
}

// TestForbiddenAddresses: whatever its form, and wherever its name leads, a forbidden address is
// not dialled.
func TestForbiddenAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host  string
		addrs []string // of a name
		class Class
		opts  Options
	}{
		{host: "127.0.0.1", class: ClassLoopback},
		{host: "localhost", class: ClassLoopback},
		{host: "a.localhost.", class: ClassLoopback},
		{host: "2130706433", class: ClassLoopback},
		{host: "0x7f.1", class: ClassLoopback},
		{host: "127.1", class: ClassLoopback},
		{host: "[::1]", class: ClassLoopback},
		{host: "[::ffff:7f00:1]", class: ClassLoopback},
		{host: "10.1.2.3", class: ClassPrivate},
		{host: "[fd00::1]", class: ClassPrivate},
		{host: "100.64.3.2", class: ClassPrivate},
		{host: "0.0.0.0", class: ClassUnspecified, opts: Options{AllowPrivate: true}},
		{host: "169.254.169.254", class: ClassMetadata, opts: Options{AllowPrivate: true, Named: []string{"http://169.254.169.254/"}}},
		{host: "[64:ff9b::a9fe:a9fe]", class: ClassMetadata, opts: Options{AllowPrivate: true}},
		{host: "metadata.google.internal", class: ClassMetadata, opts: Options{AllowPrivate: true}},
		{host: "in.example", addrs: []string{"127.0.0.1"}, class: ClassLoopback},
		{host: "in.example", addrs: []string{"10.0.0.9", "fd00::9"}, class: ClassPrivate},
		{host: "in.example", addrs: []string{"fe80::9"}, class: ClassLinkLocal, opts: Options{AllowPrivate: true}},
		{host: "in.example", addrs: []string{"10.0.0.9"}, class: ClassPrivate, opts: Options{Named: []string{"http://127.0.0.1:8080"}}},
		{host: "10.0.0.9", class: ClassPrivate, opts: Options{Named: []string{"https://op.example"}}},
	} {
		w := newWorld(t, map[string]http.HandlerFunc{"op.example/auth": to(302, "https://"+c.host+"/x?code="+canary)})
		w.addrs["in.example"] = c.addrs
		res, err := w.follow(t.Context(), start, c.opts)
		if err == nil || err.Reason != ReasonAddress || err.Class != c.class || err.Hop != res.Hops {
			t.Errorf("%s: got %v (%+v), want a %s address refused", c.host, err, res, c.class)
		}
		if len(w.dialled) != 1 {
			t.Errorf("%s: dialled %v", c.host, w.dialled)
		}
	}
}

func TestAllowedAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		host string
		opts Options
	}{
		{"127.0.0.1", Options{Named: []string{"http://127.0.0.1:8080/x"}}},
		{"[::1]", Options{Named: []string{"http://localhost:8080/x"}}},
		{"10.0.0.9", Options{Named: []string{"https://192.168.0.1"}}},
		{"10.0.0.9", Options{Named: []string{"https://in.example"}}}, // is at 10.9.9.9
		{"in.example", Options{Named: []string{"https://in.example"}}},
		{"10.0.0.9", Options{AllowPrivate: true}},
		{"localhost", Options{AllowPrivate: true}},
	} {
		w := newWorld(t, map[string]http.HandlerFunc{
			"op.example/auth": to(302, "http://"+c.host+"/x"), strings.ToLower(c.host) + "/x": to(302, callback),
		})
		w.addrs["in.example"], w.addrs["localhost"] = []string{"10.9.9.9"}, []string{"::1", "127.0.0.1"}
		c.opts.RedirectURI = redirect
		if _, err := w.follow(t.Context(), start, c.opts); err != nil {
			t.Errorf("%s with %+v: %v", c.host, c.opts, err)
		}
	}
}

// TestMixedAndFlippingNames: of a name only the allowed addresses are dialled, and each dial looks anew.
func TestMixedAndFlippingNames(t *testing.T) {
	t.Parallel()
	var w *world
	w = newWorld(t, map[string]http.HandlerFunc{
		"op.example/auth": to(302, "http://mixed.example/x"),
		"mixed.example/x": func(rw http.ResponseWriter, r *http.Request) {
			w.mu.Lock()
			w.addrs["mixed.example"] = []string{"127.0.0.1"}
			w.mu.Unlock()
			to(302, "http://mixed.example/y", "Connection", "close")(rw, r)
		},
	})
	w.addrs["mixed.example"] = []string{"10.0.0.1", "192.0.2.9", "169.254.169.254"}
	_, err := w.follow(t.Context(), start, Options{})
	if err == nil || err.Reason != ReasonAddress || err.Hop != 3 || err.Class != ClassLoopback {
		t.Errorf("got %v, want hop 3 refused", err)
	}
	if got := strings.Join(w.dialled, " "); got != "192.0.2.1:443 192.0.2.9:80" {
		t.Errorf("dialled %s", got)
	}
	if notes := w.recorder.Hops()[1].Notes; len(notes) != 2 || notes[1].Kind != noteAddress {
		t.Errorf("notes %v", notes)
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]http.HandlerFunc{
		"plain.example/a": to(302, "http://second.example/b"), "second.example/b": to(302, "http://127.0.0.1/c"),
	})
	n := w.net
	n.Proxy = func(*url.URL) (*url.URL, error) { return url.Parse("http://proxy.internal:80") }
	w.addrs["proxy.internal"] = []string{"10.0.0.1"} // the proxy's own address is the user's affair
	w.use(n)
	res, err := w.follow(t.Context(), "http://plain.example/a", Options{Named: []string{"http://named.example"}})
	if err == nil || err.Reason != ReasonAddress || err.Class != ClassLoopback || res.Hops != 3 {
		t.Errorf("got %+v, %v; want the third hop refused by name", res, err)
	}
	if got := strings.Join(w.dialled, " "); got != "10.0.0.1:80" {
		t.Errorf("dialled %s", got)
	}
	for _, h := range w.recorder.Hops() {
		if !strings.Contains(h.Notes[len(h.Notes)-1].Text+h.Notes[0].Text, "only the name could be checked") {
			t.Errorf("hop %d has no note of the proxy: %v", h.N, h.Notes)
		}
	}
}
