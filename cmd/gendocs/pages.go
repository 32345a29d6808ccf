package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/cmd/internal/cli"
)

// pages returns every generated file by its path below docs.
func pages() (map[string][]byte, error) {
	all := map[string][]byte{
		"exit-codes.md":  []byte(exitCodes()),
		"environment.md": []byte(environment()),
		"errors.md":      []byte(errorPage()),
	}
	for _, cmd := range tree(cli.Root()) {
		all["cli/"+joined(cmd, "_")+".md"] = []byte(markdown(cmd))
		all["man/"+joined(cmd, "-")+".1"] = []byte(man(cmd))
	}
	for shell, name := range map[string]string{"bash": "vnv.bash", "zsh": "_vnv", "fish": "vnv.fish", "powershell": "vnv.ps1"} {
		script, err := vnv("completion", shell)
		if err != nil {
			return nil, err
		}
		all["completions/"+name] = script
	}
	return all, nil
}

// vnv runs a command line in this process and returns its answer.
func vnv(args ...string) ([]byte, error) {
	var out, story bytes.Buffer
	code := cli.Main(context.Background(), cli.Env{
		Args: args, In: strings.NewReader(""), Out: &out, Err: &story,
		Getenv: func(string) string { return "" }, Now: func() time.Time { return time.Time{} },
	})
	if code != 0 {
		return nil, fmt.Errorf("vnv %s: exit %d: %s", strings.Join(args, " "), code, story.String())
	}
	return out.Bytes(), nil
}

// tree lists a command and all below it, parents first.
func tree(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		if !sub.Hidden {
			list = append(list, tree(sub)...)
		}
	}
	return list
}

func joined(cmd *cobra.Command, sep string) string {
	return strings.ReplaceAll(cmd.CommandPath(), " ", sep)
}

// long is what a command does, in paragraphs.
func long(cmd *cobra.Command) string {
	if cmd.Long == "" {
		return cmd.Short + "."
	}
	return strings.TrimSpace(cmd.Long)
}

// flagText is how a flag is written, and what it does.
func flagText(f *pflag.Flag) (name, value, usage string) {
	value, usage = pflag.UnquoteUsage(f)
	name = "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	switch f.DefValue {
	case "", "0", "0s", "[]", "false":
		return name, value, usage
	default:
		return name, value, usage + " (default " + f.DefValue + ")"
	}
}

// dedented takes the two columns away by which examples stand in help.
func dedented(example string) string {
	lines := strings.Split(strings.Trim(example, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, "  ")
	}
	return strings.Join(lines, "\n")
}
