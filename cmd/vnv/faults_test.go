package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	faultcauses "github.com/vnv-cli/vnv/testdata/verdict"
)

// stageStep is the step in which the client meets a stage's faults.
var stageStep = map[sandbox.Stage]string{
	sandbox.StageEnable: "enable", sandbox.StageAuthorize: "authorize", sandbox.StageCarrier: "authorize",
	sandbox.StageCallback: "authorize", sandbox.StageToken: "exchange", sandbox.StageVerify: "verify",

	sandbox.StageStart: "enable", sandbox.StageCheckURL: "authorize", sandbox.StageHandover: "authorize",
	sandbox.StageCheck: "verify", sandbox.StageCancel: "cancel",
}

// secondAPI are the stages that only the Verify API has.
var secondAPI = []sandbox.Stage{
	sandbox.StageStart, sandbox.StageCheckURL, sandbox.StageHandover, sandbox.StageCheck, sandbox.StageCancel,
}

// metElsewhere are the faults that are seen in another step than their stage's.
var metElsewhere = map[string]string{"token-expired": "verify", "check-url-null": "enable", "check-url-relative": "enable", "check-url-javascript": "enable"}

// canaryPhone is verified, and stands in no text of ours.
const canaryPhone = "+99077001234"

// verifyToo are the stages that both APIs have.
var verifyToo = []sandbox.Stage{sandbox.StageCarrier}

// ending is how a run into a fault ended, as docs/faults.md tells it.
type ending struct {
	code        int
	step, cause string
	title, hint string
}

// TestEveryFault drives vnv into every fault that the sandbox knows, each through the
// APIs whose stage it stands at. It ends at the step where the fault stands, names the
// cause that package verdict names (testdata/verdict/faults.tsv) and says what to do
// next; no code or token is sent twice, and the invariants hold. How each ends is
// docs/faults.md, which -update writes.
func TestEveryFault(t *testing.T) {
	t.Parallel()
	ends := make(map[string]ending, len(sandbox.Faults()))
	causes := faultcauses.Read()
	var mu sync.Mutex
	t.Run("each", func(t *testing.T) {
		for i, fault := range sandbox.Faults() {
			for _, api := range apisOf(fault) {
				t.Run(api+"/"+fault.Name, func(t *testing.T) {
					t.Parallel()
					e := meet(t, fault, api, []string{"json", "ndjson"}[i%2])
					if got := cmp.Or(e.cause, "-"); got != causes[fault.Name] {
						t.Errorf("named %s, not %s", got, causes[fault.Name])
					}
					mu.Lock()
					defer mu.Unlock()
					if api == apisOf(fault)[0] {
						ends[fault.Name] = e
					}
				})
			}
		}
	})
	if t.Failed() || len(ends) < len(sandbox.Faults()) { // -run chose some
		return
	}
	const page = "../../docs/faults.md"
	want := faultsPage(ends)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(page); err != nil || string(got) != want {
		t.Errorf("docs/faults.md is not what happens: look at the difference after go test ./cmd/vnv -run EveryFault -update (%v)", err)
	}
}

// apisOf are the APIs that can meet a fault.
func apisOf(fault sandbox.Fault) []string {
	switch {
	case slices.Contains(secondAPI, fault.At):
		return []string{"verify"}
	case slices.Contains(verifyToo, fault.At):
		return []string{"number-verification", "verify"}
	default:
		return []string{"number-verification"}
	}
}

// meet runs into one fault.
func meet(t *testing.T, fault sandbox.Fault, api, format string) ending {
	t.Helper()
	far := startSandbox(t, sandbox.Options{Faults: []string{fault.Name}})
	w := newWorld(t).towards(far)
	args := []string{"run", "--phone", canaryPhone, "--timeout", timeoutFor(fault.Name), "-v", "--trace", "-o", format}
	w.vars["VNV_API"] = api
	switch {
	case strings.HasPrefix(fault.Name, "fragment-"):
		w.vars["VNV_REDIRECT_URL"] = "https://app.example/end"
	case fault.At == sandbox.StageCancel:
		started := w.run("enable", "--phone", canaryPhone, "--jq", ".request_id")
		args = []string{"verify", "cancel", strings.TrimSpace(started.stdout), "-o", "json"}
	}
	r := w.run(args...)
	met := slices.ContainsFunc(far.Requests(), func(e sandbox.Entry) bool { return e.Fault == fault.Name })
	if !met {
		t.Error("the fault was never met")
	}
	invariants(t, w, r, secretsOf(far)...)
	onceOnly(t, far)
	return judge(t, fault, r, far.RedirectURI())
}

