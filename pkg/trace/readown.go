package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// trace reads a Trace of our own.
func (r *reader) trace(b []byte) error {
	var t Trace
	if err := json.Unmarshal(b, &t); err != nil {
		return jsonTrouble(b, err)
	}
	r.mask.adopt(b)
	r.ours(&t)
	return nil
}

// outcome reads what vnv run -o json prints: hops, and the redirect URI.
func (r *reader) outcome(b []byte) error {
	var o struct {
		Hops        []Hop  `json:"hops"`
		RedirectURI string `json:"redirect_uri"`
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return jsonTrouble(b, err)
	}
	r.mask.adopt(b)
	r.opts.RedirectURI = o.RedirectURI
	r.remask(o.Hops)
	return nil
}

// events reads the lines of -o ndjson.
func (r *reader) events(b []byte) error {
	r.mask.adopt(b)
	dec := json.NewDecoder(bytes.NewReader(b))
	for dec.More() {
		var e struct {
			Hop         *Hop   `json:"hop"`
			RedirectURI string `json:"redirect_uri"`
			Result      *Trace `json:"result"`
		}
		if err := dec.Decode(&e); err != nil {
			var offset int64
			if bad, ok := errors.AsType[*json.SyntaxError](err); ok {
				offset = bad.Offset
			}
			if len(r.hops) > 0 && offset == 0 {
				break // cut off in the middle of a line: what came before is worth having
			}
			return jsonTrouble(b[min(dec.InputOffset(), int64(len(b))):], err)
		}
		if e.RedirectURI != "" {
			r.opts.RedirectURI = e.RedirectURI
		}
		if e.Hop != nil {
			r.remask([]Hop{*e.Hop})
		} else if e.Result != nil && len(e.Result.Hops) > 0 && len(r.hops) == 0 {
			r.remask(e.Result.Hops)
		}
	}
	if len(r.hops) == 0 {
		return errors.New("no hop among the events")
	}
	return nil
}

// ours takes over a trace of our own.
func (r *reader) ours(t *Trace) {
	m := r.mask
	r.remask(t.Hops)
	own := &Trace{Tool: m.short(t.Tool), Started: t.Started.UTC(), URL: m.URL(t.URL), Outcome: m.short(t.Outcome), End: t.End}
	for _, s := range []*string{&own.End.Kind, &own.End.ContentType, &own.End.Title, &own.End.Code, &own.End.Reason, &own.End.Detail} {
		*s = m.short(*s)
	}
	const most = 10_000
	if t.Findings != nil {
		own.Findings = []Finding{}
	}
	for _, f := range t.Findings[:min(len(t.Findings), most)] {
		own.Findings = append(own.Findings, Finding{
			Name: m.short(f.Name), Step: m.short(f.Step), Hop: f.Hop, Level: m.short(f.Level), Text: m.told(f.Text), Evidence: m.told(f.Evidence),
		})
	}
	for _, s := range t.Settings[:min(len(t.Settings), most)] {
		own.Settings = append(own.Settings, Setting{m.short(s.Name), m.told(s.Value), m.short(s.Origin)})
	}
	if f := t.Failed; f != nil {
		own.Failed = &Failure{m.short(f.Step), m.short(f.Kind), m.short(f.Code), m.short(f.Cause)}
	}
	r.own = own
}

// remask takes over hops of our own: what they reveal is masked, what is masked stays.
func (r *reader) remask(hops []Hop) {
	for _, h := range hops[:min(len(hops), maxHops-len(r.hops))] {
		r.mask.again(&h)
		r.hops = append(r.hops, h)
	}
}

// again masks a hop that was read.
func (m *Mask) again(h *Hop) {
	h.seq = 0
	h.Start, h.Date = h.Start.UTC(), h.Date.UTC()
	h.URL, h.Location, h.Refresh = m.URL(h.URL), m.URL(h.Location), m.URL(h.Refresh)
	for _, s := range []*string{
		&h.Step, &h.Method, &h.Role, &h.Proto, &h.RemoteAddr, &h.TLSVersion, &h.ContentType, &h.CertIssuer, &h.Title, &h.Phase,
	} {
		*s = m.short(*s)
	}
	h.Error = m.told(h.Error)
	h.CookiesSent, h.CookiesSet = m.names(h.CookiesSent), m.names(h.CookiesSet)
	var cookies []Cookie
	for _, c := range h.Cookies[:min(len(h.Cookies), maxCookies)] {
		c.Name, c.Domain, c.Path, c.SameSite = m.cookieName(c.Name), m.short(c.Domain), m.cookiePath(c.Path), m.short(c.SameSite)
		cookies = append(cookies, c)
	}
	var changes []Change
	for _, c := range h.Changes[:min(len(h.Changes), maxParams)] {
		name := strings.ToLower(c.Param)
		changes = append(changes, Change{m.short(c.Param), m.short(c.What), m.valueAgain(name, c.From), m.valueAgain(name, c.To)})
	}
	var notes []Note
	for _, n := range h.Notes[:min(len(h.Notes), maxParams)] {
		notes = append(notes, Note{m.short(n.Kind), m.told(n.Text)})
	}
	var headers map[string]string
	for name, value := range h.Headers {
		if len(headers) < maxHeaders {
			headers = put(headers, m.short(name), m.shortID(value))
		}
	}
	h.Cookies, h.Changes, h.Notes, h.Headers = cookies, changes, notes, headers
}

// told is a text of ours: one that is longer than any URL in it is none, and hidden whole.
func (m *Mask) told(s string) string {
	if len(s) > maxURL {
		return hiddenQuery
	}
	return m.Text(s)
}

// names masks the names of cookies.
func (m *Mask) names(list []string) []string {
	var out []string
	for _, name := range list[:min(len(list), maxCookies)] {
		out = append(out, m.cookieName(name))
	}
	return out
}

// valueAgain masks a parameter's value, or several joined by commas, as the URL has it.
func (m *Mask) valueAgain(name, shown string) string {
	if m.Reveal || shown == "" {
		return Printable(shown)
	}
	if shownParams[name] || name == "redirect_uri" {
		return Printable(m.value(name, unescaped(shown), 0))
	}
	parts := strings.Split(shown, ",")
	for i, p := range parts {
		parts[i] = m.pseudonym(name, p)
	}
	return Printable(strings.Join(parts, ","))
}

// standIns finds what a Mask has put in the place of values.
var standIns = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b([A-Za-z][A-Za-z0-9_.:@-]{0,47})~([1-9][0-9]{0,4})\b`)
})

// adopt keeps the pseudonyms in a file of our own as they are, so that none is given twice.
func (m *Mask) adopt(b []byte) {
	found := standIns().FindAllSubmatch(b, -1)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range found {
		kind := string(f[1])
		n, err := strconv.Atoi(string(f[2]))
		if err != nil || !plainName(kind) {
			continue
		}
		m.given = put(m.given, string(f[0]), true)
		m.counts = put(m.counts, kind, max(m.counts[kind], n))
	}
}
