package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// skew is more than a JWT lives that does not say for how long.
const skew = 20 * time.Minute

func jwtFaults() []Fault {
	return []Fault{
		{"jwt-expired", "the JWT is refused as expired", StageEnable, problemOf(401, "jwt-expired", "")},
		{"jwt-not-yet-valid", "the JWT is refused: it is from the future", StageEnable, jwtRefused("the JWT is not valid yet")},
		{"jwt-other-application", "the JWT is refused: it is for another application", StageEnable, jwtRefused("the JWT is for another application")},
		{"clock-ahead", "the server's clock is 20 minutes ahead of ours", StageEnable, clockOff(skew)},
		{"clock-behind", "the server's clock is 20 minutes behind ours", StageEnable, clockOff(-skew)},
	}
}

const (
	blocked      = "The Network API application can only be used with verified phone numbers. Blocked by allowlist."
	otherNetwork = "The network of this phone number is not enabled for this application."
	notForScope  = "The requested scope is not enabled for this application."
	otherScope   = "dpv:FraudPreventionAndDetection#number-verification-read"
)

func enableFaults() []Fault {
	return []Fault{
		{"allowlist", "a 200 says that the number is not on the allowlist", StageEnable, scopesFail(blocked)},
		{"network-not-enabled", "a 200 says that the number's network is not enabled", StageEnable, scopesFail(otherNetwork)},
		{"scope-refused", "a 200 says that the scope is not enabled", StageEnable, scopesFail(notForScope)},
		{"scope-other", "the scope comes back in its other spelling", StageEnable, altered(renameScope)},
		{"scopes-empty", "a 200 without any scope", StageEnable, raw(200, typeJSON, `{"scopes":{}}`)},
		{"auth-url-null", "auth_url is null", StageEnable, authURLs(func(string) any { return nil })},
		{"auth-url-relative", "auth_url is a path", StageEnable, authURLs(pathOf)},
		{"auth-url-javascript", "auth_url is a javascript: URL", StageEnable, authURLs(func(string) any { return "javascript:alert(1)" })},
		{"no-application", "the Network capability is not linked to the application", StageEnable, noApplication},
		{"enable-401", "the credentials are refused", StageEnable, refused(refusal{status: 401})},
		{"enable-403", "the account may not do this", StageEnable, refused(refusal{status: 403})},
		{"unprovisioned", "the account is not provisioned for this API", StageEnable, problemOf(403, "unprovisioned", "")},
		{"enable-404", "nobody lives at the endpoint (HAL)", StageEnable, with(func(c *call) { notFound(c, c.r.URL.Path) })},
		{"enable-410", "the API has been retired", StageEnable, refused(refusal{status: 410})},
		{"enable-422", "a parameter is refused and named", StageEnable, refused(refusal{
			status: 422, params: []invalidParam{{"phone_number", "must be a phone number"}},
		})},
		{"enable-429", "too many requests, to be retried after a second", StageEnable, retryLater("1", refused(refusal{status: 429}))},
		{"enable-429-date", "too many requests, to be retried at a date", StageEnable, retryAt(refused(refusal{status: 429}))},
		{"enable-500", "the vendor fails", StageEnable, refused(refusal{status: 500})},
		{"enable-502-html", "a gateway answers with its own page", StageEnable, htmlPage(502, "502 Bad Gateway")},
		{
			"enable-503", "out of service for two minutes, in plain text", StageEnable,
			retryLater("120", raw(503, "text/plain; charset=utf-8", "upstream connect error\n")),
		},
		{"enable-504", "a gateway gives up, without a body", StageEnable, gaveUp},
		{"enable-html", "a captive portal answers 200 with its page", StageEnable, htmlPage(200, "Welcome to the guest Wi-Fi")},
		{"enable-truncated", "the JSON stops in the middle", StageEnable, raw(200, typeJSON, `{"scopes":{"dpv:Fraud`)},
		{"enable-redirect", "the endpoint redirects to another host", StageEnable, sentElsewhere},
		{"enable-slow", "no answer for half a minute", StageEnable, slow},
		{"enable-reset", "the request is read, then the connection reset", StageEnable, reset},
		{"enable-deprecated", "a good answer announces that the API goes", StageEnable, deprecated},
	}
}

// deprecated announces the end of an API in headers (RFC 9745, RFC 8594).
var deprecated = altered(func(_ *call, a *answer) {
	a.header.Set("Deprecation", "@1756684800")
	a.header.Set("Sunset", "Wed, 30 Sep 2026 23:59:59 GMT")
})

// jwtRefused is a 401; only the ledger says why, as with the vendor.
func jwtRefused(note string) do { return with(func(c *call) { c.refuseJWT(errors.New(note)) }) }

func problemOf(status int, fragment, detail string) do {
	return with(func(c *call) { c.s.problem(c, status, fragment, detail) })
}

// noApplication is the one message of the vendor's that is known by its words.
var noApplication = with(func(c *call) {
	c.s.problem(c, http.StatusBadRequest, "invalid-params",
		"No Network Application associated with Vonage Application: "+c.s.options.ApplicationID)
})

// clockOff judges the JWT by another clock, which the Date header shows; one that passes may go on.
func clockOff(by time.Duration) do {
	return func(s *Server, w http.ResponseWriter, r *http.Request) bool {
		now := s.now().Add(by)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		token, _ := bearerToken(r.Header.Get("Authorization"))
		var claims claims
		err := s.verifyJWT(token, &claims)
		if err == nil {
			_, err = claims.check(s.options.ApplicationID, now)
		}
		c, ok := w.(*call)
		if err == nil || !ok {
			return false
		}
		c.refuseJWT(err)
		return true
	}
}

// scopesFail puts an error into each scope of a 200.
func scopesFail(detail string) do {
	return altered(func(c *call, a *answer) {
		scopes := map[string]any{}
		for _, scope := range c.enable.scopes {
			scopes[scope] = c.s.refusedScope(detail)
		}
		a.setScopes(scopes)
	})
}

// authURLs changes each auth_url of a good answer.
func authURLs(change func(authURL string) any) do {
	return altered(func(_ *call, a *answer) {
		scopes := map[string]any{}
		for scope, enabled := range a.scopes() {
			scopes[scope] = map[string]any{"auth_url": change(enabled.AuthURL), "requires_carrier_network": true}
		}
		a.setScopes(scopes)
	})
}

func pathOf(authURL string) any { return pathAndQuery(authURL) }

func renameScope(_ *call, a *answer) {
	scopes := map[string]any{}
	for _, enabled := range a.scopes() {
		scopes[otherScope] = enabled
	}
	a.setScopes(scopes)
}

// scopes reads back what the enable stage answered.
func (a *answer) scopes() map[string]enabledScope {
	var body struct {
		Scopes map[string]enabledScope `json:"scopes"`
	}
	if json.Unmarshal(a.body, &body) != nil {
		return nil
	}
	return body.Scopes
}

func (a *answer) setScopes(scopes map[string]any) {
	a.body = nil
	replyJSON(a, http.StatusOK, typeJSON, &enableAnswer{scopes})
}
