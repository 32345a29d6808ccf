package callback

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		redirect string
		listen   string
		reason   Reason
	}{
		{"no redirect URI", "", "", ReasonOptions},
		{"no host", "http:///callback", "", ReasonOptions},
		{"other scheme", "myapp://callback", "127.0.0.1:0", ReasonOptions},
		{"unparsable", "http://[::1/callback", "", ReasonOptions},
		{"user information", "http://me@127.0.0.1:0/callback", "", ReasonOptions},
		{"fragment", "http://127.0.0.1:0/callback#here", "", ReasonOptions},
		{"https on loopback, nowhere to listen", "https://localhost:0/callback", "", ReasonOptions},
		{"public, nowhere to listen", "https://dev.example/callback", "", ReasonOptions},
		{"public address, nowhere to listen", "http://192.0.2.1:8080/callback", "", ReasonOptions},
		{"looks like loopback", "http://localhost.dev.example:0/callback", "", ReasonOptions},
		{"decimal address", "http://2130706433:0/callback", "", ReasonOptions},
		{"port out of range", "http://127.0.0.1:99999/callback", "", ReasonOptions},
		{"public with port 0", "https://dev.example:0/callback", "127.0.0.1:0", ReasonOptions},
		{"listen without port", "https://dev.example/callback", "127.0.0.1", ReasonOptions},
		{"listen with empty port", "https://dev.example/callback", "127.0.0.1:", ReasonOptions},
		{"listen on a named port", "https://dev.example/callback", "127.0.0.1:http", ReasonOptions},
		{"listen on a padded port", "https://dev.example/callback", "127.0.0.1:00", ReasonOptions},
		{"listen on a name", "https://dev.example/callback", "dev.example:8080", ReasonOptions},
		{"listen everywhere", "https://dev.example/callback", ":8080", ReasonExposed},
		{"listen on 0.0.0.0", "https://dev.example/callback", "0.0.0.0:8080", ReasonExposed},
		{"listen on [::]", "https://dev.example/callback", "[::]:8080", ReasonExposed},
		{"listen on another address", "https://dev.example/callback", "192.0.2.1:8080", ReasonExposed},
		{"listen on a mapped address", "https://dev.example/callback", "[::ffff:192.0.2.1]:8080", ReasonExposed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := Listen(t.Context(), Options{RedirectURI: c.redirect, Listen: c.listen, State: ourState})
			wantReason(t, err, c.reason)
			if l != nil {
				t.Error("a listener beside an error")
			}
		})
	}
	_, err := Listen(t.Context(), Options{RedirectURI: "http://127.0.0.1:0/callback"})
	wantReason(t, err, ReasonOptions)
}

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    Options
		path string
		want string
	}{
		{"localhost", Options{RedirectURI: "http://localhost:8080/cb"}, "/cb", "tcp4 127.0.0.1 8080, tcp6 ::1 8080"},
		{"localhost in capitals", Options{RedirectURI: "HTTP://LocalHost.:0/cb"}, "/cb", "tcp4 127.0.0.1 0, tcp6 ::1 0"},
		{"default port", Options{RedirectURI: "http://127.0.0.1"}, "/", "tcp 127.0.0.1 80"},
		{"IPv6", Options{RedirectURI: "http://[::1]:8080/cb%2f"}, "/cb%2f", "tcp ::1 8080"},
		{"mapped", Options{RedirectURI: "http://[::ffff:127.0.0.1]:1/"}, "/", "tcp 127.0.0.1 1"},
		{"tunnel", Options{RedirectURI: "https://dev.example/a/cb", Listen: "127.0.0.1:8080"}, "/a/cb", "tcp 127.0.0.1 8080"},
		{"tunnel to localhost", Options{RedirectURI: "https://dev.example/cb", Listen: "localhost:1"}, "/cb", "tcp4 127.0.0.1 1, tcp6 ::1 1"},
		{"public", Options{RedirectURI: "http://192.0.2.1/cb", Listen: "192.0.2.1:80", Public: true}, "/cb", "tcp 192.0.2.1 80"},
		{"everywhere", Options{RedirectURI: "https://dev.example/cb", Listen: ":80", Public: true}, "/cb", "tcp  80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.State = ourState
			got, err := c.o.target()
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			for _, h := range got.hosts {
				all = append(all, h.network+" "+h.addr+" "+got.port)
			}
			if s := strings.Join(all, ", "); s != c.want || got.path != c.path {
				t.Errorf("got %s and %s, want %s and %s", s, got.path, c.want, c.path)
			}
		})
	}
}

