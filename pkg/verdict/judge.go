package verdict

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// mostCandidates is how many causes are worth reading.
const mostCandidates = 5

// notJudged are kinds of error that say themselves what is wrong, or that are nobody's fault.
var notJudged = []vnv.Kind{vnv.KindInput, vnv.KindInternal, vnv.KindCanceled}

// Judge ranks the causes that fit an observation, the most likely first. It returns
// nil when nothing failed, and when nothing is known that would explain the failure.
func Judge(o Observation) []Candidate {
	v := newView(o)
	if !v.failed() {
		return nil
	}
	var found []Candidate
	tables := []func() []rule{wordRules, apiRules, chainRules, callbackRules, networkRules, catchAlls}
	if v.Step == forwardStep {
		tables = []func() []rule{forwardRules}
	}
	for _, rows := range tables {
		for _, r := range rows() {
			if evidence, fits := r.judge(v); fits {
				found = v.add(found, r, evidence)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Candidate) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return found[:min(len(found), mostCandidates)]
}

// view is an observation, prepared for the rules.
type view struct {
	Observation
	err  vnv.Error // the zero value if there is none
	end  trace.End
	said string // the far side's words, in lower case: code, detail, the last sentence of a chain
	deep string // this side's words, in lower case
}

func newView(o Observation) *view {
	v := &view{Observation: o, end: o.End}
	if o.Err != nil {
		v.err = *o.Err
		v.Notices = append(slices.Clone(o.Notices), o.Err.Notices...)
		if o.Err.Err != nil {
			v.deep = strings.ToLower(o.Err.Err.Error())
		}
	}
	if v.end == (trace.End{}) && o.Trace != nil {
		v.end = o.Trace.End
	}
	v.Step = cmp.Or(o.Step, v.err.Op)
	if v.Step == traceStep {
		v.Step = vnv.OpAuthorize
	}
	v.err.Code = cmp.Or(v.err.Code, v.end.Code)
	v.Registered = cmp.Or(v.CalledAt, v.Registered)
	v.said = strings.ToLower(v.err.Code + " " + v.err.Detail + " " + o.Said)
	v.HTML = v.HTML || v.lastIsPage()
	return v
}

// traceStep is what a chain alone is called by those who follow one; to the rules it is
// the step that it would be.
const traceStep = vnv.Op("trace")

// failed tells whether there is anything to explain.
func (v *view) failed() bool {
	if v.Err != nil {
		return !slices.Contains(notJudged, v.Err.Kind)
	}
	switch v.end.Kind {
	case trace.EndPage, trace.EndDead, trace.EndStopped, trace.EndFailed, trace.EndDenied:
		return true
	default:
		return false
	}
}

// lastHop is the last request of the step that failed; nil if it is not known.
func (v *view) lastHop() *trace.Hop {
	if v.Trace == nil {
		return nil
	}
	hops, chain := v.Trace.Hops, v.Step == vnv.OpAuthorize || v.Step == ""
	if chain {
		hops = v.Trace.Chain()
	}
	for i := len(hops) - 1; i >= 0; i-- {
		h := &hops[i]
		if chain && (v.end.Hop == 0 || v.end.Hop == h.N) || !chain && h.Step == string(v.Step) {
			return h
		}
	}
	return nil
}

func (v *view) lastIsPage() bool {
	h := v.lastHop()
	return h != nil && strings.Contains(h.ContentType, "html") && h.Status/100 != 3
}

// add takes a row that fits. A cause that is there already gains what is new.
func (v *view) add(found []Candidate, r rule, evidence []Evidence) []Candidate {
	for i := range found {
		if c := &found[i]; c.Cause == r.cause {
			c.Confidence = max(c.Confidence, r.sure)
			for _, e := range evidence {
				if !slices.Contains(c.Evidence, e) {
					c.Evidence = append(c.Evidence, e)
				}
			}
			return found
		}
	}
	cause, _ := Named(r.cause)
	return append(found, Candidate{
		Cause: r.cause, Confidence: r.sure, Title: cause.Title, Evidence: evidence,
		Fix: v.filled(cause.Fix), Next: v.commands(cause),
	})
}

// filled puts what is known of the settings into an advice.
func (v *view) filled(text string) string {
	app, key := "the application", ""
	if v.AppID != "" {
		app = "application " + shown(v.AppID)
	}
	if v.Key != "" {
		key = " (" + v.Key + ")"
	}
	evidence := "the trace"
	if v.err.TraceID != "" || v.err.Correlator != "" {
		evidence = "the ids below"
	}
	return strings.NewReplacer("{trace}", evidence, "{app}", app, "{key}", key, "{redirect}", cmp.Or(shown(v.RedirectURI), "the redirect URI in use")).Replace(text)
}
