package flow

import (
	"sync"
	"time"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// Event is something that happened. The set is closed: a sink that forgets one is
// named by the linter.
//
//sumtype:decl
type Event interface{ event() }

// Sink receives the events of a flow, one at a time.
type Sink func(Event)

// StepStarted says that a step begins.
type StepStarted struct{ Step vnv.Op }

// StepDone says that a step has its answer; Session holds it.
type StepDone struct {
	Step      vnv.Op
	Took      time.Duration
	Session   Session
	Lifetime  time.Duration // of the JWT or the access token; 0: unknown
	Redirects int           // followed in authorize
}

// StepFailed says that a step ended without an answer.
type StepFailed struct {
	Step vnv.Op
	Took time.Duration
	Err  error
}

// Listening says where the callback is awaited. It comes before anything blocks.
type Listening struct {
	Addrs       []string
	RedirectURI string
}

// AuthURL carries the URL that the device must open, whole: it is the one secret
// that the story shows, once. It comes before anything blocks.
type AuthURL struct {
	URL             string
	Device          Device
	RequiresCarrier bool
	RedirectURI     string
	Ours            bool      // the callback comes back to our own listener
	Fragment        bool      // the answer comes in the fragment: only a browser that runs scripts hands it over
	Until           time.Time // when the wait for the callback ends; zero: it does not
}

// HopDone says that a request was answered or failed, in whichever step.
type HopDone struct{ Hop trace.Hop }

// CallbackReceived says that the callback which proves our state has arrived.
type CallbackReceived struct{ Via string }

// Ignored says that something else came in place of the callback: a stray request, or a paste.
// What was pasted is never told, for it may be of anybody.
type Ignored struct {
	Callback callback.Ignored
	Pasted   bool
}

// Note is news beside the steps: a deprecation, a retry, a fact worth knowing.
type Note struct {
	Step vnv.Op
	Text string
}

func (StepStarted) event()      {}
func (StepDone) event()         {}
func (StepFailed) event()       {}
func (Listening) event()        {}
func (AuthURL) event()          {}
func (HopDone) event()          {}
func (CallbackReceived) event() {}
func (Ignored) event()          {}
func (Note) event()             {}

// Serial makes a sink safe for the follower's and the listener's goroutines.
// A nil sink becomes one that drops all.
func Serial(sink Sink) Sink {
	if sink == nil {
		return func(Event) {}
	}
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		sink(e)
	}
}
