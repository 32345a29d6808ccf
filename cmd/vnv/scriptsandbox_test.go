package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// running is a vnv sandbox in the background of a script.
type running struct {
	cmd  *exec.Cmd
	out  io.Reader
	err  *os.File
	done bool
}

type runningKey struct{} // of the script's list of them

// scriptSandbox starts vnv sandbox, with further arguments, and exports where it is
// as VNV_BASE_URL and so on. What it prints goes to sandbox.out and sandbox.err. It
// must stop by a signal with exit code 0, at the end of the script if not before.
func scriptSandbox(ts *testscript.TestScript, _ bool, args []string) {
	if !slices.Contains(args, "--redirect-uri") {
		args = append(args, "--redirect-uri", callbackURI(ts))
	}
	r := &running{cmd: exec.Command("vnv", append([]string{"sandbox", "-o", "json"}, args...)...)}
	r.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "TMPDIR", "LANG"} {
		r.cmd.Env = append(r.cmd.Env, name+"="+ts.Getenv(name))
	}
	copied, err := os.Create(ts.MkAbs("sandbox.out"))
	ts.Check(err)
	r.err, err = os.Create(ts.MkAbs("sandbox.err"))
	ts.Check(err)
	r.cmd.Stderr = r.err
	out, err := r.cmd.StdoutPipe()
	ts.Check(err)
	r.out = io.TeeReader(out, copied)
	ts.Check(r.cmd.Start())
	ts.Defer(func() {
		r.stop(ts, syscall.SIGTERM)
		ts.Check(copied.Close())
	})
	list := sandboxes(ts)
	*list = append(*list, r)
	for name, value := range r.ready(ts, slices.Contains(args, "text")) {
		ts.Setenv(name, value)
	}
}

// scriptStopSandbox ends the sandbox that was started last:
//
//	stop-sandbox INT|TERM
func scriptStopSandbox(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}
	list := *sandboxes(ts)
	list[len(list)-1].stop(ts, signals[args[0]])
}

func sandboxes(ts *testscript.TestScript) *[]*running {
	list, ok := ts.Value(runningKey{}).(*[]*running)
	if !ok {
		ts.Fatalf("no list of sandboxes")
	}
	return list
}

// ready waits until the sandbox says where it is.
func (r *running) ready(ts *testscript.TestScript, text bool) map[string]string {
	vars := map[string]string{}
	if text {
		lines := bufio.NewScanner(r.out)
		for lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C ends it") {
			name, value, _ := strings.Cut(strings.TrimPrefix(lines.Text(), "export "), "=")
			vars[name] = value
		}
		return vars
	}
	var doc map[string]any
	ts.Check(json.NewDecoder(r.out).Decode(&doc))
	for field, name := range map[string]string{
		"base_url": "VNV_BASE_URL", "application_id": "VNV_APP_ID", "private_key": "VNV_PRIVATE_KEY", "redirect_uri": "VNV_REDIRECT_URI",
		"ca_file": "VNV_CA_FILE", "control_url": "VNV_SANDBOX_CONTROL", "control_token": "VNV_SANDBOX_TOKEN",
	} {
		vars[name], _ = doc[field].(string)
	}
	return vars
}

func (r *running) stop(ts *testscript.TestScript, s syscall.Signal) {
	if r.done {
		return
	}
	r.done = true
	ts.Check(r.cmd.Process.Signal(s))
	_, _ = io.Copy(io.Discard, r.out)
	if err := r.cmd.Wait(); err != nil {
		ts.Fatalf("vnv sandbox ended with %v", err)
	}
	ts.Check(r.err.Close())
}
