package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files; read the diff")

// golden compares got with a file, whole.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "testdata", "golden", "cli", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-update rewrites it): %s", name, diff)
	}
}

// What help says is an answer: on stdout, whole, at 80 columns and in ASCII.
func TestHelp(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"help": nil, "help-flow": {"help", "flow"}, "help-exit-codes": {"help", "exit-codes"}, "help-environment": {"help", "environment"},
	} {
		w := newWorld(t, "")
		r := w.run(args...)
		r.ends(exitOK, r.out)
		if r.err != "" {
			t.Errorf("%s: stderr holds %s", name, r.err)
		}
		golden(t, name+".txt", r.out)
		for line := range strings.Lines(r.out) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
		w.vars["LANG"] = "C"
		ascii := w.run(args...)
		if i := strings.IndexFunc(ascii.out, func(c rune) bool { return c > '~' }); i >= 0 {
			t.Errorf("%s: not ASCII: %q", name, ascii.out[i:])
		}
	}
	if rows := strings.Count(newWorld(t, "").run().out, "\n"); rows > 24 {
		t.Errorf("the root help has %d rows", rows)
	}
}

// Mistakes in calling are short, never print usage, and name what was meant.
func TestUsage(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"rnu":                                 `vnv: there is no command "rnu"; did you mean run?`,
		"frobnicate":                          `vnv: there is no command "frobnicate"`,
		"run --phnoe " + phone:                "vnv: there is no flag --phnoe for vnv run; did you mean --phone?",
		"run --phone":                         "flag needs an argument: --phone",
		"run " + phone:                        "the number goes behind a flag: vnv run --phone " + phone,
		"verify " + phone:                     "the number goes behind a flag: vnv verify --phone " + phone,
		"run phone":                           "vnv run takes - (the session on stdin) or nothing, not",
		"enable - -":                          "vnv enable takes - once, and nothing after it",
		"jwt decodee":                         "did you mean decode?",
		"help exit-code":                      "did you mean exit-codes?",
		"run -o yaml --phone " + phone:        "--output yaml: not one of text, json, ndjson",
		"run --color blue --phone " + phone:   "--color blue: not one of auto, always, never",
		"run --device phone --phone " + phone: "--device phone: not one of auto, follow, browser, none",
		"run --scope a --scope b --phone " + phone: "--scope is given 2 times: only vnv enable takes several",
		"run --fault wifi --phone " + phone:        "--fault needs --sandbox: a real API fails by itself",
		"authorize":                                "no auth_url: give a session (- or --session), or --auth-url with --state",
		"authorize --auth-url https://a.example/":  "--auth-url needs --state: the vendor rewrites the one inside the URL",
		"exchange":                           "no code: give a session (- or --session), --code or --callback-url",
		"exchange --code a --callback-url b": "--code and --callback-url: use one",
		"verify":                             "no access token: give a session (- or --session), or --access-token",
		"authorize - --session x":            "- and --session both bring a session: use one",
		"exchange - --code -":                "stdin (-) is asked for twice: for the session and for the code",
		"completion":                         "vnv completion takes the name of a shell: bash, zsh, fish or powershell",
		"completion bsh":                     `no completion for "bsh"; did you mean bash?`,
		"version now":                        "vnv version takes no argument",
	} {
		w := newWorld(t, "http://127.0.0.1:1")
		w.env.In = strings.NewReader(`{"schema_version":1}`)
		r := w.run(strings.Fields(args)...)
		r.ends(exitUsage, "", want)
		if strings.Contains(r.err, "Usage") || strings.Count(r.err, "\n") > 4 {
			t.Errorf("%s: not short: %s", args, r.err)
		}
	}
}

