package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// app is one command line on its way from arguments to exit code.
type app struct {
	Env
	out   output
	mask  *trace.Mask
	story *render.Story
	lines *render.Lines

	whole      bool                       // build every command: for documents
	failed     func(render.Failure) error // writes a failure in JSON with what the command has besides; nil: alone
	facts      facts                      // what advice may speak of
	stdinFor   string                     // what stdin was read for
	secretVars []string                   // variables that held a secret
	warnings   []string
}

// errNotVerified is the answer no: not an error, and yet not exit 0.
var errNotVerified = errors.New("not verified")

// errNotSet is the answer that a setting has no value.
var errNotSet = errors.New("not set")

// errChecksFailed is the answer of the doctor that something must be put right.
var errChecksFailed = errors.New("a check failed")

func (a *app) main(ctx context.Context) (code int) {
	a.mask = &trace.Mask{}
	defer func() {
		if p := recover(); p != nil {
			code = a.end(ctx, &vnv.Error{Kind: vnv.KindInternal, Err: errors.New("a bug in vnv: " + a.mask.Text(fmt.Sprint(p)))})
		}
	}()
	answers := &arrival{Writer: a.Out}
	a.Out = answers
	root := newRoot(a)
	a.out.guess(a.Args) // after the flags, whose defaults overwrite it
	// Never nil, which would mean the arguments of the process.
	root.SetArgs(append([]string{}, a.Args...))
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	err := a.unknownCommand(root)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		err = answers.failed()
	}
	return a.end(ctx, err)
}

// arrival remembers that an answer did not arrive: help and completion write without
// looking back.
type arrival struct {
	io.Writer
	err error
}

func (w *arrival) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

func (w *arrival) failed() error {
	if w.err == nil {
		return nil
	}
	return &vnv.Error{Kind: vnv.KindInternal, Err: fmt.Errorf("stdout: %w", reason(w.err))}
}

// end turns how a command ended into an exit code, and tells what went wrong.
func (a *app) end(ctx context.Context, err error) int {
	if a.story != nil {
		a.story.Close()
	}
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errNotVerified) || errors.Is(err, errNotSet) {
		return exitNo
	}
	if errors.Is(err, errChecksFailed) {
		return exitUsage
	}
	if earlier, ok := errors.AsType[*flow.EarlierError](err); ok {
		return a.passFailure(earlier)
	}
	f := a.failure(ctx, err)
	if a.out.json() && a.writeFailure(f) != nil {
		f.ExitCode = exitUnexpected
	}
	a.tell(err, f)
	return f.ExitCode
}

// passFailure prints an earlier step's failure on, in the form of this command.
func (a *app) passFailure(earlier *flow.EarlierError) int {
	raw := earlier.Raw
	var doc map[string]json.RawMessage
	if a.out.format == formatNDJSON && json.Unmarshal(raw, &doc) == nil {
		lines := render.Lines{W: a.Out, Mask: a.mask}
		if lines.Passed(doc["error"]); lines.Err() != nil {
			return exitUnexpected
		}
		return earlier.ExitCode
	}
	if _, err := a.Out.Write(raw); err != nil {
		return exitUnexpected
	}
	return earlier.ExitCode
}

func (a *app) writeFailure(f render.Failure) error {
	if a.failed != nil {
		return a.failed(f)
	}
	if a.out.format == formatNDJSON {
		lines := render.Lines{W: a.Out, Mask: a.mask}
		lines.Failed(f)
		return lines.Err()
	}
	doc, err := render.Document(struct {
		Error render.Failure `json:"error"`
	}{f})
	if err != nil {
		return err
	}
	_, err = a.Out.Write(doc)
	return err
}

// tell writes the failure for a person: what the story has not said yet, then what
// to do next, then what the vendor's support will ask for.
func (a *app) tell(err error, f render.Failure) {
	said := a.story != nil && a.story.Failed()
	more := ""
	if u, ok := errors.AsType[*usageError](err); ok {
		more = u.more
	}
	render.Failed(a.Err, a.style(), render.FailureText{Failure: f, Said: said, More: more})
}

// warn tells of something that does not stop the command.
func (a *app) warn(text string) {
	if !a.out.quiet {
		render.Warning(a.Err, a.style(), a.mask.Text(text))
	}
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:     "vnv",
		Short:   "Run Vonage Number Verification from a terminal, step by step or at once",
		Example: "  vnv run --phone +99012345678 --sandbox",
		Args:    a.noSuchCommand,
		RunE:    a.bare,

		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true, DisableDefaultCmd: true},
	}
	root.SetFlagErrorFunc(a.flagError)
	root.SetHelpFunc(a.help)
	root.SetHelpCommand(helpCommand(a))
	root.PersistentFlags().BoolP("help", "h", false, "help for the command")
	root.Flags().Bool("version", false, "print the version")
	for _, c := range a.wanted() {
		root.AddCommand(plainDefaults(c.build(a)))
	}
	return root
}

// bare is vnv without a command: the help, or with --version the version. Cobra's
// own --version would link text/template, and with it two megabytes.
func (a *app) bare(cmd *cobra.Command, _ []string) error {
	if asked, err := cmd.Flags().GetBool("version"); err != nil || !asked {
		return cmd.Help()
	}
	return a.stdout([]byte("vnv " + version() + "\n"))
}

// unknownCommand comes before the flags are read: a command that is not there
// explains every flag that is not, and has no help.
func (a *app) unknownCommand(root *cobra.Command) error {
	if len(a.Args) == 0 || strings.HasPrefix(a.Args[0], "-") || strings.HasPrefix(a.Args[0], cobra.ShellCompRequestCmd) {
		return nil
	}
	if found, _, err := root.Find(a.Args[:1]); err == nil && found != root || a.Args[0] == "help" {
		return nil
	}
	return a.noSuchCommand(root, a.Args)
}

// noSuchCommand names the command that was probably meant.
func (a *app) noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("there is no command %q%s", printable(args[0]), didYouMean(args[0], commandNames(cmd.Root())))
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// flagError adds the flag that was probably meant, and drops pflag's repetition.
func (a *app) flagError(cmd *cobra.Command, err error) error {
	text := err.Error()
	name, unknown := strings.CutPrefix(text, "unknown flag: --")
	switch {
	case looksLikeKey(text):
		return usagef("a private key stands among the arguments, which other users of this machine can read: give the path of its file")
	case strings.HasPrefix(text, "bad flag syntax"): // it would repeat the argument, which may be a key
		return usagef("an argument begins with - and is no flag: put -- before it, if it is meant")
	case !unknown:
		return &usageError{err: errors.New(printable(text))}
	}
	return usagef("there is no flag --%s for %s%s", printable(name), cmd.CommandPath(), strings.Replace(didYouMean(name, flagNames(cmd)), "mean ", "mean --", 1))
}

// stdout writes the answer; that it arrives is part of the promise.
func (a *app) stdout(text []byte) error {
	if _, err := a.Out.Write(text); err != nil {
		return &vnv.Error{Kind: vnv.KindInternal, Err: fmt.Errorf("stdout: %w", reason(err))}
	}
	return nil
}

// loopbackURL tells whether a URL leads to this machine.
func loopbackURL(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && flow.Loopback(u.Hostname())
}
