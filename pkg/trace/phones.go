package trace

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// A subscriber is a phone number that a Mask was told of, taken apart so that it is known again in every way
// in which people write it: +44 7700 900123, 0044 7700-900123, +44 (0)7700 900123, 07700 900123.
type subscriber struct{ code, rest, shown string }

const (
	minRest = 6 // digits of a number without its country code that are looked for
	maxGap  = 3 // characters between two digits of a number
)

// callingCodes are the calling codes of one and two digits (ITU-T E.164); all others have three.
var callingCodes = set(strings.Fields(`1 7
	20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49
	51 52 53 54 55 56 57 58 60 61 62 63 64 65 66
	81 82 84 86 90 91 92 93 94 95 98`)...)

// newSubscriber takes the digits of an international number apart.
func newSubscriber(digits, shown string) subscriber {
	const longest = 3
	n := min(1, len(digits))
	for n < min(longest, len(digits)) && !callingCodes[digits[:n]] {
		n++
	}
	return subscriber{code: digits[:n], rest: digits[n:], shown: shown}
}

// forms are the ways to write n without anything between its digits; the international one is not among them.
func (n subscriber) forms() []string {
	return []string{n.rest, "0" + n.rest, "00" + n.code + n.rest}
}

// replace puts what is shown in the place of n.
func (n subscriber) replace(s string) string {
	var b strings.Builder
	end := 0
	for i := 0; i < len(s); i++ {
		from, to := n.at(s, end, i)
		if to == 0 {
			continue
		}
		b.WriteString(s[end:from] + n.shown)
		i, end = to-1, to
	}
	if end == 0 {
		return s
	}
	return b.String() + s[end:]
}

// in says whether s holds n.
func (n subscriber) in(s string) bool {
	for i := range len(s) {
		if _, to := n.at(s, 0, i); to > 0 {
			return true
		}
	}
	return false
}

// at is the place of n in s if its rest begins at i; what stands before least is not looked at. A short rest
// is none inside a longer run of digits, where it may be chance. 0, 0: it is not there.
func (n subscriber) at(s string, least, i int) (from, to int) {
	if s[i] != n.rest[0] {
		return 0, 0
	}
	to = i
	for k := range len(n.rest) {
		if k > 0 {
			to += gap(s[to:])
		}
		if to >= len(s) || s[to] != n.rest[k] {
			return 0, 0
		}
		to++
	}
	from, alone := n.begin(s[least:i])
	if len(n.rest) < minKnown && (!alone || to < len(s) && digit(s[to])) {
		return 0, 0
	}
	if from += least; from > least && s[from-1] == '(' && strings.Count(s[from:to], ")") > strings.Count(s[from:to], "(") {
		from--
	}
	return from, to
}

// begin is where n begins, whose rest follows s: with its country code, or the digits that are dialled in
// place of it. False if it goes on in other digits.
func (n subscriber) begin(s string) (int, bool) {
	for _, head := range []string{"00" + n.code + "0", "011" + n.code, "00" + n.code, n.code + "0", n.code, "0", ""} {
		at, ok := len(s), true
		for i := len(head) - 1; i >= 0 && ok; i-- {
			at -= gapBefore(s[:at]) + 1
			ok = at >= 0 && s[at] == head[i]
		}
		if ok && (at == 0 || !digit(s[at-1])) {
			return len(strings.TrimSuffix(s[:at], "+")), true
		}
	}
	return len(s), false
}

// gap is how many bytes at the beginning of s stand between two digits of a number.
func gap(s string) int {
	at := 0
	for range maxGap {
		r, n := utf8.DecodeRuneInString(s[at:])
		if n == 0 || unicode.IsLetter(r) || unicode.IsDigit(r) {
			break
		}
		at += n
	}
	return at
}

// gapBefore is gap at the end of s.
func gapBefore(s string) int {
	at := len(s)
	for range maxGap {
		r, n := utf8.DecodeLastRuneInString(s[:at])
		if n == 0 || unicode.IsLetter(r) || unicode.IsDigit(r) {
			break
		}
		at -= n
	}
	return len(s) - at
}

