package callback

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// holder names the process that listens on a TCP port, such as "node (pid 4711)", from a Linux /proc; "" where that
// cannot be known: another system, another user's process.
func holder(proc fs.FS, port string) string {
	inodes := listening(proc, port)
	if len(inodes) == 0 {
		return ""
	}
	links, _ := fs.Glob(proc, "[0-9]*/fd/*")
	for _, link := range links {
		if to, err := fs.ReadLink(proc, link); err == nil && inodes[to] {
			return describe(proc, path.Dir(path.Dir(link)))
		}
	}
	return ""
}

// listening returns the sockets, as /proc/*/fd links to them, that listen on port.
func listening(proc fs.FS, port string) map[string]bool {
	const local, state, inode, listen = 1, 3, 9, "0A"
	n, _ := strconv.ParseUint(port, 10, 16)
	suffix := fmt.Sprintf(":%04X", n)
	found := make(map[string]bool)
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		text, _ := fs.ReadFile(proc, table)
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > inode && f[state] == listen && strings.HasSuffix(f[local], suffix) {
				found["socket:["+f[inode]+"]"] = true
			}
		}
	}
	return found
}

func describe(proc fs.FS, pid string) string {
	comm, _ := fs.ReadFile(proc, pid+"/comm")
	name := strings.TrimSpace(string(comm))
	if name == "" || !printable(name) {
		return "pid " + pid
	}
	return name + " (pid " + pid + ")"
}
