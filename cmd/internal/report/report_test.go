package report_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vnv-cli/vnv/cmd/internal/report"
	"github.com/vnv-cli/vnv/pkg/trace"
)

var update = flag.Bool("update", false, "rewrite the golden files; read the diff")

var began = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)

const ms = time.Millisecond

// chain is a run whose third redirect ends at a page.
func chain() *trace.Trace {
	at := func(d time.Duration) time.Time { return began.Add(d) }
	return &trace.Trace{
		Tool: "vnv 1.0", Started: began, URL: "https://api-eu.vonage.com/oauth2/auth?client_id=app&state=state~1",
		Outcome: "hop 4 answered with a page in place of a redirect",
		End:     trace.End{Kind: trace.EndPage, Hop: 4, Status: 200, ContentType: "text/html", Title: "Sign in to My Carrier"},
		Hops: []trace.Hop{
			{N: 1, Step: "enable", Start: at(0), Method: "POST", URL: "https://api-eu.vonage.com/v0.1/network-enablement", Status: 200, Role: trace.RoleVendor, Proto: "HTTP/2.0", RemoteAddr: "192.0.2.7:443", TLSVersion: "TLS 1.3", CertIssuer: "CN=Example CA, O=Example", DNS: 12 * ms, Connect: 31 * ms, TLS: 38 * ms, FirstByte: 120 * ms, Total: 212 * ms},
			{N: 1, Step: "authorize", Start: at(230 * ms), Method: "GET", URL: "https://api-eu.vonage.com/oauth2/auth?client_id=app&state=state~1", Location: "https://oidc.idp.vonage.com/oauth2/auth?state=state~2", Status: 302, Role: trace.RoleVendor, Reused: true, FirstByte: 99 * ms, Total: 104 * ms},
			{N: 2, Step: "authorize", Start: at(340 * ms), Method: "GET", URL: "https://oidc.idp.vonage.com/oauth2/auth?state=state~2", Location: "http://he.carrier.example/enrich?session=session~1", Status: 302, Role: trace.RoleIdentity, DNS: 9 * ms, Connect: 30 * ms, TLS: 41 * ms, FirstByte: 120 * ms, Total: 205 * ms, Changes: []trace.Change{{Param: "state", What: trace.WhatChanged, From: "state~1", To: "state~2"}}, Headers: map[string]string{"x-correlator": "correlator~1"}},
			{N: 3, Step: "authorize", Start: at(560 * ms), Method: "GET", URL: "http://he.carrier.example/enrich?session=session~1", Location: "https://login.carrier.example/signin", Status: 307, Role: trace.RoleCarrier, RoleGuessed: true, DNS: 80 * ms, Connect: 34 * ms, FirstByte: 601 * ms, Total: 720 * ms, CookiesSet: []string{"JSESSIONID"}, Cookies: []trace.Cookie{{Name: "JSESSIONID", Path: "/he"}}, Notes: []trace.Note{{Kind: "cleartext", Text: "plain http: everybody on the way can read this hop"}}},
			{N: 4, Step: "authorize", Start: at(1300 * ms), Method: "GET", URL: "https://login.carrier.example/signin", Status: 200, Role: trace.RoleCarrier, RoleGuessed: true, ContentType: "text/html", Title: "Sign in to My Carrier", DNS: 22 * ms, Connect: 28 * ms, TLS: 44 * ms, FirstByte: 480 * ms, Total: 630 * ms, CookiesSent: []string{"route"}},
		},
		Findings: []trace.Finding{
			{Name: "cleartext", Step: "authorize", Hop: 3, Level: trace.LevelInfo, Text: "This hop went over plain http, as header enrichment needs it.", Evidence: "http://he.carrier.example/enrich"},
			{Name: "status-307", Step: "authorize", Hop: 3, Level: trace.LevelWarning, Text: "A 307 keeps the method; some clients treat it as an error.", Evidence: "307"},
			{Name: "dead-end-page", Step: "authorize", Hop: 4, Level: trace.LevelError, Text: "The chain ends at an HTML page, not at the redirect URI.", Evidence: `"Sign in to My Carrier", text/html`},
		},
		Settings: []trace.Setting{
			{Name: "redirect-uri", Value: "https://dev.example/cb", Origin: "flag"},
			{Name: "app-id", Value: "5f0c1a9e-0000-4000-8000-000000000001", Origin: "VNV_APP_ID"},
			{Name: "max-hops", Value: "10", Origin: "default"},
			{Name: "hop-timeout", Value: "5s", Origin: "profile staging in config.yaml"},
		},
	}
}

func step(name string, ok bool, took time.Duration) report.Step {
	return report.Step{Name: name, OK: ok, Took: took}
}

