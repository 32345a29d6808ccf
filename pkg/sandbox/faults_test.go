package sandbox_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

func TestFaultRows(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range sandbox.Faults() {
		if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(f.Name) || seen[f.Name] {
			t.Errorf("name %q", f.Name)
		}
		if seen[f.Name] = true; f.Summary == "" || strings.HasSuffix(f.Summary, ".") || f.Do == nil || f.At == "" {
			t.Errorf("row %q: %q at %q", f.Name, f.Summary, f.At)
		}
	}
}

// What a client meets at the stage of each fault: "status body-or-Location". Every row must be here.
var faultAnswers = map[string]string{
	"jwt-expired":         `401 api-errors#jwt-expired"`,
	"clock-ahead":         `401 api-errors#jwt-expired"`,
	"clock-behind":        `401 api-errors#unauthorized"`,
	"allowlist":           `200 {"scopes":{"` + scope + `":{"error":{"title":"Forbidden","instance":"`,
	"scope-refused":       `200 not enabled for this application.","error_type":"UNAUTHORIZED"}}}}`,
	"scope-other":         `200 {"scopes":{"dpv:FraudPreventionAndDetection#number-verification-read":{"auth_url":"http`,
	"scopes-empty":        `200 {"scopes":{}}`,
	"auth-url-null":       `200 {"scopes":{"` + scope + `":{"auth_url":null,"requires_carrier_network":true}}}`,
	"auth-url-relative":   `200 {"scopes":{"` + scope + `":{"auth_url":"/oauth2/auth?client_id=`,
	"auth-url-javascript": `200 "auth_url":"javascript:alert(1)"`,
	"no-application":      `400 "title":"Bad Request","detail":"No Network Application associated with Vonage Application: `,
	"enable-401":          `401 api-errors#unauthorized","title":"Unauthorized","detail":"You did not provide correct credentials.","instance":"`,
	"enable-403":          `403 api-errors#forbidden"`,
	"unprovisioned":       `403 api-errors#unprovisioned"`,
	"enable-404":          `404 {"message":"Not Found","_links":{"self":{"href":"/v0.1/network-enablement","templated":false}}`,
	"enable-410":          `410 api-errors#gone"`,
	"enable-422":          `422 "invalid_parameters":[{"name":"phone_number","reason":"must be a phone number"}]}`,
	"enable-429":          `429 api-errors#throttled","title":"Rate Limit Hit","detail":"Please wait, then retry your request"`,
	"enable-500":          `500 api-errors#internal-error"`,
	"enable-502-html":     `502 <h1>502 Bad Gateway</h1>`,
	"enable-503":          `503 upstream connect error`,
	"enable-504":          `504 `,
	"enable-html":         `200 <title>Welcome to the guest Wi-Fi</title>`,
	"enable-truncated":    `200 {"scopes":{"dpv:Fraud`,
	"enable-redirect":     `307 https://other.example/v0.1/network-enablement`,
	"enable-deprecated":   `200 {"scopes":{"` + scope + `":{"auth_url":"http`,

	"jwt-not-yet-valid":     `401 api-errors#unauthorized"`,
	"jwt-other-application": `401 api-errors#unauthorized"`,
	"network-not-enabled":   `200 The network of this phone number is not enabled for this application.","error_type":"UNAUTHORIZED"`,
	"enable-429-date":       `429 api-errors#throttled"`,
	"enable-slow":           `error`,
	"enable-reset":          `error`,

	"unknown-client":        `400 The client is unknown.`,
	"redirect-uri-mismatch": `400 The redirect URI is not registered.`,
	"unsupported-carrier":   `422 {"status":422,"code":"SERVICE_NOT_APPLICABLE","message":"The service is not available`,
	"slow-hop":              `error`,
	"hops-9":                `302 CARRIER/carrier/he?state=v2_`,
	"redirect-301":          `301 CARRIER/carrier/session?state=v2_`,
	"redirect-303":          `303 CARRIER/carrier/session?state=v2_`,
	"redirect-307":          `307 CARRIER/carrier/session?state=v2_`,
	"redirect-308":          `308 CARRIER/carrier/session?state=v2_`,
	"cookie-required":       `302 CARRIER/carrier/he?state=v2_`,
	"cleartext-hop":         `302 CARRIER/carrier/session?state=v2_`,
	"cleartext-code":        `302 http://carrier.example/`,
	"tls-failure":           `302 https://localhost:`,

	"wifi":              `200 <h1>Sign in to continue</h1>`,
	"consent":           `200 May your carrier confirm your number?`,
	"loop":              `302 CARRIER/carrier/he?state=v2_`,
	"endless":           `302 CARRIER/carrier/he?state=v2_`,
	"hops-10":           `302 CARRIER/carrier/he?state=v2_`,
	"hops-11":           `302 CARRIER/carrier/he?state=v2_`,
	"relative-location": `302 /carrier/session?state=v2_`,
	"location-spaces":   `302 &note=a b ü`,
	"custom-scheme":     `302 com.example.app://session?state=v2_`,
	"private-address":   `302 http://10.0.0.1/session?state=v2_`,
	"metadata-address":  `302 http://169.254.169.254/latest/meta-data/`,
	"meta-refresh":      `200 <meta http-equiv="refresh" content="0; url=CARRIER/carrier/session?state=v2_`,
	"no-location":       `302 `,
	"reset":             `error`,
	"header-flood":      `error`,
	"endless-body":      `200 <!DOCTYPE html><p>and so on`,

	"access-denied":                       `302 ` + callback + `?error=access_denied&error_description=The+user+denied+the+request.&state=a%26b`,
	"callback-invalid-request":            `302 ` + callback + `?error=invalid_request&error_description=The+authorization+server+says+invalid_request.&state=a%26b`,
	"callback-unauthorized-client":        `302 ` + callback + `?error=unauthorized_client&error_description=The+authorization+server+says+unauthorized_client.&state=a%26b`,
	"callback-unsupported-response-type":  `302 ` + callback + `?error=unsupported_response_type&error_description=The+authorization+server+says+unsupported_response_type.&state=a%26b`,
	"callback-invalid-scope":              `302 ` + callback + `?error=invalid_scope&error_description=The+authorization+server+says+invalid_scope.&state=a%26b`,
	"callback-consent-required":           `302 ` + callback + `?error=consent_required&error_description=The+authorization+server+says+consent_required.&state=a%26b`,
	"callback-login-required":             `302 ` + callback + `?error=login_required&error_description=The+authorization+server+says+login_required.&state=a%26b`,
	"callback-interaction-required":       `302 ` + callback + `?error=interaction_required&error_description=The+authorization+server+says+interaction_required.&state=a%26b`,
	"callback-account-selection-required": `302 ` + callback + `?error=account_selection_required&error_description=The+authorization+server+says+account_selection_required.&state=a%26b`,
	"callback-invalid-request-object":     `302 ` + callback + `?error=invalid_request_object&error_description=The+authorization+server+says+invalid_request_object.&state=a%26b`,
	"callback-request-uri-not-supported":  `302 ` + callback + `?error=request_uri_not_supported&error_description=The+authorization+server+says+request_uri_not_supported.&state=a%26b`,
	"callback-server-error":               `302 ` + callback + `?error=server_error&error_description=The+authorization+server+says+server_error.&state=a%26b`,
	"callback-temporarily-unavailable":    `302 ` + callback + `?error=temporarily_unavailable&error_description=The+authorization+server+says+temporarily_unavailable.&state=a%26b`,
	"late-callback":                       `error`,
	"error-without-state":                 `302 ` + callback + `?error=access_denied&error_description=The+user+denied+the+request.`,
	"missing-state":                       `302 ` + callback + `?code=`,
	"wrong-state":                         `302 &state=somebody-elses`,
	"code-and-error":                      `302 &error=access_denied&error_description=The+user+denied+the+request.&state=a%26b`,
	"duplicate-callback":                  `302 ` + callback + `?code=`,

	"token-invalid-grant":               `400 {"error":"invalid_grant","error_description":"`,
	"token-invalid-request":             `400 {"error":"invalid_request","error_description":"`,
	"token-unauthorized-client":         `400 {"error":"unauthorized_client","error_description":"`,
	"token-problem":                     `400 api-errors#invalid-params"`,
	"token-invalid-client-401":          `401 {"error":"invalid_client","error_description":"Client authentication failed."}`,
	"token-401-7807":                    `401 api-errors#unauthorized"`,
	"token-unsupported-grant-type":      `400 {"error":"unsupported_grant_type","error_description":"`,
	"token-invalid-scope":               `400 {"error":"invalid_scope","error_description":"`,
	"token-code-expired":                `400 {"error":"invalid_grant","error_description":"The authorization code has expired."}`,
	"token-code-used":                   `400 {"error":"invalid_grant","error_description":"The authorization code was already used."}`,
	"token-redirect-uri-mismatch":       `400 {"error":"invalid_grant","error_description":"redirect_uri differs`,
	"token-invalid-request-7807":        `400 api-errors#invalid-params"`,
	"token-unauthorized-client-7807":    `400 api-errors#forbidden"`,
	"token-unsupported-grant-type-7807": `400 api-errors#invalid-params"`,
	"token-invalid-scope-7807":          `400 api-errors#invalid-params"`,
	"token-429-date":                    `429 api-errors#throttled"`,
	"token-502-html":                    `502 <h1>502 Bad Gateway</h1>`,
	"token-truncated":                   `200 ","token_ty`,

	"token-429":            `429 api-errors#throttled"`,
	"token-500":            `500 {"error":"server_error","error_description":"`,
	"token-503":            `503 <h1>503 Service Unavailable</h1>`,
	"token-expired":        `200 "token_type":"Bearer","expires_in":1}`,
	"token-no-token":       `200 {"token_type":"Bearer","expires_in":3600}`,
	"token-error-in-200":   `200 {"error":"invalid_grant"`,
	"token-crlf":           `200 {"access_token":"abc\r\nX-Evil: 1","token_type":"Bearer","expires_in":3600}`,
	"token-html":           `200 <title>Please sign in</title>`,
	"token-expires-string": `200 "token_type":"Bearer","expires_in":"3600"}`,
	"token-lowercase-type": `200 "token_type":"bearer","expires_in":3600}`,
	"token-redirect":       `307 https://other.example/oauth2/token`,
	"token-slow":           `error`,
	"token-reset":          `error`,

	"verify-400":                             `400 {"status":400,"code":"INVALID_ARGUMENT","message":"`,
	"verify-401":                             `401 {"status":401,"code":"UNAUTHENTICATED","message":"`,
	"verify-403":                             `403 {"status":403,"code":"PERMISSION_DENIED","message":"`,
	"verify-403-mobile-network":              `403 {"status":403,"code":"NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK","message":"`,
	"verify-403-invalid-token-context":       `403 {"status":403,"code":"NUMBER_VERIFICATION.INVALID_TOKEN_CONTEXT","message":"`,
	"verify-401-later":                       `401 {"status":401,"code":"AUTHENTICATION_REQUIRED","message":"`,
	"verify-403-mobile-network-later":        `403 {"status":403,"code":"USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK","message":"`,
	"verify-403-invalid-token-context-later": `403 {"status":403,"code":"INVALID_TOKEN_CONTEXT","message":"`,
	"verify-405":                             `405 {"status":405,"code":"METHOD_NOT_ALLOWED","message":"`,
	"verify-415":                             `415 {"status":415,"code":"UNSUPPORTED_MEDIA_TYPE","message":"`,
	"verify-422":                             `422 {"status":422,"code":"SERVICE_NOT_APPLICABLE","message":"`,
	"verify-429-later":                       `429 {"status":429,"code":"TOO_MANY_REQUESTS","message":"`,
	"verify-429-date":                        `429 {"status":429,"code":"QUOTA_EXCEEDED","message":"`,
	"verify-502":                             `502 {"status":502,"code":"BAD_GATEWAY","message":"`,
	"verify-502-html":                        `502 <h1>502 Bad Gateway</h1>`,
	"verify-null-flag":                       `200 {"devicePhoneNumberVerified":null}`,
	"verify-redirect":                        `307 https://other.example/camara/number-verification/v031/verify`,
	"verify-slow":                            `error`,

	"verify-404":            `404 {"status":404,"code":"NOT_FOUND","message":"`,
	"verify-410":            `410 {"status":410,"code":"GONE","message":"`,
	"verify-429":            `429 {"status":429,"code":"QUOTA_EXCEEDED","message":"`,
	"verify-500":            `500 {"status":500,"code":"INTERNAL","message":"`,
	"verify-503":            `503 {"status":503,"code":"UNAVAILABLE","message":"`,
	"verify-504":            `504 {"status":504,"code":"TIMEOUT","message":"`,
	"verify-missing-flag":   `200 {}`,
	"verify-string-flag":    `200 {"devicePhoneNumberVerified":"true"}`,
	"verify-duplicate-flag": `200 {"devicePhoneNumberVerified":true,"devicePhoneNumberVerified":false}`,
	"verify-other-case":     `200 {"devicephonenumberverified":true}`,
	"verify-truncated":      `200 {"devicePhoneNumberVerified":tru`,
	"verify-html":           `200 <title>Please sign in</title>`,
	"verify-reset":          `error`,
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range sandbox.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			want, ok := faultAnswers[f.Name]
			if !ok {
				want, ok = silentAnswers[f.Name]
			}
			if !ok {
				t.Fatal("a row without an expectation")
			}
			ctx, giveUp := context.WithCancel(t.Context())
			defer giveUp()
			c := start(t, sandbox.Options{Faults: []string{f.Name + ":1"}, Log: func(e sandbox.Entry) {
				if slow(e.Fault) {
					giveUp()
				}
			}})
			status, text := c.meet(ctx, c.request(f))
			wantStatus, wantText, _ := strings.Cut(strings.ReplaceAll(want, "CARRIER", c.s.CarrierURL()), " ")
			if status != wantStatus || !strings.Contains(text, wantText) {
				t.Errorf("got %s %s, want %s", status, text, want)
			}
			struck := slices.DeleteFunc(c.s.Requests(), func(e sandbox.Entry) bool { return e.Fault == "" })
			if len(struck) != 1 || struck[0].Fault != f.Name || struck[0].Stage != f.At || struck[0].Phone != yes {
				t.Errorf("struck: %+v", struck)
			}
			c.verify(c.token(yes), "{}") // it struck once, and left the sandbox as it was
			c.check(c.silentCode(other))
		})
	}
}

