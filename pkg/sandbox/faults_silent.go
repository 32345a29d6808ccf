package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Faults of the second API. Those of the carrier are in faults_chain.go and strike both.

func startFaults() []Fault {
	return []Fault{
		{"start-401", "the JWT is refused", StageStart, refused(refusal{status: 401})},
		{"start-jwt-expired", "the JWT is refused as expired", StageStart, problemOf(401, "jwt-expired", "")},
		{"start-jwt-not-yet-valid", "the JWT is refused: it is from the future", StageStart, jwtRefused("the JWT is not valid yet")},
		{"start-jwt-other-application", "the JWT is refused: it is for another application", StageStart, jwtRefused("the JWT is for another application")},
		{"start-clock-ahead", "the server's clock is 20 minutes ahead of ours", StageStart, clockOff(skew)},
		{"start-clock-behind", "the server's clock is 20 minutes behind ours", StageStart, clockOff(-skew)},
		{"start-402-low-balance", "the account has no money left", StageStart, verifyProblemOf(402, "low-balance", "")},
		{"start-403", "the account may not do this", StageStart, refused(refusal{status: 403})},
		{"start-unprovisioned", "the account is not provisioned for this API", StageStart, problemOf(403, "unprovisioned", "")},
		{"start-404", "nobody lives at the endpoint (HAL)", StageStart, with(func(c *call) { notFound(c, c.r.URL.Path) })},
		{"start-409-concurrent", "another request for the number is under way", StageStart, with(func(c *call) {
			c.verifyProblem(http.StatusConflict, "concurrent", "", c.s.ids.uuid())
		})},
		{"start-410", "the API has been retired", StageStart, refused(refusal{status: 410})},
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
		{"start-429-date", "too many requests, to be retried at a date", StageStart, retryAt(refused(refusal{status: 429}))},
		{"start-500", "the vendor fails", StageStart, refused(refusal{status: 500})},
		{"start-502-html", "a gateway answers with its own page", StageStart, htmlPage(502, "502 Bad Gateway")},
		{"start-503", "out of service, with a gateway's page", StageStart, htmlPage(503, "503 Service Unavailable")},
		{"start-504", "a gateway gives up, without a body", StageStart, gaveUp},
		{"start-html", "a captive portal answers 200 with its page", StageStart, htmlPage(200, "Welcome to the guest Wi-Fi")},
		{"start-truncated", "the JSON stops in the middle", StageStart, raw(202, typeJSON, `{"request_id":"c1`)},
		{"start-redirect", "the endpoint redirects to another host", StageStart, sentElsewhere},
		{"start-slow", "no answer for half a minute", StageStart, slow},
		{"start-reset", "the request is read, then the connection reset", StageStart, reset},
		{"start-deprecated", "a good answer announces that the API goes", StageStart, deprecated},
		{"start-no-request-id", "the answer has no request_id", StageStart, altered(func(_ *call, a *answer) {
			good := a.started()
			a.body = nil
			replyJSON(a, http.StatusAccepted, typeJSON, map[string]string{"check_url": good.CheckURL})
		})},
		{"check-url-null", "check_url is null", StageStart, checkURLs(func(string) any { return nil })},
		{"check-url-relative", "check_url is a path", StageStart, checkURLs(pathOf)},
		{"check-url-javascript", "check_url is a javascript: URL", StageStart, checkURLs(func(string) any { return "javascript:alert(1)" })},
		{"check-url-404", "the check_url leads nowhere: the request is unknown, over or too old", StageCheckURL, verifyProblemOf(404, "not-found", "")},
	}
}

