// Package flow holds the order of the steps of number verification: which step
// follows which, what each takes from the [Session] and what it adds, and the
// [Event] values that tell of it. A single step and the whole flow are the same
// call with fewer or more steps, so they cannot drift apart.
//
// Use it to build a tool of your own around the flow; use package vnv alone when
// you only need the three API calls. Errors of [Flow.Run] are [*vnv.Error]: flow
// is the one place that turns the errors of the packages below into an Op and a
// Kind. Nothing here prints; a code and a token are sent at most once.
package flow

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// Device says who opens the auth_url.
type Device string

// The devices.
const (
	DeviceFollow  Device = "follow"  // vnv follows the redirects itself
	DeviceBrowser Device = "browser" // this machine's browser
	DeviceNone    Device = "none"    // somebody else: the URL is shown, the callback awaited
	DeviceQR      Device = "qr"      // a phone that scans it
	DeviceADB     Device = "adb"     // an Android phone on USB
)

// RequestTimeout bounds one API request.
const RequestTimeout = 10 * time.Second

// Flow is how a flow is to be run: settings, the world, and who listens. The zero
// value of every field but those that a step needs is usable.
type Flow struct {
	API           vnv.API
	BaseURL       string            // empty: the API's own
	URLs          map[vnv.Op]string // whole URLs of single steps, in place of BaseURL
	ApplicationID string
	JWT           func(context.Context) (vnv.Secret, error)
	JWTLifetime   time.Duration // told in the jwt step, not used
	Scopes        []vnv.Scope   // empty: [vnv.DefaultScope]
	State         vnv.Secret    // empty: 256 random bits for every try of enable
	RedirectURI   string        // as registered in the dashboard
	Correlator    string        // x-correlator of verify; empty: a random one
	Silent        Silent        // what only Verify's silent authentication asks for

	Device     func(Session) (device Device, why string) // asked once the auth_url is known; nil: [DeviceFollow]
	Listen     string                                    // where to bind for the callback; empty: host and port of a loopback RedirectURI
	Public     bool                                      // Listen may be other than loopback
	ErrorGrace time.Duration                             // > 0: an error without our state ends the wait after so long
	Chain      follow.Options
	Net        follow.Net
	Mask       *trace.Mask

	Sink       Sink
	Save       func(Session) error                              // makes the session durable; nil: it lives in memory alone
	Registered func(redirectURI string) error                   // told the true redirect URI once the listener is bound
	Bound      func(context.Context, *callback.Listener) string // told of the listener once it is bound; returns what is to be noted
	Open       func(ctx context.Context, url string) error      // opens a browser, on this machine or on the phone
	Took       func(*callback.Callback)                         // told of the callback that proved our state, as it came
	Paste      func(offer func(string) error) (stop func())     // hands in pasted callback URLs, from before the URL is shown until stop
	Now        func() time.Time
}

// run is one go through some steps.
type run struct {
	*Flow
	s        Session
	plan     plan
	sink     Sink
	rec      *trace.Recorder
	http     http.RoundTripper
	listener *callback.Listener
	hops     int // redirects followed
}

// stepFunc is what a step does.
type stepFunc func(*run, context.Context) error

// Outcome is what is left when steps have run: the session, whole or partial, and
// the masked hops of all requests.
type Outcome struct {
	Session Session
	Hops    []trace.Hop
}

// Run takes the session through the steps named, in the order of the API. The
// session is checked against the settings first: a document that names another
// host, application or redirect URI than the settings do is refused before
// anything leaves. The outcome is returned with every error too.
func (f *Flow) Run(ctx context.Context, s Session, ops ...vnv.Op) (Outcome, error) {
	r := f.start(s)
	defer r.close()
	err := r.all(ctx, ops)
	return Outcome{Session: r.s, Hops: r.rec.Hops()}, err
}

func (f *Flow) start(s Session) *run {
	r := &run{Flow: f, s: s, plan: plans[f.API.Name], sink: Serial(f.Sink)}
	if f.Mask == nil {
		f.Mask = new(trace.Mask)
	}
	r.http = f.Net.Routes()
	r.rec = &trace.Recorder{
		Mask: f.Mask, Base: r.http, Now: f.Now, Role: r.role,
		OnHop: func(h trace.Hop) { r.sink(HopDone{h}) },
	}
	return r
}

// role is asked once the redirect URI is known.
func (r *run) role(u *url.URL) string {
	return trace.Roles{BaseURL: r.s.APIHost, RedirectURI: r.s.RedirectURI}.Role(u)
}

func (r *run) close() {
	if r.listener != nil {
		_ = r.listener.Close()
	}
	if t, ok := r.http.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

func (r *run) all(ctx context.Context, ops []vnv.Op) error {
	if err := r.admit(ops); err != nil {
		return err
	}
	if slices.Contains(ops, vnv.OpAuthorize) {
		if err := r.listen(ctx); err != nil {
			return err
		}
	}
	for _, st := range r.plan.steps {
		if !slices.Contains(ops, st.op) {
			continue
		}
		if err := r.one(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) one(ctx context.Context, st step) error {
	began := r.now()
	r.sink(StepStarted{st.op})
	if err := st.do(r, ctx); err != nil {
		err = wrap(ctx, st.op, err)
		r.sink(StepFailed{Step: st.op, Took: r.now().Sub(began), Err: err})
		return err
	}
	done := StepDone{Step: st.op, Took: r.now().Sub(began), Session: r.s, Redirects: r.hops}
	if st.op == vnv.OpJWT {
		done.Lifetime = r.JWTLifetime
	}
	if st.op == vnv.OpExchange && !r.s.ExpiresAt.IsZero() {
		done.Lifetime = r.s.ExpiresAt.Sub(r.now()).Round(time.Second)
	}
	r.sink(done)
	return nil
}

// client is the SDK's client for one step, its requests recorded under that name.
func (r *run) client(op vnv.Op) *vnv.Client {
	return &vnv.Client{
		API: r.API, BaseURL: r.BaseURL, URLs: r.URLs, JWT: r.JWT, Correlator: r.Correlator, Now: r.Now,
		HTTP: &http.Client{Transport: r.rec.Step(string(op))},
	}
}

func (r *run) notices(op vnv.Op, texts []string) {
	for _, t := range texts {
		r.sink(Note{Step: op, Text: t})
	}
}

func (r *run) save() error {
	if r.Save == nil {
		return nil
	}
	if err := r.Save(r.s); err != nil {
		return &vnv.Error{Kind: vnv.KindInternal, Err: err}
	}
	return nil
}

func (r *run) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return clock()
}

var clock = time.Now //nolint:forbidigo // the zero value of Flow.Now means the real clock

// input is an error of the caller's, found before any packet left.
func input(op vnv.Op, format string, args ...any) error {
	return &vnv.Error{Op: op, Kind: vnv.KindInput, Sent: vnv.SentNo, Err: fmt.Errorf(format, args...)}
}
