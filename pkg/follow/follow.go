package follow

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// Options are the limits of a chain. The zero value follows public addresses only, to no redirect URI.
type Options struct {
	RedirectURI  string        // the registered one: reaching it ends the chain
	Deliver      bool          // the redirect URI is ours: request it, once, at the end, whatever its address
	MaxHops      int           // redirects followed; 0: 10, negative: none
	HopTimeout   time.Duration // for one hop, body included; 0: 10 s
	AllowPrivate bool          // allow loopback and private addresses
	Named        []string      // URLs the user named: the class of their address is allowed
	APIHosts     []string      // hosts, without port, that are never asked over plain http but on loopback
}

const (
	defaultHops    = 10
	defaultTimeout = 10 * time.Second
)

// A Follower follows chains. It keeps nothing between them: each has its own cookie jar.
type Follower struct {
	Transport http.RoundTripper // usually a trace.Recorder's Step over Net.Transport; nil: Net{}.Transport()
	Options   Options
	Mask      *trace.Mask // for error texts; nil: a fresh one
}

// End says how a chain ended well.
type End string

// The ends.
const (
	EndCallback End = "callback" // the redirect URI was reached
	EndAnswer   End = "answer"   // a 2xx with a JSON object that is no error
)

// Result is how far a chain came.
type Result struct {
	End       End    // empty: it failed
	Callback  string // the redirect URI reached, raw, with query and fragment: secret
	Delivered bool   // Callback was requested and answered
	Redirects int    // redirects received, the one to the redirect URI included
	Hops      int    // requests made

	Status      int    // of the last answer
	ContentType string // of the last answer, printable
	Body        []byte // of the last answer unless it was a redirect, at most 64 KiB decoded: secret
}

// Follow opens authURL and follows it to its end: the redirect URI (taken from the Location that
// names it, and requested only with [Options.Deliver]) or a JSON answer. The Result is never nil
// and says how far the chain came; the error, if any, is an [*Error].
func (f *Follower) Follow(ctx context.Context, authURL string) (*Result, error) {
	w := f.walk()
	u, err := parseTarget(authURL, nil)
	if err != nil {
		return w.res, w.badTarget(authURL, err)
	}
	for u != nil {
		if sameRedirectURI(u, w.redirect) {
			return w.res, w.arrive(ctx, u)
		}
		if err := w.admit(ctx, u); err != nil {
			return w.res, err
		}
		next, err := w.hop(ctx, u)
		if err != nil {
			return w.res, err
		}
		u = next
	}
	return w.res, nil
}

// A walk is one chain under way.
type walk struct {
	transport http.RoundTripper
	opts      Options
	mask      *trace.Mask
	redirect  *url.URL // nil: none that could be reached
	policy    *policy
	jar       jar
	seen      map[string]bool // what was asked
	res       *Result
}

// walk starts a chain, with the defaults filled in.
func (f *Follower) walk() *walk {
	w := &walk{
		transport: f.Transport, opts: f.Options, mask: f.Mask,
		policy: newPolicy(f.Options), jar: newJar(), seen: map[string]bool{}, res: &Result{},
	}
	if w.transport == nil {
		w.transport = Net{}.Transport()
	}
	if w.mask == nil {
		w.mask = &trace.Mask{}
	}
	if w.opts.MaxHops == 0 {
		w.opts.MaxHops = defaultHops
	}
	if w.opts.HopTimeout == 0 {
		w.opts.HopTimeout = defaultTimeout
	}
	if u, err := parseTarget(w.opts.RedirectURI, nil); err == nil {
		w.redirect = u
	}
	return w
}

// arrive ends the chain at the redirect URI, and delivers it where it is ours.
func (w *walk) arrive(ctx context.Context, u *url.URL) error {
	w.res.End, w.res.Callback = EndCallback, u.String()
	if !w.opts.Deliver {
		return nil
	}
	ours := &policy{private: true}
	return w.request(ctx, u, ours, func(_ context.Context, res *http.Response, _ *trace.Notes) error {
		drain(res)
		w.res.Delivered = true
		return nil
	})
}

// hop asks u and returns where that leads; nil if the chain ended well.
func (w *walk) hop(ctx context.Context, u *url.URL) (next *url.URL, err error) {
	err = w.request(ctx, u, w.policy, func(ctx context.Context, res *http.Response, notes *trace.Notes) error {
		w.jar.keep(u, res, notes)
		if redirects[res.StatusCode] {
			if next, err = w.redirected(u, res); next != nil || err != nil {
				return err
			}
		}
		return w.last(ctx, u, res, notes)
	})
	return next, err
}

// redirects are the statuses that are followed.
var redirects = map[int]bool{301: true, 302: true, 303: true, 307: true, 308: true}

// redirected reads where an answer leads; nil if it does not say.
func (w *walk) redirected(u *url.URL, res *http.Response) (*url.URL, error) {
	next, err := location(u, res.Header)
	if err != nil {
		return nil, w.badTarget(res.Header.Get("Location"), err)
	}
	if next != nil {
		w.res.Redirects++
		drain(res)
	}
	return next, nil
}
