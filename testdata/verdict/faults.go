// Package faultcauses says what each fault of the sandbox comes down to. The judge (pkg/verdict) and the CLI are both
// held to it, so that they name the same; it lies beside its table, where no build of vnv looks.
package faultcauses

import (
	_ "embed" // the table
	"strings"
)

//go:embed faults.tsv
var table string

// Read returns by fault the cause that a person who made it would name, - where it is odd and no failure.
func Read() map[string]string {
	causes := map[string]string{}
	for line := range strings.Lines(table) {
		fault, cause, _ := strings.Cut(strings.TrimSpace(line), "\t")
		causes[fault] = cause
	}
	return causes
}
