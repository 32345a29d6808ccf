package trace

import (
	"strings"
	"testing"
	"time"
)

// at is a hop as a recorder would have it.
func at(n int, url string, status int, location string) Hop {
	return Hop{
		N: n, Step: "authorize", Start: time.Date(2025, 6, 1, 10, 0, n, 0, time.UTC), Method: "GET", URL: url, Status: status, Location: location,
		Role: RoleCarrier, RoleGuessed: true, Total: 100 * time.Millisecond,
	}
}

// with changes a hop.
func with(h Hop, change func(*Hop)) Hop {
	change(&h)
	return h
}

// page is an HTML answer.
func pageAt(n int, title string) Hop {
	return with(at(n, "https://op.example/p", 200, ""), func(h *Hop) { h.ContentType, h.Title = "text/html", title })
}

const (
	registered = "https://app.example/cb"
	begin      = "https://idp.example/auth?state=state~1&redirect_uri=https://app.example/cb"
)

// ruleCases: rule, hops, and what it says: "hop level evidence".
var ruleCases = []struct {
	rule string
	hops []Hop
	want string
}{
	{"no-answer", []Hop{with(at(1, begin, 0, ""), func(h *Hop) { h.Phase, h.Error = PhaseDNS, "no such host" })}, "1 error no such host"},
	{"no-answer", []Hop{with(at(1, begin, 200, ""), func(h *Hop) { h.Phase, h.Error = PhaseBody, "reset" })}, "1 error reset"},
	{"http-error", []Hop{at(1, begin, 503, "")}, "1 error status 503"},
	{"http-error", []Hop{with(at(1, begin, 429, ""), func(h *Hop) { h.Step = "enable" })}, "1 error status 429"},
	{"oauth-error", []Hop{at(1, begin, 302, registered+"?error=access_denied&state=state~1")}, "1 error error=access_denied"},
	{"state-wrong", []Hop{at(1, begin, 302, registered+"?code=code~1&state=state~2")}, "1 error sent state~1, got state~2"},
	{"state-wrong", []Hop{at(1, begin, 302, registered+"?code=code~1")}, "1 error " + registered + "?code=code~1"},
	{"state-wrong", []Hop{at(1, begin, 302, registered+"?code=code~1&state=state~1")}, ""},
	{"state-wrong", []Hop{at(1, begin, 302, registered+"#request_id=request_id~1&code=code~1")}, ""},
	{"state-changed", []Hop{at(1, begin, 302, "https://op.example/he?state=state~2")}, "1 info state~1 → state~2"},
	{"state-changed", []Hop{at(1, begin, 302, "https://op.example/he?state=state~1")}, ""},
	{"redirect-uri-other", []Hop{at(1, "https://idp.example/?redirect_uri=https://idp.example/cb", 302, "/x")}, "1 info https://idp.example/cb"},
	{"redirect-uri-other", []Hop{at(1, "https://idp.example/?redirect_uri=https://app.example/cb/", 302, "/x")}, "1 error https://app.example/cb/"},
	{"redirect-uri-other", []Hop{at(1, begin, 302, "/x")}, ""},
	{"callback-missed", []Hop{at(1, begin, 302, "http://app.example/cb/?code=code~1")}, "1 error http://app.example/cb/?code=code~1"},
	{"callback-missed", []Hop{at(1, begin, 302, registered+"?code=code~1")}, ""},
	{"secret-in-cleartext", []Hop{at(1, "http://op.example/?code=code~1", 302, "/x")}, "1 error code=code~1"},
	{"secret-in-cleartext", []Hop{at(1, "http://127.0.0.1:8080/?code=code~1", 302, "/x")}, ""},
	{"cleartext-hop", []Hop{at(1, "http://he.op.example/", 302, "/x")}, "1 warning http://he.op.example"},
	{"cleartext-hop", []Hop{at(1, "http://localhost:8080/", 302, "/x")}, "1 info http://localhost:8080"},
	{"cleartext-hop", []Hop{with(at(1, "http://[::1]:8080/", 200, ""), func(h *Hop) { h.Step = "verify" })}, "1 info http://[::1]:8080"},
	{"downgrade", []Hop{at(1, begin, 302, "http://he.op.example/x")}, "1 warning to http://he.op.example"},
	{"cookie-refused", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.Cookies = []Cookie{{Name: "a", Domain: "evil.example"}} })}, "1 warning a: its domain evil.example is not that of the host"},
	{"cookie-refused", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.Cookies = []Cookie{{Name: "__Host-a", Secure: true, Path: "/y"}} })}, "1 warning __Host-a: __Host- wants Secure, Path=/ and no Domain"},
	{"loop", []Hop{at(1, begin, 302, "/x"), at(2, "https://idp.example/x", 302, begin)}, "2 error " + begin},
	{"loop", []Hop{at(1, begin, 302, "/x"), at(2, begin, 302, "/y")}, "2 warning " + begin},
	{"refused-hop", []Hop{at(1, begin, 302, "/x"), at(2, begin, 302, "https://x.example:99999/")}, "2 error https://x.example:99999/"},
	{"refused-hop", []Hop{at(1, begin, 302, "/x"), at(2, begin, 200, "")}, ""},
	{"app-scheme", []Hop{at(1, begin, 302, "myapp://cb?code=code~1")}, "1 warning myapp://cb?code=code~1"},
	{"private-address", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.RemoteAddr = "10.1.2.3:443" })}, "1 warning 10.1.2.3:443"},
	{"private-address", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.RemoteAddr = "[::ffff:127.0.0.1]:443" })}, "1 info [::ffff:127.0.0.1]:443"},
	{"private-address", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.RemoteAddr = "169.254.169.254:80" })}, "1 error 169.254.169.254:80"},
	{"private-address", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.RemoteAddr = "100.64.0.1:443" })}, "1 warning 100.64.0.1:443"},
	{"private-address", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.RemoteAddr = "192.0.2.1:443" })}, ""},
	{"dead-end", []Hop{at(1, begin, 302, "")}, "1 error status 302"},
	{"dead-end", []Hop{with(at(1, begin, 200, ""), func(h *Hop) { h.ContentType = "text/plain" })}, "1 error status 200, text/plain"},
	{"dead-end", []Hop{with(at(1, begin, 200, ""), func(h *Hop) { h.ContentType = "application/hal+json" })}, ""},
	{"html-page", []Hop{pageAt(1, "Log in")}, "1 error status 200, text/html"},
	{"meta-refresh", []Hop{with(pageAt(1, ""), func(h *Hop) { h.Refresh = "/next" })}, "1 warning /next"},
	{"keeps-method", []Hop{at(1, begin, 307, "/x")}, "1 info status 307"},
	{"odd-redirect", []Hop{at(1, begin, 300, "/x")}, "1 warning status 300"},
	{"old-tls", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.TLSVersion = "TLS 1.1" })}, "1 warning TLS 1.1"},
	{"slow-hop", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.Total, h.FirstByte = 3*time.Second, 2900*time.Millisecond })}, "1 warning 3000.0 ms"},
	{"clock-skew", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.Skew = -10 * time.Minute })}, "1 warning Date: Mon, 01 Jan 0001 00:00:00 UTC"},
	{"clock-skew", []Hop{with(at(1, begin, 302, "/x"), func(h *Hop) { h.Skew = 6 * time.Second })}, "1 info Date: Mon, 01 Jan 0001 00:00:00 UTC"},
	{"cookie-lost", lost(Cookie{Name: "s"}, "https://idp.example/auth/next"), "2 warning s"},
	{"cookie-lost", lost(Cookie{Name: "s"}, "https://op.example/auth/next"), ""},
	{"cookie-lost", lost(Cookie{Name: "s", Path: "/other"}, "https://idp.example/auth/next"), ""},
	{"cookie-lost", lost(Cookie{Name: "s", Path: "/a"}, "https://idp.example/auth/next"), ""},
	{"cookie-lost", lost(Cookie{Name: "s", Path: "/auth"}, "https://idp.example/auth"), "2 warning s"},
	{"cookie-lost", lost(Cookie{Name: "s", Domain: "example", Path: "/"}, "https://op.example/x"), "2 warning s"},
	{"cookie-lost", lost(Cookie{Name: "s", Secure: true}, "http://idp.example/auth/next"), ""},
	{"cookie-lost", lost(Cookie{Name: "s", Gone: true}, "https://idp.example/auth/next"), ""},
}

