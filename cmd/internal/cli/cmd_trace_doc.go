package cli

import (
	"runtime"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/cmd/internal/report"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
)

// A chain as every rendering has it: analysed, and judged by every client.
type chainDoc struct {
	*trace.Trace
	Clients []render.Client `json:"clients"`
	Error   *render.Failure `json:"error,omitempty"`
}

// caveat is what the table of clients cannot know.
const caveat = "This machine's chain need not be the phone's: a carrier answers its own network otherwise."

// tool is what made a file.
func tool() string { return "vnv " + version() }

func newChainDoc(t *trace.Trace) chainDoc { return chainDoc{Trace: t, Clients: judged(t)} }

// judged asks every client whether it would get through.
func judged(t *trace.Trace) []render.Client {
	rows := []render.Client{}
	if len(t.Chain()) == 0 {
		return rows
	}
	for _, c := range follow.Clients {
		v := c.Judge(t)
		rows = append(rows, render.Client{
			Name: c.Name, Title: c.Title, Through: v.Through, Unsure: v.Unsure, Hop: v.Hop, Rule: string(v.Rule), Code: v.Code, Note: v.Note,
		})
	}
	return rows
}

// chainText is the text rendering.
func (a *app) chainText(d chainDoc) error {
	return render.Chain{Style: a.outStyle(), Verbose: a.out.verbose, Trace: d.Trace, Clients: d.Clients, Caveat: caveat}.Write(arriving{a})
}

// arriving is stdout whose errors are those of an answer that did not arrive.
type arriving struct{ *app }

func (w arriving) Write(b []byte) (int, error) {
	if err := w.stdout(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// answerChain answers with a chain, in the form asked for.
func (a *app) answerChain(d chainDoc) error {
	if !a.out.json() {
		return a.chainText(d)
	}
	doc, err := render.Document(d)
	if err != nil {
		return err
	}
	return a.answer("", doc)
}

// page is the report of a chain alone.
func (d chainDoc) page(command string) report.Page {
	p := report.Page{
		Trace: d.Trace, Mood: report.Good, Headline: "Through", Summary: "The chain " + d.Outcome + ".", Command: command, Caveat: caveat,
		Versions: []report.Fact{{Name: "go", Value: runtime.Version()[2:]}, {Name: runtime.GOOS, Value: runtime.GOARCH}},
	}
	for _, c := range d.Clients {
		p.Clients = append(p.Clients, report.Client{Title: c.Title, Through: c.Through, Unsure: c.Unsure, Why: c.Why()})
	}
	switch d.End.Kind {
	case trace.EndCallback, trace.EndAnswer:
	case trace.EndDenied:
		p.Mood, p.Headline = report.No, "Denied"
	default:
		p.Mood, p.Headline = report.Bad, "Stopped"
		if d.End.Hop > 0 {
			p.Headline += " at hop " + strconv.Itoa(d.End.Hop)
		}
	}
	if f := d.Error; f != nil {
		p.Summary, p.Advice, p.Cause = f.Message, f.Hint, reported(f.Causes)
	}
	return p
}

// reported is the first of some causes as the report shows it, as the terminal does; nil without any.
func reported(all []verdict.Candidate) *report.Cause {
	if len(all) == 0 {
		return nil
	}
	c := all[0]
	return &report.Cause{Name: c.Cause, Sentence: verdict.Sentence(all), Evidence: render.Evidence(c), Fix: c.Fix, Commands: c.Next}
}

// settingRows are the settings that matter to a chain, and where each came from.
func (r *stepRun) settingRows(keys ...string) []trace.Setting {
	var rows []trace.Setting
	for _, key := range keys {
		s, _ := settingByKey(key)
		value, origin := s.deflt, "default"
		switch {
		case r.config.changed(key):
			value, origin = r.config.shown(s), "--"+s.flag()
		case !r.config.sandbox:
			value, origin = r.config.origin(s)
			value = shownSetting(key, value)
		}
		name := dashed(key)
		if key == "private_key" { // what is handed on names the key, and not where it lies
			name, value = "public key", r.facts.key
		}
		if value == "" {
			continue
		}
		if strings.Contains(value, "://") {
			value = r.mask.URL(value)
		}
		rows = append(rows, trace.Setting{Name: name, Value: r.mask.Text(r.homeless(value)), Origin: r.mask.Text(r.homeless(origin))})
	}
	return rows
}

// shown is a setting in force, as text.
func (c *config) shown(s setting) string {
	switch s.kind {
	case kindDuration:
		return render.Span(c.GetDuration(s.key))
	case kindList:
		return strings.Join(c.GetStringSlice(s.key), " ")
	default:
		return shownSetting(s.key, c.text(s.key))
	}
}
