package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// scenarioFlag defines --scenario.
func scenarioFlag(fs *pflag.FlagSet, path *string) {
	fs.StringVar(path, "scenario", "", "YAML `FILE` that says by number what flows meet in the sandbox; - is stdin")
}

// readScenario reads a scenario, none for no path; what is wrong in it is told line by
// line.
func (a *app) readScenario(ctx context.Context, path string) (*sandbox.Scenario, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // to have none is no mistake
	}
	raw, err := a.readSaved(ctx, path)
	if err != nil {
		return nil, err
	}
	name := path
	if path == "-" {
		name = "stdin"
	}
	scenario, err := sandbox.ParseScenario(name, raw)
	if err == nil {
		return scenario, nil
	}
	if _, _, other := trace.Read(raw, nil); other == nil {
		return nil, usagef("--scenario: %s is a saved chain: vnv sandbox replay %s makes a scenario of it", printable(name), printable(path))
	}
	lines := strings.Split(err.Error(), "\n")
	var more strings.Builder
	for _, line := range lines[1:] {
		more.WriteString("     " + printable(line) + "\n")
	}
	return nil, &usageError{err: errors.New(printable(lines[0])), more: more.String()}
}

// speaksOf warns where the scenario says nothing of the number: a test of a failure
// would pass because nothing failed.
func (a *app) speaksOf(scenario *sandbox.Scenario, phone vnv.Phone) {
	if scenario != nil && !scenario.Covers(string(phone)) {
		a.warn("no pattern of the scenario fits " + phone.Masked() + ": what it meets follows from its last digits")
	}
}
