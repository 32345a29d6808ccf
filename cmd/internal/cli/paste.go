package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/vnv-cli/vnv/pkg/flow"
)

const maxPaste = 1 << 20

// pasting lets a person hand in the callback URL: the browser may be on another
// machine. The terminal itself is read, never stdin, which may hold a session.
func (r *stepRun) pasting(f *flow.Flow) {
	if !r.pastes() {
		return
	}
	f.Paste = func(offer func(string) error) (stop func()) {
		tty, err := r.OpenTTY()
		if err != nil {
			return func() {}
		}
		quiet, err := openQuiet(tty)
		if err != nil {
			tty.Close()
			return func() {}
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer quiet.Close()
			pasteLines(ctx, quiet, func(text string) { _ = offer(text) })
		}()
		return func() {
			cancel()
			quiet.wake()
			<-done
		}
	}
}

// longAgo is a time limit that is over.
var longAgo = time.Unix(1, 0)

// pastes tells whether a person is there who can paste.
func (a *app) pastes() bool { return a.OpenTTY != nil && a.interactive() }

// inFront tells whether what is drawn on the terminal is not in the way of another command.
func (a *app) inFront() bool {
	f, ok := a.Err.(*os.File)
	return !ok || inForeground(f)
}

// pasteLines reads lines until ctx ends. The end of input does not end the wait:
// the callback may still come another way.
func pasteLines(ctx context.Context, in io.Reader, offer func(string)) {
	var line []byte
	chunk := make([]byte, 4096)
	for ctx.Err() == nil {
		n, err := in.Read(chunk)
		for _, b := range chunk[:n] {
			if b != '\n' && b != '\r' {
				if b >= ' ' || b == '\t' { // no key that means something else, as Ctrl-D
					line = append(line, b)
				}
				continue
			}
			if text := bytes.TrimSpace(line); len(text) > 0 {
				offer(string(text))
			}
			line = line[:0]
		}
		switch {
		case len(line) > maxPaste:
			line = line[:0]
		case err != nil && !errors.Is(err, io.EOF):
			return
		case n == 0:
			pause(ctx, 50*time.Millisecond)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
