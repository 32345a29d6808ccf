package cli

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/cmd/internal/render"
)

// The forms of an answer.
const (
	formatText   = "text"
	formatJSON   = "json"
	formatNDJSON = "ndjson"
)

var (
	formats     = []string{formatText, formatJSON, formatNDJSON}
	colorChoice = []string{"auto", "always", "never"}
)

// output is how the answer and the story are to look.
type output struct {
	format  string
	jq      string
	color   string
	trace   bool
	quiet   bool
	verbose bool
	reveal  bool

	query *gojq.Code
}

func (o *output) json() bool { return o.format == formatJSON || o.format == formatNDJSON }

// add defines the output flags. The answer of a single step is what it is, so only
// commands that mask theirs have --reveal.
func (o *output) add(fs *pflag.FlagSet) {
	fs.StringVarP(&o.format, "output", "o", formatText, "form of the answer: `text|json|ndjson`")
	fs.StringVar(&o.jq, "jq", "", "jq `EXPR` to apply to the answer; implies -o json")
	fs.BoolVar(&o.trace, "trace", false, "show the timing of every request")
	fs.BoolVarP(&o.quiet, "quiet", "q", false, "the answer only, and errors")
	fs.BoolVarP(&o.verbose, "verbose", "v", false, "tell more")
	fs.StringVar(&o.color, "color", "auto", "colour: `auto|always|never`")
	fs.BoolVar(&o.reveal, "reveal", false, "mask nothing: not in the story, the outcome or the files")
}

// check judges the output flags, once they are parsed.
func (o *output) check() error {
	if err := oneOf("output", o.format, formats); err != nil {
		return err
	}
	if err := oneOf("color", o.color, colorChoice); err != nil {
		return err
	}
	if o.jq == "" {
		return nil
	}
	if o.format == formatNDJSON {
		return usagef("--jq gives json, not ndjson: pipe the lines into jq instead")
	}
	o.format = formatJSON
	parsed, err := gojq.Parse(o.jq)
	if err != nil {
		return usagef("--jq %s: %s", printable(o.jq), printable(err.Error()))
	}
	if o.query, err = gojq.Compile(parsed); err != nil {
		return usagef("--jq %s: %s", printable(o.jq), printable(err.Error()))
	}
	return nil
}

// guess reads the form of the answer from raw arguments: a mistake in the flags
// themselves must be told in the form that was asked for, too.
func (o *output) guess(args []string) {
	o.format, o.color = formatText, "auto"
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		switch {
		case arg == "--":
			return
		case name == "--jq":
			o.format = formatJSON
		case name == "-o", name == "--output":
			if slices.Contains(formats, value) {
				o.format = value
			}
		case slices.Contains(formats, strings.TrimPrefix(arg, "-o")):
			o.format = strings.TrimPrefix(arg, "-o")
		}
	}
}

// oneOf refuses a word that is none of some, and names the nearest.
func oneOf(flag, word string, words []string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return usagef("--%s %s: not one of %s%s", flag, printable(word), strings.Join(words, ", "), didYouMean(word, words))
}

// answer writes the answer in the form asked for: text, or the document doc, which
// is the last line in ndjson.
func (a *app) answer(text string, doc []byte) error {
	switch a.out.format {
	case formatText:
		return a.stdout([]byte(text + "\n"))
	case formatNDJSON:
		if a.lines == nil { // no event was written before
			a.lines = &render.Lines{W: a.Out, Mask: a.mask}
		}
		a.lines.Result(json.RawMessage(compact(doc)))
		return a.lines.Err()
	}
	if a.out.query == nil {
		return a.stdout(doc)
	}
	return a.filtered(doc)
}

func compact(doc []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, doc) != nil {
		return doc
	}
	return b.Bytes()
}

// filtered applies --jq: texts come out bare, all else as JSON, one a line.
func (a *app) filtered(doc []byte) error {
	var value any
	if err := json.Unmarshal(doc, &value); err != nil {
		return err
	}
	var b bytes.Buffer
	for iter := a.out.query.Run(value); ; {
		got, ok := iter.Next()
		if !ok {
			return a.stdout(b.Bytes())
		}
		if err, failed := got.(error); failed {
			return usagef("--jq: %s", a.mask.Text(err.Error()))
		}
		if text, bare := got.(string); bare {
			b.WriteString(text + "\n")
			continue
		}
		line, err := gojq.Marshal(got)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
}

// style is what the story's stream can show: flag, then NO_COLOR, CLICOLOR_FORCE
// and TERM, then whether it is a terminal.
func (a *app) style() render.Style {
	s := render.Style{Color: a.colored(), Unicode: a.unicode(), Columns: a.columns()}
	if a.Size != nil {
		_, s.Rows = a.Size()
	}
	return s
}

func (a *app) colored() bool { return a.coloredOn(a.ErrTTY) }

// live tells whether a line of the story may be redrawn: on a terminal where escape sequences are
// welcome, which is what colour asks too.
func (a *app) live() bool { return a.ErrTTY && a.colored() && a.Getenv("TERM") != "dumb" }

// outStyle is what stdout can show.
func (a *app) outStyle() render.Style {
	s := a.style()
	s.Color = a.coloredOn(a.OutTTY)
	return s
}

func (a *app) coloredOn(terminal bool) bool {
	switch {
	case a.out.color == "always":
		return true
	case a.out.color == "never", a.Getenv("NO_COLOR") != "":
		return false
	case a.Getenv("CLICOLOR_FORCE") != "" && a.Getenv("CLICOLOR_FORCE") != "0":
		return true
	case a.Getenv("TERM") == "dumb":
		return false
	default:
		return terminal
	}
}

// unicode is what the locale says; where it says nothing, a terminal of today.
func (a *app) unicode() bool {
	locale := strings.ToUpper(first(a.Getenv("LC_ALL"), a.Getenv("LC_CTYPE"), a.Getenv("LANG")))
	return locale == "" && a.Getenv("TERM") != "dumb" || strings.Contains(locale, "UTF-8") || strings.Contains(locale, "UTF8")
}

func completeWords(words []string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}
