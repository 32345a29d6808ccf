package trace

import (
	"net/url"
	"slices"
	"strings"
)

// maxEntries bounds what is looked at of a HAR: pages load a lot beside a chain.
const maxEntries = 20_000

// chainIn are the exchanges that make up a chain, in the order of their time, with the API calls of a backend
// beside it: without what pages load, and what else a program has recorded meanwhile. Where an authorization
// begins it is followed from there, redirect by redirect and page by page, to where it was called back; of
// several the last one counts. Where none begins, all documents are the chain.
func chainIn(all []*exchange) []*exchange {
	if !slices.ContainsFunc(all, func(x *exchange) bool { return x.start.IsZero() }) {
		slices.SortStableFunc(all, func(a, b *exchange) int { return a.start.Compare(b.start) })
	}
	t := &thread{}
	for _, x := range all {
		t.take(x)
	}
	if t.begun || len(t.calls) > 0 {
		return slices.Concat(t.calls, t.chain, t.after)
	}
	return slices.DeleteFunc(all, func(x *exchange) bool { return x.loaded })
}

// A thread is a chain that is followed through a recording.
type thread struct {
	calls []*exchange // of the API, since the chain before
	chain []*exchange
	after []*exchange // calls of the API, since the chain began
	begun bool        // the chain has
	next  string      // where the last answer redirects to; empty: nowhere
	own   string      // the redirect_uri that it began with
	over  bool
}

// take looks at the next exchange.
func (t *thread) take(x *exchange) {
	u, err := url.Parse(x.url)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https":
	case x.step == "enable":
		*t = thread{calls: []*exchange{x}}
	case x.step != "" && t.begun:
		t.after = append(t.after, x)
	case x.step != "":
		t.calls = append(t.calls, x)
	case t.follows(x):
		t.add(x, u)
	case authorizes(u) && !x.loaded:
		if t.begun {
			t.calls = nil
		}
		*t = thread{calls: t.calls, begun: true, own: u.Query().Get("redirect_uri")}
		t.add(x, u)
	}
}

// follows says whether x goes on with the chain: where a redirect led, or the next page after one.
func (t *thread) follows(x *exchange) bool {
	switch {
	case !t.begun || t.over:
		return false
	case t.next != "":
		return same(t.next, x.url)
	default:
		last := t.chain[len(t.chain)-1]
		return !x.loaded && last.status != 0 && slices.Contains([]string{origin(x.url), origin(x.from)}, origin(last.url))
	}
}

func (t *thread) add(x *exchange, u *url.URL) {
	t.chain = append(t.chain, x)
	t.next = ""
	if to, err := u.Parse(x.header.Get("Location")); err == nil && x.status/100 == 3 && x.header.Get("Location") != "" {
		t.next = to.String()
	}
	t.over = t.next == "" && len(t.chain) > 1 && isOutcome(u) && !same(bare(u), t.own)
}

// authorizes says whether u begins an authorization: OAuth's, or a check of the Verify API.
func authorizes(u *url.URL) bool {
	q := u.Query()
	return q.Get("client_id") != "" && q.Get("response_type") != "" || strings.Contains(u.Path, "/silent-auth/") || strings.HasSuffix(u.Path, "/oauth2/auth")
}

// same compares two URLs as browsers write them, without their fragments.
func same(a, b string) bool {
	x, err := url.Parse(a)
	y, bad := url.Parse(b)
	if err != nil || bad != nil || !sameOrigin(x, y) && (x.Host != y.Host || x.Scheme != y.Scheme) {
		return false
	}
	at := func(u *url.URL) string { return strings.TrimSuffix(u.EscapedPath(), "/") + "?" + u.Query().Encode() }
	return at(x) == at(y)
}

func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// troubles are the words of programs for a request without an answer, and where it stood.
var troubles = []struct{ word, phase string }{
	{"name_not_resolved", PhaseDNS},
	{"unknown_host", PhaseDNS},
	{"could not resolve", PhaseDNS},
	{"no such host", PhaseDNS},
	{"connection_refused", PhaseConnect},
	{"connection refused", PhaseConnect},
	{"connection_timed_out", PhaseConnect},
	{"address_unreachable", PhaseConnect},
	{"internet_disconnected", PhaseConnect},
	{"proxy_connection", PhaseConnect},
	{"ssl", PhaseTLS},
	{"tls", PhaseTLS},
	{"cert", PhaseTLS},
	{"blocked", PhaseConnect},
}

// phaseOf is where a request stood, by what was said of its failure.
func phaseOf(text string) string {
	low := strings.ToLower(text)
	for _, t := range troubles {
		if strings.Contains(low, t.word) {
			return t.phase
		}
	}
	return PhaseAnswer
}
