package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/cli"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// event is a line of ndjson, as far as the tests look.
type event struct {
	Event, AuthURL, RedirectURI, Reason, Via string
	Result, Error                            json.RawMessage
}

// waiting is a command that waits for its callback.
type waiting struct {
	t      *testing.T
	lines  chan string
	events []event
	raw    strings.Builder
	wait   func() int
	stop   context.CancelCauseFunc
	story  *lockedText
}

// lockedText is stderr of a command that still runs.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await starts a command with -o ndjson and reads until it blocks.
func (w *world) await(args ...string) *waiting {
	w.t.Helper()
	r, out := io.Pipe()
	ctx, stop := context.WithCancelCause(context.Background())
	p := &waiting{t: w.t, lines: make(chan string, 256), stop: stop, story: &lockedText{}}
	go func() { // what is printed never waits for the test
		defer close(p.lines)
		lines := bufio.NewScanner(r)
		for lines.Buffer(nil, 1<<20); lines.Scan(); {
			p.lines <- lines.Text()
		}
	}()
	done := w.start(ctx, out, p.story, append(args, "-o", "ndjson")...)
	p.wait = func() int {
		p.t.Helper()
		for p.next() {
		}
		return done()
	}
	w.t.Cleanup(func() { stop(context.Canceled); done(); out.Close() })
	p.until("auth_url")
	return p
}

// next takes one line, and tells whether more will come.
func (p *waiting) next() bool {
	p.t.Helper()
	var line string
	select {
	case line = <-p.lines:
	case <-time.After(patience):
		p.t.Fatalf("no further line: %s%s", p.raw.String(), p.story)
	}
	var e event
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		p.t.Fatalf("not JSON: %q", line)
	}
	for name, into := range map[string]*string{"event": &e.Event, "auth_url": &e.AuthURL, "redirect_uri": &e.RedirectURI, "reason": &e.Reason, "via": &e.Via} {
		_ = json.Unmarshal(fields[name], into)
	}
	e.Result, e.Error = fields["result"], fields["error"]
	p.events = append(p.events, e)
	p.raw.WriteString(line + "\n")
	return e.Event != "result" && e.Event != "error"
}

// until reads to the next event of a name.
func (p *waiting) until(name string) event {
	p.t.Helper()
	for p.next() {
		if e := p.events[len(p.events)-1]; e.Event == name {
			return e
		}
	}
	p.t.Fatalf("no event %s: %s", name, p.raw.String())
	return event{}
}

func (p *waiting) find(name string) event {
	p.t.Helper()
	at := slices.IndexFunc(p.events, func(e event) bool { return e.Event == name })
	if at < 0 {
		p.t.Fatalf("no event %s", name)
	}
	return p.events[at]
}

// strays are what others send to the redirect URI, and why each is ignored.
var strays = []struct{ method, path, query, reason string }{
	{"GET", "/favicon.ico", "", "path"},
	{"GET", "", "", "incomplete"},
	{"GET", "", "error=access_denied", "error-without-state"},
	{"GET", "", "code=stray-code-0001&state=wrong", "state"},
	{"GET", "", "code=stray-code-0002", "state"},
	{"POST", "", "code=stray-code-0003&state=wrong", "method"},
	{"POST", "", "STATE&code=stray-code-0004", "method"},
	{"HEAD", "", "STATE&code=stray-code-0005", "method"},
	{"OPTIONS", "", "STATE&code=stray-code-0006", "method"},
	{"GET", "", "code=%zz", "malformed"},
	{"GET", "", "STATE&code=stray-code-0007&code=stray-code-0008", "malformed"},
}

