package callback

import (
	"strconv"
	"strings"
)

// Reason says why a request was ignored, a URL refused, or a wait ended without a callback.
type Reason string

// Reasons that a wait can end with.
const (
	ReasonDenied            Reason = "denied"              // error= with our state
	ReasonBoth              Reason = "both"                // code and error together, with our state
	ReasonErrorWithoutState Reason = "error-without-state" // error= with a wrong state or none: anybody could send it
	ReasonState             Reason = "state"               // code with a wrong state or none
	ReasonNoCallback        Reason = "no-callback"         // nothing telling came before the context ended
	ReasonClosed            Reason = "closed"              // Close was called first
)

// Reasons that a request can be ignored for, beside [ReasonErrorWithoutState] and [ReasonState].
const (
	ReasonPath       Reason = "path"       // another path: favicon, prefix added by a tunnel, scanner
	ReasonMethod     Reason = "method"     // not GET: HEAD, OPTIONS, POST with response_mode=form_post
	ReasonOrigin     Reason = "origin"     // a fragment that another page hands over, or nobody's
	ReasonPage       Reason = "page"       // the page that hands over a fragment was asked for: counted, never reported
	ReasonMalformed  Reason = "malformed"  // bad escape, code, state or error given twice, code not printable ASCII
	ReasonIncomplete Reason = "incomplete" // neither code nor error
	ReasonUnreadable Reason = "unreadable" // not an HTTP request of bearable size: TLS to a plain port, garbage, half of one
	ReasonDuplicate  Reason = "duplicate"  // our state, after the wait was ended by a callback
	ReasonLate       Reason = "late"       // our state, after the wait was ended by time, grace or Close
)

// Reasons that [Listen] can fail for.
const (
	ReasonOptions Reason = "options" // the options make no sense; Err says which
	ReasonExposed Reason = "exposed" // an address that is not loopback, without Options.Public
	ReasonBusy    Reason = "busy"    // the port is held by somebody else
	ReasonBind    Reason = "bind"    // the system refused the address for another reason
)

// says holds the sentence of each reason.
var says = map[Reason]string{
	ReasonDenied:            "authorization denied",
	ReasonBoth:              "a code and an error came together",
	ReasonErrorWithoutState: "an error came without this attempt's state",
	ReasonState:             "a code came without this attempt's state",
	ReasonNoCallback:        "nothing came back",
	ReasonClosed:            "the listener was closed",
	ReasonPath:              "not the path of the redirect URI",
	ReasonMethod:            "not a GET request",
	ReasonOrigin:            "not handed over by our own page",
	ReasonPage:              "the page was opened, but no script ran that hands the fragment over",
	ReasonMalformed:         "the answer is malformed",
	ReasonIncomplete:        "neither a code nor an error in it",
	ReasonUnreadable:        "not a readable HTTP request",
	ReasonDuplicate:         "the callback was already received",
	ReasonLate:              "it came after the wait had ended",
	ReasonOptions:           "cannot listen",
	ReasonExposed:           "not a loopback address",
	ReasonBusy:              "the port is in use",
	ReasonBind:              "cannot listen",
}

// Ignored is one request that was not taken.
type Ignored struct {
	Reason    Reason
	Count     int    // how many so far for this reason, this one included
	ErrorName string // a registered OAuth error name that it carried, else empty; never other remote text
	Proved    bool   // it had this attempt's state: our callback, to another path or damaged
}

// Error is every error of this package.
type Error struct {
	Reason Reason
	// Name and Description are the far side's error and error_description, as sent and decoded: untrusted text. They are
	// set when our state was proved; with [ReasonErrorWithoutState] Name is a registered OAuth error name or empty.
	Name, Description string
	// Addr is the address that could not be bound, and Holder the process that has it, such as "node (pid 4711)"; empty
	// where it cannot be known.
	Addr, Holder string
	// Proved: it had this attempt's state, and yet was not taken: [ReasonMalformed], [ReasonIncomplete] or, at another
	// URI (At, untrusted), [ReasonNoCallback].
	Proved bool
	At     string
	// Foreign: with [ReasonState], it did carry a state, but another attempt's; of a wait: the first that came.
	Foreign bool
	// Ignored counts what was seen and not taken, of a wait that no callback ended.
	Ignored map[Reason]int
	Err     error
}

// Error says what happened in one line; remote text in it is quoted, and cut after 200 bytes.
func (e *Error) Error() string {
	parts := []string{"callback", e.sentence()}
	if e.Name != "" {
		parts = append(parts, quoteUnlessPlain(e.Name))
	}
	if e.Description != "" {
		parts = append(parts, quote(e.Description))
	}
	if e.Addr != "" {
		parts = append(parts, e.Addr)
	}
	if e.Holder != "" {
		parts = append(parts, "held by "+e.Holder)
	}
	if e.Reason == ReasonNoCallback && e.Ignored[ReasonPage] > 0 {
		parts = append(parts, says[ReasonPage])
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// sentence says what happened; of a callback that had our state, that it was ours.
func (e *Error) sentence() string {
	switch {
	case e.Foreign:
		return "a code came that belongs to another attempt"
	case !e.Proved:
		return says[e.Reason]
	case e.At != "":
		return "this attempt's callback came to another URI than the one awaited: " + quote(e.At)
	}
	return "this attempt's callback came, but " + says[e.Reason]
}

// Unwrap returns the cause: the context's error, or the system's.
func (e *Error) Unwrap() error { return e.Err }

func quoteUnlessPlain(name string) string {
	if registered(name) != "" {
		return name
	}
	return quote(name)
}

// quote escapes control, bidi and zero-width characters, for none of them is printable to strconv.
func quote(s string) string {
	const most = 200
	if len(s) > most {
		return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "…"
	}
	return strconv.Quote(s)
}
