package flow_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// waiting is a flow whose device is somebody else, with an auth_url in its session.
func waiting(t *testing.T, redirectURI string) (*flow.Flow, flow.Session, *story) {
	t.Helper()
	s := &story{}
	f := &flow.Flow{
		API: vnv.NumberVerification, BaseURL: "https://api.example", RedirectURI: redirectURI, Sink: s.sink,
		Device: func(flow.Session) (flow.Device, string) { return flow.DeviceNone, "a phone must open it" },
	}
	return f, flow.Session{State: "canary-state", AuthURL: "https://vendor.example/auth?x=1"}, s
}

// offers is a person who pastes some URLs, beside the flow.
func offers(urls ...string) (func(func(string) error) func(), *[]error) {
	refusals := &[]error{}
	return func(offer func(string) error) func() {
		var pasting sync.WaitGroup
		pasting.Go(func() {
			for _, u := range urls {
				*refusals = append(*refusals, offer(u))
			}
		})
		return pasting.Wait
	}, refusals
}

// The callback URL is pasted, with a listener of ours and without.
func TestPaste(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{freePort, "https://app.example/cb"} {
		f, session, s := waiting(t, uri)
		var refusals *[]error
		f.Paste, refusals = offers(
			"nonsense",
			"https://app.example/cb?code=theirs&state=somebody-elses",
			withQuery("https://app.example/cb", "code", "canary-code", "state", "canary-state"),
		)
		out, err := f.Run(t.Context(), session, vnv.OpAuthorize)
		if err != nil {
			t.Fatal(err)
		}
		if out.Session.Code != "canary-code" || out.Session.AuthURL != "" {
			t.Errorf("%s: %+v", uri, out.Session)
		}
		var told []string
		for _, err := range *refusals {
			text := ""
			if err != nil {
				text = err.Error()
			}
			told = append(told, text)
		}
		if !slices.Equal(told, []string{"callback: neither a code nor an error in it", "callback: a code came that belongs to another attempt", ""}) {
			t.Errorf("%s: told %q", uri, told)
		}
		got := s.names()
		if i, j := slices.Index(got, "note authorize"), slices.Index(got, "auth_url none"); i < 0 || j < i {
			t.Errorf("%s: events %q", uri, got)
		}
	}
}

// Nothing of ours is bound: how the wait for a paste ends.
func TestPasteEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		paste string
		kind  vnv.Kind
		part  string
	}{
		"nothing":        {"", vnv.KindNoCallback, "nothing came back"},
		"wrong state":    {"?code=c&state=wrong", vnv.KindState, "a code came that belongs to another attempt"},
		"denied":         {"?error=access_denied&state=canary-state", vnv.KindDenied, "access_denied"},
		"both":           {"?error=access_denied&code=c&state=canary-state", vnv.KindDenied, "a code and an error came together"},
		"unproved error": {"?error=access_denied&error_description=hostile", vnv.KindDenied, "an error came without this attempt's state: access_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, session, _ := waiting(t, "https://app.example/cb")
			ctx := &late{Context: t.Context(), done: make(chan struct{})}
			f.Paste = func(offer func(string) error) func() {
				if c.paste != "" {
					offer("https://app.example/cb" + c.paste)
				}
				close(ctx.done)
				return func() {}
			}
			_, err := f.Run(ctx, session, vnv.OpAuthorize)
			e := want(t, err, vnv.OpAuthorize, c.kind, c.part)
			if strings.Contains(e.Error(), "hostile") {
				t.Errorf("unproved text is in %q", e)
			}
		})
	}
}

// late is a context whose deadline passes when its test says so.
type late struct {
	context.Context //nolint:containedctx // it is one
	done            chan struct{}
}

func (l *late) Done() <-chan struct{} { return l.done }

