package report

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// liveFlow is what was received of one flow. Each has a mask of its own: a pseudonym means the same throughout a
// flow.
type liveFlow struct {
	number  int64 // 0 where requests belong to no flow
	phone   string
	entries []sandbox.Entry
	mask    *trace.Mask
}

// flowsOf sorts requests into flows, the newest first. Those that belong to none are together, as new as the last of
// them: they would sink out of sight.
func flowsOf(entries []sandbox.Entry) []*liveFlow {
	var flows []*liveFlow
	byNumber := map[int64]*liveFlow{}
	for _, e := range entries {
		f := byNumber[e.Flow]
		if f == nil {
			f = &liveFlow{number: e.Flow, mask: new(trace.Mask)}
			byNumber[e.Flow] = f
			flows = append(flows, f)
		}
		if f.phone == "" && e.Flow != 0 {
			f.phone = e.Phone
		}
		f.entries = append(f.entries, e)
	}
	slices.SortFunc(flows, func(a, b *liveFlow) int { return cmp.Compare(b.newness(), a.newness()) })
	flows = flows[:min(len(flows), liveFlows)]
	for _, f := range flows {
		for _, e := range f.entries {
			f.know(e)
		}
	}
	return flows
}

func (f *liveFlow) newness() int64 {
	if f.number == 0 {
		return f.last().N
	}
	return f.entries[0].N
}

func (f *liveFlow) last() sandbox.Entry { return f.entries[len(f.entries)-1] }

// know tells the mask what is secret in an entry, before any of it is shown.
func (f *liveFlow) know(e sandbox.Entry) {
	if p, err := vnv.ParsePhone(e.Phone); err == nil {
		f.mask.Know("phone", e.Phone, p.Masked())
		f.mask.Know("hash", p.Hash(), "")
	} else {
		f.mask.Know("number", e.Phone, "")
	}
	_, credential, _ := strings.Cut(e.Authorization, " ")
	for _, secret := range [][2]string{
		{"token", e.Token},
		{"jwt", credential},
		{"state", e.State},
		{"code", e.Code},
		{"request_id", e.RequestID},
		{"cookie", e.Cookie},
	} {
		f.mask.Know(secret[0], secret[1], "")
	}
}

// title is how the flow is called.
func (f *liveFlow) title() string {
	if f.phone == "" {
		return "Of no flow"
	}
	if p, err := vnv.ParsePhone(f.phone); err == nil {
		return p.Masked()
	}
	return "Number hidden"
}

// outcome is how the flow stands, in a few words.
func (f *liveFlow) outcome() (Mood, string) {
	last := f.last()
	said := func(s string) bool {
		return last.Status == 200 && strings.Contains(strings.ReplaceAll(last.Answer, " ", ""), s)
	}
	switch verify, check := last.Stage == sandbox.StageVerify, last.Stage == sandbox.StageCheck; {
	case verify && said(`"devicePhoneNumberVerified":true`), check && said(`"status":"completed"`):
		return Good, "verified"
	case verify && said(`"devicePhoneNumberVerified":false`), check && said(`"status":`):
		return No, "not verified"
	case last.Fault != "":
		return Bad, "fault " + last.Fault
	case last.Status == 0 || last.Status >= 400:
		return Bad, "failed"
	case last.Stage == sandbox.StageCancel:
		return No, "cancelled"
	case strings.Contains(last.Location, "error="):
		return Bad, "denied"
	default:
		return No, "under way"
	}
}

func (f *liveFlow) write(w *writer, open bool) {
	mood, outcome := f.outcome()
	w.put(`<details class="flow" id="flow-{}"`, strconv.FormatInt(f.number, 10))
	if open {
		w.put(` open`)
	}
	w.put(`><summary><b>{}</b><i class="pill {}">{}</i><small>{}<span> · {}</span></small></summary>`,
		f.title(), string(mood), outcome, f.entries[0].Time.Format(time.TimeOnly), requests(len(f.entries)))
	w.put(`<div class="seq"><div class="row heads"><div></div><div class="lanes n3"><div class="device"><b>client</b></div>` +
		`<div class="vendor"><b>vendor</b></div><div class="carrier"><b>carrier</b></div></div></div>`)
	for _, e := range f.entries[max(len(f.entries)-liveSteps, 0):] {
		f.row(w, e)
	}
	w.put(`</div></details>`)
}

