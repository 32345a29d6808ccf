package follow

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// A Verdict says whether a client would get through a chain that something else went through.
type Verdict struct {
	Client  string `json:"client"`
	Through bool   `json:"through"`          // it would reach the end, as far as the record tells
	Unsure  bool   `json:"unsure,omitempty"` // the record does not tell all: see Note
	Hop     int    `json:"hop,omitempty"`    // the N of the hop where it fails, or where the doubt begins
	Rule    Rule   `json:"rule,omitempty"`   // of the client, by which
	Code    string `json:"code,omitempty"`   // what its app sees: "sdk_redirect_error"
	Note    string `json:"note,omitempty"`   // why, in a sentence without full stop
}

// Judge says whether c would get through the chain of t, which may be a saved one: where it fails
// first, by which rule, and with which code. Plain http on loopback, from the first hop on, is
// taken for a sandbox's doing and not held against clients that speak https alone. What a record
// cannot tell (what a hop answers without cookies, a hop after the last) leaves Through and sets Unsure.
func (c Client) Judge(t *trace.Trace) Verdict {
	j := &judge{c: c, t: t, hops: t.Chain(), sandbox: true, cookies: map[string]bool{}, v: Verdict{Client: c.Name, Through: true}}
	if len(j.hops) == 0 {
		return Verdict{Client: c.Name, Unsure: true, Note: "the record has no hop of a chain"}
	}
	for i := range j.hops {
		if !j.hop(i) {
			return j.v
		}
	}
	if j.spared {
		j.remark = "plain http on loopback is the sandbox's doing, and not held against it"
	}
	j.v.Note = cmp.Or(j.v.Note, j.remark)
	return j.v
}

// A judge goes over a chain for one client.
type judge struct {
	c         Client
	t         *trace.Trace
	hops      []trace.Hop
	redirects int
	elapsed   time.Duration
	sandbox   bool            // all so far was plain http on loopback
	spared    bool            // and that counted
	cookies   map[string]bool // names that answers set
	remark    string          // what is worth a note if nothing else is
	v         Verdict
}

// fail ends the judging; what was in doubt before stays so.
func (j *judge) fail(h trace.Hop, r Rule, note string) bool {
	scheme := "http"
	if u := j.target(h); u != nil {
		scheme = u.Scheme
	}
	j.v = Verdict{Client: j.c.Name, Unsure: j.v.Unsure, Hop: h.N, Rule: r, Code: j.c.code(r, h.Status, scheme), Note: note}
	return false
}

// doubt notes, the first time, what the record does not tell.
func (j *judge) doubt(h trace.Hop, r Rule, note string) bool {
	if !j.v.Unsure {
		j.v.Unsure, j.v.Hop, j.v.Rule, j.v.Note = true, h.N, r, note
	}
	return true
}

// hop judges one hop, and says whether to go on.
func (j *judge) hop(i int) bool {
	h := j.hops[i]
	if u, err := url.Parse(h.URL); err == nil && u.Host != "" {
		local := plainLoopback(u)
		if i == 0 && !j.c.opens(u.Scheme) && !local {
			return j.fail(h, RuleScheme, j.c.why(RuleScheme, u.Scheme))
		}
		j.spared = j.spared || j.sandbox && local && !j.c.opens(u.Scheme)
		j.sandbox = j.sandbox && local
	}
	return j.asked(h) && j.answered(h, i == len(j.hops)-1)
}

// asked judges how the answer came about.
func (j *judge) asked(h trace.Hop) bool {
	j.elapsed += h.Total
	over := func(d, limit time.Duration) bool { return limit > 0 && d > limit }
	switch {
	case over(h.Connect, j.c.Connect):
		return j.fail(h, RuleConnect, fmt.Sprintf("the connection took %s, and %s are its limit", h.Connect, j.c.Connect))
	case over(h.Total, j.c.PerHop):
		return j.fail(h, RuleHopTime, fmt.Sprintf("the hop took %s, and %s are its limit", h.Total, j.c.PerHop))
	case over(j.elapsed, j.c.Overall):
		return j.fail(h, RuleTime, fmt.Sprintf("the chain took %s by then, and %s are its limit", j.elapsed, j.c.Overall))
	case h.Status == 0 || h.Error != "":
		return j.fail(h, j.failure(h), "it was not reached from here either, which may be this machine's network")
	}
	switch version := tlsVersions[h.TLSVersion]; {
	case version != 0 && version < j.c.MinTLS:
		return j.fail(h, RuleTLS, "the host spoke "+h.TLSVersion+", and "+tls.VersionName(j.c.MinTLS)+" is the oldest it speaks")
	case j.c.MaxTLS != 0 && version > j.c.MaxTLS:
		j.remark = tls.VersionName(j.c.MaxTLS) + " is the newest it speaks; whether every host speaks that too is not recorded"
	}
	lost := func(name string) bool { return j.cookies[name] }
	if !j.c.Cookies && slices.ContainsFunc(h.CookiesSent, lost) {
		j.doubt(h, RuleCookies, "it keeps no cookies, and this hop was sent some: whether it answers without is not recorded")
	}
	for _, name := range h.CookiesSet {
		j.cookies[name] = true
	}
	return true
}

// tlsVersions are the versions by the names that a Hop has.
var tlsVersions = map[string]uint16{
	"TLS 1.0": tls.VersionTLS10, "TLS 1.1": tls.VersionTLS11, "TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13,
}

