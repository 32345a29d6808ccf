// Package browser is a headless Chromium for the tests of vnv's pages. It needs chromium in PATH, so only tests with
// the build tag browser import it; it lies under testdata, where no build of vnv looks.
package browser

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// patience is how long anything may take before a test gives up.
const patience = 30 * time.Second

var screenshots = flag.String("screenshots", "", "where to put pictures of the pages")

// Browser drives a headless Chromium over the two pipes of --remote-debugging-pipe: JSON messages, each ended by a NUL
// (Chrome DevTools Protocol).
type Browser struct {
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

// Start starts the browser of that name in PATH, with a profile of its own and no way beyond this machine.
func Start(t *testing.T) *Browser {
	t.Helper()
	theirIn, ourOut, err := os.Pipe()
	ourIn, theirOut, err2 := os.Pipe()
	profile, err3 := os.MkdirTemp("", "vnv-browser-") //nolint:usetesting // TempDir fails where a helper process still writes
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
	b := &Browser{to: ourOut, waiting: make(map[int]chan message), said: make(map[string]string)}
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

func (b *Browser) send(m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	_, err = b.to.Write(append(text, 0))
	return err
}

func (b *Browser) read(from io.Reader) {
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
func (b *Browser) call(t *testing.T, session, method string, params, out any) {
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

// Object is the parameters of a method.
type Object = map[string]any

// Tab is a page of the browser, in a context without history or storage.
type Tab struct {
	browser *Browser
	session string
}

// Tab opens one.
func (b *Browser) Tab(t *testing.T) Tab {
	t.Helper()
	var got struct{ BrowserContextID, TargetID, SessionID string }
	b.call(t, "", "Target.createBrowserContext", nil, &got)
	b.call(t, "", "Target.createTarget", Object{"url": "about:blank", "browserContextId": got.BrowserContextID}, &got)
	b.call(t, "", "Target.attachToTarget", Object{"targetId": got.TargetID, "flatten": true}, &got)
	p := Tab{b, got.SessionID}
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		p.Call(t, domain+".enable", nil, nil)
	}
	return p
}

// Complaints are errors and violations of the policy so far.
func (p Tab) Complaints() string {
	p.browser.mu.Lock()
	defer p.browser.mu.Unlock()
	return p.browser.said[p.session]
}

// Call does one method of the protocol, and reads its result into out, if that is not nil.
func (p Tab) Call(t *testing.T, method string, params, out any) {
	t.Helper()
	p.browser.call(t, p.session, method, params, out)
}

// Open goes to a URL; what the page does then is awaited by Until.
func (p Tab) Open(t *testing.T, url string) {
	t.Helper()
	var got struct{ ErrorText string }
	p.Call(t, "Page.navigate", Object{"url": url}, &got)
	if got.ErrorText != "" {
		t.Fatalf("%s: %s", url, got.ErrorText)
	}
}

// Eval is what an expression is in the page, or what its promise becomes; it works where the page's own scripts do not.
func (p Tab) Eval(t *testing.T, expression string) string {
	t.Helper()
	var got struct{ Result struct{ Value any } }
	p.Call(t, "Runtime.evaluate", Object{"expression": expression, "awaitPromise": true}, &got)
	return fmt.Sprint(got.Result.Value)
}

// Until waits until an expression is what is wanted.
func (p Tab) Until(t *testing.T, expression, want string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		got := p.Eval(t, expression)
		if got == want {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s is %q, not %q; %s", expression, got, want, p.Complaints())
		}
	}
}

// Show makes the page what it is at a width in pixels and in a colour scheme, light or dark, with what a phone has
// where it is narrow.
func (p Tab) Show(t *testing.T, width int, scheme string) {
	t.Helper()
	phone := width < 600
	p.Call(t, "Emulation.setDeviceMetricsOverride", Object{
		"width": width, "height": 800, "deviceScaleFactor": map[bool]int{true: 2, false: 1}[phone], "mobile": phone,
	}, nil)
	p.Call(t, "Emulation.setEmulatedMedia", Object{
		"features": []Object{{"name": "prefers-color-scheme", "value": scheme}},
	}, nil)
}

// TooWide is by how many pixels the page is wider than it is shown.
func (p Tab) TooWide(t *testing.T) string {
	t.Helper()
	return p.Eval(t, "document.documentElement.scrollWidth-document.documentElement.clientWidth")
}

// Picture puts a picture of the whole page where -screenshots says, if it does.
func (p Tab) Picture(t *testing.T, name string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	var got struct{ Data string }
	p.Call(t, "Page.captureScreenshot", Object{"format": "png", "captureBeyondViewport": true}, &got)
	image, err := base64.StdEncoding.DecodeString(got.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(*screenshots, name), image, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
