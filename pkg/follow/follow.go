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

	// As names the row of [Clients] whose rules are obeyed as well. Its redirect limit is the default
	// of MaxHops, and the smaller one wins; its TLS and HTTP versions need [Net.Routes].
	As      string
	Header  http.Header    // sent to the origin of the first URL alone
	Cookies []*http.Cookie // sent to the origin of the first URL alone, by the jar's rules
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
	if w.client != nil && w.client.Overall > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, w.client.Overall, errClientTime)
		defer cancel()
	}
	if err := w.follow(ctx, authURL); err != nil {
		return w.res, w.told(err)
	}
	return w.res, nil
}

// follow goes from hop to hop.
func (w *walk) follow(ctx context.Context, authURL string) error {
	u, err := parseTarget(authURL, nil)
	if err != nil {
		return w.badTarget(authURL, err)
	}
	if err := w.prepare(u); err != nil {
		return err
	}
	for from := (*url.URL)(nil); u != nil; {
		if err := w.obey(from, u); err != nil {
			return err
		}
		if sameRedirectURI(u, w.redirect) {
			return w.arrive(ctx, u)
		}
		if err := w.admit(ctx, u); err != nil {
			return err
		}
		next, err := w.hop(ctx, u)
		if err != nil {
			return err
		}
		from, u = u, next
	}
	return nil
}

// A walk is one chain under way.
type walk struct {
	transport http.RoundTripper
	opts      Options
	mask      *trace.Mask
	redirect  *url.URL // nil: none that could be reached
	first     *url.URL // where the chain began
	client    *Client  // whose rules are obeyed; nil: nobody's but ours
	policy    *policy
	jar       jar
	own       []string        // name=value of the caller's cookies
	seen      map[string]bool // what was asked
	res       *Result
}

// walk starts a chain, with the defaults filled in.
func (f *Follower) walk() *walk {
	w := &walk{
		transport: f.Transport, opts: f.Options, mask: f.Mask,
		policy: newPolicy(f.Options), jar: newJar(), seen: map[string]bool{}, res: &Result{},
	}
	if c, ok := ClientNamed(f.Options.As); ok {
		w.client = &c
	}
	if w.transport == nil {
		w.transport = Net{}.Routes()
	}
	if w.mask == nil {
		w.mask = &trace.Mask{}
	}
	if w.opts.MaxHops == 0 {
		w.opts.MaxHops = defaultHops
		if w.client != nil {
			w.opts.MaxHops = w.client.Follows
		}
	}
	if w.opts.HopTimeout == 0 {
		w.opts.HopTimeout = defaultTimeout
	}
	if w.client != nil && w.client.PerHop > 0 {
		w.opts.HopTimeout = min(w.opts.HopTimeout, w.client.PerHop)
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
	return w.request(ctx, u, &leave{policy: ours}, func(_ context.Context, res *http.Response, _ *trace.Notes) error {
		drain(res)
		w.res.Delivered = true
		return nil
	})
}

// hop asks u and returns where that leads; nil if the chain ended well.
func (w *walk) hop(ctx context.Context, u *url.URL) (next *url.URL, err error) {
	err = w.request(ctx, u, &leave{policy: w.policy, client: w.client, chain: true}, func(ctx context.Context, res *http.Response, notes *trace.Notes) error {
		if w.client == nil || w.client.Cookies {
			w.jar.keep(u, res, notes)
		}
		if w.redirects(res.StatusCode) {
			noteSpaces(res.Header, notes)
			if next, err = w.redirected(u, res); next != nil || err != nil {
				return err
			}
		}
		next, err = w.last(ctx, u, res, notes)
		return err
	})
	return next, err
}

// redirects are the statuses that are followed.
var redirects = map[int]bool{301: true, 302: true, 303: true, 307: true, 308: true}

// redirects says whether an answer of that status is a redirect.
func (w *walk) redirects(status int) bool {
	if w.client != nil {
		return w.client.follows(status)
	}
	return redirects[status]
}

// redirected reads where an answer leads; nil if it does not say.
func (w *walk) redirected(u *url.URL, res *http.Response) (*url.URL, error) {
	if err := w.respace(u, res.Header); err != nil {
		return nil, err
	}
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
