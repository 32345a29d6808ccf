package flow_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

var all = []vnv.Op{vnv.OpJWT, vnv.OpEnable, vnv.OpAuthorize, vnv.OpExchange, vnv.OpVerify}

func TestWholeFlow(t *testing.T) {
	t.Parallel()
	for phone, verified := range map[vnv.Phone]bool{yes: true, no: false} {
		far := sandbox.Start(t)
		f, s := newFlow(t, far)
		out, err := f.Run(t.Context(), flow.Session{Phone: phone}, all...)
		if err != nil {
			t.Fatal(err)
		}
		if v := out.Session.Verified; v == nil || *v != verified {
			t.Errorf("%s: verified %v, want %v", phone, v, verified)
		}
		if out.Session.Code != "" || out.Session.AccessToken != "" || out.Session.AuthURL != "" {
			t.Errorf("a spent value is left in %+v", out.Session)
		}
		chain := slices.Repeat([]string{"hop authorize"}, 6)
		events := slices.Concat(
			[]string{"listening", "started jwt", "done jwt", "started enable", "hop enable", "done enable", "started authorize"}, chain,
			[]string{
				"callback url", "done authorize", "started exchange", "hop exchange", "done exchange",
				"started verify", "hop verify", "done verify",
			})
		if diff := cmp.Diff(events, s.names()); diff != "" {
			t.Errorf("events: %s", diff)
		}
	}
}

// Row 7 of the bar: one connection for each host, and exactly the requests of the flow.
func TestConnectionsAndRequests(t *testing.T) {
	t.Parallel()
	far := sandbox.Start(t)
	f, _ := newFlow(t, far)
	dials := countDials(f)
	out, err := f.Run(t.Context(), flow.Session{Phone: yes}, all...)
	if err != nil {
		t.Fatal(err)
	}
	dials(t, 3) // vendor, carrier and callback
	requests := map[sandbox.Stage]int{
		sandbox.StageEnable: 1, sandbox.StageAuthorize: 1, sandbox.StageCarrier: 3, sandbox.StageCallback: 1,
		sandbox.StageToken: 1, sandbox.StageVerify: 1,
	}
	if diff := cmp.Diff(requests, asked(far)); diff != "" {
		t.Errorf("requests: %s", diff)
	}
	if len(out.Hops) != 9 { // those of the sandbox, and our own callback
		t.Errorf("%d hops, want 9", len(out.Hops))
	}
}

// Single steps, each in a process of its own as far as flow can tell, are the whole flow.
func TestStepsThroughDocuments(t *testing.T) {
	t.Parallel()
	far := sandbox.Start(t, sandbox.Options{RedirectURIs: []string{"https://app.example/cb"}})
	s := flow.Session{Phone: yes}
	for _, ops := range [][]vnv.Op{{vnv.OpEnable}, {vnv.OpAuthorize}, {vnv.OpExchange}, {vnv.OpVerify}} {
		f, _ := newFlow(t, far)
		f.RedirectURI, f.Registered = "https://app.example/cb", nil
		out, err := f.Run(t.Context(), s, ops...)
		if err != nil {
			t.Fatalf("%s: %v", ops, err)
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
		t.Errorf("session ends as %+v", s)
	}
}

// A session fills what the settings leave open and never changes what they say.
func TestAdmit(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(int) string { return answer("200 OK", "{}") })
	for name, c := range map[string]struct {
		session flow.Session
		part    string
	}{
		"other api":          {flow.Session{API: "other"}, "api is not the one of the settings (--api)"},
		"other host":         {flow.Session{APIHost: "https://evil.example"}, "api_host is not the one of the settings (--base-url)"},
		"other application":  {flow.Session{ApplicationID: "theirs"}, "application_id is not the one of the settings (--app-id)"},
		"other redirect URI": {flow.Session{RedirectURI: "https://evil.example/cb"}, "redirect_uri is not the one of the settings (--redirect-uri)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.session.Code, c.session.State = "some-code", "some-state"
			_, err := rudeFlow(far).Run(t.Context(), c.session, vnv.OpExchange)
			e := want(t, err, vnv.OpExchange, vnv.KindInput, c.part)
			if e.Sent != vnv.SentNo || len(far.got()) != 0 || strings.Contains(e.Error(), "evil") {
				t.Errorf("sent %s, %d requests, %q", e.Sent, len(far.got()), e)
			}
		})
	}
}

