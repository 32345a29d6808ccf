package render

import (
	"strings"

	"github.com/vnv-cli/vnv/pkg/verdict"
)

// label is how wide the names of an explanation's lines are.
const label = 12

// Explanation writes what an input is, what it means and what to do.
func Explanation(s Style, x verdict.Explanation, known bool) string {
	var b strings.Builder
	title := x.Title
	if x.Name != "" {
		title = x.Name + ": " + title
	}
	b.WriteString(strings.Join(s.wrap(title, s.width()), "\n") + "\n")
	row := func(name, text string) {
		if text != "" {
			b.WriteString(s.paragraph("  "+name+strings.Repeat(" ", label-2-len(name)), label, text))
		}
	}
	if !known {
		for _, what := range x.Tried {
			row("tried", what)
		}
		return s.told(b.String())
	}
	row("what", x.What)
	for _, f := range x.Facts {
		row("", f.Name+" "+f.Value+note(f.Note))
	}
	row("means", x.Means)
	if len(x.Causes) > 0 {
		row("evidence", joined(x.Causes[0]))
	}
	row("who", x.Who)
	row("fix", x.Fix)
	for i, line := range x.Next {
		b.WriteString([...]string{"  next      ", "            "}[min(i, 1)] + line + "\n")
	}
	row("source", x.Source)
	for i, c := range x.Causes {
		if i > 0 || c.Cause != x.Name {
			row([...]string{"cause", "or"}[min(i, 1)], c.Cause+": "+c.Title+" ("+c.Confidence.String()+")")
		}
	}
	return s.told(b.String())
}

func note(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func joined(c verdict.Candidate) string {
	var clauses []string
	for _, e := range c.Evidence {
		clauses = append(clauses, e.Text)
	}
	return strings.Join(clauses, "; ")
}

// told is a text for stdout, spelled for the reader's locale and without its last line break.
func (s Style) told(text string) string { return strings.TrimSuffix(s.spell(text), "\n") }

// Catalogue lists all causes, by group, and the error codes.
func Catalogue(s Style) string {
	var b strings.Builder
	for _, g := range verdict.Groups() {
		b.WriteString(g.Title + "\n")
		for _, c := range g.Causes {
			b.WriteString(s.paragraph("  "+c.Name+strings.Repeat(" ", max(1, 28-len(c.Name))), 30, c.Title))
		}
	}
	family := ""
	for _, c := range verdict.Codes() {
		if c.Family != family {
			family = c.Family
			b.WriteString("Codes: " + family + "\n")
		}
		b.WriteString("  " + c.Name + "\n")
	}
	return s.told(b.String())
}
