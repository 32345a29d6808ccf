package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// clients tell who would get through.
func (p Page) clients(w *writer) {
	if len(p.Clients) == 0 {
		return
	}
	w.put(`<section><h2>Who gets through</h2><table class="clients"><thead><tr><th>Client</th><th>Through</th><th>Why</th></tr></thead><tbody>`)
	for _, c := range p.Clients {
		class, word := "bad", "✗ no"
		switch {
		case c.Through && c.Unsure:
			class, word = "unsure", "? perhaps"
		case c.Through:
			class, word = "good", "✓ yes"
		}
		w.put(`<tr><th scope="row">{}</th><td class="{}">{}</td><td>{}</td></tr>`, c.Title, class, word, c.Why)
	}
	w.put(`</tbody></table>`)
	if p.Caveat != "" {
		w.put(`<p class="meta">{}</p>`, p.Caveat)
	}
	w.put(`</section>`)
}

// hops are all that is known of each request, folded.
func (p Page) hops(w *writer) {
	if len(p.Trace.Hops) == 0 {
		return
	}
	w.put(`<section><h2>Hop by hop</h2>`)
	for i, h := range p.Trace.Hops {
		status := itoa(h.Status)
		if h.Status == 0 {
			status = "–"
		}
		w.put(`<details id="hop-{}"><summary><b>{}</b><em class="{}">{}</em><span>{}</span><small>{}</small></summary><dl>`,
			itoa(i+1), p.name(i), statusClass(h), status, host(h.URL)+path(h.URL), took(h.Total))
		for _, f := range facts(h) {
			if f.Value != "" {
				w.put(`<dt>{}</dt><dd>{}</dd>`, f.Name, f.Value)
			}
		}
		for _, c := range h.Changes {
			w.put(`<dt>{}</dt><dd>{}</dd>`, c.Param, change(c))
		}
		for _, name := range slices.Sorted(maps.Keys(h.Headers)) {
			w.put(`<dt>{}</dt><dd>{}</dd>`, name, h.Headers[name])
		}
		w.put(`</dl></details>`)
	}
	w.put(`</section>`)
}

// facts are the lines of a hop that may be empty.
func facts(h trace.Hop) []Fact {
	connection := "new"
	if h.Reused {
		connection = "the same as before"
	}
	role := h.Role
	if h.RoleGuessed {
		role += " (a guess)"
	}
	notes := make([]string, len(h.Notes))
	for i, n := range h.Notes {
		notes[i] = n.Text
	}
	return []Fact{
		{"request", strings.TrimSpace(h.Method + " " + h.URL)},
		{"leads to", h.Location},
		{"refreshes to", h.Refresh},
		{"page", h.Title},
		{"type", h.ContentType},
		{"whose", role},
		{"address", h.RemoteAddr},
		{"protocol", joined(h.Proto, h.TLSVersion)},
		{"certificate", h.CertIssuer},
		{"connection", connection},
		{"time", times(h)},
		{"cookies sent", strings.Join(h.CookiesSent, ", ")},
		{"cookies set", cookies(h)},
		{"remarks", strings.Join(notes, "; ")},
		{"failed", joined(h.Phase, h.Error)},
	}
}

func joined(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), ", ")
}

func times(h trace.Hop) string {
	var parts []string
	for _, ph := range phases {
		if d := ph.of(h); d > 0 {
			parts = append(parts, ph.title+" "+took(d))
		}
	}
	return strings.Join(parts, ", ")
}

func cookies(h trace.Hop) string {
	if len(h.Cookies) == 0 {
		return strings.Join(h.CookiesSet, ", ")
	}
	var all []string
	for _, c := range h.Cookies {
		where := []string{c.Name}
		if c.Domain != "" {
			where = append(where, "for "+c.Domain)
		}
		if c.Path != "" {
			where = append(where, "path "+c.Path)
		}
		if c.Gone {
			where = append(where, "taken back")
		}
		all = append(all, strings.Join(where, " "))
	}
	return strings.Join(all, ", ")
}

func change(c trace.Change) string {
	switch c.What {
	case trace.WhatChanged:
		return c.From + " → " + c.To
	case trace.WhatGone:
		return "gone, was " + c.From
	default:
		return "new: " + c.To
	}
}

// settings are what the chain was followed with, and where each came from.
func (p Page) settings(w *writer) {
	if len(p.Trace.Settings) == 0 {
		return
	}
	w.put(`<section><h2>Settings</h2><table><thead><tr><th>Setting</th><th>Value</th><th>From</th></tr></thead><tbody>`)
	for _, s := range p.Trace.Settings {
		w.put(`<tr><th scope="row">{}</th><td class="mono">{}</td><td>{}</td></tr>`, s.Name, s.Value, s.Origin)
	}
	w.put(`</tbody></table></section>`)
}

// foot says what made the page, and how to read what is hidden in it.
func (p Page) foot(w *writer) {
	w.put(`<footer><p>`)
	if p.Trace.Revealed {
		w.put(`Not masked: secrets and phone numbers stand in this page.`)
	} else {
		w.put(`Secrets and phone numbers are masked. A name such as <code>code~1</code> stands for a hidden value: ` +
			`the same name is the same value, on every hop.`)
	}
	w.put(`</p><p>`)
	if p.Trace.Tool != "" {
		w.put(`{} `, "Made by "+p.Trace.Tool+".")
	}
	for _, f := range p.Versions {
		w.put(`<span>{} {}</span> `, f.Name, f.Value)
	}
	w.put(`</p></footer>`)
}
