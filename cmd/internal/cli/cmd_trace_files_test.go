package cli

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// A signal ends a command that reads a saved chain, however long it has to read yet.
func TestReadingIsCutOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	begun, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	go func() {
		<-begun
		cancel(InterruptError{syscall.SIGTERM})
	}()
	got, err := unlessCutOff(ctx, func() (string, error) {
		close(begun)
		<-end
		return "read", nil
	})
	if e, ok := errors.AsType[*vnv.Error](err); got != "" || !ok || e.Kind != vnv.KindCanceled {
		t.Errorf("%q, %v", got, err)
	}
	saved := filepath.Join("..", "..", "..", "testdata", "trace", "chrome.har")
	for _, args := range [][]string{{"trace", "show", saved}, {"trace", "check", saved}, {"trace", "clean", saved}, {"trace", "diff", saved, saved}, {"sandbox", "replay", saved}} {
		if r := newWorld(t, "").runContext(ctx, args...); r.code != exitTerminate || r.out != "" {
			t.Errorf("%s: exit %d, %s", args, r.code, r.out)
		}
	}
	func() {
		defer func() {
			if recover() != "a bug" {
				t.Error("a bug in what is read goes unnoticed")
			}
		}()
		_, _ = unlessCutOff(t.Context(), func() (string, error) { panic("a bug") })
	}()
}