// lost is a chain of two in which a cookie is set and not sent.
func lost(c Cookie, to string) []Hop {
	return []Hop{with(at(1, "https://idp.example/auth/x", 302, to), func(h *Hop) { h.Cookies = []Cookie{c} }), at(2, to, 302, "/x")}
}

func TestRules(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, c := range ruleCases {
		tried[c.rule] = true
		m := &Mask{}
		m.Know("state", "the-state-that-is-ours", "state~1")
		o := AnalyseOptions{Mask: m, RedirectURI: registered, State: "the-state-that-is-ours"}
		if c.rule == "refused-hop" {
			o.End = End{Kind: EndStopped, Reason: "syntax", Detail: "a bad port"}
		}
		tr := Analyse(c.hops, o)
		var got []string
		for _, f := range tr.Findings {
			if f.Name == c.rule {
				got = append(got, strings.Join([]string{string(rune('0' + f.Hop)), f.Level, f.Evidence}, " "))
			}
			if f.Text == "" || !strings.HasSuffix(f.Text, ".") || f.Step != c.hops[0].Step {
				t.Errorf("%+v", f)
			}
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s of %s → %s\ngot  %q\nwant %q", c.rule, c.hops[0].URL, c.hops[0].Location, got, c.want)
		}
	}
	names := map[string]bool{}
	for _, r := range Rules {
		if !tried[r.Name] || r.Summary == "" || names[r.Name] || !ordinary(r.Name) {
			t.Errorf("the rule %s: tried %v, summary %q", r.Name, tried[r.Name], r.Summary)
		}
		names[r.Name] = true
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		last  Hop
		want  End
		words string
	}{
		{at(3, begin, 302, registered+"?code=code~1"), End{Kind: EndCallback, Hop: 3, Status: 302}, "reached the redirect URI at hop 3"},
		{at(3, begin, 302, registered+"?error=access_denied"), End{Kind: EndDenied, Hop: 3, Status: 302, Code: "access_denied"}, "ended with access_denied at hop 3"},
		{with(at(3, registered+"?code=code~1", 200, ""), func(h *Hop) { h.Role = RoleCallback }), End{Kind: EndCallback, Hop: 3, Status: 200}, "reached the redirect URI at hop 3"},
		{with(at(3, registered+"?error=x", 200, ""), func(h *Hop) { h.Role = RoleCallback }), End{Kind: EndDenied, Hop: 3, Status: 200, Code: "x"}, "ended with x at hop 3"},
		{pageAt(3, "Log in"), End{Kind: EndPage, Hop: 3, Status: 200, ContentType: "text/html", Title: "Log in"}, "ended at the page “Log in” at hop 3"},
		{with(pageAt(3, ""), func(h *Hop) { h.Refresh = "/x" }), End{Kind: EndPage, Hop: 3, Status: 200, ContentType: "text/html", Reason: "meta-refresh"}, "ended at a page at hop 3"},
		{with(at(3, begin, 200, ""), func(h *Hop) { h.ContentType = "application/json" }), End{Kind: EndAnswer, Hop: 3, Status: 200, ContentType: "application/json"}, "ended with an answer in JSON at hop 3"},
		{with(at(3, begin, 403, ""), func(h *Hop) { h.ContentType = "application/problem+json" }), End{Kind: EndDenied, Hop: 3, Status: 403, ContentType: "application/problem+json"}, "ended with an error at hop 3"},
		{at(3, begin, 204, ""), End{Kind: EndDead, Hop: 3, Status: 204}, "ended with status 204 at hop 3"},
		{at(3, begin, 302, "myapp://x"), End{Kind: EndStopped, Hop: 3, Status: 302, Reason: "scheme"}, "went no further at hop 3 (scheme)"},
		{at(3, begin, 302, begin), End{Kind: EndStopped, Hop: 3, Status: 302, Reason: "loop"}, "went no further at hop 3 (loop)"},
		{at(3, begin, 302, "/more"), End{Kind: EndStopped, Hop: 3, Status: 302}, "went no further at hop 3"},
		{with(at(3, begin, 0, ""), func(h *Hop) { h.Phase, h.Error = PhaseTLS, "x" }), End{Kind: EndFailed, Hop: 3, Reason: "tls"}, "got no whole answer at hop 3 (tls)"},
	} {
		tr := Analyse([]Hop{c.last}, AnalyseOptions{RedirectURI: registered})
		if tr.End != c.want || tr.Outcome != c.words {
			t.Errorf("got  %+v %q\nwant %+v %q", tr.End, tr.Outcome, c.want, c.words)
		}
	}
	tr := Analyse(nil, AnalyseOptions{URL: "https://x.example/?state=" + secret, Tool: "vnv 1"})
	if tr.End.Kind != EndNone || tr.Outcome != "did not begin" || tr.Hops == nil || tr.Findings == nil || tr.URL != "https://x.example/?state=state~1" || tr.Duration() != 0 {
		t.Errorf("%+v", tr)
	}
	tr = Analyse([]Hop{at(1, begin, 302, "/x")}, AnalyseOptions{End: End{Kind: EndStopped, Reason: "too-many", Code: "c"}})
	if want := (End{Kind: EndStopped, Hop: 1, Status: 302, Reason: "too-many", Code: "c"}); tr.End != want {
		t.Errorf("%+v", tr.End)
	}
	for _, r := range refusals {
		tr = Analyse([]Hop{at(1, begin, 302, "https://x.example/?a="+secret)}, AnalyseOptions{End: End{Kind: EndStopped, Reason: r.reason, Detail: "words"}})
		if tr.Outcome != "went no further at hop 1 (words)" || len(tr.Findings) != 1 || !strings.HasSuffix(tr.Findings[0].Text, ": words.") {
			t.Errorf("%s: %q, %+v", r.reason, tr.Outcome, tr.Findings)
		}
	}
}

