package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/cmd/internal/cli"
)

// TestCommands checks the form of every vnv command that the documents show and
// no test runs, the examples in the help among them: the command and each of its
// flags exist, and the arguments are such as it takes.
func TestCommands(t *testing.T) {
	t.Parallel()
	seen := 0
	for _, file := range documents(t) {
		for _, b := range append(blocks(t, file, "sh"), blocks(t, file, "yaml")...) {
			for _, args := range invocations(b.text) {
				seen++
				if err := wellFormed(args); err != nil {
					t.Errorf("%s:%d: vnv %s: %v", b.file, b.line, strings.Join(args, " "), err)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no command was found")
	}
}

func wellFormed(args []string) error {
	root := cli.Root()
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if cmd.Name() == "help" {
		return nil
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

var (
	inner    = regexp.MustCompile(`[$<]\(([^()]*)\)`)
	trailing = regexp.MustCompile(`(^|\s)#.*`)
	someURL  = regexp.MustCompile(`\$[A-Z]+_URL\b`) // a variable; commands look at what kind of text they get
)

// invocations returns the arguments of every vnv command in a piece of shell.
func invocations(script string) [][]string {
	var found [][]string
	script = someURL.ReplaceAllString(strings.ReplaceAll(script, "\\\n", " "), "https://in-a-variable.example/")
	for inner.MatchString(script) {
		for _, m := range inner.FindAllStringSubmatch(script, -1) {
			found = append(found, invocations(m[1])...)
		}
		script = inner.ReplaceAllString(script, "SUBSTITUTED")
	}
	for line := range strings.Lines(script) {
		for _, words := range commands(trailing.ReplaceAllString(line, "")) {
			if args, ok := vnvArgs(words); ok {
				found = append(found, args)
			}
		}
	}
	return found
}

// commands splits a line of shell into simple commands, and those into words.
func commands(line string) [][]string {
	var list [][]string
	var words []string
	word, quote, started := "", rune(0), false
	end := func() {
		if started {
			words = append(words, word)
		}
		word, started = "", false
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word += string(r)
		case r == '\'' || r == '"':
			quote, started = r, true
		case strings.ContainsRune(" \t\n", r):
			end()
		case strings.ContainsRune("|;&", r):
			end()
			list, words = append(list, words), nil
		default:
			word, started = word+string(r), true
		}
	}
	end()
	return append(list, words)
}

var assignment = regexp.MustCompile(`^\w+=`)

// vnvArgs are the arguments of a command, if it is vnv by any of its names.
func vnvArgs(words []string) (args []string, ok bool) {
	for len(words) > 0 && (assignment.MatchString(words[0]) || words[0] == "-" || words[0] == "run:" || words[0] == "if" || words[0] == "!") {
		words = words[1:]
	}
	switch {
	case len(words) > 0 && (words[0] == "vnv" || words[0] == "./vnv"):
		words = words[1:]
	case len(words) > 2 && strings.Join(words[:3], " ") == "go run ./cmd/vnv":
		words = words[3:]
	default:
		return nil, false
	}
	for i := 0; i < len(words); i++ {
		switch redirect := strings.TrimLeft(words[i], "0123456789"); {
		case redirect == "<" || redirect == ">" || redirect == ">>":
			i++
		case strings.HasPrefix(redirect, "<"), strings.HasPrefix(redirect, ">"):
		default:
			args = append(args, words[i])
		}
	}
	return args, true
}
