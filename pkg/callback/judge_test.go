package callback

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

var judged = []struct {
	name, query string
	reason      Reason
	code        string
}{
	{"a code", "code=abc" + toOurState, "", "abc"},
	{"state first", "state=" + ourState + "&code=abc", "", "abc"},
	{"other parameters", "iss=https%3A%2F%2Fx&code=abc&session_state=1" + toOurState, "", "abc"},
	{"plus is a space, %20 too, %2B is a plus", "code=a+b%20c%2Bd" + toOurState, "", "a b c+d"},
	{"encoded delimiters", "code=a%26state%3Db%3D%3D" + toOurState, "", "a&state=b=="},
	{"equals signs kept", "code=abc==" + toOurState, "", "abc=="},
	{"a semicolon is a character", "code=a;b" + toOurState, "", "a;b"},
	{"a semicolon separates nothing", "code=a;state=" + ourState, ReasonState, ""},
	{"encoded names", "%63ode=abc" + toOurState, "", "abc"},
	{"10^4 parameters", strings.Repeat("x=1&", 10_000) + "code=abc" + toOurState, "", "abc"},
	{"long code", "code=" + strings.Repeat("c", 1<<20) + toOurState, "", strings.Repeat("c", 1<<20)},
	{"empty pairs", "&&code=abc&&" + toOurState + "&", "", "abc"},
	{"invalid UTF-8 elsewhere", "code=abc&x=%ff%fe" + toOurState, "", "abc"},
	{"empty error is none", "error=&code=abc" + toOurState, "", "abc"},

	{"nothing", "", ReasonIncomplete, ""},
	{"only our state", toOurState[1:], ReasonIncomplete, ""},
	{"empty code", "code=" + toOurState, ReasonIncomplete, ""},
	{"other case", "Code=abc" + toOurState, ReasonIncomplete, ""},
	{"code alone", "code=abc", ReasonState, ""},
	{"empty state", "code=abc&state=", ReasonState, ""},
	{"wrong state", "code=abc&state=nope", ReasonState, ""},
	{"longer state", "code=abc" + toOurState + "x", ReasonState, ""},
	{"shorter state", "code=abc&state=" + ourState[1:], ReasonState, ""},
	{"state in other case", "code=abc&state=" + strings.ToUpper(ourState), ReasonState, ""},
	{"error alone", "error=access_denied", ReasonErrorWithoutState, ""},
	{"error, wrong state", "error=access_denied&state=nope", ReasonErrorWithoutState, ""},
	{"error and code, wrong state", "error=access_denied&code=a&state=nope", ReasonErrorWithoutState, ""},
	{"denied", "error=access_denied&error_description=no+thanks" + toOurState, ReasonDenied, ""},
	{"denied, two texts", "error=access_denied&error_description=a&error_description=b" + toOurState, ReasonDenied, ""},
	{"both", "code=abc&error=server_error" + toOurState, ReasonBoth, "abc"},

	{"bad escape", "code=%zz" + toOurState, ReasonMalformed, ""},
	{"bad escape elsewhere", "code=abc&x=%zz" + toOurState, ReasonMalformed, ""},
	{"bad escape in a name", "%zz=1&code=abc" + toOurState, ReasonMalformed, ""},
	{"half an escape", "code=abc" + toOurState + "&x=%4", ReasonMalformed, ""},
	{"two codes", "code=abc&code=abc" + toOurState, ReasonMalformed, ""},
	{"two codes, one hidden", "code=abc&%63ode=def" + toOurState, ReasonMalformed, ""},
	{"empty and full code", "code=&code=abc" + toOurState, ReasonMalformed, ""},
	{"two states", "code=abc&state=nope" + toOurState, ReasonMalformed, ""},
	{"two errors", "error=a&error=b" + toOurState, ReasonMalformed, ""},
	{"code with line break", "code=a%0d%0ab" + toOurState, ReasonMalformed, ""},
	{"code with escape", "code=a%1b%5b" + toOurState, ReasonMalformed, ""},
	{"code not ASCII", "code=%c3%a9" + toOurState, ReasonMalformed, ""},
	{"code not UTF-8", "code=%ff%fe" + toOurState, ReasonMalformed, ""},
	{"code with a bidi mark", "code=%e2%80%ae" + toOurState, ReasonMalformed, ""},
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for _, c := range judged {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if a := judge(c.query, ourState, inQuery); a.reason != c.reason || a.reason == "" && a.code != c.code {
				t.Errorf("got %q with code %.40q, want %q with %.40q", a.reason, a.code, c.reason, c.code)
			}
			got, err := Parse("http://localhost:1/callback?"+c.query+"#_=_", ourState)
			if c.reason != "" {
				wantReason(t, err, c.reason)
			} else if err != nil || got.Code != c.code || got.Query != c.query || got.Via != ViaURL {
				t.Errorf("Parse: %v", err)
			}
		})
	}
}

func TestParseKeepsWhatTheStateProves(t *testing.T) {
	t.Parallel()
	const query = "?error=access_denied&error_description=the%20user%1b%5b2J%e2%80%aesaid+no"
	_, err := Parse(query+"&state="+ourState, ourState)
	e := wantReason(t, err, ReasonDenied)
	if e.Name != "access_denied" || e.Description != "the user\x1b[2J\u202esaid no" {
		t.Errorf("got %q, %q", e.Name, e.Description)
	}
	want := `callback: authorization denied: access_denied: "the user\x1b[2J\u202esaid no"`
	if e.Error() != want {
		t.Errorf("got  %s\nwant %s", e, want)
	}
	_, err = Parse(query, ourState)
	e = wantReason(t, err, ReasonErrorWithoutState)
	if e.Name != "access_denied" || e.Description != "" {
		t.Errorf("without our state: got %q, %q", e.Name, e.Description)
	}
	_, err = Parse("?error=rm+-rf", ourState)
	if e = wantReason(t, err, ReasonErrorWithoutState); e.Name != "" {
		t.Errorf("an unregistered name was kept: %q", e.Name)
	}
}

