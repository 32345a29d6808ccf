package cli

import (
	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func runCmd(a *app) *cobra.Command {
	return a.stepCmd(&cobra.Command{
		Use:   "run --phone NUMBER",
		Short: "Run all steps for one number",
		Long: `Run the whole flow for one number: sign a JWT, ask for an auth_url, have it
opened, take the code from the callback, trade it for a token, and ask whether
the device holds the number. The answer is "verified" (exit 0) or "not verified"
(exit 3).

Numbers that begin with +990 belong to the vendor's virtual operator: an even
last digit is verified, an odd one is not, and 99 at the end is an error.`,
		Example: `  vnv run --phone +99012345678 --sandbox
  vnv run --phone +447700900123
  vnv run --phone +447700900123 --redirect-uri https://dev.example/cb \
      --listen 127.0.0.1:8080
  vnv run --phone +99012345678 -o json --jq .verified
  vnv run --phone +99012345678 --sandbox --fault wifi`,
	}, stepCommand{ops: flow.Steps(vnv.NumberVerification), answer: verdictText, whole: true})
}
