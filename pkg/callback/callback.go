// Package callback waits on this machine for the one redirect that ends an authorization.
//
// Use [Listen] when the redirect URI leads here (an http loopback URI, or a tunnel to an address of ours), and [Parse]
// when the callback URL is already in hand: from a shell, a session, or the last Location of a chain.
//
// What is promised:
//
//   - The sockets are bound when Listen returns, so a URL shown afterwards always finds somebody. The host localhost is
//     bound on 127.0.0.1 and [::1] alike; a fixed port is never traded for another one; nothing but loopback is bound
//     unless [Options.Public] says so.
//   - The wait ends on a GET of the exact path that carries this attempt's state, compared in constant time. Everything
//     else is answered, counted, reported through [Options.OnIgnored] and ignored, however much of it there is. The Host
//     header is recorded, not judged.
//   - An answer in the fragment ([Options.Fragment]) ends the wait by the same rules when our own page hands it over, in
//     a POST that carries the page's Origin and nobody else's.
//   - The first valid callback wins, and its page is written before [Listener.Wait] returns. Later ones get a page that
//     says so.
//   - One [Listener] has one outcome: a callback, a denial, or the most telling thing seen until the context ended.
//   - No goroutine and no port is left one second after [Listener.Close] was called.
package callback

import (
	"context"
	"maps"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// How a callback came in: the values of [Callback.Via].
const (
	ViaHTTP  = "http"  // requested from the listener
	ViaPaste = "paste" // given to Offer
	ViaURL   = "url"   // given to Parse
)

// Options say where to listen and for what. RedirectURI and State are required.
type Options struct {
	// RedirectURI is the URI registered for the application. Only its path is matched. Port 0 (http://127.0.0.1:0/cb)
	// asks for any free port: see [Listener.RedirectURI].
	RedirectURI string
	// Listen is the host:port to bind, the host being localhost or an IP address (empty: every interface). Empty means
	// the host and port of RedirectURI, which must then be http with a loopback host.
	Listen string
	// State is this attempt's state; a callback proves with it that it belongs here.
	State string
	// Fragment says that the answer comes in the URL's fragment, as Verify's silent authentication sends it: State is
	// then the request id, and a page with a script of its own hands the fragment over from the browser. Without a
	// script, as in the vendor's phone libraries, nothing arrives: their answer must be given to [Listener.Offer].
	Fragment bool
	// Public allows an address that is not loopback.
	Public bool
	// ErrorGrace, when positive, ends the wait this long after the first error that came without our state. Zero waits
	// on: anybody can send such an error.
	ErrorGrace time.Duration
	// OnIgnored, if set, hears of every request that was not taken, one call at a time, until Close returns. It must not
	// call the Listener.
	OnIgnored func(Ignored)
	// Now is the clock of [Callback.At]; nil means the real one.
	Now func() time.Time
}

// Callback is an answer that proved this attempt's state. Code, State and Query are secrets; printing a Callback does
// not show them.
type Callback struct {
	Code  string    // the authorization code, decoded, never empty, printable ASCII (RFC 6749, A.11)
	State string    // this attempt's state
	Query string    // the raw query or fragment, as it came; of a JSON answer the fragment that would say the same
	Via   string    // ViaHTTP, ViaPaste or ViaURL
	Host  string    // the Host header of the request; empty unless Via is http
	URI   string    // where it was delivered, without query and fragment, as far as it is known: untrusted
	At    time.Time // when it was taken; zero from Parse
}

// String hides the secrets.
func (c Callback) String() string { return "callback via " + c.Via }

// GoString hides the secrets.
func (c Callback) GoString() string { return "callback.Callback{" + c.Via + "}" }

// Listener waits for one callback. Make it with [Listen] and end it with Close.
type Listener struct {
	opts     Options
	redirect string
	path     string
	proof    atomic.Pointer[string] // this attempt's state
	probe    atomic.Pointer[probe]  // what was announced by Probe
	sockets  []net.Listener
	server   *http.Server
	door     *door
	serving  sync.WaitGroup
	closing  sync.Once

	done   chan struct{} // closed when the outcome stands and its page is written
	report sync.Mutex    // held while OnIgnored runs; taken before mu

	mu      sync.Mutex // guards what follows
	outcome outcome
	ignored map[Reason]int
	unsaid  string // registered name of the first error without our state
	strange bool   // the first code with a wrong state or none had one
	missed  *Error // the first request that had our state, and yet was not taken
	grace   *time.Timer
}

// outcome is how a wait ended; the zero value is "not yet".
type outcome struct {
	callback *Callback
	err      *Error
	proved   bool // by our state, so the far side did answer
}

func (o outcome) open() bool { return o.callback == nil && o.err == nil }

// Listen binds and serves at once; ctx bounds the binding only. The error is an [*Error] with [ReasonOptions],
// [ReasonExposed], [ReasonBusy] (Addr and, where it can be known, Holder are set) or [ReasonBind].
func Listen(ctx context.Context, o Options) (*Listener, error) {
	t, err := o.target()
	if err != nil {
		return nil, err
	}
	sockets, err := bind(ctx, systemListen, t)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = clock
	}
	l := &Listener{
		opts: o, path: t.path, done: make(chan struct{}),
		ignored: make(map[Reason]int), redirect: t.redirectURI(sockets), sockets: sockets,
	}
	l.SetState(o.State)
	l.serve()
	return l, nil
}

