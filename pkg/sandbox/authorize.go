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
// and from there the chain and the token endpoint are the same. login_hint says which number the device
// has, [DevicePhone] if it is missing: there is no network here that would know. PKCE (RFC 7636) is checked
// when it is sent. OpenID Connect's id_token is not issued.

// DevicePhone is the number of the device that opens /oauth2/auth without login_hint.
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
	if client, _ := c.one("client_id"); client != c.s.options.ApplicationID {
		return
	}
	c.flow, c.part = nil, nil
	c.direct = true
	c.entry.State, c.entry.RedirectURI = c.form.Get("state"), c.form.Get("redirect_uri")
	c.entry.Phone, _ = c.hintedPhone()
	if c.entry.Phone != "" {
		c.beginFlow(c.entry.Phone)
	}
}

// hintedPhone is the number that login_hint names; ok is false if it names none in a way that we know.
func (c *call) hintedPhone() (phone string, ok bool) {
	hint := c.form.Get("login_hint")
	if hint == "" {
		return DevicePhone, true
	}
	phone = strings.TrimPrefix(hint, "tel:")
	if !isPhone(phone) {
		return "", false
	}
	return strings.Clone(phone), true
}

// serveDirect begins the chain for an app, which is sent back to a registered redirect URI or nowhere.
func serveDirect(c *call) {
	uri, _ := c.one("redirect_uri")
	c.s.mu.Lock()
	registered := slices.Contains(c.s.redirects, uri)
	c.s.mu.Unlock()
	if c.malformed != nil || !registered {
		c.deny("redirect_uri is not a registered one", refusal{http.StatusBadRequest, "The redirect URI is not registered.", nil})
		return
	}
	scope := c.form.Get("scope")
	c.flow = &flow{grant: c.grantFor(c.entry.Phone, strings.Clone(scope), strings.Clone(uri)), state: strings.Clone(c.form.Get("state"))}
	c.flow.direct = true
	c.flow.proof = proof{strings.Clone(c.form.Get("code_challenge")), strings.Clone(c.form.Get("code_challenge_method"))}
	if name, description := c.refuseDirect(); name != "" {
		c.entry.Note = description
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

// refuseDirect is the OAuth error for a request that is wrong, "" for one that is not (RFC 6749 section
// 4.1.2.1, OpenID Connect Core section 3.1.2.6).
func (c *call) refuseDirect() (name, description string) {
	for parameter, values := range c.form {
		if len(values) > 1 {
			return "invalid_request", "A parameter is repeated: " + known(parameter) + "."
		}
	}
	kind, _ := c.one("response_type")
	prompt := c.form.Get("prompt")
	_, hinted := c.hintedPhone()
	switch {
	case len(c.flow.state) > maxStateLength:
		return "invalid_request", "state is too long."
	case c.form.Has("request"):
		return "request_not_supported", "request is not supported."
	case c.form.Has("request_uri"):
		return "request_uri_not_supported", "request_uri is not supported."
	case kind == "":
		return "invalid_request", "response_type is missing."
	case kind != "code":
		return "unsupported_response_type", "Only code is supported."
	case !c.s.grants(c.flow.scope):
		return "invalid_scope", "The scope is unknown or has none of number verification."
	case prompt != "" && prompt != "none":
		return "interaction_required", "Only prompt=none is possible: there is nobody to ask."
	case !hinted:
		return "invalid_request", "login_hint is not tel: and a phone number in E.164."
	case !c.flow.proof.isGood():
		return "invalid_request", "code_challenge or code_challenge_method is not valid."
	}
	return "", ""
}

// known is a parameter's name if it is one of ours: nothing that was sent is reflected.
func known(parameter string) string {
	names := []string{
		"client_id", "redirect_uri", "response_type", "scope", "state", "prompt", "login_hint", "code_challenge", "code_challenge_method", "nonce",
	}
	if slices.Contains(names, parameter) {
		return parameter
	}
	return "an unknown one"
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
		if word != "openid" && !strings.HasPrefix(word, "dpv:") && !hasScope(word, verifyScopes) && !hasScope(word, shareScopes) {
			return false
		}
	}
	return true
}
