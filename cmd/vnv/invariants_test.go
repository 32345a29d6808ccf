package main

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

var documented = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 130, 143}

// unprintable is what remote text must not bring to a terminal: control bytes, bidi
// and zero-width marks.
var unprintable = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f\x{80}-\x9f\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{feff}]`)

// shownURL is the one URL that is shown whole, to be opened: a line of its own on
// stderr, an event in ndjson.
var shownURL = regexp.MustCompile(`(?m)^  https?://\S+$|^\{"event":"auth_url",.*\}$`)

// invariants holds one run against what must be true of every run, whatever
// happened (I1 to I7 in the plan of faults): no secret where it does not belong,
// nothing raw from afar, a documented exit code and a readable answer, files as they
// must be, and a failure that says what to do.
func invariants(t *testing.T, w *world, r result, canaries ...string) {
	t.Helper()
	noSecrets(t, w, r, canaries)
	for name, text := range map[string]string{"stdout": r.stdout, "stderr": r.stderr} {
		if at := unprintable.FindString(text); at != "" {
			t.Errorf("%s holds the raw mark %q", name, at)
		}
		for _, trace := range []string{"goroutine ", "panic:", ".go:", "%!", "runtime error"} {
			if strings.Contains(text, trace) {
				t.Errorf("%s holds %q", name, trace)
			}
		}
	}
	if !slices.Contains(documented, r.code) {
		t.Errorf("exit code %d is not documented", r.code)
	}
	readable(t, r)
	helpful(t, r)
	for _, where := range w.strayed {
		t.Errorf("%s was wanted, which is beyond loopback", where)
	}
	if t.Failed() {
		t.Log(r)
	}
}

// story is everything on stdout but the answer of a single step, which may be a secret.
func (r result) story() string {
	text := shownURL.ReplaceAllString(r.stdout, "")
	switch {
	case r.args[0] == "run", r.code != 0 && r.code != 3:
		return text
	case r.format() == "ndjson":
		return text[:strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n")+1]
	default:
		return ""
	}
}

// noSecrets looks for canaries on both streams, and for what is left in the home.
func noSecrets(t *testing.T, w *world, r result, canaries []string) {
	t.Helper()
	texts := map[string]string{"stderr": shownURL.ReplaceAllString(r.stderr, ""), "stdout": r.story()}
	w.eachFile(func(path string, info fs.FileInfo) {
		name := filepath.Base(path)
		switch {
		case info.IsDir() && info.Mode().Perm()&0o077 != 0 && path != w.home:
			t.Errorf("the directory %s has mode %v", name, info.Mode())
		case !info.IsDir() && info.Mode().Perm() != 0o600:
			t.Errorf("%s has mode %v", name, info.Mode())
		case !info.IsDir() && !slices.Contains(w.files, name) && name != "session.json" && name != "session.json.lock":
			t.Errorf("%s was left behind", name)
		}
	})
	for _, secret := range slices.Compact(slices.Sorted(slices.Values(append(canaries, w.secrets...)))) {
		for where, text := range texts {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("%s holds the secret %q", where, secret)
			}
		}
	}
}

// readable: with -o json stdout is empty or one document, with ndjson the last line
// is the result or the error; an error's exit code is the one that the process has.
func readable(t *testing.T, r result) {
	t.Helper()
	var end string
	switch r.format() {
	case "text":
		if r.code != 0 && r.code != 3 && r.stdout != "" {
			t.Errorf("a failure answers on stdout: %q", r.stdout)
		}
		return
	case "ndjson":
		lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
		for _, line := range lines {
			if !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %q", line)
			}
		}
		end = lines[len(lines)-1]
	default:
		end = r.stdout
	}
	var doc struct {
		Event  string
		Result json.RawMessage
		Error  *struct {
			Op, Kind, Message, Hint string
			ExitCode                int `json:"exit_code"`
		}
	}
	if err := json.Unmarshal([]byte(end), &doc); err != nil {
		t.Errorf("no document at the end of stdout: %v", err)
		return
	}
	good := r.code == 0 || r.code == 3
	switch {
	case good != (doc.Error == nil), r.format() == "ndjson" && good != (doc.Result != nil):
		t.Errorf("exit code %d with the document %s", r.code, end)
	case good:
	case doc.Error.ExitCode != r.code, doc.Error.Message == "", doc.Error.Kind == "":
		t.Errorf("exit code %d with the error %+v", r.code, *doc.Error)
	case r.code > 3 && (doc.Error.Hint == "" || doc.Error.Op == "") && r.code < 130:
		t.Errorf("an error without a step or advice: %+v", *doc.Error)
	}
}

// helpful: what failed, at which step, and what to do next.
func helpful(t *testing.T, r result) {
	t.Helper()
	if r.code == 0 || r.code == 3 {
		return
	}
	if !strings.Contains(r.stderr, "vnv: ") && !strings.Contains(r.stderr, " ✗ ") {
		t.Errorf("exit code %d without a message", r.code)
	}
	if r.code > 3 && r.code < 130 && !strings.Contains(r.stderr, "  next      ") {
		t.Errorf("exit code %d without advice", r.code)
	}
}

func (r result) format() string {
	for i, arg := range r.args {
		if arg == "-o" {
			return r.args[i+1]
		}
	}
	return "text"
}

// secretsOf are the canaries of a sandbox: whatever secret it received, and its key.
func secretsOf(far *sandbox.Server) []string {
	var found []string
	for _, e := range far.Requests() {
		found = append(found, strings.TrimPrefix(e.Authorization, "Bearer "), e.State, e.Code, e.Token)
		if strings.HasPrefix(e.Phone, "+") {
			found = append(found, e.Phone)
		}
		if _, value, ok := strings.Cut(e.Cookie, "="); ok {
			found = append(found, value)
		}
		if query, err := url.ParseQuery(e.Query); err == nil {
			found = append(found, query.Get("code"), query.Get("state"))
		}
	}
	lines := strings.Split(string(far.PrivateKeyPEM()), "\n")
	return append(found, lines[1:len(lines)-2]...)
}

// onceOnly holds the ledger to: each code and each token in one request at most (I6).
func onceOnly(t *testing.T, far *sandbox.Server) {
	t.Helper()
	seen := map[string]int{}
	for _, e := range far.Requests() {
		if e.Stage == sandbox.StageToken {
			seen["code "+e.Code]++
		}
		if e.Stage == sandbox.StageVerify {
			seen["token "+e.Token]++
		}
	}
	for what, times := range seen {
		if times > 1 {
			t.Errorf("the %s was sent %d times", what, times)
		}
	}
}