func checkFaults() []Fault {
	return []Fault{
		{"check-401", "the JWT is refused", StageCheck, refused(refusal{status: 401})},
		{"check-jwt-expired", "the JWT is refused as expired", StageCheck, problemOf(401, "jwt-expired", "")},
		{"check-403", "the account may not do this", StageCheck, refused(refusal{status: 403})},
		{"check-400-invalid-code", "the code is refused", StageCheck, verifyProblemOf(400, "invalid-code", "")},
		{"check-404", "the request is unknown or verified already", StageCheck, verifyProblemOf(404, "not-found", "")},
		{"check-409-conflict", "the request cannot be checked as it stands", StageCheck, verifyProblemOf(409, "conflict", "The request is not awaiting a code.")},
		{"check-410", "the one attempt is used up", StageCheck, verifyProblemOf(410, "invalid-code", noAttempts.detail)},
		{"check-422", "a parameter is refused and named", StageCheck, refused(refusal{
			status: 422, params: []invalidParam{{"code", "must have 4 to 10 characters"}},
		})},
		{"check-429", "too many requests, to be retried after a second", StageCheck, retryLater("1", refused(refusal{status: 429}))},
		{"check-429-date", "too many requests, to be retried at a date", StageCheck, retryAt(refused(refusal{status: 429}))},
		{"check-500", "the vendor fails", StageCheck, refused(refusal{status: 500})},
		{"check-502-html", "a gateway answers with its own page", StageCheck, htmlPage(502, "502 Bad Gateway")},
		{"check-503", "out of service, with a gateway's page", StageCheck, htmlPage(503, "503 Service Unavailable")},
		{"check-504", "a gateway gives up, without a body", StageCheck, gaveUp},
		{"check-redirect", "the endpoint redirects to another host", StageCheck, sentElsewhere},
		{"check-html", "a 200 with a sign-in page", StageCheck, htmlPage(200, "Please sign in")},
		{"check-other-request-id", "the answer is about another request", StageCheck, statuses(`{"request_id":"OTHER","status":"STATUS"}`)},
		{"check-status-user-rejected", "the status is user_rejected", StageCheck, statuses(`{"request_id":"ID","status":"user_rejected"}`)},
		{"check-status-failed", "the status is failed", StageCheck, statuses(`{"request_id":"ID","status":"failed"}`)},
		{"check-status-expired", "the status is expired", StageCheck, statuses(`{"request_id":"ID","status":"expired"}`)},
		{"check-status-unknown", "the status is a word that nobody knows", StageCheck, statuses(`{"request_id":"ID","status":"perhaps"}`)},
		{"check-status-missing", "the answer has no status", StageCheck, statuses(`{"request_id":"ID"}`)},
		{"check-status-null", "the status is null", StageCheck, statuses(`{"request_id":"ID","status":null}`)},
		{"check-status-twice", "the status comes twice, once each way", StageCheck, statuses(`{"request_id":"ID","status":"STATUS","status":"failed"}`)},
		{"check-status-other-case", "the status is spelled with a capital", StageCheck, statuses(`{"request_id":"ID","Status":"STATUS"}`)},
		{"check-truncated", "the JSON stops in the middle", StageCheck, statuses(`{"request_id":"ID","status":"comp`)},
		{"check-slow", "no answer for half a minute", StageCheck, slow},
		{"check-reset", "the request is read, then the connection reset", StageCheck, reset},
	}
}

func cancelFaults() []Fault {
	return []Fault{
		{"cancel-401", "the JWT is refused", StageCancel, refused(refusal{status: 401})},
		{"cancel-jwt-expired", "the JWT is refused as expired", StageCancel, problemOf(401, "jwt-expired", "")},
		{"cancel-403", "the account may not do this", StageCancel, refused(refusal{status: 403})},
		{"cancel-404", "the request is unknown or over", StageCancel, verifyProblemOf(404, "not-found", "")},
		{"cancel-409", "the request cannot be cancelled as it stands", StageCancel, verifyProblemOf(409, "conflict", "")},
		{"cancel-429", "too many requests, to be retried after a second", StageCancel, retryLater("1", refused(refusal{status: 429}))},
		{"cancel-429-date", "too many requests, to be retried at a date", StageCancel, retryAt(refused(refusal{status: 429}))},
		{"cancel-500", "the vendor fails", StageCancel, refused(refusal{status: 500})},
		{"cancel-502-html", "a gateway answers with its own page", StageCancel, htmlPage(502, "502 Bad Gateway")},
		{"cancel-503", "out of service, with a gateway's page", StageCancel, htmlPage(503, "503 Service Unavailable")},
		{"cancel-504", "a gateway gives up, without a body", StageCancel, gaveUp},
		{"cancel-html", "a 200 with a sign-in page", StageCancel, htmlPage(200, "Please sign in")},
		{"cancel-redirect", "the endpoint redirects to another host", StageCancel, sentElsewhere},
		{"cancel-slow", "no answer for half a minute", StageCancel, slow},
		{"cancel-reset", "the request is read, then the connection reset", StageCancel, reset},
	}
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
