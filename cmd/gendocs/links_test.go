package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// TestLinks: what a document points to in this repository is there.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			path := filepath.Join(root, filepath.Dir(filepath.FromSlash(file)), filepath.FromSlash(target))
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s points to %s, which is not there", file, target)
			}
		}
	}
}

// TestSnippets: Go code in a document is code that is compiled and run, taken from
// the file that the comment above it names.
func TestSnippets(t *testing.T) {
	t.Parallel()
	for _, file := range documents(t) {
		for _, b := range blocks(t, file, "go") {
			if b.marker == "" {
				t.Errorf("%s:%d: no comment above the code names the file it comes from", b.file, b.line)
				continue
			}
			source := read(t, b.marker)
			for part := range strings.SplitSeq(b.text, "// …\n") {
				if !strings.Contains(flat(source), flat(part)) {
					t.Errorf("%s:%d: does not stand like this in %s:\n%s", b.file, b.line, b.marker, part)
				}
			}
		}
	}
}

var margin = regexp.MustCompile(`(?m)^[ \t]+`)

// flat is code without its indentation.
func flat(code string) string { return strings.TrimSpace(margin.ReplaceAllString(code, "")) }
