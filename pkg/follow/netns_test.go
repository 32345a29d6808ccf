//go:build linux && netns

// These tests need root and iproute2: they make network namespaces, joined by veth pairs, and leave
// nothing behind. No packet leaves them.
//
//	go test -tags netns -run Netns ./pkg/follow/
package follow

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// far is where both far sides are, each behind an interface of its own; the one that the routes
// prefer is behind vnv-a.
const (
	far4  = "198.51.100.1"
	far6  = "2001:db8:99::1"
	inEnv = "VNV_TEST_IN_NETNS"
)

// script makes the three namespaces; CLIENT, A and B stand for their names.
const script = `
netns add CLIENT
netns add A
netns add B
link add vnv-a netns CLIENT type veth peer name eth0 netns A
link add vnv-b netns CLIENT type veth peer name eth0 netns B
-n CLIENT link set lo up
-n CLIENT addr add 10.77.1.2/24 dev vnv-a
-n CLIENT addr add 10.77.2.2/24 dev vnv-b
-n CLIENT addr add fd77:1::2/64 dev vnv-a nodad
-n CLIENT addr add fd77:2::2/64 dev vnv-b nodad
-n A link set lo up
-n A addr add 10.77.1.1/24 dev eth0
-n A addr add fd77:1::1/64 dev eth0 nodad
-n A addr add 198.51.100.1/32 dev lo
-n A addr add 2001:db8:99::1/128 dev lo nodad
-n A link set eth0 up
-n B link set lo up
-n B addr add 10.77.2.1/24 dev eth0
-n B addr add fd77:2::1/64 dev eth0 nodad
-n B addr add 198.51.100.1/32 dev lo
-n B addr add 2001:db8:99::1/128 dev lo nodad
-n B link set eth0 up
-n CLIENT link set vnv-a up
-n CLIENT link set vnv-b up
-n CLIENT route add 198.51.100.1 via 10.77.1.1 dev vnv-a metric 10
-n CLIENT route add 198.51.100.1 via 10.77.2.1 dev vnv-b metric 20
-n CLIENT -6 route add 2001:db8:99::1 via fd77:1::1 dev vnv-a metric 10
-n CLIENT -6 route add 2001:db8:99::1 via fd77:2::1 dev vnv-b metric 20
`

// TestNetns makes the namespaces, serves in two of them, and runs TestNetnsInside in the third.
func TestNetns(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
	prefix := "vnv-" + strconv.Itoa(os.Getpid()) + "-"
	names := strings.NewReplacer("CLIENT", prefix+"client", " A\n", " "+prefix+"a\n", " A ", " "+prefix+"a ", " B\n", " "+prefix+"b\n", " B ", " "+prefix+"b ")
	for _, side := range []string{"client", "a", "b"} {
		t.Cleanup(func() { exec.Command("ip", "netns", "del", prefix+side).Run() })
	}
	for line := range strings.Lines(strings.TrimSpace(script) + "\n") {
		if out, err := exec.Command("ip", strings.Fields(names.Replace(line))...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", strings.TrimSpace(line), err, out)
		}
	}
	for _, side := range []string{"a", "b"} {
		serveIn(t, prefix+side, side)
	}
	cmd := exec.Command("ip", "netns", "exec", prefix+"client", os.Args[0], "-test.run=^TestNetnsInside$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), inEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestNetnsInside/") {
		t.Errorf("inside: %v\n%s", err, out)
	}
}

// serveIn serves in a namespace: side by HTTP, and in b a resolver too.
func serveIn(t *testing.T, namespace, side string) {
	t.Helper()
	made := make(chan error)
	var listeners []net.Listener
	var dns net.PacketConn
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		ns, err := os.Open(filepath.Join("/run/netns", namespace))
		if err == nil {
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
			ns.Close()
		}
		for _, addr := range []string{net.JoinHostPort(far4, "80"), net.JoinHostPort(far6, "80")} {
			if err == nil {
				var l net.Listener
				l, err = net.Listen("tcp", addr)
				listeners = append(listeners, l)
			}
		}
		if err == nil && side == "b" {
			dns, err = net.ListenPacket("udp", net.JoinHostPort(far4, "53"))
		}
		made <- err
	}()
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	for _, l := range listeners {
		s := &http.Server{Handler: say(200, "application/json", `{"is":"`+side+`"}`)}
		go s.Serve(l)
		t.Cleanup(func() { s.Close() })
	}
	if dns != nil {
		go answerDNS(dns)
		t.Cleanup(func() { dns.Close() })
	}
}

