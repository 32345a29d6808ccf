package cli

import (
	"io"
	"testing"
	"time"
)

// BenchmarkStart is what every command pays before it begins: the command tree.
func BenchmarkStart(b *testing.B) {
	env := Env{Args: []string{"--version"}, Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }, Now: time.Now}
	for b.Loop() {
		if code := Main(b.Context(), env); code != 0 {
			b.Fatal(code)
		}
	}
}
