package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// The authorization-code entry without Network Enablement, as CAMARA's profile has it: the app itself opens
//
//	/oauth2/auth?response_type=code&client_id=APPLICATION&redirect_uri=REGISTERED&scope=…&state=…
//	            &login_hint=tel:+…&code_challenge=…&code_challenge_method=S256
//
// or posts the same as a form, and from there the chain and the token endpoint are the same. login_hint says which
// number the device has, [DevicePhone] if it is missing: there is no network here that would know. PKCE (RFC 7636) is
// checked when it is sent, a request object opened (authorize_request.go). With openid in the scope an id_token comes
// beside the access token (idtoken.go).

const authorizePath = "/oauth2/auth"

// DevicePhone is the number of the device that opens /oauth2/auth without login_hint, or with one that is no number.
const DevicePhone = "+99012345678"

// maxDirectTTL is the longest that a token lives which an app asked for itself: CAMARA's MUST.
const maxDirectTTL = 5 * time.Minute

// proof is what PKCE wants to see at the token endpoint.
type proof struct {
	challenge, method string // "" without PKCE
}

// readAuthorize reads both entries.
func readAuthorize(c *call) {
	readChain(c)
	c.readDirect()
}

// readPosted reads the form of OpenID Connect Core section 3.1.2.1. What the vendor hands out is never posted.
func readPosted(c *call) {
	if c.hasType(typeForm) {
		c.readForm(string(c.body))
	}
	c.readDirect()
}

// readDirect notes what an app asks for by itself.
func (c *call) readDirect() {
	if client, _ := c.one("client_id"); client != c.s.options.ApplicationID {
		return
	}
	c.flow, c.part = nil, nil
	c.direct = true
	if len(c.form["request"]) == 1 {
		c.unopened = c.openRequest()
	}
	c.entry.State, c.entry.RedirectURI = c.form.Get("state"), c.form.Get("redirect_uri")
	c.entry.Phone, _ = c.hintedPhone()
	if c.entry.Phone != "" {
		c.beginFlow(c.entry.Phone)
	}
}

// hintedPhone is the number that login_hint names; ok is false if it means one and it is none. Hints of another kind are
// passed over, as CAMARA's profile recommends.
func (c *call) hintedPhone() (phone string, ok bool) {
	hint := c.form.Get("login_hint")
	phone, isTel := strings.CutPrefix(hint, "tel:")
	switch {
	case isPhone(phone):
		return strings.Clone(phone), true
	case isTel || strings.HasPrefix(hint, "+") || hint != "" && strings.Trim(hint, "0123456789") == "":
		return "", false
	default:
		return DevicePhone, true
	}
}

// servePosted is serveDirect for a form.
func servePosted(c *call) {
	if !c.direct && c.malformed == nil {
		c.deny("client_id is another", refusal{http.StatusBadRequest, "The client is unknown.", nil})
		return
	}
	serveDirect(c)
}

// serveDirect begins the chain for an app, which is sent back to a registered redirect URI or nowhere.
func serveDirect(c *call) {
	if c.refuseMalformed() {
		return
	}
	uri, _ := c.one("redirect_uri")
	c.s.mu.Lock()
	registered := slices.Contains(c.s.redirects, uri)
	c.s.mu.Unlock()
	if !registered {
		c.deny("redirect_uri is not a registered one", refusal{http.StatusBadRequest, "The redirect URI is not registered.", nil})
		return
	}
	scope := c.form.Get("scope")
	c.flow = &flow{grant: c.grantFor(c.entry.Phone, strings.Clone(scope), strings.Clone(uri)), state: strings.Clone(c.form.Get("state"))}
	c.flow.direct = true
	c.flow.proof = proof{strings.Clone(c.form.Get("code_challenge")), strings.Clone(c.form.Get("code_challenge_method"))}
	if wantsIDToken(scope) {
		c.flow.signIn = &signIn{nonce: strings.Clone(c.form.Get("nonce")), timed: c.form.Has("max_age")}
	}
	if name, description := c.refuseDirect(); name != "" {
		c.entry.Note = description
		if c.unopened != nil {
			c.entry.Note = c.unopened.Error()
		}
		c.deliver(callbackError(name, description))
		return
	}
	if c.fails(c.flow.result) {
		return
	}
	state := "v2_" + c.s.ids.uuid()
	c.s.mu.Lock()
	c.s.flows.put(state, c.flow, c.now)
	c.s.mu.Unlock()
	redirect(c, c.s.carrier+firstHop+"?state="+state)
}

// grants tells whether an app may ask for a scope: one of the enabled ones as it is, or words of which at
// least one is an operation's; openid and a purpose (dpv:…) may stand beside it.
func (s *Server) grants(scope string) bool {
	if slices.Contains(knownScopes, scope) || slices.Contains(s.options.Scopes, scope) {
		return true
	}
	if len(scope) > maxScopeLength || !hasScope(scope, slices.Concat(verifyScopes, shareScopes)) {
		return false
	}
	for word := range strings.FieldsSeq(scope) {
		if word != scopeOpenID && !strings.HasPrefix(word, "dpv:") && !hasScope(word, verifyScopes) && !hasScope(word, shareScopes) {
			return false
		}
	}
	return true
}
