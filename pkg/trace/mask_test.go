package trace

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"
)

const (
	ownState = "my-own-state-0123456789"
	phone    = "+447700900123"
	hiddenNo = "+44••••••••23"
)

// knowing is a mask that was told of a state and a phone number.
func knowing() *Mask {
	m := &Mask{}
	m.Know("state", ownState, "")
	m.Know("phone", phone, hiddenNo)
	return m
}

func TestURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, want string }{
		{"", ""},
		{"https://x.example", "https://x.example"},
		{"https://x.example:8443/oauth2/v031/Callback.html?", "https://x.example:8443/oauth2/v031/Callback.html?"},
		{"https://x.example/?code=abcdef&state=" + ownState, "https://x.example/?code=code~1&state=state~1"},
		{"https://x.example/?a=1&b=1&c=2", "https://x.example/?a=a~1&b=a~1&c=c~1"},
		{"https://x.example/?scope=openid+dpv%3AFraud%23read&client_id=b9d4-1&response_type=code&error=access_denied", "https://x.example/?scope=openid+dpv:Fraud%23read&client_id=b9d4-1&response_type=code&error=access_denied"},
		{"https://x.example/?error=Some+Text+" + ownState, "https://x.example/?error=error~1"},
		{"https://x.example/?scope=" + ownState, "https://x.example/?scope=state~1"},
		{"https://x.example/?redirect_uri=https%3A%2F%2Fy.example%2Fcb%3Fcode%3Dq7%26scope%3Da", "https://x.example/?redirect_uri=https://y.example/cb%3Fcode%3Dcode~1%26scope%3Da"},
		{"https://x.example/?redirect_uri=%zz", "https://x.example/?[hidden]"},
		{"https://x.example/?redirect_uri=https%3A%2F%2F%25zz", "https://x.example/?redirect_uri=" + showEscaped(hiddenURL)},
		{"https://x.example/?code=a;b", "https://x.example/?[hidden]"},
		{"https://x.example/?code=%zz&a=1", "https://x.example/?[hidden]"},
		{"https://x.example/?justasecret7f", "https://x.example/?query~1"},
		{"https://x.example/?a=&b&&7f3a9c=2", "https://x.example/?a=&query~1&&query~2=query~3"},
		{"https://x.example/#code=q7&request_id=r1", "https://x.example/#code=code~1&request_id=request_id~1"},
		{"https://x.example/#section", "https://x.example/#fragment~1"},
		{"https://x.example/c11236f4-00bf-4b89-84ba-88b25df97315/redirect", "https://x.example/id~1/redirect"},
		{"https://x.example/aB3dE9/abc;jsessionid=F00/x%20y/ü", "https://x.example/id~1/id~2/id~3/id~4"},
		{"https://x.example/" + ownState + "/?to=447700900123&p=%2B447700900123", "https://x.example/state~1/?to=" + hiddenNo + "&p=" + hiddenNo},
		{"https://x.example/OTP/ABCDEFGHIJ", "https://x.example/OTP/id~1"},
		{"https://user:pass@x.example/", "https://userinfo~1@x.example/"},
		{"https://bücher.example/", "https://xn--bcher-kva.example/"},
		{"https://" + ownState + ".x.example/", "https://state~1.x.example/"},
		{"//evil.example/x?code=q7", "//evil.example/x?code=code~1"},
		{"/next?state=" + ownState, "/next?state=state~1"},
		{"javascript:alert(1)", "javascript:[hidden]"},
		{"https:evil", "https:[hidden]"},
		{"com.acme.app://cb?code=q7", "com.acme.app://cb?code=code~1"},
		{"https://x.example/%zz?code=q7", hiddenURL},
		{"https://x.example/\x1b[31m", hiddenURL},
		{"https://x.example/\u202e?a\u200b=1", "https://x.example/id~1?query~1=query~2"},
		{"https://x.example/" + strings.Repeat("a", maxURL), hiddenURL},
		{"https://x.example/?" + strings.Repeat("a=1&", 70) + "b=2", "https://x.example/?" + strings.Repeat("a=a~1&", 64) + "[7 more]"},
	} {
		if got := knowing().URL(c.raw); got != c.want {
			t.Errorf("%.120q\ngot  %s\nwant %s", c.raw, got, c.want)
		}
	}
}

