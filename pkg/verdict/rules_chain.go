package verdict

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// chainRules judge how the redirect chain ended.
func chainRules() []rule {
	return []rule{
		{cause: "consent-needed", sure: Certain, step: "authorize|", code: "consent_required|interaction_required|account_selection_required"},
		{cause: "consent-needed", sure: Likely, step: "authorize|", when: titled("consent|einwilligung|permission|allow|agree|confirm your|terms")},
		{cause: "captive-portal", sure: Likely, step: "authorize|", when: titled("guest|hotspot|captive|portal|welcome to")},
		{cause: "redirect-uri-mismatch", sure: Likely, step: "authorize|", when: titled("redirect")},
		{cause: "client-or-redirect-unknown", sure: Likely, step: "authorize|", when: errorPageAt(trace.RoleIdentity, trace.RoleVendor)},
		{cause: "auth-url-used-up", sure: Possible, step: "authorize|", when: errorPageAt(trace.RoleIdentity, trace.RoleVendor)},
		{cause: "cookie-lost", sure: Likely, step: "authorize|", when: func(v *view) bool { return v.finding("cookie-lost") != nil && v.status() >= 400 }, shows: found("cookie-lost")},
		{cause: "carrier-error", sure: Likely, step: "authorize|", when: errorAt(trace.RoleCarrier)},
		{cause: "service-down", sure: Likely, step: "authorize|", code: "server_error|temporarily_unavailable"},
		{cause: "service-down", sure: Likely, step: "authorize|", when: func(v *view) bool { return v.status() >= 500 && v.role() != trace.RoleCarrier }},
		{cause: "rate-limit", sure: Certain, step: "authorize|", when: func(v *view) bool { return v.end.Status == 429 }},
		{cause: "auth-request-refused", sure: Likely, step: "authorize|", code: "invalid_request|unsupported_response_type|invalid_request_object|request_not_supported|request_uri_not_supported|registration_not_supported"},
		{cause: "answer-broken", sure: Likely, when: pageAfterCarrier},
		{cause: "wifi-not-carrier", sure: Likely, when: stoppedAtPage, shows: mobileData},
		{cause: "wifi-not-carrier", sure: Possible, step: "authorize|", when: errorAt(trace.RoleCarrier), shows: mobileData},

		{cause: "redirect-loop", sure: Certain, ends: "loop"},
		{cause: "too-many-redirects", sure: Certain, ends: "too-many"},
		{cause: "browser-only-redirect", sure: Certain, ends: "meta-refresh|script-redirect"},
		{cause: "answer-broken", sure: Likely, ends: "dead-end", when: func(v *view) bool { return v.end.Status/100 == 2 && strings.Contains(v.end.ContentType, "json") }},
		{cause: "dead-end", sure: Likely, ends: "dead-end", when: func(v *view) bool { return v.end.Status < 400 }},
		{cause: "dead-end", sure: Possible, ends: "syntax", when: led},
		{cause: "dead-end", sure: Likely, when: func(v *view) bool { return v.end.Kind == trace.EndDead && v.end.Reason == "" }},
		{cause: "app-scheme-redirect", sure: Certain, ends: "scheme", when: func(v *view) bool { return led(v) && !v.downgraded() }},
		{cause: "cleartext-secret", sure: Certain, ends: "cleartext-secret", when: led},
		{cause: "forbidden-address-hop", sure: Certain, ends: "forbidden-address", deep: "metadata|link-local|multicast|unspecified|reserved", when: led},
		{cause: "private-address-hop", sure: Certain, ends: "forbidden-address", deep: "private|loopback", when: led},
		{cause: "private-address-hop", sure: Possible, ends: "forbidden-address", when: led},
		{cause: "auth-url-refused", sure: Certain, ends: "syntax|scheme|forbidden-address|cleartext-secret", when: func(v *view) bool { return !led(v) }},
		{cause: "android-cleartext-hop", sure: Certain, when: func(v *view) bool { return v.downgraded() && v.fromAndroid() }, shows: found("downgrade", "cleartext-hop")},
		{cause: "android-cleartext-hop", sure: Possible, when: func(v *view) bool { return v.downgraded() && !v.fromAndroid() }, shows: found("downgrade", "cleartext-hop")},
	}
}

