package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

func replayCmd(a *app) *cobra.Command {
	var numbers string
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Make a scenario of a saved chain, to meet its failure again offline",
		Long: `Make a scenario of a saved chain, so that vnv run or your app meets the same
failure again, offline: its hosts become the sandbox's, its codes and states the
new flow's. What cannot be reproduced is listed, on stderr and in the scenario.
It reads ` + savedChain + `.`,
		Example: `  vnv sandbox replay customer.har > failure.yaml
  vnv run --phone +99012345678 --sandbox --scenario failure.yaml
  vnv sandbox --scenario failure.yaml`,
		Args: a.filesNamed(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.replay(cmd.Context(), args[0], numbers) },
	}
	cmd.Flags().StringVar(&numbers, "number", "*", "phone numbers that meet it: `PATTERN`, as --fault takes")
	return a.fileCmd(cmd)
}

func (a *app) replay(ctx context.Context, path, numbers string) error {
	t, err := a.readChain(ctx, path)
	if err != nil {
		return err
	}
	if len(t.Hops) == 0 {
		return usagef("%s: there is no request in it, and so nothing to replay", printable(path))
	}
	r := newReplay(t)
	text := r.yaml(numbers)
	if _, err := sandbox.ParseScenario("scenario", []byte(text)); err != nil {
		if _, why, ok := strings.Cut(err.Error(), "number pattern: "); ok {
			return usagef("--number: %s", printable(why))
		}
		return usagef("no scenario can be made of it: %s", printable(err.Error()))
	}
	for _, lost := range r.lost {
		a.warn("not reproduced: " + lost)
	}
	doc, err := render.Document(struct {
		SchemaVersion int      `json:"schema_version"`
		Scenario      string   `json:"scenario"`
		NotReproduced []string `json:"not_reproduced"`
	}{flow.SchemaVersion, text, append([]string{}, r.lost...)})
	if err != nil {
		return err
	}
	return a.answer(strings.TrimSuffix(text, "\n"), doc)
}

// yaml is the scenario. JSON strings are YAML strings.
func (r *replay) yaml(numbers string) string {
	var b strings.Builder
	b.WriteString("# Made by vnv sandbox replay of a saved chain. To meet it:\n")
	fmt.Fprintf(&b, "#   vnv run%s --phone NUMBER --sandbox --scenario FILE\n", map[bool]string{true: " --api verify"}[r.silent])
	for _, lost := range r.lost {
		b.WriteString("# Not reproduced: " + strings.ReplaceAll(lost, "\n", " ") + "\n")
	}
	fmt.Fprintf(&b, "numbers:\n  %s:\n", inYAML(numbers))
	if r.refused {
		b.WriteString("    outcome: false\n")
	}
	if len(r.faults) > 0 {
		b.WriteString("    fault: [" + strings.Join(r.faults, ", ") + "]\n")
	}
	switch {
	case len(r.delays) > 0:
		var slow []string
		for _, stage := range slices.Sorted(maps.Keys(r.delays)) {
			slow = append(slow, fmt.Sprintf("%s: %s", stage, r.delays[stage]))
		}
		b.WriteString("    delay: {" + strings.Join(slow, ", ") + "}\n")
	case len(r.answers) == 0 && len(r.faults) == 0 && !r.refused:
		why := "it went as it should: so does this"
		if r.told {
			why = "nothing of it can be met again"
		}
		b.WriteString("    delay: 0s # " + why + "\n")
	}
	if len(r.answers) > 0 {
		b.WriteString("    answers:\n")
	}
	for _, x := range r.answers {
		fmt.Fprintf(&b, "      - {at: %s, status: %d", x.at, x.status)
		var headers []string
		for _, name := range keys(x.headers) {
			headers = append(headers, name+": "+inYAML(x.headers[name]))
		}
		if len(headers) > 0 {
			b.WriteString(", headers: {" + strings.Join(headers, ", ") + "}")
		}
		if x.delay > 0 {
			b.WriteString(", delay: " + x.delay.String())
		}
		if x.body != "" {
			b.WriteString(", body: " + inYAML(x.body))
		}
		fmt.Fprintf(&b, "} # was %s\n", strings.ReplaceAll(printable(x.was), "\n", " "))
	}
	return b.String()
}

func inYAML(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(strings.ToValidUTF8(s, "�")) != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func redirects(status int) bool {
	return status >= http.StatusMultipleChoices && status < http.StatusBadRequest && status != http.StatusNotModified
}
