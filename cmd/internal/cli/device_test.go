//go:build linux

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// watched makes a person watch, on a terminal without colours and redrawing.
func (w *world) watched() *world {
	w.env.ErrTTY, w.vars["TERM"] = true, "dumb"
	return w
}

// authorizing is a step that waits, for a redirect URI that is not ours.
func authorizing(args ...string) []string {
	return append([]string{"authorize", "--auth-url", "https://vendor.example/auth?client_id=real&x=1", "--state", "my-state"}, args...)
}

// --device auto: who opens the auth_url, and why.
func TestDeviceAuto(t *testing.T) {
	t.Parallel()
	const asks = "Open this on the phone, mobile data on, Wi-Fi and VPN off: https://vendor.example/auth?client_id=real&x=1"
	for name, c := range map[string]struct {
		change func(w *world)
		url    string
		asks   bool
	}{
		"a person and a real number": {func(w *world) { w.watched() }, "https://vendor.example/auth?client_id=real&x=1", true},
		"nobody watches":             {func(*world) {}, "https://vendor.example/auth?client_id=real&x=1", false},
		"CI":                         {func(w *world) { w.watched().vars["CI"] = "true" }, "https://vendor.example/auth?client_id=real&x=1", false},
		"virtual operator":           {func(w *world) { w.watched() }, "https://vendor.example/auth?client_id=sandbox_test", false},
		"loopback":                   {func(w *world) { w.watched() }, "http://127.0.0.1:1/auth", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "https://api.example")
			c.change(w)
			r := w.run("authorize", "--auth-url", c.url, "--state", "my-state", "--timeout", "50ms")
			if c.asks {
				r.ends(exitNoCallback, "", asks, "the number is real, so its phone must open the URL (--device follow to try from here)",
					"https://app.example/cb does not lead to this machine", "✗ authorize nothing came back", "A phone cannot reach localhost")
				return
			}
			if r.code != exitNetwork || strings.Contains(r.err, "Open this") {
				t.Errorf("exit %d: %s", r.code, r.err)
			}
		})
	}
}

// terminal is a pseudo-terminal that a person types into.
func terminal(t *testing.T, w *world) (person *os.File) {
	t.Helper()
	person, theirs, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { person.Close() })
	path := theirs.Name()
	t.Cleanup(func() { theirs.Close() })
	w.watched().env.OpenTTY = func() (*os.File, error) { return os.OpenFile(path, os.O_RDWR, 0) }
	return person
}

func termios(t *testing.T, f *os.File) unix.Termios {
	t.Helper()
	got, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *got
}

// L28, L31: a URL longer than a line of the terminal arrives whole and unechoed,
// strangers before it are refused, and the terminal is as it was.
func TestPasteIntoTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	person := terminal(t, w)
	before := termios(t, person)
	code := canary + strings.Repeat("x", 6000)
	go func() {
		// Raw first, or the terminal itself would cut the line.
		for termiosQuiet(person) {
			time.Sleep(time.Millisecond)
		}
		io.WriteString(person, "https://app.example/cb?code=theirs&state=other\n")
		io.WriteString(person, "\n  'https://app.example/cb?code="+code+"&amp;state=my-state#frag' \n")
	}()
	r := w.run(authorizing()...)
	r.ends(exitOK, code+"\n", "what was pasted is not taken: its code is of another attempt", "paste", "✓ authorize callback received, state matches")
	if after := termios(t, person); after != before {
		t.Errorf("the terminal was %+v and is %+v", before, after)
	}
	if echoed(t, person) {
		t.Error("the terminal echoed what was pasted")
	}
}

// Who pastes the moment the URL is shown loses nothing, and it is not echoed.
func TestPasteAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	person := terminal(t, w)
	code := canary + strings.Repeat("x", 6000)
	eager := &eager{then: func() { io.WriteString(person, "https://app.example/cb?state=my-state&code="+code+"\n") }}
	var out bytes.Buffer
	env := w.env
	env.Args, env.Out, env.Err = authorizing("--timeout", "20s"), &out, eager
	if exit := Main(t.Context(), env); exit != exitOK || out.String() != code+"\n" {
		t.Errorf("exit %d, %d bytes of %d", exit, out.Len(), len(code)+1)
	}
	if echoed(t, person) {
		t.Error("the terminal echoed what was pasted")
	}
}

// eager is a stderr whose reader does something once, as soon as the URL is there.
type eager struct {
	seen bytes.Buffer
	once sync.Once
	then func()
}

func (e *eager) Write(b []byte) (int, error) {
	if e.seen.Write(b); strings.Contains(e.seen.String(), "https://vendor.example/auth") {
		e.once.Do(e.then)
	}
	return len(b), nil
}

// echoed tells whether the terminal has written anything back to the person.
func echoed(t *testing.T, person *os.File) bool {
	t.Helper()
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(person.Fd()), Events: unix.POLLIN}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

// termiosQuiet tells whether the terminal still echoes.
func termiosQuiet(f *os.File) bool {
	got, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil && got.Lflag&unix.ECHO != 0
}

