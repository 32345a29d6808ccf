//go:build unix

package main

import (
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// job is a shell with job control that runs vnv, waits for a line once vnv was stopped, and
// has it go on.
const job = `set -m
vnv "$@"
echo "stopped: $?" >&2
read line
fg >/dev/null
`

// TestStopped presses Ctrl-Z while a paste is awaited: the shell gets its terminal back, and
// after fg a URL is taken whole and unseen, as before.
func TestStopped(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell here")
	}
	far := startSandbox(t, sandbox.Options{RedirectURIs: []string{"https://dev.example/cb"}})
	p := start(t, true, settings(t, far), "sh", "-c", job, "sh", "run", "--phone", canaryPhone, "--device", "none")
	callback := lastLocation(t, p.shown()) + "&pad=" + strings.Repeat("p", 9000)
	p.until("a quiet terminal", func() bool { return state(t, p.tty) != p.before })
	_, _ = io.WriteString(p.ctrl, "\x1a")
	p.until("the shell", func() bool { return strings.Contains(p.story.String(), "stopped: ") })
	if state(t, p.tty) != p.before {
		t.Error("the shell's terminal is not what it was")
	}
	_, _ = io.WriteString(p.ctrl, "go on\n")
	p.until("a quiet terminal again", func() bool { return state(t, p.tty) != p.before })
	_, _ = io.WriteString(p.ctrl, callback+"\n")
	if code := p.exit(); code != 0 || p.out.String() != "verified\n" {
		t.Errorf("exit code %d, %q: %s", code, p.out.String(), p.story.String())
	}
	if state(t, p.tty) != p.before {
		t.Error("the terminal is not what it was")
	}
	if strings.Contains(p.story.String(), "pppp") {
		t.Error("the terminal shows what was pasted")
	}
	onceOnly(t, far)
}

// TestBackground starts vnv in the background, where a terminal must be left alone: it waits
// for its callback there, and is not stopped.
func TestBackground(t *testing.T) {
	t.Parallel()
	far := startSandbox(t, sandbox.Options{RedirectURIs: []string{"https://dev.example/cb"}})
	p := start(t, true, settings(t, far), "sh", "-c", `set -m; vnv "$@" & wait %1`, "sh", "run", "--phone", canaryPhone, "--device", "none", "--timeout", "1s")
	p.shown()
	if code := p.exit(); code != 7 {
		t.Errorf("exit code %d: %s", code, p.story.String())
	}
	if state(t, p.tty) != p.before {
		t.Error("the terminal was changed from the background")
	}
}

// TestQuits: what a person or a vanishing terminal sends ends in words, as Ctrl-C does.
func TestQuits(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(p *process){
		`Ctrl-\`:       func(p *process) { _, _ = io.WriteString(p.ctrl, "half a paste\x1c") },
		"SIGQUIT":      func(p *process) { _ = p.cmd.Process.Signal(syscall.SIGQUIT) },
		"SIGHUP":       func(p *process) { _ = p.cmd.Process.Signal(syscall.SIGHUP) },
		"twice SIGHUP": func(p *process) { _ = p.cmd.Process.Signal(syscall.SIGHUP); _ = p.cmd.Process.Signal(syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := startSandbox(t, sandbox.Options{RedirectURIs: []string{"https://dev.example/cb"}})
			p := launch(t, true, settings(t, far), "run", "--phone", canaryPhone, "--device", "none")
			p.shown()
			p.until("a quiet terminal", func() bool { return state(t, p.tty) != p.before })
			send(p)
			if code := p.exit(); code != 143 {
				t.Errorf("exit code %d: %s", code, p.story.String())
			}
			if state(t, p.tty) != p.before {
				t.Error("the terminal is not what it was")
			}
			for _, never := range []string{"goroutine ", "half a paste"} {
				if strings.Contains(p.story.String(), never) {
					t.Errorf("the terminal shows %q: %s", never, p.story.String())
				}
			}
		})
	}
}
