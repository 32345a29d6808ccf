package trace

import "errors"

// A Format is a kind of file that [Read] understands.
type Format string

// The formats.
const (
	FormatTrace   Format = "trace"     // our own, of vnv trace -o json
	FormatOutcome Format = "outcome"   // our own, of vnv run -o json, or an error document with hops
	FormatEvents  Format = "events"    // our own, of -o ndjson
	FormatHAR     Format = "har"       // HAR 1.1 or 1.2, ours or foreign
	FormatCurl    Format = "curl"      // what curl -v writes to stderr
	FormatSDK     Format = "url_trace" // the debug output of the vendor's phone libraries
)

// errFormat is what is said of a file that is none of these.
var errFormat = errors.New("reading a trace: this is neither vnv's JSON, nor HAR, nor a curl -v log, nor a url_trace of the phone libraries")

// Read reads a saved chain, in whatever of the formats it is, and masks it by m (nil: a fresh one) on
// the way in. Files of vnv's own keep their pseudonyms. The Trace is analysed.
func Read(b []byte, m *Mask) (*Trace, Format, error) {
	return nil, "", errFormat
}
