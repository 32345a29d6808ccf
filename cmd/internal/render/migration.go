package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Difference is one thing that changes from the old API to the new.
type Difference struct {
	Topic string `json:"topic"`
	Old   string `json:"number_verification"`
	New   string `json:"verify"`
}

// APIRun is how the flow of one API went.
type APIRun struct {
	API      string    `json:"api"`
	Verified *bool     `json:"verified"`
	Requests int       `json:"requests"`
	Duration Millis    `json:"duration_ms"`
	Steps    []StepRow `json:"steps"`
	Error    *Failure  `json:"error,omitempty"`
}

func (r APIRun) outcome() string {
	switch {
	case r.Error != nil:
		return fmt.Sprintf("failed at %s, exit code %d", r.Error.Op, r.Error.ExitCode)
	case r.Verified == nil:
		return "no answer"
	case *r.Verified:
		return "verified"
	default:
		return "not verified"
	}
}

// Migration sets two APIs side by side: what differs, then how each flow went.
func Migration(s Style, differences []Difference, runs []APIRun) string {
	const topics = 15
	column := (min(s.width(), 100) - topics - 3) / 2
	var b strings.Builder
	row := func(topic, left, right string) {
		l, r := s.wrap(left, column), s.wrap(right, column)
		for i := range max(len(l), len(r)) {
			line := fill(topic, topics) + fill(at(l, i), column+2) + at(r, i)
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			topic = ""
		}
	}
	row("", "Number Verification", "Verify, silent_auth")
	for _, d := range differences {
		row(d.Topic, d.Old, d.New)
	}
	if len(runs) == 2 {
		b.WriteString("\n")
		row("outcome", runs[0].outcome(), runs[1].outcome())
		row("requests", strconv.Itoa(runs[0].Requests), strconv.Itoa(runs[1].Requests))
		row("took", Took(time.Duration(runs[0].Duration)), Took(time.Duration(runs[1].Duration)))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func fill(text string, columns int) string {
	return text + strings.Repeat(" ", max(columns-utf8.RuneCountInString(text), 0))
}
