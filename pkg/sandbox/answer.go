package sandbox

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"strconv"
)

// The media types of answers.
const (
	typeJSON    = "application/json"
	typeProblem = "application/problem+json"
	typeHAL     = "application/hal+json"
	typeHTML    = "text/html; charset=utf-8"

	typeForm = "application/x-www-form-urlencoded" // of requests
)

// refusal is why a request gets no for an answer; its stage says in which of the shapes.
type refusal struct {
	status int
	detail string // "" for the words that belong to the code
	params []invalidParam
}

type invalidParam struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// shape says how a stage refuses a request that is wrong, and how it fails for a number whose outcome
// is an error; nil where that is not by Options.ErrorAt.
type shape struct {
	stage  Stage
	refuse func(*call, refusal)
	fail   func(*call, int)
}

// shapes are all stages. Here and below tables are arrays: the linker lays them out, where a map would be
// filled at every start of a program that only links this package.
var shapes = [...]shape{
	{StageEnable, refuseProblem, func(c *call, status int) { refuseProblem(c, refusal{status: status}) }},
	{StageAuthorize, refusePage, failCallback},
	{StageCarrier, refusePage, failCallback},
	{StageCallback, refusePage, failCallback},
	{StageToken, refuseOAuth, func(c *call, status int) { refuseOAuth(c, refusal{status: status}) }},
	{StageVerify, refuseCamara, failVerify},
	{StageStart, refuseProblem, nil},
	{StageCheckURL, refuseProblem, nil},
	{StageHandover, refuseProblem, nil},
	{StageCheck, refuseProblem, nil},
	{StageCancel, refuseProblem, nil},
	{StageApplication, refuseProblem, nil},
	{StageOpenID, refuseProblem, nil},
}

// shape is how a stage says no, the zero shape for a stage that is none.
func (s Stage) shape() shape {
	for _, row := range shapes {
		if row.stage == s {
			return row
		}
	}
	return shape{}
}

// refuse answers in the shape of the call's stage.
func (c *call) refuse(r refusal) { c.route.stage.shape().refuse(c, r) }

// fails answers for a number whose outcome is an error where that is met at this stage, and tells whether it did.
func (c *call) fails(result outcome) bool {
	if c.s.options.ErrorAt != c.route.stage || c.flow.isSilent() || result != outcomeError {
		return false
	}
	c.entry.Note = "a number whose outcome is an error fails here"
	c.route.stage.shape().fail(c, c.s.options.ErrorStatus)
	return true
}

