package render

import (
	"fmt"
	"time"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
)

// strays are the sentences about what came in place of the callback.
var strays = map[callback.Reason]string{
	callback.ReasonPath:              "not for the redirect URI's path",
	callback.ReasonMethod:            "it is not a GET, as a redirect is",
	callback.ReasonOrigin:            "it is not from the page that hands the answer over",
	callback.ReasonPage:              "the page was opened, but no script ran in it",
	callback.ReasonMalformed:         "its answer is damaged",
	callback.ReasonIncomplete:        "it holds neither a code nor an error",
	callback.ReasonUnreadable:        "it is not readable as HTTP; https to a plain port looks so",
	callback.ReasonErrorWithoutState: "an error without this attempt's state, which anybody can send",
	callback.ReasonState:             "its code is of another attempt: the state is not this one's",
	callback.ReasonDuplicate:         "the callback was there already",
	callback.ReasonLate:              "the wait was over",
}

// pastes say of what was pasted what is wrong with it, and what to paste.
var pastes = map[callback.Reason]string{
	callback.ReasonMalformed:         "it is damaged: copy the address again, whole",
	callback.ReasonIncomplete:        "neither a code nor an error is in it: copy the whole address that the redirects ended at",
	callback.ReasonErrorWithoutState: "an error without this attempt's state: copy the whole address, of this attempt",
	callback.ReasonState:             "its code is of another attempt, for the state is not this one's: open the URL above, and paste where that ends",
}

// stray tells of what is not taken. Requests are many and of anybody: only what may matter is
// told without being asked for. A paste is somebody's who waits for an answer.
func (s *Story) stray(e flow.Ignored) {
	i := e.Callback
	why := strays[i.Reason]
	if e.Pasted && pastes[i.Reason] != "" {
		why = pastes[i.Reason]
	}
	if why == "" {
		why = string(i.Reason)
	}
	if i.ErrorName != "" {
		why = i.ErrorName + ", " + why
	}
	switch {
	case e.Pasted:
		s.note("what was pasted is not taken: " + why)
		return
	case i.Proved:
		s.note("this attempt's callback is not taken: " + why)
	case s.Verbose, i.ErrorName != "":
		s.note(fmt.Sprintf("ignored a request: %s (%d so far)", why, i.Count))
	}
	s.ignored++
}

// counts tells whether the time left is drawn anew each second.
func (s *Story) counts(e flow.AuthURL) bool {
	return s.Live && !s.Quiet && s.Now != nil && !e.Until.IsZero()
}

// waits begins to show how long a person still has, and how much else came.
func (s *Story) waits(e flow.AuthURL) {
	if !s.counts(e) {
		return
	}
	s.until = e.Until
	over := make(chan struct{})
	s.over = over
	s.countdown()
	s.ticking.Go(func() {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for {
			select {
			case <-over:
				return
			case <-second.C:
				s.tick(over)
			}
		}
	})
}

// tick draws anew, unless the wait ended meanwhile, or nobody watches for now.
func (s *Story) tick(over chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == over && (s.Watched == nil || s.Watched()) {
		s.countdown()
	}
}

// countdown draws what is left, if a person is waited for.
func (s *Story) countdown() {
	if s.over == nil {
		return
	}
	text := Clock(s.until.Sub(s.Now())) + " left"
	switch {
	case s.ignored == 1:
		text += ", 1 stray request ignored"
	case s.ignored > 1:
		text += fmt.Sprintf(", %d stray requests ignored", s.ignored)
	}
	s.show(text)
}

// waited ends the countdown.
func (s *Story) waited() {
	if s.over != nil {
		close(s.over)
		s.over = nil
	}
}

// Clock writes a time that runs: 2:41.
func Clock(d time.Duration) string {
	d = max(d.Round(time.Second), 0)
	return fmt.Sprintf("%d:%02d", d/time.Minute, d%time.Minute/time.Second)
}
