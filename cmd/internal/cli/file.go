package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// inputWait is the patience with what is no plain file: a named pipe into which nobody
// writes would be waited for without end.
const inputWait = 5 * time.Second

// fileError says why a file could not be read. Its text begins with the file's name.
type fileError struct {
	text string
	err  error
}

func (e *fileError) Error() string { return e.text }
func (e *fileError) Unwrap() error { return e.err }

// unreadable is a mistake of the caller's: exit code 2.
func unreadable(err error) error {
	if _, ok := errors.AsType[*fileError](err); ok {
		return &usageError{err: err}
	}
	return err
}

// readNamed reads a file that the user or the settings name, whole: the one way in for
// all of them. Errors are a [*fileError] that calls the file name, or the cancellation.
func readNamed(ctx context.Context, path, name string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, &fileError{fmt.Sprintf("%s: %v", name, reason(err)), err}
	case info.IsDir():
		return nil, &fileError{text: name + " is a directory"}
	case !info.Mode().IsRegular():
		return pipe{path, name, inputWait}.read(ctx, limit)
	}
	return readInput(func() (io.ReadCloser, error) { return os.Open(path) }, limit).checked(name, limit) //nolint:gosec // the user names the file
}

// input is what came from a reader that may block.
type input struct {
	raw []byte
	err error
}

func readInput(open func() (io.ReadCloser, error), limit int64) input {
	r, err := open()
	if err != nil {
		return input{err: err}
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	return input{raw, err}
}

// drained reads to the end, unless a signal comes first, whoever holds the other end.
func drained(ctx context.Context, r io.Reader, name string, limit int64) ([]byte, error) {
	got := make(chan input, 1)
	go func() { got <- readInput(func() (io.ReadCloser, error) { return io.NopCloser(r), nil }, limit) }()
	select {
	case in := <-got:
		return in.checked(name, limit)
	case <-ctx.Done():
		return nil, cutOff(ctx)
	}
}

// pipe is a reader of one that has a name.
type pipe struct {
	path, name string
	patience   time.Duration // until the first byte comes; then whoever writes takes the time that it needs
}

// read waits for a writer. Opening a pipe blocks, so giving up means to open the other end and let the reader see
// its end.
func (p pipe) read(ctx context.Context, limit int64) ([]byte, error) {
	got, began := make(chan input, 1), make(chan struct{})
	go func() {
		got <- readInput(func() (io.ReadCloser, error) {
			f, err := os.Open(p.path)
			return &beginning{ReadCloser: f, began: began}, err
		}, limit)
	}()
	patience := time.NewTimer(p.patience)
	defer patience.Stop()
	if strings.HasPrefix(p.path, "/dev/fd/") { // of a command that the shell has started: it may ask somebody first
		patience.Stop()
	}
	for nobody := patience.C; ; {
		select {
		case in := <-got:
			return in.checked(p.name, limit)
		case <-began:
			nobody, began = nil, nil
			continue
		case <-nobody:
		case <-ctx.Done():
			if began == nil || errors.Is(ctx.Err(), context.Canceled) {
				p.giveUp()
				return nil, cutOff(ctx)
			}
		}
		p.giveUp()
		return nil, &fileError{text: p.name + " is a pipe that nobody wrote into"}
	}
}

func (p pipe) giveUp() {
	if w, err := os.OpenFile(p.path, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
		_ = w.Close()
	}
}

// beginning tells when the first bytes have come.
type beginning struct {
	io.ReadCloser

	began chan struct{} // closed then
}

func (b *beginning) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 && b.began != nil {
		close(b.began)
		b.began = nil
	}
	return n, err
}

func (in input) checked(name string, limit int64) ([]byte, error) {
	switch err := in.err; {
	case errors.Is(err, os.ErrClosed), errors.Is(err, syscall.EBADF):
		return nil, &fileError{name + " is closed", err}
	case err != nil:
		return nil, &fileError{fmt.Sprintf("%s: %v", name, reason(err)), err}
	case int64(len(in.raw)) > limit:
		return nil, &fileError{text: fmt.Sprintf("%s is longer than %d MiB", name, limit>>20)}
	}
	return in.raw, nil
}
