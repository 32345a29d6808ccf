package verdict

import (
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// An Observation is all that is known of a failure. The more of it is filled, the surer
// the verdict; every field may be left out. What is not known is not held against
// anybody: the zero value of a field means that nobody looked.
type Observation struct {
	Err   *vnv.Error   // how the step ended; nil with a Trace: the chain alone is judged
	Trace *trace.Trace // hops of every step, masked; findings; how the chain ended
	End   trace.End    // how the chain or the wait for the callback ended, if Trace does not say so
	Said  string       // the far side's own sentence at the end of a chain

	Command string // what was run, without vnv: "trace", "callback listen"; empty: run
	Step    vnv.Op // empty: that of Err
	Vendor  bool   // the API's host is the vendor's, or the sandbox plays it
	Virtual bool   // the number is the virtual operator's and ends in 99
	Phone   string // as it may be shown, for commands
	API     string // its name
	AppID   string // application id in use
	Key     string // fingerprint of the key in use
	Sandbox bool   // the flow runs against the sandbox of the same process
	Local   bool   // the API is on this machine, and so is who opens its URL

	RedirectURI string         // in use
	Registered  string         // in the dashboard
	State       string         // of the callback: "missing" or "other"; empty: not known
	CalledAt    string         // where the callback with this attempt's state went: that is the registered one
	Ours        bool           // the redirect URI comes back to this process
	Seen        map[string]int // requests at the listener that were not taken, by reason ("path", "state", …)
	Device      string         // who opened the URL: "follow", "browser", "none", …

	RequiresCarrier bool     // enable said that the device must be on carrier data
	LooksCellular   []string // interfaces of this machine that do
	NoCellular      bool     // it was looked for, and there is none

	Skew   time.Duration // this machine's clock is ahead of the far side's by this
	JWT    []JWTFinding  // what is wrong with the JWT
	Waited time.Duration // from the callback, else from enable, to the exchange
	Spent  bool          // an earlier try with the same code or token was noted
	Life   time.Duration // of the access token, as the exchange said
	Age    time.Duration // of the access token when it was used
	Late   time.Duration // how long after its end the access token was used

	Hosts   []string // of the steps' URLs, where they differ
	Proxy   string   // the proxy in use, without credentials
	Issuer  string   // of a certificate that was refused
	Notices []string // deprecation and the like, beside Err.Notices
	Client  string   // the client whose rules the chain was followed by: "android"
	HTML    bool     // the answer was a web page
}

// A JWTFinding is one thing that is wrong with a JWT.
type JWTFinding struct {
	Level string `json:"level"` // "error", "warning", "note"
	Claim string `json:"claim"`
	Text  string `json:"text"`
}

// Confidence says how much an observation speaks for a cause.
type Confidence int

// The confidences. Possible fits, among others; Likely fits best of what is usual;
// Certain is what the far side said in so many words, or what was measured.
const (
	Possible Confidence = iota + 1
	Likely
	Certain
)

// String is the word for it, as in JSON.
func (c Confidence) String() string {
	return [...]string{"", "possible", "likely", "certain"}[max(0, min(c, Certain))]
}

// MarshalText implements [encoding.TextMarshaler].
func (c Confidence) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]; an unknown word is [Possible].
func (c *Confidence) UnmarshalText(b []byte) error {
	*c = Possible
	for known := Possible; known <= Certain; known++ {
		if known.String() == string(b) {
			*c = known
		}
	}
	return nil
}

// Evidence is one observation that speaks for a cause.
type Evidence struct {
	Hop   int    `json:"hop,omitempty"` // of the chain, from 1
	Field string `json:"field"`         // what was looked at: "status", "code", "title", "requires_carrier_network"
	Text  string `json:"text"`          // a clause for people
}

// A Candidate is a cause that fits, and why.
type Candidate struct {
	Cause      string     `json:"cause"`
	Confidence Confidence `json:"confidence"`
	Title      string     `json:"title"`
	Evidence   []Evidence `json:"evidence"`
	Fix        string     `json:"fix"`
	Next       []string   `json:"next"` // commands, the number filled in
}
