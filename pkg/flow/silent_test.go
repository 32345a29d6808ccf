package flow_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// newSilent is newFlow for the second API, which needs no redirect URI.
func newSilent(t *testing.T, far *sandbox.Server) (*flow.Flow, *story) {
	t.Helper()
	f, s := newFlow(t, far)
	f.API, f.RedirectURI, f.Registered = vnv.SilentAuth, "", nil
	return f, s
}

func silently(t *testing.T, f *flow.Flow, phone vnv.Phone) (flow.Outcome, error) {
	t.Helper()
	return f.Run(t.Context(), flow.Session{Phone: phone}, flow.Steps(vnv.SilentAuth)...)
}

func TestSilentFlow(t *testing.T) {
	t.Parallel()
	for phone, verified := range map[vnv.Phone]bool{yes: true, no: false} {
		for _, redirect := range []string{"", "http://127.0.0.1:0/cb", "https://app.example/cb"} {
			f, _ := newSilent(t, sandbox.Start(t))
			f.RedirectURI = redirect
			out, err := silently(t, f, phone)
			if err != nil {
				t.Fatalf("%s by %q: %v", phone, redirect, err)
			}
			s := out.Session
			if s.Verified == nil || *s.Verified != verified || s.Code != "" || s.AuthURL != "" || s.RequestID == "" {
				t.Errorf("%s by %q ends as %+v", phone, redirect, s)
			}
		}
	}
}

// The chain's no is the answer: no code came, so none is handed in.
func TestSilentNoAsksNothing(t *testing.T) {
	t.Parallel()
	far := sandbox.Start(t)
	f, _ := newSilent(t, far)
	if _, err := silently(t, f, no); err != nil {
		t.Fatal(err)
	}
	if n := asked(far)[sandbox.StageCheck]; n != 0 {
		t.Errorf("the check was asked %d times", n)
	}
}

// Row 7 of the bar, for the second API.
func TestSilentConnectionsAndRequests(t *testing.T) {
	t.Parallel()
	far := sandbox.Start(t)
	f, _ := newSilent(t, far)
	dials := countDials(f)
	if _, err := silently(t, f, yes); err != nil {
		t.Fatal(err)
	}
	dials(t, 2) // vendor and carrier
	requests := map[sandbox.Stage]int{
		sandbox.StageStart: 1, sandbox.StageCheckURL: 1, sandbox.StageCarrier: 3, sandbox.StageHandover: 1, sandbox.StageCheck: 1,
	}
	if diff := cmp.Diff(requests, asked(far)); diff != "" {
		t.Errorf("requests: %s", diff)
	}
}

// Single steps through documents are the whole flow here too; exchange changes nothing.
func TestSilentSteps(t *testing.T) {
	t.Parallel()
	far := sandbox.Start(t)
	s := flow.Session{Phone: yes}
	for _, op := range []vnv.Op{vnv.OpEnable, vnv.OpAuthorize, vnv.OpExchange, vnv.OpVerify} {
		f, _ := newSilent(t, far)
		out, err := f.Run(t.Context(), s, op)
		if err != nil {
			t.Fatalf("%s: %v", op, err)
		}
		doc, err := out.Session.Document()
		if err != nil {
			t.Fatal(err)
		}
		if s, err = flow.ReadSession(strings.NewReader(string(doc))); err != nil {
			t.Fatal(err)
		}
	}
	if s.Verified == nil || !*s.Verified {
		t.Fatalf("session ends as %+v", s)
	}
	f, _ := newSilent(t, far)
	_, err := f.Run(t.Context(), s, vnv.OpVerify)
	want(t, err, vnv.OpVerify, vnv.KindState, "it works once")
}

