//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// quietInput turns echo and line mode of a terminal off: a pasted callback URL
// holds the code, and in line mode it would be cut at 1,024 or 4,095 bytes. Ctrl-C
// stays what it is. A read returns after a fifth of a second even when nothing
// came, so that the reader can see that its time is over. The function that comes
// back restores the terminal.
func quietInput(f *os.File) (restore func(), err error) {
	fd := int(f.Fd())
	before, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return nil, err
	}
	quiet := *before
	quiet.Lflag &^= unix.ICANON | unix.ECHO
	quiet.Cc[unix.VMIN], quiet.Cc[unix.VTIME] = 0, 2
	if err := unix.IoctlSetTermios(fd, setTermios, &quiet); err != nil {
		return nil, err
	}
	return func() { _ = unix.IoctlSetTermios(fd, setTermios, before) }, nil
}