// TestChain: API calls are no part of a chain, but are looked at.
func TestChain(t *testing.T) {
	t.Parallel()
	step := func(name string) Hop {
		return with(at(1, "http://api.example/", 200, ""), func(h *Hop) { h.Step = name })
	}
	hops := []Hop{step("enable"), at(1, begin, 302, "/x"), at(2, "https://idp.example/x", 302, registered+"?code=code~1&state=state~1"), step("verify")}
	tr := Analyse(hops, AnalyseOptions{RedirectURI: registered})
	if got := tr.Chain(); len(got) != 2 || got[0].URL != begin || tr.URL != begin || tr.End.Kind != EndCallback || tr.Duration() != 1100*time.Millisecond {
		t.Errorf("%+v, %v", tr, tr.Duration())
	}
	if len(tr.Findings) != 2 || tr.Findings[0].Step != "enable" || tr.Findings[1].Step != "verify" || tr.Findings[1].Name != "cleartext-hop" {
		t.Errorf("%+v", tr.Findings)
	}
	if all := (&Trace{Hops: hops[:1]}).Chain(); len(all) != 1 {
		t.Error("where nothing is a chain, all is")
	}
}

func TestSkew(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, 1, 1, 12, 0, 0, 900e6, time.UTC)
	to := from.Add(200 * time.Millisecond)
	for _, c := range []struct {
		date time.Time
		want time.Duration
	}{
		{time.Time{}, 0},
		{from.Truncate(time.Second), 0},
		{to.Truncate(time.Second), 0},
		{from.Truncate(time.Second).Add(-time.Second), -900 * time.Millisecond},
		{from.Truncate(time.Second).Add(11 * time.Second), 9900 * time.Millisecond},
	} {
		if got := skew(c.date, from, to); got != c.want {
			t.Errorf("%v: %v, not %v", c.date, got, c.want)
		}
	}
}
