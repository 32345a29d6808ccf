package sandbox

import (
	"net/http"
	"net/url"
	"strings"
)

// The chain, as a device sees it:
//
//	vendor  /oauth2/auth             the auth_url
//	carrier /carrier/he              where the network would add the number to the header
//	carrier /carrier/session         sets a cookie for its path
//	carrier /carrier/session/return  requires it
//	vendor  /camara/oauth/callback   with a code of the carrier's
//	the registered redirect_uri      with the app's code and the app's state

// firstHop is where the carrier's part begins.
const firstHop = "/carrier/he"

// sessionCookie is what /carrier/session sets, for its own path only.
const sessionCookie = "carrier_session"

func readChain(c *call) {
	c.readForm(c.r.URL.RawQuery)
	c.entry.State = c.form.Get("state")
	c.entry.Code = c.form.Get("code")
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if f, ok := c.s.flows.get(c.entry.State, c.now); ok && c.belongs(f) {
		c.flow, c.entry.RedirectURI = f, f.redirectURI
		c.partOf(&f.grant)
	}
}

// belongs tells whether a flow can be at this hop: the carrier serves both APIs, the vendor each apart.
func (c *call) belongs(f *flow) bool {
	return c.route.stage == StageCarrier || f.isSilent() == (c.route.stage == StageHandover)
}

// lost refuses a hop that belongs to no flow, and tells whether it did.
func (c *call) lost() bool {
	switch _, once := c.one("state"); {
	case c.malformed != nil:
		c.deny(c.malformed.reason, refusal{http.StatusBadRequest, "The address is damaged.", nil})
	case !once || c.flow == nil:
		c.deny("the state belongs to no flow under way", refusal{
			http.StatusBadRequest, "This authorization is unknown, over or too old.", nil,
		})
	default:
		return false
	}
	return true
}

// serveAuthorize begins the chain. Who is not sure to be our client, or to come back to the vendor's own
// callback, gets a page and is sent nowhere (RFC 6749 section 4.1.2.1).
func serveAuthorize(c *call) {
	if c.direct {
		serveDirect(c)
		return
	}
	if client, _ := c.one("client_id"); client != ClientID {
		c.deny("client_id is another", refusal{http.StatusBadRequest, "The client is unknown.", nil})
		return
	}
	if uri, _ := c.one("redirect_uri"); uri != c.s.vendorCallback() {
		c.deny("redirect_uri is not the vendor's", refusal{http.StatusBadRequest, "The redirect URI is not registered.", nil})
		return
	}
	if c.lost() {
		return
	}
	if kind, _ := c.one("response_type"); kind != "code" {
		c.entry.Note = "response_type is not code"
		c.deliver(callbackError("unsupported_response_type", "Only code is supported."))
		return
	}
	if scope, _ := c.one("scope"); scope != c.flow.scope {
		c.entry.Note = "scope is not the enabled one"
		c.deliver(callbackError("invalid_scope", "The scope was not enabled."))
		return
	}
	if c.fails(c.flow.result) {
		return
	}
	redirect(c, c.s.carrier+firstHop+"?state="+c.entry.State)
}

// serveEnrichment is the hop at which a carrier reads the number that its network put into the request.
func serveEnrichment(c *call) {
	if c.lost() || c.fails(c.flow.result) {
		return
	}
	redirect(c, c.s.carrier+"/carrier/session?state="+c.entry.State)
}

func serveSession(c *call) {
	if c.lost() {
		return
	}
	cookie := c.s.ids.hex128()
	c.s.mu.Lock()
	c.flow.cookie = cookie
	c.s.mu.Unlock()
	c.Header()["Set-Cookie"] = []string{sessionCookie + "=" + cookie + "; Path=/carrier/session; HttpOnly; SameSite=Lax"}
	redirect(c, c.s.carrier+"/carrier/session/return?state="+c.entry.State)
}

func serveReturn(c *call) {
	if c.lost() {
		return
	}
	cookie, err := c.r.Cookie(sessionCookie)
	c.s.mu.Lock()
	ok := err == nil && c.flow.cookie != "" && cookie.Value == c.flow.cookie
	c.s.mu.Unlock()
	if !ok {
		c.deny("the cookie of /carrier/session did not come back", refusal{
			http.StatusForbidden, "The session is lost: cookies must be kept along the chain.", nil,
		})
		return
	}
	redirect(c, c.backWithCode())
}

// backWithCode is where the carrier sends a device that it has recognised, with a code of its own.
func (c *call) backWithCode() string {
	code := c.s.ids.hex128()
	c.s.mu.Lock()
	c.flow.carrierCode = code
	c.s.mu.Unlock()
	return c.s.backFrom(c.flow) + "?code=" + code + "&state=" + c.entry.State
}

// backFrom is where the carrier sends the device back to.
func (s *Server) backFrom(f *flow) string {
	if f.isSilent() {
		return s.vendor + silentPath + "/" + f.silent.id + handoverPath
	}
	return s.vendorCallback()
}

// serveCallback ends the chain: the carrier's code is good once, and turns into the app's.
func serveCallback(c *call) {
	if c.lost() {
		return
	}
	sent, _ := c.one("code")
	code := c.s.ids.hex128()
	c.s.mu.Lock()
	_, open := c.s.flows.get(c.entry.State, c.now)
	ok := open && c.flow.carrierCode != "" && sent == c.flow.carrierCode
	fails := c.s.options.ErrorAt == StageCallback && c.flow.result == outcomeError
	if ok {
		c.s.flows.drop(c.entry.State)
		if c.flow.signIn != nil {
			c.flow.signIn.proven = c.now
		}
		if !fails {
			c.s.codes.put(code, c.flow.grant, c.now)
		}
	}
	c.s.mu.Unlock()
	switch {
	case !ok:
		c.deny("the code is not the carrier's", refusal{http.StatusBadRequest, "The carrier's code is not valid.", nil})
	case !c.fails(c.flow.result):
		c.deliver("code=" + code)
	}
}

// deliver sends the client to the registered redirect URI with query and the caller's state.
func (c *call) deliver(query string) {
	if c.flow.state != "" { // an app may do without
		query += "&state=" + url.QueryEscape(c.flow.state)
	}
	redirect(c, withQuery(c.flow.redirectURI, query))
}

func withQuery(uri, query string) string {
	if strings.Contains(uri, "?") {
		return uri + "&" + query
	}
	return uri + "?" + query
}

// callbackError is the query of an error response (RFC 6749 section 4.1.2.1).
func callbackError(name, description string) string {
	return "error=" + name + "&error_description=" + url.QueryEscape(description)
}

// failCallback is the failure of a number at any hop: in the chain there is no status to give.
func failCallback(c *call, _ int) {
	c.s.mu.Lock()
	c.s.flows.drop(c.entry.State)
	c.s.mu.Unlock()
	c.deliver(callbackError("access_denied", "The carrier could not authenticate the device."))
}
