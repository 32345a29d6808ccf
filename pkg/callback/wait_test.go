package callback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestDenied(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]Reason{
		"error=access_denied&error_description=no+thanks":        ReasonDenied,
		"error=access_denied&error_description=no+thanks&code=c": ReasonBoth,
	} {
		t.Run(string(want), func(t *testing.T) {
			t.Parallel()
			l, _ := listen(t)
			r := get(t, l, "/callback?"+query+toOurState)
			if r.status != http.StatusOK || !r.whole() || strings.Contains(r.body, "thanks") {
				t.Errorf("answered %+v", r)
			}
			c, err := l.Wait(patiently(t))
			e := wantReason(t, err, want)
			if c != nil || e.Name != "access_denied" || e.Description != "no thanks" {
				t.Errorf("got %v, %q, %q", c, e.Name, e.Description)
			}
		})
	}
}

// TestMostTellingThing: what a wait ends with when no callback ended it (L3).
func TestMostTellingThing(t *testing.T) {
	t.Parallel()
	const (
		stray  = "/favicon.ico"
		state  = "/callback?code=c&state=nope"
		broken = "/callback?code=%zz"
		odd    = "/callback?error=made_up"
		denied = "/callback?error=access_denied&error_description=evil"
	)
	for _, c := range []struct {
		name   string
		seen   []string
		reason Reason
		named  string
		counts string
	}{
		{"our state, a bad escape", []string{denied, broken + toOurState}, ReasonMalformed, "", "map[error-without-state:1 malformed:1]"},
		{"our state, a code twice", []string{state, "/callback?code=a&code=b" + toOurState}, ReasonMalformed, "", "map[malformed:1 state:1]"},
		{"our state and no more", []string{"/callback?x=1" + toOurState}, ReasonIncomplete, "", "map[incomplete:1]"},
		{"our state, elsewhere", []string{state, "/Callback/?code=a" + toOurState, broken + toOurState}, ReasonNoCallback, "", "map[malformed:1 path:1 state:1]"},
		{"nothing", nil, ReasonNoCallback, "", "map[]"},
		{"strays", []string{stray, broken, stray}, ReasonNoCallback, "", "map[malformed:1 path:2]"},
		{"a code", []string{state, stray}, ReasonState, "", "map[path:1 state:1]"},
		{"an error", []string{denied}, ReasonErrorWithoutState, "access_denied", "map[error-without-state:1]"},
		{"an error, then a code", []string{denied, state}, ReasonErrorWithoutState, "access_denied", "map[error-without-state:1 state:1]"},
		{"an odd error first", []string{state, odd, denied}, ReasonErrorWithoutState, "access_denied", "map[error-without-state:2 state:1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, _ := listen(t)
			for _, path := range c.seen {
				get(t, l, path)
			}
			_, err := l.Wait(ended(t))
			e := wantReason(t, err, c.reason)
			if ours := strings.Contains(c.name, "our state"); e.Proved != ours || (e.At != "") != strings.Contains(c.name, "elsewhere") {
				t.Errorf("ours: %v, at %q", e.Proved, e.At)
			}
			if e.Name != c.named || e.Description != "" || fmt.Sprint(e.Ignored) != c.counts || !errors.Is(e, context.Canceled) {
				t.Errorf("got %q %q %v %v", e.Name, e.Description, e.Ignored, e.Err)
			}
		})
	}
}

// TestDeliveredElsewhere: our own callback on another path does not end the wait, but it is known where it came: by the
// Host header, and behind a tunnel, which may write its own there, by the redirect URI.
func TestDeliveredElsewhere(t *testing.T) {
	t.Parallel()
	const query = "?code=c" + toOurState
	for name, c := range map[string]struct {
		tunnel     bool
		asked, uri string
	}{
		"a slash":         {false, "/callback/" + query, "http://localhost/callback/"},
		"as it was sent":  {false, "/%63allback" + query, "http://localhost/%63allback"},
		"an error counts": {false, "/x?error=access_denied" + toOurState, "http://localhost/x"},
		"by a tunnel":     {true, "/CB" + query, "https://dev.example/CB"},
	} {
		l, heard := listen(t, func(o *Options) {
			if c.tunnel {
				o.RedirectURI, o.Listen = "https://dev.example/callback", "127.0.0.1:0"
			}
		})
		get(t, l, c.asked)
		if len(heard.all) != 1 || !heard.all[0].Proved {
			t.Errorf("%s: heard %v", name, heard.all)
		}
		_, err := l.Wait(ended(t))
		if e := wantReason(t, err, ReasonNoCallback); e.At != c.uri || !e.Proved || !strings.Contains(e.Error(), "came to another URI") {
			t.Errorf("%s: %q, %v", name, e.At, e)
		}
	}
}

