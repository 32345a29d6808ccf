package verdict_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// benign are the faults that are odd, but no failure: no cause may be named.
var benign = []string{
	"scope-other", "enable-deprecated", "hops-10", "relative-location", "location-spaces", "duplicate-callback",
	"token-expires-string", "token-lowercase-type", "fragment-error-msisdn", "check-status-user-rejected",
	"hops-9", "redirect-301", "redirect-303", "redirect-307", "redirect-308", "cookie-required", "cleartext-hop", "start-deprecated",
}

// causes are what a person who made the fault would call it.
var causes = map[string]string{
	"jwt-expired": "jwt-expired", "clock-ahead": "clock-skew", "clock-behind": "clock-skew",

	"allowlist": "number-not-allowlisted", "scope-refused": "scope-not-enabled", "no-application": "network-not-linked",
	"scopes-empty": "answer-broken", "auth-url-null": "answer-broken", "auth-url-relative": "answer-broken",
	"auth-url-javascript": "answer-broken", "enable-truncated": "answer-broken",
	"enable-401": "wrong-key", "enable-403": "account-forbidden", "unprovisioned": "account-not-provisioned",
	"enable-404": "api-retired", "enable-410": "api-retired", "enable-422": "parameter-refused", "enable-429": "rate-limit",
	"enable-500": "service-down", "enable-502-html": "service-down", "enable-503": "service-down", "enable-504": "service-down",
	"enable-html": "captive-portal", "enable-redirect": "endpoint-redirects",

	"wifi": "wifi-not-carrier", "consent": "consent-needed", "loop": "redirect-loop", "endless": "too-many-redirects",
	"hops-11": "too-many-redirects", "custom-scheme": "app-scheme-redirect", "private-address": "private-address-hop",
	"metadata-address": "forbidden-address-hop", "meta-refresh": "browser-only-redirect", "no-location": "dead-end",
	"reset": "connection-lost", "header-flood": "answer-too-large", "endless-body": "wifi-not-carrier",

	"access-denied": "access-denied", "error-without-state": "access-denied", "missing-state": "state-lost",
	"wrong-state": "state-of-another-attempt", "code-and-error": "callback-contradicts",

	"token-invalid-grant": "code-used", "token-invalid-request": "parameter-refused", "token-unauthorized-client": "grant-not-allowed",
	"token-problem": "code-used", "token-invalid-client-401": "wrong-key", "token-401-7807": "wrong-key", "token-429": "rate-limit",
	"token-500": "service-down", "token-503": "service-down", "token-expired": "token-expired", "token-no-token": "answer-broken",
	"token-error-in-200": "code-used", "token-crlf": "answer-broken", "token-html": "captive-portal",
	"token-redirect": "endpoint-redirects", "token-slow": "no-answer", "token-reset": "connection-lost",

	"verify-400": "parameter-refused", "verify-401": "token-refused", "verify-403": "permission-denied",
	"verify-403-mobile-network": "wifi-not-carrier", "verify-403-invalid-token-context": "token-other-number",
	"verify-404": "api-retired", "verify-410": "api-retired", "verify-429": "rate-limit", "verify-500": "service-down",
	"verify-503": "service-down", "verify-504": "service-down", "verify-missing-flag": "answer-broken",
	"verify-string-flag": "answer-broken", "verify-duplicate-flag": "answer-broken", "verify-other-case": "answer-broken",
	"verify-truncated": "answer-broken", "verify-html": "captive-portal", "verify-reset": "connection-lost",

	"start-401": "wrong-key", "start-402-low-balance": "low-balance", "start-409-concurrent": "concurrent-request",
	"start-412-network-not-supported": "carrier-not-supported", "start-412-silent-auth-failed": "silent-auth-failed",
	"start-422": "parameter-refused", "start-429": "rate-limit", "start-500": "service-down", "start-503": "service-down",
	"check-url-null": "answer-broken", "check-url-relative": "answer-broken", "check-url-javascript": "answer-broken",

	"fragment-error-cannot-be-completed": "silent-auth-failed", "fragment-error-operator": "carrier-not-supported",
	"fragment-error-ip": "wifi-not-carrier", "fragment-other-request-id": "state-of-another-attempt",
	"fragment-no-request-id": "state-lost", "chain-json-other-request-id": "state-of-another-attempt", "chain-json-no-code": "answer-broken",

	"check-400-invalid-code": "code-of-another-request", "check-404": "request-over", "check-410": "code-used", "check-429": "rate-limit",
	"check-500": "service-down", "check-html": "captive-portal", "check-other-request-id": "answer-broken",
	"check-status-failed": "silent-auth-failed", "check-status-expired": "silent-auth-expired", "check-status-unknown": "answer-broken",
	"check-status-missing": "answer-broken",

	"jwt-not-yet-valid": "wrong-key", "jwt-other-application": "wrong-key", "start-jwt-not-yet-valid": "wrong-key",
	"start-jwt-other-application": "wrong-key", "network-not-enabled": "carrier-not-supported", "unsupported-carrier": "carrier-not-supported",
	"unknown-client": "client-or-redirect-unknown", "redirect-uri-mismatch": "client-or-redirect-unknown", "slow-hop": "no-answer", "tls-failure": "tls-refused",
	"cleartext-code": "cleartext-secret", "late-callback": "no-answer", "late-handover": "no-answer",

	"callback-invalid-request": "parameter-refused", "callback-unauthorized-client": "grant-not-allowed",
	"callback-unsupported-response-type": "parameter-refused", "callback-invalid-scope": "scope-unknown",
	"callback-consent-required": "consent-needed", "callback-login-required": "wifi-not-carrier",
	"callback-interaction-required": "consent-needed", "callback-account-selection-required": "consent-needed",
	"callback-invalid-request-object": "parameter-refused", "callback-request-uri-not-supported": "parameter-refused",
	"callback-server-error": "service-down", "callback-temporarily-unavailable": "service-down",

	"token-unsupported-grant-type": "grant-not-allowed", "token-invalid-scope": "scope-unknown", "token-code-expired": "code-expired",
	"token-redirect-uri-mismatch": "redirect-uri-mismatch", "token-invalid-request-7807": "parameter-refused",
	"token-unauthorized-client-7807": "grant-not-allowed", "token-unsupported-grant-type-7807": "grant-not-allowed",
	"token-invalid-scope-7807": "scope-unknown", "token-code-used": "code-used",

	"verify-401-later": "token-refused", "verify-403-mobile-network-later": "wifi-not-carrier",
	"verify-403-invalid-token-context-later": "token-other-number", "verify-405": "wrong-url", "verify-415": "parameter-refused",
	"verify-422": "carrier-not-supported", "verify-null-flag": "answer-broken",

	"start-403": "account-forbidden", "start-404": "api-retired", "start-410": "api-retired", "start-no-request-id": "answer-broken",
	"fragment-code-and-error": "callback-contradicts", "chain-html": "wifi-not-carrier", "check-401": "wrong-key",
	"check-409-conflict": "request-over", "check-422": "parameter-refused", "check-status-null": "answer-broken", "check-status-twice": "answer-broken",
	"check-status-other-case": "answer-broken",

	"cancel-401": "wrong-key", "cancel-404": "request-over", "cancel-409": "cancel-not-now",
}