func TestUnknownAPI(t *testing.T) {
	t.Parallel()
	f := &flow.Flow{API: vnv.API{Name: "no-such-api"}}
	_, err := f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable)
	want(t, err, vnv.OpEnable, vnv.KindInput, `unknown API "no-such-api"`)
}

// What is missing is found before anything leaves.
func TestMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		op      vnv.Op
		session flow.Session
		change  func(*flow.Flow)
		part    string
	}{
		"no phone":        {op: vnv.OpEnable, part: "no phone number"},
		"no key":          {op: vnv.OpJWT, change: func(f *flow.Flow) { f.JWT = nil }, part: "no private key"},
		"no auth_url":     {op: vnv.OpAuthorize, part: "no auth_url: it comes from vnv enable"},
		"no state":        {op: vnv.OpAuthorize, session: flow.Session{AuthURL: "https://vendor.example/"}, part: "no state"},
		"no redirect URI": {op: vnv.OpAuthorize, change: func(f *flow.Flow) { f.RedirectURI = "" }, part: "no redirect URI"},
		"no code":         {op: vnv.OpExchange, part: "no authorization code: it comes from vnv authorize"},
		"no redirect URI to exchange": {
			op: vnv.OpExchange, session: flow.Session{Code: "some-code"},
			change: func(f *flow.Flow) { f.RedirectURI = "" }, part: "no redirect URI: the token endpoint wants the registered one",
		},
		"no token":           {op: vnv.OpVerify, part: "no access token: it comes from vnv exchange"},
		"no phone to verify": {op: vnv.OpVerify, session: flow.Session{AccessToken: "some-token"}, part: "no phone number: --phone or --phone-hash"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := newRude(t, func(int) string { return "" })
			f := rudeFlow(far)
			if c.change != nil {
				c.change(f)
			}
			_, err := f.Run(t.Context(), c.session, c.op)
			want(t, err, c.op, vnv.KindInput, c.part)
			if n := len(far.got()); n != 0 {
				t.Errorf("%d requests left", n)
			}
		})
	}
}

// The ends of a chain, as our own follower sees them.
func TestChainEnds(t *testing.T) {
	t.Parallel()
	for fault, c := range map[string]struct {
		kind vnv.Kind
		part string
	}{
		"wifi":                {vnv.KindRedirect, `with an HTML page titled "Sign in"`},
		"loop":                {vnv.KindRedirect, "a loop"},
		"private-address":     {vnv.KindRedirect, "refused"},
		"no-location":         {vnv.KindRedirect, "a dead end"},
		"reset":               {vnv.KindNetwork, "could not be asked"},
		"access-denied":       {vnv.KindDenied, "access_denied"},
		"error-without-state": {vnv.KindDenied, "an error came without this attempt's state: access_denied"},
		"code-and-error":      {vnv.KindDenied, "a code and an error came together"},
		"wrong-state":         {vnv.KindState, "a code came that belongs to another attempt"},
		"missing-state":       {vnv.KindState, "a code came without this attempt's state"},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			far := sandbox.Start(t, sandbox.Options{Faults: []string{fault}})
			f, s := newFlow(t, far)
			_, err := f.Run(t.Context(), flow.Session{Phone: yes}, all...)
			want(t, err, vnv.OpAuthorize, c.kind, c.part)
			if asked(far)[sandbox.StageToken] != 0 {
				t.Error("a code was exchanged all the same")
			}
			if names := s.names(); names[len(names)-1] != "failed authorize" {
				t.Errorf("the last event is %q", names[len(names)-1])
			}
		})
	}
}