// RedirectURI is the URI that leads here: as given, with a port 0 replaced by the port that was bound.
func (l *Listener) RedirectURI() string { return l.redirect }

// SetState makes another state this attempt's: an authorization request that was made again carries a new one. Call it
// before the URL that carries the state is known to anybody.
func (l *Listener) SetState(state string) { l.proof.Store(&state) }

func (l *Listener) state() string { return *l.proof.Load() }

// Addrs are the bound addresses, host:port, one or two of them.
func (l *Listener) Addrs() []string {
	addrs := make([]string, len(l.sockets))
	for i, s := range l.sockets {
		addrs[i] = s.Addr().String()
	}
	return addrs
}

// Wait returns the callback, or an [*Error]: [ReasonDenied] or [ReasonBoth] when the far side answered with an error and
// our state; when ctx ended, the most telling thing seen with the context's error inside: this attempt's own callback that
// was not taken ([Error.Proved]), else [ReasonErrorWithoutState], [ReasonState] or [ReasonNoCallback]; [ReasonClosed]. It may be called before or after the callback came, and more
// than once: a wait that ended has ended for good.
func (l *Listener) Wait(ctx context.Context) (*Callback, error) {
	select {
	case <-l.done:
	case <-ctx.Done():
		l.end(ReasonNoCallback, context.Cause(ctx))
		<-l.done
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outcome.err != nil {
		return nil, l.outcome.err
	}
	return l.outcome.callback, nil
}

// Offer judges a callback URL that a person pasted, or only its query, as a request for it would be judged; surrounding
// blanks, quotes and angle brackets, "&amp;" and a fragment are tolerated, and host and path do not matter. With
// [Options.Fragment] it is judged as by [ParseFragment]. A nil error means that the wait is over (also by a denial); else
// the [*Error] says why the paste was not taken.
func (l *Listener) Offer(raw string) error {
	query := pastedQuery(raw)
	if l.opts.Fragment {
		query = pastedFragment(raw)
	}
	a := judge(query, l.state(), l.vocabulary())
	if !a.final() {
		l.note(a)
		return a.err()
	}
	c := l.callback(query, a, ViaPaste)
	c.URI = pastedURI(raw)
	if late := l.claim(a.outcome(c)); late != "" {
		return &Error{Reason: late}
	}
	close(l.done)
	return nil
}

func (l *Listener) callback(query string, a answer, via string) *Callback {
	return &Callback{Code: a.code, State: a.state, Query: query, Via: via, At: l.opts.Now()}
}

// claim makes o the outcome if there is none yet; whoever claims must close done once the page is out. Otherwise it says
// why o came too late.
func (l *Listener) claim(o outcome) (late Reason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.outcome.open():
		l.outcome = o
		return ""
	case l.outcome.proved:
		return ReasonDuplicate
	}
	return ReasonLate
}

// end ends a wait that no callback ended. ReasonNoCallback gives way to the most telling thing seen.
func (l *Listener) end(reason Reason, cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.outcome.open() {
		return
	}
	e := &Error{Reason: reason, Ignored: maps.Clone(l.ignored), Err: cause}
	switch {
	case reason != ReasonNoCallback:
	case l.missed != nil:
		e.Reason, e.Proved, e.At = l.missed.Reason, true, l.missed.At
	default:
		e.Reason = mostTelling(e.Ignored)
	}
	e.Foreign = e.Reason == ReasonState && l.strange
	if e.Reason == ReasonErrorWithoutState {
		e.Name = l.unsaid
	}
	l.outcome.err = e
	close(l.done)
}

func mostTelling(seen map[Reason]int) Reason {
	for _, r := range []Reason{ReasonErrorWithoutState, ReasonState} {
		if seen[r] > 0 {
			return r
		}
	}
	return ReasonNoCallback
}

// note counts an answer that does not end the wait, and starts the grace after an error without our state.
func (l *Listener) note(a answer) Ignored {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ignored[a.reason]++
	name := registered(a.name)
	if a.state != "" && l.missed == nil {
		l.missed = a.err()
	}
	if a.reason == ReasonState && l.ignored[ReasonState] == 1 {
		l.strange = a.foreign
	}
	if a.reason == ReasonErrorWithoutState {
		if l.unsaid == "" {
			l.unsaid = name
		}
		if l.grace == nil && l.opts.ErrorGrace > 0 && l.outcome.open() {
			l.grace = time.AfterFunc(l.opts.ErrorGrace, func() { l.end(ReasonErrorWithoutState, nil) })
		}
	}
	return Ignored{Reason: a.reason, Count: l.ignored[a.reason], ErrorName: name, Proved: a.state != ""}
}

// ignore notes an answer and reports it.
func (l *Listener) ignore(a answer) {
	l.report.Lock()
	defer l.report.Unlock()
	i := l.note(a)
	if l.opts.OnIgnored != nil {
		l.opts.OnIgnored(i)
	}
}

// Close ends the wait, lets pages that are being written finish, and frees the ports, within a second. It may be called
// at any time and more than once; the error is always nil.
func (l *Listener) Close() error {
	l.closing.Do(func() {
		l.end(ReasonClosed, nil)
		l.mu.Lock()
		if l.grace != nil {
			l.grace.Stop()
		}
		l.mu.Unlock()
		l.shut()
	})
	return nil
}
