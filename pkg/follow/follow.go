package follow

import (
	"context"
	"net/http"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// Options are the limits of a chain. The zero value follows public addresses only, to no redirect URI.
type Options struct {
	RedirectURI  string        // the registered one: reaching it ends the chain
	Deliver      bool          // the redirect URI is ours: request it, once, at the end
	MaxHops      int           // redirects followed; 0: 10
	HopTimeout   time.Duration // for one hop, body included; 0: 10 s
	AllowPrivate bool          // allow loopback and private addresses
	Named        []string      // URLs the user named: the class of their address is allowed
	APIHosts     []string      // hosts that are never asked over plain http, unless on loopback
}

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
	ContentType string // of the last answer
	Body        []byte // of the last answer, at most 64 KiB decoded: secret
}

// Follow opens authURL.
func (f *Follower) Follow(ctx context.Context, authURL string) (*Result, error) { return nil, nil }
func (e *Error) Error() string { return "" }
func (e *Error) Unwrap() error { return e.Err }