// TestDelivered: a callback that was taken says where it came.
func TestDelivered(t *testing.T) {
	t.Parallel()
	l, _ := listen(t)
	if c := mustEnd(t, l); c.URI != "http://localhost/callback" {
		t.Errorf("at %q", c.URI)
	}
	for raw, want := range map[string]string{
		" <https://dev.example/cb/?code=c" + toOurState + "#x>": "https://dev.example/cb/", "?code=c" + toOurState: "",
	} {
		if c, err := Parse(raw, ourState); err != nil || c.URI != want {
			t.Errorf("%s: at %q, %v", raw, c.URI, err)
		}
	}
}

// TestErrorGrace: opted in, an error without our state ends the wait, unless the true callback comes in time.
func TestErrorGrace(t *testing.T) {
	t.Parallel()
	short, _ := listen(t, func(o *Options) { o.ErrorGrace = time.Millisecond })
	get(t, short, "/callback?error=access_denied")
	_, err := short.Wait(patiently(t))
	if e := wantReason(t, err, ReasonErrorWithoutState); e.Name != "access_denied" || e.Err != nil {
		t.Errorf("got %q, %v", e.Name, e.Err)
	}
	long, _ := listen(t, func(o *Options) { o.ErrorGrace = time.Hour })
	get(t, long, "/callback?error=access_denied")
	mustEnd(t, long)
}

// TestEndedForGood: a wait that ended stays so, and a callback that comes later is told.
func TestEndedForGood(t *testing.T) {
	t.Parallel()
	l, heard := listen(t)
	_, first := l.Wait(ended(t))
	wantReason(t, first, ReasonNoCallback)
	r := get(t, l, "/callback?code=c"+toOurState)
	if r.status != http.StatusGone || !strings.Contains(r.body, "did not take") {
		t.Errorf("answered %+v", r)
	}
	heard.await(t, ReasonLate, 1)
	wantReason(t, l.Offer("?code=c"+toOurState), ReasonLate)
	if _, again := l.Wait(patiently(t)); again != first { //nolint:errorlint // the very same
		t.Errorf("then %v", again)
	}
}

// TestDuplicates (L17, L27): first wins, reloads and doubles are told, whatever they carry.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	l, heard := listen(t)
	first := mustEnd(t, l)
	for i, query := range []string{"code=true-code", "code=another", "error=access_denied"} {
		r := get(t, l, "/callback?"+query+toOurState)
		if r.status != http.StatusOK || !strings.Contains(r.body, "Already received") {
			t.Errorf("%s: answered %+v", query, r)
		}
		heard.await(t, ReasonDuplicate, i+1)
	}
	get(t, l, "/callback?code=c&state=nope")
	heard.await(t, ReasonState, 1)
	if again, err := l.Wait(patiently(t)); again != first || err != nil {
		t.Errorf("then %v, %v", again, err)
	}
}

