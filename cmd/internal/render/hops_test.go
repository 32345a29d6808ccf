package render_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// told is what a story says of some events.
func told(story *render.Story, events ...flow.Event) string {
	var out bytes.Buffer
	story.W, story.Style = &out, render.Style{Unicode: true, Columns: 80}
	for _, e := range events {
		story.Sink(e)
	}
	story.Close()
	return out.String()
}

// Where the chain led that nobody requested: to the callback, or to what may not be followed.
func TestUndelivered(t *testing.T) {
	t.Parallel()
	hop := flow.HopDone{Hop: trace.Hop{N: 1, Step: "authorize", Status: 302, URL: "https://a.example/auth", Location: "https://dev.example/cb?code=code~1", Role: trace.RoleVendor}}
	failed := func(kind vnv.Kind) flow.Event {
		return flow.StepFailed{Step: vnv.OpAuthorize, Err: &vnv.Error{Op: vnv.OpAuthorize, Kind: kind}}
	}
	for name, c := range map[string]struct {
		end  flow.Event
		line string
	}{
		"done":    {flow.StepDone{Step: vnv.OpAuthorize, Redirects: 1}, "     →       callback  dev.example/cb\n"},
		"denied":  {failed(vnv.KindDenied), "     →       callback  dev.example/cb\n"},
		"refused": {failed(vnv.KindRedirect), "     →       next      dev.example/cb\n"},
	} {
		if got := told(&render.Story{Hops: true, Mask: &trace.Mask{}}, hop, c.end); !strings.Contains(got, c.line) {
			t.Errorf("%s: %q is not in\n%s", name, c.line, got)
		}
	}
}

func TestRevealedNumber(t *testing.T) {
	t.Parallel()
	done := flow.StepDone{Step: vnv.OpEnable, Session: flow.Session{Phone: "+99012345678"}}
	if got := told(&render.Story{Mask: &trace.Mask{}}, done); !strings.Contains(got, "+990••••••78 is") {
		t.Error(got)
	}
	if got := told(&render.Story{Mask: &trace.Mask{Reveal: true}}, done); !strings.Contains(got, "+99012345678 is") {
		t.Error(got)
	}
}
