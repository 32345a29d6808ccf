package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// TestArtefactsHoldNoSecret: whatever happens, HAR and report are written, for their owner
// alone, and nothing secret is in them, in any encoding (I1, I2, I5, R1).
func TestArtefactsHoldNoSecret(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"", "wifi", "loop", "endless", "meta-refresh", "access-denied", "wrong-state", "token-invalid-grant", "verify-403", "reset", "header-flood"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			o := sandbox.Options{}
			if fault != "" {
				o.Faults = []string{fault}
			}
			far := startSandbox(t, o)
			w := newWorld(t).towards(far)
			dir := t.TempDir()
			har, page := filepath.Join(dir, "x.har"), filepath.Join(dir, "x.html")
			r := w.run("run", "--phone", canaryPhone, "--har", har, "--report", page, "--trace", "-o", "json")
			for _, path := range []string{har, page} {
				raw, err := os.ReadFile(path)
				if err != nil {
					t.Fatalf("%v\n%s", err, r)
				}
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v", path, info.Mode(), err)
				}
				for _, secret := range secretsOf(far) {
					if secret != "" && strings.Contains(string(raw), secret) {
						t.Errorf("%s holds the secret %q", filepath.Base(path), secret)
					}
				}
				if at := unprintable.Find(raw); at != nil {
					t.Errorf("%s holds the raw mark %q", filepath.Base(path), at)
				}
				if path == har {
					if leaks := trace.Check(raw); leaks != nil {
						t.Errorf("leaks: %+v", leaks)
					}
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}
