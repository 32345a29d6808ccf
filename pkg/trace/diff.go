package trace

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Difference is one thing in which two chains differ. A hop number of 0 says that there is none.
type Difference struct {
	Kind  string `json:"kind"`            // one of the Diff… names
	HopA  int    `json:"hop_a,omitempty"` // its N
	HopB  int    `json:"hop_b,omitempty"`
	Param string `json:"param,omitempty"` // of DiffParam, DiffCookie
	A     string `json:"a,omitempty"`
	B     string `json:"b,omitempty"`
	Text  string `json:"text"` // one sentence for people
}

// In what two chains can differ.
const (
	DiffAdded    = "hop-added"
	DiffGone     = "hop-gone"
	DiffParam    = "parameter"
	DiffStatus   = "status"
	DiffAddress  = "address"
	DiffCert     = "certificate"
	DiffProtocol = "protocol"
	DiffCookie   = "cookie"
	DiffSlower   = "slower"
	DiffEnd      = "end"
)

const (
	slowerBy    = 200 * time.Millisecond // what is not noise
	slowerTimes = 2
)

// Diff says in what b differs from a, hop by hop. Hops are the same if method, host and path are; the
// values of parameters are compared by where they come from, since every run has codes and states of
// its own. Nil if the chains are alike.
func Diff(a, b *Trace) []Difference {
	d := &differ{a: newSide(a), b: newSide(b)}
	i, j := 0, 0
	for _, pair := range aligned(d.a.keys, d.b.keys) {
		d.between(i, pair[0], j, pair[1])
		d.hops(pair[0], pair[1])
		i, j = pair[0]+1, pair[1]+1
	}
	d.between(i, len(d.a.hops), j, len(d.b.hops))
	d.end(a, b)
	return d.out
}

// A side is one of two chains: its hops, how each is known again, and where values were first seen.
type side struct {
	hops  []Hop
	keys  []string
	first map[string]string
}

// newSide takes a chain apart.
func newSide(t *Trace) side {
	s := side{hops: t.Chain(), first: map[string]string{}}
	for i := range s.hops {
		key := hopKey(&s.hops[i])
		s.keys = append(s.keys, key)
		for _, p := range maskedParams(s.hops[i].URL) {
			if _, seen := s.first[p.shown]; !seen {
				s.first[p.shown] = p.name + " of " + key
			}
		}
	}
	return s
}

// counted is a pseudonym with its number.
var counted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`~[0-9]+\b`) })

// hopKey is by what a hop is known again in another chain. On loopback the port is chance.
func hopKey(h *Hop) string {
	u := parseMasked(h.URL)
	if u == nil {
		return h.Method + " " + h.URL
	}
	host := u.Host
	if loopback(u.Hostname()) {
		host = u.Hostname()
	}
	return h.Method + " " + u.Scheme + "://" + host + counted().ReplaceAllString(u.EscapedPath(), "~")
}

// maskedParams are the parameters of a masked URL.
func maskedParams(masked string) params {
	u := parseMasked(masked)
	if u == nil {
		return nil
	}
	return (&Mask{Reveal: true}).paramsOf(&url.URL{RawQuery: u.RawQuery, Fragment: u.Fragment, RawFragment: u.RawFragment})
}

