package sandbox

import "net/http"

// maxCode bounds a code that is handed in; the vendor's have 4 to 10 characters.
const maxCode = 64

// checkAnswer is the 200 of POST /v2/verify/{request_id}.
type checkAnswer struct {
	RequestID string       `json:"request_id"`
	Status    silentStatus `json:"status"`
}

func readCheck(c *call) {
	o := c.readObject()
	c.field(o, "code", "a string", &c.entry.Code)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if q := c.request(); q != nil {
		c.partOf(&q.grant)
	}
}

// serveCheck takes the code that the device was handed. There is one attempt, right or wrong.
func serveCheck(c *call) {
	if err := c.authenticate(); err != nil {
		c.refuseJWT(err)
		return
	}
	if c.refuseMalformed() {
		return
	}
	if n := len(c.entry.Code); n == 0 || n > maxCode {
		wrong := []invalidParam{{"code", "must have 4 to 10 characters"}}
		c.deny("code is missing or too long", refusal{status: http.StatusUnprocessableEntity, params: wrong})
		return
	}
	status, verdict := c.redeemSilent()
	if verdict != nil {
		c.entry.Note = verdict.note
		c.verifyProblem(verdict.status, verdict.fragment, verdict.detail, "")
		return
	}
	replyJSON(c, http.StatusOK, typeJSON, checkAnswer{c.entry.RequestID, status})
}

// verdict is a no to a code or to a cancellation.
type verdict struct {
	status                 int
	fragment, detail, note string
}

// What a code can meet. A request that is over is unknown to the vendor; one that had its attempt, or ran
// out of time, is gone. For the expired one 410 is inferred.
var (
	noRequest  = &verdict{http.StatusNotFound, "not-found", "", "the request is unknown or verified already"}
	wrongCode  = &verdict{http.StatusBadRequest, "invalid-code", "", "the code is wrong; it was the one attempt"}
	noAttempts = &verdict{
		http.StatusGone, "invalid-code", "An incorrect code has been provided too many times. Workflow terminated.",
		"the one attempt is used up",
	}
	tooLate  = &verdict{http.StatusGone, "invalid-code", "The request has expired.", "the request has expired"}
	tooEarly = &verdict{http.StatusConflict, "conflict", "", "a request cannot be cancelled so soon after its start"}
)

// redeemSilent takes the one attempt at the call's code.
func (c *call) redeemSilent() (silentStatus, *verdict) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	q := c.request()
	switch {
	case q == nil:
		return "", noRequest
	case q.tried:
		return "", noAttempts
	case q.status == silentExpired:
		return "", tooLate
	case q.status != silentPending:
		return "", noRequest
	case q.code == "" || c.entry.Code != q.code:
		q.tried = true
		c.s.finish(q, silentFailed, c.now)
		return "", wrongCode
	}
	status := silentEndOf(q.result).status
	c.s.finish(q, status, c.now)
	return status, nil
}

func readCancel(c *call) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if q := c.request(); q != nil {
		c.partOf(&q.grant)
	}
}

// serveCancel ends a request, from [Options.CancelAfter] on.
func serveCancel(c *call) {
	if err := c.authenticate(); err != nil {
		c.refuseJWT(err)
		return
	}
	if no := c.cancelSilent(); no != nil {
		c.entry.Note = no.note
		c.verifyProblem(no.status, no.fragment, no.detail, "")
		return
	}
	c.WriteHeader(http.StatusNoContent)
}

func (c *call) cancelSilent() *verdict {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	q := c.request()
	if q == nil || q.status != silentPending {
		return noRequest
	}
	if c.now.Before(q.started.Add(c.s.options.CancelAfter)) {
		return tooEarly
	}
	c.s.finish(q, silentCancelled, c.now)
	return nil
}
