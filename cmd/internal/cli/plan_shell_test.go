package cli

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// hostile is what a shell would act on, if it were let: the file that it makes is looked for.
const hostile = `$(touch${IFS}pwned)` + "`touch pwned`" + `;touch pwned;"';touch pwned;' $CODE ${STATE} \ \\ !! & | * ~ {1,2} [1-3] %41 @/etc/passwd ü`

// shellBench is a far side that keeps what it is asked, and a shell to ask it.
type shellBench struct {
	t    *testing.T
	dir  string
	base string

	mu  sync.Mutex
	got []received
}

// received is a request as it arrived.
type received struct {
	path, auth, body string
}

func newShellBench(t *testing.T) *shellBench {
	t.Helper()
	for _, tool := range []string{"sh", "curl", "sed", "seq", "mktemp"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("there is no " + tool)
		}
	}
	b := &shellBench{t: t, dir: t.TempDir()}
	far := httptest.NewServer(b)
	t.Cleanup(far.Close)
	b.base = far.URL
	// The script signs with vnv itself: here one that writes its arguments down.
	signer := "#!/bin/sh\nfor a; do printf '%s\\0' \"$a\"; done > \"" + b.dir + "/arguments\"\nprintf JWT\n"
	if err := os.WriteFile(filepath.Join(b.dir, "vnv"), []byte(signer), 0o700); err != nil {
		t.Fatal(err)
	}
	return b
}

// ServeHTTP answers whatever is asked with whatever any step needs.
func (b *shellBench) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	b.mu.Lock()
	b.got = append(b.got, received{r.RequestURI, r.Header.Get("Authorization"), string(body)})
	b.mu.Unlock()
	_, _ = io.WriteString(w, `{"scopes":{"s":{"auth_url":"`+b.base+`/auth"}},"check_url":"`+b.base+`/auth","request_id":"id","access_token":"token"}`)
}

// sh prints a command as a script and runs it, and returns what the far side was asked.
func (b *shellBench) sh(w *world, args ...string) []received {
	b.t.Helper()
	printed := w.run(append(args, "--print", "curl", "--base-url", b.base)...)
	if printed.code != exitOK {
		b.t.Fatalf("%q: exit %d: %s", args, printed.code, printed.err)
	}
	script := printed.out
	cmd := exec.CommandContext(b.t.Context(), "sh", "-s")
	cmd.Dir, cmd.Stdin = b.dir, strings.NewReader(script)
	cmd.Env = []string{"PATH=" + b.dir + ":" + os.Getenv("PATH"), "VNV_REDIRECT_URI=https://app.example/cb", "AUTH_URL=" + b.base + "/auth", "STATE=s", "CODE=c", "TOKEN=t", "REQUEST_ID=r", "PHONE=+99012345678"}
	b.mu.Lock()
	b.got = nil
	b.mu.Unlock()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Errorf("%q: %v: %s\n%s", args, err, out, script)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "pwned")); err == nil {
		b.t.Fatalf("%q: the script ran what a value says:\n%s", args, script)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got
}

func (w *world) session(fields map[string]any) string {
	w.t.Helper()
	fields["schema_version"] = 1
	raw, err := json.Marshal(fields)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.file("session.json", string(raw))
}

func form(body, name string) string {
	values, _ := url.ParseQuery(body)
	return values.Get(name)
}

func inBody(t *testing.T, body string, path ...string) string {
	t.Helper()
	var at any
	if err := json.Unmarshal([]byte(body), &at); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, name := range path {
		if list, ok := at.([]any); ok && len(list) > 0 {
			at = list[0]
		}
		at = at.(map[string]any)[name]
	}
	if list, ok := at.([]any); ok && len(list) == 1 {
		at = list[0]
	}
	text, _ := at.(string)
	return text
}

// A value that is a program, of every origin and kind.
var (
	lines    = "x\n" + hostile + "\ntouch pwned\nx" // where a value may hold a newline
	redirect = "http://127.0.0.1:1/cb?" + strings.ReplaceAll(hostile, " ", "%20")
)

type sent struct{ got, want string }

