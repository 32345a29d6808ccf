package callback

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"strings"
)

// holder names the process that listens where addr (host:port) cannot, such as "node (pid 4711)", by a Linux /proc. It is
// empty where that cannot be known: another system, another user's process.
func holder(proc fs.FS, addr string) string {
	if strings.HasPrefix(addr, ":") {
		addr = "[::]" + addr
	}
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return ""
	}
	inodes := listening(proc, at)
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

// listening returns the sockets that listen on at, as the links in /proc/PID/fd name them.
func listening(proc fs.FS, at netip.AddrPort) map[string]bool {
	const local, state, inode, listen = 1, 3, 9, "0A"
	found := make(map[string]bool)
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		text, _ := fs.ReadFile(proc, table)
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > inode && f[state] == listen && inTheWay(f[local], at) {
				found["socket:["+f[inode]+"]"] = true
			}
		}
	}
	return found
}

// inTheWay reports whether a local address as in /proc/net/tcp (words in the machine's byte order, in hex) excludes at:
// the same address, also as IPv4-mapped IPv6, or every address on either side.
func inTheWay(local string, at netip.AddrPort) bool {
	addr, port, _ := strings.Cut(local, ":")
	if port != fmt.Sprintf("%04X", at.Port()) {
		return false
	}
	var own strings.Builder
	for b := at.Addr().AsSlice(); len(b) >= 4; b = b[4:] {
		fmt.Fprintf(&own, "%08X", binary.NativeEndian.Uint32(b))
	}
	everywhere := strings.Trim(addr, "0") == "" || at.Addr().IsUnspecified()
	return everywhere || strings.HasSuffix(addr, own.String())
}

func describe(proc fs.FS, pid string) string {
	comm, _ := fs.ReadFile(proc, pid+"/comm")
	name := strings.TrimSpace(string(comm))
	if name == "" || !printable(name) {
		return "pid " + pid
	}
	return name + " (pid " + pid + ")"
}
