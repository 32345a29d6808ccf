package render

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// Story tells a flow on stderr as it goes.
type Story struct {
	W       io.Writer
	Style   Style
	Verbose bool // listening lines, every ignored request
	Trace   bool // the timing of every hop, API requests too
	Hops    bool // the redirects of a step that went well
	Live    bool // somebody watches: a line may be redrawn
	Pastes  bool // a person can paste the callback URL
	NoURL   bool // the auth_url is shown elsewhere
	Quiet   bool // nothing but what a person must open, and answers to what they paste
	Mask    *trace.Mask
	Now     func() time.Time               // of the time left, which Live shows
	Watched func() bool                    // with Live: somebody watches just now; nil: always
	Analyse func([]trace.Hop) *trace.Trace // with Trace: finds what is odd about the hops of a step; nil: nothing

	mu      sync.Mutex  // a countdown draws beside the events
	hops    []trace.Hop // of the step under way
	status  bool        // a status line stands at the cursor
	told    int         // lines so far
	ignored int
	failed  bool
	said    map[string]bool // news that --trace has told of

	until   time.Time     // when the wait under way ends
	over    chan struct{} // closed when it is over; nil: nobody waits
	ticking sync.WaitGroup
}

// Failed tells whether the story has shown the error of a step already.
func (s *Story) Failed() bool { return s.failed }

// Close takes the status line away, whichever way the flow ended.
func (s *Story) Close() {
	s.mu.Lock()
	s.waited()
	s.clear()
	s.mu.Unlock()
	s.ticking.Wait()
}

// Sink is the text rendering of [flow.Event].
func (s *Story) Sink(event flow.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Quiet && !asked(event) {
		return
	}
	switch e := event.(type) {
	case flow.StepStarted:
		s.hops = nil
		s.show(string(e.Step))
	case flow.HopDone:
		s.hops = append(s.hops, e.Hop)
		s.show(fmt.Sprintf("%s  hop %d, %s", e.Hop.Step, e.Hop.N, place(e.Hop.URL)))
	case flow.StepDone:
		s.waited()
		s.stepLine("✓", good, e.Step, s.doneText(e), Took(e.Took))
		s.hopLines(s.Hops || s.Trace, "callback")
	case flow.StepFailed:
		s.waited()
		s.failed = true
		s.stepLine("✗", bad, e.Step, s.failure(e.Step, e.Err), Took(e.Took))
		s.hopLines(true, ended(e.Err))
	case flow.Listening:
		if s.Verbose {
			s.note(fmt.Sprintf("listening on %s for %s", strings.Join(e.Addrs, " and "), e.RedirectURI))
		}
	case flow.AuthURL:
		if !s.NoURL {
			s.ask(e)
		}
		s.waits(e)
	case flow.CallbackReceived:
		s.waited()
		s.clear()
	case flow.Ignored:
		s.stray(e)
		s.countdown()
	case flow.Note:
		s.note(s.Mask.Text(e.Text))
		s.countdown()
	}
}

// asked tells whether a person must see an event even where nothing is to be told: the URL
// that they must open, and why what they pasted is not taken.
func asked(event flow.Event) bool {
	switch e := event.(type) { //nolint:gochecksumtype // all else is story
	case flow.AuthURL:
		return true
	case flow.Ignored:
		return e.Pasted
	}
	return false
}

// stepLine writes a step's line; what does not fit goes on below it.
func (s *Story) stepLine(mark string, t tone, step vnv.Op, text, took string) {
	s.clear()
	const indent = 14
	lines := s.Style.wrap(text, s.Style.width()-indent-len(took)-3)
	for i, l := range lines {
		if i > 0 {
			s.print(strings.Repeat(" ", indent) + l + "\n")
			continue
		}
		whole := s.Style.line(fmt.Sprintf(" %s %-10s %s", mark, step, l), took)
		spelled := s.Style.spell(mark)
		s.print(strings.Replace(whole, spelled, s.Style.paint(t, spelled), 1) + "\n")
	}
}

// failure is an error's text without what was being done, which the line says already.
func (s *Story) failure(step vnv.Op, err error) string {
	text := err.Error()
	for _, doing := range []string{string(step) + ": ", "follow ", "callback: "} {
		text = strings.TrimPrefix(text, doing)
	}
	return s.Mask.Text(text)
}

// doneText says what a step brought: rows by step.
func (s *Story) doneText(e flow.StepDone) string {
	switch e.Step {
	case vnv.OpJWT:
		return "RS256 for " + short(e.Session.ApplicationID) + ", " + Lifetime(e.Lifetime)
	case vnv.OpEnable:
		if c := e.Session.RequiresCarrierNetwork; c != nil && *c {
			return s.phone(e.Session) + ", to be opened on carrier data"
		}
		return s.phone(e.Session) + " is on a supported network"
	case vnv.OpAuthorize:
		if v := e.Session.Verified; v != nil && !*v {
			return "answered: the device does not hold the number"
		}
		proof := "state matches"
		if e.Session.RequestID != "" {
			proof = "request id matches"
		}
		switch e.Redirects {
		case 0:
			return "callback received, " + proof
		case 1:
			return "1 redirect, " + proof
		default:
			return fmt.Sprintf("%d redirects, %s", e.Redirects, proof)
		}
	case vnv.OpExchange:
		if e.Lifetime > 0 {
			return "access token, " + Lifetime(e.Lifetime)
		}
		return "access token"
	case vnv.OpVerify:
		if v := e.Session.Verified; v != nil && *v {
			return "the device holds the number"
		}
		return "the device does not hold the number"
	default:
		return ""
	}
}

func short(id string) string {
	if len(id) > 8 {
		return trace.Printable(id[:8]) + "…"
	}
	return trace.Printable(id)
}

func (s *Story) note(text string) {
	s.clear()
	for i, l := range s.Style.wrap(text, s.Style.width()-6) {
		mark := "–"
		if i > 0 {
			mark = " "
		}
		s.print(" " + mark + " " + l + "\n")
	}
}

// show draws what is under way; it is gone before anything else is written.
func (s *Story) show(text string) {
	if !s.Live {
		return
	}
	s.clear()
	s.print(" " + s.Style.paint(faint, s.Style.cut("… "+text, s.Style.width()-3)))
	s.status = true
}

func (s *Story) clear() {
	if s.status {
		s.print("\r\x1b[K")
		s.status = false
	}
}

func (s *Story) print(text string) {
	s.told += strings.Count(text, "\n")
	s.Style.write(s.W, text)
}
