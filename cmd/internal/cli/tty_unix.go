//go:build unix

package cli

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// quietTTY is a terminal that a paste is read from: with echo and line mode off, for a
// callback URL holds the code, and in line mode it would be cut at 1,024 or 4,095 bytes.
// Ctrl-C stays what it is.
//
// The terminal is as it was whenever we do not read from it: once a signal ends us, while
// we are stopped (Ctrl-Z), and in the background, where it is not ours to touch. All of
// this happens between two reads, so nothing is ever read with the echo on.
type quietTTY struct {
	f      *os.File
	before *unix.Termios // nil until it was quiet once
	quiet  bool

	signals  chan os.Signal // as they come
	pending  chan os.Signal // for the reader, which was woken
	watching sync.WaitGroup
}

// ctrlZ is what Ctrl-Z types.
const ctrlZ = 0x1a

// stopPatience is how long a stop may take to come into force.
const stopPatience = 200 * time.Millisecond

// openQuiet makes the terminal quiet, if it is ours to read, and takes the file over. The
// error is that f is no terminal.
func openQuiet(f *os.File) (*quietTTY, error) {
	q := &quietTTY{f: f, signals: make(chan os.Signal, 8), pending: make(chan os.Signal, 8)}
	if err := control(f, func(fd int) error { _, err := unix.IoctlGetTermios(fd, getTermios); return err }); err != nil {
		return nil, err
	}
	for _, s := range []os.Signal{unix.SIGCONT, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if !signal.Ignored(s) { // as nohup has it
			signal.Notify(q.signals, s)
		}
	}
	q.watching.Go(q.watch)
	q.hush()
	return q, nil
}

// watch hands signals to the reader and wakes it.
func (q *quietTTY) watch() {
	for s := range q.signals {
		select {
		case q.pending <- s:
		default: // it has enough to see to
		}
		q.wake()
	}
}

// wake ends a read. Where a terminal takes no time limit, a read ends by itself.
func (q *quietTTY) wake() { _ = q.f.SetReadDeadline(longAgo) }

// Read is a read of the quiet terminal; 0 bytes say that nothing came, and to try again. An
// error is the end: the terminal is gone, or a signal ends us.
func (q *quietTTY) Read(b []byte) (int, error) {
	select {
	case s := <-q.pending:
		return 0, q.heed(s)
	default:
	}
	if !q.hush() {
		return 0, nil
	}
	n, err := q.f.Read(b)
	if i := bytes.IndexByte(b[:n], ctrlZ); i >= 0 {
		q.restore()
		q.stop()
		return i, nil
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, q.f.SetReadDeadline(time.Time{})
	case errors.Is(err, io.EOF): // no byte came in time: only a terminal in line mode has an end
		return n, nil
	}
	return n, err
}

// heed does what a signal asks of who has changed a terminal.
func (q *quietTTY) heed(s os.Signal) error {
	if s == unix.SIGCONT { // whoever had the terminal meanwhile has set it as he liked
		q.quiet = false
		return nil
	}
	q.restore()
	return errLeaving
}

// errLeaving says that a signal ends the process: nothing is read any more.
var errLeaving = errors.New("a signal ends the command")

// stop stops us, and who is in a pipe with us, as the terminal does at Ctrl-Z. It returns
// when we go on, or soon where nobody could make us go on: there the system stops nobody.
func (q *quietTTY) stop() {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, unix.SIGCONT)
	defer signal.Stop(goesOn)
	_ = unix.Kill(0, unix.SIGTSTP)
	select {
	case <-goesOn:
	case <-time.After(stopPatience):
	}
}

// hush makes the terminal quiet, and tells whether it is: not in the background.
func (q *quietTTY) hush() bool {
	if q.quiet {
		return true
	}
	err := control(q.f, func(fd int) error {
		if !foreground(fd) {
			return errBackground
		}
		now, err := unix.IoctlGetTermios(fd, getTermios)
		if err != nil {
			return err
		}
		if q.before == nil {
			before := *now
			q.before = &before
		}
		now.Lflag &^= unix.ICANON | unix.ECHO
		now.Cc[unix.VSUSP] = disabled                // Ctrl-Z comes as a byte: the terminal is restored first
		now.Cc[unix.VMIN], now.Cc[unix.VTIME] = 0, 2 // a read without a time limit of its own ends after a fifth of a second
		return unix.IoctlSetTermios(fd, setTermios, now)
	})
	q.quiet = err == nil
	return q.quiet
}

var errBackground = errors.New("the terminal is another's")

// restore makes the terminal what it was. What was typed and not read is dropped: the rest
// of a paste is not for the shell.
func (q *quietTTY) restore() {
	if !q.quiet {
		return
	}
	q.quiet = false
	_ = control(q.f, func(fd int) error {
		if !foreground(fd) {
			return errBackground
		}
		return unix.IoctlSetTermios(fd, setTermiosFlush, q.before)
	})
}

// foreground tells whether the terminal is ours now. One that is not our session's has
// nobody in the foreground.
func foreground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}

// inForeground is foreground of a file.
func inForeground(f *os.File) (yes bool) {
	_ = control(f, func(fd int) error { yes = foreground(fd); return nil })
	return yes
}

// Close restores the terminal and closes it.
func (q *quietTTY) Close() error {
	signal.Stop(q.signals)
	close(q.signals)
	q.watching.Wait()
	q.restore()
	return q.f.Close()
}

// control leaves the file as it is, where Fd would take the time limits from it.
func control(f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}
