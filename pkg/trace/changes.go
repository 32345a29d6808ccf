package trace

import (
	"net/url"
	"slices"
	"strings"
)

// watched are the parameters whose changes are always told; of others only long values are.
var watched = set("code", "state", "redirect_uri", "scope", "client_id")

// longValue is how long a value is that may be somebody's handle on the flow.
const longValue = 16

// A param is what is shown of a parameter of a URL, and whether a change of it is worth telling.
type param struct {
	name, shown string
	told        bool
}

// params are the parameters of one URL, each name once.
type params []param

// find is the place of name, -1 if it is not there.
func (p params) find(name string) int {
	return slices.IndexFunc(p, func(x param) bool { return x.name == name })
}

// paramsOf are the parameters in the query and the fragment of u, by the names that are shown.
func (m *Mask) paramsOf(u *url.URL) (out params) {
	out = m.gather(out, u.RawQuery, "query")
	return m.gather(out, u.EscapedFragment(), "fragment")
}

// gather adds the parameters in raw to out. A name that comes twice has both values.
func (m *Mask) gather(out params, raw, kind string) params {
	for len(raw) > 0 && len(out) < maxParams {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		p, ok := m.paramOf(pair, kind)
		if !ok {
			continue
		}
		if i := out.find(p.name); i >= 0 {
			out[i].shown, out[i].told = out[i].shown+","+p.shown, out[i].told || p.told
			continue
		}
		out = append(out, p)
	}
	return out
}

// paramOf is what is shown of name=value; false for anything else.
func (m *Mask) paramOf(pair, kind string) (param, bool) {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		return param{}, false
	}
	shown := pair
	if !m.Reveal {
		if shown, ok = m.pair(pair, kind, 0); !ok {
			return param{}, false
		}
	}
	key, shown, _ := strings.Cut(Printable(shown), "=")
	return param{key, shown, watched[strings.ToLower(name)] || len(value) >= longValue}, true
}

// changed lists what became of the parameters from one hop to the next, by name.
func changed(from, to params) []Change {
	var out []Change
	for _, old := range from {
		i := to.find(old.name)
		switch {
		case i < 0 && old.told:
			out = append(out, Change{Param: old.name, What: WhatGone, From: old.shown})
		case i >= 0 && (old.told || to[i].told) && old.shown != to[i].shown:
			out = append(out, Change{Param: old.name, What: WhatChanged, From: old.shown, To: to[i].shown})
		}
	}
	for _, now := range to {
		if now.told && from.find(now.name) < 0 {
			out = append(out, Change{Param: now.name, What: WhatNew, To: now.shown})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Param, b.Param) })
	return out
}

// A tracker remembers the parameters of the last hop of each step.
type tracker map[string]params

// next tells what changed since the last hop of step, and remembers this one.
func (t tracker) next(step string, now params) []Change {
	last, seen := t[step]
	t[step] = now
	if !seen {
		return nil
	}
	return changed(last, now)
}
