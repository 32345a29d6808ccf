package render

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The ways in which a check can end.
const (
	CheckOK      = "ok"
	CheckWarning = "warning"
	CheckFailed  = "failed"
	CheckSkipped = "skipped"
)

// Check is one row of what the doctor found. Its texts are masked and escaped.
type Check struct {
	Name    string            `json:"name"`
	Status  string            `json:"status"`
	Text    string            `json:"text"`
	Next    string            `json:"next"`              // what to do; empty: nothing
	Details map[string]string `json:"details,omitempty"` // the facts by themselves, for programs
}

// checkMarks tell the ends of checks apart without colour, which only stresses them.
var checkMarks = map[string]struct {
	mark string
	tone tone
}{
	CheckOK: {"✓", good}, CheckWarning: {"!", warn}, CheckFailed: {"✗", bad}, CheckSkipped: {"–", faint},
}

// checkIndent is where the text of a check begins.
const checkIndent = 15

// Doctor writes checks as rows: mark, name and text, below it what to do; then a line
// that counts.
func Doctor(s Style, checks []Check) string {
	var b strings.Builder
	for _, c := range checks {
		m := checkMarks[c.Status]
		name := c.Name + strings.Repeat(" ", max(checkIndent-3-len(c.Name), 1))
		b.WriteString(s.paragraph(" "+s.paint(m.tone, s.spell(m.mark))+" "+name, checkIndent, c.Text))
		if c.Next != "" {
			arrow := s.spell("→ ")
			b.WriteString(strings.Repeat(" ", checkIndent) + s.paragraph(arrow, checkIndent+utf8.RuneCountInString(arrow), c.Next))
		}
	}
	return b.String() + CountChecks(checks)
}

// CountChecks says in a few words how many checks failed or warned.
func CountChecks(checks []Check) string {
	n := map[string]int{}
	for _, c := range checks {
		n[c.Status]++
	}
	var parts []string
	if n[CheckFailed] > 0 {
		parts = append(parts, strconv.Itoa(n[CheckFailed])+" failed")
	}
	switch w := n[CheckWarning]; {
	case w == 1:
		parts = append(parts, "1 warning")
	case w > 1:
		parts = append(parts, strconv.Itoa(w)+" warnings")
	}
	if len(parts) == 0 {
		return "nothing is wrong"
	}
	return strings.Join(parts, ", ")
}

// The room that the QR code of an auth_url as long as the guide's needs, with what
// stands above and below it.
const (
	QRColumns = 65
	QRRows    = 44
)

// FitsQR tells whether the terminal has that room.
func FitsQR(s Style) bool {
	const likeTheGuide = 290
	_, fits := s.qr("https://"+strings.Repeat("a", likeTheGuide), 9) // what is said around it
	return fits
}
