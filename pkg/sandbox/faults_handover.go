package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

func handoverFaults() []Fault {
	return []Fault{
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
		{"fragment-error-no-request-id", "the fragment at redirect_url has an error and names no request", StageHandover, fragments(
			func(*call, string) string { return "error_description=" + url.QueryEscape(reasonFailed) },
		)},
		{"chain-json-other-request-id", "the JSON at the end of the chain names another request", StageHandover, chainJSON(
			func(c *call, a *handoverAnswer) any { return handoverAnswer{c.s.ids.uuid(), a.Code} },
		)},
		{"chain-json-no-code", "the JSON at the end of the chain has no code", StageHandover, chainJSON(
			func(_ *call, a *handoverAnswer) any { return map[string]string{"request_id": a.RequestID} },
		)},
		{"fragment-code-and-error", "the fragment at redirect_url has a code and an error at once", StageHandover, fragments(
			func(c *call, code string) string {
				return "request_id=" + c.entry.RequestID + "&code=" + code + "&error_description=" + url.QueryEscape(reasonFailed)
			},
		)},
		{"chain-json-truncated", "the JSON at the end of the chain stops in the middle", StageHandover, inJSON(altered(
			func(_ *call, a *answer) { a.body = a.body[:len(a.body)-len(`123456"}`)] },
		))},
		{"chain-html", "a page at the end of the chain, in place of the code", StageHandover, htmlPage(200, "Done")},
		{"late-handover", "the code comes half a minute late", StageHandover, slow},
	}
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
	return only(func(q *silent) bool { return q.redirectURI != "" }, changed)
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
	return inJSON(changed)
}

// inJSON lets a deed be done to the chains that end in JSON.
func inJSON(then do) do { return only(func(q *silent) bool { return q.redirectURI == "" }, then) }

// only lets a deed be done to the requests that it fits.
func only(fits func(*silent) bool, then do) do {
	return func(s *Server, w http.ResponseWriter, r *http.Request) bool {
		c, ok := w.(*call)
		return ok && c.flow.isSilent() && fits(c.flow.silent) && then(s, w, r)
	}
}
