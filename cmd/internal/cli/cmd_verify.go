package cli

import (
	"context"
	"regexp"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

var sha256Hex = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{64}$`) })

func verifyCmd(a *app) *cobra.Command {
	var token, hash, requestID, code string
	cmd := a.stepCmd(&cobra.Command{
		Use:   "verify [-]",
		Short: "Ask whether the device holds the number",
		Long: `Ask whether the device that was authorized holds the number. The answer is
"verified" (exit 0) or "not verified" (exit 3); everything else is an error,
never a no.

The token works once and is sent at most once. With --api verify there is no
token: the code itself is handed in.`,
		Example: `  vnv verify --session flow.json
  vnv verify --access-token env:TOKEN --phone +447700900123
  vnv verify --access-token token.txt --phone-hash "$SHA256"
  vnv verify --sandbox --phone +99012345677
  vnv verify cancel "$REQUEST_ID"`,
	}, stepCommand{
		ops: []vnv.Op{vnv.OpVerify},
		own: func(fs *pflag.FlagSet) {
			fs.StringVar(&token, "access-token", "", "the token: - (stdin), a `FILE` or env:NAME; needs --phone or --phone-hash")
			fs.StringVar(&hash, "phone-hash", "", "SHA-256 of the number with its +, in lower-case `HEX`")
			fs.StringVar(&requestID, "request-id", "", "Verify: the request's `ID`; needs --code")
			fs.StringVar(&code, "code", "", "Verify: the code: - (stdin), a `FILE` or env:NAME")
		},
		prefer: func(ctx context.Context, r *stepRun) error {
			if r.api.Name == vnv.SilentAuth.Name {
				return r.takeCode(ctx, requestID, code)
			}
			if err := r.takeHash(hash); err != nil {
				return err
			}
			return r.takeToken(ctx, token)
		},
		answer: verdictText,
	})
	cmd.AddCommand(cancelCmd(a))
	return cmd
}

func (r *stepRun) takeHash(hash string) error {
	switch {
	case hash == "":
		return nil
	case !sha256Hex().MatchString(hash):
		return usagef("--phone-hash: not 64 lower-case hexadecimal digits")
	case r.flags.phone != "" || r.session.Phone != "":
		return usagef("--phone-hash and a phone number: verify takes one of them")
	}
	r.session.PhoneHash = hash
	return nil
}

func (r *stepRun) takeToken(ctx context.Context, token string) error {
	if token == "" {
		if r.session.AccessToken == "" && !r.mayLack() {
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
}

// takeCode is what Verify has in place of a token.
func (r *stepRun) takeCode(ctx context.Context, requestID, code string) error {
	if requestID != "" {
		if err := r.giveText(&r.session.RequestID, requestID, "--request-id"); err != nil {
			return err
		}
	}
	switch {
	case code == "" && r.session.Code == "" && !r.mayLack():
		return usagef("no code: give a session (- or --session), or --code with --request-id")
	case code == "":
		return nil
	case r.session.RequestID == "":
		return usagef("--code needs --request-id or a session")
	}
	text, err := r.readText(ctx, "code", code)
	if err != nil {
		return err
	}
	return r.give(&r.session.Code, text, "--code")
}

func verdictText(s flow.Session) string {
	if s.Verified != nil && *s.Verified {
		return "verified"
	}
	return "not verified"
}
