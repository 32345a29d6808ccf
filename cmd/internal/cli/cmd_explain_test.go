package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
)

// explain runs vnv explain on a text from stdin.
func explain(t *testing.T, input string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, story bytes.Buffer
	code = Main(context.Background(), Env{
		Args: append([]string{"explain"}, args...), In: strings.NewReader(input), Out: &out, Err: &story,
		Getenv: func(string) string { return "" }, Now: func() time.Time { return time.Unix(1700000100, 0) },
	})
	return code, out.String(), story.String()
}

// What people paste is explained in every form, escaped and without its secrets.
func TestExplainPasted(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../testdata/verdict/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		for _, format := range formats {
			code, out, story := explain(t, string(raw), "-", "-o", format)
			if want := map[bool]int{true: exitNo, false: exitOK}[strings.HasPrefix(name, "unknown")]; code != want {
				t.Errorf("%s: exit %d, not %d: %s%s", name, code, want, out, story)
			}
			for _, secret := range []string{"canary", "447700900123"} {
				if strings.Contains(out+story, secret) {
					t.Errorf("%s: %s is shown:\n%s%s", name, secret, out, story)
				}
			}
			for line := range strings.Lines(out) {
				if line = strings.TrimSuffix(line, "\n"); line != trace.Printable(line) {
					t.Errorf("%s: a raw mark in %q", name, line)
				}
			}
		}
	}
}

// Exit codes are of our own, and a short word is near to everything.
func TestExplainOurOwn(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]struct {
		code int
		says string
	}{
		"12":               {exitOK, "exit code 12: redirect chain"},
		"exit 12":          {exitOK, "exit code 12: redirect chain"},
		"exit code 130":    {exitOK, "cut off by SIGINT"},
		"130":              {exitNo, "nothing that vnv knows"},
		"exit 99":          {exitNo, "nothing that vnv knows"},
		"HTTP 401":         {exitOK, "an HTTP status"},
		"401 Unauthorized": {exitOK, "an HTTP status"},
		"401 Gone":         {exitNo, "nothing that vnv knows"},
		"nope":             {exitNo, "nothing that vnv knows"},
	} {
		code, out, _ := explain(t, "", strings.Fields(input)...)
		if code != want.code || !strings.Contains(out, want.says) || strings.Contains(out, "did you mean") {
			t.Errorf("%s: exit %d: %s", input, code, out)
		}
	}
}

// Every name that completion offers is one that explain knows.
func TestExplainable(t *testing.T) {
	t.Parallel()
	for _, name := range explainable() {
		if code, out, _ := explain(t, "", name); code != exitOK || !strings.Contains(out, "means") {
			t.Errorf("%s: exit %d\n%s", name, code, out)
		}
	}
}

func TestExplainUsage(t *testing.T) {
	t.Parallel()
	if code, _, said := explain(t, "", "-"); code != exitUsage || !strings.Contains(said, "stdin is empty") {
		t.Errorf("nothing on stdin: exit %d: %s", code, said)
	}
	if code, out, _ := explain(t, "", "wifi-not-carier-"); code != exitOK || !strings.Contains(out, "wifi-not-carrier") {
		t.Errorf("a slip: exit %d: %s", code, out)
	}
	if code, out, _ := explain(t, "", "redirect-lop"); code != exitNo || !strings.Contains(out, "did you mean redirect-loop?") {
		t.Errorf("a slip: exit %d: %s", code, out)
	}
}

// TestAdvisedCommands: the commands that verdicts advise are commands of this program,
// with flags that it has.
func TestAdvisedCommands(t *testing.T) {
	t.Parallel()
	root := Root()
	for _, g := range verdict.Groups() {
		for _, c := range g.Causes {
			for _, line := range c.Plain().Next {
				for part := range strings.SplitSeq(line, " | ") {
					args := strings.Fields(part)
					if args[0] != "vnv" {
						t.Errorf("%s: %q is no command of vnv", c.Name, part)
						continue
					}
					cmd, rest, err := root.Find(args[1:])
					if err != nil || !cmd.HasParent() {
						t.Errorf("%s: %q: %v", c.Name, part, err)
						continue
					}
					for _, arg := range rest {
						name, isFlag := strings.CutPrefix(arg, "--")
						known := slices.ContainsFunc([]*pflag.FlagSet{cmd.Flags(), cmd.InheritedFlags()}, func(fs *pflag.FlagSet) bool { return fs.Lookup(name) != nil })
						if isFlag && !known {
							t.Errorf("%s: %q: there is no flag %s", c.Name, part, arg)
						}
					}
				}
			}
		}
	}
}

// A failure names its cause: on stderr after what failed, in JSON all that fit.
func TestVerdictInFailure(t *testing.T) {
	t.Parallel()
	for fault, c := range map[string]struct {
		exit  int
		cause string
		tells []string
	}{
		"wifi":          {exitChain, "wifi-not-carrier", []string{"Most likely the request did not come over the phone's mobile data.", `its page is titled "Sign in"`, "requires_carrier_network is true"}},
		"clock-ahead":   {exitCredentials, "clock-skew", []string{"The clock of this machine is wrong.", "behind the server's Date"}},
		"missing-state": {exitState, "state-lost", []string{"The callback came without its state."}},
		"wrong-state":   {exitState, "state-of-another-attempt", []string{"The callback belongs to another attempt."}},
		"token-expired": {exitVerify, "token-expired", []string{"The access token has expired.", "it lived for 1 s", "neither yes nor no"}},
		"enable-404":    {exitEnable, "api-retired", []string{"retired", "vnv migrate --sandbox"}},
	} {
		w := newWorld(t, "")
		r := w.run("run", "--phone", phone, "--sandbox", "--fault", fault)
		r.ends(c.exit, "", append(c.tells, "vnv explain "+c.cause)...)
		r = w.run("run", "--phone", phone, "--sandbox", "--fault", fault, "-o", "json")
		if first := strings.Index(r.out, `"cause": "`+c.cause+`"`); first < 0 || strings.Index(r.out, `"cause": "`) != first {
			t.Errorf("%s: the first cause in JSON is not %s:\n%s", fault, c.cause, r.out)
		}
	}
}
