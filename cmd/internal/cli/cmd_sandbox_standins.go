package cli

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// Causes that no failure has: the answer no, which way a clock is off, and that what came without a state was an
// error.
const (
	causeNotVerified = "not-verified"
	clockBehind      = "clock-skew, behind"
	errorWithout     = "state-lost, an error's"
)

// standIns are faults for what a recorded answer cannot say, by the step at which the flow
// ended and its cause. The first of the API at hand counts.
var standIns = []struct{ step, cause, fault string }{
	{"enable", "account-not-provisioned", "unprovisioned"},
	{"enable", "account-not-provisioned", "start-unprovisioned"},
	{"enable", "answer-broken", "enable-truncated"},
	{"enable", "answer-broken", "start-truncated"},
	{"enable", "captive-portal", "enable-html"},
	{"enable", "captive-portal", "start-html"},
	{"enable", "carrier-not-supported", "network-not-enabled"},
	{"enable", "carrier-not-supported", "start-412-network-not-supported"},
	{"enable", "clock-skew", "clock-ahead"},
	{"enable", "clock-skew", "start-clock-ahead"},
	{"enable", clockBehind, "clock-behind"},
	{"enable", clockBehind, "start-clock-behind"},
	{"enable", "connection-lost", "enable-reset"},
	{"enable", "connection-lost", "start-reset"},
	{"enable", "jwt-expired", "jwt-expired"},
	{"enable", "jwt-expired", "start-jwt-expired"},
	{"enable", "network-not-linked", "no-application"},
	{"enable", "no-answer", "enable-slow"},
	{"enable", "no-answer", "start-slow"},
	{"enable", "number-not-allowlisted", "allowlist"},
	{"enable", "scope-not-enabled", "scope-refused"},

	{"authorize", "answer-broken", "chain-json-truncated"},
	{"authorize", "answer-too-large", "header-flood"},
	{"authorize", "callback-contradicts", "code-and-error"},
	{"authorize", "callback-contradicts", "fragment-code-and-error"},
	{"authorize", "carrier-not-supported", "fragment-error-operator"},
	{"authorize", "cleartext-secret", "cleartext-code"},
	{"authorize", "connection-lost", "reset"},
	{"authorize", "forbidden-address-hop", "metadata-address"},
	{"authorize", "no-answer", "slow-hop"},
	{"authorize", "private-address-hop", "private-address"},
	{"authorize", "redirect-loop", "loop"},
	{"authorize", "silent-auth-failed", "fragment-error-cannot-be-completed"},
	{"authorize", "state-lost", "missing-state"},
	{"authorize", "state-lost", "fragment-no-request-id"},
	{"authorize", errorWithout, "error-without-state"},
	{"authorize", errorWithout, "fragment-error-no-request-id"},
	{"authorize", "state-of-another-attempt", "wrong-state"},
	{"authorize", "state-of-another-attempt", "chain-json-other-request-id"},
	{"authorize", "state-of-another-attempt", "fragment-other-request-id"},
	{"authorize", "tls-refused", "tls-failure"},
	{"authorize", "too-many-redirects", "endless"},
	{"authorize", "wifi-not-carrier", "fragment-error-ip"},
	{"authorize", causeNotVerified, "fragment-error-msisdn"},

	{"exchange", "answer-broken", "token-truncated"},
	{"exchange", "captive-portal", "token-html"},
	{"exchange", "code-expired", "token-code-expired"},
	{"exchange", "code-used", "token-code-used"},
	{"exchange", "connection-lost", "token-reset"},
	{"exchange", "grant-not-allowed", "token-unauthorized-client"},
	{"exchange", "no-answer", "token-slow"},
	{"exchange", "redirect-uri-mismatch", "token-redirect-uri-mismatch"},
	{"exchange", "scope-unknown", "token-invalid-scope"},

	{"verify", "answer-broken", "verify-truncated"},
	{"verify", "answer-broken", "check-truncated"},
	{"verify", "captive-portal", "verify-html"},
	{"verify", "captive-portal", "check-html"},
	{"verify", "carrier-not-supported", "verify-422"},
	{"verify", "code-of-another-request", "check-400-invalid-code"},
	{"verify", "code-used", "check-410"},
	{"verify", "connection-lost", "verify-reset"},
	{"verify", "connection-lost", "check-reset"},
	{"verify", "jwt-expired", "check-jwt-expired"},
	{"verify", "no-answer", "verify-slow"},
	{"verify", "no-answer", "check-slow"},
	{"verify", "request-over", "check-404"},
	{"verify", "silent-auth-expired", "check-status-expired"},
	{"verify", "silent-auth-failed", "check-status-failed"},
	{"verify", "token-expired", "token-expired"},
	{"verify", "token-other-number", "verify-403-invalid-token-context"},
	{"verify", "wifi-not-carrier", "verify-403-mobile-network"},
}

