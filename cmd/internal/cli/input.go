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
		return a.readStdin(what)
	}
	return a.readFile(ctx, what, spec)
}

// readText is readSecret for a value of one line.
func (a *app) readText(ctx context.Context, what, spec string) (string, error) {
	raw, err := a.readSecret(ctx, what, spec)
	return strings.TrimSpace(string(raw)), err
}

// readStdin hands out stdin once: a second reader would get nothing and wait.
func (a *app) readStdin(what string) ([]byte, error) {
	if a.stdinFor != "" {
		return nil, usagef("stdin (-) is asked for twice: for the %s and for the %s", a.stdinFor, what)
	}
	a.stdinFor = what
	raw, err := io.ReadAll(io.LimitReader(a.In, maxInput+1))
	return checked(raw, err, what, "stdin")
}

func (a *app) readFile(ctx context.Context, what, path string) ([]byte, error) {
	info, err := os.Stat(path) //nolint:gosec // the user names the file
	switch {
	case err != nil:
		return nil, usagef("%s: %s: %v", what, path, reason(err))
	case info.IsDir():
		return nil, usagef("%s: %s is a directory", what, path)
	case info.Mode()&fs.ModeNamedPipe != 0:
		return readPipe(ctx, what, path)
	}
	if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && what == "private key" && os.PathSeparator == '/' {
		a.warnings = append(a.warnings, path+" can be read by other users of this machine: chmod 600 "+path)
	}
	f, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, usagef("%s: %s: %v", what, path, reason(err))
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxInput+1))
	return checked(raw, err, what, path)
}

// readPipe waits a little for the writer of a named pipe. Opening it blocks, so
// giving up means to open the other end and let the reader see its end.
func readPipe(ctx context.Context, what, path string) ([]byte, error) {
	type answer struct {
		raw []byte
		err error
	}
	got := make(chan answer, 1)
	go func() {
		f, err := os.Open(path) //nolint:gosec // the user names the file
		if err != nil {
			got <- answer{err: err}
			return
		}
		defer f.Close()
		raw, err := io.ReadAll(io.LimitReader(f, maxInput+1))
		got <- answer{raw, err}
	}()
	ctx, cancel := context.WithTimeout(ctx, inputWait)
	defer cancel()
	select {
	case a := <-got:
		return checked(a.raw, a.err, what, path)
	case <-ctx.Done():
		if w, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil { //nolint:gosec // the same file
			_ = w.Close()
		}
		return nil, usagef("%s: %s is a pipe that nobody wrote into", what, path)
	}
}

func checked(raw []byte, err error, what, from string) ([]byte, error) {
	switch {
	case errors.Is(err, os.ErrClosed), errors.Is(err, syscall.EBADF):
		return nil, usagef("%s: %s is closed", what, from)
	case err != nil:
		return nil, usagef("%s: %s: %v", what, from, reason(err))
	case len(raw) > maxInput:
		return nil, usagef("%s: %s is longer than 1 MiB", what, from)
	case strings.TrimSpace(string(raw)) == "":
		return nil, usagef("%s: %s is empty", what, from)
	}
	return raw, nil
}
