package render

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// Millis is a duration in JSON: milliseconds, to the microsecond.
type Millis time.Duration

// MarshalJSON implements [json.Marshaler].
func (m Millis) MarshalJSON() ([]byte, error) {
	return json.Marshal(float64(time.Duration(m).Microseconds()) / 1000)
}

// StepRow is one step in the outcome of a run.
type StepRow struct {
	Step     vnv.Op `json:"step"`
	OK       bool   `json:"ok"`
	Duration Millis `json:"duration_ms"`
}

// Failure is the one shape of an error in JSON, on stdout and in events.
type Failure struct {
	Op       string `json:"op"`
	Kind     string `json:"kind"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
	ExitCode int    `json:"exit_code"`
	TraceID  string `json:"trace_id"`
	Hop      int    `json:"hop"`
	Sent     string `json:"sent"`

	Status     int    `json:"status,omitempty"`
	Correlator string `json:"x_correlator,omitempty"`

	Causes []verdict.Candidate `json:"causes,omitempty"` // the most likely first
}

// Document writes one value as indented JSON with a newline.
func Document(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// Lines writes events as newline-delimited JSON, each with its name under "event".
// The first error of the writer is kept and ends the writing.
type Lines struct {
	W    io.Writer
	Mask *trace.Mask
	err  error
}

// Err returns the first error of writing.
func (l *Lines) Err() error { return l.err }

// Write writes one line.
func (l *Lines) Write(v any) {
	if l.err != nil {
		return
	}
	enc := json.NewEncoder(l.W)
	enc.SetEscapeHTML(false)
	l.err = enc.Encode(v)
}

// Result writes the last line of a command that has an answer.
func (l *Lines) Result(v any) {
	l.Write(struct {
		Event  string `json:"event"`
		Result any    `json:"result"`
	}{"result", v})
}

// Failed writes the last line of a command that has none.
func (l *Lines) Failed(f Failure) {
	l.Write(struct {
		Event string  `json:"event"`
		Error Failure `json:"error"`
	}{"error", f})
}

// Passed writes the last line of a command that hands an earlier step's failure on.
func (l *Lines) Passed(failure json.RawMessage) {
	l.Write(struct {
		Event string          `json:"event"`
		Error json.RawMessage `json:"error"`
	}{"error", failure})
}

// line is one event; a field that an event does not have is left out.
type line struct {
	Event           string      `json:"event"`
	Step            vnv.Op      `json:"step,omitempty"`
	Duration        *Millis     `json:"duration_ms,omitempty"`
	Message         string      `json:"message,omitempty"`
	Addrs           []string    `json:"addrs,omitempty"`
	RedirectURI     string      `json:"redirect_uri,omitempty"`
	AuthURL         string      `json:"auth_url,omitempty"`
	Device          flow.Device `json:"device,omitempty"`
	RequiresCarrier *bool       `json:"requires_carrier_network,omitempty"`
	Via             string      `json:"via,omitempty"`
	Reason          string      `json:"reason,omitempty"`
	Count           int         `json:"count,omitempty"`
	Error           string      `json:"error,omitempty"`
	Hop             *trace.Hop  `json:"hop,omitempty"`
}

// Sink is the NDJSON rendering of [flow.Event].
func (l *Lines) Sink(event flow.Event) {
	took := func(d time.Duration) *Millis { m := Millis(d); return &m }
	switch e := event.(type) {
	case flow.StepStarted:
		l.Write(line{Event: "step_started", Step: e.Step})
	case flow.StepDone:
		l.Write(line{Event: "step_done", Step: e.Step, Duration: took(e.Took)})
	case flow.StepFailed:
		l.Write(line{Event: "step_failed", Step: e.Step, Duration: took(e.Took), Message: l.Mask.Text(e.Err.Error())})
	case flow.Listening:
		l.Write(line{Event: "listening", Addrs: e.Addrs, RedirectURI: l.Mask.URL(e.RedirectURI)})
	case flow.AuthURL:
		l.Write(line{Event: "auth_url", AuthURL: e.URL, Device: e.Device, RequiresCarrier: &e.RequiresCarrier, RedirectURI: l.Mask.URL(e.RedirectURI)})
	case flow.HopDone:
		l.Write(line{Event: "hop", Step: vnv.Op(e.Hop.Step), Hop: &e.Hop})
	case flow.CallbackReceived:
		l.Write(line{Event: "callback", Via: e.Via})
	case flow.Ignored:
		l.Write(line{Event: "ignored", Reason: string(e.Callback.Reason), Count: e.Callback.Count, Error: e.Callback.ErrorName, Via: via(e)})
	case flow.Note:
		l.Write(line{Event: "note", Step: e.Step, Message: l.Mask.Text(e.Text)})
	}
}

// via names how something came, where that is not by a request.
func via(e flow.Ignored) string {
	if e.Pasted {
		return callback.ViaPaste
	}
	return ""
}