// led tells whether a redirect led to where the chain ended: else it is the auth_url itself.
func led(v *view) bool { return v.end.Hop > 1 || v.end.Status != 0 }

// callbackRules judge what came back, or did not.
func callbackRules() []rule {
	return []rule{
		{cause: "access-denied", sure: Certain, code: "access_denied", when: func(v *view) bool { return v.end.Reason != "both" && !v.unproved() }},
		{cause: "access-denied", sure: Likely, code: "access_denied", when: (*view).unproved},
		{cause: "access-denied", sure: Possible, kind: "denied", when: func(v *view) bool { return v.err.Code != "" || v.end.Reason != "error-without-state" }},
		{cause: "state-lost", sure: Possible, ends: "error-without-state"},
		{cause: "state-lost", sure: Certain, ends: "state", when: stateIs("missing")},
		{cause: "state-of-another-attempt", sure: Certain, ends: "state", when: stateIs("other")},
		{cause: "state-lost", sure: Likely, ends: "state", when: stateIs("unknown")},
		{cause: "state-of-another-attempt", sure: Possible, ends: "state", when: stateIs("unknown")},
		{cause: "callback-damaged", sure: Certain, ends: "malformed"},
		{cause: "answer-broken", sure: Likely, ends: "incomplete"},
		{cause: "silent-auth-expired", sure: Certain, kind: "no-callback", deep: "60 s"},
		{cause: "callback-other-path", sure: Likely, kind: "no-callback", when: func(v *view) bool { return v.Seen["path"] > 0 }, shows: strays},
		{cause: "callback-unreachable", sure: Likely, kind: "no-callback", when: outOfReach, shows: whyOutOfReach},
		{cause: "url-not-opened", sure: Likely, kind: "no-callback", when: func(v *view) bool { return v.Local }},
		{cause: "url-not-opened", sure: Possible, kind: "no-callback"},
		{cause: "wifi-not-carrier", sure: Possible, kind: "no-callback", when: func(v *view) bool { return v.RequiresCarrier && !v.Local }, shows: mobileData},
		{cause: "callback-unreachable", sure: Possible, kind: "no-callback", when: func(v *view) bool { return !v.Local }},
	}
}

// forwardStep is what the passing on of a callback is called by those who do: it is a step of no API, and nobody's
// answer but the backend's.
const forwardStep = vnv.Op("forward")

func forwardRules() []rule {
	return []rule{
		{cause: "backend-failed", sure: Certain, kind: "server|unavailable"},
		{cause: "backend-unreachable", sure: Certain, kind: "unknown-outcome"},
	}
}

// unproved: anybody could have sent the error to the listener.
func (v *view) unproved() bool { return v.end.Reason == "error-without-state" && v.Device != "follow" }

func strays(v *view) []Evidence {
	return []Evidence{{Field: "listener", Text: strconv.Itoa(v.Seen["path"]) + " requests came on other paths"}}
}

// role is whose hop was the last.
func (v *view) role() string {
	if h := v.lastHop(); h != nil {
		return h.Role
	}
	return ""
}

// titled finds words in the title of the page at the end.
func titled(words string) func(*view) bool {
	return func(v *view) bool {
		return (v.atPage() || words == "redirect" && v.end.Status >= 400) && heard(strings.ToLower(v.end.Title), words) != "" && heard(strings.ToLower(v.end.Title), "sign in|log in|login") == ""
	}
}

// atPage tells whether the chain ended at a page that is no error.
func (v *view) atPage() bool {
	page := v.end.Reason == "page" || v.end.Reason == "" && v.end.Kind == trace.EndPage
	return page && v.end.Status < 400
}

func stoppedAtPage(v *view) bool {
	return v.atPage() && !titled("consent|einwilligung|permission|allow|agree|confirm your|terms|guest|hotspot|captive|portal|welcome to")(v)
}

// pageAfterCarrier: the carrier had sent the device back, so its network is not what is wrong.
func pageAfterCarrier(v *view) bool {
	return stoppedAtPage(v) && among(v.role(), trace.RoleVendor+"|"+trace.RoleIdentity) &&
		slices.ContainsFunc(v.Trace.Chain(), func(h trace.Hop) bool { return h.Role == trace.RoleCarrier })
}

