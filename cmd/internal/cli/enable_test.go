package cli

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

func testKey() []byte { return sandbox.TestKeyPEM() }

const phone = "+447700900123"

// enable runs one enable against an answer.
func enable(t *testing.T, answer string, args ...string) (result, *far, *world) {
	t.Helper()
	f := newFar(t, map[string]string{enablePath: answer})
	w := newWorld(t, f.url())
	return w.run(append([]string{"enable", "--phone", phone}, args...)...), f, w
}

func TestEnableAnswer(t *testing.T) {
	t.Parallel()
	r, f, _ := enable(t, answerJSON("200 OK", enabledBody))
	r.ends(exitOK, "https://vendor.example/auth?state=v2\n", "the state that proves the callback is not kept: use --session FILE, -o json or --state")
	if body := f.body(enablePath); !strings.Contains(body, `"phone_number":"`+phone+`"`) || !strings.Contains(body, `"scopes":["dpv:`) {
		t.Errorf("sent %s", body)
	}
	r, f, _ = enable(t, answerJSON("200 OK", enabledBody), "--state", "a-state-of-mine", "--scope", "openid", "--scope", "dpv:X#y", "-q")
	r.ends(exitOK, "https://vendor.example/auth?state=v2\n")
	if body := f.body(enablePath); r.err != "" || !strings.Contains(body, `"scopes":["openid","dpv:X#y"],"state":"a-state-of-mine"`) {
		t.Errorf("sent %s, told %s", body, r.err)
	}
}

// E12: a bad number costs no packet, and the right form is shown.
func TestBadPhone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:1") // a packet would be an exit 11
	for number, want := range map[string]string{
		"07700900123":       "07700900123 is not in E.164 form: write it with + and country code, for a UK number +447700900123",
		"+44 7700 900123":   "",
		"00447700900123":    "",
		"447700900123":      "+447700900123",
		"+44":               "",
		"+0123456":          "",
		"+4477009001234567": "",
		"phone":             "",
		"+44770090012\x1b[": "",
	} {
		r := w.run("run", "--phone", number)
		r.ends(exitUsage, "", want, "is not in E.164 form")
	}
	w.run("run").ends(exitUsage, "", "--phone is missing: the number to verify, with + and country code")
}

// E1, E3, E6: a 200 whose content is not what was promised: 5, and nothing is opened.
func TestEnableUnusable(t *testing.T) {
	t.Parallel()
	scope := func(entry string) string {
		return `{"scopes":{"dpv:FraudPreventionAndDetection#number-verification-verify-read":` + entry + `}}`
	}
	for name, body := range map[string]string{
		"no scopes": "{}", "scopes null": `{"scopes":null}`, "scopes empty": `{"scopes":{}}`, "scopes array": `{"scopes":[]}`,
		"two other scopes": `{"scopes":{"a":{"auth_url":"https://a.example/"},"b":{"auth_url":"https://b.example/"}}}`,
		"auth_url null":    scope(`{"auth_url":null}`), "auth_url empty": scope(`{"auth_url":""}`),
		"auth_url relative": scope(`{"auth_url":"/auth"}`), "auth_url javascript": scope(`{"auth_url":"javascript:alert(1)"}`),
		"auth_url with line break": scope(`{"auth_url":"https://a.example/\r\nX: y"}`),
		"auth_url of 100 KB":       scope(`{"auth_url":"https://a.example/` + strings.Repeat("x", 100<<10) + `"}`),
		"auth_url with user":       scope(`{"auth_url":"https://` + canary + `:pw@a.example/"}`),
		"trailing garbage":         enabledBody + "x", "duplicate keys": `{"scopes":{},"scopes":{}}`,
		"too deep": `{"scopes":` + strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5) + `}`,
		"no JSON":  "hello", "empty": "", "truncated": enabledBody[:60], "invalid UTF-8": "{\"scopes\":\"\xff\"}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, f, _ := enable(t, answerJSON("200 OK", body), "--state", "s")
			r.ends(exitEnable, "", "✗ enable the answer is unusable", "next Check the URLs in the settings")
			if f.asked(enablePath) != 1 {
				t.Errorf("asked %d times", f.asked(enablePath))
			}
		})
	}
}