// failure is the rule of a request without an answer.
func (j *judge) failure(h trace.Hop) Rule {
	if r := phaseRules[h.Phase]; r != "" {
		return r
	}
	return RuleConnection
}

// answered judges where the answer leads.
func (j *judge) answered(h trace.Hop, last bool) bool {
	three := h.Status/100 == 3
	switch {
	case h.Location != "" && j.c.follows(h.Status):
		return j.redirected(h, last)
	case h.Location != "" && (three || !last):
		return j.fail(h, RuleStatus, fmt.Sprintf("it does not follow a redirect by status %d", h.Status))
	case last:
		return j.end(h)
	case h.Refresh != "" && j.c.Refresh:
		j.redirects++
		return true
	case h.Refresh != "":
		return j.fail(h, RuleRefresh, "the page leads on by a refresh, which it does not follow")
	case isHTML(h.ContentType, nil) && !j.c.Script:
		return j.fail(h, RuleScript, "a page came, and no redirect leads on from it")
	default:
		return true
	}
}

// redirected judges the step that an answer asks for.
func (j *judge) redirected(h trace.Hop, last bool) bool {
	j.redirects++
	if last && j.t.End.Reason == string(ReasonSyntax) {
		return j.unopened(h)
	}
	if !j.readable(h) {
		return j.fail(h, RuleLocation, "a raw space in the query of Location, which it sends as it is")
	}
	from, to := "https", j.target(h)
	if u, err := url.Parse(h.URL); err == nil && u.Scheme != "" {
		from = u.Scheme
	}
	if to == nil {
		return j.doubt(h, RuleLocation, "where the redirect leads is not recorded")
	}
	r := j.c.step(from, to.Scheme, j.redirects)
	if r == RuleScheme && j.sandbox && plainLoopback(to) {
		r, j.spared = "", true
	}
	if r != "" {
		return j.fail(h, r, j.c.why(r, to.Scheme))
	}
	if last {
		return j.stopped(h)
	}
	return true
}

// readable says whether c makes a request of the Location, and notes what it reads otherwise.
func (j *judge) readable(h trace.Hop) bool {
	path, query, _ := strings.Cut(h.Location, "?")
	noted := func(text string) bool { return slices.Contains(h.Notes, trace.Note{Kind: noteSpace, Text: text}) }
	if j.c.QuerySpace == " " && (strings.Contains(query, " ") || noted(spaceInQuery)) {
		return false
	}
	if j.c.PathSpace == "+" && (strings.Contains(path, " ") || noted(spaceInPath)) {
		j.doubt(h, RuleLocation, "a raw space in the path of Location becomes +, which is another path")
	}
	return true
}

// stopped judges a chain whose last redirect was not followed in the record.
func (j *judge) stopped(h trace.Hop) bool {
	switch end := j.t.End; {
	case end.Kind == trace.EndCallback || end.Kind == trace.EndDenied:
		return true
	case end.Reason == string(ReasonLoop):
		return j.fail(h, RuleRedirects, "the redirects go round, and "+j.c.why(RuleRedirects, ""))
	case end.Reason == string(ReasonScheme):
		return j.doubt(h, RuleScheme, "it hands the URL to whatever app opens such ones")
	case end.Reason == string(ReasonAddress):
		return j.unreachable(h)
	default:
		return j.doubt(h, "", "the record ends here, so what comes behind is not known")
	}
}

// end judges the last answer, which leads nowhere by Location.
func (j *judge) end(h trace.Hop) bool {
	switch end := j.t.End; {
	case end.Kind == trace.EndCallback:
		return true
	case end.Kind == trace.EndAnswer && !j.c.reads(h.ContentType):
		return j.fail(h, RuleBody, "the body is "+h.ContentType+", and so is not read")
	case end.Kind == trace.EndAnswer:
		return true
	case h.Refresh != "" || end.Reason == string(ReasonMetaRefresh):
		return j.byItself(h, RuleRefresh, j.c.Refresh)
	case end.Reason == string(ReasonScript):
		return j.byItself(h, RuleScript, j.c.Script)
	case end.Kind == trace.EndDenied:
		return j.fail(h, RuleError, "the chain ends with an error")
	default:
		return j.fail(h, j.c.endRule(h.Status, h.Location == ""), endWords(h))
	}
}

// byItself judges a page that leads on by itself at the end of the record.
func (j *judge) byItself(h trace.Hop, r Rule, goes bool) bool {
	if goes {
		return j.doubt(h, r, "it goes on by the page's "+string(r)+", and the record ends here")
	}
	return j.fail(h, r, "the page leads on by "+string(r)+", which it does not follow")
}

// endWords says what a dead end is.
func endWords(h trace.Hop) string {
	if isHTML(h.ContentType, nil) {
		return "the chain ends at a page"
	}
	return strings.TrimSpace(fmt.Sprintf("the chain ends with status %d %s", h.Status, http.StatusText(h.Status)))
}

// target is where an answer leads, as far as the mask lets it be read.
func (j *judge) target(h trace.Hop) *url.URL {
	base, err := url.Parse(h.URL)
	if err != nil {
		return nil
	}
	to, err := base.Parse(strings.ReplaceAll(h.Location, " ", "%20"))
	if err != nil || to.Scheme == "" {
		return nil
	}
	return to
}

// plainLoopback says whether u is plain http on this machine.
func plainLoopback(u *url.URL) bool {
	c, known := literalClass(u)
	return u.Scheme == "http" && known && c == ClassLoopback
}
