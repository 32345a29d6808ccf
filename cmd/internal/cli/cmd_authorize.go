package cli

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func authorizeCmd(a *app) *cobra.Command {
	var authURL string
	return a.stepCmd(&cobra.Command{
		Use:   "authorize [-]",
		Short: "Have the auth_url opened and wait for the callback",
		Long: `Have the auth_url opened, by vnv itself, by this machine's browser or by a
phone, and wait for the callback that carries the code and this attempt's state.
The answer is the code.

The redirect URI is ours when it is http with a loopback host, or when --listen
says where a tunnel brings it. Anywhere else the callback URL is pasted, or
taken from the last redirect when vnv follows the chain itself.`,
		Example: `  vnv authorize --session flow.json --device none
  vnv authorize - -o json < flow.json
  vnv authorize --auth-url "$AUTH_URL" --state "$STATE" --device browser
  vnv authorize --session flow.json --redirect-uri https://dev.example/cb --listen 127.0.0.1:8080
  vnv authorize --sandbox`,
	}, stepCommand{
		ops: []vnv.Op{vnv.OpAuthorize},
		own: func(fs *pflag.FlagSet) {
			fs.StringVar(&authURL, "auth-url", "", "open this `URL`; needs --state, for the one inside is the vendor's own")
		},
		prefer: func(_ context.Context, r *stepRun) error {
			if authURL == "" {
				if r.session.AuthURL == "" {
					return usagef("no auth_url: give a session (- or --session), or --auth-url with --state")
				}
				return nil
			}
			if r.flags.state == "" && r.session.State == "" {
				return usagef("--auth-url needs --state: the vendor rewrites the one inside the URL")
			}
			if r.session.AuthURL != "" && r.session.AuthURL != authURL {
				return usagef("--auth-url is not the auth_url of the session")
			}
			r.session.AuthURL = authURL
			r.named = append(r.named, authURL)
			return nil
		},
		answer: func(s flow.Session) string { return s.Code.Reveal() },
	})
}
