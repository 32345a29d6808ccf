package sandbox

import (
	"strings"
	"sync"
)

// Number is a row of [Numbers]: what a phone number leads to.
type Number struct {
	Pattern string // as in [Options.Faults]
	Example string // a number that fits
	Outcome string // "true", "false" or "error"; "" where a fault decides
	Fault   string // the fault that it meets, "" if none
	Summary string
}

// Numbers are the numbers that mean something to every sandbox: those that decide how a flow ends, the
// first that fits, then those reserved for a fault. In a real test the app sends the request, and a phone number is all that
// the tester controls: with a reserved one the flow meets the fault each time, without any setting.
// The range is that of the vendor's Virtual Operator (+990 is nobody's country code), one digit longer
// than its examples; a number that is reserved today stays so.
func Numbers() []Number {
	list := []Number{
		{"*99", "+99011111199", string(outcomeError), "", "at the last step, unless told otherwise"},
		{"*[02468]", "+99012345678", string(outcomeTrue), "", "verified"},
		{"*[13579]", "+99012345677", string(outcomeFalse), "", "not verified"},
	}
	for _, row := range reserved {
		code, name, _ := strings.Cut(row, " ")
		fault, _ := faultNamed(name)
		list = append(list, Number{reservedPrefix + code + "????", reservedPrefix + code + "0000", "", name, fault.Summary})
	}
	return list
}

// reservedPrefix begins a reserved number; the three digits of a fault follow, and then any four.
const reservedPrefix = "+99090"

const reservedLength = len(reservedPrefix) + 3 + 4

// reservedFault is the fault that a number is reserved for, nil if it is not.
func reservedFault(phone string) *Fault {
	if len(phone) != reservedLength || !strings.HasPrefix(phone, reservedPrefix) {
		return nil
	}
	return faultsByCode()[phone[len(reservedPrefix):][:3]]
}

var faultsByCode = sync.OnceValue(func() map[string]*Fault {
	byCode := make(map[string]*Fault, len(reserved))
	for _, row := range reserved {
		code, name, _ := strings.Cut(row, " ")
		if f, ok := faultNamed(name); ok {
			byCode[code] = &f
		}
	}
	return byCode
})