func TestEmptyStateProvesNothing(t *testing.T) {
	t.Parallel()
	for _, q := range []string{"code=abc", "code=abc&state=", "code=abc&state=x"} {
		_, err := Parse("?"+q, "")
		wantReason(t, err, ReasonState)
	}
}

func TestErrorCutsRemoteText(t *testing.T) {
	t.Parallel()
	_, err := Parse("?error=odd%0aname&error_description="+strings.Repeat("%c3%a9", 5000)+"&state="+ourState, ourState)
	got := wantReason(t, err, ReasonDenied).Error()
	if len(got) > 400 || !strings.Contains(got, `"odd\nname": "éé`) || !strings.HasSuffix(got, `"…`) {
		t.Errorf("got %d bytes: %s", len(got), got)
	}
}

func TestPastedQuery(t *testing.T) {
	t.Parallel()
	const q = "code=abc&state=xyz"
	for _, paste := range []string{
		q, "?" + q, "http://localhost:8080/callback?" + q, "localhost:8080/callback?" + q, "/callback?" + q,
		"  http://localhost/cb?" + q + " \r\n", "\t" + q + "\u00a0", "\ufeffhttp://localhost/cb?" + q,
		`"http://localhost/cb?` + q + `"`, "'" + q + "'", "`http://localhost/cb?" + q + "`",
		"<http://localhost/cb?" + q + ">", ` "<http://localhost/cb?` + q + `>" `, "“http://localhost/cb?" + q + "”",
		"http://localhost/cb?code=abc&amp;state=xyz", "http://localhost/cb?" + q + "#", "http://localhost/cb?" + q + "#_=_",
		q + "#code=evil", "https://dev.example/a=b/cb?" + q,
	} {
		if got := pastedQuery(paste); got != q {
			t.Errorf("%q: got %q", paste, got)
		}
	}
	for _, paste := range []string{"", " ", "hello", "http://localhost/callback", "abc?", "<>", "#" + q} {
		if got := pastedQuery(paste); got != "" {
			t.Errorf("%q: got %q, want nothing", paste, got)
		}
	}
	if got := pastedQuery("code=a?b&state=xyz"); got != "code=a?b&state=xyz" {
		t.Errorf("a question mark inside a query: got %q", got)
	}
}

// FuzzJudge holds the judge to url.ParseQuery, which is more lenient: whatever is taken, it must read the same.
func FuzzJudge(f *testing.F) {
	for _, q := range []string{
		"code=abc&state=S", "code=a+b%20c%2B&state=S", "error=access_denied&state=S", "code=a;b&state=S", "code=%zz&state=S",
		"code=a&code=b&state=S", "code=a&error=b&state=S", "%63ode=a&st%61te=S", "code=a&state=S&x=%ff", "&&==&;", "state=S",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		const state = "S"
		a := judge(query, state, inQuery)
		if says[a.reason] == "" && a.reason != "" {
			t.Fatalf("reason %q has no sentence", a.reason)
		}
		if !a.final() {
			if err := a.err(); err == nil || err.Name != registered(err.Name) || err.Description != "" {
				t.Fatalf("without our state: %+v", err)
			}
			return
		}
		v, err := url.ParseQuery(strings.ReplaceAll(query, ";", "%3B"))
		if err != nil || len(v["state"]) != 1 || v.Get("state") != state || len(v["code"]) > 1 || len(v["error"]) > 1 {
			t.Fatalf("taken, but it reads %v, %v", v, err)
		}
		if a.code != v.Get("code") || a.name != v.Get("error") || a.description != v.Get("error_description") {
			t.Fatalf("got %q, %q, %q of %v", a.code, a.name, a.description, v)
		}
		if (a.reason == "") != (a.code != "" && a.name == "") || !printable(a.code) {
			t.Fatalf("reason %q for code %q and error %q", a.reason, a.code, a.name)
		}
	})
}

// FuzzOffer pastes anything: what is taken proves the state, and nothing is printed of what is not.
func FuzzOffer(f *testing.F) {
	for _, p := range []string{"<http://x/?code=a&amp;state=S>", "code=a&state=S#x", "“?code=a&state=S”", "a?b?c", "\xff\x00"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, paste string) {
		c, err := Parse(paste, "S")
		if (c == nil) == (err == nil) {
			t.Fatalf("got %v and %v", c, err)
		}
		if c != nil && (!strings.Contains(paste, c.Query) && !strings.Contains(paste, "&amp;") || c.Code == "") {
			t.Fatalf("%q was read as %q", paste, c.Query)
		}
	})
}

// A state that is not ours is another thing than none.
func TestForeign(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]bool{"code=a&state=other": true, "code=a": false, "code=a&state=": false} {
		_, err := Parse("?"+query, ourState)
		if e := wantReason(t, err, ReasonState); e.Foreign != want {
			t.Errorf("%s: %+v", query, e)
		}
	}
}

func TestPrintingHidesSecrets(t *testing.T) {
	t.Parallel()
	c := &Callback{Code: "secret-code", State: "secret-state", Query: "code=secret-code", Via: ViaHTTP}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{c, *c} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "secret") {
				t.Errorf("%s shows %s", format, got)
			}
		}
	}
}