func requests(n int) string {
	if n == 1 {
		return "1 request"
	}
	return itoa(n) + " requests"
}

// row is one request and its answer; opened, what they held.
func (f *liveFlow) row(w *writer, e sandbox.Entry) {
	to, class := 1, "vendor"
	if e.Role == "carrier" {
		to, class = 2, e.Role
	}
	stage := string(e.Stage)
	if stage == "" {
		stage = "nobody lives there"
	}
	w.put(`<details class="hop" id="hop-{}"><summary class="row"><span class="what"><b>{}</b><span class="path">{} {}</span>`,
		itoa(int(e.N)), stage, f.method(e), f.path(e))
	if e.Fault != "" {
		w.put(`<i class="pill bad">{}</i>`, e.Fault)
	}
	w.put(`</span><svg aria-hidden="true" width="100%" height="100%">`)
	for i := range 3 {
		w.put(`<line class="life" x1="{}%" x2="{}%" y1="0" y2="100%"/>`, middle(i, 3), middle(i, 3))
	}
	arrow(w, trace.Hop{Status: e.Status}, class, [3]string{middle(0, 3), percent((float64(to)+1)/2, 3), middle(to, 3)})
	w.put(`</svg></summary><dl>`)
	for _, fact := range f.facts(e) {
		if fact.Value != "" {
			w.put(`<dt>{}</dt><dd>{}</dd>`, fact.Name, fact.Value)
		}
	}
	w.put(`</dl></details>`)
}

// facts are what a request and its answer held, masked.
func (f *liveFlow) facts(e sandbox.Entry) []Fact {
	facts := []Fact{{"Query", f.pairs(e.Query)}, {"Authorization", f.authorization(e.Authorization)}}
	if e.Cookie != "" {
		facts = append(facts, Fact{"Cookie", f.pseudonym("cookie", e.Cookie)})
	}
	answer := "none"
	if e.Status != 0 {
		answer = strings.TrimSpace(itoa(e.Status) + " " + liveBody{f, true}.text(e.Answer))
	}
	return append(facts, Fact{"Request", liveBody{f, false}.text(e.Body)}, Fact{"Answer", answer}, Fact{"Leads to", f.mask.URL(e.Location)}, Fact{"Why", trace.Printable(e.Note)})
}

// method is one of the usual ones: others are anybody's text.
func (*liveFlow) method(e sandbox.Entry) string {
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, e.Method) {
		return e.Method
	}
	return "[method]"
}

// path is shown where somebody lives.
func (f *liveFlow) path(e sandbox.Entry) string {
	if e.Stage == "" {
		return "[hidden]"
	}
	return strings.TrimPrefix(f.mask.URL("http://sandbox.example"+(&url.URL{Path: e.Path}).EscapedPath()), "http://sandbox.example")
}

func (f *liveFlow) authorization(header string) string {
	if header == "" {
		return ""
	}
	scheme, credential, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "basic") {
		return "[hidden]"
	}
	return scheme + " " + f.pseudonym("credential", credential)
}

// pairs is a query, masked as that of a URL is.
func (f *liveFlow) pairs(s string) string {
	if s == "" {
		return ""
	}
	_, shown, ok := strings.Cut(f.mask.URL("https://sandbox.example/?"+s), "?")
	if !ok {
		return "[hidden]"
	}
	return shown
}

// pseudonym is what the mask calls a value of that name.
func (f *liveFlow) pseudonym(name, value string) string {
	if value == "" {
		return ""
	}
	_, shown, ok := strings.Cut(f.pairs(url.QueryEscape(name)+"="+url.QueryEscape(value)), "=")
	if !ok {
		return "[hidden]"
	}
	return shown
}
