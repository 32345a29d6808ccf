package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/cli"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// patience is a safety net: what takes longer hangs.
const patience = 30 * time.Second

// world is a machine of its own for commands that run inside the test: an
// environment, a home, and a network that ends at loopback.
type world struct {
	t    *testing.T
	vars map[string]string
	home string
	tty  bool // stderr is a terminal
	in   io.Reader

	names  map[string]string // addresses of names, beside localhost
	routes map[string]string // where a connection to an address beyond loopback really goes

	files   []string // that the test put into the home
	secrets []string // canaries of the test's own

	mu      sync.Mutex
	strayed []string // addresses and names beyond loopback that somebody wanted
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, home: t.TempDir(), vars: map[string]string{"LANG": "C.UTF-8", "TERM": "xterm"}, in: strings.NewReader("")}
}

// lastPort counts the ports of redirect URIs.
var lastPort atomic.Int64

// callbackURI is a redirect URI on a port that stays free until vnv binds it: below
// those that the system hands out, and given to nobody else here.
func callbackURI(t fataler) string {
	for range 1000 {
		addr := "127.0.0.1:" + strconv.FormatInt(10000+(lastPort.Add(1)+int64(os.Getpid())*61)%20000, 10)
		if l, err := net.Listen("tcp", addr); err == nil {
			l.Close()
			return "http://" + addr + "/callback"
		}
	}
	t.Fatalf("no port is free")
	return ""
}

// fataler is a test or a script.
type fataler interface {
	Fatalf(format string, args ...any)
}

// startSandbox is sandbox.Start with a redirect URI whose port stays free.
func startSandbox(t *testing.T, o sandbox.Options) *sandbox.Server {
	t.Helper()
	if len(o.RedirectURIs) == 0 {
		o.RedirectURIs = []string{callbackURI(t)}
	}
	return sandbox.Start(t, o)
}

// towards points the world's settings at a sandbox inside the test, whose ledger
// the test can read.
func (w *world) towards(far *sandbox.Server) *world {
	w.t.Helper()
	key := w.file("private.key", string(far.PrivateKeyPEM()))
	maps.Copy(w.vars, map[string]string{
		"VNV_BASE_URL": far.URL(), "VNV_APP_ID": far.ApplicationID(), "VNV_PRIVATE_KEY": key, "VNV_REDIRECT_URI": far.RedirectURI(),
	})
	return w
}

// result is how a command ended.
type result struct {
	args           []string
	code           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("vnv %s\nexit code %d\n-- stdout --\n%s\n-- stderr --\n%s", strings.Join(r.args, " "), r.code, r.stdout, r.stderr)
}

// run runs one command line.
func (w *world) run(args ...string) result {
	w.t.Helper()
	var out, story bytes.Buffer
	code := w.start(context.Background(), &out, &story, args...)()
	return result{args, code, out.String(), story.String()}
}

// start starts one command line; the function that it returns waits for the end.
func (w *world) start(ctx context.Context, out, story io.Writer, args ...string) (wait func() int) {
	w.t.Helper()
	var code int
	done := make(chan struct{})
	go func() {
		defer close(done)
		code = cli.Main(ctx, w.env(out, story, args))
	}()
	return func() int {
		w.t.Helper()
		select {
		case <-done:
			return code
		case <-time.After(patience):
			w.t.Fatalf("vnv %s does not end", strings.Join(args, " "))
			return -1
		}
	}
}

func (w *world) env(out, story io.Writer, args []string) cli.Env {
	return cli.Env{
		Args: args, In: w.in, Out: out, Err: story, Home: w.home, Now: time.Now, ErrTTY: w.tty,
		Getenv:     func(name string) string { return w.vars[name] },
		Environ:    func() []string { return nil },
		Interfaces: follow.Interfaces,
		Net:        follow.Net{Dial: w.dial, Lookup: w.lookup},
	}
}

func (w *world) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if local, ok := w.routes[addr]; ok {
		addr = local
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil || !at.Addr().Unmap().IsLoopback() {
		w.stray(addr)
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s is beyond loopback", addr)}
	}
	return new(net.Dialer).DialContext(ctx, network, addr)
}

func (w *world) lookup(_ context.Context, host string) ([]netip.Addr, error) {
	if host == "localhost" {
		host = "127.0.0.1"
	}
	if known, ok := w.names[host]; ok {
		host = known
	}
	if at, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{at}, nil
	}
	w.stray(host)
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (w *world) stray(where string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.strayed = append(w.strayed, where)
}

// file is a path in the world's home; a text, if given, is written there.
func (w *world) file(name string, text ...string) string {
	w.t.Helper()
	path := filepath.Join(w.home, name)
	for _, content := range text {
		w.files = append(w.files, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	return path
}

func (w *world) eachFile(visit func(path string, info fs.FileInfo)) {
	w.t.Helper()
	err := filepath.Walk(w.home, func(path string, info fs.FileInfo, err error) error {
		if err == nil {
			visit(path, info)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
