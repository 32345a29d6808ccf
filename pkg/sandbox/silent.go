package sandbox

import (
	"cmp"
	"strings"
	"time"
)

// The second API is the silent_auth channel of Verify v2:
//
//	POST   /v2/verify                            starts a request: request_id and check_url
//	GET    /v2/verify/{id}/silent-auth/redirect  the check_url, opened by the device
//	       /carrier/…                            the same carrier as in the first API
//	GET    /v2/verify/{id}/silent-auth/return    hands the code over
//	POST   /v2/verify/{id}                       takes the code, once
//	DELETE /v2/verify/{id}                       cancels
//
// The form of the check_url is that of the vendor's samples; the path of the return is ours.
const (
	silentPath   = "/v2/verify"
	openPath     = "/silent-auth/redirect"
	handoverPath = "/silent-auth/return"
)

// silentStatus is how a request stands, in the vendor's words.
type silentStatus string

const (
	silentPending   silentStatus = "action_pending"
	silentCompleted silentStatus = "completed"
	silentRejected  silentStatus = "user_rejected"
	silentFailed    silentStatus = "failed"
	silentExpired   silentStatus = "expired"
	silentCancelled silentStatus = "cancelled"
)

// The reasons that the vendor documents for a chain without a code.
const (
	reasonFailed   = "The silent auth verification cannot be completed."
	reasonMSISDN   = "Device MSISDN does not match."
	reasonOperator = "Device number does not resolve to a supported Mobile Network Operator."
	reasonIP       = "IP Address does not resolve to a cellular device."
)

// silent is one request of the second API. What follows started is guarded by the server's mutex.
type silent struct {
	grant         // its redirect URI is "" where the chain ends in JSON
	id, clientRef string
	state         string // of its flow, along the chain
	started       time.Time

	status    silentStatus
	code      string // "" until it was handed over
	tried     bool   // a wrong code came: no other is taken
	finalized time.Time
}

// silentRoutes are the children of /v2/verify/{id}, by the rest of the path; the request itself takes two
// methods.
var silentRoutes = [...]route{
	{"", roleVendor, "POST", StageCheck, readCheck, serveCheck},
	{"", roleVendor, "DELETE", StageCancel, readCancel, serveCancel},
	{openPath, roleVendor, "GET", StageCheckURL, readOpen, serveOpen},
	{handoverPath, roleVendor, "GET", StageHandover, readChain, serveHandover},
}

// routeOf finds who lives at a path, and the id of the request in it. A method that nobody takes is the
// matter of the first route.
func routeOf(method, path string) (r *route, id string) {
	if r := routeAt(routes[:], method, path); r != nil {
		return r, ""
	}
	rest, ok := strings.CutPrefix(path, silentPath+"/")
	if !ok {
		return nil, ""
	}
	id, child := rest, ""
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		id, child = rest[:slash], rest[slash:]
	}
	if r = routeAt(silentRoutes[:], method, child); r == nil || id == "" {
		return nil, ""
	}
	return r, id
}

func routeAt(list []route, method, path string) (found *route) {
	for i := range list {
		switch r := &list[i]; {
		case r.path != path:
		case r.method == method:
			return r
		case found == nil:
			found = r
		}
	}
	return found
}

// request finds the request that the path names, nil if it is unknown. It runs under the server's lock.
func (c *call) request() *silent {
	q, ok := c.s.requests.get(c.entry.RequestID, c.now)
	if !ok {
		return nil
	}
	c.s.expire(q, c.now)
	return q
}

// expire ends a request whose time is over, under the server's lock.
func (s *Server) expire(q *silent, now time.Time) {
	if q.status == silentPending && !now.Before(q.started.Add(s.options.SilentTTL)) {
		s.finish(q, silentExpired, q.started.Add(s.options.SilentTTL))
	}
}

// finish gives a request its last status and frees the number, under the server's lock.
func (s *Server) finish(q *silent, status silentStatus, now time.Time) {
	q.status, q.finalized = status, now
	if id, ok := s.numbers.get(q.phone, now); ok && id == q.id {
		s.numbers.drop(q.phone)
	}
	s.flows.drop(q.state)
	s.conclude(q)
}

// silentEnd is what a number leads to.
type silentEnd struct {
	status silentStatus
	reason string // for the device; "" where all goes well
}

// silentEndOf is the Virtual Operator's table. Which words come with which number is not documented.
func silentEndOf(o outcome) silentEnd {
	switch o {
	case outcomeFalse:
		return silentEnd{silentRejected, reasonMSISDN}
	case outcomeError:
		return silentEnd{silentFailed, reasonFailed}
	default:
		return silentEnd{silentCompleted, ""}
	}
}

// verifyProblem answers with a problem of the Verify API. detail "" is the usual one; requestID may be "".
func (c *call) verifyProblem(status int, fragment, detail, requestID string) {
	text, _ := wordsOf(verifyWords[:], 0, fragment)
	replyJSON(c, status, typeProblem, problem{
		Type:  "https://developer.vonage.com/api-errors/verify#" + fragment,
		Title: text.title, Detail: cmp.Or(detail, text.detail), Instance: c.s.ids.uuid(), RequestID: requestID,
	})
}

// verifyWords are the problems of the Verify API beside those of the gateway.
var verifyWords = [...]coded{
	{409, "concurrent", words{"Conflict", "Concurrent verifications to the same number are not allowed"}},
	{409, "conflict", words{"Conflict", "The current status of the request does not allow it to be cancelled."}},
	{402, "low-balance", words{"Low balance", "This request could not be performed due to your account balance being low."}},
	{412, "precondition-failed", words{"Precondition failed", "Silent authentication failed"}},
	{400, "invalid-code", words{"Invalid Code", "The code you provided does not match the expected value."}},
	{404, "not-found", words{"Not Found", "The request was not found or it has been verified already."}},
}
