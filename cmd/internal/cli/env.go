// Package cli is vnv's command line: the one user of cobra and viper. It reads
// flags and settings into plain values, hands them to packages flow and sandbox,
// and turns what comes back into exit codes. The machine enters through [Env]
// alone, so a test runs a command by calling [Main] with an Env of its own.
package cli

import (
	"context"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/vnv-cli/vnv/pkg/follow"
)

// Env is everything that a command may know of the machine it runs on.
type Env struct {
	Args     []string
	In       io.Reader
	Out, Err io.Writer // the answer; everything else
	Getenv   func(string) string
	Environ  func() []string
	Now      func() time.Time
	Home     string // the user's home, empty if there is none
	Net      follow.Net

	InTTY, OutTTY, ErrTTY bool
	Size                  func() (columns, rows int) // of the terminal at Err; 0: unknown
	OpenTTY               func() (*os.File, error)   // the terminal itself, whatever In is
	Interfaces            func() ([]follow.Interface, error)
	LookPath              func(program string) (path string, err error)
}

// InterruptError is the cause of a context that a signal ended.
type InterruptError struct{ Signal syscall.Signal }

func (i InterruptError) Error() string { return "cut off by " + signalName(i.Signal) }

// ExitCode is the shell's: 128 and the number of the signal. A terminal that went
// away (SIGHUP) and Ctrl-\ (SIGQUIT) count as SIGTERM, for the documented codes are two.
func (i InterruptError) ExitCode() int {
	if i.Signal == syscall.SIGINT {
		return exitInterrupt
	}
	return exitTerminate
}

func signalName(s syscall.Signal) string {
	switch s {
	case syscall.SIGINT:
		return "SIGINT"
	case syscall.SIGHUP:
		return "SIGHUP"
	case syscall.SIGQUIT:
		return "SIGQUIT"
	default:
		return "SIGTERM"
	}
}

// columns is the width to draw for: the terminal's, else the classic 80.
func (e *Env) columns() int {
	if e.Size != nil {
		if c, _ := e.Size(); c > 0 {
			return c
		}
	}
	return 80
}

// interactive tells whether a person watches: only then is a person asked to act.
func (e *Env) interactive() bool {
	return e.ErrTTY && e.Getenv("CI") == ""
}

// Main runs one command line and returns its exit code.
func Main(ctx context.Context, env Env) int {
	a := &app{Env: env}
	return a.main(ctx)
}
