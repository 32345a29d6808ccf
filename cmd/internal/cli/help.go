package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/cmd/internal/render"
)

// help writes the help of a command to stdout: it is the answer to --help.
func (a *app) help(cmd *cobra.Command, _ []string) {
	text := a.commandHelp(cmd)
	if !cmd.HasParent() {
		text = rootHelp()
	}
	render.Text(cmd.OutOrStdout(), a.style(), text)
}

// rootHelp fits 24 rows: what it is, how to try it, and what there is.
func rootHelp() string {
	var b strings.Builder
	b.WriteString("Run Vonage Number Verification from a terminal, step by step or at once.\n\n")
	b.WriteString("Try it now, without an account:\n  vnv run --phone +99012345678 --sandbox\n\n")
	left, right := column(groupFlow), slices.Concat(column(groupLook), column(groupAround))
	for i := range max(len(left), len(right)) {
		l, r := at(left, i), at(right, i)
		b.WriteString(strings.TrimRight(pad(l, 40)+r, " ") + "\n")
	}
	b.WriteString("\nvnv help flow | exit-codes | environment        vnv COMMAND --help\n")
	return b.String()
}

func column(group string) []string {
	lines := []string{group}
	for _, c := range commands {
		if c.group == group {
			lines = append(lines, "  "+pad(c.name, 11)+c.what)
		}
	}
	return lines
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

// flagGroups are the flags as help shows them: what is the command's own first.
var flagGroups = []struct {
	title string
	names []string
}{
	{"Callback and redirects", dashedAll(callbackKeys)},
	{"Verify API (--api verify)", append(dashedAll(silentKeys), "silent-ttl", "cancel-after", "silent-error-at", "webhook", "signature-secret")},
	{"Connection", append(dashedAll(connectionKeys), "profile", "config")},
	{"Output", []string{"output", "jq", "trace", "har", "report", "quiet", "verbose", "color", "reveal", "help"}},
}

func dashedAll(keys []string) []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = dashed(k)
	}
	return names
}

func (a *app) commandHelp(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage\n  %s\n", strings.TrimSpace(cmd.Long), cmd.UseLine())
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			fmt.Fprintf(&b, "  %s\n      %s\n", sub.UseLine(), sub.Short)
		}
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\nExamples\n%s\n", cmd.Example)
	}
	a.flagHelp(&b, cmd)
	return b.String()
}

func (a *app) flagHelp(w io.Writer, cmd *cobra.Command) {
	grouped := map[string]bool{}
	for _, g := range flagGroups {
		for _, name := range g.names {
			grouped[name] = true
		}
	}
	own := func(f *pflag.Flag) bool { return !grouped[f.Name] }
	a.flagGroup(w, cmd, "Flags", own)
	for _, g := range flagGroups {
		a.flagGroup(w, cmd, g.title, func(f *pflag.Flag) bool { return slices.Contains(g.names, f.Name) })
	}
}

func (a *app) flagGroup(w io.Writer, cmd *cobra.Command, title string, in func(*pflag.Flag) bool) {
	group := pflag.NewFlagSet("", pflag.ContinueOnError)
	group.SortFlags = false
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && in(f) {
			group.AddFlag(f)
		}
	})
	if group.HasFlags() {
		fmt.Fprintf(w, "\n%s\n%s", title, group.FlagUsagesWrapped(a.columns()))
	}
}

// plainDefaults writes the defaults of durations as people do: 10m, and not 10m0s.
func plainDefaults(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d, err := time.ParseDuration(f.DefValue); err == nil && f.Value.Type() == "duration" {
			f.DefValue = render.Span(d)
		}
	})
	for _, sub := range cmd.Commands() {
		plainDefaults(sub)
	}
	return cmd
}