// slow tells whether a fault lets the client wait.
func slow(fault string) bool {
	return strings.HasSuffix(fault, "-slow") || strings.HasPrefix(fault, "late-") || fault == "slow-hop"
}

// meet sends a request and returns what it got: the status or "error", and the Location or
// the first KiB of the body.
func (c *client) meet(ctx context.Context, a ask) (status, text string) {
	c.t.Helper()
	req, _ := http.NewRequestWithContext(ctx, a.method, a.target, strings.NewReader(a.body))
	for i := 0; i < len(a.header); i += 2 {
		req.Header.Set(a.header[i], a.header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		return "error", err.Error()
	}
	defer resp.Body.Close()
	start, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		c.t.Error(err)
	}
	status, _, _ = strings.Cut(resp.Status, " ")
	if at := resp.Header.Get("Location"); at != "" {
		return status, at
	}
	return status, string(start)
}

// ask is a request to come.
type ask struct {
	method, target, body string
	header               []string
}

// request makes the request that a fault strikes, after those before it.
func (c *client) request(f sandbox.Fault) ask {
	c.t.Helper()
	authorization, hops := "Bearer "+c.jwt, map[sandbox.Stage]int{sandbox.StageCarrier: 1, sandbox.StageCallback: 4}
	switch f.At {
	case sandbox.StageEnable:
		return ask{
			"POST", c.s.URL() + "/v0.1/network-enablement", `{"phone_number":"` + yes + `","scopes":["` + scope + `"],"state":"a&b"}`,
			[]string{"Authorization", authorization, "Content-Type", "application/json"},
		}
	case sandbox.StageToken:
		return ask{
			"POST", c.s.URL() + "/oauth2/token", grantOf(c.code(yes)).Encode(),
			[]string{"Authorization", authorization, "Content-Type", "application/x-www-form-urlencoded"},
		}
	case sandbox.StageVerify:
		return ask{
			"POST", c.s.URL() + "/camara/number-verification/v031/verify", `{"phoneNumber":"` + yes + `"}`,
			[]string{"Authorization", "Bearer " + c.token(yes), "Content-Type", "application/json"},
		}
	case sandbox.StageStart, sandbox.StageCheckURL, sandbox.StageHandover, sandbox.StageCheck, sandbox.StageCancel:
		return c.silentRequest(f)
	case sandbox.StageAuthorize, sandbox.StageCarrier, sandbox.StageCallback:
		if f.Name == "cleartext-code" {
			return c.hop(c.enable(yes, "a&b"), 3)
		}
		return c.hop(c.enable(yes, "a&b"), hops[f.At])
	default:
		c.t.Fatalf("no request for the stage %q", f.At)
		return ask{}
	}
}

