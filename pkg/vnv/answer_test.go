package vnv_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// shapes are the forms in which a failure is told, and what must be read.
var shapes = []struct{ name, contentType, body, code, detail, trace string }{
	{
		"RFC 7807", "application/problem+json",
		`{"type":"https://other.example/en/errors#throttled","title":"T","detail":"D","instance":"i-1","invalid_parameters":[{"name":"n","reason":"r"}]}`,
		"throttled", "T: D: n r", "i-1",
	},
	{
		"parameters", "application/problem+json",
		`{"type":"x#y","invalid_parameters":[{"name":"to","reason":"is too short"},{"name":"brand","reason":"\"brand\" is required"}]}`,
		"y", "to is too short: \"brand\" is required", "",
	},
	{"CAMARA", "application/json", `{"status":403,"code":"PERMISSION_DENIED","message":"M"}`, "PERMISSION_DENIED", "M", ""},
	{"OAuth", "application/json", `{"error":"invalid_grant","error_description":"D"}`, "invalid_grant", "D", ""},
	{"scope", "application/json", `{"title":"T","detail":"D","instance":"i-2","error_type":"UNAUTHORIZED"}`, "UNAUTHORIZED", "T: D", "i-2"},
	{"HAL", "application/hal+json", `{"message":"Not Found","_links":{},"_embedded":{"errors":[{"message":"Page Not Found"}]}}`, "", "Not Found: Page Not Found", ""},
	{"HTML", "text/html", "\ufeff <!DOCTYPE html><html><head><TITLE lang=en>\n Sign  in &amp; go</title>", "", "Sign in & go", ""},
	{"HTML without title", "text/html", "<p>no", "", "", ""},
	{"text", "text/plain", "upstream connect error\n", "", "upstream connect error", ""},
	{"empty", "application/json", "", "", "", ""},
	{"truncated", "application/json", `{"error":"invalid_gr`, "", "", ""},
	{"trailing garbage", "application/json", `{"error":"invalid_grant"}x`, "invalid_grant", "", ""},
	{"other types", "application/json", `{"error":7,"title":[],"_embedded":[],"instance":{},"invalid_parameters":[null,3]}`, "", "", ""},
	{"array", "application/json", `["x"]`, "", "", ""},
	{"deep", "application/json", strings.Repeat("[", 100000), "", "", ""},
	{"not UTF-8", "text/plain", "a\xffb", "", "a\ufffdb", ""},
}

// statuses holds the kind at enable, exchange and verify.
var statuses = []struct {
	status int
	kinds  [3]vnv.Kind
}{
	{400, [3]vnv.Kind{vnv.KindRefused, vnv.KindRefused, vnv.KindRefused}},
	{401, [3]vnv.Kind{vnv.KindAuth, vnv.KindAuth, vnv.KindRefused}},
	{403, [3]vnv.Kind{vnv.KindAuth, vnv.KindAuth, vnv.KindRefused}},
	{404, [3]vnv.Kind{vnv.KindGone, vnv.KindGone, vnv.KindGone}},
	{405, [3]vnv.Kind{vnv.KindRefused, vnv.KindRefused, vnv.KindRefused}},
	{407, [3]vnv.Kind{vnv.KindNetwork, vnv.KindNetwork, vnv.KindNetwork}},
	{410, [3]vnv.Kind{vnv.KindGone, vnv.KindGone, vnv.KindGone}},
	{422, [3]vnv.Kind{vnv.KindRefused, vnv.KindRefused, vnv.KindRefused}},
	{429, [3]vnv.Kind{vnv.KindLimit, vnv.KindLimit, vnv.KindLimit}},
	{500, [3]vnv.Kind{vnv.KindServer, vnv.KindServer, vnv.KindServer}},
	{502, [3]vnv.Kind{vnv.KindServer, vnv.KindServer, vnv.KindServer}},
	{503, [3]vnv.Kind{vnv.KindUnavailable, vnv.KindUnavailable, vnv.KindUnavailable}},
	{504, [3]vnv.Kind{vnv.KindServer, vnv.KindServer, vnv.KindServer}},
	{511, [3]vnv.Kind{vnv.KindServer, vnv.KindServer, vnv.KindServer}},
	{999, [3]vnv.Kind{vnv.KindServer, vnv.KindServer, vnv.KindServer}},
}