func TestRedirectURITellsTheTruth(t *testing.T) {
	t.Parallel()
	l, _ := listen(t)
	_, port, _ := net.SplitHostPort(l.Addrs()[0])
	if want := "http://127.0.0.1:" + port + "/callback"; l.RedirectURI() != want || port == "0" {
		t.Errorf("got %s, want %s", l.RedirectURI(), want)
	}
	tunnel, _ := listen(t, func(o *Options) { o.RedirectURI, o.Listen = "https://dev.example/callback?x=1", "127.0.0.1:0" })
	if tunnel.RedirectURI() != "https://dev.example/callback?x=1" {
		t.Errorf("a tunnel's URI was changed: %s", tunnel.RedirectURI())
	}
	mustEnd(t, tunnel)
}

// TestLocalhostIsBothFamilies: a browser may try either.
func TestLocalhostIsBothFamilies(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	for family := range 2 {
		l, _ := listen(t, func(o *Options) { o.RedirectURI = "http://localhost:0/callback" })
		addrs := l.Addrs()
		_, port, _ := net.SplitHostPort(addrs[0])
		if len(addrs) != 2 || addrs[0] != "127.0.0.1:"+port || addrs[1] != "[::1]:"+port {
			t.Fatalf("bound %v", addrs)
		}
		if want := "http://localhost:" + port + "/callback"; l.RedirectURI() != want {
			t.Errorf("got %s, want %s", l.RedirectURI(), want)
		}
		r := talk(t, addrs[family], "GET /callback?code=a&state="+ourState+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if _, err := l.Wait(patiently(t)); err != nil || r.status != 200 {
			t.Errorf("over %s: %+v, %v", addrs[family], r, err)
		}
	}
}

// TestBusyPort (L20, L21): never another port, and the error names port and holder, whichever family is taken.
func TestBusyPort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, network, held, redirect string }{
		{"the same address", "tcp4", "127.0.0.1:0", "http://127.0.0.1:PORT/callback"},
		{"IPv4 of localhost", "tcp4", "127.0.0.1:0", "http://localhost:PORT/callback"},
		{"IPv6 of localhost", "tcp6", "[::1]:0", "http://localhost:PORT/callback"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.network == "tcp6" {
				needIPv6(t)
			}
			var lc net.ListenConfig
			holding, err := lc.Listen(t.Context(), c.network, c.held)
			if err != nil {
				t.Fatal(err)
			}
			defer holding.Close()
			addr := holding.Addr().String()
			_, port, _ := net.SplitHostPort(addr)
			_, err = Listen(t.Context(), Options{RedirectURI: strings.Replace(c.redirect, "PORT", port, 1), State: ourState})
			e := wantReason(t, err, ReasonBusy)
			if e.Addr != addr || !errors.Is(e, syscall.EADDRINUSE) || !strings.Contains(e.Error(), port) {
				t.Errorf("got %q of %s", e, e.Addr)
			}
			if _, err := os.Stat("/proc/net/tcp"); err == nil && !strings.Contains(e.Holder, strconv.Itoa(os.Getpid())) {
				t.Errorf("the holder is this process, not %q", e.Holder)
			}
		})
	}
}

// TestOneFamilyIsMissing (L22).
func TestOneFamilyIsMissing(t *testing.T) {
	t.Parallel()
	for missing, left := range map[string]string{"tcp6": "127.0.0.1", "tcp4": "::1"} {
		t.Run("no "+missing, func(t *testing.T) {
			t.Parallel()
			if left == "::1" {
				needIPv6(t)
			}
			lacking := func(ctx context.Context, network, addr string) (net.Listener, error) {
				if network == missing {
					return nil, &net.OpError{Op: "listen", Err: os.NewSyscallError("socket", syscall.EAFNOSUPPORT)}
				}
				return systemListen(ctx, network, addr)
			}
			o := Options{RedirectURI: "http://localhost:0/callback", State: ourState}
			target, err := o.target()
			if err != nil {
				t.Fatal(err)
			}
			sockets, err := bind(t.Context(), lacking, target)
			if err != nil || len(sockets) != 1 {
				t.Fatalf("got %v, %v", sockets, err)
			}
			defer closeAll(sockets)
			if host, _, _ := net.SplitHostPort(sockets[0].Addr().String()); host != left {
				t.Errorf("bound %s", host)
			}
		})
	}
}

