package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

const (
	maxInput  = 1 << 20
	inputWait = 5 * time.Second // for somebody to write into a named pipe
)

// readSecret reads a secret that a flag names: - is stdin, env:NAME a variable,
// anything else a file. The secret itself is never taken as an argument, since
// every user of the machine can read those.
func (a *app) readSecret(ctx context.Context, what, spec string) ([]byte, error) {
	if name, ok := strings.CutPrefix(spec, "env:"); ok {
		value := a.Getenv(name)
		if value == "" {
			return nil, usagef("%s: the variable %s is empty or not set", what, printable(name))
		}
		a.secretVars = append(a.secretVars, name)
		return []byte(value), nil
	}
	if spec == "-" {
		return a.readStdin(ctx, what)
	}
	return a.readFile(ctx, what, spec)
}

// readText is readSecret for a value of one line.
func (a *app) readText(ctx context.Context, what, spec string) (string, error) {
	raw, err := a.readSecret(ctx, what, spec)
	return strings.TrimSpace(string(raw)), err
}

// readStdin hands out stdin once: a second reader would get nothing and wait.
// A signal ends the reading, whoever holds the other end.
func (a *app) readStdin(ctx context.Context, what string) ([]byte, error) {
	if a.stdinFor != "" {
		return nil, usagef("stdin (-) is asked for twice: for the %s and for the %s", a.stdinFor, what)
	}
	a.stdinFor = what
	got := make(chan input, 1)
	go func() { got <- readInput(a.In) }()
	select {
	case in := <-got:
		return in.checked(what, "stdin")
	case <-ctx.Done():
		return nil, cutOff(ctx)
	}
}

// input is what came from a reader that may block.
type input struct {
	raw []byte
	err error
}

func readInput(r io.Reader) input {
	raw, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	return input{raw, err}
}

// cutOff is the error of a command that a signal ended while it read.
func cutOff(ctx context.Context) error {
	return &vnv.Error{Kind: vnv.KindCanceled, Sent: vnv.SentNo, Err: context.Cause(ctx)}
}

// shown is how a file is called in an error. What stands where the name of a file
// belongs may be the secret itself, given by mistake: a key is long, the others
// cannot be told from names.
func shown(what, path string) string {
	const longest = 200
	switch {
	case what != "private key" && what != "public key":
		return "the file"
	case len(path) > longest || strings.ContainsAny(path, "\r\n"):
		return "a text of " + itoa(len(path)) + " characters, which names no file"
	default:
		return printable(path)
	}
}

func (a *app) readFile(ctx context.Context, what, path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, usagef("%s: %s: %v", what, shown(what, path), reason(err))
	case info.IsDir():
		return nil, usagef("%s: %s is a directory", what, shown(what, path))
	case info.Mode()&fs.ModeNamedPipe != 0:
		return readPipe(ctx, what, path)
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && what == "private key" && os.PathSeparator == '/' {
		a.warnings = append(a.warnings, path+" can be read by other users of this machine: chmod 600 "+path)
	}
	f, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, usagef("%s: %s: %v", what, shown(what, path), reason(err))
	}
	defer f.Close()
	return readInput(f).checked(what, shown(what, path))
}

// readPipe waits a little for the writer of a named pipe. Opening it blocks, so
// giving up means to open the other end and let the reader see its end.
func readPipe(ctx context.Context, what, path string) ([]byte, error) {
	got := make(chan input, 1)
	go func() {
		f, err := os.Open(path) //nolint:gosec // the user names the file
		if err != nil {
			got <- input{err: err}
			return
		}
		defer f.Close()
		got <- readInput(f)
	}()
	patience, cancel := context.WithTimeout(ctx, inputWait)
	defer cancel()
	select {
	case in := <-got:
		return in.checked(what, shown(what, path))
	case <-patience.Done():
	}
	if w, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil { //nolint:gosec // the same file
		_ = w.Close()
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, cutOff(ctx)
	}
	return nil, usagef("%s: %s is a pipe that nobody wrote into", what, shown(what, path))
}

func (in input) checked(what, from string) ([]byte, error) {
	switch err := in.err; {
	case errors.Is(err, os.ErrClosed), errors.Is(err, syscall.EBADF):
		return nil, usagef("%s: %s is closed", what, from)
	case err != nil:
		return nil, usagef("%s: %s: %v", what, from, reason(err))
	case len(in.raw) > maxInput:
		return nil, usagef("%s: %s is longer than 1 MiB", what, from)
	case strings.TrimSpace(string(in.raw)) == "":
		return nil, usagef("%s: %s is empty", what, from)
	}
	return in.raw, nil
}