// E4, T1, V3: every status in every shape, at every step.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, s := range statuses {
		for i, op := range apiOps {
			t.Run(fmt.Sprintf("%d/%s", s.status, op), func(t *testing.T) {
				t.Parallel()
				for _, shape := range shapes {
					far := newFar(t, says(httpAnswer(fmt.Sprintf("%d Said", s.status), shape.contentType, shape.body)))
					err := do(t.Context(), newClient(t, far.url()), op)
					e := failure(t, err)
					if e.Kind != s.kinds[i] || e.Status != s.status || e.Sent != vnv.SentYes {
						t.Errorf("%s: kind %s status %d sent %s, want %s", shape.name, e.Kind, e.Status, e.Sent, s.kinds[i])
					}
					got := [3]string{e.Code, e.Detail, e.TraceID}
					if want := [3]string{shape.code, shape.detail, shape.trace}; got != want {
						t.Errorf("%s: read %q, want %q", shape.name, got, want)
					}
				}
			})
		}
	}
}

// A 403 at enable that speaks of allowlist or provisioning is not about credentials.
func TestForbiddenAtEnable(t *testing.T) {
	t.Parallel()
	cases := map[string]vnv.Kind{
		`{"detail":"Blocked by allowlist."}`:                      vnv.KindNotEnabled,
		`{"detail":"not on the Allow-List"}`:                      vnv.KindNotEnabled,
		`{"type":"https://x.example/#unprovisioned","title":"T"}`: vnv.KindNotEnabled,
		`{"detail":"wrong key"}`:                                  vnv.KindAuth,
		``:                                                        vnv.KindAuth,
	}
	for body, want := range cases {
		far := newFar(t, says(httpAnswer("403 Forbidden", "application/json", body)))
		err := do(t.Context(), newClient(t, far.url()), vnv.OpEnable)
		if e := failure(t, err); e.Kind != want {
			t.Errorf("%s: kind %s, want %s", body, e.Kind, want)
		}
	}
}

func TestHeadersOfARefusal(t *testing.T) {
	t.Parallel()
	far := newFar(t, says(httpAnswer("401 Unauthorized", "text/plain", "",
		"Date: Sun, 22 Nov 2026 10:00:00 GMT", "x-correlator: echo-1", "Sunset: Wed, 30 Sep 2026 23:59:59 GMT",
		`WWW-Authenticate: Bearer realm="x", error="invalid_token", error_description="It \"expired\""`)))
	err := do(t.Context(), newClient(t, far.url()), vnv.OpVerify)
	e := failure(t, err)
	if e.Code != "invalid_token" || e.Detail != `It "expired"` || e.Correlator != "echo-1" {
		t.Errorf("code %q detail %q correlator %q", e.Code, e.Detail, e.Correlator)
	}
	if len(e.Notices) != 1 || e.Notices[0] != "the API says that it will be shut down on 2026-09-30" {
		t.Errorf("notices %q", e.Notices)
	}
	now := time.Date(2026, 11, 22, 10, 9, 58, 400, time.UTC)
	if skew := e.ClockSkew(now); skew != 9*time.Minute+58*time.Second {
		t.Errorf("skew %s", skew)
	}
	if skew := new(vnv.Error).ClockSkew(now); skew != 0 {
		t.Errorf("skew %s without a date", skew)
	}
}

// RFC 9745, RFC 8594 and what came before them.
func TestLifeNotices(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"X-None: 1":                                  nil,
		"Deprecation: false":                         nil,
		"Deprecation: true":                          {"the API says that it is deprecated"},
		"Deprecation: @1756684800":                   {"the API says that it is deprecated since 2025-09-01"},
		"Deprecation: Mon, 01 Sep 2025 00:00:00 GMT": {"the API says that it is deprecated since 2025-09-01"},
		"Deprecation: @99999999999999":               {"the API says that it is deprecated"},
		"Sunset: soon":                               {"the API says that it will be shut down"},
		"Sunset: Wed, 30 Sep 2026 23:59:59 GMT":      {"the API says that it will be shut down on 2026-09-30"},
	}
	for header, want := range cases {
		far := newFar(t, says(httpAnswer("200 OK", "application/json", `{"devicePhoneNumberVerified":false}`, header)))
		answer, err := newClient(t, far.url()).Verify(t.Context(), vnv.VerifyRequest{AccessToken: sampleToken, Phone: samplePhone})
		if err != nil || !slices.Equal(answer.Notices, want) {
			t.Errorf("%s: %+v, %v; want %q", header, answer, err, want)
		}
	}
}

