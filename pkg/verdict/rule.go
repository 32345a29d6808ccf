package verdict

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// A rule leads from what was observed to a cause. Every condition that is not empty
// must hold; what held becomes the evidence. Lists are divided by |. Rows hold
// constants alone, so that they cost nothing until something fails.
type rule struct {
	cause string
	sure  Confidence

	step   string // of the flow: enable, exchange …
	kind   string // a vnv.Kind
	status string // of the answer
	code   string // the far side's name for it, whole
	says   string // words of the far side, any of them; x+y: both
	not    string // words that must not be there
	ends   string // how the chain ended: a reason
	deep   string // words of this side's error
	when   func(*view) bool
	shows  func(*view) []Evidence // further evidence
	only   bool                   // shows is all the evidence: how the chain ended says nothing
}

// judge tells whether a row fits, and by what.
func (r *rule) judge(v *view) (evidence []Evidence, fits bool) {
	word := heard(v.said, r.says)
	switch {
	case r.step != "" && !among(string(v.Step), r.step),
		r.kind != "" && !among(string(v.err.Kind), r.kind),
		r.status != "" && !among(strconv.Itoa(v.status()), r.status),
		r.code != "" && !among(strings.ToLower(v.err.Code), strings.ToLower(r.code)),
		r.says != "" && word == "",
		r.not != "" && heard(v.said, r.not) != "",
		r.ends != "" && !among(v.end.Reason, r.ends),
		r.deep != "" && heard(v.deep, r.deep) == "",
		r.when != nil && !r.when(v):
		return nil, false
	}
	if !r.only {
		evidence = v.answered()
	}
	if r.shows != nil {
		evidence = append(evidence, r.shows(v)...)
	}
	return evidence, true
}

// among tells whether a word is one of a list.
func among(word, list string) bool {
	for one := range strings.SplitSeq(list, "|") {
		if word == one {
			return true
		}
	}
	return false
}

// heard returns which words of a list a text holds, all parts of them; empty: none.
func heard(text, list string) string {
	for words := range strings.SplitSeq(list, "|") {
		all := words != ""
		for word := range strings.SplitSeq(words, "+") {
			all = all && strings.Contains(text, word)
		}
		if all {
			return words
		}
	}
	return ""
}

// status is that of the answer which failed.
func (v *view) status() int {
	if v.err.Status != 0 {
		return v.err.Status
	}
	return v.end.Status
}

// answered is what every verdict begins with: which answer was the last, and its words.
func (v *view) answered() []Evidence {
	var out []Evidence
	chain := v.Step == vnv.OpAuthorize || v.err.Status == 0 && v.end.Kind != ""
	if chain {
		out = v.chainEnd()
	}
	if v.err.Status != 0 && !chain {
		text := string(v.Step) + " answered " + strconv.Itoa(v.err.Status)
		if v.err.Code != "" {
			text += " " + shown(v.err.Code)
		}
		out = append(out, Evidence{Field: "status", Text: strings.TrimSpace(text)})
	}
	if v.err.Detail != "" && !chain {
		out = append(out, Evidence{Field: "detail", Text: quoted(v.err.Detail)})
	}
	if len(out) == 0 && v.Err != nil {
		out = append(out, Evidence{Field: "error", Text: shown(v.Err.Error())})
	}
	return out
}

// chainEnd says at which hop the chain ended, and how.
func (v *view) chainEnd() []Evidence {
	var out []Evidence
	hop := v.end.Hop
	add := func(field, text string) { out = append(out, Evidence{Hop: hop, Field: field, Text: text}) }
	where := "the chain"
	if hop > 0 {
		where = "hop " + strconv.Itoa(hop)
	}
	if text, ok := starts[v.end.Reason]; ok && !led(v) {
		add("end", "the auth_url "+text)
	} else if v.downgraded() {
		add("end", where+" leads from https to http")
	} else if text, ok := endings[v.end.Reason]; ok && v.end.Reason != "" {
		add("end", where+" "+text)
	} else if v.end.Status != 0 {
		add("status", where+" answered "+strconv.Itoa(v.end.Status))
	}
	if v.end.Title != "" {
		add("title", "its page is titled "+quoted(v.end.Title))
	}
	if v.err.Code != "" {
		add("code", "the error is "+shown(v.err.Code))
	}
	if said := strings.TrimSpace(v.Said); said != "" {
		add("detail", "it says "+quoted(said))
	}
	return out
}

// starts are the reasons for which a chain does not begin, as clauses after "the auth_url".
var starts = map[string]string{
	"syntax": "is no URL to follow", "scheme": "has another scheme than https and http",
	"forbidden-address": "leads to an address that is not public",
}

// endings are the reasons for which a chain or a wait ends, as clauses after "hop 3".
var endings = map[string]string{
	"syntax": "leads to something that is no URL to follow", "scheme": "leads to another scheme than http and https",
	"forbidden-address": "leads to an address that is not public", "cleartext-secret": "leads to plain http with a secret in the URL",
	"loop": "leads back to a URL that was asked before", "too-many": "is one redirect more than are followed",
	"dead-end": "leads nowhere", "page": "is a page in place of a redirect", "meta-refresh": "is a page with a refresh",
	"script-redirect": "is a page whose script would go on", "oauth-error": "answered with an error in JSON",
	"network": "could not be asked", "timeout": "did not answer in time",
	"denied": "ended with an error and the right state", "refused": "ended with an error", "both": "ended with a code and an error together",
	"error-without-state": "ended with an error that lacks this attempt's state", "state": "ended with a code that lacks this attempt's state",
	"no-callback": "did not come back in time", "malformed": "ended with a callback that is malformed",
	"incomplete": "ended with neither a code nor an error",
}

// mostQuoted bounds remote text in evidence.
const mostQuoted = 160

// quoted is remote text in quotation marks, escaped and not too long.
func quoted(s string) string { return `"` + shown(s) + `"` }

func shown(s string) string {
	if len(s) > mostQuoted {
		s = strings.ToValidUTF8(s[:mostQuoted], "") + "…"
	}
	return trace.Printable(s)
}

// finding tells whether the trace has one whose name begins with any of these.
func (v *view) finding(names ...string) *trace.Finding {
	if v.Trace == nil {
		return nil
	}
	for i, f := range v.Trace.Findings {
		if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(f.Name, n) }) {
			return &v.Trace.Findings[i]
		}
	}
	return nil
}