func TestOrdinary(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"network-enablement", "v0.1", "v031", "number-verification", "oauth2", "token", "camara", "authorize", "callback",
		"openid-connect", ".well-known", "Redirect", "openIdConnect", "index.html", "OAuth", "hop1", "200", "_", "..", "silent-auth", "realms",
	} {
		if s != "_" && !ordinary(s) {
			t.Errorf("%q is ordinary", s)
		}
	}
	for _, s := range []string{
		"", "123456", "7f3a9c", "aB3dE9", "AbCdEfGh", "c11236f4-00bf-4b89-84ba-88b25df97315", "eyJhbGciOiJSUzI1NiJ9", "a b", "+447700900123",
		"qwrtpsdfghjklz", "abcdefghijklmnopqrstuvwxyz", strings.Repeat("word-", 20), "12-34-56", "a=b", "ü", "v2_840e17a8",
	} {
		if ordinary(s) {
			t.Errorf("%q is not ordinary", s)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, want string }{
		{"", ""},
		{"plain words: nothing to hide (really), 100 % = all", "plain words: nothing to hide (really), 100 % = all"},
		{"state " + ownState + " twice " + ownState, "state state~1 twice state~1"},
		{`Get "https://x.example/a?code=q7": EOF`, `Get "https://x.example/a?code=code~1": EOF`},
		{"see https://x.example/a?code=q7.", "see https://x.example/a?code=code~1."},
		{"Authorization: Bearer abc.DEF-123", "Authorization: Bearer token~1"},
		{"basic dXNlcjpwYXNz", "basic token~1"},
		{"got eyJhbGciOi.eyJpc3Mi.c2ln here", "got jwt~1 here"},
		{"call " + phone + " or +99012345678", "call " + hiddenNo + " or phone~1"},
		{"447700900123", hiddenNo},
		{"without this attempt's state: access_denied", "without this attempt's state: access_denied"},
		{"in place of a token: invalid_grant: used", "in place of a token: invalid_grant: used"},
		{"answered 401 invalid_token: expired", "answered 401 invalid_token: expired"},
		{"answered 400 invalid-code: Invalid Code: no", "answered 400 invalid-code: Invalid Code: no"},
		{"token: abcdefgh code: ab_cd9 state=access_denied", "token: token~1 code: code~1 state=state~2"},
		{`{"code": "q7q7", "state":"zzzz"}`, `{"code": "code~1", "state":"state~2"}`},
		{"bad access_token=12345 now", "bad access_token=access_token~1 now"},
		{"a\x1b]8;;x\x07b\u202ec\u200bd\r\n\x9b", `a\x1b]8;;x\ab\u202ec\u200bd\r\n\x9b`},
	} {
		if got := knowing().Text(c.raw); got != c.want {
			t.Errorf("%q\ngot  %s\nwant %s", c.raw, got, c.want)
		}
	}
}

