package render

import (
	"fmt"
	"io"
	"strings"

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
	Mask    *trace.Mask
	Analyse func([]trace.Hop) *trace.Trace // with Trace: finds what is odd about the hops of a step; nil: nothing

	hops    []trace.Hop // of the step under way
	status  bool        // a status line stands at the cursor
	ignored int
	failed  bool
	said    map[string]bool // news that --trace has told of
}

// Failed tells whether the story has shown the error of a step already.
func (s *Story) Failed() bool { return s.failed }

// Close takes the status line away, whichever way the flow ended.
func (s *Story) Close() { s.clear() }

// Sink is the text rendering of [flow.Event].
func (s *Story) Sink(event flow.Event) {
	switch e := event.(type) {
	case flow.StepStarted:
		s.hops = nil
		s.show(string(e.Step))
	case flow.HopDone:
		s.hops = append(s.hops, e.Hop)
		s.show(fmt.Sprintf("%s  hop %d, %s", e.Hop.Step, e.Hop.N, place(e.Hop.URL)))
	case flow.StepDone:
		s.stepLine("✓", good, e.Step, s.doneText(e), Took(e.Took))
		s.hopLines(s.Hops || s.Trace, "callback")
	case flow.StepFailed:
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
	case flow.CallbackReceived:
		s.clear()
	case flow.Ignored:
		s.stray(e)
	case flow.Note:
		s.note(s.Mask.Text(e.Text))
	}
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

func (s *Story) stray(e flow.Ignored) {
	s.ignored++
	if !s.Verbose && e.Callback.ErrorName == "" {
		return
	}
	text := "ignored a request: " + string(e.Callback.Reason)
	if e.Callback.ErrorName != "" {
		text += " (" + e.Callback.ErrorName + ")"
	}
	s.note(fmt.Sprintf("%s, %d so far", text, e.Callback.Count))
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

func (s *Story) print(text string) { s.Style.write(s.W, text) }
