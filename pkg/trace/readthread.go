package trace

import (
	"net/http"
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
	if t.begun != nil || len(t.calls) > 0 {
		return slices.Concat(t.calls, t.chain, t.after)
	}
	return slices.DeleteFunc(all, func(x *exchange) bool { return x.loaded })
}

// A thread is a chain that is followed through a recording.
type thread struct {
	calls []*exchange // of the API, since the chain before
	chain []*exchange
	after []*exchange // calls of the API, since the chain began
	begun *url.URL    // what the chain began with; nil: it has not
	next  place       // where the last answer redirects to; none: nowhere
	at    string      // the origin of the last
	own   place       // the redirect_uri that it began with
	seen  *exchange   // the last document, of the chain or not
	over  bool
}

// take looks at the next exchange.
func (t *thread) take(x *exchange) {
	u, err := url.Parse(x.url)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https":
	case x.step == "enable":
		*t = thread{calls: []*exchange{x}}
	case x.step != "" && t.begun != nil:
		t.after = append(t.after, x)
	case x.step != "":
		t.calls = append(t.calls, x)
	case t.follows(x, u):
		t.add(x, u)
	case authorizes(u) && !x.loaded:
		if t.begun != nil {
			t.calls = nil
		}
		*t = thread{calls: t.calls, begun: u}
		if own, err := url.Parse(u.Query().Get("redirect_uri")); err == nil {
			t.own = placeOf(own)
		}
		t.add(x, u)
	case !x.loaded:
		t.seen = x
	}
}

// follows says whether x goes on with the chain: where a redirect led, or the next page after one. A page can
// also lead elsewhere without a word of it, by script and without a Referer: to another authorization.
func (t *thread) follows(x *exchange, u *url.URL) bool {
	switch {
	case t.begun == nil || t.over:
		return false
	case t.next != none:
		return t.next.origin == originOf(u) && t.next == placeOf(u)
	case x.loaded || t.chain[len(t.chain)-1].status == 0:
		return false
	case t.at == originOf(u):
		return true
	}
	if from, err := url.Parse(x.from); err == nil && originOf(from) == t.at {
		return true
	}
	last := t.chain[len(t.chain)-1]
	return t.seen == last && last.status == http.StatusOK && isHTML(mediaType(last.header)) && authorizes(u) && !again(t.begun, u)
}

func (t *thread) add(x *exchange, u *url.URL) {
	t.chain = append(t.chain, x)
	t.next, t.at = none, originOf(u)
	if !x.loaded {
		t.seen = x
	}
	if to, err := u.Parse(x.header.Get("Location")); err == nil && x.status/100 == 3 && x.header.Get("Location") != "" {
		t.next = placeOf(to)
	}
	t.over = t.next == none && len(t.chain) > 1 && isOutcome(u) && placeOf(&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}) != t.own
}

// authorizes says whether u begins an authorization: OAuth's, or a check of the Verify API.
func authorizes(u *url.URL) bool {
	q := u.Query()
	return q.Get("client_id") != "" && q.Get("response_type") != "" || strings.Contains(u.Path, "/silent-auth/") || strings.HasSuffix(u.Path, "/oauth2/auth")
}

// again says whether b is another try of the authorization a: of the same client, or for the same redirect_uri.
func again(a, b *url.URL) bool {
	p, q := a.Query(), b.Query()
	return p.Get("client_id") == q.Get("client_id") || p.Get("redirect_uri") != "" && p.Get("redirect_uri") == q.Get("redirect_uri")
}

// A place is a URL as browsers compare them, without its fragment. It is made once: a URL of a recording may be
// long, and is compared with many.
type place struct{ origin, rest string }

// none is no place.
var none place

func placeOf(u *url.URL) place {
	return place{originOf(u), strings.TrimSuffix(u.EscapedPath(), "/") + "?" + u.Query().Encode()}
}

func originOf(u *url.URL) string {
	return strings.ToLower(u.Scheme+"://"+u.Hostname()) + ":" + port(u)
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