// reply sends a body with its length, in one write.
func reply(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{mediaType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck // the client has gone
}

// replyJSON sends v; HTML characters stay as they are, as elsewhere on the wire.
func replyJSON(w http.ResponseWriter, status int, mediaType string, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		reply(w, http.StatusInternalServerError, typeHTML, nil) // no value of ours gets here
		return
	}
	reply(w, status, mediaType, bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// redirect sends the client on, the CAMARA way (302) and with no body.
func redirect(w http.ResponseWriter, location string) {
	h := w.Header()
	h["Location"] = []string{location}
	h["Cache-Control"] = noStore
	h["Content-Length"] = zeroLength
	w.WriteHeader(http.StatusFound)
}

// neverStored is for answers that hold a token, or might (RFC 6749 section 5.1).
func neverStored(w http.ResponseWriter) {
	h := w.Header()
	h["Cache-Control"], h["Pragma"] = noStore, noCache
}

// Header values that never change; net/http only reads them.
var (
	noStore    = []string{"no-store"}
	noCache    = []string{"no-cache"}
	zeroLength = []string{"0"}
	rateLimit  = []string{"10, 10;w=1"}
	bearer     = []string{`Bearer error="invalid_token"`}

	bearerAlone = []string{"Bearer"}
	bearerScope = []string{`Bearer error="insufficient_scope"`}
)

// ProblemTypes is what the type of a problem of the vendor's gateway begins with; its code follows (RFC 7807).
const ProblemTypes = "https://developer.vonage.com/api-errors#"

// problem is the vendor gateway's shape (RFC 7807). Its type's fragment is the code.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Detail    string         `json:"detail"`
	Instance  string         `json:"instance"`
	Params    []invalidParam `json:"invalid_parameters,omitempty"`
	RequestID string         `json:"request_id,omitempty"` // Verify: the one under way
}

// words are a title and a detail; for OAuth and CAMARA a code and its message.
type words struct{ title, detail string }

// coded is a code with its words, and the status that it belongs to.
type coded struct {
	status int
	code   string
	words
}

// wordsOf finds the first row that is for the status or, where that is 0, for the code.
func wordsOf(table []coded, status int, code string) (coded, bool) {
	for _, row := range table {
		if row.status == status && status != 0 || row.code == code && code != "" {
			return row, true
		}
	}
	return coded{}, false
}

// problemWords are the fragments of the gateway. Those that stand for no status of their own have 0.
var problemWords = [...]coded{
	{401, "unauthorized", words{"Unauthorized", "You did not provide correct credentials."}},
	{0, "jwt-expired", words{"JWT expired", "The JWT in use has expired."}},
	{403, "forbidden", words{"Forbidden", "Your account does not have permission to perform this action."}},
	{0, "unprovisioned", words{"Authentication failure", "Your account is not provisioned for this network API."}},
	{404, "not-found", words{"Not Found", "The requested resource was not found."}},
	{405, "wrong-verb", words{"Method Not Allowed", "This method is not supported here."}},
	{410, "gone", words{"Gone", "This API has been retired."}},
	{415, "content-type-header", words{"Unsupported Media Type", "The Content-Type header is not supported here."}},
	{422, "invalid-params", words{"Your request parameters did not validate.", "The value of one or more parameters is invalid."}},
	{429, "throttled", words{"Rate Limit Hit", "Please wait, then retry your request"}},
	{500, "internal-error", words{"Internal Error", "There was an error on our side."}},
}

// problem answers with the problem of a fragment; detail "" is the usual one.
func (s *Server) problem(w http.ResponseWriter, status int, fragment, detail string, params ...invalidParam) {
	row, _ := wordsOf(problemWords[:], 0, fragment)
	text := row.words
	if status == http.StatusBadRequest {
		text.title = "Bad Request"
	}
	if detail != "" {
		text.detail = detail
	}
	if h := w.Header(); status == http.StatusUnauthorized && len(h["Www-Authenticate"]) == 0 {
		h["Www-Authenticate"] = bearer // RFC 9110 section 15.5.2
	}
	replyJSON(w, status, typeProblem, problem{
		ProblemTypes + fragment, text.title, text.detail, s.ids.hex128(), params, "",
	})
}

func refuseProblem(c *call, r refusal) {
	row, ok := wordsOf(problemWords[:], r.status, "")
	switch {
	case !ok && r.status >= 500:
		row.code = "internal-error"
	case !ok:
		row.code = "invalid-params"
	}
	c.s.problem(c, r.status, row.code, r.detail, r.params...)
}

// notFound is the vendor's 404, in HAL form.
func notFound(w http.ResponseWriter, path string) {
	type link struct {
		Href      string `json:"href"`
		Templated bool   `json:"templated"`
	}
	type message struct {
		Message string `json:"message"`
	}
	replyJSON(w, http.StatusNotFound, typeHAL, struct {
		Message  string               `json:"message"`
		Links    map[string]link      `json:"_links"`
		Embedded map[string][]message `json:"_embedded"`
	}{"Not Found", map[string]link{"self": {path, false}}, map[string][]message{"errors": {{"Page Not Found"}}}})
}

// page is what a person sees where no redirect is possible. The texts are ours, never the client's.
func page(w http.ResponseWriter, status int, title, text string) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'") // RFC 9700 section 4.16
	title, text = html.EscapeString(title), html.EscapeString(text)
	reply(w, status, typeHTML, []byte("<!DOCTYPE html>\n<html><head><title>"+title+"</title></head><body><h1>"+
		title+"</h1><p>"+text+"</p></body></html>\n"))
}

func refusePage(c *call, r refusal) {
	page(c, r.status, "This authorization cannot go on", r.detail)
}
