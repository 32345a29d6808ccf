package render_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// analysed is the chain of the story with all that a hop can have, and findings.
func analysed() *trace.Trace {
	t := &trace.Trace{Outcome: "reached the redirect URI at hop 5", End: trace.End{Kind: trace.EndCallback, Hop: 5, ContentType: "text/html"}}
	for _, e := range chain() {
		if done, ok := e.(flow.HopDone); ok {
			t.Hops = append(t.Hops, done.Hop)
		}
	}
	t.Hops[1].Changes = []trace.Change{
		{Param: "state", What: trace.WhatChanged, From: "state~2", To: "state~3"},
		{Param: "client_id", What: trace.WhatGone, From: "app"},
		{Param: "session", What: trace.WhatNew, To: "session~1"},
		{Param: "scope", What: trace.WhatNew, To: "openid"},
	}
	t.Hops[2].CookiesSent, t.Hops[2].CertIssuer, t.Hops[2].Notes = []string{"route"}, "CN=Example CA", []trace.Note{{Kind: "proxy", Text: "through a proxy: only the name could be checked"}}
	t.Findings = []trace.Finding{
		{Name: "cleartext-hop", Step: "authorize", Hop: 2, Level: trace.LevelWarning, Text: "This hop goes over plain http, as header enrichment needs it.", Evidence: "http://he.carrier.example/enrich"},
		{Name: "keeps-method", Step: "authorize", Hop: 2, Level: trace.LevelInfo, Text: "A redirect that keeps the method.", Evidence: ""},
		{Name: "state-wrong", Step: "authorize", Hop: 5, Level: trace.LevelError, Text: "The callback does not bring the state that was sent.", Evidence: "state~1"},
		{Name: "slow", Level: trace.LevelInfo, Text: "The chain as a whole is slow."},
	}
	return t
}

var judged = []render.Client{
	{Name: "android", Title: "Vonage Android client library 1.2", Hop: 2, Rule: "downgrade", Code: "http_status: 302", Note: "http after https"},
	{Name: "ios", Title: "Vonage iOS client library", Through: true, Note: "4 of 10 redirects"},
	{Name: "browser", Title: "a browser", Through: true},
	{Name: "curl", Title: "curl -L", Hop: 3, Rule: "no-location"},
}

const caveat = "This machine's chain need not be the phone's: a carrier answers its own network otherwise."

func TestChain(t *testing.T) {
	t.Parallel()
	whole := analysed()
	enable := hop(leg{1, "enable", 200, "https://api-eu.vonage.com/v0.1/network-enablement", "", trace.RoleVendor}).Hop
	whole.Hops = append([]trace.Hop{enable}, whole.Hops...)
	for name, c := range map[string]render.Chain{
		"chain-80":      {Style: render.Style{Unicode: true, Columns: 80}, Trace: analysed(), Clients: judged, Caveat: caveat},
		"chain-40":      {Style: render.Style{Unicode: true, Columns: 40}, Trace: analysed(), Clients: judged, Caveat: caveat},
		"chain-ascii":   {Style: render.Style{Columns: 80}, Trace: analysed(), Clients: judged, Caveat: caveat},
		"chain-color":   {Style: render.Style{Unicode: true, Color: true, Columns: 80}, Trace: analysed(), Clients: judged},
		"chain-verbose": {Style: render.Style{Unicode: true, Columns: 100}, Trace: whole, Verbose: true},
		"chain-none":    {Style: render.Style{Unicode: true, Columns: 80}, Trace: &trace.Trace{Outcome: "did not begin"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := c.Write(&out); err != nil {
				t.Fatal(err)
			}
			checkClean(t, out.String(), c.Style)
			golden(t, name+".txt", out.String())
		})
	}
	if err := (render.Chain{Trace: analysed()}).Write(fullDisk{}); err == nil || err.Error() != "no space left on device" {
		t.Errorf("got %v", err)
	}
}

// TestStoryAnalysed: with --trace findings stand under the hops they belong to.
func TestStoryAnalysed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := render.Story{W: &out, Style: render.Style{Unicode: true, Columns: 80}, Trace: true, Mask: mask(), Analyse: func(hops []trace.Hop) *trace.Trace {
		a := analysed()
		a.Hops = hops
		return a
	}}
	for _, e := range events() {
		s.Sink(e)
	}
	golden(t, "story-analysed.txt", out.String())
}

// TestHostileChain: whatever a hop holds comes out as lines that a terminal only shows.
func TestHostileChain(t *testing.T) {
	t.Parallel()
	evil := trace.Printable(strings.Repeat("\x1b[31m\u202e\x9b1m\r\n<b>", 2000))
	c := analysed()
	for i := range c.Hops {
		h := &c.Hops[i]
		h.URL, h.Error, h.Title, h.CertIssuer, h.Total = "https://"+evil, evil, evil, evil, time.Duration(1<<62)
		h.CookiesSet, h.Headers, h.Changes = []string{evil}, map[string]string{evil: evil}, []trace.Change{{Param: evil, To: evil}}
	}
	c.Findings = append(c.Findings, trace.Finding{Step: "authorize", Hop: 1, Level: evil, Text: evil, Evidence: evil})
	for _, style := range []render.Style{{Columns: 1}, {Columns: 80}, {Unicode: true, Columns: 300}} {
		var out bytes.Buffer
		if err := (render.Chain{Style: style, Trace: c, Verbose: true, Clients: []render.Client{{Name: evil, Note: evil, Code: evil, Hop: 1}}}).Write(&out); err != nil {
			t.Fatal(err)
		}
		if i := strings.IndexFunc(out.String(), func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }); i >= 0 || !utf8.Valid(out.Bytes()) {
			t.Errorf("a raw mark at %d", i)
		}
	}
}