// endings are the causes of faults that many stages have alike.
var endings = []struct{ end, cause string }{
	{"-429", "rate-limit"},
	{"-429-date", "rate-limit"},
	{"-429-later", "rate-limit"},
	{"-500", "service-down"},
	{"-502", "service-down"},
	{"-502-html", "service-down"},
	{"-503", "service-down"},
	{"-504", "service-down"},
	{"-html", "captive-portal"},
	{"-truncated", "answer-broken"},
	{"-redirect", "endpoint-redirects"},
	{"-slow", "no-answer"},
	{"-reset", "connection-lost"},
	{"-jwt-expired", "jwt-expired"},
	{"-clock-ahead", "clock-skew"},
	{"-clock-behind", "clock-skew"},
	{"-unprovisioned", "account-not-provisioned"},
}

// expected is the cause of a fault.
func expected(fault string) string {
	if cause := causes[fault]; cause != "" {
		return cause
	}
	for _, e := range endings {
		if strings.HasSuffix(fault, e.end) {
			return e.cause
		}
	}
	return "a row in this test"
}

// first are the stages that only number verification has; second those of Verify.
var (
	first  = []sandbox.Stage{sandbox.StageEnable, sandbox.StageAuthorize, sandbox.StageCallback, sandbox.StageToken, sandbox.StageVerify}
	second = []sandbox.Stage{sandbox.StageStart, sandbox.StageHandover, sandbox.StageCheck, sandbox.StageCancel}
)

