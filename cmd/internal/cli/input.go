package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// maxInput is how long a key, a code or a session may be.
const maxInput = 1 << 20

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

// strongState is how many characters 128 bits need as base64url: RFC 6749, section
// 10.10, wants no fewer. A state of vnv's own has 256 bits.
const strongState = 22

// stateFrom reads the state that --state names. The state itself is taken too, since
// scripts give it: with a warning.
func (a *app) stateFrom(ctx context.Context, fs *pflag.FlagSet, spec string) (string, error) {
	f := fs.Lookup("state")
	if spec == "" {
		if f != nil && f.Changed {
			return "", usagef("--state is empty")
		}
		return "", nil
	}
	state := spec
	if info, err := os.Stat(spec); spec == "-" || strings.HasPrefix(spec, "env:") || err == nil && info.Mode().IsRegular() {
		if state, err = a.readText(ctx, "state", spec); err != nil {
			return "", err
		}
	} else {
		a.warnings = append(a.warnings, "the state"+amongArguments)
	}
	if len(state) < strongState {
		a.warnings = append(a.warnings, "a state of "+itoa(len(state))+" characters can be guessed, and with it a callback forged: take 256 random bits for each attempt")
	}
	a.mask.Know("state", state, "")
	return state, nil
}

// amongArguments warns of a secret in the command line.
const amongArguments = " stands among the arguments, which other users of this machine can read: use - or env:NAME"

// readStdin hands out stdin once: a second reader would get nothing and wait.
func (a *app) readStdin(ctx context.Context, what string) ([]byte, error) {
	raw, err := a.readIn(ctx, what, maxInput)
	return notEmpty(raw, err, what, "stdin")
}

// readIn is readStdin for a text of another length.
func (a *app) readIn(ctx context.Context, what string, limit int64) ([]byte, error) {
	if a.stdinFor != "" {
		return nil, usagef("stdin (-) is asked for twice: for the %s and for the %s", a.stdinFor, what)
	}
	a.stdinFor = what
	raw, err := drained(ctx, a.In, "stdin", limit)
	return raw, said(what, err)
}

// cutOff is the error of a command that a signal ended while it read.
func cutOff(ctx context.Context) error {
	return &vnv.Error{Kind: vnv.KindCanceled, Sent: vnv.SentNo, Err: context.Cause(ctx)}
}

// unnamed is a file whose name may be a secret.
const unnamed = "the file"

// shown is how a file is called in an error. What stands where the name of a file
// belongs may be the secret itself, given by mistake: a key is long, the others
// cannot be told from names.
func shown(what, path string) string {
	const longest = 200
	switch {
	case what != "private key" && what != "public key":
		return unnamed
	case len(path) > longest || strings.ContainsAny(path, "\r\n"):
		return "a text of " + itoa(len(path)) + " characters, which names no file"
	default:
		return printable(path)
	}
}

func (a *app) readFile(ctx context.Context, what, path string) ([]byte, error) {
	raw, err := readNamed(ctx, path, shown(what, path), maxInput)
	if errors.Is(err, fs.ErrNotExist) && shown(what, path) == unnamed {
		return nil, usagef("%s: there is no file of this name; it is taken from -, a file or env:NAME, never as an argument itself", what)
	}
	if err == nil && what == "private key" && othersRead(path) {
		a.warnings = append(a.warnings, path+" can be read by other users of this machine: chmod 600 "+path)
	}
	return notEmpty(raw, said(what, err), what, shown(what, path))
}

func othersRead(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/'
}

// said puts what was read before what went wrong.
func said(what string, err error) error {
	if e, ok := errors.AsType[*fileError](err); ok {
		return usagef("%s: %s", what, e.text)
	}
	return err
}

func notEmpty(raw []byte, err error, what, name string) ([]byte, error) {
	if err == nil && strings.TrimSpace(string(raw)) == "" {
		return nil, usagef("%s: %s is empty", what, name)
	}
	return raw, err
}