// A mistake in the flags is told in the form that was asked for, too.
func TestUsageInJSON(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"run --phnoe x -o json", "run -o=json --phnoe", "run --output json --nope", "rnu -ojson", "run --jq .verified --nope",
		"run -o ndjson --nope", "run -o json", "jwt -o json --ttl 1s",
	} {
		r := newWorld(t, "").run(strings.Fields(args)...)
		f := r.failure()
		if r.code != exitUsage || f.Error.Kind != "input" || f.Error.Message == "" || strings.Count(r.out, "\n") < 1 {
			t.Errorf("%s: exit %d, %s", args, r.code, r.out)
		}
	}
	newWorld(t, "").run("run", "--jq", ".[", "--phone", phone).failsAs(exitUsage, "--jq .[: unexpected EOF")
	newWorld(t, "").run("run", "--jq", ".", "-o", "ndjson").failsAs(exitUsage, "--jq gives json, not ndjson: pipe the lines into jq instead")
	newWorld(t, "").run("run", "--sandbox", "--phone", "+99012345678", "--jq", ".verified | keys").failsAs(exitUsage, "--jq: keys cannot be applied to: boolean")
	r := newWorld(t, "").run("run", "-o", "ndjson", "--nope")
	var last struct{ Event string }
	if err := json.Unmarshal([]byte(r.out), &last); err != nil || last.Event != "error" || strings.Count(r.out, "\n") != 1 {
		t.Errorf("%s, %v", r.out, err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
}

// G5: an answer that did not arrive is an error, whatever the command.
func TestFullOutput(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string]string{enablePath: answerJSON("200 OK", enabledBody)})
	for _, args := range [][]string{
		{"jwt"},
		{"jwt", "-o", "json"},
		{"version"},
		{"help"},
		{"help", "exit-codes"},
		{"completion", "bash"},
		{"sandbox", "faults"},
		{"enable", "--phone", phone, "--state", "s"},
		{"enable", "--phone", phone, "-o", "ndjson"},
		{"run", "-h"},
		{"run", "-o", "json"},
	} {
		w := newWorld(t, f.url())
		w.env.Out = full{}
		r := w.run(args...)
		if r.code != exitUnexpected {
			t.Errorf("%q: exit %d: %s", args, r.code, r.err)
		}
		if args[len(args)-1] != "json" || args[0] == "jwt" {
			r.tells("stdout: no space left on device")
		}
	}
}

// A step that is given an earlier step's failure passes it on, and its exit code.
func TestFailurePassesThrough(t *testing.T) {
	t.Parallel()
	const doc = `{"error":{"op":"enable","kind":"auth","exit_code":4,"message":"refused"}}` + "\n"
	for _, step := range []string{"authorize", "exchange", "verify"} {
		w := newWorld(t, "http://127.0.0.1:1")
		w.env.In = strings.NewReader(doc)
		if r := w.run(step, "-"); r.code != exitCredentials || r.out != doc || r.err != "" {
			t.Errorf("%s: exit %d, %s%s", step, r.code, r.out, r.err)
		}
	}
}

// An error never becomes an answer: a document with an exit code that no failure has is a
// broken one, and so are events.
func TestForgedFailures(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{
		"0": exitUsage, "3": exitUsage, "77": exitUsage, "-1": exitUsage, "259": exitUsage, "13": exitUsage, "1": exitUnexpected, "130": exitInterrupt, "143": exitTerminate,
	} {
		w := newWorld(t, "http://127.0.0.1:1")
		w.env.In = strings.NewReader(`{"error":{"exit_code":` + code + `}}`)
		if r := w.run("verify", "-"); r.code != want {
			t.Errorf("exit_code %s: exit %d, %s%s", code, r.code, r.out, r.err)
		}
	}
	w := newWorld(t, "http://127.0.0.1:1")
	w.env.In = strings.NewReader(`{"event":"listening"}` + "\n" + `{"event":"result","result":{}}` + "\n")
	w.run("verify", "-").ends(exitUsage, "", "session: these are the events of -o ndjson; a step reads the document of -o json")
}

// C7: a session that names other hosts, or a hostile auth_url: nothing leaves for them.
func TestHostileSessions(t *testing.T) {
	t.Parallel()
	for doc, c := range map[string]struct {
		step, want string
		code       int
	}{
		`"api_host":"https://evil.example","code":"c"`:                                 {"exchange", "api_host is not the one of the settings (--base-url); a session never changes where things go", exitUsage},
		`"application_id":"theirs","code":"c"`:                                         {"exchange", "application_id is not the one of the settings (--app-id)", exitUsage},
		`"application_id":"theirs","access_token":"t","phone":"+447700900123"`:         {"verify", "application_id is not the one of the settings (--app-id)", exitUsage},
		`"application_id":"theirs","state":"s","auth_url":"https://vendor.example/"`:   {"authorize", "application_id is not the one of the settings (--app-id)", exitUsage},
		`"redirect_uri":"https://evil.example/cb","code":"c"`:                          {"exchange", "redirect_uri is not the one of the settings (--redirect-uri)", exitUsage},
		`"api_host":"https://evil.example","access_token":"t","phone":"+447700900123"`: {"verify", "api_host is not the one", exitUsage},
		`"state":"s","auth_url":"javascript:alert(1)"`:                                 {"authorize", "follow hop 1", exitChain},
		`"state":"s","auth_url":"http://169.254.169.254/latest/meta-data/"`:            {"authorize", "refused", exitChain},
		`"state":"s","auth_url":"http://10.0.0.1/"`:                                    {"authorize", "refused", exitChain},
		`"state":"s","auth_url":"file:///etc/passwd"`:                                  {"authorize", "hop 1", exitChain},
		`"schema_version":1,"code":"c"`:                                                {"exchange", "session: schema_version stands twice", exitUsage},
		`"code":"` + canary + `","code":"x"`:                                           {"exchange", "session: code stands twice, and which one counts cannot be known", exitUsage},
	} {
		w := newWorld(t, "https://api.example")
		w.env.Net.Lookup = nil // addresses only
		w.env.In = strings.NewReader(`{"schema_version":1,` + doc + `}`)
		r := w.run(c.step, "-", "-o", "json")
		if f := r.failure(); r.code != c.code {
			t.Errorf("%s: exit %d, %s", doc, r.code, f.Error.Message)
		}
		if c.code == exitUsage {
			r.tells(c.want)
		}
	}
}

