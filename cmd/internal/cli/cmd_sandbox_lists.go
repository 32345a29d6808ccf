package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

func faultsCmd(a *app) *cobra.Command {
	return listCmd(a, &cobra.Command{
		Use:   "faults",
		Short: "List the ways in which the sandbox can fail",
		Long:  "List the faults that --fault takes: the name, the stage it stands at, and what\nthe client meets.",
		Example: `  vnv sandbox faults
  vnv sandbox faults -o json --jq '.faults[].name'`,
	}, a.listFaults)
}

func numbersCmd(a *app) *cobra.Command {
	return listCmd(a, &cobra.Command{
		Use:   "numbers",
		Short: "List the phone numbers that mean something to the sandbox",
		Long: `List the phone numbers that mean something to every sandbox: how the last digits
decide, and the numbers that always meet a fault. In a real test the app sends
the request, and the number is all that the tester chooses. In a pattern *
stands for any digits, ? for one; the first pattern that fits counts.`,
		Example: `  vnv sandbox numbers
  vnv sandbox numbers --jq '.numbers[] | select(.fault == "wifi") | .example'`,
	}, a.listNumbers)
}

func listCmd(a *app, cmd *cobra.Command, list func() error) *cobra.Command {
	cmd.Args = a.noArguments
	cmd.RunE = func(*cobra.Command, []string) error {
		if err := a.out.check(); err != nil {
			return err
		}
		return list()
	}
	a.out.add(cmd.Flags())
	a.completeStep(cmd)
	return cmd
}

// list answers with rows: text lines, or a document.
func (a *app) list(text *strings.Builder, document any) error {
	doc, err := render.Document(document)
	if err != nil {
		return err
	}
	return a.answer(strings.TrimSuffix(text.String(), "\n"), doc)
}

func (a *app) listFaults() error {
	type row struct {
		Name    string        `json:"name"`
		Stage   sandbox.Stage `json:"stage"`
		Summary string        `json:"summary"`
	}
	var rows []row
	var b strings.Builder
	for _, f := range sandbox.Faults() {
		rows = append(rows, row{f.Name, f.At, f.Summary})
		fmt.Fprintf(&b, "%-32s %-10s %s\n", f.Name, f.At, f.Summary)
	}
	return a.list(&b, struct {
		SchemaVersion int   `json:"schema_version"`
		Faults        []row `json:"faults"`
	}{flow.SchemaVersion, rows})
}

func (a *app) listNumbers() error {
	type row struct {
		Pattern string `json:"pattern"`
		Example string `json:"example"`
		Outcome string `json:"outcome,omitempty"`
		Fault   string `json:"fault,omitempty"`
		Summary string `json:"summary"`
	}
	var rows []row
	var b strings.Builder
	for _, n := range sandbox.Numbers() {
		rows = append(rows, row(n))
		leads := n.Fault // vnv sandbox faults says what it is
		if leads == "" {
			leads = n.Outcome + ": " + n.Summary
		}
		fmt.Fprintf(&b, "%-13s %-13s %s\n", n.Pattern, n.Example, leads)
	}
	return a.list(&b, struct {
		SchemaVersion int   `json:"schema_version"`
		Numbers       []row `json:"numbers"`
	}{flow.SchemaVersion, rows})
}

// completeFaults completes a fault by its name, and shows what may follow it.
func completeFaults(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	name, _, some := strings.Cut(typed, "@")
	if !some {
		var faults []cobra.Completion
		for _, f := range sandbox.Faults() {
			faults = append(faults, cobra.CompletionWithDesc(f.Name, f.Summary))
		}
		return faults, cobra.ShellCompDirectiveNoFileComp
	}
	return []cobra.Completion{
		cobra.CompletionWithDesc(name+"@+990*", "for numbers that begin so"),
		cobra.CompletionWithDesc(name+"@*99", "for numbers that end so"),
		cobra.CompletionWithDesc(name+"@*98:1", "once for one that ends so"),
	}, cobra.ShellCompDirectiveNoFileComp
}
