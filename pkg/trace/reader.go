package trace

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A reader gathers what a file says of a chain, masked as it comes.
type reader struct {
	mask   *Mask
	params tracker
	hops   []Hop
	opts   AnalyseOptions
	own    *Trace // what a file of our own says beside the hops
}

// An exchange is a request and its answer as a foreign file tells of them: raw.
type exchange struct {
	method, url string
	cookies     string // the Cookie header
	start       time.Time
	status      int
	header      http.Header // of the answer
	proto       string
	remote      string // address and port
	tls, issuer string
	page        []byte // the beginning of the body
	errText     string
	phase       string
	step        string // of an API call; empty: a hop of the chain
	from        string // the page that led here
	loaded      bool   // by a page: no step of a chain, unless a redirect leads to it
	reused      bool

	dns, connect, handshake, wait, total time.Duration
}

// add makes a hop of x. More than maxHops are dropped.
func (r *reader) add(x *exchange) {
	if len(r.hops) >= maxHops {
		return
	}
	m := r.mask
	h := Hop{
		N: len(r.hops) + 1, Step: m.short(x.step), Method: m.short(x.method), URL: m.URL(x.url), Start: x.start.UTC(), Status: x.status, Proto: m.short(x.proto),
		RemoteAddr: m.short(x.remote), TLSVersion: m.short(x.tls), CertIssuer: m.short(x.issuer), Error: m.short(x.errText), Phase: x.phase,
		Reused: x.reused, DNS: x.dns, Connect: x.connect, TLS: x.handshake, FirstByte: x.wait, Total: x.total,
	}
	if u, err := url.Parse(x.url); err == nil {
		h.Changes = r.params.next(x.step, m.paramsOf(u))
		h.Role = Roles{RedirectURI: r.opts.RedirectURI}.Role(u)
		h.RoleGuessed = guessed(h.Role, u)
	}
	if cookies, err := http.ParseCookie(x.cookies); err == nil {
		h.sent(cookies, m)
	}
	h.answer(x.header, m)
	if !x.start.IsZero() && x.total > 0 && x.header.Get("Age") == "" {
		h.Skew = skew(h.Date, x.start, x.start.Add(x.total))
	}
	if isJSON(h.ContentType) && x.status >= http.StatusBadRequest {
		r.refused(&h, x.page)
	} else if f := r.opts.Failed; f != nil && f.Step == h.Step && x.status/100 == 2 {
		r.opts.Failed = nil // it was tried again
	}
	if isHTML(h.ContentType) && (h.Location == "" || x.status/100 != 3) {
		h.look(looksHTML(x.page), m)
	}
	r.hops = append(r.hops, h)
}

// result is the trace that was read.
func (r *reader) result() *Trace {
	r.opts.Mask = r.mask
	r.guessCallback()
	t := Analyse(r.hops, r.opts)
	if r.own == nil {
		return t
	}
	own := r.own
	own.Hops, own.SchemaVersion, own.Revealed = t.Hops, SchemaVersion, t.Revealed
	if own.Findings == nil {
		own.Findings = t.Findings
	}
	if own.End.Kind == "" {
		own.End, own.Outcome = t.End, t.Outcome
	}
	if own.URL == "" {
		own.URL = t.URL
	}
	if own.Started.IsZero() {
		own.Started = t.Started
	}
	return own
}

// tlsVersion is a version as Go spells it, out of curl's TLSv1.3 or a browser's "TLS 1.3".
func tlsVersion(s string) string {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "TLSv"); ok {
		return "TLS " + rest
	}
	return s
}
