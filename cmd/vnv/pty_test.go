//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"golang.org/x/term"
)

// process is vnv in a process of its own, at a terminal of 80 columns and 24 rows if
// it has one.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	ctrl     *os.File   // the person's side of the terminal
	tty      *os.File   // vnv's side
	before   term.State // of the terminal, when vnv was not there yet
	out      bytes.Buffer
	story    lockedText // what the terminal, or stderr, shows
	finished chan struct{}
}

// launch starts vnv. With a terminal, stdin and stderr are at it and stdout is a pipe.
func launch(t *testing.T, terminal bool, vars []string, args ...string) *process {
	t.Helper()
	return start(t, terminal, vars, append([]string{"vnv"}, args...)...)
}

// start is launch for another command.
func start(t *testing.T, terminal bool, vars []string, argv ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(argv[0], argv[1:]...), finished: make(chan struct{})}
	p.cmd.Env = append([]string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "TERM=xterm"}, vars...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.story
	if terminal {
		var err error
		if p.ctrl, p.tty, err = pty.Open(); err != nil {
			t.Skipf("no terminal here: %v", err)
		}
		if err := pty.Setsize(p.ctrl, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
			t.Fatal(err)
		}
		p.before = state(t, p.tty)
		p.cmd.Stdin, p.cmd.Stderr = p.tty, p.tty
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		go func() { _, _ = io.Copy(&p.story, p.ctrl) }()
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(p.finished); _ = p.cmd.Wait() }()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.finished
		if terminal {
			p.tty.Close()
			p.ctrl.Close()
		}
	})
	return p
}

// until polls for a condition that another process makes true.
func (p *process) until(what string, true func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !true(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s does not come: %s", what, p.story.String())
		}
	}
}

func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.finished:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("vnv does not end: %s", p.story.String())
		return -1
	}
}

// shown is the URL to open, once it is on the screen.
func (p *process) shown() string {
	p.t.Helper()
	url := regexp.MustCompile(`(?m)^  (https?://\S+)\r?$`)
	p.until("the URL", func() bool { return url.MatchString(p.story.String()) })
	return url.FindStringSubmatch(p.story.String())[1]
}

func settings(t *testing.T, far *sandbox.Server) []string {
	t.Helper()
	key := t.TempDir() + "/private.key"
	if err := os.WriteFile(key, far.PrivateKeyPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"VNV_BASE_URL=" + far.URL(), "VNV_APP_ID=" + far.ApplicationID(), "VNV_PRIVATE_KEY=" + key, "VNV_REDIRECT_URI=" + far.RedirectURI()}
}

// TestPaste hands a callback URL in at a terminal, where no listener of ours could
// get it: a long URL arrives whole and is not echoed, and whichever way the wait ends
// the terminal is what it was.
func TestPaste(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
		act  func(p *process, callback string)
		code int
	}{
		{"pasted", nil, func(p *process, callback string) {
			_, _ = io.WriteString(p.ctrl, "http://other.example/?code=x&state=y\n\x04"+callback+"\n") // Ctrl-D ends nothing
		}, 0},
		{"Ctrl-C", nil, func(p *process, _ string) { _, _ = io.WriteString(p.ctrl, "half a paste\x03") }, 130},
		{"SIGTERM", nil, func(p *process, _ string) { _ = p.cmd.Process.Signal(syscall.SIGTERM) }, 143},
		{"time is over", []string{"--timeout", "1s"}, func(*process, string) {}, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			far := startSandbox(t, sandbox.Options{RedirectURIs: []string{"https://dev.example/cb"}})
			p := launch(t, true, settings(t, far), append([]string{"run", "--phone", canaryPhone, "--device", "none", "-v", "--trace"}, c.args...)...)
			callback := lastLocation(t, p.shown()) + "&pad=" + strings.Repeat("p", 9000)
			p.until("a quiet terminal", func() bool { return state(t, p.tty) != p.before })
			c.act(p, callback)
			if code := p.exit(); code != c.code {
				t.Errorf("exit code %d, want %d: %s", code, c.code, p.story.String())
			}
			if state(t, p.tty) != p.before {
				t.Error("the terminal is not what it was")
			}
			for _, secret := range append(secretsOf(far), "pppp", "half a paste", "other.example") {
				if text := shownURL.ReplaceAllString(strings.ReplaceAll(p.story.String(), "\r\n", "\n"), ""); secret != "" && strings.Contains(text, secret) {
					t.Errorf("the terminal shows %q", secret)
				}
			}
			if c.code == 0 && p.out.String() != "verified\n" {
				t.Errorf("stdout: %q", p.out.String())
			}
			onceOnly(t, far)
		})
	}
}

// state is how the terminal behaves, as a value to compare.
func state(t *testing.T, tty *os.File) term.State {
	t.Helper()
	s, err := term.GetState(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return *s
}

// lastLocation follows a URL up to the redirect that leaves this machine.
func lastLocation(t *testing.T, target string) string {
	t.Helper()
	client := foreign(t)
	client.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		if next.URL.Hostname() == "dev.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header.Get("Location")
}

var escape = regexp.MustCompile(`\x1b\[[0-9;]*[A-Za-z]|\r`)

// TestTerminal: colour at a terminal unless told otherwise, and nothing wider than it.
func TestTerminal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		vars   []string
		colour bool
	}{
		{"plain", nil, true},
		{"NO_COLOR", []string{"NO_COLOR=1"}, false},
		{"dumb", []string{"TERM=dumb"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := launch(t, true, c.vars, "run", "--phone", canaryPhone, "--sandbox", "-v", "--trace")
			if code := p.exit(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			p.until("the last line", func() bool { return strings.Contains(p.story.String(), "x-correlator") })
			text := p.story.String()
			if got := strings.Contains(text, "\x1b[32m"); got != c.colour {
				t.Errorf("colour: %v", got)
			}
			if got := strings.Contains(text, "\x1b"); got != c.colour {
				t.Errorf("escapes: %v", got)
			}
			text = strings.ReplaceAll(text, "\r\x1b[K", "\n") // a line that was taken away again
			for line := range strings.Lines(escape.ReplaceAllString(text, "")) {
				if utf8.RuneCountInString(line) > 81 {
					t.Errorf("too wide: %q", line)
				}
			}
		})
	}
}

// TestSignals: a signal while waiting ends with its exit code, and is told as a
// document like every other failure.
func TestSignals(t *testing.T) {
	t.Parallel()
	for s, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143, syscall.SIGHUP: 143} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			p := launch(t, false, nil, "run", "--phone", canaryPhone, "--sandbox", "--device", "none", "-o", "json")
			p.shown()
			if err := p.cmd.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			if got := p.exit(); got != code {
				t.Errorf("exit code %d, want %d", got, code)
			}
			r := result{args: []string{"run", "-o", "json"}, code: code, stdout: p.out.String(), stderr: p.story.String()}
			invariants(t, newWorld(t), r, canaryPhone)
			var doc struct{ Error struct{ Op, Kind string } }
			if err := json.Unmarshal(p.out.Bytes(), &doc); err != nil || doc.Error.Op != "authorize" || doc.Error.Kind != "canceled" {
				t.Errorf("%s, %v", p.out.String(), err)
			}
		})
	}
}
