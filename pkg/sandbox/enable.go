package sandbox

import (
	"errors"
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// The bounds of an enable request, so that what is kept of it is bounded too.
const (
	maxScopes      = 10
	maxScopeLength = 256
	maxStateLength = 1024
)

// knownScopes are the spellings of Number Verification that the vendor's documents know.
var knownScopes = []string{
	"dpv:FraudPreventionAndDetection#number-verification-verify-read",
	"dpv:FraudPreventionAndDetection#number-verification-read",
	"openid dpv:FraudPreventionAndDetection#number-verification-verify-read",
	"openid dpv:FraudPreventionAndDetection#number-verification-read",
}

// enableRequest is the body of POST /v0.1/network-enablement, for example
//
//	{"phone_number":"+99012345678","scopes":["dpv:…"],"state":"…"}
type enableRequest struct {
	phone, state string
	scopes       []string
}

// enableAnswer holds per scope either an auth_url or an error, both in a 200.
type enableAnswer struct {
	Scopes map[string]any `json:"scopes"`
}

type enabledScope struct {
	AuthURL                string `json:"auth_url"`
	RequiresCarrierNetwork bool   `json:"requires_carrier_network"`
}

type refusedScope struct {
	Error scopeError `json:"error"`
}

type scopeError struct {
	Title     string `json:"title"`
	Instance  string `json:"instance"`
	Detail    string `json:"detail"`
	ErrorType string `json:"error_type"`
}

func (s *Server) refusedScope(detail string) refusedScope {
	return refusedScope{scopeError{"Forbidden", s.ids.hex128(), detail, "UNAUTHORIZED"}}
}

func readEnable(c *call) {
	o := c.readObject()
	c.field(o, "phone_number", "a string", &c.enable.phone)
	c.field(o, "scopes", "an array of strings", &c.enable.scopes)
	c.field(o, "state", "a string", &c.enable.state)
	c.entry.Phone, c.entry.State = c.enable.phone, c.enable.state
	c.beginFlow(c.enable.phone)
}

func serveEnable(c *call) {
	c.Header()["X-Ratelimit-Limit"] = rateLimit
	if err := c.authenticate(); err != nil {
		c.refuseJWT(err)
		return
	}
	if c.refuseMalformed() {
		return
	}
	if wrong := c.enable.check(); wrong != nil {
		c.deny(wrong[0].Name+" "+wrong[0].Reason, refusal{status: http.StatusUnprocessableEntity, params: wrong})
		return
	}
	if c.fails(c.part.resultOf(c.enable.phone)) {
		return
	}
	answer, no := c.enableScopes()
	if no != nil {
		c.refuse(*no)
		return
	}
	replyJSON(c, http.StatusOK, typeJSON, answer)
}

// enableScopes starts a flow for each scope, or says why not. Nothing is sent under the server's lock.
func (c *call) enableScopes() (*enableAnswer, *refusal) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	redirectURI := c.s.redirectURI()
	if redirectURI == "" {
		c.entry.Note = "no redirect URI is registered"
		return nil, &refusal{
			status: http.StatusBadRequest,
			detail: "No Network Application associated with Vonage Application: " + c.s.options.ApplicationID,
		}
	}
	state := maphash.String(c.s.seed, c.enable.state)
	if _, used := c.s.states.get(state, c.now); used {
		c.entry.Note = "the state was used before"
		return nil, &refusal{status: http.StatusUnprocessableEntity, params: []invalidParam{{"state", "must be unique"}}}
	}
	c.s.states.put(state, struct{}{}, c.now)
	answer := &enableAnswer{make(map[string]any, len(c.enable.scopes))}
	for _, scope := range c.enable.scopes {
		answer.Scopes[scope] = c.enableScope(scope, redirectURI)
	}
	return answer, nil
}

// enableScope starts a flow for one scope, under the server's lock.
func (c *call) enableScope(scope, redirectURI string) any {
	if !slices.Contains(knownScopes, scope) && !slices.Contains(c.s.options.Scopes, scope) {
		c.entry.Note = "a scope is unknown"
		return c.s.refusedScope("The requested scope is not enabled for this application.")
	}
	state := "v2_" + c.s.ids.uuid()
	c.s.flows.put(state, &flow{grant: c.grantFor(c.enable.phone, scope, redirectURI), state: c.enable.state}, c.now)
	return enabledScope{c.s.authURL(scope, state), true}
}

// authURL is what the device opens. As with the real one, its state is the vendor's and so is its
// redirect_uri; the caller's come into play at the end of the chain.
func (s *Server) authURL(scope, state string) string {
	return s.vendor + "/oauth2/auth?client_id=" + ClientID +
		"&redirect_uri=" + url.QueryEscape(s.vendorCallback()) +
		"&response_type=code&scope=" + url.QueryEscape(scope) + "&state=" + state
}

// vendorCallback is the vendor's own redirect URI, where the carrier's chain ends.
func (s *Server) vendorCallback() string { return s.vendor + "/camara/oauth/callback" }

// check names the fields that break a rule, nil if none does.
func (e *enableRequest) check() []invalidParam {
	var wrong []invalidParam
	if !isPhone(e.phone) {
		wrong = append(wrong, invalidParam{"phone_number", "must be a phone number in E.164 with a leading +"})
	}
	if n := len(e.scopes); n == 0 || n > maxScopes {
		wrong = append(wrong, invalidParam{"scopes", "must be 1 to " + strconv.Itoa(maxScopes) + " scopes"})
	}
	for _, scope := range e.scopes {
		if scope == "" || len(scope) > maxScopeLength {
			wrong = append(wrong, invalidParam{"scopes", "must not be empty or too long"})
			break
		}
	}
	if e.state == "" || len(e.state) > maxStateLength {
		wrong = append(wrong, invalidParam{"state", "must be 1 to " + strconv.Itoa(maxStateLength) + " characters"})
	}
	return wrong
}

// refuseJWT answers 401 at enable; the reason is for the log, for the vendor names only expiry.
func (c *call) refuseJWT(err error) {
	c.entry.Note = err.Error()
	fragment := "unauthorized"
	if errors.Is(err, errExpired) {
		fragment = "jwt-expired"
	}
	c.s.problem(c, http.StatusUnauthorized, fragment, "")
}