func errorPageAt(roles ...string) func(*view) bool {
	at := errorAt(roles...)
	return func(v *view) bool {
		return at(v) && v.end.Status < 500 && v.end.Status != 429 && v.end.Reason != "oauth-error"
	}
}

// errorAt: an answer of 400 and more at a hop of one of these.
func errorAt(roles ...string) func(*view) bool {
	list := strings.Join(roles, "|")
	return func(v *view) bool {
		return v.end.Status >= 400 && v.Step != "enable" && v.Step != "exchange" && v.Step != "verify" && v.unexplained() && among(v.role(), list)
	}
}

// unexplained tells whether the last answer did not say itself what is wrong.
func (v *view) unexplained() bool {
	return heard(v.said, "mobile_network|cellular|operator|access_denied|consent") == ""
}

// mobileData gathers what speaks for a device that was not on its mobile network.
func mobileData(v *view) (out []Evidence) {
	if v.RequiresCarrier {
		out = append(out, Evidence{Field: "requires_carrier_network", Text: "requires_carrier_network is true"})
	}
	switch {
	case v.Device != "follow":
	case v.NoCellular:
		out = append(out, Evidence{Field: "interfaces", Text: "this machine has no cellular interface"})
	case len(v.LooksCellular) > 0:
		out = append(out, Evidence{Field: "interfaces", Text: "the cellular interface " + strings.Join(v.LooksCellular, ", ") + " may not have been used"})
	}
	return out
}

func found(names ...string) func(*view) []Evidence {
	return func(v *view) []Evidence {
		if f := v.finding(names...); f != nil {
			return []Evidence{{Hop: f.Hop, Field: f.Name, Text: shown(strings.TrimSuffix(f.Text, "."))}}
		}
		return nil
	}
}

// downgraded: the chain stopped at a redirect from https to http.
func (v *view) downgraded() bool {
	h := v.lastHop()
	return h != nil && v.end.Kind == trace.EndStopped && v.end.Reason != "cleartext-secret" && h.Status/100 == 3 &&
		strings.HasPrefix(h.URL, "https://") && strings.HasPrefix(h.Location, "http://")
}

func (v *view) fromAndroid() bool {
	return v.Client == "android" || v.end.Code == "sdk_redirect_error" || v.Trace != nil && v.Trace.Tool == "phone library"
}

// stateIs tells what is known of the state in the callback: missing, other or unknown.
func stateIs(what string) func(*view) bool {
	return func(v *view) bool { return v.state() == what }
}

func (v *view) state() string {
	if v.State != "" {
		return v.State
	}
	h := v.lastHop()
	if h == nil {
		return "unknown"
	}
	at := h.Location
	if at == "" {
		at = h.URL
	}
	_, query, _ := strings.Cut(at, "?")
	_, fragment, _ := strings.Cut(at, "#")
	all := "&" + query + "&" + fragment
	switch {
	case heard(all, "&state=|#state=|&request_id=") != "":
		return "other"
	case heard(all, "&code=|&error=") != "":
		return "missing"
	default:
		return "unknown"
	}
}

// outOfReach: a phone opened the URL, and the redirect URI leads to this machine alone.
func outOfReach(v *view) bool {
	return !v.Local && v.Device != "follow" && v.Device != "browser" && v.Device != "adb" && (localURI(v.RedirectURI) || v.RedirectURI != "" && !v.Ours)
}

func whyOutOfReach(v *view) []Evidence {
	if localURI(v.RedirectURI) {
		return []Evidence{{Field: "redirect_uri", Text: "the redirect URI is on this machine, and the phone is not"}}
	}
	return []Evidence{{Field: "redirect_uri", Text: "the redirect URI does not lead to this machine, and no --listen is set"}}
}

func localURI(uri string) bool {
	_, rest, _ := strings.Cut(uri, "://")
	host, _, _ := strings.Cut(rest, "/")
	host = strings.Trim(host, "[]")
	return strings.HasPrefix(host, "localhost") || strings.HasPrefix(host, "127.") || strings.HasPrefix(host, "::1") ||
		strings.HasPrefix(host, "192.168.") || strings.HasPrefix(host, "10.")
}
