package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/follow"
)

// The groups of the root help.
const (
	groupFlow   = "The flow"
	groupLook   = "Look closer"
	groupAround = "Around it"
)

// command is a row of the table of subcommands.
type command struct {
	name  string
	group string
	what  string // in the root help: shorter than Short
	build func(*app) *cobra.Command
}

// commands is the table of subcommands: a new one is a file and a row.
var commands = []command{
	{"run", groupFlow, "all steps for one number", runCmd},
	{"jwt", groupFlow, "print an application JWT", jwtCmd},
	{"enable", groupFlow, "ask for an auth_url", enableCmd},
	{"authorize", groupFlow, "wait for the callback", authorizeCmd},
	{"exchange", groupFlow, "trade the code for a token", exchangeCmd},
	{"verify", groupFlow, "does the device hold it?", verifyCmd},
	{"trace", groupLook, "follow any redirect chain", traceCmd},
	{"doctor", groupLook, "check settings and network", doctorCmd},
	{"explain", groupLook, "say what an error means", explainCmd},
	{"callback", groupAround, "wait for one from elsewhere", callbackCmd},
	{"sandbox", groupAround, "vendor and carrier, local", sandboxCmd},
	{"migrate", groupAround, "from the old API to Verify", migrateCmd},
	{"config", groupAround, "profiles and settings", configCmd},
	{"completion", groupAround, "for your shell", completionCmd},
	{"version", groupAround, "what this is", versionCmd},
}

// wanted are the commands that this command line can need: building one costs as
// much as starting the process does. Help and suggestions want them all.
func (a *app) wanted() []command {
	if a.whole {
		return commands
	}
	if len(a.Args) == 0 || strings.HasPrefix(a.Args[0], "-") && len(a.Args) == 1 {
		return nil
	}
	for i, c := range commands {
		if c.name == a.Args[0] && c.name != "completion" {
			return commands[i : i+1]
		}
	}
	return commands
}

// completing tells whether a shell asks, or a document is made for one.
func (a *app) completing() bool {
	return a.whole || len(a.Args) > 0 && strings.HasPrefix(a.Args[0], cobra.ShellCompRequestCmd)
}

// addConnection defines the connection flags and where settings come from.
func addConnection(fs *pflag.FlagSet) {
	addSettings(fs, connectionKeys...)
	fs.String("profile", "", "`NAME` of the profile in the config file (VNV_PROFILE)")
	fs.String("config", "", "config `FILE` to read in place of the user's own (VNV_CONFIG)")
}

// completeStep knows the words that the flags of a step take.
func (a *app) completeStep(cmd *cobra.Command) {
	if !a.completing() {
		return
	}
	for flag, words := range map[string][]string{"output": formats, "color": colorChoice, "device": devices, "api": apiNames(), "as": follow.ClientNames(), "print": {"curl"}} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, completeWords(words))
		}
	}
	for flag, stages := range map[string][]string{"error-at": {"enable", "authorize", "carrier", "callback", "token", "verify"}, "silent-error-at": {"handover", "check"}} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, completeWords(stages))
		}
	}
	if cmd.Flags().Lookup("interface") != nil {
		_ = cmd.RegisterFlagCompletionFunc("interface", a.completeInterfaces)
	}
	if cmd.Flags().Lookup("fault") != nil {
		_ = cmd.RegisterFlagCompletionFunc("fault", completeFaults)
	}
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}