// TestHostileCallbacks: whatever comes before it, the true callback wins and its code
// is the only one that is exchanged.
func TestHostileCallbacks(t *testing.T) {
	t.Parallel()
	far := startSandbox(t, sandbox.Options{})
	w := newWorld(t).towards(far)
	p := w.await("run", "--phone", canaryPhone, "--device", "none", "-v", "--trace")
	listening, shown := p.find("listening"), p.find("auth_url")
	mine := "state=" + url.QueryEscape(far.Requests()[0].State)
	for _, stray := range strays {
		target := listening.RedirectURI + stray.path + "?" + strings.Replace(stray.query, "STATE", mine, 1)
		if stray.path != "" {
			target = strings.Replace(listening.RedirectURI, "/callback", stray.path, 1)
		}
		send(t, stray.method, target)
		if got := p.until("ignored"); got.Reason != stray.reason {
			t.Errorf("%s %q was ignored for %s, want %s", stray.method, stray.query, got.Reason, stray.reason)
		}
	}
	open(t, shown.AuthURL)
	code := p.wait()
	if code != 0 || p.find("callback").Via != "http" {
		t.Errorf("exit code %d\n%s", code, p.story)
	}
	var exchanged []string
	for _, e := range far.Requests() {
		if e.Stage == sandbox.StageToken {
			exchanged = append(exchanged, e.Code)
		}
	}
	if len(exchanged) != 1 || strings.HasPrefix(exchanged[0], "stray") {
		t.Errorf("exchanged: %q", exchanged)
	}
	onceOnly(t, far)
	r := result{args: []string{"run", "-o", "ndjson"}, code: code, stdout: p.raw.String(), stderr: p.story.String()}
	invariants(t, w, r, append(secretsOf(far), "stray-code-0001", "stray-code-0007")...)
}

// TestWhatTheWaitEndsWith: the most telling thing that was seen.
func TestWhatTheWaitEndsWith(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, query string
		code        int
		args        []string
	}{
		{"nothing", "", 7, nil},
		{"an error without state", "error=access_denied", 6, nil},
		{"an error without state, with grace", "error=access_denied", 6, []string{"--error-grace", "10ms", "--timeout", "1m"}},
		{"a code with another state", "code=stray-code-0001&state=wrong", 8, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			far := startSandbox(t, sandbox.Options{})
			w := newWorld(t).towards(far)
			p := w.await(append([]string{"run", "--phone", canaryPhone, "--device", "none", "--timeout", "1s"}, c.args...)...)
			if c.query != "" {
				send(t, "GET", p.find("listening").RedirectURI+"?"+c.query)
			}
			code := p.wait()
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			r := result{args: []string{"run", "-o", "ndjson"}, code: code, stdout: p.raw.String(), stderr: p.story.String()}
			invariants(t, w, r, append(secretsOf(far), "stray-code-0001")...)
		})
	}
}

// TestLinesInOrder: where the callback is awaited and what is to be opened come
// before anything blocks, the outcome comes last; a signal is told in the same form.
func TestLinesInOrder(t *testing.T) {
	t.Parallel()
	far := startSandbox(t, sandbox.Options{})
	w := newWorld(t).towards(far)
	p := w.await("run", "--phone", canaryPhone, "--device", "none")
	p.stop(cli.InterruptError{Signal: syscall.SIGINT})
	if code := p.wait(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	var names []string
	for _, e := range p.events {
		names = append(names, e.Event)
	}
	want := "listening step_started step_done step_started hop step_done step_started auth_url step_failed error"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("events: %s", got)
	}
	var failed struct{ Op, Kind, Message string }
	if err := json.Unmarshal(p.events[len(p.events)-1].Error, &failed); err != nil || failed.Op != "authorize" || failed.Kind != "canceled" {
		t.Errorf("error %+v, %v", failed, err)
	}
}

// foreign is a client that shares nothing with vnv, as a phone does.
func foreign(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true, DialContext: new(net.Dialer).DialContext}}
}

// send sends a request as it is, malformed queries too.
func send(t *testing.T, method, target string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://placeholder/", nil)
	if err != nil {
		t.Fatal(err)
	}
	host, rest, _ := strings.Cut(strings.TrimPrefix(target, "http://"), "/")
	path, query, _ := strings.Cut(rest, "?")
	req.URL = &url.URL{Scheme: "http", Host: host, Path: "/" + path, RawQuery: query}
	req.Host = host
	resp, err := foreign(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// open opens a URL and follows all redirects.
func open(t *testing.T, target string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := foreign(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the last page was answered %d", resp.StatusCode)
	}
}
