// Package sandbox_test runs the examples of docs/sandbox that are not Go, where there is
// what they are written in.
package sandbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// TestExamples runs each example's own tests against a vnv built from here. The commands
// are those that the page tells.
func TestExamples(t *testing.T) {
	t.Parallel()
	examples := []struct {
		dir     string
		command []string
	}{
		{"node", []string{"node", "--test"}},
		{"python", []string{"python3", "-B", "-m", "unittest"}},
	}
	vnv := sync.OnceValue(func() string { return build(t) })
	for _, e := range examples {
		t.Run(e.dir, func(t *testing.T) {
			if _, err := exec.LookPath(e.command[0]); err != nil {
				t.Skipf("%s is not here to run it: %v", e.command[0], err)
			}
			cmd := exec.CommandContext(t.Context(), e.command[0], e.command[1:]...)
			cmd.Dir = e.dir
			cmd.Env = append(os.Environ(), "VNV="+vnv())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", e.command, err, out)
			}
		})
	}
}

func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "vnv.exe") // a name that every system runs
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../cmd/vnv")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}
