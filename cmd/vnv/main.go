// Command vnv runs Vonage Number Verification from a terminal. This file is the
// one door to the machine: it alone touches the process's streams, arguments,
// environment, clock and exit code, and hands them to package cli as a value.
package main

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/cli"
	"github.com/vnv-cli/vnv/pkg/follow"
	"golang.org/x/term"
)

func main() {
	log.SetOutput(io.Discard) // net/http quotes malformed answers to it, raw
	ctx, stop := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT) // SIGQUIT's default is a Go stack
	if !signal.Ignored(syscall.SIGHUP) {                                   // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		stop(interrupted(<-signals))
		<-time.After(restored) // often two come at once, as when a terminal goes
		os.Exit(interrupted(<-signals).ExitCode())
	}()
	os.Exit(cli.Main(ctx, env()))
}

// restored is the time that a command has to put the terminal back, before a second signal ends it as it is.
const restored = 500 * time.Millisecond

func interrupted(s os.Signal) cli.InterruptError {
	number, _ := s.(syscall.Signal)
	return cli.InterruptError{Signal: number}
}

func env() cli.Env {
	return cli.Env{
		Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Getenv: os.Getenv, Environ: os.Environ, Now: time.Now, Home: home(),
		InTTY: tty(os.Stdin), OutTTY: tty(os.Stdout), ErrTTY: tty(os.Stderr), Size: size, OpenTTY: openTTY,
		Interfaces: follow.Interfaces, LookPath: exec.LookPath,
	}
}

func tty(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return dir
}

// size is asked when something is drawn, not at start.
func size() (columns, rows int) {
	columns, rows, err := term.GetSize(int(os.Stderr.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, rows
}

// openTTY opens the terminal itself, for a paste whatever stdin is.
func openTTY() (*os.File, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, errors.New("there is no terminal to paste into")
	}
	return f, nil
}
