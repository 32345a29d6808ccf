package follow

import (
	"cmp"
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// This file is Options.As: where a chain breaks a rule of the client, it ends as it ends for that
// client's app. The rules at the top of doc.go hold besides.

// errClientTime is why the chain's context ended.
var errClientTime = errors.New("the client's time for the whole chain is over")

// obey checks the step from one URL to the next against the client's rules: the redirect URI is no
// exception, for the app has to open it too.
func (w *walk) obey(from, u *url.URL) error {
	if w.client == nil {
		return nil
	}
	before := ""
	if from != nil {
		before = from.Scheme
	}
	rule := w.client.step(before, u.Scheme, w.res.Redirects)
	if rule == "" || rule == RuleScheme && before != "https" && plainLoopback(u) {
		return nil // a sandbox, which has no certificates
	}
	e := w.fail(stepReasons[rule], u, w.client.why(rule, u.Scheme))
	e.Rule = rule
	return e
}

// stepReasons are the reasons for rules about the step to a URL.
var stepReasons = map[Rule]Reason{RuleRedirects: ReasonTooMany, RuleDowngrade: ReasonScheme, RuleScheme: ReasonScheme}

// why says in words what the rule about a step is.
func (c Client) why(r Rule, scheme string) string {
	switch r {
	case RuleRedirects:
		return plural(c.Follows, "redirect") + " are what it follows"
	case RuleDowngrade:
		return "it does not go from https to " + scheme
	default:
		return "it opens " + strings.Join(c.Schemes, " and ") + " alone"
	}
}

// What noteSpaces says.
const (
	spaceInPath  = "a raw space in the path of Location"
	spaceInQuery = "a raw space in the query of Location"
)

// noteSpaces notes raw spaces in Location, which the mask would not show.
func noteSpaces(h http.Header, notes *trace.Notes) {
	path, query, _ := strings.Cut(strings.Trim(h.Get("Location"), " "), "?")
	if strings.Contains(path, " ") {
		notes.Add(noteSpace, spaceInPath)
	}
	if query, _, _ = strings.Cut(query, "#"); strings.Contains(query, " ") {
		notes.Add(noteSpace, spaceInQuery)
	}
}

// respace puts a raw space in Location as the client does.
func (w *walk) respace(u *url.URL, h http.Header) error {
	values := h["Location"]
	if w.client == nil || len(values) != 1 {
		return nil
	}
	path, query, more := strings.Cut(strings.Trim(values[0], " "), "?")
	query, fragment, fragments := strings.Cut(query, "#")
	if w.client.QuerySpace == " " && strings.Contains(query, " ") {
		e := w.fail(ReasonSyntax, u, "a raw space in the query of Location, which it sends as it is: no request line that a server takes")
		e.Rule = RuleLocation
		return e
	}
	fixed := strings.ReplaceAll(path, " ", w.client.PathSpace)
	if more {
		fixed += "?" + strings.ReplaceAll(query, " ", w.client.QuerySpace)
	}
	if fragments {
		fixed += "#" + fragment
	}
	h["Location"] = []string{fixed}
	return nil
}

// unread is the end where a JSON body is of a type that the client does not read.
func (w *walk) unread(u *url.URL, res *http.Response) error {
	if w.client == nil || w.client.reads(res.Header.Get("Content-Type")) {
		return nil
	}
	e := w.fail(ReasonDeadEnd, u, "its body is "+cmp.Or(w.res.ContentType, "of no type")+" and so is not read")
	e.Rule = RuleBody
	return e
}

// refreshed is where a Refresh header or meta refresh leads, if the client goes there.
func (w *walk) refreshed(u *url.URL, res *http.Response, body []byte) (*url.URL, error) {
	if w.client == nil || !w.client.Refresh {
		return nil, nil //nolint:nilnil // no refresh is a case of its own
	}
	raw := refreshTarget(res.Header.Get("Refresh"))
	if raw == "" && isHTML(w.res.ContentType, body) {
		raw = metaTarget(body)
	}
	if raw == "" {
		return nil, nil //nolint:nilnil // as above
	}
	next, err := parseTarget(raw, u)
	if err != nil {
		return nil, w.badTarget(raw, err)
	}
	w.res.Redirects++
	return next, nil
}

// metaTarget is where a page's meta refresh leads; empty without one.
func metaTarget(body []byte) string {
	m := patterns().content.FindSubmatch(patterns().meta.Find(body))
	if m == nil {
		return ""
	}
	return refreshTarget(html.UnescapeString(string(m[1]) + string(m[2])))
}

// refreshTarget reads "0; url='/next'"; empty if it names no URL.
func refreshTarget(s string) string {
	_, s, _ = strings.Cut(s, ";")
	s = strings.TrimSpace(s)
	const word = "url"
	if len(s) < len(word) || !strings.EqualFold(s[:len(word)], word) {
		return ""
	}
	s, ok := strings.CutPrefix(strings.TrimSpace(s[len(word):]), "=")
	if !ok {
		return ""
	}
	return strings.Trim(strings.TrimSpace(s), `"'`)
}

// told is err as the client's app is told.
func (w *walk) told(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || w.client == nil {
		return err
	}
	e.Client = w.client.Name
	if e.Rule == "" {
		e.Rule = w.ruleOf(e)
	}
	if e.Reason == ReasonOAuth || e.Rule == "" {
		return e
	}
	scheme, _, _ := strings.Cut(e.URL, ":")
	e.Code = w.client.code(e.Rule, e.Status, scheme)
	return e
}

// reasonRules are the rules that a chain breaks by ending for a reason.
var reasonRules = map[Reason]Rule{
	ReasonSyntax: RuleLocation, ReasonLoop: RuleRedirects,
	ReasonMetaRefresh: RuleRefresh, ReasonScript: RuleScript,
}

// phaseRules are the rules that a chain breaks by failing where it stood.
var phaseRules = map[string]Rule{trace.PhaseDNS: RuleDNS, trace.PhaseTLS: RuleTLS}

// ruleOf is the client's rule that e, an end by our own rules, comes to; empty if it is ours alone.
func (w *walk) ruleOf(e *Error) Rule {
	switch e.Reason {
	case ReasonScheme:
		if w.client.Schemes == nil { // it would open the app; we do not
			return ""
		}
		return RuleScheme
	case ReasonDeadEnd, ReasonPage:
		return w.client.endRule(e.Status, e.Detail != "")
	case ReasonNetwork:
		if noData(e.Err) {
			return RuleNoData
		}
		return cmp.Or(phaseRules[e.Phase], RuleConnection)
	case ReasonTimeout:
		return w.timeRule(e)
	default:
		return reasonRules[e.Reason]
	}
}

// endRule is the rule that an answer breaks which is no redirect and no JSON.
func (c Client) endRule(status int, bare bool) Rule {
	switch {
	case status >= http.StatusBadRequest:
		return RuleError
	case status < http.StatusMultipleChoices:
		return RulePage
	case bare:
		return RuleNoLocation
	default:
		return RuleStatus
	}
}

// timeRule is the client's time limit that was over; empty if it was ours.
func (w *walk) timeRule(e *Error) Rule {
	if e.Phase == trace.PhaseConnect && w.client.Connect > 0 && isConnectTime(e.Err) {
		return RuleConnect
	}
	if w.client.PerHop > 0 && w.client.PerHop == w.opts.HopTimeout {
		return RuleHopTime
	}
	return ""
}

// noData says whether err is that of an interface which is missing, down or leads nowhere.
func noData(err error) bool {
	e, ok := errors.AsType[*NetError](err)
	return ok && e.Field == fieldInterface || errors.Is(err, syscall.ENETDOWN) || errors.Is(err, syscall.ENETUNREACH)
}
