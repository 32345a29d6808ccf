package callback

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const (
	ourRequest = "c11236f4-00bf-4b89-84ba-88b25df97315"
	ofOurs     = "&request_id=" + ourRequest
	notOurs    = "&request_id=aaaaaaaa-01c1-407d-90f4-78b4ae5deb06"
	mismatch   = "Device MSISDN does not match."
)

// fragments are what may stand behind the "#", by what it is worth.
var fragments = []struct {
	name, fragment string
	reason         Reason
	code           string
}{
	{"as documented", "request_id=" + ourRequest + "&code=si9sfG", "", "si9sfG"},
	{"code first", "code=si9sfG" + ofOurs, "", "si9sfG"},
	{"beside others", "network_id=23410&code=si9sfG&state=x" + ofOurs, "", "si9sfG"},
	{"percent-encoded code", "code=%73i9sf%47" + ofOurs, "", "si9sfG"},
	{"percent-encoded request id", "code=si9sfG&request_id=" + strings.ReplaceAll(ourRequest, "-", "%2D"), "", "si9sfG"},
	{"percent-encoded names", "%63ode=si9sfG&request%5Fid=" + ourRequest, "", "si9sfG"},
	{"plus is a space", "code=si+sf%2BG" + ofOurs, "", "si sf+G"},
	{"empty pairs", "&&code=si9sfG&" + ofOurs + "&", "", "si9sfG"},
	{"empty error", "error_description=&code=si9sfG" + ofOurs, "", "si9sfG"},
	{"another number sign", "code=si9s#G" + ofOurs, "", "si9s#G"},

	{"nothing", "", ReasonIncomplete, ""},
	{"a number sign", "#", ReasonIncomplete, ""},
	{"only our request id", ofOurs, ReasonIncomplete, ""},
	{"empty code", "code=" + ofOurs, ReasonIncomplete, ""},
	{"code without value", "code" + ofOurs, ReasonIncomplete, ""},
	{"other case", "Code=si9sfG&Request_Id=" + ourRequest, ReasonIncomplete, ""},
	{"no request id", "code=si9sfG", ReasonState, ""},
	{"empty request id", "code=si9sfG&request_id=", ReasonState, ""},
	{"another's request id", "code=si9sfG" + notOurs, ReasonState, ""},
	{"longer request id", "code=si9sfG" + ofOurs + "0", ReasonState, ""},
	{"request id in capitals", "code=si9sfG&request_id=" + strings.ToUpper(ourRequest), ReasonState, ""},
	{"a state proves nothing", "code=si9sfG&state=" + ourRequest, ReasonState, ""},
	{"number sign before the request id", "#request_id=" + ourRequest + "&code=si9sfG", ReasonState, ""},
	{"encoded delimiters", "code=si9sfG%26request_id%3D" + ourRequest, ReasonState, ""},
	{"a semicolon separates nothing", "code=si9sfG;request_id=" + ourRequest, ReasonState, ""},

	{"error", "error_description=" + url.PathEscape(mismatch) + ofOurs, ReasonDenied, ""},
	{"error with plus", "error_description=" + url.QueryEscape(mismatch) + ofOurs, ReasonDenied, ""},
	{"error by name", "error=access_denied" + ofOurs, ReasonDenied, ""},
	{"error without request id", "error_description=no", ReasonErrorWithoutState, ""},
	{"error with another's request id", "error_description=no" + notOurs, ReasonErrorWithoutState, ""},
	{"both", "code=si9sfG&error_description=no" + ofOurs, ReasonBoth, "si9sfG"},
	{"both, by name", "code=si9sfG&error=no" + ofOurs, ReasonBoth, "si9sfG"},
	{"both, another's request id", "code=si9sfG&error_description=no" + notOurs, ReasonErrorWithoutState, ""},

	{"bad escape", "code=%zz" + ofOurs, ReasonMalformed, ""},
	{"bad escape elsewhere", "code=si9sfG&x=%" + ofOurs, ReasonMalformed, ""},
	{"bad escape in the request id", "code=si9sfG&request_id=%-" + ourRequest, ReasonMalformed, ""},
	{"two codes", "code=si9sfG&code=si9sfG" + ofOurs, ReasonMalformed, ""},
	{"two codes, one hidden", "code=si9sfG&%63ode=other" + ofOurs, ReasonMalformed, ""},
	{"two request ids mixed up", "code=si9sfG" + ofOurs + notOurs, ReasonMalformed, ""},
	{"our request id twice", "code=si9sfG" + ofOurs + ofOurs, ReasonMalformed, ""},
	{"two errors, the first empty", "error_description=&error_description=no&code=si9sfG" + ofOurs, ReasonMalformed, ""},
	{"two errors by name", "error=&error=no&code=si9sfG" + ofOurs, ReasonMalformed, ""},
	{"code with line break", "code=si%0d%0aG" + ofOurs, ReasonMalformed, ""},
	{"code not UTF-8", "code=%ff%fe" + ofOurs, ReasonMalformed, ""},
	{"code with a bidi mark", "code=%e2%80%aesi" + ofOurs, ReasonMalformed, ""},
}