// TestKnownInEveryForm: however a known secret is written, and whatever stands around it.
func TestKnownInEveryForm(t *testing.T) {
	t.Parallel()
	const secret = `s3cr+t/"Value"=ü&9`
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	once := url.QueryEscape(secret)
	for name, text := range map[string]string{
		"raw": secret, "query": once, "path": url.PathEscape(secret), "twice": url.QueryEscape(once),
		"lower": strings.ToLower(once), "json": string(quoted), "hex": hex.EncodeToString([]byte(secret)),
		"HEX": strings.ToUpper(hex.EncodeToString([]byte(secret))), "base64": base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64url":     base64.RawURLEncoding.EncodeToString([]byte(secret)),
		"base64 inside": base64.StdEncoding.EncodeToString([]byte("a" + secret + "z")), "inside 2": base64.URLEncoding.EncodeToString([]byte("ab" + secret + "zz")),
		"base64 in a query": url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(secret))),
	} {
		m := &Mask{}
		m.Know("key", secret, "")
		if got := m.Text("before " + text + " after"); !strings.Contains(got, "key~1") || strings.Contains(got, text) {
			if name == "lower" { // lower-cased as a whole is not how anybody writes it
				continue
			}
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestPseudonymsAreStable(t *testing.T) {
	t.Parallel()
	m := &Mask{}
	const code = "Zx81-Qp77-Lm00"
	if got := m.URL("https://x.example/?code=" + code); got != "https://x.example/?code=code~1" {
		t.Error(got)
	}
	m.Know("secret", code, "")
	if got := m.URL("https://y.example/?other=" + code + "&code=another"); got != "https://y.example/?other=code~1&code=code~2" {
		t.Error(got)
	}
	if got := m.Text("it was " + code); got != "it was code~1" {
		t.Error(got)
	}
	if got := m.URL("/?prompt=login") + m.Text(" login"); got != "/?prompt=prompt~1 login" {
		t.Errorf("an ordinary value is hidden in text: %s", got)
	}
	m.Know("x", "", "shown")
	m.Know("short", "abc", "")
	if got := m.Text("abc") + m.URL("/abc"); got != "abc/short~1" {
		t.Error(got)
	}
	m.Know("odd kind \x1b", "1234567890", "")
	if got := m.Text("1234567890"); got != "value~1" {
		t.Error(got)
	}
}

func TestReveal(t *testing.T) {
	t.Parallel()
	m := &Mask{Reveal: true}
	m.Know("code", "0123456789", "")
	const raw = "https://u:p@x.example/?code=0123456789\x1b"
	if got := m.URL(raw) + m.Text(raw) + m.Error(errors.New(raw)); got != strings.Repeat(Printable(raw), 3) {
		t.Error(got)
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`net/http: malformed HTTP response "SECRET"`:            "net/http: malformed HTTP response",
		`malformed MIME header line: X: SECRET`:                 "malformed MIME header line",
		`Get "https://x.example/?code=SECRET": EOF`:             `Get "https://x.example/?code=code~1": EOF`,
		`dial tcp 192.0.2.1:443: connection refused`:            `dial tcp 192.0.2.1:443: connection refused`,
		`lookup x.example on 127.0.0.1:53: no such ` + "\u202e": `lookup x.example on 127.0.0.1:53: no such \u202e`,
	} {
		if got := (&Mask{}).Error(errors.New(raw)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestMaskIsConcurrent(t *testing.T) {
	t.Parallel()
	m := &Mask{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				m.Know("state", "state-value-"+strconv.Itoa(j), "")
				m.URL(fmt.Sprintf("https://x.example/?code=c%d&n=%d", j, i))
				m.Text("state-value-" + strconv.Itoa(j))
			}
		})
	}
	wg.Wait()
	if m.counts["state"] != 50 || m.counts["code"] != 50 {
		t.Errorf("counts %v", m.counts)
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"plain äöü 漢字 🎉":                       "plain äöü 漢字 🎉",
		"\x1b[31m\x1bP+q\x9d":                  `\x1b[31m\x1bP+q\x9d`,
		"\u0085\u009b\u061c\u2028\ufeff\u00ad": `\u0085\u009b\u061c\u2028\ufeff\u00ad`,
		"a\u3164\u2800\ufe0f\u034f\u00a0b":     `a\u3164\u2800\ufe0f\u034f\u00a0b`,
		"\U000e0041\U000e0100":                 `\U000e0041\U000e0100`,
		"\t\x00\x7f":                           `\t\x00\x7f`,
		"\xff\ufffd":                           "\\xff\ufffd",
	} {
		if got := Printable(raw); got != want {
			t.Errorf("%q: got %s, want %s", raw, got, want)
		}
	}
}

// shownSafely: valid UTF-8, one line, nothing that a terminal obeys or an eye cannot see.
func shownSafely(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) }) {
		t.Fatalf("not printable: %q", s)
	}
}

// fuzzSecret is a known secret that no fuzzer comes upon by itself.
const fuzzSecret = "kQ7+x/Zr=93Lw&vT"

func FuzzMaskURL(f *testing.F) {
	for _, seed := range []string{
		"https://x.example/?code=%s", "https://%s.example/", "https://u:%s@h/%s#%s", "?scope=%s&%s", "javascript:%s", "//%s", "/%s/%s;x=%s",
		"https://h/?redirect_uri=https%%3A%%2F%%2Fh%%2F%s", "https://h/?a;b=%s", "\x1b%s\u202e", "%s", "https://[::1]:8/?%%%s",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, form := range []string{fuzzSecret, url.QueryEscape(fuzzSecret), url.PathEscape(fuzzSecret)} {
			m := &Mask{}
			m.Know("state", fuzzSecret, "")
			got := m.URL(strings.ReplaceAll(raw, "%s", form))
			shownSafely(t, got)
			if strings.Contains(got, form) {
				t.Fatalf("%q shows the secret: %s", raw, got)
			}
		}
	})
}

func FuzzMaskText(f *testing.F) {
	for _, seed := range []string{"%s", "a %s b", "https://h/?code=%s", "Bearer %s", "code=%s", "eyJ%s.a.b", "\x9b%s\u200b", "+4477%s", `{"state":"%s"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, form := range formsOf(fuzzSecret) {
			m := &Mask{}
			m.Know("state", fuzzSecret, "")
			got := m.Text(strings.ReplaceAll(raw, "%s", form))
			shownSafely(t, got)
			if strings.Contains(got, form) {
				t.Fatalf("%q shows the secret: %s", raw, got)
			}
		}
	})
}
