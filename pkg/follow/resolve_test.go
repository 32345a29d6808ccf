package follow

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// local is a server on loopback that answers with its name, and the port it is at.
func local(t *testing.T, name string) (s *httptest.Server, port string) {
	t.Helper()
	s = httptest.NewServer(say(200, "application/json", `{"is":"`+name+`"}`))
	t.Cleanup(s.Close)
	_, port, _ = net.SplitHostPort(s.Listener.Addr().String())
	return s, port
}

// over follows url over n, and returns the last body.
func over(t *testing.T, n Net, url string, o Options) (body string, hops []trace.Hop, err error) {
	t.Helper()
	routes := n.Routes()
	defer routes.CloseIdleConnections()
	rec := &trace.Recorder{Base: routes, Mask: &trace.Mask{}}
	res, err := (&Follower{Transport: rec.Step("authorize"), Options: o, Mask: rec.Mask}).Follow(t.Context(), url)
	return string(res.Body), rec.Hops(), err
}

// TestResolve: an address given for a name is dialled without lookup and without further leave, but
// for those that are never dialled.
func TestResolve(t *testing.T) {
	t.Parallel()
	_, port := local(t, "pinned")
	none := func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("looked up") }
	for key, ok := range map[string]bool{
		"a.example:" + port: true, "A.EXAMPLE:" + port: true, "*:" + port: true, "b.example:" + port: false, "a.example:1": false,
	} {
		body, _, err := over(t, Net{Lookup: none, Resolve: map[string]string{key: "127.0.0.1"}}, "http://a.example:"+port+"/", Options{})
		if got := body == `{"is":"pinned"}`; got != ok || !ok && !strings.Contains(err.Error(), "looked up") {
			t.Errorf("%s: %q, %v", key, body, err)
		}
	}
	_, _, err := over(t, Net{Resolve: map[string]string{"a.example:80": "169.254.169.254"}}, "http://a.example/", Options{AllowPrivate: true})
	if e, ok := errors.AsType[*Error](err); !ok || e.Reason != ReasonAddress || e.Class != ClassMetadata {
		t.Errorf("metadata: %v", err)
	}
}

func TestNetCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n     Net
		field string
	}{
		{Net{}, ""},
		{Net{DNS: "192.0.2.53"}, ""},
		{Net{DNS: "192.0.2.53:5353"}, ""},
		{Net{DNS: "::1"}, ""},
		{Net{DNS: "[::1]"}, ""},
		{Net{DNS: "[::1]:53"}, ""},
		{Net{DNS: "dns.example"}, ""},
		{Net{DNS: "dns.example:53"}, ""},
		{Net{DNS: "dns.example:0"}, "dns"},
		{Net{DNS: ":53"}, "dns"},
		{Net{DNS: "https://dns.example"}, "dns"},
		{Net{DNS: "a b"}, "dns"},
		{Net{DNS: "1:2:3"}, "dns"},
		{Net{Resolve: map[string]string{"a:1": "192.0.2.1, [2001:db8::1]"}}, ""},
		{Net{Resolve: map[string]string{"a": "192.0.2.1"}}, "resolve"},
		{Net{Resolve: map[string]string{"a:1": "b"}}, "resolve"},
		{Net{Resolve: map[string]string{":1": "192.0.2.1"}}, "resolve"},
		{Net{Interface: "no-such-if0"}, "interface"},
	} {
		err := c.n.Check()
		e, ok := errors.AsType[*NetError](err)
		if c.field == "" && err != nil || c.field != "" && (!ok || e.Field != c.field || !strings.HasPrefix(e.Error(), "follow: "+c.field+" ")) {
			t.Errorf("%+v: %v", c.n, err)
		}
	}
}

// resolver answers every question for an A record with 127.0.0.1, and counts them.
func resolver(t *testing.T, asked *atomic.Int32) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() {
		defer close(done)
		for buf := make([]byte, 1500); ; {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			asked.Add(1)
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
					Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
				}}
			}
			if out, err := m.Pack(); err == nil {
				conn.WriteTo(out, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

// TestDNS: a chain asks the resolver that is named, an API call does not.
func TestDNS(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	_, port := local(t, "named")
	n := Net{DNS: resolver(t, &asked), Lookup: func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("the usual way") }}
	body, hops, err := over(t, n, "http://only-there.example:"+port+"/", Options{AllowPrivate: true})
	if body != `{"is":"named"}` || asked.Load() == 0 || hops[0].DNS == 0 {
		t.Errorf("%q after %d questions, %v", body, asked.Load(), err)
	}
	if _, _, err = over(t, n, "http://only-there.example:"+port+"/", Options{}); err == nil || !strings.Contains(err.Error(), "127.0.0.1, a loopback address") {
		t.Errorf("its answers are not checked: %v", err)
	}
	routes := n.Routes()
	defer routes.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://api.example:"+port+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := routes.RoundTrip(req)
	if err == nil {
		res.Body.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "the usual way") {
		t.Errorf("the API call: %v", err)
	}
}

func TestCandidates(t *testing.T) {
	t.Parallel()
	at := func(addrs ...string) (p []netip.Prefix) {
		for _, a := range addrs {
			p = append(p, netip.MustParsePrefix(a))
		}
		return p
	}
	got := Candidates([]Interface{
		{Name: "eth0", Up: true, Addrs: at("192.0.2.7/24")},
		{Name: "docker0", Up: true},
		{Name: "wlan0", Up: true, Addrs: at("192.168.43.20/24")},
		{Name: "wwan0"},
		{Name: "enx02aabb", Up: true, Addrs: at("192.168.42.129/24", "fe80::1/64")},
		{Name: "en5", Up: true, Addrs: at("172.20.10.2/28")},
		{Name: "rmnet_data0", Up: true, Addrs: at("100.64.1.2/30")},
		{Name: "eth1", Addrs: at("198.51.100.1/24")},
	})
	var lines []string
	for _, i := range got {
		marks := i.Name
		if i.Cellular {
			marks += " cellular"
		}
		if i.Hotspot {
			marks += " hotspot"
		}
		lines = append(lines, strings.TrimSpace(marks+" "+i.Why))
	}
	want := []string{
		"en5 cellular hotspot the network of an iPhone's hotspot", "enx02aabb cellular hotspot the network of Android's USB tethering",
		"rmnet_data0 cellular a Qualcomm modem", "wwan0 cellular a modem", "eth0", "wlan0 hotspot the network of an Android hotspot", "eth1",
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if _, err := Interfaces(); err != nil {
		t.Error(err)
	}
}