// TestEveryFault drives both APIs into every fault of the sandbox: the right cause
// ranks first, and none is named where the flow succeeds.
func TestEveryFault(t *testing.T) {
	t.Parallel()
	type run struct {
		fault string
		api   vnv.API
	}
	var runs []run
	for _, f := range sandbox.Faults() {
		if !slices.Contains(second, f.At) {
			runs = append(runs, run{f.Name, vnv.NumberVerification})
		}
		if !slices.Contains(first, f.At) {
			runs = append(runs, run{f.Name, vnv.SilentAuth})
		}
	}
	right := make(chan bool, len(runs))
	t.Cleanup(func() {
		close(right)
		score := 0
		for ok := range right {
			if ok {
				score++
			}
		}
		t.Logf("the right cause ranked first in %d of %d runs", score, len(runs))
	})
	for _, r := range runs {
		t.Run(r.api.Name+"/"+r.fault, func(t *testing.T) {
			t.Parallel()
			o := attempt(t, r.api, r.fault)
			got := verdict.Judge(o)
			want := expected(r.fault)
			if slices.Contains(benign, r.fault) {
				if o.Err != nil || len(got) > 0 {
					t.Fatalf("no failure, and yet %v: %v", o.Err, named(got))
				}
				right <- true
				return
			}
			if o.Err == nil {
				t.Fatal("the flow succeeded")
			}
			sound(t, got)
			right <- len(got) > 0 && got[0].Cause == want
			if len(got) == 0 || got[0].Cause != want {
				t.Errorf("%v\n%+v\nnamed %v, not %s", o.Err, o.End, named(got), want)
			}
		})
	}
}

// sound: every candidate is a row of the catalogue, with evidence and a way on, and in order.
func sound(t *testing.T, list []verdict.Candidate) {
	t.Helper()
	for i, c := range list {
		if _, ok := verdict.Named(c.Cause); !ok {
			t.Errorf("%s is not in the catalogue", c.Cause)
		}
		if len(c.Next) == 0 || c.Title == "" || c.Fix == "" || len(c.Evidence) == 0 {
			t.Errorf("%s: nothing to go on: %+v", c.Cause, c)
		}
		if i > 0 && c.Confidence > list[i-1].Confidence {
			t.Errorf("%s is surer than %s before it", c.Cause, list[i-1].Cause)
		}
	}
}

func named(list []verdict.Candidate) (out []string) {
	for _, c := range list {
		out = append(out, c.Cause+" "+c.Confidence.String())
	}
	return out
}

// attempt runs a whole flow into a fault, and observes it.
func attempt(t *testing.T, api vnv.API, fault string) verdict.Observation {
	t.Helper()
	far := sandbox.Start(t, sandbox.Options{Faults: []string{fault}})
	key, err := appjwt.ParseKey(far.PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	signer := &appjwt.Signer{ApplicationID: far.ApplicationID(), Key: key}
	f := &flow.Flow{
		API: api, BaseURL: far.URL(), ApplicationID: far.ApplicationID(), Mask: &trace.Mask{},
		RedirectURI: "http://127.0.0.1:0/callback", Registered: far.Register,
		Net: follow.Net{Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}},
		JWT: func(ctx context.Context) (vnv.Secret, error) {
			token, err := signer.Token(ctx)
			return vnv.Secret(token), err
		},
	}
	if api.Name == vnv.SilentAuth.Name {
		f.Registered = nil
		if !strings.HasPrefix(fault, "fragment-") {
			f.RedirectURI = ""
		} else {
			f.RedirectURI = "https://app.example/end"
		}
	}
	ctx, limit := t.Context(), time.Minute
	if strings.HasSuffix(fault, "-slow") || strings.HasPrefix(fault, "late-") || fault == "slow-hop" {
		limit = time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	steps := flow.Steps(api)
	if strings.HasPrefix(fault, "cancel-") {
		steps = steps[:2] // to the request that is cancelled
	}
	out, err := f.Run(ctx, flow.Session{Phone: "+99012345678"}, steps...)
	if err == nil && strings.HasPrefix(fault, "cancel-") {
		err = f.Cancel(ctx, out.Session.RequestID)
	}
	return observe(out, err, began)
}

// observe is what a caller knows when a flow has ended.
func observe(out flow.Outcome, err error, began time.Time) verdict.Observation {
	o := verdict.Observation{
		Trace: &trace.Trace{Hops: out.Hops}, Vendor: true, Ours: true, Device: "follow", NoCellular: true,
		RedirectURI: out.Session.RedirectURI, API: out.Session.API, Phone: out.Session.Phone.Masked(),
	}
	if e, ok := errors.AsType[*vnv.Error](err); ok {
		o.Err = e
		o.Skew = e.ClockSkew(began)
	}
	if !out.Session.ExpiresAt.IsZero() {
		o.Life = out.Session.ExpiresAt.Sub(began).Round(time.Second)
	}
	if e, ok := errors.AsType[*follow.Error](err); ok {
		o.End = trace.End{Kind: trace.EndStopped, Hop: e.Hop, Status: e.Status, ContentType: e.ContentType, Title: e.Title, Code: e.Code, Reason: string(e.Reason)}
		o.Said = e.Detail
	}
	if e, ok := errors.AsType[*callback.Error](err); ok {
		o.End = trace.End{Kind: trace.EndCallback, Code: e.Name, Reason: string(e.Reason)}
		o.Said = e.Description
	}
	return o
}
