package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// usageError is a mistake in how vnv was called or set up: exit 2, found before
// anything happened. More is shown below the message.
type usageError struct {
	err  error
	more string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...)}
}

func dashed(key string) string            { return strings.ReplaceAll(key, "_", "-") }
func upper(key string) string             { return strings.ToUpper(key) }
func itoa(n int) string                   { return strconv.Itoa(n) }
func printable(s string) string           { return trace.Printable(s) }
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// atoi reads a number that a table or a pattern has vouched for.
func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// didYouMean returns "; did you mean X?" for the nearest of some words, or nothing.
func didYouMean(word string, words []string) string {
	best, at := "", 3 // at most two slips of the finger
	for _, w := range words {
		if d := distance(strings.ToLower(word), w); d < at && d < len(w) {
			best, at = w, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is the edit distance of two short words (Levenshtein).
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
