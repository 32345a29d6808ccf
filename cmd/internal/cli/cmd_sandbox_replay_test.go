package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// Whatever fails, and is saved, fails again in the same way: at the same step, with the same exit code and
// cause. It runs alone, as it takes ports by the hundred, and other tests rely on one that was free a moment ago.
func TestReplayMeetsTheSame(t *testing.T) {
	for _, fault := range sandbox.Faults() {
		if fault.At == sandbox.StageCancel || fault.At == sandbox.StageApplication {
			continue // no flow comes there
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "")
			args := []string{"run", "--phone", "+99012345678", "--sandbox", "-q", "-o", "json", "--api", cmp.Or(oneAPI[fault.At], "number-verification")}
			if strings.HasPrefix(fault.Name, "fragment-") {
				args = append(args, "--redirect-url", "https://app.example/end")
			}
			if strings.HasSuffix(fault.Name, "-slow") || fault.Name == "slow-hop" || strings.HasPrefix(fault.Name, "late-") {
				args = append(args, "--timeout", "400ms")
			}
			saved := w.file("saved.har", "")
			met := ends(t, w.run(append(args, "--fault", fault.Name, "--har", saved)...))
			replayed := w.run("sandbox", "replay", saved, "-q")
			if replayed.code != exitOK {
				t.Fatalf("exit %d: %s", replayed.code, replayed.err)
			}
			if again := ends(t, w.run(append(args, "--scenario", w.file("saved.yaml", replayed.out))...)); again != met {
				t.Errorf("met %s, and then %s, by\n%s", met, again, replayed.out)
			}
		})
	}
}

// The files of other programs: the chain is found among what else they recorded, and fails as it did.
func TestReplayForeign(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"firefox.har":    "12 authorize [{consent-needed}]",
		"playwright.har": "11 authorize [{connection-lost}]",
		"proxy.har":      "9 exchange [{code-used}]",
		"chrome.har":     "0",
		"ios.json":       "12 authorize [{carrier-error}]",
		"android.txt":    "0",
		"curl-http1.log": "12 authorize [{browser-only-redirect}]",
		"curl-http2.log": "12 authorize [{browser-only-redirect}]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "")
			saved := filepath.Join("..", "..", "..", "testdata", "trace", name)
			for _, file := range []string{saved, w.file(name, w.run("trace", "clean", saved).out)} {
				if file != saved && !strings.HasSuffix(name, ".har") {
					continue // of a log the pages are hidden whole
				}
				replayed := w.run("sandbox", "replay", file, "-q")
				args := []string{"run", "--phone", "+99012345678", "--sandbox", "-q", "-o", "json", "--scenario", w.file("saved.yaml", replayed.out)}
				if got := ends(t, w.run(args...)); got != want {
					t.Errorf("%s ends with %s, want %s, by\n%s%s", file, got, want, replayed.out, replayed.err)
				}
			}
		})
	}
}

// A host that was not reached is one that refuses; of a flow that did not begin nothing can be met.
func TestReplayUnreached(t *testing.T) {
	t.Parallel()
	const begun = `{"request":{"method":"GET","url":"https://id.example/oauth2/auth?state=s"},"response":{"status":302,"redirectURL":"https://he.example/"}}`
	const refused = `{"request":{"method":"GET","url":"https://he.example/"},"response":{"status":0,"_error":"net::ERR_NAME_NOT_RESOLVED"}}`
	const begins = `{"request":{"method":"GET","url":"https://id.example/oauth2/auth"},"response":{"status":0,"_error":"net::ERR_NAME_NOT_RESOLVED"}}`
	w := newWorld(t, "")
	replayed := w.run("sandbox", "replay", w.file("x.har", `{"log":{"entries":[`+begun+`,`+refused+`]}}`))
	replayed.tells("a refused connection stands for it")
	scenario := w.file("x.yaml", replayed.out)
	if got := ends(t, w.run("run", "--phone", "+99012345678", "--sandbox", "-q", "-o", "json", "--scenario", scenario)); got != "11 authorize [{connection-refused}]" {
		t.Errorf("it ends with %s by\n%s", got, replayed.out)
	}
	replayed = w.run("sandbox", "replay", w.file("y.har", `{"log":{"entries":[`+begins+`]}}`))
	if !strings.Contains(replayed.out, "# nothing of it can be met again") {
		t.Errorf("%s", replayed.out)
	}
}

