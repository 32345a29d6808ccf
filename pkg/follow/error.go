package follow

// A Reason says why a chain ended without its callback or answer.
type Reason string

// The reasons.
const (
	ReasonSyntax      Reason = "syntax"            // not a URL to follow: userinfo, empty host, bad port, control characters, two Locations …
	ReasonScheme      Reason = "scheme"            // file:, javascript:, data:, an app's own scheme
	ReasonAddress     Reason = "forbidden-address" // loopback, private, link-local, metadata …; see Error.Class
	ReasonCleartext   Reason = "cleartext-secret"  // plain http with a code or token in the URL, or to an API host
	ReasonLoop        Reason = "loop"              // same method, URL and cookies as before
	ReasonTooMany     Reason = "too-many"          // more redirects than MaxHops
	ReasonDeadEnd     Reason = "dead-end"          // an answer that leads nowhere: 3xx without Location, 4xx, 5xx, empty
	ReasonPage        Reason = "page"              // an HTML page: login, consent, portal, error; see Error.Title
	ReasonMetaRefresh Reason = "meta-refresh"      // a page or Refresh header that only a browser would follow
	ReasonScript      Reason = "script-redirect"   // a page whose script would go on
	ReasonOAuth       Reason = "oauth-error"       // a JSON error as last answer; see Error.Code, Error.Detail
	ReasonNetwork     Reason = "network"           // DNS, TCP, TLS, proxy, a broken answer
	ReasonTimeout     Reason = "timeout"           // HopTimeout, or the context's deadline
	ReasonCanceled    Reason = "canceled"          // the context was canceled
)

// Error is why a chain ended early. Its text fields are printable and masked.
type Error struct {
	Hop         int    // 1 is the auth_url; the request in the trace that this is about
	Reason      Reason //
	URL         string // masked: where the hop leads, or what was asked
	Status      int    // of the hop's answer; 0: none
	ContentType string // of the last answer
	Title       string // of an HTML page
	Code        string // of a JSON error: "access_denied", "PERMISSION_DENIED"
	Detail      string // its description, or which rule was broken
	Class       Class  // of a refused address
	Phase       string // of a network error or timeout: a trace.Phase… name
	Err         error  // cause, if any; holds no URL
}
