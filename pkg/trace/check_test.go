package trace

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestCleanSaved(t *testing.T) {
	t.Parallel()
	for name, format := range saved {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := file(t, name)
			own := format == FormatOutcome || format == FormatEvents
			if leaks := Check(in); len(leaks) == 0 != own {
				t.Errorf("leaks in the file as it is: %v", leaks)
			}
			out, err := Clean(in)
			if err != nil {
				t.Fatalf("%v", err)
			}
			noCanary(t, out)
			if leaks := Check(out); leaks != nil {
				t.Errorf("leaks after cleaning: %v", leaks)
			}
			a, _, err := Read(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			b, got, err := Read(out, nil)
			if err != nil || got != format {
				t.Fatalf("the clean copy is %s, %v\n%s", got, err, out)
			}
			if len(a.Hops) != len(b.Hops) {
				t.Errorf("%d hops became %d\n%s", len(a.Hops), len(b.Hops), out)
			}
			for _, d := range Diff(a, b) {
				if (d.Kind != DiffEnd || format == FormatHAR) && d.Kind != DiffCookie { // in logs the titles are hidden with the bodies
					t.Errorf("cleaning changed: %+v", d)
				}
			}
			twice, err := Clean(out)
			if err != nil || format != FormatHAR && !bytes.Equal(out, twice) {
				t.Errorf("cleaning twice: %v\n%s\n%s", err, out, twice)
			}
		})
	}
}

// wraps write a text as its name says.
var wraps = map[string]func(string) string{
	EncPlain:  func(s string) string { return s },
	EncURL:    url.QueryEscape,
	EncTwice:  func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	EncBase64: func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"b64url":  func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	EncHex:    func(s string) string { return hex.EncodeToString([]byte(s)) },
	EncJSON: func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			b.WriteString(`\u00` + hex.EncodeToString([]byte{c}))
		}
		return b.String()
	},
}

func TestCheckFindsPlanted(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
	planted := map[string]string{
		"code": "?code=" + secret, "state": `"state":"` + secret + `"`, "access_token": "access_token: " + secret, "phone": "to +447700900123.",
		"jwt": jwt, "token": "Authorization: Bearer " + secret, "msisdn": "https://op.example/?msisdn=" + secret,
		"path": "https://op.example/v2/3fae7b10-0000-4000-8000-0123456789ab", "phone ": "msisdn=447700900123",
		"userinfo": "https://bob:" + secret + "@op.example/",
	}
	for kind, text := range planted {
		for enc, wrap := range wraps {
			for where, doc := range map[string]string{
				"text": "* a log\n* with " + wrap(text) + " in it\n",
				"json": `{"log":{"comment":"` + quoted(wrap(text)) + `"}}`,
				"mid":  `{"a":[{"b":"https://x.example/?q=` + quoted(url.QueryEscape(wrap(text))) + `"}]}`,
			} {
				leaks := Check([]byte(doc))
				if !holds(leaks, strings.TrimSpace(kind)) && where != "mid" || len(leaks) == 0 {
					t.Errorf("%s as %s in %s not found: %v\n%s", kind, enc, where, leaks, doc)
				}
				for _, l := range leaks {
					if strings.Contains(l.Shown, secret[:6]) || strings.Contains(l.Where, secret) {
						t.Errorf("%+v gives it away", l)
					}
				}
			}
		}
	}
}

// quoted is s for the inside of a JSON string.
func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

func holds(leaks []Leak, kind string) bool {
	for _, l := range leaks {
		if l.Kind == kind {
			return true
		}
	}
	return false
}

func TestCheckElsewhere(t *testing.T) {
	t.Parallel()
	for enc, wrap := range wraps {
		doc := "GET /?code=" + secret + "~!\n\n* x " + wrap(secret+"~!") + "\n"
		leaks := Check([]byte(doc))
		want := map[string]string{"b64url": EncBase64, EncURL: EncURL}[enc]
		if want == "" {
			want = enc
		}
		found := false
		for _, l := range leaks {
			found = found || l.Encoding == want
		}
		if !found {
			t.Errorf("%s: %v", enc, leaks)
		}
	}
}

func TestCheckPlaces(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]Leak{
		`{"log":{"entries":[{"request":{"cookies":[{"name":"sid","value":"abc123def456"}]}}]}}`: {"cookie", "log.entries[0].request.cookies[0].value", EncPlain, "abc…(12)"},
		`{"log":{"entries":[{"request":{"headers":[{"value":"x=1 y","name":"Cookie"}]}}]}}`:     {"cookie", "log.entries[0].request.headers[0].value", EncPlain, "…(5)"},
		`{"msisdn":447700900123}`:                                    {"phone", "msisdn", EncPlain, "447…(12)"},
		`{"a":{"phone_number":"447700900123"}}`:                      {"phone", "a.phone_number", EncPlain, "447…(12)"},
		`<a href="https://x.example/?a=b&amp;code=Ab12Cd34">`:        {"code", "line 1", EncPlain, "Ab1…(8)"},
		"one\ntwo ?code=abc\nthree ?code=a1b2":                       {"code", "line 3", EncPlain, "…(4)"},
		"{\"event\":\"x\"}\n{\"event\":\"y\",\"code\":\"Ab12Cd34\"}": {"code", "document 2: code", EncPlain, "Ab1…(8)"},
	} {
		leaks := Check([]byte(doc))
		if len(leaks) != 1 || leaks[0] != want {
			t.Errorf("%s\ngot  %+v\nwant %+v", doc, leaks, want)
		}
	}
}

func TestCheckLeavesAlone(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		"", "{}", "null", `{"error":{"code":"access_denied","kind":"state"}}`, `{"code":"NUMBER_VERIFICATION.INVALID_TOKEN_CONTEXT"}`, `{"code":404}`,
		"https://x.example/oauth2/auth?code=code~1&state=state~12&scope=openid&client_id=5a9db0c5-0000-4000-8000-000000000001#fragment~1",
		`{"phone":"+990•••••••78"}`, `{"value":"[hidden]","state":"state~1,state~2"}`, "state: closed. code 7, error code: 500", "2025-06-01T10:00:00+02:00",
		`<p>https://x.example/auth?client_id=sandbox_test&amp;scope=dpv:FraudPreventionAndDetection%23number-verification-verify-read&amp;state=state~2`,
		"https://x.example/x?msisdn=+44••••••••23", "{\"value\":\" 44••••••••23\"}", "https://x.example/cb?code=code~1&state=state~2#frag=frag~1",
		"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----", "-----BEGIN CERTIFICATE-----", "the private key",
		"took 0.0123456789 s at 1763839200 from 10.255.255.53:8080", "3f0a91c0771234567 11111111-2222-3333-4444-055555555555",
		"password: [redacted]", `{"cookies":[{"name":"sid","value":"[hidden]"}]}`, "token: ***", "the state is wrong", "at 12:30 +1 more",
	} {
		if leaks := Check([]byte(doc)); leaks != nil {
			t.Errorf("%s: %+v", doc, leaks)
		}
	}
}

func TestCheckGivesUp(t *testing.T) {
	t.Parallel()
	deep := []byte(strings.Repeat("[", 100_000))
	Check(deep)
	if _, err := Clean(append([]byte(`{"log":`), deep...)); err == nil || !strings.Contains(err.Error(), "no whole JSON document") {
		t.Errorf("got %v", err)
	}
	flood := strings.Repeat("code="+secret+"\n", 5000)
	if leaks := Check([]byte(flood)); len(leaks) < maxLeaks || len(leaks) > maxLeaks+1 {
		t.Errorf("%d leaks", len(leaks))
	}
}
