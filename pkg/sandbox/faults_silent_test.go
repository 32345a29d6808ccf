package sandbox_test

import (
	"context"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// other is a second number that is fine.
const other = "+99012345670"

// As faultAnswers, for the second API.
var silentAnswers = map[string]string{
	"start-401":                   `401 api-errors#unauthorized"`,
	"start-jwt-expired":           `401 api-errors#jwt-expired"`,
	"start-jwt-not-yet-valid":     `401 api-errors#unauthorized"`,
	"start-jwt-other-application": `401 api-errors#unauthorized"`,
	"start-clock-ahead":           `401 api-errors#jwt-expired"`,
	"start-clock-behind":          `401 api-errors#unauthorized"`,
	"start-403":                   `403 api-errors#forbidden"`,
	"start-unprovisioned":         `403 api-errors#unprovisioned"`,
	"start-404":                   `404 {"message":"Not Found","_links":{"self":{"href":"/v2/verify","templated":false}}`,
	"start-410":                   `410 api-errors#gone"`,
	"start-429-date":              `429 api-errors#throttled"`,
	"start-502-html":              `502 <h1>502 Bad Gateway</h1>`,
	"start-504":                   `504 `,
	"start-html":                  `200 <title>Welcome to the guest Wi-Fi</title>`,
	"start-truncated":             `202 {"request_id":"c1`,
	"start-redirect":              `307 https://other.example/v2/verify`,
	"start-slow":                  `error`,
	"start-reset":                 `error`,
	"start-deprecated":            `202 {"request_id":"`,
	"start-no-request-id":         `202 {"check_url":"http`,

	"start-402-low-balance":           `402 api-errors/verify#low-balance"`,
	"start-409-concurrent":            `409 api-errors/verify#concurrent","title":"Conflict","detail":"Concurrent verifications`,
	"start-412-network-not-supported": `412 api-errors/verify#precondition-failed","title":"Precondition failed","detail":"Network not supported"`,
	"start-412-silent-auth-failed":    `412 api-errors/verify#precondition-failed","title":"Precondition failed","detail":"Silent authentication failed"`,
	"start-422":                       `422 "invalid_parameters":[{"name":"brand","reason":"`,
	"start-429":                       `429 api-errors#throttled"`,
	"start-500":                       `500 api-errors#internal-error"`,
	"start-503":                       `503 <h1>503 Service Unavailable</h1>`,
	"check-url-null":                  `202 {"check_url":null,"request_id":"`,
	"check-url-relative":              `202 {"check_url":"/v2/verify/`,
	"check-url-javascript":            `202 {"check_url":"javascript:alert(1)","request_id":"`,

	"fragment-error-cannot-be-completed": `302 &error_description=The+silent+auth+verification+cannot+be+completed.`,
	"fragment-error-msisdn":              `302 &error_description=Device+MSISDN+does+not+match.`,
	"fragment-error-operator":            `302 &error_description=Device+number+does+not+resolve+to+a+supported+Mobile+Network+Operator.`,
	"fragment-error-ip":                  `302 &error_description=IP+Address+does+not+resolve+to+a+cellular+device.`,
	"fragment-other-request-id":          `302 ` + appPage + `#request_id=`,
	"fragment-no-request-id":             `302 ` + appPage + `#code=`,
	"chain-json-other-request-id":        `200 {"request_id":"`,
	"chain-json-no-code":                 `200 {"request_id":"`,

	"fragment-code-and-error": `302 &error_description=The+silent+auth+verification+cannot+be+completed.`,
	"chain-json-truncated":    `200 ","code":"`,
	"chain-html":              `200 <h1>Done</h1>`,
	"late-handover":           `error`,

	"check-401":               `401 api-errors#unauthorized"`,
	"check-jwt-expired":       `401 api-errors#jwt-expired"`,
	"check-409-conflict":      `409 api-errors/verify#conflict"`,
	"check-422":               `422 "invalid_parameters":[{"name":"code","reason":"`,
	"check-429-date":          `429 api-errors#throttled"`,
	"check-502-html":          `502 <h1>502 Bad Gateway</h1>`,
	"check-503":               `503 <h1>503 Service Unavailable</h1>`,
	"check-504":               `504 `,
	"check-redirect":          `307 https://other.example/v2/verify/`,
	"check-status-null":       `200 ","status":null}`,
	"check-status-twice":      `200 ","status":"completed","status":"failed"}`,
	"check-status-other-case": `200 ","Status":"completed"}`,
	"check-slow":              `error`,

	"cancel-401":   `401 api-errors#unauthorized"`,
	"cancel-404":   `404 api-errors/verify#not-found"`,
	"cancel-409":   `409 api-errors/verify#conflict"`,
	"cancel-429":   `429 api-errors#throttled"`,
	"cancel-500":   `500 api-errors#internal-error"`,
	"cancel-reset": `error`,

	"cancel-jwt-expired": `401 api-errors#jwt-expired"`,
	"cancel-403":         `403 api-errors#forbidden"`,
	"cancel-429-date":    `429 api-errors#throttled"`,
	"cancel-502-html":    `502 <h1>502 Bad Gateway</h1>`,
	"cancel-503":         `503 <h1>503 Service Unavailable</h1>`,
	"cancel-504":         `504 `,
	"cancel-html":        `200 <title>Please sign in</title>`,
	"cancel-redirect":    `307 https://other.example/v2/verify/`,
	"cancel-slow":        `error`,
	"check-403":          `403 api-errors#forbidden"`,
	"check-url-404":      `404 api-errors/verify#not-found"`,

	"fragment-error-no-request-id": `302 ` + appPage + `#error_description=`,

	"check-400-invalid-code":     `400 api-errors/verify#invalid-code","title":"Invalid Code"`,
	"check-404":                  `404 api-errors/verify#not-found"`,
	"check-410":                  `410 api-errors/verify#invalid-code"`,
	"check-429":                  `429 api-errors#throttled"`,
	"check-500":                  `500 api-errors#internal-error"`,
	"check-html":                 `200 <title>Please sign in</title>`,
	"check-other-request-id":     `200 ","status":"completed"}`,
	"check-status-user-rejected": `200 ","status":"user_rejected"}`,
	"check-status-failed":        `200 ","status":"failed"}`,
	"check-status-expired":       `200 ","status":"expired"}`,
	"check-status-unknown":       `200 ","status":"perhaps"}`,
	"check-status-missing":       `200 {"request_id":"`,
	"check-truncated":            `200 ","status":"comp`,
	"check-reset":                `error`,
}

// silentRequest is request for the stages of the second API.
func (c *client) silentRequest(f sandbox.Fault) ask {
	c.t.Helper()
	header := []string{"Authorization", "Bearer " + c.jwt, "Content-Type", "application/json"}
	redirectURL := ""
	if strings.HasPrefix(f.Name, "fragment-") {
		redirectURL = appPage
	}
	switch f.At {
	case sandbox.StageStart:
		return ask{"POST", c.s.URL() + "/v2/verify", startFor(yes, redirectURL), header}
	case sandbox.StageCheck:
		id, code := c.silentCode(yes)
		return ask{"POST", c.s.URL() + "/v2/verify/" + id, `{"code":"` + code + `"}`, header}
	case sandbox.StageCheckURL:
		return ask{method: "GET", target: c.begin(yes, "").CheckURL}
	case sandbox.StageCancel:
		return ask{"DELETE", c.s.URL() + "/v2/verify/" + c.begin(yes, "").ID, "", header}
	default:
		return c.hop(c.begin(yes, redirectURL).CheckURL, 4)
	}
}

// What an answer says of another request must not be the one asked about.
func TestOtherRequestID(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Faults: []string{"fragment-other-request-id", "chain-json-other-request-id", "check-other-request-id"}})
	for _, redirectURL := range []string{"", appPage} {
		b := c.begin(yes, redirectURL)
		_, last := c.chain(b.CheckURL)
		got := handed(t, last)
		if id := got.Get("request_id"); id == b.ID || len(id) != len(b.ID) {
			t.Errorf("handed for %q: %s", redirectURL, id)
		}
		if r := c.check(b.ID, got.Get("code")); r.status != 200 || strings.Contains(r.body, b.ID) {
			t.Errorf("checked: %d %s", r.status, r.body)
		}
	}
}

