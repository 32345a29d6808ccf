package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func exchangeCmd(a *app) *cobra.Command {
	var code, callbackURL string
	return a.stepCmd(&cobra.Command{
		Use:   "exchange [-]",
		Short: "Trade the code for an access token",
		Long: `Trade the authorization code for an access token at the token endpoint. The
answer is the token.

A code works once, and only with the redirect URI that is registered. It is sent
at most once: when no answer comes, the outcome is unknown and vnv says so.`,
		Example: `  vnv exchange --session flow.json
  vnv exchange --code env:CODE --redirect-uri https://dev.example/cb
  vnv exchange --callback-url - --state env:STATE
  vnv exchange --sandbox`,
	}, stepCommand{
		ops: []vnv.Op{vnv.OpExchange},
		own: func(fs *pflag.FlagSet) {
			fs.StringVar(&code, "code", "", "the code: - (stdin), a `FILE` or env:NAME")
			fs.StringVar(&callbackURL, "callback-url", "", "the whole callback URL: - (stdin), a `FILE` or env:NAME; needs the state")
		},
		prefer: func(ctx context.Context, r *stepRun) error {
			switch {
			case code != "" && callbackURL != "":
				return usagef("--code and --callback-url: use one")
			case code != "":
				text, err := r.readText(ctx, "code", code)
				if err == nil {
					err = r.give(&r.session.Code, text, "--code")
				}
				return err
			case callbackURL != "":
				text, err := r.readText(ctx, "callback URL", callbackURL)
				if err != nil {
					return err
				}
				return r.takeCallback(text)
			case r.session.Code == "" && !r.mayLack():
				return usagef("no code: give a session (- or --session), --code or --callback-url")
			}
			return nil
		},
		answer: func(s flow.Session) string { return s.AccessToken.Reveal() },
	})
}

// takeCallback judges a callback URL exactly as the listener would.
func (r *stepRun) takeCallback(raw string) error {
	state := first(r.session.State.Reveal(), r.flags.state)
	if state == "" {
		return usagef("--callback-url needs --state or a session: without the state no callback can be told from a forged one")
	}
	cb, err := callback.Parse(raw, state)
	if err != nil {
		return flow.CallbackError(err)
	}
	r.took = cb
	return r.give(&r.session.Code, cb.Code, "--callback-url")
}

// give puts a value from a flag into the session; a session that holds another one
// is not overruled.
func (r *stepRun) give(into *vnv.Secret, value, flag string) error {
	text := into.Reveal()
	err := r.giveText(&text, value, flag)
	*into = vnv.Secret(text)
	return err
}

func (r *stepRun) giveText(into *string, value, flag string) error {
	if *into != "" && *into != value {
		return usagef("%s is not the one of the session", flag)
	}
	*into = value
	return nil
}