// A chain that ends with an answer of its own never reached the redirect URI.
func TestChainAnswers(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(int) string { return answer("200 OK", `{"request_id":"r","code":"c"}`) })
	f := rudeFlow(far)
	_, err := f.Run(t.Context(), flow.Session{AuthURL: far.url() + "/auth", State: "some-state"}, vnv.OpAuthorize)
	e := want(t, err, vnv.OpAuthorize, vnv.KindRedirect, "answered 200 OK, a dead end: an answer of its own")
	var hop *follow.Error
	if !errors.As(err, &hop) || hop.Hop != 1 || hop.Reason != follow.ReasonDeadEnd {
		t.Errorf("%#v", e.Err)
	}
}

// What our own last redirect said decides, whether or not the tunnel to us works.
func TestDeliveryFails(t *testing.T) {
	t.Parallel()
	const public = "http://127.0.0.1:1/cb" // the far end of a tunnel that is down
	far := sandbox.Start(t, sandbox.Options{RedirectURIs: []string{public}})
	f, s := newFlow(t, far)
	f.RedirectURI, f.Listen = public, "127.0.0.1:0"
	out, err := f.Run(t.Context(), flow.Session{Phone: yes}, all...)
	if err != nil {
		t.Fatal(err)
	}
	if out.Session.Verified == nil || !slices.Contains(s.names(), "note authorize") {
		t.Errorf("%+v, events %q", out.Session, s.names())
	}
}

// A port that is taken costs no attempt.
func TestPortBusy(t *testing.T) {
	t.Parallel()
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	far := sandbox.Start(t)
	f, s := newFlow(t, far)
	f.RedirectURI = "http://" + holder.Addr().String() + "/callback"
	_, err = f.Run(t.Context(), flow.Session{Phone: yes}, all...)
	want(t, err, vnv.OpAuthorize, vnv.KindInput, "the port is in use: "+holder.Addr().String())
	var e *callback.Error
	if !errors.As(err, &e) || e.Reason != callback.ReasonBusy || len(far.Requests()) != 0 || len(s.names()) != 0 {
		t.Errorf("%#v, %d requests, events %q", e, len(far.Requests()), s.names())
	}
}

func TestRegisteredFails(t *testing.T) {
	t.Parallel()
	far := sandbox.Start(t)
	f, _ := newFlow(t, far)
	f.Registered = func(string) error { return errors.New("not this one") }
	_, err := f.Run(t.Context(), flow.Session{Phone: yes}, all...)
	want(t, err, vnv.OpAuthorize, vnv.KindInput, "not this one")
}

// Cut off, the error is the interruption and not what it broke.
func TestCanceled(t *testing.T) {
	t.Parallel()
	far := sandbox.Start(t)
	f, _ := newFlow(t, far)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("cut off for the test")
	f.Device = func(flow.Session) (flow.Device, string) { cancel(cause); return flow.DeviceNone, "" }
	_, err := f.Run(ctx, flow.Session{Phone: yes}, all...)
	want(t, err, vnv.OpAuthorize, vnv.KindCanceled, "cut off for the test")
	if !errors.Is(err, cause) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestOurs(t *testing.T) {
	t.Parallel()
	for uri, ours := range map[string]bool{
		"http://localhost:3000/cb": true, "http://127.0.0.1/cb": true, "http://[::1]:1/cb": true, "http://127.9.9.9/cb": true,
		"https://localhost/cb": false, "https://app.example/cb": false, "http://app.example/cb": false,
		"http://localhost.evil.example/cb": false, "app://localhost": false, "": false, "http://%zz": false,
	} {
		if got := flow.Ours(uri, ""); got != ours {
			t.Errorf("%q: ours %v, want %v", uri, got, ours)
		}
		if !flow.Ours(uri, "127.0.0.1:8080") {
			t.Errorf("%q with --listen is not ours", uri)
		}
	}
}
