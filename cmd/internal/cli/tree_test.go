package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestTree holds every command to what help, pages and completion need of it.
func TestTree(t *testing.T) {
	t.Parallel()
	commands := 0
	walk(Root(), func(cmd *cobra.Command) {
		if exempt(cmd) {
			return
		}
		commands++
		t.Run(strings.ReplaceAll(cmd.CommandPath(), " ", "_"), func(t *testing.T) { // one after the other: to look at a command's flags changes it
			texts(t, cmd)
			flags(t, cmd)
		})
	})
	if commands < len(commandNames(Root()))-2 {
		t.Errorf("only %d commands were looked at", commands)
	}
}

func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		walk(sub, visit)
	}
}

// exempt are the root, whose help is a table, and what tells of other commands.
func exempt(cmd *cobra.Command) bool {
	return !cmd.HasParent() || cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion"
}

func texts(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	for what, text := range map[string]string{"Short": cmd.Short, "Long": cmd.Long, "Example": cmd.Example} {
		if strings.TrimSpace(text) == "" {
			t.Errorf("has no %s", what)
		}
	}
	if strings.HasSuffix(cmd.Short, ".") {
		t.Errorf("Short ends with a full stop: %q", cmd.Short)
	}
	if !strings.HasSuffix(strings.TrimSpace(cmd.Long), ".") {
		t.Errorf("Long is not made of whole sentences: %q", cmd.Long)
	}
	for line := range strings.Lines(cmd.Long + "\n" + cmd.Example) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("a line of %d columns: %q", n, line)
		}
	}
	if !strings.Contains(cmd.Example, cmd.CommandPath()) {
		t.Errorf("no example calls %q:\n%s", cmd.CommandPath(), cmd.Example)
	}
	if cmd.RunE == nil {
		t.Error("does nothing")
	}
}

func flags(t *testing.T, cmd *cobra.Command) {
	t.Helper()
	shorthands := map[string]string{}
	see := func(f *pflag.Flag) {
		if f.Usage == "" {
			t.Errorf("--%s has no usage", f.Name)
		}
		if strings.HasSuffix(f.Usage, ".") {
			t.Errorf("--%s: usage ends with a full stop: %q", f.Name, f.Usage)
		}
		if f.Shorthand == "" {
			return
		}
		if other, taken := shorthands[f.Shorthand]; taken && other != f.Name {
			t.Errorf("-%s is both --%s and --%s", f.Shorthand, other, f.Name)
		}
		shorthands[f.Shorthand] = f.Name
	}
	cmd.NonInheritedFlags().VisitAll(see)
	cmd.InheritedFlags().VisitAll(see)
}

// TestFlagGroups: help and pages show each flag, and each once.
func TestFlagGroups(t *testing.T) {
	t.Parallel()
	walk(Root(), func(cmd *cobra.Command) {
		shown := map[string]int{}
		for _, g := range FlagGroups(cmd) {
			for _, f := range g.Flags {
				shown[f.Name]++
			}
		}
		cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			if want := map[bool]int{true: 0, false: 1}[f.Hidden]; shown[f.Name] != want {
				t.Errorf("%s: --%s is shown %d times, not %d", cmd.CommandPath(), f.Name, shown[f.Name], want)
			}
		})
	})
}

// TestTables: the tables that pages are made of agree with each other.
func TestTables(t *testing.T) {
	t.Parallel()
	known := map[int]bool{}
	for code, meaning := range ExitCodes() {
		if known[code] || meaning == "" {
			t.Errorf("exit code %d: stands twice, or has no meaning", code)
		}
		known[code] = true
	}
	for _, a := range Advices() {
		if !known[a.Exit] {
			t.Errorf("advice for %s %s ends with the unknown exit code %d", a.Op, a.Kind, a.Exit)
		}
	}
	help := Topic("environment")
	for _, s := range Settings() {
		if !strings.Contains(help, s.Env) || !strings.Contains(help, s.Flag) {
			t.Errorf("vnv help environment does not name %s and %s", s.Env, s.Flag)
		}
	}
}
