package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// redirecting is a host that answers every request with what next says.
func redirecting(t *testing.T, next func(n int, r *http.Request) string) (*world, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &far{Listener: l, got: map[string][]*http.Request{}, sent: map[string][]string{}}
	var n atomic.Int32
	f.serve(t, func(c net.Conn, r *http.Request) { io.WriteString(c, next(int(n.Add(1)), r)) })
	return newWorld(t, ""), f.url()
}

func to(location string, headers ...string) string {
	return answerOf("302 Found", "text/html", "", append([]string{"Location: " + location, "Content-Length: 0"}, headers...)...)
}

// TestTraceOfAnything: with headers and cookies of the user's, at the first origin alone,
// and none of them told.
func TestTraceOfAnything(t *testing.T) {
	t.Parallel()
	var seen []string
	w, base := redirecting(t, func(n int, r *http.Request) string {
		seen = append(seen, fmt.Sprint(n, " ", r.Header.Get("X-Key"), " ", r.Header.Get("Cookie")))
		if n == 1 {
			return to("/next?code=" + canary)
		}
		return answerJSON("200 OK", `{"request_id":"`+canary+`-r","code":"`+canary+`"}`)
	})
	w.vars["COOKIES"] = "b=" + canary + "-b; c=d"
	r := w.run("trace", base+"/start?x=1", "--header", "@"+w.file("headers", "X-Key: "+canary+"-key\n"), "--cookie", "env:COOKIES", "-o", "json")
	var doc struct {
		End     trace.End
		Hops    []trace.Hop
		Clients []struct{ Client string }
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || r.code != 0 || doc.End.Kind != trace.EndAnswer || len(doc.Hops) != 2 || len(doc.Clients) != 5 {
		t.Errorf("exit %d, %v, %s%s", r.code, err, r.out, r.err)
	}
	if want := fmt.Sprintf("[1 %[1]s-key b=%[1]s-b; c=d 2 %[1]s-key b=%[1]s-b; c=d]", canary); fmt.Sprint(seen) != want {
		t.Errorf("the far side saw %v", seen)
	}
	if strings.Contains(r.out, canary) {
		t.Errorf("a secret is in the answer: %s", r.out)
	}
}

// TestTraceEnds: each end has its exit code, and the chain is the answer all the same.
func TestTraceEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		next func(int, *http.Request) string
		code int
		says string
		args []string
	}{
		"callback": {func(int, *http.Request) string { return to("https://app.example/cb?code=a&state=b") }, 0, "reached the redirect URI", []string{"--redirect-uri", "https://app.example/cb"}},
		"denied":   {func(int, *http.Request) string { return to("https://app.example/cb?error=access_denied") }, 6, "access_denied", []string{"--redirect-uri", "https://app.example/cb"}},
		"json error": {func(int, *http.Request) string {
			return answerJSON("400 Bad Request", `{"error":"invalid_scope"}`)
		}, 6, "invalid_scope", nil},
		"page":    {func(int, *http.Request) string { return answerOf("200 OK", "text/html", "<title>Sign in</title>") }, 12, "“Sign in”", nil},
		"loop":    {func(int, *http.Request) string { return to("/") }, 12, "a loop", nil},
		"scheme":  {func(int, *http.Request) string { return to("app://x") }, 12, "app", nil},
		"endless": {func(n int, _ *http.Request) string { return to(fmt.Sprint("/", n)) }, 12, "2 redirects", []string{"--max-hops", "2"}},
		"none":    {func(n int, _ *http.Request) string { return to(fmt.Sprint("/", n)) }, 12, "0 redirects", []string{"--max-hops", "0"}},
		"hang up": {func(int, *http.Request) string { return "" }, 11, "could not be asked", nil},
		"private": {func(int, *http.Request) string { return to("http://10.1.2.3/") }, 12, "10.1.2.3", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, base := redirecting(t, c.next)
			r := w.run(append([]string{"trace", base + "/"}, c.args...)...)
			if r.code != c.code || !strings.Contains(r.out+r.err, c.says) || !strings.Contains(r.out, "ends  ") {
				t.Errorf("exit %d, want %d; %s%s", r.code, c.code, r.out, r.err)
			}
			if f := w.run(append([]string{"trace", base + "/", "-o", "json"}, c.args...)...); c.code != 0 && f.failure().Error.Op != "trace" {
				t.Errorf("no error document: %s", f.out)
			}
		})
	}
}

