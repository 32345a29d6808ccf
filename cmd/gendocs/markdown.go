package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/cli"
)

const generated = "<!-- written by go run ./cmd/gendocs; change the source, not this page -->\n\n"

// markdown is the page of a command.
func markdown(cmd *cobra.Command) string {
	var b strings.Builder
	b.WriteString(generated)
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", cmd.CommandPath(), long(cmd))
	fmt.Fprintf(&b, "```\n%s\n```\n", cmd.UseLine())
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\n## Examples\n\n```sh\n%s\n```\n", dedented(cmd.Example))
	}
	subcommands(&b, cmd)
	for _, g := range cli.FlagGroups(cmd) {
		fmt.Fprintf(&b, "\n## %s\n\n| flag | value | what it does |\n|---|---|---|\n", g.Title)
		for _, f := range g.Flags {
			name, value, usage := flagText(f)
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, cell(code(value)), cell(usage))
		}
	}
	if cmd.HasParent() {
		fmt.Fprintf(&b, "\nSee [%s](%s.md), [exit codes](../exit-codes.md), [environment](../environment.md).\n",
			cmd.Parent().CommandPath(), joined(cmd.Parent(), "_"))
	}
	return b.String()
}

func subcommands(b *strings.Builder, cmd *cobra.Command) {
	subs := tree(cmd)[1:]
	if len(subs) == 0 {
		return
	}
	b.WriteString("\n## Commands\n\n| command | what it does |\n|---|---|\n")
	for _, sub := range subs {
		fmt.Fprintf(b, "| [%s](%s.md) | %s |\n", sub.CommandPath(), joined(sub, "_"), cell(sub.Short))
	}
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

// cell keeps a text within its cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}

// exitCodes is the page of the exit codes: what they mean, and what leads to each.
func exitCodes() string {
	var b strings.Builder
	b.WriteString(generated)
	b.WriteString(`# Exit codes

The same for every command, and part of the interface: a code is never given another meaning.
3 is an answer, not an error. They are those of the built binary: ` + "`go run`" + ` turns every failure into 1.

| code | meaning |
|---|---|
`)
	for code, meaning := range cli.ExitCodes() {
		fmt.Fprintf(&b, "| %d | %s |\n", code, cell(meaning))
	}
	b.WriteString(`
With ` + "`-o json`" + ` the code also stands in the error document, as ` + "`exit_code`" + `; a step of a pipe that reads such
a document from the step before it prints it on and ends with the same code.

## What leads to which

The first row that fits counts. ` + "`kind` and `op`" + ` are those of the error document; in a hint, {app}, {key},
{redirect} and {clock} stand for what the command knows.

| op | kind | code | hint |
|---|---|---|---|
`)
	for _, a := range cli.Advices() {
		op := a.Op
		if op == "" {
			op = "any"
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %s |\n", op, a.Kind, a.Exit, cell(a.Hint))
	}
	return b.String()
}

// environment is the page of the settings.
func environment() string {
	var b strings.Builder
	b.WriteString(generated)
	b.WriteString(`# Settings

A setting comes from its flag, else its variable, else the profile in the config file, else its default.
Application id and private key come as a pair from one source.

| flag | variable | key in config.yaml | what it is |
|---|---|---|---|
`)
	for _, s := range cli.Settings() {
		usage := strings.ReplaceAll(s.Usage, "`", "")
		if s.Default != "" {
			usage += " (default " + s.Default + ")"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | `%s` | %s |\n", s.Flag, s.Env, s.Key, cell(usage))
	}
	b.WriteString("\n## As `vnv help environment` tells it\n\n```\n" + cli.Topic("environment") + "```\n")
	return b.String()
}
