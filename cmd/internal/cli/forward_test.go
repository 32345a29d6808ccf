package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// listening starts vnv callback listen, and returns its redirect URI and how it will end.
func (w *world) listening(ctx context.Context, args ...string) (uri string, end func() result) {
	w.t.Helper()
	out, in := io.Pipe()
	env := w.env
	var story, lines lockedBuilder
	env.Args, env.Out, env.Err = append([]string{"callback", "listen", "-o", "ndjson"}, args...), in, &story
	done, read, where := make(chan int, 1), make(chan bool), make(chan string, 1)
	go func() { code := Main(ctx, env); in.Close(); done <- code }()
	go func() {
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			var e struct {
				RedirectURI string `json:"redirect_uri"`
			}
			if json.Unmarshal(s.Bytes(), &e) == nil && e.RedirectURI != "" && lines.String() == "" {
				where <- e.RedirectURI
			}
			lines.Write(append(s.Bytes(), '\n'))
		}
	}()
	select {
	case uri = <-where:
	case <-time.After(30 * time.Second):
		w.t.Fatal("it does not listen")
	}
	return uri, func() result {
		select {
		case code := <-done:
			<-read
			return result{w.t, code, lines.String(), story.String()}
		case <-time.After(30 * time.Second):
			w.t.Fatal("it does not end")
			return result{}
		}
	}
}

func get(t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// TestForward: the callback goes on as it came, once, and the backend's answer decides.
func TestForward(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string
		code   int
		says   string
	}{
		"taken":       {answerJSON("200 OK", `{"verified":true,"code":"`+canary+`"}`), 0, `{\"verified\":true,\"code\":\"code~2\"}`},
		"redirected":  {to("/home"), 0, `"status":302`},
		"refused":     {answerOf("403 Forbidden", "text/plain", "no\x1b[31m\u202e"), exitNo, `no\\x1b[31m\\u202e`},
		"broken":      {answerOf("500 Oh", "text/plain", "a bug of mine"), exitNetwork, "a bug of mine"},
		"unavailable": {answerOf("503 Later", "text/plain", ""), exitLater, "the backend answered 503"},
		"hangs up":    {"", exitNetwork, "the backend did not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			backend := newFar(t, map[string]string{"/cb": c.answer})
			w := newWorld(t, "")
			uri, end := w.listening(t.Context(), "--state", "state-of-the-backend", "--forward-to", backend.url()+"/cb?own=1")
			get(t, uri+"?code=evil&state=wrong")
			get(t, uri+"?state=state-of-the-backend&code="+canary+"%2B&x=%20+")
			r := end()
			if r.code != c.code || !strings.Contains(r.out, c.says) {
				t.Errorf("exit %d, want %d: %s%s", r.code, c.code, r.out, r.err)
			}
			if strings.Contains(r.out+r.err, canary) || strings.ContainsAny(r.out, "\x1b\u202e") {
				t.Errorf("a secret, or a raw mark: %s%s", r.out, r.err)
			}
			if got := backend.got["/cb"]; len(got) != 1 || got[0].URL.RawQuery != "own=1&state=state-of-the-backend&code="+canary+"%2B&x=%20+" {
				t.Errorf("the backend got %v", got)
			}
		})
	}
}

// TestListenAlone: the code is the answer; a signal is a normal end, time is not.
func TestListenAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	uri, end := w.listening(t.Context(), "--state", "state-of-the-backend")
	get(t, uri+"?state=state-of-the-backend&code="+canary)
	if r := end(); r.code != 0 || !strings.Contains(r.out, `"code":"`+canary+`"`) {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	_, end = w.listening(ctx, "--state", "state-of-the-backend")
	stop(InterruptError{Signal: syscall.SIGTERM})
	if r := end(); r.code != 0 || strings.Contains(r.out, "result") {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
	uri, end = w.listening(t.Context(), "--state", "state-of-the-backend")
	get(t, uri+"?error=access_denied&state=state-of-the-backend")
	if r := end(); r.code != exitDenied {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
	for args, says := range map[string]string{
		"--timeout 10ms --state s": "nothing came back",
		"":                         "--state is missing",
		"--state s --redirect-uri https://dev.example/cb": "say where a tunnel brings it with --listen",
		"--state s --forward-to http://dev.example/cb":    "plain http goes to this machine only",
		"--state s --forward-to ftp://x":                  "not a URL like",
	} {
		w := newWorld(t, "")
		r := w.run(append([]string{"callback", "listen"}, strings.Fields(args)...)...)
		if want := map[bool]int{true: exitNoCallback, false: exitUsage}[strings.Contains(args, "timeout")]; r.code != want {
			t.Errorf("%s: exit %d", args, r.code)
		}
		r.tells(says)
	}
}

// TestForwardFlow: a whole flow stops where the backend takes over.
func TestForwardFlow(t *testing.T) {
	t.Parallel()
	backend := newFar(t, map[string]string{"/cb": answerOf("200 OK", "text/plain", "thanks\nall well")})
	w := newWorld(t, "")
	r := w.run("run", "--phone", "+99012345678", "--sandbox", "--forward-to", backend.url()+"/cb", "--state", "state-of-the-backend-0001")
	r.ends(0, "200 OK\nthanks\nall well\n")
	if strings.Contains(r.err, "exchange") || !strings.HasPrefix(backend.got["/cb"][0].URL.RawQuery, "code=") {
		t.Errorf("%s, %v", r.err, backend.got)
	}
	w.run("run", "--phone", "+99012345678", "--sandbox", "--forward-to", backend.url()+"/cb").tells("the backend cannot know this attempt's state")
}

// lockedBuilder is stderr of a command that still runs.
type lockedBuilder struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuilder) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuilder) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
