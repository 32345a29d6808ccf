package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/cmd/internal/cli"
)

func TestCheckNamesWhatDrifted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if code, said := gendocs(dir); code != 0 {
		t.Fatalf("exit %d: %s", code, said)
	}
	if code, said := gendocs(dir, "-check"); code != 0 || said != "" {
		t.Fatalf("right after writing: exit %d: %s", code, said)
	}
	change(t, os.WriteFile(filepath.Join(dir, "cli", "vnv_gone.md"), []byte("of a command that is gone"), 0o600))
	change(t, os.WriteFile(filepath.Join(dir, "exit-codes.md"), []byte("0 means no"), 0o600))
	change(t, os.Remove(filepath.Join(dir, "man", "vnv-run.1")))
	code, said := gendocs(dir, "-check")
	if code != 1 {
		t.Errorf("exit %d, not 1", code)
	}
	var named []string
	for line := range strings.Lines(said) {
		if name, ok := strings.CutPrefix(line, "  "+dir+"/"); ok {
			named = append(named, strings.TrimSpace(name))
		}
	}
	if got, want := strings.Join(named, " "), "cli/vnv_gone.md exit-codes.md man/vnv-run.1"; got != want {
		t.Errorf("named %q, not %q", got, want)
	}
	if code, said := gendocs(dir); code != 0 {
		t.Errorf("writing again: exit %d: %s", code, said)
	}
	if code, said := gendocs(dir, "-check"); code != 0 {
		t.Errorf("after writing again: exit %d: %s", code, said)
	}
}

func TestElsewhereNothingIsWritten(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nowhere")
	code, said := gendocs(dir)
	if code != 1 || !strings.Contains(said, "root of the repository") {
		t.Errorf("exit %d: %s", code, said)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("a folder was made")
	}
}

// TestEveryCommandHasPages, and they say the same twice.
func TestEveryCommandHasPages(t *testing.T) {
	t.Parallel()
	first, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	second, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range first {
		if !bytes.Equal(text, second[name]) {
			t.Errorf("%s differs from one writing to the next", name)
		}
		if len(text) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	for _, cmd := range tree(cli.Root()) {
		for _, name := range []string{"cli/" + joined(cmd, "_") + ".md", "man/" + joined(cmd, "-") + ".1"} {
			if first[name] == nil {
				t.Errorf("there is no %s", name)
			}
		}
	}
}

func TestRoff(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain":             "plain",
		"--session FILE":    `\-\-session FILE`,
		".hidden\n.TH\n'x'": "\\&.hidden\n\\&.TH\n\\&'x'",
		`a\b`:               `a\eb`,
	} {
		if got := roff(text); got != want {
			t.Errorf("roff(%q) = %q, not %q", text, got, want)
		}
	}
}

func gendocs(dir string, args ...string) (code int, said string) {
	var stderr bytes.Buffer
	code = run(append([]string{"-dir", dir}, args...), &stderr)
	return code, stderr.String()
}

func change(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
