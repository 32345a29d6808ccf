package trace

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A Format is a kind of file that [Read] understands.
type Format string

// The formats.
const (
	FormatTrace   Format = "trace"     // our own, of vnv trace -o json
	FormatOutcome Format = "outcome"   // our own, of vnv run -o json
	FormatEvents  Format = "events"    // our own, of -o ndjson
	FormatHAR     Format = "har"       // HAR 1.1 or 1.2, ours or foreign
	FormatCurl    Format = "curl"      // what curl -v writes to stderr
	FormatSDK     Format = "url_trace" // the debug output of the vendor's phone libraries
)

const (
	maxFile = 64 << 20 // bytes of a file that is read
	maxHops = 1000     // hops of a file that are read
)

// errFormat is what is said of a file that is none of these.
var errFormat = errors.New("reading a trace: this is neither vnv's JSON, nor HAR, nor a curl -v log, nor a url_trace of the phone libraries")

// errSize is what is said of a file that is too big.
var errSize = fmt.Errorf("reading a trace: more than %d MiB", maxFile>>20)

// readers read a file of their format into r.
var readers = map[Format]func(*reader, []byte) error{
	FormatTrace: (*reader).trace, FormatOutcome: (*reader).outcome, FormatEvents: (*reader).events,
	FormatHAR: (*reader).har, FormatCurl: (*reader).curl, FormatSDK: (*reader).sdk,
}

// Read reads a saved chain, in whatever of the formats it is, and masks it by m (nil: a fresh one) on
// the way in. Files of vnv's own keep their pseudonyms. The Trace is analysed; findings that the
// file brings are kept. The error says what is wrong with the file and where, and quotes none of it.
func Read(b []byte, m *Mask) (*Trace, Format, error) {
	b, format, err := sniff(b)
	if err != nil {
		return nil, "", err
	}
	if m == nil {
		m = &Mask{}
	}
	r := &reader{mask: m, params: tracker{}}
	if err := readers[format](r, b); err != nil {
		return nil, format, fmt.Errorf("reading a trace: %s: %w", format, err)
	}
	return r.result(), format, nil
}

// sniff tells the format of b, and takes its byte order mark off.
func sniff(b []byte) ([]byte, Format, error) {
	if len(b) > maxFile {
		return nil, "", errSize
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(b), []byte("\ufeff")))
	if len(b) == 0 {
		return nil, "", errors.New("reading a trace: the file is empty")
	}
	if b[0] == '{' {
		return sniffJSON(b)
	}
	for _, f := range []struct {
		format Format
		marks  []string
	}{
		{FormatSDK, []string{"\nStart connection ", "\ncommand:\n", "Start connection on simulator "}},
		{FormatCurl, []string{"\n> ", "\n< ", "\n* ", " > ", " < "}},
		{FormatSDK, []string{"CellularClient", "VGSilentAuth"}},
	} {
		text := "\n" + string(b)
		for _, mark := range f.marks {
			if strings.Contains(text, mark) {
				return b, f.format, nil
			}
		}
	}
	return nil, "", errFormat
}

// sniffJSON tells the format of a JSON object, or of lines of them, by its names.
func sniffJSON(b []byte) ([]byte, Format, error) {
	var names map[string]json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&names); err != nil {
		return nil, "", fmt.Errorf("reading a trace: this is no whole JSON document: %w", jsonTrouble(b, err))
	}
	if names["event"] != nil {
		return b, FormatEvents, nil
	}
	if len(bytes.TrimSpace(b[dec.InputOffset():])) > 0 {
		return nil, "", errors.New("reading a trace: something follows the JSON document")
	}
	for _, f := range []struct {
		name   string
		format Format
	}{
		{"log", FormatHAR},
		{"end", FormatTrace},
		{"findings", FormatTrace},
		{"hops", FormatOutcome},
		{"debug", FormatSDK},
		{"url_trace", FormatSDK},
		{"http_status", FormatSDK},
	} {
		if names[f.name] != nil {
			return b, f.format, nil
		}
	}
	return nil, "", errFormat
}

// jsonTrouble is where and why b is not the JSON that was wanted, without a word of it.
func jsonTrouble(b []byte, err error) error {
	if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%s must not be %s (line %d)", cmp.Or(strings.ReplaceAll(bad.Field, "plainHop.", ""), "the document"), bad.Value, line(b, bad.Offset))
	}
	if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
		if bad.Offset >= int64(len(b)) {
			return errors.New("it ends too early")
		}
		return fmt.Errorf("a mistake in line %d", line(b, bad.Offset))
	}
	return errors.New("it ends too early")
}

// line is the number of the line in which b has its byte at.
func line(b []byte, at int64) int {
	return 1 + bytes.Count(b[:max(0, min(at, int64(len(b))))], []byte("\n"))
}