// The carrier's faults stand in front of the same hops of the second chain.
func TestCarrierFaultsInTheOtherChain(t *testing.T) {
	t.Parallel()
	for _, f := range sandbox.Faults() {
		if f.At != sandbox.StageCarrier {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			c := start(t, sandbox.Options{Faults: []string{f.Name + ":1"}, Log: func(e sandbox.Entry) {
				if slow(e.Fault) {
					giveUp()
				}
			}})
			redirects := 1
			if f.Name == "cleartext-code" {
				redirects = 3
			}
			status, text := c.meet(ctx, c.hop(c.begin(yes, "").CheckURL, redirects))
			wantStatus, wantText, _ := strings.Cut(strings.ReplaceAll(faultAnswers[f.Name], "CARRIER", c.s.CarrierURL()), " ")
			if status != wantStatus || !strings.Contains(text, wantText) {
				t.Errorf("got %s %s, want %s", status, text, faultAnswers[f.Name])
			}
			c.silentCode(other)
		})
	}
}

func TestLongSilentChains(t *testing.T) {
	t.Parallel()
	for fault, redirects := range map[string]int{"hops-10": 10, "hops-11": 11, "": 4} {
		var faults []string
		if fault != "" {
			faults = []string{fault}
		}
		c := start(t, sandbox.Options{Faults: faults})
		hops, last := c.chain(c.begin(yes, "").CheckURL)
		if len(hops)-1 != redirects || last.status != 200 {
			t.Errorf("%s: %d redirects to %d %s", fault, len(hops)-1, last.status, last.body)
		}
	}
}
