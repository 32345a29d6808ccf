package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of a start request, from the vendor's OpenAPI document; maxMode and maxURL are ours.
const (
	maxBrand     = 18
	maxClientRef = 40
	maxMode      = 64
	maxURL       = 2048
)

// startRequest is the body of POST /v2/verify, for example
//
//	{"brand":"ACME","workflow":[{"channel":"silent_auth","to":"447700900000"}]}
type startRequest struct {
	brand, clientRef string
	workflow         []object
	// Of the one channel:
	channel, to, redirectURL, mode string
}

// startAnswer is the 202 of POST /v2/verify.
type startAnswer struct {
	RequestID string `json:"request_id"`
	CheckURL  string `json:"check_url"`
}

func readStart(c *call) {
	o, r := c.readObject(), &c.start
	var coverageCheck bool // has no meaning here: every network is supported
	c.field(o, "brand", "a string", &r.brand)
	c.field(o, "client_ref", "a string", &r.clientRef)
	c.field(o, "coverage_check", "true or false", &coverageCheck)
	c.field(o, "workflow", "an array of objects", &r.workflow)
	if len(r.workflow) == 1 {
		channel := r.workflow[0]
		c.field(channel, "channel", "a string", &r.channel)
		c.field(channel, "to", "a string", &r.to)
		c.field(channel, "redirect_url", "a string", &r.redirectURL)
		c.field(channel, "coverage_check", "true or false", &coverageCheck) // the documents do not agree where it goes
		c.field(channel, "mode", "a string", &r.mode)
	}
	c.entry.RedirectURI = r.redirectURL
	if c.entry.Phone = r.to; r.to != "" {
		c.entry.Phone = r.phone()
		c.beginFlow(c.entry.Phone)
	}
}

// phone is the number in E.164. The vendor wants it without +, and some of its samples have it with one.
func (r *startRequest) phone() string { return "+" + strings.TrimPrefix(r.to, "+") }

// serveStart begins a silent authentication, unless one is under way for the number.
func serveStart(c *call) {
	if err := c.authenticate(); err != nil {
		c.refuseJWT(err)
		return
	}
	if c.refuseMalformed() {
		return
	}
	if wrong := c.start.check(); wrong != nil {
		c.deny(wrong[0].Name+" "+wrong[0].Reason, refusal{status: http.StatusUnprocessableEntity, params: wrong})
		return
	}
	answer, running := c.begin()
	if running != "" {
		c.entry.Note = "another request for this number is under way"
		c.verifyProblem(http.StatusConflict, "concurrent", "", running)
		return
	}
	replyJSON(c, http.StatusAccepted, typeJSON, answer)
}

// begin keeps a new request, or tells which one is under way for the number.
func (c *call) begin() (answer startAnswer, running string) {
	s, phone := c.s, strings.Clone(c.start.phone())
	q := &silent{
		id: s.ids.uuid(), state: "v2_" + s.ids.uuid(), started: c.now, status: silentPending,
		grant: c.grantFor(phone, "", strings.Clone(c.start.redirectURL)), clientRef: strings.Clone(c.start.clientRef),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if id, ok := s.numbers.get(phone, c.now); ok {
		return answer, id
	}
	s.numbers.put(phone, q.id, c.now)
	s.requests.put(q.id, q, c.now)
	s.flows.putUntil(q.state, &flow{grant: q.grant, silent: q}, c.now, c.now.Add(s.options.SilentTTL))
	s.announce(q)
	c.entry.RequestID, c.entry.State = q.id, q.state
	return startAnswer{q.id, s.checkURL(q.id)}, ""
}

// checkURL is what the device opens.
func (s *Server) checkURL(id string) string { return s.vendor + silentPath + "/" + id + openPath }

// check names the fields that break a rule, nil if none does.
func (r *startRequest) check() []invalidParam {
	var wrong []invalidParam
	for _, rule := range []struct {
		ok           bool
		name, reason string
	}{
		{isBrand(r.brand), "brand", `must have 1 to 18 characters, none of \ / { } : $`},
		{utf8.RuneCountInString(r.clientRef) <= maxClientRef, "client_ref", "must have at most 40 characters"},
		{len(r.workflow) == 1, "workflow", "must hold one channel: with the Virtual Operator silent_auth stands alone"},
		{len(r.workflow) != 1 || r.channel == "silent_auth", "workflow[0].channel", "must be silent_auth"},
		{len(r.workflow) != 1 || isPhone(r.phone()), "workflow[0].to", "must be a phone number in E.164 without +"},
		{r.redirectURL == "" || isWebURL(r.redirectURL), "workflow[0].redirect_url", "must be an absolute http or https URL without fragment"},
		{len(r.mode) <= maxMode, "workflow[0].mode", "is not supported"},
	} {
		if !rule.ok {
			wrong = append(wrong, invalidParam{rule.name, rule.reason})
		}
	}
	return wrong
}

// isBrand is the vendor's ^[^\/{}:$]*$ with its length, and nothing that a phone would not show.
func isBrand(s string) bool {
	n := utf8.RuneCountInString(s)
	return n >= 1 && n <= maxBrand && !strings.ContainsAny(s, `\/{}:$`) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// isWebURL tells whether a URL can be redirected to as it stands (RFC 3986: nothing but printable ASCII).
func isWebURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && len(raw) <= maxURL && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" &&
		u.User == nil && !strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || r == '#' })
}

// started reads back what the start stage answered.
func (a *answer) started() startAnswer {
	var good startAnswer
	if json.Unmarshal(a.body, &good) != nil {
		return startAnswer{}
	}
	return good
}
