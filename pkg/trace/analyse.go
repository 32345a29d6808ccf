package trace

import (
	"cmp"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// AnalyseOptions is what is known of a chain beside its hops. All of it may be left out.
type AnalyseOptions struct {
	Mask        *Mask         // the one that masked the hops; nil: a fresh one
	RedirectURI string        // the registered one, raw
	State       string        // the state that the callback has to bring, raw
	URL         string        // where the chain began, raw; empty: the first hop's
	Tool        string        // "vnv 1.0"
	Slow        time.Duration // a hop that takes this long is slow; 0: 2 s
	End         End           // what whoever followed the chain knows of its end; empty fields are worked out
	Settings    []Setting     // masked by the caller
	Failed      *Failure      // likewise
}

// defaultSlow is how long a hop takes that is slow: a phone's library gives up after 5 s.
const defaultSlow = 2 * time.Second

// Analyse makes a Trace of hops, which it leaves as they are: what is odd about them is found by the
// rows of one table, [Rules]. Findings come in the order of the hops.
func Analyse(hops []Hop, o AnalyseOptions) *Trace {
	c := newChain(hops, o)
	t := &Trace{
		SchemaVersion: SchemaVersion, Tool: o.Tool, Hops: hops, Findings: c.findings(hops), End: c.end(), Settings: o.Settings, Failed: o.Failed,
		URL: c.mask.URL(o.URL), Revealed: c.mask.Reveal,
	}
	if t.Hops == nil {
		t.Hops = []Hop{}
	}
	if len(c.steps) > 0 {
		t.Started, t.URL = c.steps[0].Start, cmp.Or(t.URL, c.steps[0].URL)
	}
	t.Outcome = t.End.words()
	return t
}

// A chain is what the rules look at: the hops of a chain, their URLs taken apart once.
type chain struct {
	mask     *Mask
	steps    []step
	redirect *url.URL // the registered one, as the mask shows it; nil: unknown
	wantURI  string   // the same as the value of a parameter
	state    string   // the state that is ours, as the mask shows it
	slow     time.Duration
	given    End
}

// A step is a hop with what follows from it.
type step struct {
	Hop
	url, to  *url.URL // masked; to: where Location leads; nil: unreadable, or nowhere
	lost     []string // cookies that ought to have been sent
	refused  []string // cookies that no client keeps, with the reason
	seen     int      // the N of the hop that asked the same; 0: none did
	leadsTo  int      // the N of the hop that Location leads back to; 0: none
	last     bool
	callback bool // its Location is the redirect URI, or its URL
}

// newChain takes hops apart.
func newChain(hops []Hop, o AnalyseOptions) *chain {
	c := &chain{mask: o.Mask, slow: cmp.Or(o.Slow, defaultSlow), given: o.End}
	if c.mask == nil {
		c.mask = &Mask{}
	}
	if o.RedirectURI != "" {
		c.redirect, c.wantURI = parseMasked(c.mask.URL(o.RedirectURI)), c.mask.shownValue("redirect_uri", o.RedirectURI)
	}
	if o.State != "" {
		c.state = c.mask.shownValue("state", o.State)
	}
	for _, h := range chainOf(hops) {
		s := c.step(h)
		c.steps = append(c.steps, s)
	}
	if n := len(c.steps); n > 0 {
		c.steps[n-1].last = true
	}
	c.repeats()
	c.cookies()
	return c
}

// step takes one hop apart.
func (c *chain) step(h Hop) step {
	s := step{Hop: h, url: parseMasked(h.URL)}
	if s.url != nil && h.Location != "" {
		if ref := parseMasked(h.Location); ref != nil {
			s.to = s.url.ResolveReference(ref)
		}
	}
	s.callback = h.Role == RoleCallback || c.isCallback(s.to)
	return s
}

// isCallback says whether u is the registered redirect URI.
func (c *chain) isCallback(u *url.URL) bool {
	return u != nil && c.redirect != nil && sameOrigin(c.redirect, u) && c.redirect.EscapedPath() == u.EscapedPath()
}

// repeats finds the hops that were asked before, and the answers that lead back to one.
func (c *chain) repeats() {
	asked := map[string]int{}
	for i := range c.steps {
		s := &c.steps[i]
		if s.url == nil {
			continue
		}
		key := s.Method + " " + s.url.String() + " " + strings.Join(s.CookiesSent, ",")
		s.seen = asked[key]
		asked[key] = cmp.Or(s.seen, s.N)
		if s.last && s.to != nil {
			s.leadsTo = asked[s.Method+" "+s.to.String()+" "+strings.Join(s.CookiesSent, ",")]
		}
	}
}

// findings asks every rule about every hop.
func (c *chain) findings(hops []Hop) []Finding {
	out := []Finding{}
	ask := func(s *step, inChain bool) {
		for i := range Rules {
			r := &Rules[i]
			if !inChain && !r.Everywhere {
				continue
			}
			if hit := r.look(c, s); hit != nil {
				out = append(out, Finding{
					Name: r.Name, Step: s.Step, Hop: s.N, Level: cmp.Or(hit.level, r.Level), Text: hit.text, Evidence: hit.evidence,
				})
			}
		}
	}
	next := 0
	for _, h := range hops {
		if next < len(c.steps) && c.steps[next].N == h.N && c.steps[next].Step == h.Step {
			ask(&c.steps[next], true)
			next++
			continue
		}
		s := c.step(h)
		ask(&s, false)
	}
	return out
}

// parseMasked parses a URL that a Mask has shown; nil if nothing can be made of it.
func parseMasked(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil || s == "" || s == hiddenURL {
		return nil
	}
	return u
}

// shownValue is how value is shown as the value of the parameter name.
func (m *Mask) shownValue(name, value string) string {
	if m.Reveal {
		return Printable(value)
	}
	return unescaped(m.value(name, value, 0))
}

// valueOf is the value of a parameter in the query or the fragment of a masked URL.
func valueOf(u *url.URL, name string) (string, bool) {
	if u == nil {
		return "", false
	}
	for _, raw := range []string{u.RawQuery, u.EscapedFragment()} {
		for pair := range strings.SplitSeq(raw, "&") {
			if key, value, ok := strings.Cut(pair, "="); ok && strings.EqualFold(key, name) {
				return unescaped(value), true
			}
		}
	}
	return "", false
}

// unescaped undoes the escapes of a query; what cannot be undone stays.
func unescaped(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return Printable(out)
	}
	return s
}

// loopback says whether a host is this machine.
func loopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