// hop is the request after so many redirects.
func (c *client) hop(at string, redirects int) ask {
	c.t.Helper()
	for range redirects {
		at = c.send("GET", at, "").header.Get("Location")
	}
	return ask{method: "GET", target: at}
}

// hops-N is N redirects and then the one to the redirect_uri; the odd but good chains end well.
func TestLongChains(t *testing.T) {
	t.Parallel()
	for fault, redirects := range map[string]int{
		"hops-9": 9, "hops-10": 10, "hops-11": 11, "cookie-required": 5, "cleartext-hop": 4, "relative-location": 4, "location-spaces": 4, "duplicate-callback": 4,
	} {
		c := start(t, sandbox.Options{Faults: []string{fault}})
		hops := c.follow(c.enable(yes, "s"))
		last, _ := url.Parse(hops[len(hops)-1])
		if len(hops)-2 != redirects || last.Query().Get("code") == "" {
			t.Errorf("%s: %d redirects to %s", fault, len(hops)-2, last)
		}
	}
}

func TestDuplicateCallback(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(app.Close)
	c := start(t, sandbox.Options{Faults: []string{"duplicate-callback"}, RedirectURIs: []string{app.URL + "/cb"}})
	at := c.enable(yes, "s")
	for range 6 {
		at = c.send("GET", at, "").header.Get("Location")
	}
	if calls.Load() != 2 {
		t.Errorf("the app was called %d times", calls.Load())
	}
}

// Faults of one stage take turns, and times are counted.
func TestFaultTimes(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Faults: []string{"enable-500:2", "enable-429:1", "clock-ahead"}})
	c.jwt = signed(t, with(map[string]any{"exp": ago(-23 * 3600e9)}), nil) // lives long enough to pass
	for i, want := range []int{500, 500, 429, 200, 200} {
		r := c.enableBody(`{"phone_number":"` + yes + `","scopes":["` + scope + `"],"state":"` + string(rune('a'+i)) + `"}`)
		if r.status != want {
			t.Errorf("request %d: %d, want %d", i, r.status, want)
		}
		if want == 429 && r.header.Get("Retry-After") != "1" {
			t.Errorf("no Retry-After: %v", r.header)
		}
	}
}