// E2: an error inside a 200, with all that the vendor's support will ask.
func TestEnableErrorInside200(t *testing.T) {
	t.Parallel()
	const body = `{"scopes":{"dpv:FraudPreventionAndDetection#number-verification-verify-read":{"error":{"title":"Forbidden",` +
		`"instance":"bf0ca0-1","detail":"Blocked by allowlist.","error_type":"UNAUTHORIZED"}}}}`
	r, _, _ := enable(t, answerJSON("200 OK", body))
	r.ends(exitEnable, "", "not enabled: UNAUTHORIZED: Forbidden: Blocked by allowlist.", "The playground knows at most five numbers", "support instance bf0ca0-1")
	r, _, _ = enable(t, answerJSON("200 OK", body), "-o", "json")
	if f := r.failure(); r.code != exitEnable || f.Error.Kind != "not-enabled" || f.Error.Code != "UNAUTHORIZED" || f.Error.TraceID != "bf0ca0-1" || f.Error.Sent != "yes" {
		t.Errorf("%+v", f)
	}
}

// E4: statuses by five error shapes, HTML, text and nothing.
func TestEnableStatuses(t *testing.T) {
	t.Parallel()
	shapes := map[string]string{
		"7807":   answerJSON("%d S", `{"type":"https://developer.vonage.com/api-errors#x","title":"Title","detail":"Detail","instance":"trace-1"}`),
		"camara": answerJSON("%d S", `{"status":400,"code":"SOME_CODE","message":"Message"}`),
		"oauth":  answerJSON("%d S", `{"error":"some_error","error_description":"Description"}`),
		"hal":    answerJSON("%d S", `{"message":"Not Found","_links":{},"_embedded":{"errors":[{"message":"Page Not Found"}]}}`),
		"html":   answerOf("%d S", "text/html", "<html><title>Some page</title>"),
		"text":   answerOf("%d S", "text/plain", "some words \x1b[2J\u202e"),
		"empty":  answerOf("%d S", "text/plain", ""),
	}
	codes := map[int]int{
		400: exitEnable, 401: exitCredentials, 403: exitCredentials, 404: exitEnable, 405: exitEnable, 410: exitEnable, 415: exitEnable,
		422: exitEnable, 429: exitLater, 500: exitNetwork, 501: exitNetwork, 502: exitNetwork, 503: exitLater, 504: exitNetwork, 302: exitEnable,
	}
	for shape, answer := range shapes {
		for status, code := range codes {
			t.Run(fmt.Sprintf("%s %d", shape, status), func(t *testing.T) {
				t.Parallel()
				r, _, _ := enable(t, strings.Replace(answer, "%d", strconv.Itoa(status), 1), "--state", "s")
				r.ends(code, "", fmt.Sprintf("✗ enable answered %d", status), "next ")
				if status == 404 || status == 410 {
					r.tells("retired")
				}
				if shape == "7807" {
					r.tells("Title: Detail", "support instance trace-1")
				}
			})
		}
	}
}

// 403 is about credentials, unless it speaks of allowlist or provisioning.
func TestEnable403(t *testing.T) {
	t.Parallel()
	for detail, code := range map[string]int{
		"Blocked by allowlist.": exitEnable, "not provisioned": exitEnable, "Forbidden": exitCredentials,
	} {
		r, _, _ := enable(t, answerJSON("403 Forbidden", `{"title":"Forbidden","detail":"`+detail+`"}`))
		r.ends(code, "", detail)
	}
	r, _, _ := enable(t, answerJSON("400 Bad Request", `{"title":"Bad Request","detail":"No Network Application associated with Vonage Application: x"}`))
	r.ends(exitEnable, "", "Link the Network APIs capability to application 5f0c1a9e-0000-4000-8000-000000000001 in the dashboard")
}

