package cli

import (
	"bytes"
	"io"

	"github.com/spf13/cobra"
)

var shells = []struct {
	name string
	gen  func(root *cobra.Command, w io.Writer) error
}{
	{"bash", func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) }},
	{"zsh", func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) }},
	{"fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
	{"powershell", func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) }},
}

func completionCmd(a *app) *cobra.Command {
	names := make([]string, 0, len(shells))
	for _, s := range shells {
		names = append(names, s.name)
	}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print the completion script for a shell",
		Long:  "Print a script that completes vnv's commands, flags and their values in your\nshell.",
		Example: `  source <(vnv completion bash)
  vnv completion zsh > "${fpath[1]}/_vnv"
  vnv completion fish > ~/.config/fish/completions/vnv.fish`,
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("vnv completion takes the name of a shell: bash, zsh, fish or powershell")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range shells {
				if s.name != args[0] {
					continue
				}
				var b bytes.Buffer
				if err := s.gen(cmd.Root(), &b); err != nil {
					return err
				}
				return a.stdout(b.Bytes())
			}
			return usagef("no completion for %q%s", printable(args[0]), didYouMean(args[0], names))
		},
	}
}
