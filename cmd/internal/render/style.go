// Package render turns events and answers into what a person or a program reads:
// a story in text, newline-delimited JSON, a QR code. It is the one user of
// fatih/color, and it decides nothing but looks.
//
// The rules of the story:
//   - one line a fact; the mark at its start, the number right-aligned at its end;
//   - a mark is never colour alone;
//   - nothing is redrawn where nobody watches;
//   - everything remote is masked and escaped before it comes here.
package render

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fatih/color"
)

// Style is what the reader's side can show.
type Style struct {
	Color   bool
	Unicode bool
	Columns int
	Rows    int
}

// tone is a meaning that colour may stress.
type tone int

const (
	plain tone = iota
	good
	bad
	warn
	faint
	strong
)

var tones = map[tone][]color.Attribute{
	good:   {color.FgGreen},
	bad:    {color.FgRed, color.Bold},
	warn:   {color.FgYellow},
	faint:  {color.Faint},
	strong: {color.Bold},
}

// paint colours a text by its own instance, never by the library's globals.
func (s Style) paint(t tone, text string) string {
	if !s.Color || t == plain {
		return text
	}
	c := color.New(tones[t]...)
	c.EnableColor()
	return c.Sprint(text)
}

// ascii spells the marks that we use ourselves where the locale is not UTF-8.
var ascii = strings.NewReplacer(
	"✓", "+", "✗", "x", "–", "-", "→", "->", "…", "...", "•", "*", "’", "'", "─", "-", "│", "|", "►", ">", "◄", "<", "├", "|", "┤", "|",
	"“", `"`, "”", `"`, "█", "#",
)

// spell writes a text for the reader's locale. Layout comes after it, since some
// marks grow.
func (s Style) spell(text string) string {
	if s.Unicode {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, ascii.Replace(text))
}

func (s Style) write(w io.Writer, text string) {
	_, _ = io.WriteString(w, s.spell(text)) // a story that nobody can read stops no work
}

func (s Style) width() int {
	switch {
	case s.Columns <= 0, s.Columns > 100:
		return min(max(s.Columns, 80), 100)
	default:
		return max(s.Columns, 40)
	}
}

// line is text with a number at the right edge; text that is too long is cut.
func (s Style) line(text, number string) string {
	room := s.width() - 1 - utf8.RuneCountInString(number)
	if number != "" {
		room -= 2
	}
	text = s.cut(text, room)
	if number == "" {
		return text
	}
	pad := max(room-utf8.RuneCountInString(text), 0)
	return text + strings.Repeat(" ", pad+2) + number
}

func (s Style) cut(text string, room int) string {
	text = s.spell(text)
	if utf8.RuneCountInString(text) <= room {
		return text
	}
	more := s.spell("…")
	return string([]rune(text)[:max(room-utf8.RuneCountInString(more), 0)]) + more
}

// wrap breaks a text into lines of at most room columns, at spaces.
func (s Style) wrap(text string, room int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s.spell(text)) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= room:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// Took writes a duration as people read it: 1 ms, 212 ms, 1.9 s.
func Took(d time.Duration) string {
	switch {
	case d >= 100*time.Second:
		return Span(d)
	case d.Round(time.Millisecond) >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Millisecond:
		return "<1 ms"
	default:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	}
}

// Span writes a duration to the second, as a flag takes it, without parts that are nought: 9m58s, 25h.
func Span(d time.Duration) string {
	s := d.String()
	if d >= time.Second {
		s = d.Round(time.Second).String()
	}
	for _, none := range []struct{ end, cut string }{{"m0s", "0s"}, {"h0m", "0m"}} {
		if strings.HasSuffix(s, none.end) {
			s = strings.TrimSuffix(s, none.cut)
		}
	}
	return s
}

// Lifetime writes how long something lives: 15 min, 1 h, 29 s.
func Lifetime(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d >= time.Minute:
		return Span(d)
	default:
		return fmt.Sprintf("%d s", d/time.Second)
	}
}
