package cli

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/verdict"
)

// causes are those of an error document.
func (r result) causes() []verdict.Candidate {
	r.t.Helper()
	var doc struct {
		Error struct{ Causes []verdict.Candidate }
	}
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if json.Unmarshal([]byte(r.out), &doc) != nil && json.Unmarshal([]byte(lines[len(lines)-1]), &doc) != nil || len(doc.Error.Causes) == 0 {
		r.t.Fatalf("no cause: %s%s", r.out, r.err)
	}
	return doc.Error.Causes
}

// elsewhere is an authorization server that sends code and state to a redirect URI of its own, and shows there what is given.
func elsewhere(t *testing.T, registered, shown string) *far {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &far{Listener: l, got: map[string][]*http.Request{}, sent: map[string][]string{}}
	f.serve(t, func(c net.Conn, req *http.Request) {
		answer := shown
		switch req.URL.Path {
		case enablePath:
			var asked struct {
				State  string
				Scopes []string
			}
			_ = json.Unmarshal([]byte(f.body(enablePath)), &asked)
			answer = answerJSON("200 OK", `{"scopes":{"`+asked.Scopes[0]+`":{"auth_url":"`+f.url()+"/start/"+asked.State+`"}}}`)
		case "/start/" + strings.TrimPrefix(req.URL.Path, "/start/"):
			to := strings.ReplaceAll(registered, "{here}", f.url()) + "?code=" + canary + "&state=" + strings.TrimPrefix(req.URL.Path, "/start/")
			answer = answerOf("302 Found", "text/plain", "", "Location: "+to)
		}
		_, _ = c.Write([]byte(answer))
	})
	return f
}

// This attempt's state, delivered at another URI than the one in use, is certain proof, however that place answers: it
// ranks first, and is said with the part that differs.
func TestCalledElsewhere(t *testing.T) {
	t.Parallel()
	const ours, page = "https://app.example/cb", "text/html"
	for name, c := range map[string]struct {
		registered, ours, shown string
		exit                    int
		differs                 string
	}{
		"a slash":                {ours + "/", ours, "", exitNetwork, "the registered one ends with a slash, ours does not"},
		"ours has the slash":     {ours, ours + "/", "", exitNetwork, "ours ends with a slash, the registered one does not"},
		"case":                   {"https://app.example/CB", ours, "", exitNetwork, "the path is written in other case: registered /CB, ours /cb"},
		"percent-encoding":       {"https://app.example/%63b", ours, "", exitNetwork, "the path differs: registered /%63b, ours /cb"},
		"host":                   {"https://www.app.example/cb", ours, "", exitNetwork, "the host differs: registered www.app.example, ours app.example"},
		"localhost":              {"http://localhost:1/cb", "http://127.0.0.1:1/cb", "", exitNetwork, "the host differs: registered localhost, ours 127.0.0.1"},
		"port":                   {"https://app.example:8443/cb", ours, "", exitNetwork, "the port differs: registered 8443, ours none"},
		"scheme":                 {"http://app.example/cb", ours, "", exitChain, "the scheme differs: registered http, ours https"},
		"an app's":               {"myapp://app.example/cb", ours, "", exitChain, "the scheme differs: registered myapp, ours https"},
		"inside a network":       {"https://192.168.7.7/cb", ours, "", exitChain, "the host differs: registered 192.168.7.7, ours app.example"},
		"an id in the path":      {"https://app.example/9f8e7d6c5b4a39281706/cb/", "https://app.example/9f8e7d6c5b4a39281706/cb", "", exitNetwork, "ends with a slash"},
		"a page there":           {"{here}/other", ours, answerOf("200 OK", page, "<title>Network not supported</title>"), exitChain, "the scheme differs"},
		"an error page there":    {"{here}/other", ours, answerOf("404 Not Found", page, "<title>Sign in</title>"), exitChain, "the scheme differs"},
		"JSON there":             {"{here}/other", ours, answerJSON("404 Not Found", `{"e":1}`), exitDenied, "the scheme differs"},
		"it leads on from there": {"{here}/other", ours, answerOf("302 Found", page, "", "Location: https://app.example/home"), exitNetwork, "the scheme differs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, elsewhere(t, c.registered, c.shown).url())
			w.vars["VNV_REDIRECT_URI"] = c.ours
			args := []string{"run", "--phone", "+447700900123", "--listen", "127.0.0.1:0"}
			r := w.run(append(args, "-o", "json")...)
			first := r.causes()[0]
			told := verdict.Sentence(r.causes()) + " " + first.Fix
			if first.Cause != "redirect-uri-mismatch" || first.Confidence != verdict.Certain || r.code != c.exit || r.failure().Error.Hint != told {
				t.Errorf("exit %d, %s %s: %s", r.code, first.Cause, first.Confidence, r.failure().Error.Hint)
			}
			r.tells("this attempt's callback went to "+strings.NewReplacer("9f8e7d6c5b4a39281706", "id~1", "{here}/other", "").Replace(c.registered), c.differs, verdict.Sentence(r.causes()), first.Fix)
		})
	}
}

