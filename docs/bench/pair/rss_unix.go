//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// maxRSS reads the largest resident size of a process that has ended. On Linux
// it is never less than that of this program, which the child shared until it
// became another.
func maxRSS(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss // bytes there
	}
	return usage.Maxrss * 1024 // KiB elsewhere
}