// standIn is the fault for a cause at a step, of the API of the chain; empty for none.
func (r *replay) standIn(step, cause string) string {
	inJSON := r.trace.End.Kind != trace.EndCallback // a chain of the Verify API ends in JSON, or with a fragment
	for _, s := range standIns {
		if s.step != step || s.cause != cause || strings.HasPrefix(s.fault, "fragment-") == inJSON && r.silent && stageOf(s.fault) == sandbox.StageHandover {
			continue
		}
		if api, only := oneAPI[stageOf(s.fault)]; !only || api == r.apiOf().Name {
			return s.fault
		}
	}
	return ""
}

// stageOf is where a fault stands.
func stageOf(fault string) sandbox.Stage {
	all := sandbox.Faults()
	if i := slices.IndexFunc(all, func(f sandbox.Fault) bool { return f.Name == fault }); i >= 0 {
		return all[i].At
	}
	return ""
}

// endCauses are the causes of chains that went no further, by the reason that a file of
// ours gives.
var endCauses = map[string]string{
	"loop": "redirect-loop", "too-many": "too-many-redirects", "forbidden-address": "private-address-hop", "cleartext-secret": "cleartext-secret",
}

// stopped is the cause why a client like vnv goes no further than this hop; empty where it
// goes on, or where the answer itself says why not.
func (r *replay) stopped(h trace.Hop, last bool) string {
	failed := r.failed()
	foreign := !strings.HasPrefix(r.trace.Tool, "vnv ")
	switch {
	case last && r.trace.End.Kind == trace.EndStopped && endCauses[r.trace.End.Reason] != "":
		if failed.Step == "authorize" && failed.Cause != "" {
			return failed.Cause
		}
		return endCauses[r.trace.End.Reason]
	case h.Status == 0 && last && failed.Step == "authorize" && failed.Cause != "":
		return failed.Cause
	case h.Status == 0:
		return causeOf(h)
	case foreign && privateCause(h.Location) != "":
		return privateCause(h.Location)
	case foreign && cleartextSecret(h):
		return "cleartext-secret"
	case foreign && r.repeated(h):
		return "redirect-loop"
	}
	return ""
}

// repeated tells whether the same hop was asked before, with the same cookies.
func (r *replay) repeated(h trace.Hop) bool {
	return slices.ContainsFunc(r.trace.Findings, func(f trace.Finding) bool { return f.Name == "loop" && f.Hop == h.N && f.Step == h.Step })
}

// cleartextSecret tells whether a hop leads to plain http on another machine, with a code
// or a token.
func cleartextSecret(h trace.Hop) bool {
	u, err := url.Parse(h.Location)
	if err != nil || u.Scheme != "http" || loopbackURL(h.Location) {
		return false
	}
	return u.Query().Has("code") || u.Query().Has("access_token")
}

// privateCause is the cause of a client that refuses to go to an address; empty where it
// would go.
func privateCause(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	switch addr, err := netip.ParseAddr(u.Hostname()); {
	case err != nil || addr.IsLoopback():
		return ""
	case addr.IsPrivate():
		return "private-address-hop"
	case addr.IsLinkLocalUnicast() || addr.IsUnspecified() || addr.IsMulticast():
		return "forbidden-address-hop"
	}
	return ""
}

// troubles are the words of programs for a request that had no answer, and its cause.
var troubles = []struct{ word, cause string }{
	{"too_many_redirects", "too-many-redirects"},
	{"maximum (", "too-many-redirects"},
	{"response_headers_too_big", "answer-too-large"},
	{"headers exceeded", "answer-too-large"},
	{"timed out", "no-answer"},
	{"timed_out", "no-answer"},
	{"timeout", "no-answer"},
	{"deadline", "no-answer"},
	{"is over", "no-answer"},
	{"are over", "no-answer"},
	{"no answer", "no-answer"},
	{"aborted", "no-answer"}, // whoever waited gave up
	{"reset", "connection-lost"},
	{"empty", "connection-lost"},
	{"closed", "connection-lost"},
	{"broken", "connection-lost"},
	{"eof", "connection-lost"},
	{"ns_error_net_", "connection-lost"},
}

// causeOf is the cause of a hop that had no answer, by what the file says of it; empty where
// nothing stands for it.
func causeOf(h trace.Hop) string {
	switch h.Phase {
	case trace.PhaseDNS, trace.PhaseConnect:
		return ""
	case trace.PhaseTLS:
		return "tls-refused"
	}
	low := strings.ToLower(h.Error)
	for _, t := range troubles {
		if strings.Contains(low, t.word) {
			return t.cause
		}
	}
	if h.Total >= noticeable {
		return "no-answer"
	}
	return "connection-lost"
}
