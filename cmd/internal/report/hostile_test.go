package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/vnv-cli/vnv/cmd/internal/report"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// evil is text that takes over a page or a terminal.
const evil = "\"'><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>{}</style></svg>--><!--" +
	"\x1b[31mred\x1b]52;c;aGk=\x07\u009b31m\u202e\u2066\u200b\ufeff\x00\r\n&lt;b&gt;"

// hostile is a page in which every text is evil, and long.
func hostile() report.Page {
	e := evil + strings.Repeat(evil, 10)
	huge := strings.Repeat("<b>\u202e", 1<<18)
	t := &trace.Trace{Tool: e, URL: e, Outcome: e, Settings: []trace.Setting{{Name: e, Value: e, Origin: e}}}
	for n := 1; n <= 10; n++ {
		t.Hops = append(t.Hops, trace.Hop{
			N: n, Step: "authorize", Method: e, URL: "https://x" + e, Status: 302, Location: e, Role: e, RoleGuessed: true, Proto: e, RemoteAddr: e, TLSVersion: e,
			ContentType: e, CertIssuer: e, Title: e, Refresh: huge, Total: ms, Headers: map[string]string{e: huge},
			CookiesSent: []string{e}, Cookies: []trace.Cookie{{Name: e, Domain: e, Path: e}}, Changes: []trace.Change{{Param: e, What: e, From: e, To: e}},
			Notes: []trace.Note{{Kind: e, Text: e}}, Phase: e, Error: e,
		})
		t.Findings = append(t.Findings, trace.Finding{Name: e, Step: "authorize", Hop: n, Level: trace.LevelError, Text: e, Evidence: huge})
	}
	return report.Page{
		Trace: t, Headline: e, Summary: e, Advice: e, Command: e, Caveat: e, Steps: []report.Step{step(e, true, ms)},
		Clients: []report.Client{{Title: e, Why: e}}, Versions: []report.Fact{{Name: e, Value: e}},
	}
}

// TestHostile: nothing of anybody's becomes an element, an attribute or an invisible mark.
func TestHostile(t *testing.T) {
	t.Parallel()
	page := string(hostile().HTML())
	if len(page) > 400<<10 {
		t.Errorf("%d bytes", len(page))
	}
	if i := strings.IndexFunc(page, func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }); i >= 0 {
		t.Errorf("a raw mark: %q", page[max(0, i-20):i+20])
	}
	elements(t, page)
}

// allowed are the elements and the attributes that the page has of its own.
var (
	allowedElements = words("html head meta title style body main header svg circle path div p h1 h2 b dl dt dd ol ul li section a code span i line text rect table thead tbody tr th td details summary em small footer")
	allowedAttrs    = words("lang charset http-equiv content name class viewBox aria-hidden cx cy r d href title width height x x1 x2 y y1 y2 id scope")
)

func words(s string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		set[w] = true
	}
	return set
}

// elements reads a page as a browser would find its elements.
func elements(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		if !allowedElements[start.Name.Local] {
			t.Errorf("an element <%s>", start.Name.Local)
		}
		for _, a := range start.Attr {
			if !allowedAttrs[a.Name.Local] || a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#hop-") {
				t.Errorf("<%s %s=%q>", start.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
}

var remote = regexp.MustCompile(`(?i)url\(|@import|src=|<link|<script|<iframe|style="|javascript:`)

// TestNothingIsLoaded: no script, no load, a policy that allows neither.
func TestNothingIsLoaded(t *testing.T) {
	t.Parallel()
	for _, p := range []report.Page{failed(), verified()} {
		page := string(p.HTML())
		if m := remote.FindString(page); m != "" {
			t.Errorf("the page holds %q", m)
		}
		if !strings.Contains(page, `content="default-src 'none'; style-src 'sha256-`) {
			t.Error("no policy")
		}
		elements(t, page)
	}
}

// ten is a chain of ten hops.
func ten() report.Page {
	p := failed()
	for n := len(p.Trace.Hops); len(p.Trace.Hops) < 10; n++ {
		h := p.Trace.Hops[3]
		h.N = n
		p.Trace.Hops = append(p.Trace.Hops, h)
	}
	return p
}

func TestSize(t *testing.T) {
	t.Parallel()
	if n := len(ten().HTML()); n > 100<<10 {
		t.Errorf("ten hops make %d bytes", n)
	}
}

// BenchmarkHTML is the report of ten hops; the bar is 10 ms.
func BenchmarkHTML(b *testing.B) {
	p := ten()
	for b.Loop() {
		p.HTML()
	}
}