// TestTraceJQ: a chain that is broken is an answer all the same, and --jq is for answers. One that did not begin
// is an error's document, which stays whole.
func TestTraceJQ(t *testing.T) {
	t.Parallel()
	w, base := redirecting(t, func(int, *http.Request) string { return answerOf("200 OK", "text/html", "<title>Sign in</title>") })
	w.run("trace", base+"/", "--jq", ".findings[].name, .error.exit_code").ends(12, "cleartext-hop\nprivate-address\nhtml-page\n12\n")
	if r := w.run("trace", base+"/", "--jq", ".hops | error"); r.code != exitUsage || !strings.Contains(r.out, `"exit_code": 2`) {
		t.Errorf("exit %d: %s", r.code, r.out)
	}
	for _, url := range []string{"ftp://x.example/", "http://169.254.169.254/"} {
		if r := w.run("trace", url, "--jq", ".error.op"); r.code == 0 || !json.Valid([]byte(r.out)) || r.failure().Error.ExitCode != r.code {
			t.Errorf("%s: exit %d: %s", url, r.code, r.out)
		}
	}
}

// TestStoryStandsStill: nothing is redrawn where escape sequences are not welcome, be it a terminal.
func TestStoryStandsStill(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"NO_COLOR=1", "TERM=dumb", "--color=never"} {
		w, base := redirecting(t, func(int, *http.Request) string { return answerJSON("200 OK", `{"request_id":"a","code":"b"}`) })
		var flags []string
		if name, value, _ := strings.Cut(how, "="); strings.HasPrefix(how, "-") {
			flags = []string{how}
		} else {
			w.vars[name] = value
		}
		w.env.ErrTTY = true
		for _, args := range [][]string{{"trace", base + "/"}, {"run", "--phone", "+99012345678", "--sandbox"}} {
			if r := w.run(append(args, flags...)...); r.code != 0 || strings.ContainsAny(r.err, "\r\x1b") { // run looks for control characters as well
				t.Errorf("%s, %s: exit %d, %q", how, args[0], r.code, r.err)
			}
		}
	}
	w := newWorld(t, "")
	var story strings.Builder
	w.env.Args, w.env.ErrTTY, w.env.Out, w.env.Err = []string{"run", "--phone", "+99012345678", "--sandbox"}, true, io.Discard, &story
	if code := Main(t.Context(), w.env); code != 0 || !strings.Contains(story.String(), "\r\x1b[K") {
		t.Errorf("exit %d: nothing is redrawn on a terminal: %q", code, story.String())
	}
}

// TestHostileChain: through every rendering, escape sequences, HTML, bidi marks and a
// megabyte of headers change nothing but what is shown.
func TestHostileChain(t *testing.T) {
	t.Parallel()
	evil := "\x1b]52;c;aGk=\x07<script>alert(1)</script>\u202e\u200b\u0085"
	w, base := redirecting(t, func(n int, _ *http.Request) string {
		switch n % 4 {
		case 1:
			return "HTTP/1.1 302 Found\r\nLocation: /a\u202e<script>?" + canary + "=" + canary + "&x=\u200b\r\nSet-Cookie: n\u202e<b>=1; Path=/<script>\r\nX-Correlator: \u202e<script>\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
		case 2:
			return to("/b", "Set-Cookie: a=b", "X-Orange-Trace-Id: "+strings.Repeat("<i>", 50_000))
		case 3:
			return to("/c")
		default:
			return answerOf("200 OK", "text/html; \u202e", "<title>"+evil+"</title><meta http-equiv=refresh content='0;url=javascript:"+evil+"'>")
		}
	})
	dir := t.TempDir()
	har, html := filepath.Join(dir, "x.har"), filepath.Join(dir, "x.html")
	for _, format := range formats {
		r := w.run("trace", base+"/", "-o", format, "--har", har, "--report", html, "-v")
		if r.code != 12 {
			t.Errorf("exit %d: %s", r.code, r.err)
		}
		for name, text := range map[string]string{"stdout": r.out, "har": w.read(har), "report": w.read(html)} {
			if i := strings.IndexFunc(text, func(c rune) bool { return c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) }); i >= 0 {
				t.Errorf("%s holds a raw mark: %q", name, text[max(0, i-30):i+10])
			}
			if strings.Contains(text, canary) {
				t.Errorf("%s holds a secret", name)
			}
		}
		if m := regexp.MustCompile(`(?i)<script|<i>|<b>|javascript:alert`).FindString(strings.ReplaceAll(w.read(html), "<b>", "")); m != "" {
			t.Errorf("the report holds %s", m)
		}
		if !json.Valid([]byte(w.read(har))) {
			t.Error("the HAR is no JSON")
		}
	}
}

func (w *world) read(path string) string {
	w.t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// TestArtefacts: written whole or not at all, for their owner alone; a link is refused.
func TestArtefacts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := filepath.Join(dir, "old")
	if err := os.WriteFile(old, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(old, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(old); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(old, link); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{link, dir, filepath.Join(dir, "missing", "x")} {
		if err := writeFile(path, []byte("x")); err == nil {
			t.Errorf("%s was written", path)
		} else if _, usage := errors.AsType[*usageError](err); !usage {
			t.Errorf("%s: %v", path, err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if w := newWorld(t, ""); w.run("trace", "http://127.0.0.1:1/", "--har", old, "--report", old).code != exitUsage {
		t.Error("one file for two was taken")
	}
}
