package cli

import (
	"iter"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What cmd/gendocs writes pages from. Nothing of it runs in a command of vnv.

// Root returns the tree of commands, to be looked at and not to be run.
func Root() *cobra.Command {
	return newRoot(&app{whole: true, Env: Env{Getenv: func(string) string { return "" }}})
}

// FlagGroup is a titled part of a command's flags.
type FlagGroup struct {
	Title string
	Flags []*pflag.Flag
}

// FlagGroups returns a command's flags as its help groups them: its own first,
// under "Flags", then those that it shares with others.
func FlagGroups(cmd *cobra.Command) []FlagGroup {
	groups, at := []FlagGroup{{Title: "Flags"}}, map[string]int{}
	for _, g := range flagGroups {
		for _, name := range g.names {
			at[name] = len(groups)
		}
		groups = append(groups, FlagGroup{Title: g.title})
	}
	cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if g := &groups[at[f.Name]]; !f.Hidden {
			g.Flags = append(g.Flags, f)
		}
	})
	return slices.DeleteFunc(groups, func(g FlagGroup) bool { return len(g.Flags) == 0 })
}

// Topic returns the text of `vnv help NAME`, empty if there is none.
func Topic(name string) string {
	for _, t := range topics {
		if t.name == name {
			return t.text()
		}
	}
	return ""
}

// ExitCodes yields every exit code with its meaning.
func ExitCodes() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for _, e := range exitCodes {
			if !yield(e.code, e.meaning) {
				return
			}
		}
	}
}

// Advice is one row of the table that turns a failure into an exit code and what
// to do next; an empty Op stands for every step. In Hint {app}, {key}, {redirect}
// and {clock} stand for what the command knows.
type Advice struct {
	Op, Kind string
	Exit     int
	Hint     string
}

// Advices returns that table, in its order.
func Advices() []Advice {
	rows := make([]Advice, 0, len(advices))
	for _, a := range advices {
		rows = append(rows, Advice{Op: string(a.op), Kind: string(a.kind), Exit: a.exit, Hint: a.hint})
	}
	return rows
}

// Setting is what can be given as a flag, a variable and a key of the config file.
type Setting struct{ Key, Flag, Env, Default, Usage string }

// Settings returns the table of settings, in its order.
func Settings() []Setting {
	rows := make([]Setting, 0, len(settings))
	for _, s := range settings {
		rows = append(rows, Setting{Key: s.key, Flag: "--" + s.flag(), Env: s.env(), Default: s.deflt, Usage: s.usage})
	}
	return rows
}