var printedValues = map[string]struct {
	session map[string]any
	vars    map[string]string
	args    []string
	sent    func(t *testing.T, all []received) []sent
}{
	"exchange, session": {
		map[string]any{"redirect_uri": redirect, "code": lines},
		nil,
		[]string{"exchange"},
		func(_ *testing.T, all []received) []sent {
			return []sent{{form(all[0].body, "redirect_uri"), redirect}, {form(all[0].body, "code"), lines}}
		},
	},
	"exchange, environment": {
		nil,
		map[string]string{"VNV_REDIRECT_URI": redirect, "C": lines},
		[]string{"exchange", "--code", "env:C"},
		func(_ *testing.T, all []received) []sent {
			return []sent{{form(all[0].body, "redirect_uri"), redirect}, {form(all[0].body, "code"), lines}}
		},
	},
	"verify, session": {
		map[string]any{"access_token": hostile, "phone": "+99012345678"},
		nil,
		[]string{"verify"},
		func(_ *testing.T, all []received) []sent { return []sent{{all[0].auth, "Bearer " + hostile}} },
	},
	"enable, flags": {
		nil,
		map[string]string{"S": lines},
		[]string{"enable", "--phone", "+99012345678", "--scope", lines, "--state", "env:S"},
		func(t *testing.T, all []received) []sent {
			t.Helper()
			return []sent{{inBody(t, all[0].body, "scopes"), lines}, {inBody(t, all[0].body, "state"), lines}}
		},
	},
	"authorize, session": {
		map[string]any{"auth_url": "--output pwned", "state": lines},
		nil,
		[]string{"authorize"},
		func(*testing.T, []received) []sent { return nil },
	},
	"Verify, flags": {
		nil,
		map[string]string{"VNV_CLIENT_REF": lines},
		[]string{"enable", "--api", "verify", "--phone", "+99012345678", "--brand", lines, "--mode", lines, "--redirect-url", redirect},
		func(t *testing.T, all []received) []sent {
			t.Helper()
			return []sent{
				{inBody(t, all[0].body, "brand"), lines},
				{inBody(t, all[0].body, "client_ref"), lines},
				{inBody(t, all[0].body, "workflow", "mode"), lines},
				{inBody(t, all[0].body, "workflow", "redirect_url"), redirect},
			}
		},
	},
	"Verify, session": {
		map[string]any{"api": "verify", "request_id": "$(touch${IFS}pwned)", "code": lines},
		nil,
		[]string{"verify"},
		func(t *testing.T, all []received) []sent {
			t.Helper()
			return []sent{{inBody(t, all[0].body, "code"), lines}, {all[0].path, "/v2/verify/$(touch${IFS}pwned)"}}
		},
	},
}

// TestPrintedValues runs printed scripts whose values are programs: of a session, of
// flags, of the environment. None is run, and each arrives as it is.
func TestPrintedValues(t *testing.T) {
	t.Parallel()
	for name, row := range printedValues {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, w := newShellBench(t), newWorld(t, "")
			maps.Copy(w.vars, row.vars)
			if row.session != nil {
				row.args = append(row.args, "--session", w.session(row.session))
			}
			all := b.sh(w, row.args...)
			for _, s := range row.sent(t, all) {
				if s.got != s.want {
					t.Errorf("arrived as %q, not as %q", s.got, s.want)
				}
			}
		})
	}
}

// TestPrintedSigner hands the flags of the account on to vnv jwt as they are.
func TestPrintedSigner(t *testing.T) {
	t.Parallel()
	b := newShellBench(t)
	b.sh(newWorld(t, ""), "enable", "--phone", "+99012345678", "--app-id", lines, "--private-key", hostile)
	got, err := os.ReadFile(filepath.Join(b.dir, "arguments"))
	if want := strings.Join([]string{"jwt", "--app-id", lines, "--private-key", hostile, ""}, "\x00"); err != nil || string(got) != want {
		t.Errorf("vnv jwt was given %q, %v, not %q", got, err, want)
	}
}

// TestPrintedControls keeps from a terminal what it would obey.
func TestPrintedControls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	r := w.run("exchange", "--print", "curl", "--session", w.session(map[string]any{"code": "\x1b]52;c;eA==\a"}))
	r.ends(exitUsage, "", "holds control characters")
}