// A failure that nothing stands for is listed, once, and is not said to have gone well; nor is one that was got over
// made of a call that was tried again.
func TestReplayTellsWhatItLoses(t *testing.T) {
	t.Parallel()
	hop := func(step string, status int, more string) string {
		return fmt.Sprintf(`{"n":1,"step":%q,"method":"POST","url":"https://api.example/v0.1/network-enablement","status":%d%s}`, step, status, more)
	}
	const refused = `,"phase":"connect","error":"connection refused"`
	hops := func(list ...string) string { return strings.Join(list, ",") }
	for name, row := range map[string]struct{ hops, failed, lost, comment string }{
		"nobody came":         {hop("enable", 200, ""), `{"step":"authorize","kind":"no-callback","cause":"url-not-opened"}`, "that authorize failed: url-not-opened", "nothing of it can be met again"},
		"no cause":            {hop("enable", 200, ""), `{"step":"exchange","kind":"input"}`, "that exchange failed: input", "nothing of it can be met again"},
		"refused three times": {hops(hop("enable", 0, refused), hop("enable", 0, refused), hop("enable", 0, refused)), `{"step":"enable","kind":"network","cause":"connection-refused"}`, "enable had no answer: connection refused", "nothing of it can be met again"},
		"got over":            {hops(hop("enable", 503, ""), hop("enable", 200, ""), hop("exchange", 200, "")), "null", "", "it went as it should: so does this"},
		"failed in the end":   {hops(hop("enable", 503, ""), hop("enable", 503, "")), `{"step":"enable","kind":"unavailable"}`, "the body of the answer of enable, which a saved chain does not hold", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "")
			saved := w.file("x.json", `{"schema_version":1,"tool":"vnv 1","url":"https://api.example/","outcome":"x","end":{"kind":"answer","hop":1},"hops":[`+row.hops+`],"findings":[],"failed":`+row.failed+`}`)
			replayed := w.run("sandbox", "replay", saved)
			want := ""
			if row.lost != "" {
				want = " ! not reproduced: " + row.lost + "\n"
			}
			if got := strings.ReplaceAll(replayed.err, "\n   ", " "); got != want {
				t.Errorf("stderr:\n%swant\n%s", got, want)
			}
			if row.comment != "" && !strings.HasSuffix(replayed.out, "delay: 0s # "+row.comment+"\n") || strings.Count(replayed.out, "- {at") > 1 {
				t.Errorf("the scenario:\n%s", replayed.out)
			}
		})
	}
	w := newWorld(t, "")
	w.run("sandbox", "replay", "-o", "json", w.file("x.har", `{"log":{"entries":[]}}`)).failsAs(exitUsage, "there is no request in it, and so nothing to replay")
}

// ends is how a run ended: exit code, step, the first cause.
func ends(t *testing.T, r result) string {
	t.Helper()
	var doc struct {
		Error *struct {
			Op     string
			Causes []struct{ Cause string }
		}
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil {
		t.Fatalf("%v: %s", err, r.out)
	}
	if doc.Error == nil {
		return strconv.Itoa(r.code)
	}
	return fmt.Sprint(r.code, " ", doc.Error.Op, " ", doc.Error.Causes[:min(1, len(doc.Error.Causes))])
}

// FuzzReplay: whatever chain a file holds, a scenario that the sandbox takes is made of
// it, and nothing in it that came from the file leaves its line.
func FuzzReplay(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "trace", "*.*"))
	if err != nil || len(files) == 0 {
		f.Fatal("no saved chains", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, hop := range []string{
		`{"n":1,"step":"authorize","method":"GET","url":"https://a.example/","status":199}`,
		`{"n":1,"step":"authorize","method":"GET","url":"https://a.example/","status":999,"content_type":"text/html\r\nX: y"}`,
		`{"n":1,"step":"authorize","method":"G\nET","url":"https://a.example/\n#","status":200,"content_type":"text/html","title":"{{next}}\n- "}`,
		`{"n":1,"step":"authorize","method":"GET","url":"https://a.example/","status":302,"location":"app\n://x"}`,
		`{"n":1,"step":"enable","method":"POST","url":"https://a.example/","status":0,"error":"a\nnumbers: {}"}`,
	} {
		f.Add([]byte(`{"schema_version":1,"url":"https://a.example/","outcome":"x","end":{"kind":"page","hop":1},"hops":[` + hop + `],"findings":[]}`))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		saved, _, err := trace.Read(raw, nil)
		if err != nil {
			return
		}
		r := newReplay(saved)
		text := r.yaml("+4477*")
		if _, err := sandbox.ParseScenario("scenario", []byte(text)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		if lines := strings.Count(text, "\n"); lines > 6+len(r.lost)+len(r.answers) {
			t.Errorf("%d lines:\n%s", lines, text)
		}
	})
}
