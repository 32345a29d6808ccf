package verdict_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
)

// decode reads a token as the CLI does.
func decode(token string) ([]verdict.Fact, []verdict.JWTFinding, error) {
	d, err := appjwt.Decode(token, time.Unix(1700000100, 0))
	if err != nil {
		return nil, nil, err
	}
	var findings []verdict.JWTFinding
	for _, f := range d.Findings {
		findings = append(findings, verdict.JWTFinding{Level: string(f.Level), Claim: f.Claim, Text: f.Text})
	}
	return []verdict.Fact{{Name: "application_id", Value: d.ApplicationID()}}, findings, nil
}

// TestExplain holds what people paste to what it is and means. A file of
// testdata/verdict is called KIND.CAUSE.WORD.txt; the cause none is no failure.
func TestExplain(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/verdict/*.txt")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := strings.Split(name, ".")
			x, known := verdict.Explainer{JWT: decode}.Explain(string(raw))
			if known == (part[0] == "unknown") || x.Kind != part[0] {
				t.Fatalf("kind %s, known %v: %+v", x.Kind, known, x)
			}
			if !known {
				if len(x.Tried) < 8 {
					t.Errorf("tried %v", x.Tried)
				}
				return
			}
			got := "none"
			if x.Kind == verdict.KindCause {
				got = x.Name
			} else if len(x.Causes) > 0 {
				got = x.Causes[0].Cause
				sound(t, x.Causes)
			}
			if got != part[1] {
				t.Errorf("%s, not %s: %+v", got, part[1], x)
			}
			whole(t, x, got)
		})
	}
}

// whole: an explanation says what it is, and of a failure all there is to say; nothing
// secret and nothing raw is in it.
func whole(t *testing.T, x verdict.Explanation, cause string) {
	t.Helper()
	if x.What == "" || x.Title == "" || x.Means == "" {
		t.Errorf("says nothing: %+v", x)
	}
	if cause != "none" && (x.Who == "" && x.Kind != verdict.KindCode || x.Source == "" || len(x.Next) == 0 && x.Kind != verdict.KindCode) {
		t.Errorf("lacks who, source or next: %+v", x)
	}
	doc, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"canary", "447700900123"} {
		if strings.Contains(string(doc), secret) {
			t.Errorf("%s is shown: %s", secret, doc)
		}
	}
	if strings.Contains(x.Means, "~") {
		t.Errorf("the mask has taken a word of ours: %s", x.Means)
	}
	for _, c := range x.Causes {
		for _, e := range c.Evidence {
			if e.Field == "date" || strings.Contains(e.Text, "right state") {
				t.Errorf("what nobody can have looked at is evidence: %s", e.Text)
			}
		}
	}
}

// What to do with a callback is another thing in each API.
func TestExplainCallback(t *testing.T) {
	t.Parallel()
	for input, next := range map[string]string{
		"https://app.example/cb?code=canary-code&state=canary-state": "vnv exchange --callback-url - --state",
		"https://app.example/end#request_id=canary&code=canary-code": "vnv verify --api verify --request-id",
	} {
		if x, _ := verdict.Explain(input); len(x.Next) != 1 || !strings.HasPrefix(x.Next[0], next) {
			t.Errorf("%s: %v", input, x.Next)
		}
	}
}

// TestExplainHostile: whatever is pasted, what comes back is printable and bounded.
func TestExplainHostile(t *testing.T) {
	t.Parallel()
	for name, input := range map[string]string{
		"escapes in a body": `{"status":403,"code":"PERMISSION_DENIED","message":"\u001b]52;c;eA==\u0007\u202eevil"}`,
		"escapes raw":       "\x1b[31minvalid_grant\u202e",
		"long detail":       `{"error":"invalid_grant","error_description":"` + strings.Repeat("x", 1<<19) + `"}`,
		"deep":              strings.Repeat("[", 1<<16),
		"deep object":       strings.Repeat(`{"error":`, 1<<15),
		"many lines":        strings.Repeat("HTTP/1.1 302 Found\nLocation: https://a.example/\n\n", 1<<12),
		"malformed query":   "https://a.example/cb?code=canary;b&error=%zz",
		"nul":               "\x00\x00\x00",
		"bom":               "\ufeffinvalid_grant",
		"title":             "<html><title>Sign in \x1b[2J\u202e</title>",
		"too much":          strings.Repeat("invalid_grant ", 1<<18),
	} {
		x, _ := verdict.Explainer{JWT: decode}.Explain(input)
		doc, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		if len(doc) > 32<<10 {
			t.Errorf("%s: %d bytes come back", name, len(doc))
		}
		for _, text := range texts(x) {
			if text != trace.Printable(text) {
				t.Errorf("%s: %q is not printable", name, text)
			}
			if strings.Contains(text, "canary") {
				t.Errorf("%s: a secret in %q", name, text)
			}
		}
	}
}

func texts(x verdict.Explanation) []string {
	all := append([]string{x.What, x.Title, x.Name, x.Means, x.Who, x.Fix, x.Source}, x.Next...)
	for _, f := range x.Facts {
		all = append(all, f.Name, f.Value, f.Note)
	}
	for _, c := range x.Causes {
		for _, e := range c.Evidence {
			all = append(all, e.Text)
		}
	}
	return all
}

func FuzzExplain(f *testing.F) {
	files, _ := filepath.Glob("../../testdata/verdict/*.txt")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil {
			f.Add(string(raw))
		}
	}
	f.Fuzz(func(t *testing.T, input string) {
		x, known := verdict.Explainer{JWT: decode}.Explain(input)
		if known && (x.Title == "" || x.Kind == "") {
			t.Errorf("known, and says nothing: %+v", x)
		}
		for _, text := range texts(x) {
			if text != trace.Printable(text) {
				t.Errorf("%q is not printable", text)
			}
		}
	})
}