// answerDNS answers every question for an A record with far4.
func answerDNS(conn net.PacketConn) {
	for buf := make([]byte, 1500); ; {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil {
			continue
		}
		m.Response, m.Additionals = true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}, Body: &dnsmessage.AResource{A: [4]byte{198, 51, 100, 1}},
			}}
		}
		if out, err := m.Pack(); err == nil {
			conn.WriteTo(out, from)
		}
	}
}

// TestNetnsInside runs in the client's namespace, where two ways out lead to two servers.
func TestNetnsInside(t *testing.T) {
	if os.Getenv(inEnv) == "" {
		t.Skip("run by TestNetns")
	}
	for name, c := range map[string]struct {
		n    Net
		url  string
		want string
	}{
		"the usual way":        {Net{}, "http://" + far4 + "/", "a"},
		"IPv4 by a":            {Net{Interface: "vnv-a"}, "http://" + far4 + "/", "a"},
		"IPv4 by b":            {Net{Interface: "vnv-b"}, "http://" + far4 + "/", "b"},
		"IPv6 by a":            {Net{Interface: "vnv-a"}, "http://[" + far6 + "]/", "a"},
		"IPv6 by b":            {Net{Interface: "vnv-b"}, "http://[" + far6 + "]/", "b"},
		"a pinned name by b":   {Net{Interface: "vnv-b", Resolve: map[string]string{"op.example:80": far6 + "," + far4}}, "http://op.example/", "b"},
		"names and chain by b": {Net{Interface: "vnv-b", DNS: far4}, "http://op.example/", "b"}, // a has no resolver
	} {
		t.Run(name, func(t *testing.T) {
			body, hops, err := over(t, c.n, c.url, Options{})
			if err != nil || body != `{"is":"`+c.want+`"}` {
				t.Errorf("got %q, %v, %+v", body, err, hops)
			}
		})
	}
	t.Run("an API call shares no connection with the chain", apart)
	t.Run("the listed", func(t *testing.T) {
		all, err := Interfaces()
		if err != nil || len(all) != 2 || all[0].Name != "vnv-a" || !all[1].Up || len(all[1].Addrs) < 2 {
			t.Errorf("%+v, %v", all, err)
		}
	})
	t.Run("an interface that went down", func(t *testing.T) {
		if out, err := exec.Command("ip", "link", "set", "vnv-b", "down").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		n := Net{Interface: "vnv-b"}
		if bad, ok := errors.AsType[*NetError](n.Check()); !ok || bad.Err.Error() != "the interface is down" {
			t.Errorf("check: %v", n.Check())
		}
		_, _, err := over(t, n, "http://"+far4+"/", Options{As: "curl", HopTimeout: 5 * time.Second})
		if e, ok := errors.AsType[*Error](err); !ok || e.Rule != RuleNoData || e.Code != "exit 45" {
			t.Errorf("got %+v", err)
		}
	})
}

// apart asks the same address by both ways in turn, over one transport.
func apart(t *testing.T) {
	routes := Net{Interface: "vnv-b"}.Routes()
	defer routes.CloseIdleConnections()
	for range 3 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+far4+"/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := routes.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		chained, err := (&Follower{Transport: routes}).Follow(t.Context(), "http://"+far4+"/")
		if err != nil || string(body) != `{"is":"a"}` || string(chained.Body) != `{"is":"b"}` {
			t.Errorf("the call reached %s, the chain %s: %v", body, chained.Body, err)
		}
	}
}