// aligned pairs the equal keys of two lists, as many as can be without crossing.
func aligned(a, b []string) [][2]int {
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i, inA := range slices.Backward(a) {
		for j, inB := range slices.Backward(b) {
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			if inA == inB {
				longest[i][j] = max(longest[i][j], longest[i+1][j+1]+1)
			}
		}
	}
	var out [][2]int
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			out = append(out, [2]int{i, j})
			i, j = i+1, j+1
		case longest[i+1][j] >= longest[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}

// A differ gathers differences.
type differ struct {
	a, b side
	out  []Difference
}

// between tells of the hops that only one chain has.
func (d *differ) between(fromA, toA, fromB, toB int) {
	for i := fromA; i < toA; i++ {
		h := d.a.hops[i]
		d.out = append(d.out, Difference{Kind: DiffGone, HopA: h.N, A: h.URL, Text: fmt.Sprintf("Hop %d is gone: %s.", h.N, hostOf(&h))})
	}
	for j := fromB; j < toB; j++ {
		h := d.b.hops[j]
		d.out = append(d.out, Difference{Kind: DiffAdded, HopB: h.N, B: h.URL, Text: fmt.Sprintf("Hop %d is new: %s.", h.N, hostOf(&h))})
	}
}

// hostOf is the host of a hop and whose it is.
func hostOf(h *Hop) string {
	host := h.URL
	if u := parseMasked(h.URL); u != nil && u.Host != "" {
		host = u.Host
	}
	if h.Role == "" {
		return host
	}
	return host + " (" + h.Role + ")"
}

// hops compares two hops that are the same.
func (d *differ) hops(i, j int) {
	a, b := &d.a.hops[i], &d.b.hops[j]
	add := func(kind, param, from, to, text string) {
		d.out = append(d.out, Difference{kind, a.N, b.N, param, from, to, text})
	}
	for _, c := range []struct{ kind, what, a, b string }{
		{DiffStatus, "status", statusText(a), statusText(b)},
		{DiffAddress, "address", addressOf(a), addressOf(b)},
		{DiffCert, "issuer of the certificate", a.CertIssuer, b.CertIssuer},
		{DiffProtocol, "protocol", a.Proto, b.Proto},
		{DiffProtocol, "TLS version", a.TLSVersion, b.TLSVersion},
	} {
		if c.a != c.b && (c.kind == DiffStatus || c.a != "" && c.b != "") { // what a file does not say is no difference
			add(c.kind, "", c.a, c.b, fmt.Sprintf("Hop %d: the %s is %s, was %s.", b.N, c.what, c.b, c.a))
		}
	}
	d.params(a, b, add)
	for _, c := range []struct {
		what string
		a, b []string
	}{{"sent", a.CookiesSent, b.CookiesSent}, {"set", a.CookiesSet, b.CookiesSet}} {
		for _, name := range onlyIn(c.a, c.b) {
			add(DiffCookie, name, name, "", fmt.Sprintf("Hop %d: the cookie %s is no longer %s.", b.N, name, c.what))
		}
		for _, name := range onlyIn(c.b, c.a) {
			add(DiffCookie, name, "", name, fmt.Sprintf("Hop %d: the cookie %s is %s now.", b.N, name, c.what))
		}
	}
	if b.Total-a.Total >= slowerBy && b.Total >= slowerTimes*a.Total && a.Total > 0 {
		add(DiffSlower, "", rounded(a.Total), rounded(b.Total), fmt.Sprintf("Hop %d: %s takes %s, took %s.", b.N, hostOf(b), rounded(b.Total), rounded(a.Total)))
	}
}

// params compares the parameters of two hops.
func (d *differ) params(a, b *Hop, add func(kind, param, from, to, text string)) {
	from, to := maskedParams(a.URL), maskedParams(b.URL)
	for _, p := range from {
		i := to.find(p.name)
		if i < 0 {
			add(DiffParam, p.name, p.shown, "", fmt.Sprintf("Hop %d: the parameter %s is gone.", b.N, p.name))
			continue
		}
		q := to[i]
		originA, originB := d.a.first[p.shown], d.b.first[q.shown]
		switch maskedA, maskedB := counted().MatchString(p.shown), counted().MatchString(q.shown); {
		case maskedA && maskedB && originA != originB:
			add(DiffParam, p.name, p.shown, q.shown, fmt.Sprintf("Hop %d: %s comes from the %s, came from the %s.", b.N, p.name, originB, originA))
		case maskedA != maskedB || !maskedA && p.shown != q.shown:
			add(DiffParam, p.name, p.shown, q.shown, fmt.Sprintf("Hop %d: %s is %s, was %s.", b.N, p.name, q.shown, p.shown))
		}
	}
	for _, q := range to {
		if from.find(q.name) < 0 {
			add(DiffParam, q.name, "", q.shown, fmt.Sprintf("Hop %d: the parameter %s is new.", b.N, q.name))
		}
	}
}

// end compares how the chains ended.
func (d *differ) end(a, b *Trace) {
	x, y := a.End, b.End
	if x.Kind == y.Kind && x.Code == y.Code && x.Title == y.Title {
		return
	}
	was, is := cmp.Or(a.Outcome, x.Kind), cmp.Or(b.Outcome, y.Kind)
	d.out = append(d.out, Difference{Kind: DiffEnd, HopA: x.Hop, HopB: y.Hop, A: was, B: is, Text: "The chain " + is + "; the other " + was + "."})
}

// onlyIn are the names in a that are not in b, each once, in order.
func onlyIn(a, b []string) []string {
	var out []string
	for _, name := range a {
		if !slices.Contains(b, name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// statusText is the status, or that there was none.
func statusText(h *Hop) string {
	if h.Status == 0 {
		return "none"
	}
	return strconv.Itoa(h.Status)
}

// addressOf is the address of a hop without its port.
func addressOf(h *Hop) string {
	host, _, err := net.SplitHostPort(h.RemoteAddr)
	if err != nil {
		return h.RemoteAddr
	}
	return strings.Trim(host, "[]")
}
