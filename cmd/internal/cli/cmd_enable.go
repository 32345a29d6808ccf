package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func enableCmd(a *app) *cobra.Command {
	return a.stepCmd(&cobra.Command{
		Use:   "enable --phone NUMBER",
		Short: "Ask Network Enablement for an auth_url",
		Long: `Ask Network Enablement whether the number's network takes part, and for the
auth_url that the device must open. The answer is the auth_url.

A state of 256 random bits goes with it and must be the callback's: keep both
with --session FILE or -o json, or choose the state yourself with --state.`,
		Example: `  vnv enable --phone +447700900123 --session flow.json
  vnv enable --phone +99012345678 -o json | vnv authorize - -o json
  vnv enable --phone +99012345678 --sandbox`,
	}, stepCommand{
		ops: []vnv.Op{vnv.OpEnable},
		prefer: func(_ context.Context, r *stepRun) error {
			if r.api.Name == vnv.NumberVerification.Name && r.out.format == formatText && r.flags.session == "" && r.flags.state == "" && !r.flags.planning() {
				r.warnings = append(r.warnings, "the state that proves the callback is not kept: use --session FILE, -o json or --state")
			}
			return nil
		},
		answer: func(s flow.Session) string { return s.AuthURL },
	})
}
