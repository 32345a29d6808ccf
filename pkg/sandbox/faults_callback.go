package sandbox

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

var callbackFaults = []Fault{
	{"access-denied", "the callback says access_denied, with the right state", StageCallback, arrives(func(state, _ string) string {
		return denied + "&state=" + state
	})},
	{"error-without-state", "the callback says access_denied, without a state", StageCallback, arrives(func(_, _ string) string {
		return denied
	})},
	{"missing-state", "the callback has a code and no state", StageCallback, arrives(func(_, code string) string {
		return "code=" + code
	})},
	{"wrong-state", "the callback has a code and another state", StageCallback, arrives(func(_, code string) string {
		return "code=" + code + "&state=somebody-elses"
	})},
	{"code-and-error", "the callback has a code and an error at once", StageCallback, arrives(func(state, code string) string {
		return "code=" + code + "&" + denied + "&state=" + state
	})},
	{"duplicate-callback", "a loopback redirect_uri is called twice, first by the sandbox itself", StageCallback, altered(twice)},
}

// denied is the query of the commonest error.
const denied = "error=access_denied&error_description=The+user+denied+the+request."

// arrives changes with which query the client is sent to the registered redirect URI.
func arrives(query func(state, code string) string) do {
	return altered(func(c *call, a *answer) {
		location, err := url.Parse(a.header.Get("Location"))
		if err != nil {
			return
		}
		q := query(url.QueryEscape(c.flow.state), location.Query().Get("code"))
		a.header["Location"] = []string{withQuery(c.flow.redirectURI, q)}
	})
}

// twice calls the redirect URI before the client does, as a tunnel may that delivers twice. It reaches
// loopback only.
func twice(c *call, a *answer) {
	location, err := url.Parse(a.header.Get("Location"))
	if err != nil || !isLoopback(location.Hostname()) {
		return
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location.String(), http.NoBody)
	if err != nil {
		return
	}
	once := &http.Transport{DisableKeepAlives: true}
	if resp, err := once.RoundTrip(req); err == nil {
		resp.Body.Close()
	}
}