// A callback that is brought says whether it has no state or another attempt's.
func TestWhichState(t *testing.T) {
	t.Parallel()
	for query, c := range map[string]struct{ cause, says string }{
		"code=abcdefgh1&state=other": {"state-of-another-attempt", "a code came that belongs to another attempt"},
		"code=abcdefgh1":             {"state-lost", "a code came without this attempt's state"},
	} {
		w := newWorld(t, "http://127.0.0.1:1")
		w.env.In = strings.NewReader("https://app.example/cb?" + query)
		r := w.run("exchange", "--callback-url", "-", "--state", "my-state", "-o", "json")
		if first := r.causes()[0]; r.code != exitState || first.Cause != c.cause || first.Confidence != verdict.Certain {
			t.Errorf("%s: exit %d, %s %s", query, r.code, first.Cause, first.Confidence)
		}
		r.tells(c.says)
	}
}

// What a person gives wrongly is a usage error, and nothing is asked.
func TestTraceOwnHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"--header", "Host: x"}, {"--header", "content-length: 3"}, {"--header", "X-A: a\x01b"}, {"--cookie", "a=b\x01"},
	} {
		r := newWorld(t, "").run("trace", "https://op.example/", c[0], strings.ReplaceAll(c[1], "\\x01", "\x01"))
		r.ends(exitUsage, "", "vnv: --header and --cookie: ")
	}
}

// A hidden part of the path does not make one URI of two.
func TestCalledWhereItShould(t *testing.T) {
	t.Parallel()
	const ours = "https://app.example/9f8e7d6c5b4a39281706/cb"
	f := elsewhere(t, ours, answerJSON("400 Bad Request", `{"error":"invalid_grant"}`))
	w := newWorld(t, f.url())
	w.vars["VNV_REDIRECT_URI"] = ours
	for _, c := range w.run("run", "--phone", "+447700900123", "-o", "json").causes() {
		if c.Cause == "redirect-uri-mismatch" {
			t.Errorf("blamed: %+v", c)
		}
	}
}

// Of a device the listener tells the same: where this attempt's callback came, and that it was damaged.
func TestOursNotTaken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asked string
		exit  int
		cause string
		says  []string
	}{
		"a slash":       {"/callback/?code=x&state=my-state", exitNoCallback, "redirect-uri-mismatch", []string{"this attempt's callback is not taken: not for the redirect URI's path", "came to another URI", "the registered one ends with a slash, ours does not"}},
		"another path":  {"/%63allback?code=x&state=my-state", exitNoCallback, "redirect-uri-mismatch", []string{"the path differs: registered /%63allback, ours /callback"}},
		"a bad escape":  {"/callback?code=x&state=my-state&x=%zz", exitState, "callback-damaged", []string{"this attempt's callback came, but the answer is malformed", "The callback was damaged on the way."}},
		"a code twice":  {"/callback?code=x&code=y&state=my-state", exitState, "callback-damaged", []string{"malformed"}},
		"nothing in it": {"/callback?state=my-state", exitChain, "answer-broken", []string{"neither a code nor an error in it"}},
		"a stranger's":  {"/callback/?code=x&state=other", exitNoCallback, "callback-other-path", []string{"nothing came back"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "")
			uri, end := w.listening(t.Context(), "--redirect-uri", "http://127.0.0.1:0/callback", "--state", "my-state", "--timeout", "2s")
			get(t, strings.TrimSuffix(uri, "/callback")+c.asked)
			r := end()
			if first := r.causes()[0]; r.code != c.exit || first.Cause != c.cause {
				t.Errorf("exit %d, %s", r.code, first.Cause)
			}
			r.tells(c.says...)
		})
	}
}
