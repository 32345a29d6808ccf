package report

import (
	"slices"
	"strconv"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// most is how many lanes there are beside the device's: more would not fit a phone.
const most = 5

// roles are the lanes that have a name, from left to right.
var roles = []struct{ role, class, short string }{
	{trace.RoleVendor, "vendor", "vendor"},
	{trace.RoleIdentity, "identity", "identity"},
	{trace.RoleCarrier, "carrier", "carrier"},
	{trace.RoleCallback, "callback", "callback"},
}

// lane is one party of the sequence.
type lane struct{ key, class, title, host string }

// parties are the lanes of a page. Where no host of the vendor's is among them the chain is
// somebody else's, and its hosts say more than roles that are guessed.
type parties struct {
	lanes  []lane
	byHost bool
}

func (p Page) parties() *parties {
	all := &parties{lanes: []lane{{key: "device", class: "device", title: "device", host: "vnv"}}}
	all.byHost = !slices.ContainsFunc(p.Trace.Hops, func(h trace.Hop) bool {
		return h.Role == trace.RoleVendor || h.Role == trace.RoleIdentity
	})
	for _, r := range roles {
		for _, h := range p.Trace.Hops {
			if h.Role == r.role && !all.byHost {
				all.add(h)
			}
		}
	}
	for _, h := range p.Trace.Hops {
		all.add(h)
	}
	if h, ok := p.unasked(); ok {
		all.add(h)
	}
	return all
}

func (p *parties) add(h trace.Hop) {
	l := p.of(h)
	at := slices.IndexFunc(p.lanes, func(o lane) bool { return o.key == l.key })
	switch {
	case at >= 0 && p.lanes[at].host != l.host:
		p.lanes[at].host = "" // several
	case at >= 0:
	case len(p.lanes) > most:
		p.lanes[len(p.lanes)-1] = lane{key: "others", class: "carrier", title: "others"}
	default:
		p.lanes = append(p.lanes, l)
	}
}

// of is the lane that a hop belongs to.
func (p *parties) of(h trace.Hop) lane {
	name := host(h.URL)
	for _, r := range roles {
		if h.Role == r.role && (!p.byHost || h.Role != trace.RoleCarrier) {
			return lane{key: r.role, class: r.class, title: r.short, host: name}
		}
	}
	return lane{key: name, class: "carrier", title: name, host: name}
}

// at is the lane of a hop, the last where it has none of its own.
func (p *parties) at(h trace.Hop) int {
	key := p.of(h).key
	if i := slices.IndexFunc(p.lanes, func(l lane) bool { return l.key == key }); i >= 0 {
		return i
	}
	return len(p.lanes) - 1
}

// sequence draws who was asked, from top to bottom, by the device on the left.
func (p Page) sequence(w *writer) {
	if len(p.Trace.Hops) == 0 {
		return
	}
	all := p.parties()
	w.put(`<section><h2>Who talked to whom</h2><div class="seq"><div class="row heads"><div></div><div class="lanes n{}">`, itoa(len(all.lanes)))
	for _, l := range all.lanes {
		w.put(`<div class="{}"><b>{}</b>`, l.class, l.title)
		if l.host != l.title {
			w.put(`<span>{}</span>`, l.host)
		}
		w.put(`</div>`)
	}
	w.put(`</div></div><ol>`)
	last, isThere := p.unasked()
	at := slices.IndexFunc(p.Trace.Hops, func(h trace.Hop) bool { return inChain(h) && h.N == last.N && h.Step == last.Step })
	for i := range p.Trace.Hops {
		p.row(w, all, i)
		if isThere && i == at {
			p.callback(w, all, last)
		}
	}
	w.put(`</ol></div></section>`)
}

// unasked is the callback of a chain that nobody requested, since it is not ours; N is that of the hop before it.
func (p Page) unasked() (trace.Hop, bool) {
	chain := p.Trace.Chain()
	if k := p.Trace.End.Kind; len(chain) == 0 || k != trace.EndCallback && k != trace.EndDenied {
		return trace.Hop{}, false
	}
	h := chain[len(chain)-1]
	if h.Role == trace.RoleCallback || h.Location == "" || h.Status/100 != 3 {
		return trace.Hop{}, false
	}
	return trace.Hop{N: h.N, Step: h.Step, URL: h.Location, Role: trace.RoleCallback}, true
}

// callback is the row of a callback that nobody requested.
func (p Page) callback(w *writer, all *parties, h trace.Hop) {
	w.put(`<li class="row"><span class="what"><b>→</b><span class="host">{}</span><span class="path">{}</span></span>`, host(h.URL), path(h.URL))
	p.lines(w, all, all.at(h), func(at [3]string) {
		there(w, "callback", at)
		w.put(`<text x="{}%" y="42" class="soft">not requested</text>`, at[1])
	})
}

// row is one request and its answer.
func (p Page) row(w *writer, all *parties, i int) {
	h := p.Trace.Hops[i]
	label, class := itoa(h.N), "row"
	if !inChain(h) {
		label, class = h.Step, "row call"
	}
	w.put(`<li class="{}"><a class="what" href="#hop-{}"><b>{}</b><span class="host">{}</span><span class="path">{}</span>`,
		class, itoa(i+1), label, host(h.URL), path(h.URL))
	p.flags(w, h)
	w.put(`</a>`)
	to := all.at(h)
	p.lines(w, all, to, func(at [3]string) { arrow(w, h, all.lanes[to].class, at) })
}

// lines are the lanes of a row, and what is drawn between the first and the one at to: draw is told where that
// begins, has its middle and ends, in percent.
func (p Page) lines(w *writer, all *parties, to int, draw func(at [3]string)) {
	w.put(`<svg aria-hidden="true" width="100%" height="100%">`)
	n := float64(len(all.lanes))
	for j, l := range all.lanes {
		w.put(`<line class="life {}" x1="{}%" x2="{}%" y1="0" y2="100%"/>`, l.class, middle(j, n), middle(j, n))
	}
	draw([3]string{middle(0, n), percent((float64(to)+1)/2, n), middle(to, n)})
	w.put(`</svg></li>`)
}

// there is the way to a lane.
func there(w *writer, class string, at [3]string) {
	w.put(`<line class="go {}" x1="{}%" x2="{}%" y1="20" y2="20"/><svg class="tip" x="{}%" y="20"><path class="{}" d="M-9 -4.5L-1 0L-9 4.5z"/></svg>`,
		class, at[0], at[2], at[2], class)
}

// arrow is the way there and, dashed, the way back with what was answered.
func arrow(w *writer, h trace.Hop, class string, at [3]string) {
	from, between, to := at[0], at[1], at[2]
	status := strconv.Itoa(h.Status)
	if h.Status == 0 {
		status, class = "no answer", "failed"
	}
	there(w, class, at)
	if h.Status != 0 {
		w.put(`<line class="back {}" x1="{}%" x2="{}%" y1="38" y2="38"/><svg class="tip" x="{}%" y="38"><path class="open {}" d="M9 -4L2 0L9 4"/></svg>`,
			class, from, to, from, class)
	}
	w.put(`<text x="{}%" y="42" class="{}">{}</text>`, between, statusClass(h), status)
}

// statusClass: a redirect is ordinary, everything from 400 on is not.
func statusClass(h trace.Hop) string {
	switch {
	case h.Status == 0 || h.Status >= 400:
		return "bad"
	case h.Status/100 == 3:
		return "soft"
	default:
		return "ink"
	}
}

// flags mark a hop that has findings, the gravest of them.
func (p Page) flags(w *writer, h trace.Hop) {
	for _, l := range levels {
		for _, f := range p.Trace.Findings {
			if f.Level == l.level && f.Hop == h.N && f.Step == h.Step {
				w.put(`<i class="flag {}" title="{}">{}</i>`, f.Level, f.Text, l.mark)
				return
			}
		}
	}
}

// middle is where the middle of a lane is, in percent.
func middle(i int, n float64) string { return percent(float64(i)+0.5, n) }
