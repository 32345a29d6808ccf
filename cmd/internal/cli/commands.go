package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The groups of the root help.
const (
	groupFlow   = "The flow"
	groupAround = "Around it"
)

// commands is the table of subcommands: a new one is a file and a row.
var commands = []struct {
	name  string
	group string
	what  string // in the root help: shorter than Short
	build func(*app) *cobra.Command
}{
	{"run", groupFlow, "all steps for one number", runCmd},
	{"jwt", groupFlow, "print an application JWT", jwtCmd},
	{"enable", groupFlow, "ask for an auth_url", enableCmd},
	{"authorize", groupFlow, "wait for the callback", authorizeCmd},
	{"exchange", groupFlow, "trade the code for a token", exchangeCmd},
	{"verify", groupFlow, "does the device hold it?", verifyCmd},
	{"sandbox", groupAround, "vendor and carrier, local", sandboxCmd},
	{"completion", groupAround, "for your shell", completionCmd},
	{"version", groupAround, "what this is", versionCmd},
}

// addConnection defines the connection flags and where settings come from.
func addConnection(fs *pflag.FlagSet) {
	addSettings(fs, connectionKeys...)
	fs.String("profile", "", "`NAME` of the profile in the config file (VNV_PROFILE)")
	fs.String("config", "", "config `FILE` to read in place of the user's own (VNV_CONFIG)")
}

// completeStep knows the words that the flags of a step take.
func completeStep(cmd *cobra.Command) {
	for flag, words := range map[string][]string{"output": formats, "color": colorChoice, "device": devices, "api": apiNames(), "fault": faultNames()} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, completeWords(words))
		}
	}
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}
