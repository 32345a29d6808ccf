package report

import (
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// phases are the parts of a hop's time, in their order.
var phases = []struct {
	class, title string
	of           func(trace.Hop) time.Duration
}{
	{"dns", "DNS", func(h trace.Hop) time.Duration { return h.DNS }},
	{"connect", "connect", func(h trace.Hop) time.Duration { return h.Connect }},
	{"tls", "TLS", func(h trace.Hop) time.Duration { return h.TLS }},
	{"wait", "wait", func(h trace.Hop) time.Duration { return h.FirstByte }},
	{"body", "receive", func(h trace.Hop) time.Duration { return h.Total - h.DNS - h.Connect - h.TLS - h.FirstByte }},
}

// span is when the first hop began, and how long it took until the last ended. Files that do
// not say when a hop began have their hops put one behind the other.
func span(hops []trace.Hop) (starts []time.Duration, whole time.Duration) {
	timed := len(hops) > 0 && !hops[0].Start.IsZero()
	for _, h := range hops {
		start := whole
		if timed {
			start = max(h.Start.Sub(hops[0].Start), 0)
		}
		starts = append(starts, start)
		whole = max(whole, start+h.Total)
	}
	return starts, whole
}

// waterfall draws when each hop began and what its time went into.
func (p Page) waterfall(w *writer) {
	starts, whole := span(p.Trace.Hops)
	if whole <= 0 {
		return
	}
	w.put(`<section><h2>Where the time went</h2><ul class="legend">`)
	for _, ph := range phases {
		w.put(`<li class="{}">{}</li>`, ph.class, ph.title)
	}
	w.put(`</ul><ol class="fall">`)
	for i, h := range p.Trace.Hops {
		label := itoa(h.N)
		if !inChain(h) {
			label = h.Step
		}
		w.put(`<li><a href="#hop-{}"><b>{}</b> {}</a><svg aria-hidden="true" width="100%" height="16"><rect class="track" width="100%" height="1" y="7.5"/>`,
			itoa(i+1), label, host(h.URL))
		bars(w, h, starts[i], whole)
		w.put(`</svg><span>{}</span></li>`, took(h.Total))
	}
	w.put(`</ol><p class="axis"><span>0</span><span>{}</span><span>{}</span></p></section>`, took(whole/2), took(whole))
}

// bars are the phases of one hop, one behind the other.
func bars(w *writer, h trace.Hop, start, whole time.Duration) {
	at := start
	for _, ph := range phases {
		d := ph.of(h)
		if d <= 0 {
			continue
		}
		w.put(`<rect class="{}" x="{}%" width="{}%" height="12" y="2"><title>{} {}</title></rect>`,
			ph.class, share(at, whole), share(max(d, whole/400), whole), ph.title, took(d))
		at += d
	}
}

func share(d, whole time.Duration) string { return percent(float64(d), float64(whole)) }
