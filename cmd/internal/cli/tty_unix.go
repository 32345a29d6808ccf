//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// quietInput turns echo and line mode of a terminal off: a pasted callback URL
// holds the code, and in line mode it would be cut at 1,024 or 4,095 bytes. Ctrl-C
// stays what it is. A read that cannot be given a time limit returns after a fifth of
// a second even when nothing came, so that the reader can see that its time is over.
// The function that comes back restores the terminal.
func quietInput(f *os.File) (restore func(), err error) {
	var before *unix.Termios
	err = control(f, func(fd int) (err error) {
		if before, err = unix.IoctlGetTermios(fd, getTermios); err != nil {
			return err
		}
		quiet := *before
		quiet.Lflag &^= unix.ICANON | unix.ECHO
		quiet.Cc[unix.VMIN], quiet.Cc[unix.VTIME] = 0, 2
		return unix.IoctlSetTermios(fd, setTermios, &quiet)
	})
	if err != nil {
		return nil, err
	}
	return func() {
		_ = control(f, func(fd int) error { return unix.IoctlSetTermios(fd, setTermios, before) })
	}, nil
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
