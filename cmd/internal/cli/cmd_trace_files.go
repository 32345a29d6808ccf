package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// savedChain is how the commands describe the files that they read.
const savedChain = `vnv's own JSON and
NDJSON, HAR files of any browser, curl -v logs, and the debug output of the
vendor's phone libraries (url_trace)`

func traceShowCmd(a *app) *cobra.Command {
	var files artefacts
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show a saved chain again, in any form",
		Long: `Show a saved chain again, in any form. It reads ` + savedChain + `.
Whatever is secret in it is masked on the way in.`,
		Example: `  vnv trace show browser.har
  vnv trace show curl.log --report chain.html
  curl -sSvL "$URL" 2>&1 | vnv trace show -`,
		Args: a.filesNamed(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := files.check(); err != nil {
				return err
			}
			t, err := a.readChain(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			d := newChainDoc(t)
			if err := files.write(t, func() []byte { return d.page("vnv trace show").HTML() }); err != nil {
				return err
			}
			return a.answerChain(d)
		},
	}
	files.add(cmd.Flags())
	return a.fileCmd(cmd)
}

func traceDiffCmd(a *app) *cobra.Command {
	return a.fileCmd(&cobra.Command{
		Use:   "diff A B",
		Short: "Say what differs between two saved chains",
		Long: `Say what differs between two saved chains: hops added or gone, parameters,
cookies, addresses, certificates, who became slower. Exit code 3 when they
differ, 0 when they do not.`,
		Example: `  vnv trace diff works.har fails.har
  vnv trace diff monday.json today.json -o json --jq '.differences[].kind'`,
		Args: a.filesNamed(2),
		RunE: func(cmd *cobra.Command, args []string) error { return a.traceDiff(cmd.Context(), args[0], args[1]) },
	})
}

func (a *app) traceDiff(ctx context.Context, left, right string) error {
	was, err := a.readChain(ctx, left)
	if err != nil {
		return err
	}
	is, err := a.readChain(ctx, right)
	if err != nil {
		return err
	}
	found := trace.Diff(was, is)
	var b strings.Builder
	for _, d := range found {
		fmt.Fprintf(&b, "%s\n", d.Text)
	}
	if len(found) == 0 {
		b.WriteString("no difference\n")
	}
	return listing(a, "differences", found, b.String())
}

func traceCheckCmd(a *app) *cobra.Command {
	return a.fileCmd(&cobra.Command{
		Use:   "check FILE",
		Short: "Find secrets and phone numbers left in a file",
		Long: `Find secrets and phone numbers left in a file, whatever its format, before it is
handed on: as they are, URL-encoded once or twice, in base64, in hexadecimal, or
with JSON's escapes. Exit code 3 when there are any, 0 when there are none.`,
		Example: `  vnv trace check browser.har
  vnv trace check report.html && mail …`,
		Args: a.filesNamed(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.traceCheck(cmd.Context(), args[0]) },
	})
}

func (a *app) traceCheck(ctx context.Context, path string) error {
	raw, err := a.readSaved(ctx, path)
	if err != nil {
		return err
	}
	leaks, err := unlessCutOff(ctx, func() ([]trace.Leak, error) { return trace.Check(raw), nil })
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, l := range leaks {
		fmt.Fprintf(&b, "%-14s %-10s %-14s %s\n", l.Kind, l.Encoding, l.Shown, l.Where)
	}
	if len(leaks) == 0 {
		b.WriteString("no secret and no phone number found\n")
	}
	return listing(a, "leaks", leaks, b.String())
}

func traceCleanCmd(a *app) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "clean FILE",
		Short: "Write a masked copy of a saved chain",
		Long: `Write a masked copy of a saved chain, in the same format, to stdout or with
--to to a file. It cleans ` + savedChain + `.`,
		Example: `  vnv trace clean browser.har > safe.har
  vnv trace clean browser.har --to safe.har && vnv trace check safe.har`,
		Args: a.filesNamed(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.traceClean(cmd.Context(), args[0], to) },
	}
	cmd.Flags().StringVar(&to, "to", "", "write to `FILE`, for its owner alone")
	return a.fileCmd(cmd)
}

func (a *app) traceClean(ctx context.Context, path, to string) error {
	if to != "" {
		if err := writable(to); err != nil {
			return err
		}
		if sameFile(path, to) {
			return usagef("--to is the file that is read: the copy would take the original's place")
		}
	}
	raw, err := a.readSaved(ctx, path)
	if err != nil {
		return err
	}
	clean, err := unlessCutOff(ctx, func() ([]byte, error) {
		clean, err := trace.Clean(raw)
		if err != nil {
			return nil, &usageError{err: err}
		}
		return clean, nil
	})
	switch {
	case err != nil:
		return err
	case to != "":
		return writeFile(to, clean)
	default:
		return a.stdout(clean)
	}
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// fileCmd gives a command that reads files its output flags, and checks them first.
func (a *app) fileCmd(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().SortFlags = false
	a.out.add(cmd.Flags())
	a.completeStep(cmd)
	do := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := a.out.check(); err != nil {
			return err
		}
		a.mask.Reveal = a.out.reveal
		return do(cmd, args)
	}
	return cmd
}

// filesNamed is the argument rule of a command that reads n files.
func (a *app) filesNamed(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usagef("%s takes %s; - is stdin", cmd.CommandPath(), [...]string{"", "one file", "two files"}[n])
	}
}

// listing answers with rows; to have found any is the answer no.
func listing[T any](a *app, name string, rows []T, text string) error {
	doc, err := render.Document(map[string]any{"schema_version": trace.SchemaVersion, name: append([]T{}, rows...)})
	if err != nil {
		return err
	}
	var spelled strings.Builder
	render.Text(&spelled, a.outStyle(), strings.TrimSuffix(text, "\n"))
	if err := a.answer(spelled.String(), doc); err != nil {
		return err
	}
	if len(rows) > 0 {
		return errNotVerified
	}
	return nil
}

// readChain reads a saved chain, and masks it by this run's mask.
func (a *app) readChain(ctx context.Context, path string) (*trace.Trace, error) {
	raw, err := a.readSaved(ctx, path)
	if err != nil {
		return nil, err
	}
	return unlessCutOff(ctx, func() (*trace.Trace, error) {
		t, _, err := trace.Read(raw, a.mask)
		if err != nil {
			return nil, &usageError{err: fmt.Errorf("%s: %w", printable(path), err)}
		}
		return t, nil
	})
}

// unlessCutOff does work that may take long and leaves nothing behind, and does not wait for its end when a
// signal comes.
func unlessCutOff[T any](ctx context.Context, work func() (T, error)) (got T, err error) {
	type end struct {
		got      T
		err      error
		panicked any
	}
	ends := make(chan end, 1)
	go func() {
		var e end
		defer func() {
			e.panicked = recover()
			ends <- e
		}()
		e.got, e.err = work()
	}()
	select {
	case e := <-ends:
		if e.panicked != nil {
			panic(e.panicked)
		}
		if ctx.Err() == nil {
			return e.got, e.err
		}
	case <-ctx.Done():
	}
	return got, cutOff(ctx)
}

// maxSaved is how long a saved chain may be: a browser's HAR has its pages in it.
const maxSaved = 64 << 20

// readSaved reads a file that the user names, or stdin.
func (a *app) readSaved(ctx context.Context, path string) ([]byte, error) {
	if path == "-" {
		return a.readIn(ctx, "chain", maxSaved)
	}
	raw, err := readNamed(ctx, path, printable(path), maxSaved)
	return raw, unreadable(err)
}
