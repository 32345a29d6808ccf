package follow

import (
	"fmt"
	"net/http"
	"strings"
)

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
	Hop         int    // 1 is the auth_url; which request of the trace this is about
	Reason      Reason //
	URL         string // masked: where that hop leads if that is the trouble, else its own
	Status      int    // of the hop's answer; 0: none
	ContentType string // of the hop's answer
	Title       string // of an HTML page
	Code        string // of a JSON error: "access_denied"; under Options.As else what its app sees: "sdk_redirect_error"
	Detail      string // its description, or which rule was broken
	TraceID     string // of a JSON error: the RFC 7807 instance
	Class       Class  // of a refused address
	Phase       string // of a network error or timeout: a trace.Phase… name
	Client      string // Options.As, if it is known
	Rule        Rule   // of that client, which the chain breaks; empty: the trouble is ours alone
	Err         error  // the cause; its text may be raw, so show Error or Detail
}

// sentences are what happened, by reason. The fields stand for themselves.
var sentences = map[Reason]string{
	ReasonSyntax:      "leads to {url}, not a URL to follow: {detail}",
	ReasonScheme:      "leads to {url}: {detail}",
	ReasonAddress:     "leads to {url}, refused: {detail}",
	ReasonCleartext:   "leads to {url} over plain http, refused: {detail}",
	ReasonLoop:        "leads back to {url} with the same cookies: a loop",
	ReasonTooMany:     "leads on to {url}, but {detail}",
	ReasonDeadEnd:     "{url} answered {status}, a dead end{: detail}",
	ReasonPage:        "{url} answered {status} with an HTML page{ title}",
	ReasonMetaRefresh: "{url} answered {status} with a refresh that only a browser follows{ title}",
	ReasonScript:      "{url} answered {status} with a page whose script would go on{ title}",
	ReasonOAuth:       "{url} answered {status} with an error{: code}{: detail}",
	ReasonNetwork:     "{url} could not be asked{: detail}",
	ReasonTimeout:     "{url} did not answer in time{: detail}",
	ReasonCanceled:    "canceled at {url}",
}

// Error says what was done, at which hop, and what happened there.
func (e *Error) Error() string {
	after := func(before, s, end string) string {
		if s == "" {
			return ""
		}
		return before + s + end
	}
	sentence := sentences[e.Reason]
	if e.Status == 0 { // the URL that was to be asked, not one that an answer led to
		sentence = strings.TrimPrefix(sentence, "leads to ")
	}
	return fmt.Sprintf("follow hop %d: ", e.Hop) + strings.NewReplacer(
		"{url}", e.URL,
		"{status}", strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))),
		"{detail}", e.Detail,
		"{ title}", after(` titled "`, e.Title, `"`),
		"{: code}", after(": ", e.Code, ""),
		"{: detail}", after(": ", e.Detail, ""),
	).Replace(sentence) + e.toApp()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// toApp says what the app of the client sees of it; empty without a client.
func (e *Error) toApp() string {
	switch {
	case e.Client == "" || e.Reason == ReasonOAuth:
		return ""
	case e.Rule == "":
		return " (vnv's own rule, not one of " + e.Client + ")"
	case e.Code == "":
		return " (as " + e.Client + ")"
	default:
		return " (as " + e.Client + ": " + e.Code + ")"
	}
}