// TestOnlyOneWins: of many at once, by both ways, one is taken and the others are told.
func TestOnlyOneWins(t *testing.T) {
	t.Parallel()
	l, heard := listen(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	pages := make(map[string]int)
	for i := range 40 {
		all.Go(func() {
			page := "offered"
			if i%4 == 0 {
				if l.Offer(fmt.Sprintf("?code=%d%s", i, toOurState)) == nil {
					page = "Back to your terminal"
				}
			} else {
				r := get(t, l, fmt.Sprintf("/callback?code=%d%s", i, toOurState))
				_, page, _ = strings.Cut(r.body, "<h1>")
				page, _, _ = strings.Cut(page, "</h1>")
			}
			mu.Lock()
			defer mu.Unlock()
			pages[page]++
		})
	}
	c, err := l.Wait(patiently(t))
	all.Wait()
	if err != nil || pages["Back to your terminal"] != 1 || pages["Already received"]+pages["offered"] != 39 {
		t.Errorf("got %v, %v of %v", c, err, pages)
	}
	if n := heard.count(ReasonDuplicate); n != pages["Already received"] {
		t.Errorf("heard of %d duplicates", n)
	}
}

// TestPageBeforeWaking: whoever closes as soon as Wait returns does not tear the page (L17, L18).
func TestPageBeforeWaking(t *testing.T) {
	t.Parallel()
	for range 50 {
		l, _ := listen(t)
		waited := make(chan error, 1)
		go func() {
			_, err := l.Wait(context.WithoutCancel(t.Context()))
			waited <- errors.Join(err, l.Close())
		}()
		r := get(t, l, "/callback?code=c"+toOurState)
		if !r.whole() {
			t.Fatalf("torn page: %+v", r)
		}
		if err := <-waited; err != nil {
			t.Fatal(err)
		}
	}
}

// watchedWriter is a response that looks at the listener while the page is on its way.
type watchedWriter struct {
	header  http.Header
	during  func(call string)
	flushed bool
}

func (w *watchedWriter) Header() http.Header { return w.header }
func (w *watchedWriter) WriteHeader(int)     { w.during("WriteHeader") }
func (w *watchedWriter) Flush()              { w.during("Flush"); w.flushed = true }
func (w *watchedWriter) Write(b []byte) (int, error) {
	w.during("Write")
	return len(b), nil
}

// TestNobodyWakesWhileThePageIsWritten: neither by the callback nor by the end of the time.
func TestNobodyWakesWhileThePageIsWritten(t *testing.T) {
	t.Parallel()
	l, _ := listen(t)
	timedOut := make(chan error, 1)
	w := &watchedWriter{header: http.Header{}}
	w.during = func(call string) {
		if call == "WriteHeader" {
			go func() {
				_, err := l.Wait(ended(t))
				timedOut <- err
			}()
		}
		select {
		case <-l.done:
			t.Errorf("done before %s", call)
		case err := <-timedOut:
			t.Errorf("awake before %s: %v", call, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/callback?code=c"+toOurState, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	l.handle(w, r)
	if err := <-timedOut; err != nil || !w.flushed {
		t.Errorf("got %v, flushed %t", err, w.flushed)
	}
}

// TestSetState: an attempt that is made again has another state, and the old one proves nothing any more.
func TestSetState(t *testing.T) {
	t.Parallel()
	l, heard := listen(t, func(o *Options) { o.State = "first-try" })
	l.SetState(ourState)
	get(t, l, "/callback?code=c&state=first-try")
	heard.await(t, ReasonState, 1)
	wantReason(t, l.Offer("?code=c&state=first-try"), ReasonState)
	mustEnd(t, l)
}

// TestClientGone (L18): the callback counts, though nobody reads the page.
func TestClientGone(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*net.TCPConn) error{
		"closed":      func(c *net.TCPConn) error { return c.Close() },
		"half-closed": func(c *net.TCPConn) error { return c.CloseWrite() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := listen(t)
			c, ok := dial(t, l.Addrs()[0]).(*net.TCPConn)
			if !ok {
				t.Fatal("not TCP")
			}
			defer c.Close()
			_, err := fmt.Fprintf(c, "GET /callback?code=gone%s HTTP/1.1\r\nHost: localhost\r\n\r\n", toOurState)
			if err := errors.Join(err, leave(c)); err != nil {
				t.Fatal(err)
			}
			if got, err := l.Wait(patiently(t)); err != nil || got.Code != "gone" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// TestCallbackBeforeWait (L19): bound means answering, from the first moment, and what came is kept.
func TestCallbackBeforeWait(t *testing.T) {
	t.Parallel()
	at := time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC)
	for range 20 {
		l, _ := listen(t, func(o *Options) { o.Now = func() time.Time { return at } })
		if c := mustEnd(t, l); !c.At.Equal(at) {
			t.Errorf("taken at %v", c.At)
		}
	}
	l, _ := listen(t)
	get(t, l, "/callback?code=early"+toOurState)
	if c, err := l.Wait(ended(t)); err != nil || c.Code != "early" {
		t.Errorf("a callback that was there lost to the end of the time: %v, %v", c, err)
	}
}

// TestOffer (L28): a paste is judged like a request, and the same wait ends.
func TestOffer(t *testing.T) {
	t.Parallel()
	l, heard := listen(t)
	for paste, want := range map[string]Reason{
		"": ReasonIncomplete, "hello": ReasonIncomplete, "https://vendor.example/auth?state=v2_x": ReasonIncomplete,
		"?code=c&state=nope": ReasonState, "?code=c": ReasonState, "?error=access_denied": ReasonErrorWithoutState,
		"?code=%zz" + toOurState: ReasonMalformed, "?code=a&code=b" + toOurState: ReasonMalformed,
	} {
		if e := wantReason(t, l.Offer(paste), want); e.Description != "" {
			t.Errorf("%q: kept %q", paste, e.Description)
		}
	}
	if len(heard.all) != 0 {
		t.Errorf("who pastes hears by the error, not by %v", heard.all)
	}
	paste := ` "<https://dev.example/prefix/callback?code=pasted&amp;state=` + ourState + `#_=_>" `
	if err := l.Offer(paste); err != nil {
		t.Fatal(err)
	}
	wantReason(t, l.Offer(paste), ReasonDuplicate)
	c, err := l.Wait(patiently(t))
	if err != nil || c.Code != "pasted" || c.Via != ViaPaste || c.Query != "code=pasted&state="+ourState || c.Host != "" {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestOfferedDenialEndsTheWait(t *testing.T) {
	t.Parallel()
	l, _ := listen(t)
	if err := l.Offer("?error=access_denied" + toOurState); err != nil {
		t.Fatal(err)
	}
	_, err := l.Wait(patiently(t))
	wantReason(t, err, ReasonDenied)
}

// TestOffersAreCounted: a pasted stray tells as much as a requested one.
func TestOffersAreCounted(t *testing.T) {
	t.Parallel()
	l, _ := listen(t)
	_ = l.Offer("?error=access_denied")
	_, err := l.Wait(ended(t))
	wantReason(t, err, ReasonErrorWithoutState)
}

func TestClose(t *testing.T) {
	t.Parallel()
	l, _ := listen(t, func(o *Options) { o.ErrorGrace = time.Hour })
	get(t, l, "/callback?error=access_denied")
	silent, half := dial(t, l.Addrs()[0]), dial(t, l.Addrs()[0])
	defer silent.Close()
	defer half.Close()
	_, _ = fmt.Fprint(half, "GET /callback?code=")
	waited := make(chan error, 1)
	go func() {
		_, err := l.Wait(context.WithoutCancel(t.Context()))
		waited <- err
	}()
	for range 3 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	wantReason(t, <-waited, ReasonClosed)
	if l.grace.Stop() {
		t.Error("the grace outlived its listener")
	}
	for _, c := range []net.Conn{silent, half} {
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("a connection outlived its listener")
		}
	}
	if c, err := net.Dial("tcp", l.Addrs()[0]); err == nil {
		_ = c.Close()
		t.Error("the port is still open")
	}
	again, err := Listen(t.Context(), Options{RedirectURI: l.RedirectURI(), State: ourState})
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	_ = again.Close()
}

// TestCloseAfterCallbackKeepsIt: the order of Wait and Close does not matter to what came.
func TestCloseAfterCallbackKeepsIt(t *testing.T) {
	t.Parallel()
	l, _ := listen(t)
	get(t, l, "/callback?code=c"+toOurState)
	_ = l.Close()
	if c, err := l.Wait(ended(t)); err != nil || c.Code != "c" {
		t.Errorf("got %v, %v", c, err)
	}
}
