package vnv

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Kind says what sort of failure it was, and so what can be done about it.
type Kind string

// The kinds of failure.
const (
	KindInput          Kind = "input"           // refused before any packet left: correct the request
	KindAuth           Kind = "auth"            // credentials refused (401, 403)
	KindNotEnabled     Kind = "not-enabled"     // number, network or scope is not enabled, allowlisted or provisioned
	KindRefused        Kind = "refused"         // refused for another reason (4xx)
	KindGone           Kind = "gone"            // the endpoint is not there (404, 410): the API may have been retired
	KindDenied         Kind = "denied"          // an OAuth error at the authorization
	KindNoCallback     Kind = "no-callback"     // nothing came back in time
	KindState          Kind = "state"           // the callback's state is missing, wrong or used
	KindUnusable       Kind = "unusable"        // the answer does not hold what was promised; of verify: indeterminate
	KindNetwork        Kind = "network"         // DNS, TCP, TLS, proxy, timeout: no answer
	KindServer         Kind = "server"          // the far side failed (500, 502, 504, other 5xx), or a web page came in its place
	KindUnknownOutcome Kind = "unknown-outcome" // a single-use value may have been used up: no answer came
	KindRedirect       Kind = "redirect"        // the redirect chain did not end at the callback
	KindLimit          Kind = "limit"           // too many requests (429): try later
	KindUnavailable    Kind = "unavailable"     // out of service (503): try later
	KindConcurrent     Kind = "concurrent"      // another request for this number is under way (409)
	KindFailed         Kind = "failed"          // the verification itself failed or expired: neither yes nor no
	KindCanceled       Kind = "canceled"        // the caller's context was canceled
	KindInternal       Kind = "internal"        // a bug of ours
)

// Sent says whether a request left.
type Sent string

// The values of Sent.
const (
	SentNo    Sent = "no"    // nothing was written
	SentMaybe Sent = "maybe" // bytes may have left, no whole answer came
	SentYes   Sent = "yes"   // it was answered
)

// Error is the error of every call of this package.
//
// Code, Detail and TraceID are the far side's words, as they came but for
// our own secrets and phone number, which are taken out, and for their
// length: escape control characters before showing them. [Error.Error] does.
type Error struct {
	Op         Op
	Kind       Kind
	Status     int           // HTTP status; 0: no answer
	Code       string        // the far side's name for it: "invalid_grant", "unauthorized", "PERMISSION_DENIED"
	Detail     string        // the far side's sentence, or the title of a page
	TraceID    string        // RFC 7807 instance: what the vendor's support asks for
	Correlator string        // x-correlator, echoed or sent
	Sent       Sent          // whether the request left
	RetryAfter time.Duration // what the far side asked for, at most [MaxRetryAfter]; 0: it did not say
	Date       time.Time     // the far side's clock (Date header); zero: unknown
	Notices    []string      // deprecation and the like, as of a good answer
	Err        error         // what happened on this side

	hide *strings.Replacer // what must not be shown
}

// Error begins with the step, goes on with what happened on this side, ends
// with the far side's words, and is safe to print.
func (e *Error) Error() string {
	var parts []string
	if e.Op != "" {
		parts = append(parts, string(e.Op))
	}
	code := e.Code
	if e.Status != 0 && !isSuccess(e.Status) {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("answered %d %s", e.Status, code)))
		code = ""
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	for _, part := range []string{code, e.Detail} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return printable(e.conceal(strings.Join(parts, ": ")))
}

func (e *Error) conceal(s string) string {
	if e.hide == nil {
		return s
	}
	return e.hide.Replace(s)
}

// Unwrap returns what happened on this side, so that errors.As finds
// *net.DNSError, x509.UnknownAuthorityError and the like.
func (e *Error) Unwrap() error { return e.Err }

// ClockSkew returns by how much the clock that says now is ahead of the far
// side's (negative: behind), to the second; 0 if the far side did not tell.
func (e *Error) ClockSkew(now time.Time) time.Duration {
	if e.Date.IsZero() {
		return 0
	}
	return now.Sub(e.Date).Truncate(time.Second)
}

func isSuccess(status int) bool {
	return status >= http.StatusOK && status < http.StatusMultipleChoices
}