func TestBindErrors(t *testing.T) {
	t.Parallel()
	fail := func(errno syscall.Errno) listenFunc {
		return func(context.Context, string, string) (net.Listener, error) {
			return nil, &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", errno)}
		}
	}
	for _, c := range []struct {
		name, redirect string
		errno          syscall.Errno
		reason         Reason
	}{
		{"no family at all", "http://localhost:8080/", syscall.EAFNOSUPPORT, ReasonBind},
		{"the one address is absent", "http://[::1]:8080/", syscall.EADDRNOTAVAIL, ReasonBind},
		{"not allowed", "http://localhost:80/", syscall.EACCES, ReasonBind},
		{"no free port in both families", "http://localhost:0/", syscall.EADDRINUSE, ReasonBusy},
		{"in use, by Windows' number", "http://localhost:8080/", syscall.Errno(10048), ReasonBusy},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := Options{RedirectURI: c.redirect, State: ourState}
			target, err := o.target()
			if err != nil {
				t.Fatal(err)
			}
			_, err = bind(t.Context(), fail(c.errno), target)
			if e := wantReason(t, err, c.reason); !errors.Is(e, c.errno) || e.Addr == "" {
				t.Errorf("got %v of %q", e, e.Addr)
			}
		})
	}
}

// TestFreePortIsTriedAgain: a port that is free in one family only does not matter when any port will do, and is not kept.
func TestFreePortIsTriedAgain(t *testing.T) {
	t.Parallel()
	needIPv6(t)
	busy, tried := 3, []net.Listener(nil)
	unlucky := func(ctx context.Context, network, addr string) (net.Listener, error) {
		if network == "tcp6" && busy > 0 {
			busy--
			return nil, &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}
		}
		s, err := systemListen(ctx, network, addr)
		tried = append(tried, s)
		return s, err
	}
	o := Options{RedirectURI: "http://localhost:0/callback", State: ourState}
	target, err := o.target()
	if err != nil {
		t.Fatal(err)
	}
	sockets, err := bind(t.Context(), unlucky, target)
	if err != nil || len(sockets) != 2 || len(tried) != 5 {
		t.Fatalf("got %v, %v after %d", sockets, err, len(tried))
	}
	defer closeAll(sockets)
	for _, s := range tried[:3] {
		if err := s.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s was kept: %v", s.Addr(), err)
		}
	}
}

func TestHolder(t *testing.T) {
	t.Parallel()
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	row := func(local, state, inode string) string {
		return "   0: " + local + " 00000000:0000 " + state + " 00000000:00000000 00:00000000 00000000  1000        0 " + inode + " 1 0\n"
	}
	proc := fstest.MapFS{
		"net/tcp": {Data: []byte(head + row("0100007F:1F90", "01", "1") + row("0200007F:1F90", "0A", "2") +
			row("0100007F:1F91", "0A", "3") + row("00000000:1F93", "0A", "4"))},
		"net/tcp6":    {Data: []byte(head + row("00000000000000000000000001000000:1F92", "0A", "5") + "short\n")},
		"7/comm":      {Data: []byte("other\n")},
		"7/fd/0":      {Data: []byte("socket:[1]"), Mode: fs.ModeSymlink},
		"4711/comm":   {Data: []byte("node\n")},
		"4711/fd/3":   {Data: []byte("socket:[3]"), Mode: fs.ModeSymlink},
		"4711/fd/4":   {Data: []byte("socket:[4]"), Mode: fs.ModeSymlink},
		"4712/comm":   {Data: []byte("a\x1b[2Jb\n")},
		"4712/fd/5":   {Data: []byte("socket:[5]"), Mode: fs.ModeSymlink},
		"self/fd/3":   {Data: []byte("socket:[3]"), Mode: fs.ModeSymlink},
		"4713/fd/bad": {Data: []byte("not a link")},
	}
	for addr, want := range map[string]string{
		"127.0.0.1:8081": "node (pid 4711)",
		"127.0.0.1:8083": "node (pid 4711)", // by 0.0.0.0
		"[::1]:8082":     "pid 4712",        // its name has control characters
		":8081":          "node (pid 4711)",
		"127.0.0.1:8080": "", // one is connected, not listening, the other on 127.0.0.2
		"127.0.0.2:8080": "", // nobody visible has it open
		"[::1]:8081":     "",
		"nonsense":       "",
	} {
		if got := holder(proc, addr); got != want {
			t.Errorf("%s: got %q, want %q", addr, got, want)
		}
	}
	if got := holder(fstest.MapFS{}, "127.0.0.1:8081"); got != "" {
		t.Errorf("without /proc: %q", got)
	}
}

func needIPv6(t *testing.T) {
	t.Helper()
	var lc net.ListenConfig
	s, err := lc.Listen(t.Context(), "tcp6", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6 loopback")
	}
	_ = s.Close()
}