// -q leaves what a person must open and how they hand the answer in, and says why what they
// pasted is not taken: without, the command could not succeed.
func TestPasteQuietly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	person := terminal(t, w)
	go func() {
		for termiosQuiet(person) {
			time.Sleep(time.Millisecond)
		}
		io.WriteString(person, "hello\nhttps://app.example/cb?state=my-state&code="+canary+"\n")
	}()
	r := w.run(authorizing("-q", "--device", "none")...)
	r.ends(exitOK, canary+"\n", "https://vendor.example/auth?client_id=real&x=1", "paste the callback URL here", "what was pasted is not taken: neither a code nor an error is in it")
	if strings.Contains(r.err, "authorize ") || strings.Count(r.err, "https://vendor.example") != 1 {
		t.Errorf("more than was asked for: %s", r.err)
	}
}

// A signal while waiting: its own exit code, and the terminal is as it was.
func TestSignalWhileWaiting(t *testing.T) {
	t.Parallel()
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: exitInterrupt, syscall.SIGTERM: exitTerminate, syscall.SIGHUP: exitTerminate} {
		w := newWorld(t, "https://api.example")
		person := terminal(t, w)
		before := termios(t, person)
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			for termiosQuiet(person) {
				time.Sleep(time.Millisecond)
			}
			cancel(InterruptError{signal})
		}()
		r := w.runContext(ctx, authorizing("-o", "json")...)
		if f := r.failure(); r.code != code || f.Error.Kind != "canceled" || f.Error.Op != "authorize" {
			t.Errorf("%v: exit %d, %+v", signal, r.code, f.Error)
		}
		r.tells("✗ authorize cut off by SIG")
		if termios(t, person) != before {
			t.Errorf("%v: the terminal is not as it was", signal)
		}
	}
}

// A9: no screen, no attempt: the URL and the hint are enough.
func TestBrowserWithoutScreen(t *testing.T) {
	t.Parallel()
	for _, vars := range []string{"", "CI=1", "SSH_CONNECTION=x DISPLAY=:0"} {
		w := newWorld(t, "https://api.example")
		for v := range strings.FieldsSeq(vars) {
			name, value, _ := strings.Cut(v, "=")
			w.vars[name] = value
		}
		w.run(authorizing("--device", "browser", "--timeout", "50ms")...).
			ends(exitNoCallback, "", "https://vendor.example/auth?client_id=real&x=1", "no browser could be opened: open the URL by hand")
	}
}

// The listener: announced before anything blocks, strangers ignored, the true
// callback taken; then the same with a tunnel's URI and --listen.
func TestCallbackArrives(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--redirect-uri", "http://127.0.0.1:0/cb"},
		{"--redirect-uri", "https://dev.example/cb", "--listen", "127.0.0.1:0"},
	} {
		w := newWorld(t, "https://api.example")
		out := &answers{first: make(chan struct{})}
		w.env.Out = out
		ended := make(chan result, 1)
		go func() { ended <- w.run(authorizing(append(args, "--device", "none", "-o", "ndjson", "-v")...)...) }()
		<-out.first
		var line struct {
			Event string
			Addrs []string
		}
		if err := json.NewDecoder(strings.NewReader(out.String())).Decode(&line); err != nil || line.Event != "listening" {
			t.Fatalf("%s, %v", out, err)
		}
		tr := &http.Transport{DisableKeepAlives: true}
		for _, query := range []string{"/favicon.ico", "/cb", "/cb?error=access_denied", "/cb?code=theirs&state=other", "/cb?code=" + canary + "&state=my-state"} {
			res, err := (&http.Client{Transport: tr}).Get("http://" + line.Addrs[0] + query)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		}
		r := <-ended
		r.tells("✓ authorize callback received, state matches", "ignored a request: not for the redirect URI's path", "ignored a request: access_denied, an error without this attempt's state, which anybody can send (1 so far)")
		if r.code != exitOK || !strings.Contains(out.String(), `"code":"`+canary+`"`) {
			t.Errorf("exit %d, %s", r.code, out)
		}
	}
}

// L20: a port that is taken is exit 2, with who holds it where that can be known.
func TestCallbackPortBusy(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := newWorld(t, "https://api.example")
	w.run(authorizing("--redirect-uri", "http://"+l.Addr().String()+"/cb")...).
		ends(exitUsage, "", "vnv: authorize: callback: the port is in use: "+l.Addr().String())
	w.run(authorizing("--listen", "192.0.2.1:8080")...).ends(exitUsage, "", "not a loopback address")
}

// G14: a bug is exit 1, in one line.
func TestPanic(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"jwt"}, {"jwt", "-o", "json"}} {
		w := newWorld(t, "https://api.example")
		w.env.Getenv = func(name string) string {
			if name == "VNV_CORRELATOR" {
				panic("no such thing, code=" + canary)
			}
			return w.vars[name]
		}
		r := w.run(args...)
		r.tells("vnv: a bug in vnv: no such thing, code=code~1")
		if r.code != exitUnexpected || strings.Contains(r.out, canary) || bytes.Count([]byte(r.err), []byte("\n")) != 1 {
			t.Errorf("exit %d, %s%s", r.code, r.out, r.err)
		}
	}
}