// judge holds the end of a run to what a person needs: the step, a cause, a way on.
func judge(t *testing.T, fault sandbox.Fault, r result, redirectURI string) ending {
	t.Helper()
	if r.code == 0 || r.code == 3 {
		return ending{code: r.code}
	}
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	doc := r.stdout
	if r.format() == "ndjson" {
		doc = lines[len(lines)-1]
	}
	var got struct {
		Error struct {
			Op, Hint string
			Causes   []struct {
				Cause, Title, Fix string
				Next              []string
			}
		}
	}
	if err := json.Unmarshal([]byte(doc), &got); err != nil {
		t.Fatalf("%v\n%s", err, r)
	}
	want := stageStep[fault.At]
	if other := metElsewhere[fault.Name]; other != "" {
		want = other
	}
	if got.Error.Op != want {
		t.Errorf("the failure is one of %s, not of %s", got.Error.Op, want)
	}
	if len(got.Error.Hint) < 20 || len(got.Error.Causes) == 0 {
		t.Fatalf("neither cause nor hint: %s", r)
	}
	c := got.Error.Causes[0]
	if c.Title == "" || len(c.Fix) < 20 || len(c.Next) == 0 || strings.ContainsAny(c.Fix+c.Title, "{}") {
		t.Errorf("the cause says too little: %+v", c)
	}
	return ending{r.code, got.Error.Op, c.Cause, steady(c.Title, redirectURI), steady(c.Fix, redirectURI)}
}

// steady is a text without what differs between two runs.
func steady(text, redirectURI string) string {
	text = strings.NewReplacer(redirectURI, "the redirect URI", "application "+sandbox.TestApplicationID, "the application", " ("+sandbox.TestKeyFingerprint+")", "").Replace(text)
	for _, v := range []struct{ find, put string }{
		{`(127\.0\.0\.1|localhost):\d+`, "$1:PORT"}, {`\b(\d+h)?(\d+m)?\d+(\.\d+)?m?s\b`, "10m0s"}, {`\|`, `\|`},
	} {
		text = regexp.MustCompile(v.find).ReplaceAllString(text, v.put)
	}
	return text
}

// faultsPage is docs/faults.md.
func faultsPage(ends map[string]ending) string {
	numbers := map[string]string{}
	for _, n := range sandbox.Numbers() {
		if n.Fault != "" {
			numbers[n.Fault] = n.Pattern
		}
	}
	var b strings.Builder
	b.WriteString(`<!-- written by go test ./cmd/vnv -run EveryFault -update; change the source, not this page -->

# Every way the sandbox can fail

Choose one by ` + "`--fault NAME[@PATTERN][:TIMES]`" + `, in a [scenario](sandbox.md#scenarios), or by the number that
is reserved for it, which needs no setting: the app sends it, and the flow meets the fault each time. How
` + "`vnv run`" + ` ends, what it names as the likely cause, and what it says to do next, was recorded by the test that
made each one happen. ` + "`vnv explain CAUSE`" + ` says more; exit codes are in [exit-codes.md](exit-codes.md).
From "start" on it is the Verify API (` + "`VNV_API=verify`" + `).
`)
	at := sandbox.Stage("")
	for _, f := range sandbox.Faults() {
		if f.At != at {
			at = f.At
			fmt.Fprintf(&b, "\n## %s\n\n", at)
			b.WriteString("| fault | number | the client meets | exit | likely cause | what to do |\n|---|---|---|---|---|---|\n")
		}
		e := ends[f.Name]
		if e.code == 0 {
			e.step, e.title, e.hint = "", "none: this is odd, and no failure", ""
		}
		row := []string{"`" + f.Name + "`", "`" + numbers[f.Name] + "`", f.Summary, strings.TrimSpace(fmt.Sprintf("%d %s", e.code, e.step)), strings.TrimSpace(e.title + " " + quotedCause(e.cause)), e.hint}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	return b.String()
}

func quotedCause(name string) string {
	if name == "" {
		return ""
	}
	return "(`" + name + "`)"
}

func timeoutFor(fault string) string {
	if strings.HasSuffix(fault, "-slow") || fault == "slow-hop" || strings.HasPrefix(fault, "late-") {
		return "1s"
	}
	return "20s"
}
