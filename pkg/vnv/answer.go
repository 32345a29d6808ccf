package vnv

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// answer is an HTTP answer, read whole.
type answer struct {
	op         Op
	status     int
	header     http.Header
	body       []byte
	now        time.Time // when it came
	correlator string    // as sent
	hide       *strings.Replacer
}

// statusKinds holds the statuses that mean the same at every step but
// verify; see kindOf.
var statusKinds = map[int]Kind{
	http.StatusUnauthorized:       KindAuth,
	http.StatusForbidden:          KindAuth,
	http.StatusNotFound:           KindGone,
	http.StatusGone:               KindGone,
	http.StatusProxyAuthRequired:  KindNetwork,
	http.StatusTooManyRequests:    KindLimit,
	http.StatusServiceUnavailable: KindUnavailable,
}

// kindOf reads a status that is no success. At verify 401 and 403 speak of
// the access token, the device and the number, not of our credentials.
func kindOf(op Op, status int) Kind {
	kind := statusKinds[status]
	switch {
	case kind == KindAuth && op == OpVerify:
		return KindRefused
	case kind != "":
		return kind
	case status >= http.StatusInternalServerError:
		return KindServer
	case status >= http.StatusBadRequest:
		return KindRefused
	}
	return KindUnusable
}

// notEnabledWords are those of a 403 at enable that is not about credentials.
var notEnabledWords = []string{"allowlist", "allow-list", "allow list", "whitelist", "provision"}

func speaksOfProvisioning(p problem) bool {
	text := strings.ToLower(p.code + " " + p.detail)
	for _, word := range notEnabledWords {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// refusal is the error of an answer that is no success.
func (a *answer) refusal() *Error {
	p := readProblem(a.body)
	if p == (problem{}) {
		p = challenge(a.header.Get("WWW-Authenticate"))
	}
	kind := kindOf(a.op, a.status)
	if a.op == OpEnable && a.status == http.StatusForbidden && speaksOfProvisioning(p) {
		kind = KindNotEnabled
	}
	var cause error
	if a.status >= 300 && a.status <= 399 {
		cause = errors.New("a redirect, which is not followed")
	}
	return a.fail(kind, cause).with(p)
}

// object reads the body of a success.
func (a *answer) object() (object, *Error) {
	if isPage(a.body) {
		kind := KindUnusable
		if a.op == OpEnable {
			kind = KindServer
		}
		return nil, a.fail(kind, errors.New("a web page came in place of an answer")).with(readProblem(a.body))
	}
	doc, err := parseObject(a.body)
	if err != nil {
		return nil, a.unusable("%w", err)
	}
	return doc, nil
}

// unusable is the error of a success that does not hold what was promised.
func (a *answer) unusable(format string, args ...any) *Error {
	return a.fail(KindUnusable, fmt.Errorf("the answer is unusable: "+format, args...))
}

// fail is an error with all that the headers of the answer tell.
func (a *answer) fail(kind Kind, cause error) *Error {
	return &Error{
		Op: a.op, Kind: kind, Status: a.status, Sent: SentYes, Err: cause, hide: a.hide,
		Correlator: a.keptCorrelator(),
		RetryAfter: retryAfter(a.header.Get("Retry-After"), a.now),
		Date:       httpDate(a.header.Get("Date")),
		Notices:    lifeNotices(a.header),
	}
}

// with adds the far side's words, without our secrets.
func (e *Error) with(p problem) *Error {
	e.Code, e.Detail, e.TraceID = e.conceal(p.code), e.conceal(p.detail), e.conceal(p.trace)
	return e
}

// keptCorrelator is the echoed one, if it is one, else the one sent.
func (a *answer) keptCorrelator() string {
	echoed := a.header.Get(correlatorHeader)
	if !correlatorForm().MatchString(echoed) {
		echoed = ""
	}
	return cmp.Or(echoed, a.correlator)
}
