package trace

import "time"

// SchemaVersion is the version of the JSON form of a [Trace]. Fields are only ever added.
const SchemaVersion = 1

// A Trace is what is known of one chain: its hops, what is odd about them, and how it ended. Like a
// [Hop] it is masked already, unless it is Revealed. Its JSON form is described in docs/schemas/trace.schema.json.
type Trace struct {
	SchemaVersion int       `json:"schema_version"`
	Tool          string    `json:"tool,omitempty"` // what recorded it: "vnv 1.0"; of a foreign file its own words
	Started       time.Time `json:"started"`        // UTC; zero: the file does not say
	URL           string    `json:"url"`            // where the chain begins
	Outcome       string    `json:"outcome"`        // how it ended, in words
	End           End       `json:"end"`
	Hops          []Hop     `json:"hops"`
	Findings      []Finding `json:"findings"`
	Settings      []Setting `json:"settings,omitempty"`
	Revealed      bool      `json:"revealed,omitempty"` // nothing in it is masked: whoever made it asked for that
	Failed        *Failure  `json:"failed,omitempty"`   // why the flow ended that the chain is part of; nil: it did not fail, or nobody says
}

// A Failure is why a flow ended: at which step, with which error of the far side, and what whoever ran it
// took for the cause.
type Failure struct {
	Step  string `json:"step"`            // "enable", "authorize", "exchange" or "verify"
	Kind  string `json:"kind,omitempty"`  // of the failure, as vnv names it: "denied"
	Code  string `json:"code,omitempty"`  // an error's, as the far side names it: "invalid_grant"
	Cause string `json:"cause,omitempty"` // as vnv explain names it
}

// An End is how a chain ended.
type End struct {
	Kind        string `json:"kind"` // one of the End… names
	Hop         int    `json:"hop"`  // which hop was the last; 0: there was none
	Status      int    `json:"status,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Title       string `json:"title,omitempty"`  // of a page
	Code        string `json:"code,omitempty"`   // an error's: "access_denied"
	Reason      string `json:"reason,omitempty"` // why it went no further: "meta-refresh", "dns"
	Detail      string `json:"detail,omitempty"` // the same in words, where the reason has several: "a bad port"
}

// How a chain can end.
const (
	EndCallback = "callback" // at the redirect URI
	EndDenied   = "denied"   // at the redirect URI or in JSON, with an error
	EndAnswer   = "answer"   // at an answer in JSON
	EndPage     = "page"     // at an HTML page
	EndDead     = "dead-end" // at an answer that leads nowhere
	EndStopped  = "stopped"  // at a redirect that was not followed
	EndFailed   = "failed"   // without an answer, or a whole one
	EndNone     = "none"     // before it began
)

// A Finding is something worth knowing about a chain.
type Finding struct {
	Name     string `json:"name"`           // which rule found it: "cookie-lost"; stable
	Step     string `json:"step,omitempty"` // of the hop
	Hop      int    `json:"hop"`            // its N; 0: the chain as a whole
	Level    string `json:"level"`          // one of the Level… names
	Text     string `json:"text"`           // one sentence for people
	Evidence string `json:"evidence,omitempty"`
}

// How much a finding matters.
const (
	LevelInfo    = "info"    // news, often all right
	LevelWarning = "warning" // some client or some day will stumble over it
	LevelError   = "error"   // why the chain fails, or leaks
)

// A Setting is a value that the chain was followed with, and where it came from.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"` // masked
	Origin string `json:"origin"`
}

// chainSteps are the names of steps whose requests make up a chain; the other steps are API calls.
var chainSteps = set("", "authorize", "trace")

// Chain returns the hops of the chain itself, without the API calls before and after it.
func (t *Trace) Chain() []Hop {
	return chainOf(t.Hops)
}

// chainOf is Chain; where no step is known to be a chain's, all hops are.
func chainOf(hops []Hop) []Hop {
	var out []Hop
	for _, h := range hops {
		if chainSteps[h.Step] {
			out = append(out, h)
		}
	}
	if out == nil {
		return hops
	}
	return out
}

// Duration is how long the chain took, from the start of its first hop to the end of its last; 0 if
// nothing says when.
func (t *Trace) Duration() time.Duration {
	chain := t.Chain()
	if len(chain) == 0 {
		return 0
	}
	last := chain[len(chain)-1]
	return max(0, last.Start.Add(last.Total).Sub(chain[0].Start))
}
