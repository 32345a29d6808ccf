//go:build browser

package callback

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// chromium drives a headless Chromium over the two pipes of --remote-debugging-pipe: JSON messages, each ended by a NUL
// (Chrome DevTools Protocol).
type chromium struct {
	to *os.File

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	said    map[string]string // what each session's pages had to complain about
}

type message struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    any             `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     json.RawMessage `json:"error,omitempty"`
}

// startChromium starts the browser of that name in PATH, with a profile of its own and no way beyond this machine.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	theirIn, ourOut, err := os.Pipe()
	ourIn, theirOut, err2 := os.Pipe()
	profile, err3 := os.MkdirTemp("", "callback-browser-") //nolint:usetesting // TempDir fails where a helper process still writes
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1", "--remote-debugging-pipe",
		"--user-data-dir="+profile, "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		t.Fatalf("these tests need chromium: %v", err)
	}
	_, _ = theirIn.Close(), theirOut.Close()
	b := &chromium{to: ourOut, waiting: make(map[int]chan message), said: make(map[string]string)}
	read := make(chan struct{})
	go func() { defer close(read); b.read(ourIn) }()
	t.Cleanup(func() {
		_ = b.send(message{ID: -1, Method: "Browser.close"})
		overdue := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		overdue.Stop()
		_ = ourOut.Close()
		<-read
		_ = ourIn.Close()
		_ = os.RemoveAll(profile) // a helper of the browser may still be about to leave
	})
	return b
}

func (b *chromium) send(m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	_, err = b.to.Write(append(text, 0))
	return err
}

func (b *chromium) read(from io.Reader) {
	for r := bufio.NewReader(from); ; {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		_ = json.Unmarshal(text[:len(text)-1], &m)
		b.mu.Lock()
		if answer := b.waiting[m.ID]; answer != nil {
			answer <- m
		}
		if m.Method == "Log.entryAdded" || m.Method == "Runtime.exceptionThrown" {
			b.said[m.SessionID] += string(text) + "\n"
		}
		b.mu.Unlock()
	}
}

// call does one method and reads its result into out, if that is not nil.
func (b *chromium) call(t *testing.T, session, method string, params, out any) {
	t.Helper()
	answer := make(chan message, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.waiting[id] = answer
	b.mu.Unlock()
	if err := b.send(message{ID: id, SessionID: session, Method: method, Params: params}); err != nil {
		t.Fatal(err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			t.Fatalf("%s: %s", method, m.Error)
		}
		if out != nil {
			if err := json.Unmarshal(m.Result, out); err != nil {
				t.Fatal(err)
			}
		}
	case <-time.After(patience):
		t.Fatalf("%s: no answer", method)
	}
}

type object = map[string]any

// tab is a page of the browser, in a context without history or storage.
type tab struct {
	browser *chromium
	session string
}

func (b *chromium) tab(t *testing.T) tab {
	t.Helper()
	var got struct{ BrowserContextID, TargetID, SessionID string }
	b.call(t, "", "Target.createBrowserContext", nil, &got)
	b.call(t, "", "Target.createTarget", object{"url": "about:blank", "browserContextId": got.BrowserContextID}, &got)
	b.call(t, "", "Target.attachToTarget", object{"targetId": got.TargetID, "flatten": true}, &got)
	p := tab{b, got.SessionID}
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		p.call(t, domain+".enable", nil, nil)
	}
	return p
}

// complaints are errors and violations of the policy so far.
func (p tab) complaints() string {
	p.browser.mu.Lock()
	defer p.browser.mu.Unlock()
	return p.browser.said[p.session]
}

func (p tab) call(t *testing.T, method string, params, out any) {
	t.Helper()
	p.browser.call(t, p.session, method, params, out)
}

// open goes to a URL; what the page does then is awaited by until.
func (p tab) open(t *testing.T, url string) {
	t.Helper()
	var got struct{ ErrorText string }
	p.call(t, "Page.navigate", object{"url": url}, &got)
	if got.ErrorText != "" {
		t.Fatalf("%s: %s", url, got.ErrorText)
	}
}

// eval is what an expression is in the page, or what its promise becomes; it works where the page's own scripts do not.
func (p tab) eval(t *testing.T, expression string) string {
	t.Helper()
	var got struct{ Result struct{ Value any } }
	p.call(t, "Runtime.evaluate", object{"expression": expression, "awaitPromise": true}, &got)
	return fmt.Sprint(got.Result.Value)
}

// until waits for a heading, and returns the text and the address that are then shown.
func (p tab) until(t *testing.T, heading string) (text, address string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		shown := p.eval(t, `document.readyState=="complete"&&document.querySelector("h1")?.textContent`)
		if shown == heading {
			return p.eval(t, `document.querySelector("p").textContent`), p.eval(t, "location.href")
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the page says %q, not %q; %s", shown, heading, p.complaints())
		}
	}
}
