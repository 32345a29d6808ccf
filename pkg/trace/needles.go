package trace

import (
	"cmp"
	"slices"
	"strings"
)

// needles are the texts to be found and replaced, longest first. Few texts hold any, so a small
// filter over the first three bytes of each needle lets the others pass quickly.
type needles struct {
	list   []needle
	filter [1 << filterBits / 64]uint64
}

// A needle is one way to write a secret, and what is shown for it.
type needle struct{ text, shown string }

const (
	filterBits = 12
	prefix     = 3 // bytes that the filter looks at
)

// bit is the place in the filter of the three bytes of s at i.
func bit(s string, i int) (word, mask uint64) {
	h := (uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16) * 0x9e3779b97f4a7c15 >> (64 - filterBits)
	return h / 64, 1 << (h % 64)
}

// add makes texts replaced by shown.
func (n *needles) add(shown string, texts ...string) {
	for _, text := range texts {
		if len(text) < prefix {
			continue
		}
		w, m := bit(text, 0)
		n.filter[w] |= m
		at, found := slices.BinarySearchFunc(n.list, text, byLength)
		if found {
			n.list[at].shown = shown
			continue
		}
		n.list = slices.Insert(n.list, at, needle{text, shown})
	}
}

// byLength orders needles longest first, so that a secret goes before a part of it.
func byLength(a needle, text string) int {
	return cmp.Or(cmp.Compare(len(text), len(a.text)), strings.Compare(a.text, text))
}

// maybe says whether s may hold a needle.
func (n *needles) maybe(s string) bool {
	if len(n.list) == 0 {
		return false
	}
	for i := range max(0, len(s)-prefix+1) {
		if w, m := bit(s, i); n.filter[w]&m != 0 {
			return true
		}
	}
	return false
}

// in says whether s holds a needle.
func (n *needles) in(s string) bool {
	return n.maybe(s) && slices.ContainsFunc(n.list, func(x needle) bool { return strings.Contains(s, x.text) })
}

// replace puts what is shown in the place of every needle.
func (n *needles) replace(s string) string {
	if !n.maybe(s) {
		return s
	}
	for _, x := range n.list {
		if len(x.text) <= len(s) && strings.Contains(s, x.text) {
			s = strings.ReplaceAll(s, x.text, x.shown)
		}
	}
	return s
}
