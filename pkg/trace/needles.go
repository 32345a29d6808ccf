package trace

import (
	"cmp"
	"slices"
	"strings"
)

// needles are the texts to be found and replaced. Few texts hold any, so a small filter over the
// first three bytes of each needle lets the others pass quickly; those bytes also tell which needles
// may stand at a place, so that many cost little more than few.
type needles struct {
	count  int
	filter [1 << filterBits / 64]uint64
	starts map[uint16][]needle // by the hash of the first three bytes
}

// A needle is one way to write a secret, and what is shown for it.
type needle struct{ text, shown string }

// A match is a needle at a place.
type match struct {
	at int
	needle
}

const (
	filterBits = 12
	prefix     = 3 // bytes that the filter looks at
)

// hash is the place in the filter of the three bytes of s at i.
func hash(s string, i int) uint16 {
	const shift = 64 - filterBits
	return uint16((uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16) * 0x9e3779b97f4a7c15 >> shift)
}

// add makes texts replaced by shown.
func (n *needles) add(shown string, texts ...string) {
	for _, text := range texts {
		if len(text) < prefix {
			continue
		}
		h := hash(text, 0)
		n.filter[h/64] |= 1 << (h % 64)
		at := slices.IndexFunc(n.starts[h], func(x needle) bool { return x.text == text })
		if at >= 0 {
			n.starts[h][at].shown = shown
			continue
		}
		n.starts = put(n.starts, h, append(n.starts[h], needle{text, shown}))
		n.count++
	}
}

// maybe says whether s may hold a needle.
func (n *needles) maybe(s string) bool {
	if n.count == 0 {
		return false
	}
	for i := range max(0, len(s)-prefix+1) {
		if h := hash(s, i); n.filter[h/64]&(1<<(h%64)) != 0 {
			return true
		}
	}
	return false
}

// matches are the needles in s, wherever they stand.
func (n *needles) matches(s string) []match {
	if n.count == 0 {
		return nil
	}
	var out []match
	for i := range max(0, len(s)-prefix+1) {
		h := hash(s, i)
		if n.filter[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		for _, x := range n.starts[h] {
			if strings.HasPrefix(s[i:], x.text) {
				out = append(out, match{i, x})
			}
		}
	}
	return out
}

// in says whether s holds a needle.
func (n *needles) in(s string) bool { return len(n.matches(s)) > 0 }

// replace puts what is shown in the place of every needle, the longest first, so that a secret goes
// before a part of it.
func (n *needles) replace(s string) string {
	found := n.matches(s)
	if len(found) == 0 {
		return s
	}
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.at, b.at), strings.Compare(a.text, b.text))
	})
	covered := make([]bool, len(s))
	kept := found[:0]
	for _, m := range found {
		if place := covered[m.at : m.at+len(m.text)]; !slices.Contains(place, true) {
			kept = append(kept, m)
			for i := range place {
				place[i] = true
			}
		}
	}
	slices.SortFunc(kept, func(a, b match) int { return cmp.Compare(a.at, b.at) })
	var b strings.Builder
	end := 0
	for _, m := range kept {
		b.WriteString(s[end:m.at])
		b.WriteString(m.shown)
		end = m.at + len(m.text)
	}
	return b.String() + s[end:]
}
