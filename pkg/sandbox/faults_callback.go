package sandbox

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"
)

func callbackFaults() []Fault {
	return []Fault{
		{"access-denied", "the callback says access_denied, with the right state", StageCallback, says("access_denied", "The user denied the request.")},
		{"callback-invalid-request", "the callback says invalid_request", StageCallback, says("invalid_request", "")},
		{"callback-unauthorized-client", "the callback says unauthorized_client", StageCallback, says("unauthorized_client", "")},
		{"callback-unsupported-response-type", "the callback says unsupported_response_type", StageCallback, says("unsupported_response_type", "")},
		{"callback-invalid-scope", "the callback says invalid_scope", StageCallback, says("invalid_scope", "")},
		{"callback-consent-required", "the callback says consent_required", StageCallback, says("consent_required", "")},
		{"callback-login-required", "the callback says login_required", StageCallback, says("login_required", "")},
		{"callback-interaction-required", "the callback says interaction_required", StageCallback, says("interaction_required", "")},
		{"callback-account-selection-required", "the callback says account_selection_required", StageCallback, says("account_selection_required", "")},
		{"callback-invalid-request-object", "the callback says invalid_request_object", StageCallback, says("invalid_request_object", "")},
		{"callback-request-uri-not-supported", "the callback says request_uri_not_supported", StageCallback, says("request_uri_not_supported", "")},
		{"callback-server-error", "the callback says server_error", StageCallback, says("server_error", "")},
		{"callback-temporarily-unavailable", "the callback says temporarily_unavailable", StageCallback, says("temporarily_unavailable", "")},
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
		{"late-callback", "the callback comes half a minute late", StageCallback, slow},
	}
}

// denied is the query of the commonest error.
const denied = "error=access_denied&error_description=The+user+denied+the+request."

// says sends an OAuth error with the right state to the redirect URI.
func says(name, description string) do {
	return arrives(func(state, _ string) string {
		return callbackError(name, cmp.Or(description, "The authorization server says "+name+".")) + "&state=" + state
	})
}

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
