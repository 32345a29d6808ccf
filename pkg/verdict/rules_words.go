package verdict

import "time"

// wordRules judge by what the far side calls it, whoever says it, in whichever shape.
// Other servers word the same things in other ways, so the words are parts of sentences.
func wordRules() []rule {
	return []rule{
		{cause: "redirect-uri-mismatch", sure: Certain, step: "authorize|", when: calledElsewhere, shows: whereItWent, only: true},
		{cause: "virtual-operator-error", sure: Certain, when: func(v *view) bool { return v.Virtual && v.status() != 0 && !v.theirs() }, shows: virtualNumber},
		{cause: "callback-contradicts", sure: Certain, ends: "both"},
		{cause: "number-not-allowlisted", sure: Certain, says: "allowlist|allow-list|allow list|whitelist|verified phone numbers"},
		{cause: "network-not-linked", sure: Certain, says: "no network application|network+capability"},
		{cause: "carrier-not-supported", sure: Certain, says: "network not supported|supported mobile network operator|operator+not supported|carrier+not supported|unsupported operator|unsupported carrier|unsupported network|network+not enabled"},
		{cause: "carrier-not-supported", sure: Likely, code: "SERVICE_NOT_APPLICABLE|precondition-failed", says: "not supported|not available|service_not_applicable", not: "silent authentication failed"},
		{cause: "silent-auth-failed", sure: Certain, says: "silent authentication failed|silent auth verification cannot be completed|cannot be completed"},
		{cause: "scope-for-scopes", sure: Likely, step: "enable", status: "400|422", says: "scopes+required|scopes+missing|scopes+must|scopes+empty|scopes+null|scopes+blank"},
		{cause: "scope-unknown", sure: Likely, says: "invalid_scope|unknown scope|invalid scope|scope is invalid|scope is unknown|scope+unknown|scope+not found|scope+malformed|scope+does not exist", not: "insufficient_scope"},
		{cause: "scope-not-enabled", sure: Likely, says: "scope+not enabled|scope+not allowed|scope+not granted|scope+not permitted|scope+not authorized"},

		{cause: "redirect-uri-mismatch", sure: Certain, says: "redirect_uri+differ|redirect_uri+mismatch|redirect_uri+does not match|redirect_uri+not match|redirect uri+mismatch|redirect uri+does not match|redirect_uri+not registered|redirect uri+not registered|invalid redirect", shows: whichCharacters},
		{cause: "redirect-uri-mismatch", sure: Certain, step: "exchange|verify|", code: "invalid_grant|invalid_request|invalid-params", when: notTheRegistered, shows: whichCharacters},
		{cause: "redirect-uri-mismatch", sure: Likely, step: "authorize|", when: func(v *view) bool { return v.finding("callback-missed") != nil }, shows: found("callback-missed")},
		{cause: "code-used", sure: Certain, step: "exchange|verify", kind: "refused|unusable|gone", code: "invalid_grant|invalid-code|invalid-params", when: func(v *view) bool { return v.Spent }, shows: triedBefore},
		{cause: "code-expired", sure: Certain, step: "exchange", code: "invalid_grant|invalid-params", when: func(v *view) bool { return v.Waited > codeLife }, shows: ageOfCode},
		{cause: "code-of-another-request", sure: Likely, step: "verify|", says: "invalid-code+not match|invalid-code+incorrect code|code you provided does not match", not: "too many times|expired"},
		{cause: "code-other-host", sure: Likely, step: "exchange", says: "invalid_grant|code+not valid|code+unknown", when: hostsDiffer, shows: theHosts},
		{cause: "code-expired", sure: Likely, step: "exchange|verify|", says: "code+expired|request has expired", not: "used|unknown"},
		{cause: "code-used", sure: Likely, step: "exchange|verify|", says: "code+used|code+redeemed|code+consumed|code+twice", not: "redirect|too many times"},
		{cause: "code-used", sure: Possible, step: "exchange|verify|", says: "invalid_grant|invalid-code|code+not valid|code+invalid|invalid code", not: "redirect"},
		{cause: "code-expired", sure: Possible, step: "exchange|", says: "invalid_grant|code+not valid", not: "redirect"},
		{cause: "redirect-uri-mismatch", sure: Possible, step: "exchange", kind: "refused|unusable", says: "invalid_grant|redirect", when: func(v *view) bool { return !v.theRegistered() }},
		{cause: "grant-not-allowed", sure: Certain, step: "exchange", code: "unauthorized_client|unsupported_grant_type"},
		{cause: "grant-not-allowed", sure: Likely, says: "unauthorized_client|grant type+not supported|may not use this grant|grant+not allowed", not: "code+used"},

		{cause: "wifi-not-carrier", sure: Certain, says: "not_authenticated_by_mobile_network|authenticate via the mobile network|does not resolve to a cellular|not a cellular|not a mobile|not on a mobile", shows: mobileData},
		{cause: "wifi-not-carrier", sure: Likely, step: "authorize|verify|", says: "wifi|wi-fi|cellular+required|mobile data+required", shows: mobileData},
		{cause: "wifi-not-carrier", sure: Likely, step: "authorize|", code: "login_required", shows: mobileData},
		{cause: "token-other-number", sure: Certain, says: "invalid_token_context|cannot be deducted from access token|number+does not match the token"},
		{cause: "token-reused", sure: Certain, step: "verify", status: "401|403", when: func(v *view) bool { return v.Spent }, shows: triedBefore},
		{cause: "token-reused", sure: Likely, step: "verify", says: "token+already used|token+used before|token+replay"},
		{cause: "token-expired", sure: Certain, step: "verify", kind: "refused", status: "401", when: outlived, shows: ageOfToken},
		{cause: "token-expired", sure: Likely, step: "verify", kind: "refused", says: "token+expired", not: "missing, invalid"},
		{cause: "token-refused", sure: Likely, step: "verify", kind: "refused", status: "401", shows: freshToken},
		{cause: "token-expired", sure: Possible, step: "verify", kind: "refused", status: "401"},
		{cause: "account-forbidden", sure: Likely, step: "verify|cancel", kind: "refused", code: "forbidden"},
		{cause: "permission-denied", sure: Likely, step: "verify|", says: "permission_denied|insufficient_scope"},
		{cause: "permission-denied", sure: Possible, step: "verify", kind: "refused", status: "403"},
		{cause: "cancel-not-now", sure: Likely, step: "verify", status: "409", says: "cancel"},
		{cause: "cancel-not-now", sure: Likely, step: "cancel", status: "409"},
		{cause: "request-over", sure: Likely, step: "cancel", status: "404"},
		{cause: "request-over", sure: Likely, step: "authorize|", code: "not-found", ends: "oauth-error"},
		{cause: "request-over", sure: Likely, step: "verify", status: "409", not: "cancel"},
		{cause: "request-over", sure: Likely, step: "verify", kind: "refused", status: "404|410", not: "expired"},
	}
}

