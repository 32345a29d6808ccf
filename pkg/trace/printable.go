package trace

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns s with everything that a terminal obeys, or that an eye cannot see, written as
// a visible escape: control characters (ESC, so CSI, OSC and DCS too, and the C1 range), line
// breaks, bidi and zero-width marks, fillers and variation selectors, and bytes that are no UTF-8.
// The result is one line. Text without any of these comes back as it is.
func Printable(s string) string {
	i := firstHidden(s)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	b.WriteString(s[:i])
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteString(`\x` + hex2(s[i]))
		case hidden(r):
			b.WriteString(escape(r))
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// firstHidden is the index of the first byte that Printable has to escape, or -1.
func firstHidden(s string) int {
	for i, r := range s {
		if r >= ' ' && r < 0x7f {
			continue
		}
		if hidden(r) || r == utf8.RuneError {
			return i
		}
	}
	return -1
}

// invisible are the letters and marks that unicode.IsPrint lets through though nothing is drawn.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034f, Hi: 0x034f, Stride: 1}, // combining grapheme joiner
		{Lo: 0x115f, Hi: 0x1160, Stride: 1}, // Hangul fillers
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1}, // Khmer inherent vowels
		{Lo: 0x180b, Hi: 0x180f, Stride: 1}, // Mongolian selectors
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // braille blank
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul filler
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, // variation selectors
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1}, // halfwidth Hangul filler
	},
	R32: []unicode.Range32{{Lo: 0xe0100, Hi: 0xe01ef, Stride: 1}}, // more variation selectors
}

// hidden says whether r is obeyed or unseen rather than drawn. unicode.IsPrint leaves out all
// controls, format marks (bidi, zero-width, tags) and every space but U+0020.
func hidden(r rune) bool {
	return !unicode.IsPrint(r) || unicode.Is(invisible, r)
}

// escape writes r as Go would inside quotes: \n, \x1b, \u202e, \U000e0041.
func escape(r rune) string {
	if r == unicode.ReplacementChar {
		return string(r)
	}
	q := strconv.QuoteRuneToASCII(r)
	return q[1 : len(q)-1]
}

// hex2 is b as two hexadecimal digits.
func hex2(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}