func TestParseFragment(t *testing.T) {
	t.Parallel()
	for _, c := range fragments {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseFragment("https://dev.example/callback?code=q"+ofOurs+"#"+c.fragment, ourRequest)
			switch {
			case c.reason != "":
				e := wantReason(t, err, c.reason)
				if said := e.Name + e.Description; said != "" && c.reason != ReasonDenied && c.reason != ReasonBoth {
					t.Errorf("it keeps %q of what is not ours", said)
				}
			case err != nil:
				t.Error(err)
			case got.Code != c.code || got.State != ourRequest || got.Query != c.fragment || got.Via != ViaURL:
				t.Errorf("got %q for %q by %s of %q", got.Code, got.State, got.Via, got.Query)
			}
		})
	}
	_, err := ParseFragment("#code=si9sfG&request_id=", "")
	wantReason(t, err, ReasonState)
}

// TestFragmentErrorIsKept: the words of the far side, byte for byte, when the request id proved them.
func TestFragmentErrorIsKept(t *testing.T) {
	t.Parallel()
	for _, encoded := range []string{url.PathEscape(mismatch), url.QueryEscape(mismatch), mismatch} {
		_, err := ParseFragment("#error_description="+encoded+ofOurs, ourRequest)
		if e := wantReason(t, err, ReasonDenied); e.Name != "" || e.Description != mismatch {
			t.Errorf("%s: got %q, %q", encoded, e.Name, e.Description)
		}
	}
}

func TestPastedFragment(t *testing.T) {
	t.Parallel()
	const f = "request_id=R&code=C"
	for _, paste := range []string{
		f, "#" + f, "http://localhost:8080/callback#" + f, "localhost:8080/callback#" + f, "/callback#" + f,
		" \t#" + f + " \r\n", "\u00a0" + f, "\ufeffhttp://localhost/cb#" + f, "\u200b" + f + "\u200b",
		`"http://localhost/cb#` + f + `"`, "'" + f + "'", "`#" + f + "`", "<https://dev.example/cb#" + f + ">",
		` "<https://dev.example/cb#` + f + `>" `, "“https://dev.example/cb#" + f + "”", "«" + f + "»",
		"http://localhost/cb#request_id=R&amp;code=C", "https://dev.example/a=b/cb?x=1#" + f,
		"https://dev.example/cb?request_id=Q&code=Q#" + f,
		`{"request_id":"R","code":"C"}`, " {\n  \"request_id\": \"R\",\n  \"code\": \"C\"\n}\n",
		`"{"request_id":"R","code":"C"}"`, `{"request_id":"R","code":"\u0043","network_id":23410,"x":[{}],"y":null}`,
		`{"request_id":"R","code":"C","error":null,"error_description":null}`, "'{\"request_id\":\"R\",\"code\":\"C\"}'",
	} {
		got, want := pastedFragment(paste), f
		if c, err := ParseFragment(paste, "R"); got != want || err != nil || c.Code != "C" {
			t.Errorf("%q: got %q, %v", paste, got, err)
		}
	}
	for _, paste := range []string{
		"", " ", "hello", "#", "<>", "https://dev.example/callback", "https://dev.example/callback#", "{}", `{"code":null}`,
	} {
		if got := pastedFragment(paste); got != "" {
			t.Errorf("%q: got %q, want nothing", paste, got)
		}
	}
}

// TestQueryIsNoFragment: values in the query were never Verify's to send, and servers and logs have seen them.
func TestQueryIsNoFragment(t *testing.T) {
	t.Parallel()
	const q = "x=1&request_id=" + ourRequest + "&code=C"
	for _, paste := range []string{
		"https://dev.example/cb?" + q, "http://127.0.0.1:8080/cb?" + q, "localhost:8080/cb?" + q, "dev.example/cb?" + q, "/cb?" + q,
		"?" + q, "https://dev.example/" + q, "https://dev.example/cb?" + q + "#", "https://dev.example/cb?" + q + "#_=_",
	} {
		_, err := ParseFragment(paste, ourRequest)
		wantReason(t, err, ReasonIncomplete)
	}
}

