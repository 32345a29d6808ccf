package cli

import (
	"context"
	"regexp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

func verifyCmd(a *app) *cobra.Command {
	var token, hash string
	return a.stepCmd(&cobra.Command{
		Use:   "verify [-]",
		Short: "Ask whether the device holds the number",
		Long: `Ask whether the device that was authorized holds the number. The answer is
"verified" (exit 0) or "not verified" (exit 3); everything else is an error,
never a no.

The token works once and is sent at most once.`,
		Example: `  vnv verify --session flow.json
  vnv verify --access-token env:TOKEN --phone +447700900123
  vnv verify --access-token token.txt --phone-hash "$SHA256"
  vnv verify --sandbox --phone +99012345677`,
	}, stepCommand{
		ops: []vnv.Op{vnv.OpVerify},
		own: func(fs *pflag.FlagSet) {
			fs.StringVar(&token, "access-token", "", "the token: - (stdin), a `FILE` or env:NAME; needs --phone or --phone-hash")
			fs.StringVar(&hash, "phone-hash", "", "SHA-256 of the number with its +, in lower-case `HEX`")
		},
		prefer: func(ctx context.Context, r *stepRun) error {
			if hash != "" {
				if !sha256Hex.MatchString(hash) {
					return usagef("--phone-hash: not 64 lower-case hexadecimal digits")
				}
				if r.flags.phone != "" || r.session.Phone != "" {
					return usagef("--phone-hash and a phone number: verify takes one of them")
				}
				r.session.PhoneHash = hash
			}
			if token == "" {
				if r.session.AccessToken == "" && !r.brought() {
					return usagef("no access token: give a session (- or --session), or --access-token")
				}
				return nil
			}
			text, err := r.readText(ctx, "access token", token)
			if err != nil {
				return err
			}
			if r.flags.phone == "" && r.session.Phone == "" && r.session.PhoneHash == "" {
				return usagef("--access-token needs --phone or --phone-hash")
			}
			return r.give(&r.session.AccessToken, text, "--access-token")
		},
		answer: verdictText,
	})
}

func verdictText(s flow.Session) string {
	if s.Verified != nil && *s.Verified {
		return "verified"
	}
	return "not verified"
}