// codeLife is how long a code may live (RFC 6749 section 4.1.2).
const codeLife = 10 * time.Minute

// outlived tells whether the token's own time was over when it was used, or so short
// that the way there took it.
func outlived(v *view) bool {
	const unusable = 5 * time.Second
	return v.Late > 0 || v.Life > 0 && (v.Age >= v.Life || v.Life <= unusable)
}

func freshToken(v *view) []Evidence {
	if v.Life > 0 && !outlived(v) && !v.Spent {
		return []Evidence{{Field: "expires_in", Text: "it was new and not used before"}}
	}
	return nil
}

func triedBefore(*view) []Evidence {
	return []Evidence{{Field: "attempts", Text: "an earlier try with it is noted in the session"}}
}

func notTheRegistered(v *view) bool {
	return v.Registered != "" && v.RedirectURI != "" && v.Registered != v.RedirectURI
}

// theRegistered: the redirect URI in use is known to be the registered one.
func (v *view) theRegistered() bool { return v.Registered != "" && v.Registered == v.RedirectURI }

// calledElsewhere: a callback that carried this attempt's state went to another URI than the one in use. Nothing is
// surer: only the authorization server knows the state, and it goes to the registered URI alone.
func calledElsewhere(v *view) bool { return v.CalledAt != "" && notTheRegistered(v) }

func whereItWent(v *view) []Evidence {
	return append([]Evidence{{Field: "callback", Text: "this attempt's callback went to " + shown(v.CalledAt)}}, whichCharacters(v)...)
}

func whichCharacters(v *view) []Evidence {
	if !notTheRegistered(v) {
		return nil
	}
	return []Evidence{{Field: "redirect_uri", Text: Mismatch(v.Registered, v.RedirectURI)}}
}
