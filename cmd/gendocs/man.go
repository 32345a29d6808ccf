package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/cli"
)

// man is the manual page of a command, in the man macros of troff.
func man(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".\\\" written by go run ./cmd/gendocs\n.TH %s 1 \"\" vnv \"User Commands\"\n", strings.ToUpper(joined(cmd, "-")))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(joined(cmd, "-")), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(cmd.UseLine()))
	b.WriteString(".SH DESCRIPTION\n")
	for i, paragraph := range strings.Split(long(cmd), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(roff(paragraph) + "\n")
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(dedented(cmd.Example)))
	}
	for _, g := range cli.FlagGroups(cmd) {
		fmt.Fprintf(&b, ".SH %s\n", strings.ToUpper(strings.Replace(g.Title, "Flags", "Options", 1)))
		for _, f := range g.Flags {
			name, value, usage := flagText(f)
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fR", roff(name))
			if value != "" {
				fmt.Fprintf(&b, " \\fI%s\\fR", roff(value))
			}
			b.WriteString("\n" + roff(usage) + "\n")
		}
	}
	b.WriteString(exitStatus(cmd))
	b.WriteString(seeAlso(cmd))
	return b.String()
}

func exitStatus(cmd *cobra.Command) string {
	if cmd.HasParent() {
		return ""
	}
	var b strings.Builder
	b.WriteString(".SH EXIT STATUS\n")
	for code, meaning := range cli.ExitCodes() {
		fmt.Fprintf(&b, ".TP\n%d\n%s\n", code, roff(meaning))
	}
	return b.String()
}

func seeAlso(cmd *cobra.Command) string {
	near := cmd.Commands()
	if cmd.HasParent() {
		near = append([]*cobra.Command{cmd.Parent()}, near...)
	}
	var names []string
	for _, c := range near {
		if !c.Hidden {
			names = append(names, "\\fB"+roff(joined(c, "-"))+"\\fR(1)")
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ".SH SEE ALSO\n" + strings.Join(names, ", ") + "\n"
}

var roffMarks = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n.", "\n\\&.", "\n'", "\n\\&'")

// roff is a text with what troff would take for its own made plain.
func roff(text string) string {
	return strings.TrimPrefix(roffMarks.Replace("\n"+text), "\n")
}