// G2: colour is decided by flag, then variables, then the terminal.
func TestColour(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		vars  string
		flag  string
		tty   bool
		color bool
	}{
		{"", "", false, false},
		{"", "", true, true},
		{"NO_COLOR=1", "", true, false},
		{"TERM=dumb", "", true, false},
		{"CLICOLOR_FORCE=1", "", false, true},
		{"CLICOLOR_FORCE=0", "", false, false},
		{"NO_COLOR=1 CLICOLOR_FORCE=1", "", true, false},
		{"NO_COLOR=1", "always", false, true},
		{"CLICOLOR_FORCE=1", "never", true, false},
		{"TERM=dumb CLICOLOR_FORCE=1", "", false, true},
	} {
		w := newWorld(t, "http://127.0.0.1:1")
		for v := range strings.FieldsSeq(c.vars) {
			name, value, _ := strings.Cut(v, "=")
			w.vars[name] = value
		}
		env := w.env
		var out, story bytes.Buffer
		env.Out, env.Err, env.ErrTTY = &out, &story, c.tty
		env.Args = []string{"jwt", "--claim", "acl=x"} // it warns
		if c.flag != "" {
			env.Args = append(env.Args, "--color", c.flag)
		}
		if code := Main(t.Context(), env); code != exitOK || strings.Contains(story.String(), "\x1b[") != c.color || strings.Contains(out.String(), "\x1b") {
			t.Errorf("%+v: exit %d, %q", c, code, story.String())
		}
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// G4, G7: stdin closed or broken, no home, no configuration.
func TestPoorMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:1")
	w.env.In = broken{os.ErrClosed}
	w.run("authorize", "-").ends(exitUsage, "", "session: stdin is closed")
	w.env.In = broken{&os.PathError{Op: "read", Path: "/dev/stdin", Err: syscall.EBADF}}
	w.run("authorize", "-").ends(exitUsage, "", "session: stdin is closed")
	w.env.In = broken{errors.New("input/output error")}
	w.run("authorize", "-").ends(exitUsage, "", "session: stdin: input/output error")
	w.env.Home, w.env.In = "", strings.NewReader("")
	w.run("authorize", "-").ends(exitUsage, "", "session: stdin is empty")
	if r := w.run("jwt"); r.code != exitOK {
		t.Errorf("without a home: %s", r.err)
	}
	delete(w.vars, "VNV_APP_ID")
	delete(w.vars, "VNV_PRIVATE_KEY")
	w.run("jwt").ends(exitUsage, "", "two settings are missing")
}

// Session files that cannot be used are exit 2, with their name.
func TestSessionFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:1")
	none := filepath.Join(t.TempDir(), "none.json")
	w.run("authorize", "--session", none).ends(exitUsage, "", "session: "+none+" does not exist: vnv enable --session makes it")
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(w.file("target", "{}"), link); err != nil {
		t.Fatal(err)
	}
	w.run("enable", "--phone", phone, "--session", link).ends(exitUsage, "", "session: "+link+" is not a plain file")
	w.run("enable", "--phone", phone, "--session", t.TempDir()).ends(exitUsage, "", "is not a plain file")
	session := w.file("flow.json", `{"schema_version":1,"phone":"+447700900123","code":"`+canary+`"}`)
	w.run("exchange", "--session", session, "--phone", "+99012345678").ends(exitUsage, "", "--phone is not the number of the session")
	w.vars["CODE"] = "another"
	w.run("exchange", "--session", session, "--code", "env:CODE").ends(exitUsage, "", "--code is not the one of the session")
}
