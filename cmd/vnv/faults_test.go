package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// faultExits are the exit codes of faults that do not end as their stage usually does.
var faultExits = map[string]int{
	"jwt-expired": 4, "clock-ahead": 4, "clock-behind": 4,
	"scope-other": 0, "enable-deprecated": 0, "enable-401": 4, "enable-403": 4, "unprovisioned": 5,
	"enable-429": 14, "enable-503": 14, "enable-500": 11, "enable-502-html": 11, "enable-504": 11, "enable-html": 11,
	"auth-url-javascript": 5, "jwt-not-yet-valid": 4, "jwt-other-application": 4, "enable-429-date": 14, "enable-slow": 11, "enable-reset": 11,

	"unsupported-carrier": 6, "slow-hop": 11, "hops-9": 0, "tls-failure": 11, "cookie-required": 0, "cleartext-hop": 0,
	"redirect-301": 0, "redirect-303": 0, "redirect-307": 0, "redirect-308": 0,
	"hops-10": 0, "relative-location": 0, "location-spaces": 0, "reset": 11, "header-flood": 11,

	"access-denied": 6, "error-without-state": 6, "code-and-error": 6, "missing-state": 8, "wrong-state": 8, "duplicate-callback": 0,

	"callback-invalid-request": 6, "callback-unauthorized-client": 6, "callback-unsupported-response-type": 6, "callback-invalid-scope": 6,
	"callback-consent-required": 6, "callback-login-required": 6, "callback-interaction-required": 6, "callback-account-selection-required": 6,
	"callback-invalid-request-object": 6, "callback-request-uri-not-supported": 6, "callback-server-error": 6, "callback-temporarily-unavailable": 6,
	"late-callback": 11,

	"token-429-date": 14, "token-502-html": 11, "verify-429-later": 14, "verify-429-date": 14,
	"verify-502": 11, "verify-502-html": 11, "verify-slow": 11,
	"token-invalid-client-401": 4, "token-401-7807": 4, "token-429": 14, "token-500": 11, "token-503": 14,
	"token-expires-string": 0, "token-lowercase-type": 0, "token-slow": 11, "token-reset": 11, "token-expired": 10,

	"verify-429": 14, "verify-503": 14, "verify-500": 11, "verify-504": 11, "verify-reset": 11,
}

// stageExits are the catch-alls of the stages.
var stageExits = map[sandbox.Stage]int{
	sandbox.StageEnable: 5, sandbox.StageAuthorize: 12, sandbox.StageCarrier: 12, sandbox.StageCallback: 12,
	sandbox.StageToken: 9, sandbox.StageVerify: 10,
}

// stageSteps are the steps in which the client meets a stage's faults.
var stageSteps = map[sandbox.Stage]string{
	sandbox.StageEnable: "enable", sandbox.StageAuthorize: "authorize", sandbox.StageCarrier: "authorize",
	sandbox.StageCallback: "authorize", sandbox.StageToken: "exchange", sandbox.StageVerify: "verify",
}

// canaryPhone is verified, and stands in no text of ours.
const canaryPhone = "+99077001234"

// TestEveryFault drives the whole flow into every fault that the sandbox knows: it
// ends at the step where the fault stands, with the right exit code and advice, no
// code or token is sent twice, and the invariants hold.
func TestEveryFault(t *testing.T) {
	t.Parallel()
	for i, fault := range sandbox.Faults() {
		if !slices.Contains(firstAPI, fault.At) {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			far := startSandbox(t, sandbox.Options{Faults: []string{fault.Name}})
			w := newWorld(t).towards(far)
			format := []string{"json", "ndjson"}[i%2]
			r := w.run("run", "--phone", canaryPhone, "--timeout", timeoutFor(fault.Name), "-v", "--trace", "-o", format)
			want, special := faultExits[fault.Name]
			if !special {
				want = stageExits[fault.At]
			}
			if r.code != want {
				t.Errorf("exit code %d, want %d", r.code, want)
			}
			step := stageSteps[fault.At]
			if fault.Name == "token-expired" {
				step = "verify" // where it is seen
			}
			if op := regexp.MustCompile(`"op": ?"` + step + `"`); want != 0 && !op.MatchString(r.stdout) {
				t.Errorf("the failure is not one of %s", step)
			}
			met := slices.ContainsFunc(far.Requests(), func(e sandbox.Entry) bool { return e.Fault == fault.Name })
			if !met {
				t.Error("the fault was never met")
			}
			invariants(t, w, r, secretsOf(far)...)
			onceOnly(t, far)
		})
	}
}

// firstAPI are the stages of number verification.
var firstAPI = []sandbox.Stage{
	sandbox.StageEnable, sandbox.StageAuthorize, sandbox.StageCarrier, sandbox.StageCallback, sandbox.StageToken, sandbox.StageVerify,
}

func timeoutFor(fault string) string {
	if strings.HasSuffix(fault, "-slow") || fault == "slow-hop" || fault == "late-callback" {
		return "1s"
	}
	return "20s"
}
