package sandbox

import (
	"net/http"
	"net/url"
	"strings"
)

// handoverAnswer is the 200 at the end of the chain, where no redirect_url was given.
type handoverAnswer struct {
	RequestID string `json:"request_id"`
	Code      string `json:"code"`
}

// readOpen takes the flow from the id in the path: a check_url has no query.
func readOpen(c *call) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	q := c.request()
	if q == nil {
		return
	}
	c.entry.State, c.entry.RedirectURI = q.state, q.redirectURI
	c.partOf(&q.grant)
	if f, ok := c.s.flows.get(q.state, c.now); ok {
		c.flow = f
	}
}

// serveOpen begins the chain. Until the code was handed over it may begin again, as when a device lost
// its connection on the way.
func serveOpen(c *call) {
	if c.lostSilent() {
		return
	}
	redirect(c, c.s.carrier+firstHop+"?state="+c.entry.State)
}

// lostSilent answers for a request that is unknown, or that nothing can be done with any more, and tells
// whether it was one.
func (c *call) lostSilent() bool {
	if c.flow.isSilent() && c.flow.silent.id == c.entry.RequestID {
		return false
	}
	c.entry.Note = "the request is unknown, over or too old"
	c.verifyProblem(http.StatusNotFound, "not-found", "", "")
	return true
}

// serveHandover ends the chain: the carrier's code is good once, and turns into the one for the backend.
func serveHandover(c *call) {
	if c.lostSilent() {
		return
	}
	result := c.flow.result
	end := silentEndOf(result)
	if c.s.options.silentFailsAt(result) != StageHandover {
		end.reason = ""
	}
	c.endChainWith(end)
}

// endChainWith hands a code over or, where there is a reason why not, that.
func (c *call) endChainWith(end silentEnd) {
	code := c.s.ids.short()
	switch {
	case !c.takeCarrierCode(code, end):
		c.entry.Note = "the code is not the carrier's"
		c.verifyProblem(http.StatusBadRequest, "invalid-code", "The carrier's code is not valid.", "")
	case end.reason != "":
		c.handError(end.reason)
	default:
		c.handOver(code)
	}
}

// takeCarrierCode takes the carrier's code and keeps the one for the backend, or ends the request.
func (c *call) takeCarrierCode(code string, end silentEnd) bool {
	sent, _ := c.one("code")
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	f, open := c.s.flows.get(c.entry.State, c.now)
	if !open || f.carrierCode == "" || sent != f.carrierCode {
		return false
	}
	c.s.flows.drop(c.entry.State)
	if end.reason != "" {
		c.entry.Note = "the chain ends with a reason in place of the code (" + strings.TrimSuffix(end.reason, ".") + ")"
		c.s.finish(f.silent, end.status, c.now)
		return true
	}
	f.silent.code = code
	return true
}

// handOver sends the code: in the fragment of the redirect_url, which no server sees, or as JSON.
func (c *call) handOver(code string) {
	q := c.flow.silent
	if q.redirectURI != "" {
		redirect(c, q.redirectURI+"#request_id="+q.id+"&code="+code)
		return
	}
	c.Header()["Cache-Control"] = noStore
	replyJSON(c, http.StatusOK, typeJSON, handoverAnswer{q.id, code})
}

// handError sends the reason why there is no code. That it is a problem with 400 where no redirect_url
// was given is inferred: the vendor documents only the fragment.
func (c *call) handError(reason string) {
	q := c.flow.silent
	if q.redirectURI != "" {
		redirect(c, q.redirectURI+"#request_id="+q.id+"&error_description="+url.QueryEscape(reason))
		return
	}
	c.Header()["Cache-Control"] = noStore
	c.verifyProblem(http.StatusBadRequest, "precondition-failed", reason, q.id)
}
