//go:build unix

package cli

import (
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
)

// browsers are the openers that may be the browser itself: a user's window is not ended.
var browsers = []string{"x-www-browser", "www-browser"}

// opener is what opens a URL, on its way.
type opener struct {
	cmd   *exec.Cmd
	stays bool
	done  chan struct{} // closed when it has ended
	err   error         // of its end
}

// startOpener has the system open a URL: an argument of its own, an environment without our
// secrets, no stream of ours to write between our lines, and a process group of its own, so
// that Ctrl-C here closes no browser.
func (a *app) startOpener(target string) (*opener, error) {
	if a.LookPath == nil {
		return nil, errNoOpener
	}
	for _, name := range openers[runtime.GOOS] {
		path, err := a.LookPath(name)
		if err != nil || !filepath.IsAbs(path) {
			continue
		}
		o := &opener{cmd: exec.Command(path, target), stays: slices.Contains(browsers, name), done: make(chan struct{})} //nolint:gosec,noctx // the system's opener; end ends it
		o.cmd.Env, o.cmd.SysProcAttr = a.childEnv(), &syscall.SysProcAttr{Setpgid: true}
		if err := o.cmd.Start(); err != nil {
			return nil, err
		}
		go func() {
			defer close(o.done)
			o.err = o.cmd.Wait()
		}()
		return o, nil
	}
	return nil, errNoOpener
}

var errNoOpener = errors.New("nothing that opens a URL is found")

// end ends an opener that is still there.
func (o *opener) end() {
	if o.stays {
		return
	}
	_ = o.cmd.Process.Kill()
	<-o.done
}
