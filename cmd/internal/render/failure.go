package render

import (
	"io"
	"strings"
)

// FailureText is a failure as it is told to a person.
type FailureText struct {
	Failure
	Said bool   // the story has shown the message already
	More string // lines below the message, as they are
}

// Failed tells what failed, what to do next, and what the vendor's support will ask.
func Failed(w io.Writer, s Style, f FailureText) {
	var b strings.Builder
	if !f.Said {
		b.WriteString(s.paragraph(s.paint(bad, "vnv:")+" ", 5, f.Message))
	}
	b.WriteString(f.More)
	if f.Said && (f.Hint != "" || len(f.Causes) > 0) {
		b.WriteString("\n")
	}
	switch {
	case len(f.Causes) > 0:
		b.WriteString(s.verdict(f.Causes))
	case f.Hint != "":
		b.WriteString(s.paragraph("  next      ", 12, f.Hint))
	}
	if f.Sent == "maybe" {
		b.WriteString("  sent      maybe: the request may have arrived, the outcome is unknown\n")
	}
	if f.indeterminate() {
		b.WriteString("  answer    neither yes nor no; what was sent is used up: run the flow again\n")
	}
	if ids := support(f.Failure); ids != "" {
		b.WriteString("  support   " + ids + "\n")
	}
	s.write(w, b.String())
}

// indeterminate tells whether verify was answered, and the answer decides nothing.
func (f Failure) indeterminate() bool {
	return f.Op == "verify" && len(f.Causes) > 0 && (f.Kind == "refused" || f.Kind == "unusable" || f.Kind == "failed")
}

func support(f Failure) string {
	var ids []string
	if f.TraceID != "" {
		ids = append(ids, "instance "+f.TraceID)
	}
	if f.Correlator != "" {
		ids = append(ids, "x-correlator "+f.Correlator)
	}
	return strings.Join(ids, "   ")
}

// Warning tells of something that does not stop the work.
func Warning(w io.Writer, s Style, text string) {
	s.write(w, s.paragraph(" "+s.paint(warn, "!")+" ", 3, text))
}

// Headline is the first line of a story.
func Headline(w io.Writer, s Style, text string) {
	s.write(w, s.paragraph("", 0, text)+"\n")
}

// Text writes what needs no layout, spelled for the reader's locale.
func Text(w io.Writer, s Style, text string) { s.write(w, text) }

// paragraph is a text behind a prefix of some columns, wrapped and hung below it.
func (s Style) paragraph(prefix string, columns int, text string) string {
	lines := s.wrap(text, s.width()-columns)
	return prefix + strings.Join(lines, "\n"+strings.Repeat(" ", columns)) + "\n"
}
