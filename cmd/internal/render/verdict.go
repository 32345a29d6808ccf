package render

import (
	"strings"

	"github.com/vnv-cli/vnv/pkg/verdict"
)

// inMessage are the fields of evidence that the message above has told already.
var inMessage = map[string]bool{"detail": true, "error": true, "body": true}

// mostEvidence is how many clauses of evidence a person reads.
const mostEvidence = 3

// verdict is the most likely cause: what it is, why it is thought so, what to do.
func (s Style) verdict(all []verdict.Candidate) string {
	var b strings.Builder
	c := all[0]
	b.WriteString(s.paint(strong, strings.Join(s.wrap(verdict.Sentence(all), s.width()), "\n")) + "\n")
	if evidence := Evidence(c); evidence != "" {
		b.WriteString(s.paragraph("  evidence  ", 12, evidence))
	}
	b.WriteString(s.paragraph("  next      ", 12, c.Fix))
	for _, line := range c.Next {
		b.WriteString("            " + line + "\n")
	}
	b.WriteString("  more      vnv explain " + c.Cause + "\n")
	return b.String()
}

// Evidence is what speaks for a cause, beside what the message says already.
func Evidence(c verdict.Candidate) string {
	var clauses []string
	for _, e := range c.Evidence {
		if !inMessage[e.Field] && len(clauses) < mostEvidence {
			clauses = append(clauses, e.Text)
		}
	}
	return strings.Join(clauses, "; ")
}
