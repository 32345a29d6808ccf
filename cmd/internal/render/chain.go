package render

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// Chain is a chain as text: a line a hop with a bar of its share of the time, under it
// what is to be said of it, and at the end who would get through.
type Chain struct {
	Style   Style
	Verbose bool // every parameter and certificate too
	Trace   *trace.Trace
	Clients []Client
	Caveat  string
}

// Write writes the chain.
func (c Chain) Write(w io.Writer) error {
	var b strings.Builder
	hops := chainHops{style: c.Style, verbose: c.Verbose, trace: c.Trace, column: 2, out: func(s string) { b.WriteString(s) }}
	if !c.Verbose {
		hops.said = map[string]bool{}
	}
	hops.write(c.Trace.Hops)
	hops.findings(trace.Hop{})
	text := c.Trace.Outcome
	if t := c.Trace.End.ContentType; t != "" {
		text += ", " + t
	}
	if len(c.Trace.Hops) > 0 {
		b.WriteString("\n")
	}
	b.WriteString(c.Style.paragraph("ends  ", 6, text))
	b.WriteString(Clients(c.Style, c.Clients, c.Caveat))
	_, err := io.WriteString(w, c.Style.spell(b.String()))
	return err
}

// chainHops writes hops that are analysed, with all that is to be said of them.
type chainHops struct {
	style   Style
	verbose bool
	trace   *trace.Trace
	column  int             // where the numbers end
	said    map[string]bool // news that was told at an earlier hop; nil: told at every one
	out     func(string)
}

func (c chainHops) write(hops []trace.Hop) {
	whole, step := time.Duration(0), ""
	for _, h := range hops {
		whole += h.Total
	}
	several := len(hops) > 0 && hops[0].Step != hops[len(hops)-1].Step
	if len(hops) == 1 {
		whole = 0 // its share says nothing
	}
	for i, h := range hops {
		if several && (i == 0 || h.Step != step) {
			c.out(c.style.paint(strong, h.Step) + "\n")
		}
		step = h.Step
		c.hop(h, whole)
	}
}

// hop is one hop: its line, then the lines below it.
func (c chainHops) hop(h trace.Hop, whole time.Duration) {
	number := Took(h.Total)
	if h.Total <= 0 {
		number = ""
	}
	if c.style.width() >= 60 && whole > 0 {
		number = fmt.Sprintf("%-*s %7s", barWidth, c.style.bar(h.Total, whole), number)
	}
	c.out(c.style.line(c.style.hopText(h, c.column, c.remarks(h)...), number) + "\n")
	indent := strings.Repeat(" ", c.column+7)
	for _, l := range c.below(h) {
		for _, part := range c.style.wrap(l, c.style.width()-len(indent)-1) {
			c.out(indent + c.style.paint(faint, part) + "\n")
		}
	}
	c.findings(h)
}

// remarks stand behind the address where no finding says the same in a line of its own.
func (c chainHops) remarks(h trace.Hop) []string {
	if c.trace != nil {
		return nil
	}
	h.CookiesSet = nil // these have a line
	return remarks(h)
}

// told are the notes that findings repeat.
var told = []string{"cleartext", "page", "cookie"}

// findingMarks are the marks of findings: never colour alone.
var findingMarks = map[string]struct {
	mark string
	tone tone
}{
	trace.LevelError: {"✗", bad}, trace.LevelWarning: {"!", warn}, trace.LevelInfo: {"–", plain},
}

// findings are those of a hop; of the zero hop those of the chain as a whole.
func (c chainHops) findings(h trace.Hop) {
	if c.trace == nil {
		return
	}
	indent := c.column + 7
	for _, f := range c.trace.Findings {
		if f.Hop != h.N || h.N > 0 && f.Step != h.Step || c.said[f.Name] {
			continue
		}
		if c.said != nil && f.Level == trace.LevelInfo {
			c.said[f.Name] = true
		}
		l := findingMarks[f.Level]
		text := f.Text
		if f.Evidence != "" && !strings.Contains(text, f.Evidence) {
			text = strings.TrimSuffix(text, ".") + ": " + f.Evidence
		}
		for i, part := range c.style.wrap(text, c.style.width()-indent-1) {
			mark := " "
			if i == 0 {
				mark = c.style.paint(l.tone, c.style.spell(l.mark))
			}
			c.out(strings.Repeat(" ", indent-2) + mark + " " + part + "\n")
		}
	}
}

// below is what a hop has to say in lines of its own.
func (c chainHops) below(h trace.Hop) []string {
	out := hopFacts(h)
	if h.Title != "" {
		out = append(out, "page “"+h.Title+"”")
	}
	if text := changes(h.Changes, c.verbose); text != "" {
		out = append(out, text)
	}
	for _, n := range h.Notes {
		if !slices.Contains(told, n.Kind) {
			out = append(out, n.Text)
		}
	}
	if len(h.CookiesSet) > 0 {
		out = append(out, "sets cookie "+strings.Join(h.CookiesSet, ", "))
	}
	if len(h.CookiesSent) > 0 {
		out = append(out, "sends cookie "+strings.Join(h.CookiesSent, ", "))
	}
	if c.verbose && h.CertIssuer != "" {
		out = append(out, "certificate issued by "+h.CertIssuer)
	}
	for _, name := range slices.Sorted(maps.Keys(h.Headers)) {
		out = append(out, name+": "+h.Headers[name])
	}
	return out
}

// changes are the parameters that differ from those of the hop before.
func changes(all []trace.Change, verbose bool) string {
	const most = 6
	var parts []string
	for i, c := range all {
		if i == most && !verbose {
			parts = append(parts, fmt.Sprintf("and %d more", len(all)-most))
			break
		}
		named := func(value string) string {
			if strings.HasPrefix(value, c.Param+"~") {
				return value
			}
			return c.Param + "=" + value
		}
		switch c.What {
		case trace.WhatChanged:
			parts = append(parts, named(c.From)+" → "+c.To)
		case trace.WhatGone:
			parts = append(parts, "no "+c.Param)
		default:
			parts = append(parts, "new "+named(c.To))
		}
	}
	return strings.Join(parts, ", ")
}

// barWidth is how many columns stand for the whole time.
const barWidth = 8

// bar is a share of the whole, to the eighth of a column where the locale has the letters.
func (s Style) bar(part, whole time.Duration) string {
	if whole <= 0 || part <= 0 {
		return ""
	}
	eighths := int(float64(part)/float64(whole)*barWidth*8 + 0.5)
	if !s.Unicode {
		return strings.Repeat("#", min((eighths+4)/8, barWidth))
	}
	bar := strings.Repeat("█", min(eighths/8, barWidth))
	if rest := eighths % 8; rest > 0 && len(bar) < barWidth*len("█") {
		bar += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return bar
}
