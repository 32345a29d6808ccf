package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
)

// topics are what `vnv help` knows besides commands.
var topics = []struct {
	name, short string
	text        func() string
}{
	{"flow", "The picture of the flow", func() string { return flowTopic }},
	{"exit-codes", "What the exit codes mean", exitTopic},
	{"environment", "Variables and files that vnv reads", environmentTopic},
}

func helpCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND|TOPIC]",
		Short: "Help about a command, or about flow, exit-codes, environment",
		Long:  "Show the help of a command, or a topic: flow, exit-codes or environment.",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			words := commandNames(cmd.Root())
			for _, t := range topics {
				words = append(words, t.name)
			}
			if len(args) > 0 {
				words = nil
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Root().Help()
			}
			for _, t := range topics {
				if len(args) == 1 && t.name == args[0] {
					render.Text(cmd.OutOrStdout(), a.style(), t.text())
					return nil
				}
			}
			target, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 || target == cmd.Root() {
				words := commandNames(cmd.Root())
				for _, t := range topics {
					words = append(words, t.name)
				}
				return usagef("there is no help about %q%s", printable(strings.Join(args, " ")), didYouMean(args[0], words))
			}
			target.InitDefaultHelpFlag()
			return target.Help()
		},
	}
}

const flowTopic = `The device proves by its mobile data connection that it holds a number.

  device             backend (vnv)              vendor               carrier
    │                    │                         │                    │
    │                  1 jwt: sign                 │                    │
    │                    ├─ 2 enable: number ─────►│                    │
    │                    │◄─────────────── auth_url┤                    │
    │◄─ auth_url ────────┤                         │                    │
    ├─ 3 authorize: open it, on mobile data ──────►│                    │
    │◄──────────────────────────── 302 to carrier ─┤                    │
    ├─ 302, 302, … ────────────────────────────────┼───────────────────►│
    │◄─────────────────────────── 302 to callback ─┼────────────────────┤
    ├─ callback: code ──►│                         │                    │
    │                    ├─ 4 exchange: code ─────►│                    │
    │                    │◄────────────────── token┤                    │
    │                    ├─ 5 verify: number ─────►│                    │
    │                    │◄──────────── true, false┤                    │

The app asking its backend comes before step 1 and stays the app's. vnv plays
the backend, and the device too where no real phone is needed (--device).
`

func exitTopic() string {
	var b strings.Builder
	b.WriteString("Exit codes, the same for every command. 3 is an answer, not an error.\n\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "%5d  %s\n", e.code, e.meaning)
	}
	b.WriteString("\n`go run` turns every failure into 1: they need the built binary.\n")
	return b.String()
}

func environmentTopic() string {
	var b strings.Builder
	b.WriteString("A setting comes from its flag, else its variable, else the profile in the config\n")
	b.WriteString("file, else its default. Application id and key come as a pair from one source.\n\n")
	for _, s := range settings {
		fmt.Fprintf(&b, "  %-20s --%-15s %s\n", s.env(), s.flag(), s.key)
	}
	b.WriteString(`
  VNV_PROFILE          --profile         which profile of the config file
  VNV_CONFIG           --config          the config file itself
  NO_COLOR, CLICOLOR_FORCE, TERM         colour, unless --color says
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY      proxy, unless --proxy says
  VNV_API_KEY, VNV_API_SECRET            vnv doctor: the Application API's
  VNV_SANDBOX_CONTROL, VNV_SANDBOX_TOKEN a running sandbox, its token
  CI                                     nobody is watching: nothing is asked

The config file is vnv/config.yaml in $XDG_CONFIG_HOME, or else in ~/.config:

  app_id: 00000000-0000-0000-0000-000000000000
  private_key: private.key        # beside this file, or an absolute path
  redirect_uri: http://localhost:3000/callback
  profiles:
    staging:                      # a profile is whole: nothing is inherited
      app_id: 00000000-0000-0000-0000-000000000001
      private_key: staging.key
      redirect_uri: http://localhost:3000/callback
      base_url: https://staging.example

VNV_PRIVATE_KEY is a path or the key's text. Where vnv's own settings give
neither id nor key, the vendor's are read: VONAGE_APPLICATION_ID together with
VONAGE_PRIVATE_KEY_PATH, VONAGE_PRIVATE_KEY or VONAGE_PRIVATE_KEY64, and then
~/.vonage/config.json. A file in the working directory is never read unless
named.
`)
	return b.String()
}