func failed() report.Page {
	return report.Page{
		Trace: chain(), Mood: report.Bad, Headline: "Stopped at hop 4", Command: "vnv run",
		Summary: "authorize: https://login.carrier.example/signin answered 200 OK with an HTML page titled \"Sign in to My Carrier\".",
		Advice:  "Most likely the request did not come over the phone's mobile data: a sign-in page came in place of a redirect. Open the URL on the phone: --device none.",
		Cause: &report.Cause{
			Name: "wifi-not-carrier", Sentence: "Most likely the request did not come over the phone's mobile data.",
			Evidence: `hop 4 is a page in place of a redirect; its page is titled "<b>Sign in</b>"`, Fix: "Open the URL on the phone itself, with mobile data on: --device none.",
			Commands: []string{"vnv run --phone +990… --device none"},
		},
		Steps: []report.Step{step("jwt", true, ms), step("enable", true, 212*ms), step("authorize", false, 1930*ms)},
		Clients: []report.Client{
			{Title: "Vonage Android 1.2", Through: false, Why: "hop 3: http after https (http_status: 302)"},
			{Title: "Vonage iOS", Through: true, Why: "3 of 10 redirects"},
			{Title: "Browser", Through: true, Why: ""},
		},
		Caveat:   "This machine's chain need not be the phone's: what the carrier answers depends on the network that the request comes from.",
		Versions: []report.Fact{{Name: "go", Value: "1.26"}, {Name: "linux", Value: "amd64"}},
	}
}

func verified() report.Page {
	p := failed()
	t := chain()
	last := &t.Hops[len(t.Hops)-1]
	last.Status, last.Location, last.Title, last.Role, last.RoleGuessed = 302, "https://ui.idp.vonage.com/camara/oauth/callback?code=code~1", "", trace.RoleIdentity, false
	last.URL = "https://ui.idp.vonage.com/camara/oauth/callback?code=code~1"
	t.Hops = append(t.Hops,
		trace.Hop{N: 5, Step: "authorize", Start: began.Add(1940 * ms), Method: "GET", URL: "http://127.0.0.1:41902/callback?code=code~2&state=state~1", Status: 200, Role: trace.RoleCallback, Connect: ms, FirstByte: ms, Total: 2 * ms},
		trace.Hop{N: 1, Step: "exchange", Start: began.Add(1950 * ms), Method: "POST", URL: "https://api-eu.vonage.com/oauth2/token", Status: 200, Role: trace.RoleVendor, FirstByte: 90 * ms, Total: 94 * ms},
		trace.Hop{N: 1, Step: "verify", Start: began.Add(2050 * ms), Method: "POST", URL: "https://api-eu.vonage.com/camara/number-verification/v031/verify", Status: 200, Role: trace.RoleVendor, FirstByte: 190 * ms, Total: 191 * ms},
	)
	t.Findings = t.Findings[:2]
	p.Trace, p.Mood, p.Headline, p.Advice, p.Cause = t, report.Good, "Verified", "", nil
	p.Summary = "The device holds the number +990••••••78."
	p.Steps = []report.Step{step("jwt", true, ms), step("enable", true, 212*ms), step("authorize", true, 1730*ms), step("exchange", true, 94*ms), step("verify", true, 191*ms)}
	return p
}

// revealed was made with --reveal, and ends at a callback that is not ours.
func revealed() report.Page {
	p := verified()
	p.Trace.Revealed = true
	p.Trace.End = trace.End{Kind: trace.EndCallback, Hop: 4}
	p.Trace.Hops = slices.Delete(p.Trace.Hops, 5, 6)
	p.Trace.Hops[4].Location = "https://dev.example/cb?code=raw-code"
	return p
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]report.Page{
		"failed": failed(), "verified": verified(), "revealed": revealed(),
		"empty": {Trace: &trace.Trace{Outcome: "nothing was asked"}, Mood: report.No, Headline: "No chain"},
	} {
		path := filepath.Join("..", "..", "..", "testdata", "golden", "report", name+".html")
		got := lined(string(p.HTML()))
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-update rewrites it): %s", name, diff)
		}
	}
}

// lined is a page without its style, a line an element, so that a diff can be read.
func lined(page string) string {
	head, rest, _ := strings.Cut(page, "<style>")
	_, rest, _ = strings.Cut(rest, "</style>")
	return strings.NewReplacer(
		"<section", "\n<section", "<li", "\n<li", "<tr", "\n<tr", "<dt", "\n<dt", "<details", "\n<details", "<svg", "\n<svg", "<h1", "\n<h1",
	).Replace(csp.ReplaceAllString(head, "sha256-HASH") + rest)
}

var csp = regexp.MustCompile(`sha256-[\w+/=]+`)

// A page says what it holds: masked, or not.
func TestPageSaysWhetherMasked(t *testing.T) {
	t.Parallel()
	const masked, not = "Secrets and phone numbers are masked.", "Not masked"
	if page := string(verified().HTML()); !strings.Contains(page, masked) || strings.Contains(page, not) {
		t.Error("a masked page does not say so")
	}
	page := string(revealed().HTML())
	if head, _, _ := strings.Cut(page, `<dl class="numbers">`); strings.Contains(page, masked) || !strings.Contains(head, "<b>"+not+"</b>") {
		t.Error("a page that is not masked does not say so at its head")
	}
}

// The same news of several hops is one card, with what shows it at each, and is counted once.
func TestPageCountsNews(t *testing.T) {
	t.Parallel()
	p := failed()
	again := p.Trace.Findings[0]
	again.Hop, again.Evidence = 4, "http://other.carrier.example/x"
	p.Trace.Findings = append(p.Trace.Findings, again)
	page := string(p.HTML())
	if !strings.Contains(page, "<dt>Findings</dt><dd>3</dd>") || strings.Count(page, `<b class="badge"`) != 3 {
		t.Error("the tile counts other than the cards below it")
	}
	if !strings.Contains(page, "<code>http://he.carrier.example/enrich</code><code>http://other.carrier.example/x</code>") {
		t.Error("a card does not show what it is about at every hop")
	}
}
