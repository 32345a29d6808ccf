package render

import (
	"strings"

	"github.com/vnv-cli/vnv/pkg/verdict"
)

// openings begin the sentence that names a cause, by how sure it is.
var openings = [...]string{verdict.Possible: "Perhaps ", verdict.Likely: "Most likely ", verdict.Certain: ""}

// inMessage are the fields of evidence that the message above has told already.
var inMessage = map[string]bool{"detail": true, "error": true, "body": true}

// mostEvidence is how many clauses of evidence a person reads.
const mostEvidence = 3

// verdict is the most likely cause: what it is, why it is thought so, what to do.
func (s Style) verdict(all []verdict.Candidate) string {
	var b strings.Builder
	c := all[0]
	b.WriteString(s.paint(strong, strings.Join(s.wrap(cause(all), s.width()), "\n")) + "\n")
	if evidence := Evidence(c); evidence != "" {
		b.WriteString(s.paragraph("  evidence  ", 12, evidence))
	}
	b.WriteString(s.paragraph("  next      ", 12, c.Fix))
	if len(c.Next) > 0 {
		b.WriteString("            " + c.Next[0] + "\n")
	}
	b.WriteString("  more      vnv explain " + c.Cause + "\n")
	return b.String()
}

// mostCauses is how many are named in one sentence where none is likelier than the others.
const mostCauses = 3

// cause is a whole sentence. Where all are merely possible, it names several.
func cause(all []verdict.Candidate) string {
	c := all[0]
	titles := []string{c.Title}
	for _, other := range all[1:] {
		if c.Confidence == verdict.Possible && len(titles) < mostCauses {
			titles = append(titles, other.Title)
		}
	}
	sentence := openings[c.Confidence] + strings.Join(titles, ", or ") + "."
	return strings.ToUpper(sentence[:1]) + sentence[1:]
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
