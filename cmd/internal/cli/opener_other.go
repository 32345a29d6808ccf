//go:build !unix

package cli

import "github.com/cli/browser"

// opener is what opens a URL, on its way. Here the system opens it, and no process is ours.
type opener struct {
	done chan struct{}
	err  error
}

func (a *app) startOpener(target string) (*opener, error) {
	o := &opener{done: make(chan struct{})}
	go func() {
		defer close(o.done)
		o.err = browser.OpenURL(target)
	}()
	return o, nil
}

func (o *opener) end() {}
