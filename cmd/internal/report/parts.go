package report

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// marks are drawn above a headline, by mood: never colour alone.
var marks = map[Mood]markup{
	Good: `<path d="M15 25l6 6 12-14"/>`,
	No:   `<path d="M15 24h18"/>`,
	Bad:  `<path d="M17 17l14 14M31 17L17 31"/>`,
}

// top is the outcome: what was run, how it ended, and what to do next.
func (p Page) top(w *writer) {
	mood := cmp.Or(p.Mood, Good)
	w.put(`<header class="{}"><svg class="mark" viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="22"/>`, string(mood))
	w.put(marks[mood])
	w.put(`</svg><div><p class="eyebrow">{}</p><h1>{}</h1></div>`, p.eyebrow(), p.headline())
	if s := cmp.Or(p.Summary, p.Trace.Outcome); s != "" {
		w.put(`<p class="lead">{}</p>`, s)
	}
	w.put(`</header>`)
	if p.Trace.Revealed {
		w.put(`<p class="advice revealed"><b>Not masked</b> This page was made with --reveal: secrets and phone numbers stand in it as they are. Do not hand it on.</p>`)
	}
	p.cause(w)
	p.numbers(w)
	p.steps(w)
}

// cause is why, by what evidence, and what to do next.
func (p Page) cause(w *writer) {
	if p.Cause == nil && p.Advice == "" {
		return
	}
	c := Cause{Fix: p.Advice}
	if p.Cause != nil {
		c = *p.Cause
	}
	w.put(`<div class="advice">`)
	if c.Sentence != "" {
		w.put(`<p><b>{}</b></p>`, c.Sentence)
	}
	for _, row := range []Fact{{"Evidence", c.Evidence}, {"Next", c.Fix}} {
		if row.Value != "" {
			w.put(`<p><b>{}</b> `, row.Name)
			w.prose(row.Value)
			w.put(`</p>`)
		}
	}
	for _, line := range c.Commands {
		w.put(`<p><code>{}</code></p>`, line)
	}
	if c.Name != "" {
		w.put(`<p><b>More</b> <code>vnv explain {}</code></p>`, c.Name)
	}
	w.put(`</div>`)
}

func (p Page) eyebrow() string {
	parts := []string{cmp.Or(p.Command, "vnv trace")}
	if t := p.Trace.Started; !t.IsZero() {
		parts = append(parts, t.UTC().Format("2 January 2006, 15:04:05 UTC"))
	}
	return strings.Join(parts, " · ")
}

// numbers are the chain in figures.
func (p Page) numbers(w *writer) {
	chain := p.Trace.Chain()
	redirects, hosts, slowest := 0, map[string]bool{}, time.Duration(0)
	for _, h := range chain {
		if h.Status/100 == 3 && h.Location != "" {
			redirects++
		}
		hosts[host(h.URL)] = true
		slowest = max(slowest, h.Total)
	}
	w.put(`<dl class="numbers">`)
	for _, f := range []Fact{
		{"Chain", took(p.Trace.Duration())},
		{"Redirects", itoa(redirects)},
		{"Hosts", itoa(len(hosts))},
		{"Slowest hop", took(slowest)},
		{"Findings", itoa(p.news())},
	} {
		w.put(`<div><dt>{}</dt><dd>{}</dd></div>`, f.Name, f.Value)
	}
	w.put(`</dl>`)
}

func (p Page) steps(w *writer) {
	if len(p.Steps) == 0 {
		return
	}
	w.put(`<ol class="steps">`)
	for _, s := range p.Steps {
		class, mark := "good", "✓"
		if !s.OK {
			class, mark = "bad", "✗"
		}
		w.put(`<li class="{}"><b>{}</b> {} <span>{}</span></li>`, class, mark, s.Name, took(s.Took))
	}
	w.put(`</ol>`)
}

// levels are how findings are marked, the gravest first.
var levels = []struct{ level, mark, word string }{
	{trace.LevelError, "✗", "Error"},
	{trace.LevelWarning, "!", "Warning"},
	{trace.LevelInfo, "i", "Note"},
}

// findings are what is odd, the gravest first.
func (p Page) findings(w *writer) {
	if len(p.Trace.Findings) == 0 {
		return
	}
	w.put(`<section><h2>Findings</h2><ul class="findings">`)
	for _, l := range levels {
		for i, f := range p.Trace.Findings {
			if f.Level == l.level && p.first(i) {
				w.put(`<li class="{}"><b class="badge" title="{}">{}</b><div><p>`, f.Level, l.word, l.mark)
				w.prose(f.Text)
				w.put(`</p>`)
				p.finding(w, f)
				w.put(`</div></li>`)
			}
		}
	}
	w.put(`</ul></section>`)
}

// finding is where it is and what shows it, at every hop that it is said of.
func (p Page) finding(w *writer, f trace.Finding) {
	var evidence []string
	w.put(`<p class="meta">`)
	for _, g := range p.Trace.Findings {
		if !sameNews(f, g) {
			continue
		}
		if i := p.index(g); i >= 0 {
			w.put(`<a href="#hop-{}">{}</a> · `, itoa(i+1), p.name(i))
		}
		if g.Evidence != "" && !slices.Contains(evidence, g.Evidence) {
			evidence = append(evidence, g.Evidence)
		}
	}
	w.put(`{}</p>`, strings.ReplaceAll(f.Name, "-", " "))
	for _, e := range evidence {
		w.put(`<code>{}</code>`, e)
	}
}

// news is how many things the findings say: the same of several hops is one.
func (p Page) news() int {
	n := 0
	for i := range p.Trace.Findings {
		if p.first(i) {
			n++
		}
	}
	return n
}

// sameNews says whether two findings say the same of two hops.
func sameNews(f, g trace.Finding) bool { return f.Name == g.Name && f.Text == g.Text }

// first says whether the finding at i is the first that says so.
func (p Page) first(i int) bool {
	f := p.Trace.Findings[i]
	return !slices.ContainsFunc(p.Trace.Findings[:i], func(g trace.Finding) bool { return sameNews(f, g) })
}

// index is which of the hops a finding is about, -1 if it is about the chain as a whole.
func (p Page) index(f trace.Finding) int {
	return slices.IndexFunc(p.Trace.Hops, func(h trace.Hop) bool { return f.Hop > 0 && h.N == f.Hop && h.Step == f.Step })
}

// name is what a hop is called: its number in the chain, or the step whose request it is.
func (p Page) name(i int) string {
	h := p.Trace.Hops[i]
	if inChain(h) {
		return "hop " + itoa(h.N)
	}
	return h.Step
}

// inChain tells the hops of the chain from the API calls around it.
func inChain(h trace.Hop) bool {
	return h.Step == "" || h.Step == "authorize" || h.Step == "trace"
}

// took writes a duration as people read it.
func took(d time.Duration) string {
	switch {
	case d >= 100*time.Second:
		return d.Round(time.Second).String()
	case d.Round(time.Millisecond) >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d <= 0:
		return "–"
	case d < time.Millisecond:
		return "<1 ms"
	default:
		return itoa(int(d.Round(time.Millisecond).Milliseconds())) + " ms"
	}
}

// host and path are the two halves of where a masked URL leads.
func host(masked string) string {
	u, err := url.Parse(masked)
	if err != nil || u.Host == "" {
		return masked
	}
	return u.Host
}

func path(masked string) string {
	u, err := url.Parse(masked)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.EscapedPath()
}