// Each fault ends at its step with its kind.
func TestSilentFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault    string
		redirect string
		op       vnv.Op
		kind     vnv.Kind
	}{
		{"start-401", "", vnv.OpEnable, vnv.KindAuth},
		{"start-402-low-balance", "", vnv.OpEnable, vnv.KindRefused},
		{"start-409-concurrent", "", vnv.OpEnable, vnv.KindConcurrent},
		{"start-412-network-not-supported", "", vnv.OpEnable, vnv.KindNotEnabled},
		{"start-412-silent-auth-failed", "", vnv.OpEnable, vnv.KindFailed},
		{"check-url-javascript", "", vnv.OpEnable, vnv.KindUnusable},
		{"wifi", "", vnv.OpAuthorize, vnv.KindRedirect},
		{"fragment-error-cannot-be-completed", "https://app.example/cb", vnv.OpAuthorize, vnv.KindDenied},
		{"fragment-error-operator", "https://app.example/cb", vnv.OpAuthorize, vnv.KindDenied},
		{"fragment-error-ip", "https://app.example/cb", vnv.OpAuthorize, vnv.KindRedirect},
		{"fragment-other-request-id", "https://app.example/cb", vnv.OpAuthorize, vnv.KindState},
		{"fragment-no-request-id", "https://app.example/cb", vnv.OpAuthorize, vnv.KindState},
		{"chain-json-other-request-id", "", vnv.OpAuthorize, vnv.KindState},
		{"check-400-invalid-code", "", vnv.OpVerify, vnv.KindRefused},
		{"check-410", "", vnv.OpVerify, vnv.KindRefused},
		{"check-status-failed", "", vnv.OpVerify, vnv.KindFailed},
		{"check-status-expired", "", vnv.OpVerify, vnv.KindFailed},
		{"check-status-unknown", "", vnv.OpVerify, vnv.KindUnusable},
		{"check-other-request-id", "", vnv.OpVerify, vnv.KindUnusable},
		{"check-500", "", vnv.OpVerify, vnv.KindServer},
		{"check-reset", "", vnv.OpVerify, vnv.KindUnknownOutcome},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			f, _ := newSilent(t, sandbox.Start(t, sandbox.Options{Faults: []string{c.fault}}))
			f.RedirectURI = c.redirect
			_, err := silently(t, f, yes)
			want(t, err, c.op, c.kind, "")
		})
	}
}

func TestSilentRejectedAtTheCheck(t *testing.T) {
	t.Parallel()
	f, _ := newSilent(t, sandbox.Start(t, sandbox.Options{Faults: []string{"check-status-user-rejected"}}))
	out, err := silently(t, f, yes)
	if err != nil || out.Session.Verified == nil || *out.Session.Verified {
		t.Errorf("%v, %+v; want an answer that is no", err, out.Session)
	}
}

// A person pastes what the browser shows, and what belongs to another request is not taken.
func TestSilentPaste(t *testing.T) {
	t.Parallel()
	far := sandbox.Start(t)
	f, _ := newSilent(t, far)
	out, err := f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable)
	if err != nil {
		t.Fatal(err)
	}
	id := out.Session.RequestID
	f.Device = func(flow.Session) (flow.Device, string) { return flow.DeviceNone, "" }
	var foreign error
	f.Paste = func(offer func(string) error) func() {
		foreign = offer(`{"request_id":"00000000-0000-4000-8000-000000000000","code":"4711"}`)
		_ = offer(`{"request_id":"` + id + `","code":"0815"}`)
		return func() {}
	}
	out, err = f.Run(t.Context(), out.Session, vnv.OpAuthorize)
	if err != nil {
		t.Fatal(err)
	}
	if foreign == nil || out.Session.Code.Reveal() != "0815" {
		t.Errorf("foreign answer: %v; code %q", foreign, out.Session.Code.Reveal())
	}
}

// The API's own minute counts from the start, also in another process.
func TestSilentLimit(t *testing.T) {
	t.Parallel()
	f, _ := newSilent(t, sandbox.Start(t))
	out, err := f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable)
	if err != nil {
		t.Fatal(err)
	}
	out.Session.StartedAt = out.Session.StartedAt.Add(-flow.SilentLimit - time.Second)
	_, err = f.Run(t.Context(), out.Session, vnv.OpAuthorize)
	want(t, err, vnv.OpAuthorize, vnv.KindNoCallback, "60 s")
}

func TestCancel(t *testing.T) {
	t.Parallel()
	far := sandbox.Start(t, sandbox.Options{CancelAfter: time.Nanosecond})
	f, _ := newSilent(t, far)
	out, err := f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable)
	want(t, err, vnv.OpEnable, vnv.KindConcurrent, "")
	if err := f.Cancel(t.Context(), out.Session); err != nil {
		t.Fatal(err)
	}
	if _, err = f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable); err != nil {
		t.Errorf("the number is not free: %v", err)
	}
	var e *vnv.Error
	if err := f.Cancel(t.Context(), flow.Session{RequestID: "../oauth2/token"}); !errors.As(err, &e) || e.Kind != vnv.KindInput {
		t.Errorf("a path as id: %v", err)
	}
}
