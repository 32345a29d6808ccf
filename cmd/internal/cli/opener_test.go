//go:build linux

package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// opening puts a program in the place of the system's opener: it notes its process, its
// argument and its environment, prints, and does what end says.
func (w *world) opening(end string) (noted string) {
	w.t.Helper()
	noted = filepath.Join(w.t.TempDir(), "noted")
	path := w.file("opener", "#!/bin/sh\necho $$ > "+noted+".part; env >> "+noted+".part; echo \"url=$1\" >> "+noted+".part; mv "+noted+".part "+noted+"\necho from the opener; echo from the opener >&2\n"+end+"\n")
	if err := os.Chmod(path, 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.vars["DISPLAY"] = ":0"
	w.env.Environ = func() []string {
		return []string{"PATH=" + os.Getenv("PATH"), "VNV_PRIVATE_KEY=" + canary, "DISPLAY=:0"}
	}
	w.env.LookPath = func(name string) (string, error) {
		if name == "xdg-open" {
			return path, nil
		}
		return "", os.ErrNotExist
	}
	return noted
}

// A6, A8: the opener gets the URL as it is and none of our secrets, writes nothing between our
// lines, and one that hangs is gone with the command.
func TestOpener(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ end, told string }{
		"hangs":  {"exec sleep 1000", "waiting"},
		"leaves": {"exit 0", "waiting"},
		"fails":  {"exit 4", "no browser could be opened: open the URL by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "https://api.example")
			noted := w.opening(c.end)
			r := w.run(authorizing("--device", "browser", "--redirect-uri", "http://127.0.0.1:0/cb", "--timeout", "2s")...)
			r.ends(exitNoCallback, "", "Opened in the browser", c.told)
			text, err := os.ReadFile(noted)
			if err != nil {
				t.Fatal(err)
			}
			pid, _, _ := strings.Cut(string(text), "\n")
			if id, err := strconv.Atoi(pid); err != nil || !errors.Is(syscall.Kill(id, 0), syscall.ESRCH) {
				t.Errorf("the opener %q is still there", pid)
			}
			if strings.Contains(string(text), canary) || !strings.Contains(string(text), "url=https://vendor.example/auth?client_id=real&x=1\n") {
				t.Errorf("the opener was told %s", text)
			}
			if strings.Contains(r.err, "from the opener") {
				t.Errorf("the opener's words stand among ours: %s", r.err)
			}
		})
	}
}
