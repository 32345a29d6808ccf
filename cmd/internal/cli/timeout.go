package cli

import (
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/render"
)

// timeoutError is why a command ended that took longer than --timeout.
type timeoutError time.Duration

func (t timeoutError) Error() string {
	return "the " + render.Span(time.Duration(t)) + " of --timeout are over"
}
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
