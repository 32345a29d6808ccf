package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Faults of the second API. Those of the carrier are in faults_chain.go and strike both.

var startFaults = []Fault{
	{"start-401", "the JWT is refused", StageStart, refused(refusal{status: 401})},
	{"start-402-low-balance", "the account has no money left", StageStart, verifyProblemOf(402, "low-balance", "")},
	{"start-409-concurrent", "another request for the number is under way", StageStart, with(func(c *call) {
		c.verifyProblem(http.StatusConflict, "concurrent", "", c.s.ids.uuid())
	})},
	{
		"start-412-network-not-supported", "the number's network takes no part", StageStart,
		verifyProblemOf(412, "precondition-failed", "Network not supported"),
	},
	{
		"start-412-silent-auth-failed", "the coverage check fails", StageStart,
		verifyProblemOf(412, "precondition-failed", "Silent authentication failed"),
	},
	{"start-422", "a parameter is refused and named", StageStart, refused(refusal{
		status: 422, params: []invalidParam{{"brand", "`brand` is required."}},
	})},
	{"start-429", "too many requests, to be retried after a second", StageStart, retryLater("1", refused(refusal{status: 429}))},
	{"start-500", "the vendor fails", StageStart, refused(refusal{status: 500})},
	{"start-503", "out of service, with a gateway's page", StageStart, htmlPage(503, "503 Service Unavailable")},
	{"check-url-null", "check_url is null", StageStart, checkURLs(func(string) any { return nil })},
	{"check-url-relative", "check_url is a path", StageStart, checkURLs(pathOf)},
	{"check-url-javascript", "check_url is a javascript: URL", StageStart, checkURLs(func(string) any { return "javascript:alert(1)" })},
}

var handoverFaults = []Fault{
	{"fragment-error-cannot-be-completed", "the chain ends without a code: it failed", StageHandover, endsWith(silentFailed, reasonFailed)},
	{"fragment-error-msisdn", "the chain ends without a code: the device holds another number", StageHandover, endsWith(silentRejected, reasonMSISDN)},
	{"fragment-error-operator", "the chain ends without a code: no supported operator", StageHandover, endsWith(silentFailed, reasonOperator)},
	{"fragment-error-ip", "the chain ends without a code: not a mobile connection", StageHandover, endsWith(silentFailed, reasonIP)},
	{"fragment-other-request-id", "the fragment at redirect_url names another request", StageHandover, fragments(
		func(c *call, code string) string { return "request_id=" + c.s.ids.uuid() + "&code=" + code },
	)},
	{"fragment-no-request-id", "the fragment at redirect_url names no request", StageHandover, fragments(
		func(_ *call, code string) string { return "code=" + code },
	)},
	{"chain-json-other-request-id", "the JSON at the end of the chain names another request", StageHandover, chainJSON(
		func(c *call, a *handoverAnswer) any { return handoverAnswer{c.s.ids.uuid(), a.Code} },
	)},
	{"chain-json-no-code", "the JSON at the end of the chain has no code", StageHandover, chainJSON(
		func(_ *call, a *handoverAnswer) any { return map[string]string{"request_id": a.RequestID} },
	)},
}

var checkFaults = []Fault{
	{"check-400-invalid-code", "the code is refused", StageCheck, verifyProblemOf(400, "invalid-code", "")},
	{"check-404", "the request is unknown or verified already", StageCheck, verifyProblemOf(404, "not-found", "")},
	{"check-410", "the one attempt is used up", StageCheck, verifyProblemOf(410, "invalid-code", noAttempts.detail)},
	{"check-429", "too many requests, to be retried after a second", StageCheck, retryLater("1", refused(refusal{status: 429}))},
	{"check-500", "the vendor fails", StageCheck, refused(refusal{status: 500})},
	{"check-html", "a 200 with a sign-in page", StageCheck, htmlPage(200, "Please sign in")},
	{"check-other-request-id", "the answer is about another request", StageCheck, statuses(`{"request_id":"OTHER","status":"STATUS"}`)},
	{"check-status-user-rejected", "the status is user_rejected", StageCheck, statuses(`{"request_id":"ID","status":"user_rejected"}`)},
	{"check-status-failed", "the status is failed", StageCheck, statuses(`{"request_id":"ID","status":"failed"}`)},
	{"check-status-expired", "the status is expired", StageCheck, statuses(`{"request_id":"ID","status":"expired"}`)},
	{"check-status-unknown", "the status is a word that nobody knows", StageCheck, statuses(`{"request_id":"ID","status":"perhaps"}`)},
	{"check-status-missing", "the answer has no status", StageCheck, statuses(`{"request_id":"ID"}`)},
	{"check-truncated", "the JSON stops in the middle", StageCheck, statuses(`{"request_id":"ID","status":"comp`)},
	{"check-reset", "the request is read, then the connection reset", StageCheck, reset},
}

func verifyProblemOf(status int, fragment, detail string) do {
	return with(func(c *call) { c.verifyProblem(status, fragment, detail, "") })
}

// checkURLs changes the check_url of a good answer.
func checkURLs(change func(checkURL string) any) do {
	return altered(func(_ *call, a *answer) {
		good := a.started()
		a.body = nil
		replyJSON(a, http.StatusAccepted, typeJSON, map[string]any{"request_id": good.RequestID, "check_url": change(good.CheckURL)})
	})
}

// endsWith ends the chain, and the request, as that of a number which fails for that reason.
func endsWith(status silentStatus, reason string) do {
	return with(func(c *call) {
		if !c.lostSilent() {
			c.endChainWith(silentEnd{status, reason})
		}
	})
}

// fragments changes the fragment of the last redirect. A chain that ends in JSON passes.
func fragments(change func(c *call, code string) string) do {
	changed := altered(func(c *call, a *answer) {
		at, fragment, _ := strings.Cut(a.header.Get("Location"), "#")
		if _, code, ok := strings.Cut(fragment, "&code="); ok {
			a.header["Location"] = []string{at + "#" + change(c, code)}
		}
	})
	return only(func(q *silent) bool { return q.redirectURL != "" }, changed)
}

// chainJSON changes the JSON at the end of the chain. A chain that ends with a redirect passes.
func chainJSON(change func(c *call, good *handoverAnswer) any) do {
	changed := altered(func(c *call, a *answer) {
		var good handoverAnswer
		if json.Unmarshal(a.body, &good) == nil {
			a.body = nil
			replyJSON(a, http.StatusOK, typeJSON, change(c, &good))
		}
	})
	return only(func(q *silent) bool { return q.redirectURL == "" }, changed)
}

// only lets a deed be done to the requests that it fits.
func only(fits func(*silent) bool, then do) do {
	return func(s *Server, w http.ResponseWriter, r *http.Request) bool {
		c, ok := w.(*call)
		return ok && c.flow.isSilent() && fits(c.flow.silent) && then(s, w, r)
	}
}

// statuses writes a good answer in another form: ID, OTHER and STATUS stand for what it holds, and for
// another request.
func statuses(form string) do {
	return altered(func(c *call, a *answer) {
		var good checkAnswer
		if json.Unmarshal(a.body, &good) == nil {
			a.body = []byte(strings.NewReplacer("ID", good.RequestID, "OTHER", c.s.ids.uuid(), "STATUS", string(good.Status)).Replace(form))
		}
	})
}
