package verdict

import (
	"strconv"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// apiRules judge the answers of the API calls: by kind, status and code.
func apiRules() []rule {
	return []rule{
		{cause: "clock-skew", sure: Certain, kind: "auth", when: skewed, shows: clocks},
		{cause: "clock-skew", sure: Possible, kind: "auth", says: "expired|not yet valid|in the future|iat|nbf", when: noDate},
		{cause: "clock-skew", sure: Possible, kind: "auth", status: "401", when: func(v *view) bool { return noDate(v) && ordinaryRefusal(v) }},
		{cause: "jwt-has-acl", sure: Certain, kind: "auth|refused", when: jwtSays("acl"), shows: jwtWords},
		{cause: "jwt-expired", sure: Certain, kind: "auth", code: "jwt-expired"},
		{cause: "jwt-expired", sure: Likely, kind: "auth", step: "enable|exchange|verify|cancel", says: "jwt+expired|token+expired|exp+claim", when: notAtVerify},
		{cause: "jwt-too-long", sure: Certain, kind: "auth|refused", when: jwtSays("exp"), shows: jwtWords},
		{cause: "jwt-malformed", sure: Certain, kind: "auth|refused", when: jwtSays("alg", "iat", "jti", "application_id"), shows: jwtWords},
		{cause: "low-balance", sure: Certain, code: "low-balance"},
		{cause: "low-balance", sure: Likely, status: "402"},
		{cause: "account-not-provisioned", sure: Certain, code: "unprovisioned|account-suspended"},
		{cause: "account-not-provisioned", sure: Likely, says: "not provisioned|suspended"},
		{cause: "wrong-key", sure: Likely, kind: "auth", status: "401", when: ordinaryRefusal, shows: notTheJWT},
		{cause: "key-not-saved", sure: Possible, kind: "auth", status: "401", when: ordinaryRefusal},
		{cause: "account-forbidden", sure: Likely, kind: "auth", status: "403", not: "allowlist|provision"},

		{cause: "state-reused", sure: Certain, step: "enable", status: "400|409|422", says: "state+unique|state+used|duplicate state"},
		{cause: "parameter-refused", sure: Likely, step: "enable|exchange|verify|cancel", kind: "refused|not-enabled", status: "400|415|422", not: aboutOther},
		{cause: "parameter-refused", sure: Likely, step: "exchange", code: "invalid_request"},

		{cause: "rate-limit", sure: Certain, kind: "limit", shows: retryWhen},
		{cause: "rate-limit", sure: Certain, status: "429"},
		{cause: "service-down", sure: Certain, kind: "unavailable", shows: retryWhen},
		{cause: "service-down", sure: Likely, kind: "server", when: func(v *view) bool { return v.status() >= 500 }},
		{cause: "captive-portal", sure: Likely, step: "enable|exchange|verify|cancel", kind: "server|unusable", when: func(v *view) bool { return v.status()/100 == 2 && v.webPage() }, shows: pageTitle},
		{cause: "captive-portal", sure: Certain, status: "511"},
		{cause: "captive-portal", sure: Possible, step: "enable|exchange|verify|cancel", when: func(v *view) bool { return v.status()/100 == 3 }},
		{cause: "proxy-in-the-way", sure: Possible, step: "enable|exchange|verify|cancel", when: func(v *view) bool { return v.status() >= 400 && v.HTML && v.Proxy != "" }},
		{cause: "endpoint-redirects", sure: Likely, step: "enable|exchange|verify|cancel", when: func(v *view) bool { return v.status()/100 == 3 }, shows: redirectTo},

		{cause: "api-retired", sure: Certain, kind: "gone", status: "410"},
		{cause: "api-retired", sure: Likely, kind: "gone", status: "404", when: gatewaySaysSo},
		{cause: "wrong-url", sure: Likely, kind: "gone", status: "404", when: func(v *view) bool { return !gatewaySaysSo(v) }},
		{cause: "wrong-url", sure: Possible, kind: "gone", when: func(v *view) bool { return !v.Vendor }},
		{cause: "wrong-url", sure: Likely, step: "enable|exchange|verify|cancel", status: "405"},
		{cause: "api-retired", sure: Possible, step: "enable|exchange|verify|cancel", shows: lifeNotices, when: func(v *view) bool { return len(v.Notices) > 0 }},

		{cause: "concurrent-request", sure: Certain, kind: "concurrent"},
		{cause: "silent-auth-expired", sure: Certain, kind: "failed", code: "expired"},
		{cause: "silent-auth-failed", sure: Likely, kind: "failed", not: "expired"},
		{cause: "answer-broken", sure: Likely, kind: "unusable", step: "enable|exchange|verify|cancel", when: func(v *view) bool { return !v.webPage() && v.status()/100 != 3 && v.err.Code != "invalid_grant" }, shows: whatIsBroken},
	}
}

// aboutOther are words of a 4xx that speak of something more telling than a parameter.
const aboutOther = "no network application|may not use this grant|grant type|scope is invalid|allowlist|verified phone numbers|not supported|invalid-code|code is not valid|code+expired|code+used|" +
	"service_not_applicable|mobile_network|invalid_token_context|invalid_grant|unauthorized_client|unsupported_grant_type|invalid_scope|state+unique"

// theirs tells whether the failure is of another sort than the virtual operator makes up.
func (v *view) theirs() bool {
	return among(string(v.err.Kind), "auth|limit|unavailable|gone|network|server|unusable") || v.Step == "exchange"
}

func virtualNumber(*view) []Evidence {
	return []Evidence{{Field: "phone", Text: "the number is +990…99"}}
}

const clockTolerance = 30 * time.Second

func skewed(v *view) bool { return v.Skew.Abs() > clockTolerance }

// noDate: the far side did not say what time it is.
func noDate(v *view) bool { return v.Skew == 0 && v.err.Date.IsZero() }

func clocks(v *view) []Evidence {
	way := " ahead of the server's Date"
	if v.Skew < 0 {
		way = " behind the server's Date"
	}
	return []Evidence{{Field: "date", Text: "your clock is " + span(v.Skew.Abs()) + way}}
}

// notAtVerify: at verify of number verification the token in question is not the JWT.
func notAtVerify(v *view) bool { return v.Step != "verify" || v.API == "verify" }

// jwtSays finds an error about one of some claims.
func jwtSays(claims ...string) func(*view) bool {
	list := strings.Join(claims, "|")
	return func(v *view) bool {
		for _, f := range v.JWT {
			if f.Level == "error" && among(f.Claim, list) {
				return true
			}
		}
		return false
	}
}

func jwtWords(v *view) (out []Evidence) {
	for _, f := range v.JWT {
		if f.Level == "error" {
			out = append(out, Evidence{Field: "jwt." + f.Claim, Text: "the JWT's " + f.Claim + ": " + shown(f.Text)})
		}
	}
	return out
}

// ordinaryRefusal: a 401 that neither the clock nor the JWT itself explains.
func ordinaryRefusal(v *view) bool {
	return !skewed(v) && !strings.Contains(v.said, "expired")
}

// notTheJWT is what speaks against the time and the JWT itself, and so for the key.
func notTheJWT(v *view) (out []Evidence) {
	if !noDate(v) {
		out = append(out, Evidence{Field: "date", Text: "your clock agrees with the server's"})
	}
	if v.Trace == nil || v.Step == "enable" {
		return out
	}
	for _, h := range v.Trace.Hops {
		if h.Step == "enable" && h.Status/100 == 2 {
			return append(out, Evidence{Field: "enable", Text: "enable took the same JWT, so compare the hosts, too"})
		}
	}
	return out
}

func retryWhen(v *view) []Evidence {
	if v.err.RetryAfter <= 0 {
		return nil
	}
	return []Evidence{{Field: "retry-after", Text: "to be tried again after " + span(max(v.err.RetryAfter, time.Second))}}
}

// webPage tells whether the answer was a page, by the SDK's words too.
func (v *view) webPage() bool {
	return v.HTML || strings.Contains(v.deep, "a web page came")
}

func pageTitle(*view) []Evidence {
	return []Evidence{{Field: "content-type", Text: "a web page came in place of JSON"}}
}

func redirectTo(v *view) []Evidence {
	if h := v.lastHop(); h != nil && h.Location != "" {
		return []Evidence{{Field: "location", Text: "it leads to " + trace.Printable(h.Location)}}
	}
	return nil
}

// gatewaySaysSo tells a missing API from a wrong host: the API's own gateway answers in
// the shape of the API.
func gatewaySaysSo(v *view) bool {
	return v.Vendor || heard(v.said, "page not found|not-found|not_found|retired") != ""
}

func lifeNotices(v *view) (out []Evidence) {
	for _, n := range v.Notices {
		out = append(out, Evidence{Field: "notice", Text: shown(n)})
	}
	return out
}

func whatIsBroken(v *view) []Evidence {
	if v.deep == "" || v.Err == nil {
		return nil
	}
	return []Evidence{{Field: "body", Text: shown(v.Err.Err.Error())}}
}

func hostsDiffer(v *view) bool { return len(v.Hosts) > 1 }

func theHosts(v *view) []Evidence {
	return []Evidence{{Field: "hosts", Text: "the steps go to " + strings.Join(v.Hosts, " and ")}}
}

func ageOfCode(v *view) []Evidence {
	return []Evidence{{Field: "time", Text: "it was exchanged after " + span(v.Waited)}}
}

func ageOfToken(v *view) []Evidence {
	if v.Late > 0 {
		return []Evidence{{Field: "expires_at", Text: "it had ended " + span(v.Late) + " before"}}
	}
	if v.Life <= 0 {
		return nil
	}
	seconds := strconv.Itoa(int(v.Life.Seconds()))
	return []Evidence{{Field: "expires_in", Text: "it lived for " + seconds + " s, and was " + span(v.Age) + " old"}}
}

// span writes a duration to the second, without parts that are nought: 9m58s, 10m, 2h.
func span(d time.Duration) string {
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