// reserved gives every fault three digits of its own: 1 enable, 2 the chain, 3 callback, 4 token,
// 5 verify; of the second API 6 start, 7 handover, 8 check, 9 cancel. Rows are only added.
var reserved = [...]string{
	"101 jwt-expired",
	"102 jwt-not-yet-valid",
	"103 jwt-other-application",
	"104 clock-ahead",
	"105 clock-behind",
	"106 allowlist",
	"107 network-not-enabled",
	"108 scope-refused",
	"109 scope-other",
	"110 scopes-empty",
	"111 auth-url-null",
	"112 auth-url-relative",
	"113 auth-url-javascript",
	"114 no-application",
	"115 enable-401",
	"116 enable-403",
	"117 unprovisioned",
	"118 enable-404",
	"119 enable-410",
	"120 enable-422",
	"121 enable-429",
	"122 enable-429-date",
	"123 enable-500",
	"124 enable-502-html",
	"125 enable-503",
	"126 enable-504",
	"127 enable-html",
	"128 enable-truncated",
	"129 enable-redirect",
	"130 enable-slow",
	"131 enable-reset",
	"132 enable-deprecated",
	"201 unknown-client",
	"202 redirect-uri-mismatch",
	"203 wifi",
	"204 consent",
	"205 unsupported-carrier",
	"206 slow-hop",
	"207 loop",
	"208 endless",
	"209 hops-9",
	"210 hops-10",
	"211 hops-11",
	"212 relative-location",
	"213 location-spaces",
	"214 redirect-301",
	"215 redirect-303",
	"216 redirect-307",
	"217 redirect-308",
	"218 cookie-required",
	"219 cleartext-hop",
	"220 cleartext-code",
	"221 tls-failure",
	"222 custom-scheme",
	"223 private-address",
	"224 metadata-address",
	"225 meta-refresh",
	"226 no-location",
	"227 reset",
	"228 header-flood",
	"229 endless-body",
	"301 access-denied",
	"302 callback-invalid-request",
	"303 callback-unauthorized-client",
	"304 callback-unsupported-response-type",
	"305 callback-invalid-scope",
	"306 callback-consent-required",
	"307 callback-login-required",
	"308 callback-interaction-required",
	"309 callback-account-selection-required",
	"310 callback-invalid-request-object",
	"311 callback-request-uri-not-supported",
	"312 callback-server-error",
	"313 callback-temporarily-unavailable",
	"314 error-without-state",
	"315 missing-state",
	"316 wrong-state",
	"317 code-and-error",
	"318 duplicate-callback",
	"319 late-callback",
	"401 token-invalid-grant",
	"402 token-invalid-request",
	"403 token-unauthorized-client",
	"404 token-unsupported-grant-type",
	"405 token-invalid-scope",
	"406 token-code-expired",
	"407 token-code-used",
	"408 token-redirect-uri-mismatch",
	"409 token-invalid-request-7807",
	"410 token-unauthorized-client-7807",
	"411 token-unsupported-grant-type-7807",
	"412 token-invalid-scope-7807",
	"413 token-problem",
	"414 token-invalid-client-401",
	"415 token-401-7807",
	"416 token-429",
	"417 token-429-date",
	"418 token-500",
	"419 token-502-html",
	"420 token-503",
	"421 token-expired",
	"422 token-no-token",
	"423 token-error-in-200",
	"424 token-crlf",
	"425 token-truncated",
	"426 token-html",
	"427 token-expires-string",
	"428 token-lowercase-type",
	"429 token-redirect",
	"430 token-slow",
	"431 token-reset",
	"501 verify-400",
	"502 verify-401",
	"503 verify-401-later",
	"504 verify-403",
	"505 verify-403-mobile-network",
	"506 verify-403-invalid-token-context",
	"507 verify-403-mobile-network-later",
	"508 verify-403-invalid-token-context-later",
	"509 verify-404",
	"510 verify-405",
	"511 verify-410",
	"512 verify-415",
	"513 verify-422",
	"514 verify-429",
	"515 verify-429-later",
	"516 verify-429-date",
	"517 verify-500",
	"518 verify-502",
	"519 verify-502-html",
	"520 verify-503",
	"521 verify-504",
	"522 verify-missing-flag",
	"523 verify-null-flag",
	"524 verify-string-flag",
	"525 verify-duplicate-flag",
	"526 verify-other-case",
	"527 verify-truncated",
	"528 verify-html",
	"529 verify-redirect",
	"530 verify-slow",
	"531 verify-reset",
	"601 start-401",
	"602 start-jwt-expired",
	"603 start-jwt-not-yet-valid",
	"604 start-jwt-other-application",
	"605 start-clock-ahead",
	"606 start-clock-behind",
	"607 start-402-low-balance",
	"608 start-403",
	"609 start-unprovisioned",
	"610 start-404",
	"611 start-409-concurrent",
	"612 start-410",
	"613 start-412-network-not-supported",
	"614 start-412-silent-auth-failed",
	"615 start-422",
	"616 start-429",
	"617 start-429-date",
	"618 start-500",
	"619 start-502-html",
	"620 start-503",
	"621 start-504",
	"622 start-html",
	"623 start-truncated",
	"624 start-redirect",
	"625 start-slow",
	"626 start-reset",
	"627 start-deprecated",
	"628 start-no-request-id",
	"629 check-url-null",
	"630 check-url-relative",
	"631 check-url-javascript",
	"632 check-url-404",
	"701 fragment-error-cannot-be-completed",
	"702 fragment-error-msisdn",
	"703 fragment-error-operator",
	"704 fragment-error-ip",
	"705 fragment-other-request-id",
	"706 fragment-no-request-id",
	"707 chain-json-other-request-id",
	"708 chain-json-no-code",
	"709 fragment-code-and-error",
	"710 chain-json-truncated",
	"711 chain-html",
	"712 late-handover",
	"713 fragment-error-no-request-id",
	"801 check-401",
	"802 check-jwt-expired",
	"803 check-400-invalid-code",
	"804 check-404",
	"805 check-409-conflict",
	"806 check-410",
	"807 check-422",
	"808 check-429",
	"809 check-429-date",
	"810 check-500",
	"811 check-502-html",
	"812 check-503",
	"813 check-504",
	"814 check-redirect",
	"815 check-html",
	"816 check-other-request-id",
	"817 check-status-user-rejected",
	"818 check-status-failed",
	"819 check-status-expired",
	"820 check-status-unknown",
	"821 check-status-missing",
	"822 check-status-null",
	"823 check-status-twice",
	"824 check-status-other-case",
	"825 check-truncated",
	"826 check-slow",
	"827 check-reset",
	"828 check-403",
	"901 cancel-401",
	"902 cancel-404",
	"903 cancel-409",
	"904 cancel-429",
	"905 cancel-500",
	"906 cancel-reset",
	"907 cancel-jwt-expired",
	"908 cancel-403",
	"909 cancel-429-date",
	"910 cancel-502-html",
	"911 cancel-503",
	"912 cancel-504",
	"913 cancel-html",
	"914 cancel-redirect",
	"915 cancel-slow",
}