func (l *late) Err() error {
	select {
	case <-l.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// Strangers come first; the true callback ends the wait.
func TestListenerIgnoresStrangers(t *testing.T) {
	t.Parallel()
	f, session, s := waiting(t, freePort)
	f.Sink = func(e flow.Event) {
		s.sink(e)
		if l, ok := e.(flow.AuthURL); ok {
			go func() {
				get(t, strings.TrimSuffix(l.RedirectURI, "/callback")+"/favicon.ico")
				get(t, withQuery(l.RedirectURI, "error", "access_denied"))
				get(t, withQuery(l.RedirectURI, "code", "theirs", "state", "somebody-elses"))
				get(t, withQuery(l.RedirectURI, "code", "canary-code", "state", "canary-state"))
			}()
		}
	}
	out, err := f.Run(t.Context(), session, vnv.OpAuthorize)
	if err != nil {
		t.Fatal(err)
	}
	if out.Session.Code != "canary-code" {
		t.Errorf("took %q", out.Session.Code.Reveal())
	}
	want := []string{
		"listening", "started authorize", "note authorize", "auth_url none",
		"ignored path", "ignored error-without-state", "ignored state", "callback http", "done authorize",
	}
	if got := s.names(); !slices.Equal(got, want) {
		t.Errorf("events %q", got)
	}
}

// --error-grace: an error without our state ends the wait soon after.
func TestErrorGrace(t *testing.T) {
	t.Parallel()
	f, session, _ := waiting(t, freePort)
	f.ErrorGrace = time.Millisecond
	f.Sink = func(e flow.Event) {
		if l, ok := e.(flow.AuthURL); ok {
			go get(t, withQuery(l.RedirectURI, "error", "access_denied", "error_description", "hostile"))
		}
	}
	_, err := f.Run(t.Context(), session, vnv.OpAuthorize)
	e := want(t, err, vnv.OpAuthorize, vnv.KindDenied, "an error came without this attempt's state: access_denied")
	if strings.Contains(e.Error(), "hostile") {
		t.Errorf("unproved text is in %q", e)
	}
}

// The browser is opened once; that it cannot be does not end the wait.
func TestBrowser(t *testing.T) {
	t.Parallel()
	for _, broken := range []error{nil, errors.New("no display")} {
		f, session, s := waiting(t, freePort)
		f.Device = func(flow.Session) (flow.Device, string) { return flow.DeviceBrowser, "" }
		var opened []string
		f.Open = func(_ context.Context, url string) error {
			opened = append(opened, url)
			return broken
		}
		f.Paste, _ = offers("code=canary-code&state=canary-state")
		if _, err := f.Run(t.Context(), session, vnv.OpAuthorize); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(opened, []string{session.AuthURL}) {
			t.Errorf("opened %q", opened)
		}
		if slices.Contains(s.names(), "note authorize") != (broken != nil) {
			t.Errorf("events %q", s.names())
		}
	}
}

// Whoever sees the URL can paste at once: reading begins before it is shown and before
// a browser is waited for, and has ended when the step has.
func TestPasteBeforeURL(t *testing.T) {
	t.Parallel()
	f, session, s := waiting(t, freePort)
	f.Device = func(flow.Session) (flow.Device, string) { return flow.DeviceBrowser, "" }
	reading := false
	inner := f.Sink
	f.Sink = func(e flow.Event) {
		if _, shown := e.(flow.AuthURL); shown && !reading {
			t.Error("the URL is shown, and nobody reads")
		}
		inner(e)
	}
	f.Open = func(context.Context, string) error {
		if !reading {
			t.Error("a browser is waited for, and nobody reads")
		}
		return nil
	}
	paste, _ := offers("code=canary-code&state=canary-state")
	f.Paste = func(offer func(string) error) func() {
		reading = true
		stop := paste(offer)
		return func() { stop(); reading = false }
	}
	if _, err := f.Run(t.Context(), session, vnv.OpAuthorize); err != nil || reading {
		t.Errorf("%v, still reading: %v; events %q", err, reading, s.names())
	}
}

// What must never be opened is refused before anybody is asked to.
func TestHostileAuthURL(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"javascript:alert(1)", "file:///etc/passwd", "https://user:pass@vendor.example/", "https://", "/relative",
		"--version", "com.example.app://x", "https://vendor.example/\x1b[2J",
	} {
		f, session, s := waiting(t, freePort)
		f.Open = func(context.Context, string) error { t.Error("opened"); return nil }
		session.AuthURL = raw
		_, err := f.Run(t.Context(), session, vnv.OpAuthorize)
		e := want(t, err, vnv.OpAuthorize, vnv.KindRedirect, "")
		if strings.ContainsAny(e.Error(), "\x1b") || strings.Contains(e.Error(), "pass@") || slices.Contains(s.names(), "auth_url none") {
			t.Errorf("%q: %q, events %q", raw, e, s.names())
		}
	}
}
