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
	{"bash", bashCompletion},
	{"zsh", func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) }},
	{"fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
	{"powershell", func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) }},
}

// bashWords is the call in cobra's script of a function that the package bash-completion
// brings, and what stands in its place: the same, and where the package is not installed the
// words of the line up to the cursor, those that = and : have split put together again.
const bashWords = `    _get_comp_words_by_ref "$@" cur prev words cword
`

const bashWordsAlone = `    if declare -F _get_comp_words_by_ref >/dev/null 2>&1; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi

    local line=${COMP_LINE:0:COMP_POINT} word i
    words=() cword=-1
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ $line != [[:blank:]]* && ( $word == [=:]* || ${COMP_WORDS[i-1]} == *[=:] ) ]]; then
            ((i < COMP_CWORD)) || word=$line # no further than the cursor
            words[cword]+=$word
        else
            line=${line#"${line%%[![:blank:]]*}"}
            ((i < COMP_CWORD)) || word=$line
            words[++cword]=$word
        fi
        line=${line#"$word"}
    done
    cur=${words[cword]}
    prev=
    ((cword == 0)) || prev=${words[cword-1]}
`

func bashCompletion(root *cobra.Command, w io.Writer) error {
	var b bytes.Buffer
	if err := root.GenBashCompletionV2(&b, true); err != nil {
		return err
	}
	_, err := w.Write(bytes.Replace(b.Bytes(), []byte(bashWords), []byte(bashWordsAlone), 1))
	return err
}

func completionCmd(a *app) *cobra.Command {
	names := make([]string, 0, len(shells))
	for _, s := range shells {
		names = append(names, s.name)
	}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print the completion script for a shell",
		Long: `Print a script that completes vnv's commands, flags and their values in your
shell. That of bash needs no other package.`,
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