// E11: honoured, and capped.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	cases := map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-5": 0, "soon": 0, "1.5": 0,
		"3599": 3599 * time.Second, "3600": vnv.MaxRetryAfter, "3601": vnv.MaxRetryAfter, "99999999999999999999": vnv.MaxRetryAfter, "9223372037": vnv.MaxRetryAfter,
		"Sun, 22 Nov 2026 10:00:30 GMT": 30 * time.Second,
		"Sun, 22 Nov 2026 09:00:00 GMT": 0,
		"Fri, 31 Dec 9999 23:59:59 GMT": vnv.MaxRetryAfter,
	}
	for value, want := range cases {
		far := newFar(t, says(httpAnswer("429 Too Many", "text/plain", "", "Retry-After: "+value)))
		c := newClient(t, far.url())
		c.Now = func() time.Time { return now }
		err := do(t.Context(), c, vnv.OpEnable)
		if e := failure(t, err); e.RetryAfter != want {
			t.Errorf("Retry-After %q: %s, want %s", value, e.RetryAfter, want)
		}
	}
}

// I1, I2: what the far side sends back of ours is taken out, and nothing of
// it moves a terminal.
func TestHostileText(t *testing.T) {
	t.Parallel()
	body := `{"error":"bad\u001b[2J","error_description":"code canary-code-value token canary-token-value ` +
		`state canary-state-value jwt sample.jwt.value phone +99012345678 or 99012345678 \u202e\u200b\r\n\u009b31m"}`
	for _, op := range apiOps {
		far := newFar(t, says(httpAnswer("400 Bad\x1b[2J", "application/json", body)))
		err := do(t.Context(), newClient(t, far.url()), op)
		e := failure2(t, err, op)
		if strings.ContainsAny(e.Error(), "\x1b\r\n\u202e\u200b\u009b") {
			t.Errorf("%q holds a raw mark", e.Error())
		}
		if !strings.HasPrefix(e.Error(), `enable: answered 400 bad\x1b[2J: `) && op == vnv.OpEnable {
			t.Errorf("%q", e.Error())
		}
		if op != vnv.OpExchange && strings.Contains(e.Detail, "12345678") {
			t.Errorf("%s: the phone number is in %q", op, e.Detail)
		}
	}
}

// failure2 asks only for the secrets that this step has sent.
func failure2(t *testing.T, err error, op vnv.Op) *vnv.Error {
	t.Helper()
	e, ok := err.(*vnv.Error) //nolint:errorlint // the very type is promised
	if !ok {
		t.Fatalf("error %v (%T)", err, err)
	}
	own := map[vnv.Op][]vnv.Secret{
		vnv.OpEnable: {sampleState, "sample.jwt.value"}, vnv.OpExchange: {sampleCode, "sample.jwt.value"}, vnv.OpVerify: {sampleToken},
	}
	for _, secret := range own[op] {
		if strings.Contains(e.Error()+e.Detail, secret.Reveal()) {
			t.Errorf("%s: a secret of the request is in %q", op, e.Detail)
		}
	}
	return e
}

// E6: a body is read to its limit, and quickly.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"beyond the limit": `{"devicePhoneNumberVerified":true,"x":"` + strings.Repeat("a", 2<<20) + `"}`,
		"deep":             `{"devicePhoneNumberVerified":true,"x":` + strings.Repeat("[", 100000) + strings.Repeat("]", 100000) + `}`,
		"wide":             `{"devicePhoneNumberVerified":true` + strings.Repeat(`,"x":1`, 100000) + `}`,
	}
	for name, body := range bodies {
		far := newFar(t, says(http200("application/json", body)))
		err := do(t.Context(), newClient(t, far.url()), vnv.OpVerify)
		if e := failure(t, err); e.Kind != vnv.KindUnusable || e.Status != http.StatusOK {
			t.Errorf("%s: kind %s status %d", name, e.Kind, e.Status)
		}
	}
	long := strings.Repeat("é", 4000)
	far := newFar(t, says(httpAnswer("500 No", "application/json", `{"title":"`+long+`","code":"`+long+`","instance":"`+long+`"}`)))
	err := do(t.Context(), newClient(t, far.url()), vnv.OpVerify)
	if e := failure(t, err); len(e.Error()) > 3000 || !strings.Contains(e.Error(), "é…") {
		t.Errorf("an error of %d bytes", len(e.Error()))
	}
}
