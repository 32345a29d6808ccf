package trace

import (
	"maps"
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
	shown string
	told  bool
}

// paramsOf are the parameters in the query and the fragment of u, by the names that are shown.
func (m *Mask) paramsOf(u *url.URL) map[string]param {
	out := map[string]param{}
	for _, part := range []struct{ kind, raw string }{{"query", u.RawQuery}, {"fragment", u.EscapedFragment()}} {
		n := 0
		for pair := range strings.SplitSeq(part.raw, "&") {
			if n++; n > maxParams {
				break
			}
			m.paramOf(out, pair, part.kind)
		}
	}
	return out
}

// paramOf puts name=value into out. A name that comes twice has both values.
func (m *Mask) paramOf(out map[string]param, pair, kind string) {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		return
	}
	masked, ok := m.pair(pair, kind, 0)
	if m.Reveal {
		masked, ok = pair, true
	}
	if !ok {
		return
	}
	key, shown, _ := strings.Cut(Printable(masked), "=")
	p := param{shown: shown, told: watched[strings.ToLower(name)] || len(value) >= longValue}
	if old, twice := out[key]; twice {
		p = param{shown: old.shown + "," + p.shown, told: old.told || p.told}
	}
	out[key] = p
}

// changed lists what became of the parameters from one hop to the next, by name.
func changed(from, to map[string]param) []Change {
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(from)) {
		old, now := from[name], to[name]
		switch _, still := to[name]; {
		case !old.told && !now.told:
		case !still:
			out = append(out, Change{Param: name, What: WhatGone, From: old.shown})
		case old.shown != now.shown:
			out = append(out, Change{Param: name, What: WhatChanged, From: old.shown, To: now.shown})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to)) {
		if _, before := from[name]; !before && to[name].told {
			out = append(out, Change{Param: name, What: WhatNew, To: to[name].shown})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return strings.Compare(a.Param, b.Param) })
	return out
}

// A tracker remembers the parameters of the last hop of each step.
type tracker map[string]map[string]param

// next tells what changed since the last hop of step, and remembers this one.
func (t tracker) next(step string, params map[string]param) []Change {
	last, seen := t[step]
	t[step] = params
	if !seen {
		return nil
	}
	return changed(last, params)
}
