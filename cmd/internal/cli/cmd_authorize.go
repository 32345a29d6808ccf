package cli

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func authorizeCmd(a *app) *cobra.Command {
	var authURL, requestID string
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
  vnv authorize --auth-url "$AUTH_URL" --state env:STATE --device browser
  vnv authorize --session flow.json --redirect-uri https://dev.example/cb \
      --listen 127.0.0.1:8080
  vnv authorize --sandbox`,
	}, stepCommand{
		ops: []vnv.Op{vnv.OpAuthorize},
		own: func(fs *pflag.FlagSet) {
			fs.StringVar(&authURL, "auth-url", "", "open this `URL`; needs --state, for the one inside is the vendor's own")
			fs.StringVar(&requestID, "request-id", "", "Verify: the `ID` that came with the URL, in place of --state")
		},
		prefer: func(_ context.Context, r *stepRun) error {
			return r.takeAuthURL(authURL, requestID)
		},
		answer: func(s flow.Session) string {
			if s.Verified != nil {
				return verdictText(s) // Verify: the chain itself said no
			}
			return s.Code.Reveal()
		},
	})
}

// takeAuthURL starts from a URL that the user names, with what proves its callback:
// the state, or with Verify the request id.
func (r *stepRun) takeAuthURL(authURL, requestID string) error {
	silent := r.api.Name == vnv.SilentAuth.Name
	if requestID != "" {
		if err := r.giveText(&r.session.RequestID, requestID, "--request-id"); err != nil {
			return err
		}
	}
	switch {
	case authURL == "" && r.session.AuthURL == "" && !r.mayLack():
		return usagef("no auth_url: give a session (- or --session), or --auth-url with --state")
	case authURL == "":
		return nil
	case silent && r.session.RequestID == "":
		return usagef("--auth-url needs --request-id: it proves that an answer belongs to this request")
	case !silent && r.flags.state == "" && r.session.State == "":
		return usagef("--auth-url needs --state: the vendor rewrites the one inside the URL")
	}
	if u, err := url.Parse(authURL); err == nil && !u.IsAbs() {
		return usagef("--auth-url: no URL: one with https:// and a host belongs here, not the name of a file")
	}
	r.named = append(r.named, authURL)
	return r.giveText(&r.session.AuthURL, authURL, "--auth-url")
}