// TestPastedJSON: what a browser shows at the end of a chain without redirect URL, whole or not.
func TestPastedJSON(t *testing.T) {
	t.Parallel()
	const ours = `"request_id":"` + ourRequest + `"`
	for _, c := range []struct {
		name, paste string
		reason      Reason
		description string
	}{
		{"code without request id", `{"code":"C"}`, ReasonState, ""},
		{"another's request id", `{"code":"C","request_id":"x"}`, ReasonState, ""},
		{"only the request id", `{` + ours + `}`, ReasonIncomplete, ""},
		{"empty code", `{` + ours + `,"code":""}`, ReasonIncomplete, ""},
		{"other case", `{` + ours + `,"CODE":"C"}`, ReasonIncomplete, ""},
		{"a problem", `{"title":"Forbidden","status":403,"detail":"no"}`, ReasonIncomplete, ""},
		{"an error", `{` + ours + `,"error_description":"` + mismatch + ` 100%&+"}`, ReasonDenied, mismatch + " 100%&+"},
		{"an error without request id", `{"error_description":"no"}`, ReasonErrorWithoutState, ""},
		{"both", `{` + ours + `,"code":"C","error_description":"no"}`, ReasonBoth, "no"},
		{"two codes", `{` + ours + `,"code":"C","code":"C"}`, ReasonMalformed, ""},
		{"two request ids", `{` + ours + `,"request_id":"x","code":"C"}`, ReasonMalformed, ""},
		{"a code that is a number", `{` + ours + `,"code":123456}`, ReasonMalformed, ""},
		{"a code that is an object", `{` + ours + `,"code":{"code":"C"}}`, ReasonMalformed, ""},
		{"an error that is a list", `{` + ours + `,"code":"C","error_description":["no"]}`, ReasonMalformed, ""},
		{"code with control mark", `{` + ours + `,"code":"C\u001b[2J"}`, ReasonMalformed, ""},
		{"code not UTF-8", `{` + ours + `,"code":"` + "\xff" + `"}`, ReasonMalformed, ""},
		{"cut", `{` + ours + `,"code":"C"`, ReasonMalformed, ""},
		{"cut in a name", `{` + ours + `,"co`, ReasonMalformed, ""},
		{"cut after a name", `{` + ours + `,"code"`, ReasonMalformed, ""},
		{"a comma too many", `{` + ours + `,"code":"C",}`, ReasonMalformed, ""},
		{"something after it", `{` + ours + `,"code":"C"}{}`, ReasonMalformed, ""},
		{"garbage after it", `{` + ours + `,"code":"C"} ]`, ReasonMalformed, ""},
		{"only a brace", `{`, ReasonMalformed, ""},
		{"not JSON", `{code:C}`, ReasonMalformed, ""},
		{"deep", `{"x":` + strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5) + `,` + ours + `,"code":"C"}`, ReasonMalformed, ""},
		{"inside another", `{"answer":{` + ours + `,"code":"C"}}`, ReasonIncomplete, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := ParseFragment(c.paste, ourRequest)
			if e := wantReason(t, err, c.reason); e.Description != c.description || got != nil {
				t.Errorf("got %v, description %q", got, e.Description)
			}
		})
	}
}

// TestOriginOf: as browsers write it, or the answer of our own page would be refused.
func TestOriginOf(t *testing.T) {
	t.Parallel()
	for redirect, want := range map[string]string{
		"http://127.0.0.1:8080/callback":       "http://127.0.0.1:8080",
		"http://localhost:8080/":               "http://localhost:8080",
		"HTTP://LocalHost.:8080/Callback":      "http://localhost.:8080",
		"http://127.0.0.1:80/callback":         "http://127.0.0.1",
		"http://127.0.0.1/callback":            "http://127.0.0.1",
		"http://127.0.0.1:443/callback":        "http://127.0.0.1:443",
		"https://dev.example:443/cb":           "https://dev.example",
		"https://Dev.Example/cb?tenant=1":      "https://dev.example",
		"http://[::1]:8080/callback":           "http://[::1]:8080",
		"http://[0:0:0:0:0:0:0:1]/callback":    "http://[::1]",
		"http://[2001:DB8::00FF]:8080/cb":      "http://[2001:db8::ff]:8080",
		"http://[::ffff:127.0.0.1]:8080/cb":    "http://[::ffff:7f00:1]:8080",
		"http://%zz":                           "",
		"http://127.0.0.1:8080/callback?a=b#x": "http://127.0.0.1:8080",
	} {
		if got := originOf(redirect); got != want {
			t.Errorf("%s: got %q, want %q", redirect, got, want)
		}
	}
}

// FuzzFragment pastes anything: what is taken names our request once, beside one code and no error, and reads the same to
// url.ParseQuery, which is more lenient.
func FuzzFragment(f *testing.F) {
	for _, c := range fragments {
		f.Add("#" + c.fragment)
	}
	for _, p := range []string{
		`{"request_id":"R","code":"C"}`, `{"request_id":"R","code":"C","code":"D"}`, "{", `{"code":1}`, "<http://x/#code=a&amp;request_id=R>",
		"?code=C&request_id=R", "“#code=C&request_id=R”", "a#b#c", "\xff\x00", "request_id=R&code=C&error_description=",
	} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, paste string) {
		for _, request := range []string{"R", ourRequest} {
			c, err := ParseFragment(paste, request)
			if (c == nil) == (err == nil) {
				t.Fatalf("got %v and %v", c, err)
			}
			if c == nil {
				continue
			}
			v, err := url.ParseQuery(strings.ReplaceAll(c.Query, ";", "%3B"))
			if err != nil || len(v["request_id"]) != 1 || v.Get("request_id") != request || v.Get("error") != "" ||
				v.Get("error_description") != "" {
				t.Fatalf("taken, but it reads %v, %v", v, err)
			}
			if len(v["code"]) != 1 || c.Code != v.Get("code") || c.Code == "" || !printable(c.Code) || c.State != request {
				t.Fatalf("got %q of %v", c.Code, v)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %#v", c, *c, c), c.State) && request != "R" {
				t.Fatal("printing shows it")
			}
		}
	})
}
