package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
)

const scripts = "../../testdata/script"

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// TestScripts runs vnv as people do: one script a command, each in a directory and
// a home of its own. Commands beside testscript's are in scriptcmds_test.go.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: scripts, Cmds: scriptCommands, UpdateScripts: *update, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			for _, v := range [][2]string{{"HOME", home}, {"USERPROFILE", home}, {"LANG", "C.UTF-8"}, {"TERM", "xterm"}} {
				e.Setenv(v[0], v[1])
			}
			keys, err := filepath.Abs("../../testdata/keys")
			if err != nil {
				return err
			}
			e.Setenv("KEYS", keys)
			e.Setenv("TRACES", filepath.Join(filepath.Dir(keys), "trace"))
			e.Values[runningKey{}] = new([]*running)
			return os.Mkdir(home, 0o700)
		},
	})
}

// TestEveryCommandHasAScript walks the commands as completion knows them: each has
// a script of its name, a subcommand one of both names joined by a dash.
func TestEveryCommandHasAScript(t *testing.T) {
	t.Parallel()
	found := 0
	walkCommands(t, nil, func(path []string) {
		found++
		if _, err := os.Stat(filepath.Join(scripts, strings.Join(path, "-")+".txtar")); err != nil {
			t.Errorf("vnv %s has no script: %v", strings.Join(path, " "), err)
		}
	})
	if found < 11 {
		t.Errorf("only %d commands were found", found)
	}
}

// TestHelpFitsTheTerminal: 80 columns, but for lines to copy.
func TestHelpFitsTheTerminal(t *testing.T) {
	t.Parallel()
	walkCommands(t, nil, func(path []string) {
		r := newWorld(t).run(append([]string{"help"}, path...)...)
		for line := range strings.Lines(r.stdout) {
			if utf8.RuneCountInString(line) > 81 && !strings.HasPrefix(line, "  vnv ") {
				t.Errorf("vnv help %s has a line that is too long: %s", strings.Join(path, " "), line)
			}
		}
	})
	if rows := strings.Count(newWorld(t).run("help").stdout, "\n"); rows > 24 {
		t.Errorf("the root help has %d rows", rows)
	}
}

func walkCommands(t *testing.T, path []string, visit func([]string)) {
	t.Helper()
	r := newWorld(t).run(append(append([]string{"__complete"}, path...), "")...)
	for line := range strings.Lines(r.stdout) {
		name, _, described := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !described || path != nil && (path[0] == "help" || path[0] == "completion") {
			continue
		}
		sub := append(append([]string{}, path...), name)
		if newWorld(t).run(append([]string{"help"}, sub...)...).code != 0 {
			continue // an argument that is described
		}
		visit(sub)
		walkCommands(t, sub, visit)
	}
}
