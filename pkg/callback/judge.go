package callback

import (
	"crypto/subtle"
	"net/url"
	"slices"
	"strings"
)

// answer is what the query of a callback says, judged against the state of one attempt.
type answer struct {
	reason            Reason // empty: a code with our state
	state             string // our state, if the answer has it, else empty; it proves nothing where the answer is malformed
	foreign           bool   // it has another state
	at                string // where it came, if not to the path of the redirect URI
	code              string
	name, description string // of an error; remote text
}

// final reports whether the answer proved our state and so ends a wait.
func (a answer) final() bool {
	return a.reason == "" || a.reason == ReasonDenied || a.reason == ReasonBoth
}

// err is the answer as an error, nil if it is a code. Without our state only a registered name is kept.
func (a answer) err() *Error {
	switch {
	case a.reason == "":
		return nil
	case a.final():
		return &Error{Reason: a.reason, Name: a.name, Description: a.description}
	}
	e := &Error{Reason: a.reason, Name: registered(a.name), Proved: a.state != "", Foreign: a.foreign, At: a.at}
	if a.at != "" {
		e.Reason, e.Name = ReasonNoCallback, ""
	}
	return e
}

func (a answer) outcome(c *Callback) outcome {
	if err := a.err(); err != nil {
		return outcome{err: err, proved: true}
	}
	return outcome{callback: c, proved: true}
}

// Parse judges a callback URL, or only its query, by the rules of [Listener.Offer], with no listener. An empty state
// proves nothing. The error is an [*Error] with [ReasonDenied], [ReasonBoth], [ReasonErrorWithoutState], [ReasonState],
// [ReasonMalformed] or [ReasonIncomplete].
func Parse(rawURL, state string) (*Callback, error) {
	return parse(pastedQuery(rawURL), state, pastedURI(rawURL), inQuery)
}

func parse(query, state, uri string, v vocabulary) (*Callback, error) {
	a := judge(query, state, v)
	if err := a.err(); err != nil {
		return nil, err
	}
	return &Callback{Code: a.code, State: a.state, Query: query, Via: ViaURL, URI: uri}, nil
}

// vocabulary says by which parameters a callback proves its attempt and tells of an error, and by which methods it comes.
type vocabulary struct {
	proof    string
	failures []string
	methods  string
}

var (
	inQuery    = vocabulary{"state", []string{"error"}, "GET"}                                 // RFC 6749, 4.1.2
	inFragment = vocabulary{"request_id", []string{"error_description", "error"}, "GET, POST"} // Verify's silent authentication
)

// once reports whether a parameter that comes twice would be ambiguous.
func (v vocabulary) once(name string) bool {
	return name == "code" || name == v.proof || slices.Contains(v.failures, name)
}

// has reports whether a parameter matters.
func (v vocabulary) has(name string) bool { return name == "error_description" || v.once(name) }

// judge reads a raw query by RFC 6749, 4.1.2: a parameter without a value counts as absent (3.1), code, state and error
// may come only once, and a code is printable ASCII (A.11).
func judge(query, state string, v vocabulary) answer {
	p, ok := params(query, v)
	if !ok || !printable(p["code"]) {
		a := answer{reason: ReasonMalformed}
		if carries(query, state, v) {
			a.state = state
		}
		return a
	}
	a := answer{code: p["code"], name: p["error"], description: p["error_description"]}
	failed := slices.ContainsFunc(v.failures, func(name string) bool { return p[name] != "" })
	proved := state != "" && subtle.ConstantTimeCompare([]byte(p[v.proof]), []byte(state)) == 1
	if proved {
		a.state = state
	}
	switch {
	case a.code == "" && !failed:
		a.reason = ReasonIncomplete
	case failed && !proved:
		a.reason = ReasonErrorWithoutState
	case !proved:
		a.reason, a.foreign = ReasonState, p[v.proof] != ""
	case a.code != "" && failed:
		a.reason = ReasonBoth
	case failed:
		a.reason = ReasonDenied
	}
	return a
}

// carries tells whether our state stands in a query that is not as it ought to be.
func carries(query, state string, v vocabulary) (found bool) {
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(pair, "="); name == v.proof && state != "" {
			got, err := url.QueryUnescape(value)
			found = err == nil && subtle.ConstantTimeCompare([]byte(got), []byte(state)) == 1 || found
		}
	}
	return found
}

// params decodes the parameters that matter. It is false when any escape is bad or one of them repeats where that would
// be ambiguous. url.ParseQuery would drop such pairs, and those with a semicolon, which is an ordinary character here.
func params(query string, words vocabulary) (map[string]string, bool) {
	got := make(map[string]string, 4)
	for pair := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(k)
		if err != nil {
			return nil, false
		}
		value, err := url.QueryUnescape(v)
		if err != nil {
			return nil, false
		}
		_, twice := got[name]
		switch {
		case twice && words.once(name):
			return nil, false
		case !twice && words.has(name):
			got[name] = value
		}
	}
	return got, true
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0
}

// blanks are what surrounds a URL where people copy it from.
const blanks = " \t\r\n\v\f\u00a0\u200b\ufeff\"'`<>“”‘’«»"

// pastedQuery takes the raw query out of what a person may paste.
func pastedQuery(raw string) string {
	s := strings.Trim(raw, blanks)
	s = strings.ReplaceAll(s, "&amp;", "&")
	s, _, _ = strings.Cut(s, "#")
	before, after, found := strings.Cut(s, "?")
	switch {
	case found && (!strings.Contains(before, "=") || strings.Contains(before, "://")):
		return after
	case strings.Contains(s, "="):
		return s
	}
	return ""
}

// pastedURI is what stands before the query of a whole URL that a person may paste; empty if it is none.
func pastedURI(raw string) string {
	s := strings.Trim(raw, blanks)
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	if !strings.Contains(s, "://") {
		return ""
	}
	return s
}

// oauthErrors are the names that an authorization response may carry: RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6,
// RFC 8707, RFC 9396, and the extensions registered with IANA beside them.
var oauthErrors = map[string]bool{
	"access_denied": true, "account_selection_required": true, "consent_required": true, "interaction_required": true,
	"invalid_authorization_details": true, "invalid_request": true, "invalid_request_object": true,
	"invalid_request_uri": true, "invalid_scope": true, "invalid_target": true, "login_required": true,
	"registration_not_supported": true, "request_not_supported": true, "request_uri_not_supported": true,
	"server_error": true, "temporarily_unavailable": true, "unauthorized_client": true,
	"unmet_authentication_requirements": true, "unsupported_response_type": true,
}

// registered returns a registered OAuth error name as it is and anything else as "".
func registered(name string) string {
	if oauthErrors[name] {
		return name
	}
	return ""
}