// E5: a captive portal answers 200 with its page.
func TestEnablePage(t *testing.T) {
	t.Parallel()
	r, _, _ := enable(t, answerOf("200 OK", "text/html", "<!DOCTYPE html><title>Guest Wi-Fi</title>"))
	r.ends(exitNetwork, "", "a web page came in place of an answer: Guest Wi-Fi", "Most likely a captive portal or proxy answered in the API's place.")
}

// E7: redirects of an API are not followed.
func TestEnableRedirect(t *testing.T) {
	t.Parallel()
	r, f, _ := enable(t, answerJSON("307 Temporary Redirect", "", "Location: http://127.0.0.1:1/elsewhere"))
	r.ends(exitEnable, "", "a redirect, which is not followed")
	if f.asked(enablePath) != 1 {
		t.Errorf("asked %d times", f.asked(enablePath))
	}
}

// J7: refused credentials name application and key.
func TestRefusedCredentials(t *testing.T) {
	t.Parallel()
	r, _, w := enable(t, answerJSON("401 Unauthorized", `{"title":"Unauthorized","detail":"You did not provide correct credentials."}`, "Date: "+httpNow(0)))
	fingerprint := strings.TrimSpace(w.run("jwt", "--jq", ".key").out)
	r.ends(exitCredentials, "", "✗ enable answered 401", "You did not provide correct credentials.",
		"application 5f0c1a9e-0000-4000-8000-000000000001 has the public half of this key ("+fingerprint+") in the dashboard")
}

func httpNow(ahead time.Duration) string {
	return time.Now().Add(ahead).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
}

// J8: a clock that is off is the first thing to say. Our clock stands still here.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	for date, want := range map[string]string{
		"Fri, 02 Jan 2026 14:54:07 GMT": "your clock is 9m58s ahead of the server's Date",
		"Fri, 02 Jan 2026 15:24:05 GMT": "your clock is 20m behind",
		"Fri, 02 Jan 2026 15:04:15 GMT": "has the public half of this key",
		"nonsense":                      "has the public half of this key",
	} {
		f := newFar(t, map[string]string{enablePath: answerJSON("401 Unauthorized", "{}", "Date: "+date)})
		w := newWorld(t, f.url())
		w.env.Now = func() time.Time { return now }
		w.run("enable", "--phone", phone).ends(exitCredentials, "", want)
	}
}

// E11: 429 until the tries are used up, and a pause that is too long to make.
func TestEnableLimit(t *testing.T) {
	t.Parallel()
	r, f, _ := enable(t, answerJSON("429 Too Many Requests", `{"title":"Rate Limit Hit"}`))
	r.ends(exitLater, "", "refused for now, trying again in 250ms", "trying again in 500ms", "✗ enable answered 429: Rate Limit Hit", "10 a second per account")
	if f.asked(enablePath) != 3 {
		t.Errorf("asked %d times", f.asked(enablePath))
	}
	for _, after := range []string{"3600", "99999999999999999999", "Fri, 31 Dec 2099 23:59:59 GMT"} {
		r, f, _ := enable(t, answerJSON("503 Service Unavailable", "", "Retry-After: "+after))
		r.ends(exitLater, "", "The far side is out of service.")
		if f.asked(enablePath) > 3 {
			t.Errorf("Retry-After %s: asked %d times", after, f.asked(enablePath))
		}
	}
}

// E14: a state serves one attempt.
func TestStateUsedBefore(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string]string{enablePath: answerJSON("200 OK", enabledBody)})
	w := newWorld(t, f.url())
	session := w.file("flow.json", "")
	args := []string{"enable", "--phone", phone, "--session", session, "--state", "one-attempt-only"}
	w.run(args...).ends(exitOK, "https://vendor.example/auth?state=v2\n")
	w.run(args...).ends(exitState, "", "this state was used in the session before: a state serves one attempt")
	if f.asked(enablePath) != 1 {
		t.Errorf("asked %d times", f.asked(enablePath))
	}
}