// numberShapes finds numbers without a plus that nobody told of: after 00, after the 0 of a country's own
// form, with a word before them that says what they are, or ten digits and more that are no time.
var numberShapes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)` +
		`\b(?:msisdn|phone(?:[ _-]?number)?|subscriber|mobile|telephone|tel|caller)["'’]?\s*(?:is|=|:|#)?\s*["'(]?(?P<named>[0-9](?:[ .()/-]{0,3}[0-9]){6,14})` +
		`|(?P<abroad>00 ?[1-9](?:[ .()/-]{0,3}[0-9]){6,13})` +
		`|(?P<home>0[1-9][0-9]{0,4}\)?(?:(?: ?[0-9]{2,8}){1,4}|(?:-[0-9]{2,8}){1,4}|(?:\.[0-9]{2,8}){1,4}))` +
		`|(?P<bare>[1-9][0-9]{9,14})`)
})

// The digits of a number, without its country code's plus.
const (
	leastDigits = 7
	leastHome   = 9
	mostDigits  = 15
)

// mayBeNumber says whether s is worth the search for [numberShapes].
func mayBeNumber(s string) bool {
	run := 0
	for i := range len(s) {
		switch c := s[i]; {
		case digit(c):
			if run++; run == leastDigits {
				return true
			}
		case strings.IndexByte(" .()/-", c) < 0:
			run = 0
		}
	}
	return false
}

// eachNumber calls found for every number in s that nobody told of; bare: only its length says that it is one.
func eachNumber(s string, found func(from, to int, bare bool)) {
	if !mayBeNumber(s) {
		return
	}
	re := numberShapes()
	named, home, bare := 2*re.SubexpIndex("named"), 2*re.SubexpIndex("home"), 2*re.SubexpIndex("bare")
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		from, to := at[0], at[1]
		if at[named] >= 0 {
			from = at[named]
		}
		digits := countDigits(s[from:to])
		switch {
		case digits > mostDigits, at[named] < 0 && !alone(s, from, to):
		case at[home] >= 0 && digits < leastHome, at[bare] >= 0 && looksTime(s[from:to]):
		default:
			found(from, to, at[bare] >= 0)
		}
	}
}

// alone says whether s[from:to] is a word of its own, and no part of an id, a path, a time or an amount. A
// colon or an equals sign may stand before it, and a full stop behind it.
func alone(s string, from, to int) bool {
	before, n := utf8.DecodeLastRuneInString(s[:from])
	if before == ':' || before == '=' {
		before, _ = utf8.DecodeLastRuneInString(s[:from-n])
		if unicode.IsDigit(before) {
			return false
		}
		before = ' '
	}
	tail := strings.TrimLeft(s[to:], ".:!?")
	after, n := utf8.DecodeRuneInString(tail)
	ended := n == 0 || len(tail) < len(s)-to && unicode.IsSpace(after) || len(tail) == len(s)-to && !joins(after)
	return ended && (from == 0 || !joins(before))
}

// joins says whether r makes what stands beside it a part of something longer.
func joins(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-.:/~%+=•", r)
}

// looksTime says whether digits are a time: seconds or milliseconds since 1970, or a year with what
// follows it.
func looksTime(digits string) bool {
	const seconds, millis, minute, second = 10, 13, 12, 14
	switch len(digits) {
	case seconds, millis:
		return digits >= "14" && digits < "19"
	case minute, second:
		return strings.HasPrefix(digits, "20") && digits[4:6] <= "12" && digits[6:8] <= "31"
	}
	return false
}

// numbers hides the numbers in s that nobody told of.
func (m *Mask) numbers(s string) string {
	var b strings.Builder
	end := 0
	eachNumber(s, func(from, to int, _ bool) {
		b.WriteString(s[end:from] + m.pseudonym("phone", s[from:to]))
		end = to
	})
	return b.String() + s[end:]
}

// onlyDigits are the digits in s.
func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
