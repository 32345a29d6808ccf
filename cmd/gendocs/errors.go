package main

import (
	"fmt"
	"strings"

	"github.com/vnv-cli/vnv/pkg/verdict"
)

// errorPage is the catalogue of causes and error codes, as `vnv explain` knows them.
func errorPage() string {
	var b strings.Builder
	b.WriteString("<!-- written by go run ./cmd/gendocs -->\n\n# What errors mean\n\n")
	b.WriteString("Every failure ends with the most likely cause, the evidence and what to do; in JSON all candidates are in\n")
	b.WriteString("`error.causes`. `vnv explain NAME` shows an entry of this page, and explains error bodies, URLs, tokens and whole\n")
	b.WriteString("HTTP answers too.\n\n## Causes\n")
	for _, g := range verdict.Groups() {
		fmt.Fprintf(&b, "\n### %s\n", g.Title)
		for _, c := range g.Causes {
			b.WriteString(causeEntry(c.Plain()))
		}
	}
	b.WriteString("\n## Error codes\n\nThe most likely cause comes first.\n")
	family := ""
	for _, c := range verdict.Codes() {
		if c.Family != family {
			family = c.Family
			fmt.Fprintf(&b, "\n### %s\n\n| code | means | causes | source |\n|---|---|---|---|\n", family)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", c.Name, c.Means, causeLinks(c.Causes), c.Source)
	}
	return b.String()
}

func causeEntry(c verdict.Cause) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n#### %s\n\n%s.\n\n", c.Name, strings.ToUpper(c.Title[:1])+c.Title[1:])
	fmt.Fprintf(&b, "- means: %s\n- who: %s\n- fix: %s\n", c.Means, c.Who, c.Fix)
	for _, line := range c.Next {
		fmt.Fprintf(&b, "- next: `%s`\n", line)
	}
	fmt.Fprintf(&b, "- source: %s\n", c.Source)
	return b.String()
}

func causeLinks(names []string) string {
	links := make([]string, len(names))
	for i, name := range names {
		links[i] = "[" + name + "](#" + name + ")"
	}
	return strings.Join(links, ", ")
}
