package trace

import "strings"

// What may be shown of a URL's path is decided by looks: words, versions and small numbers are
// ordinary; everything else (long, mixed, with digits inside, encoded) may be an identifier and is
// hidden. A word hidden by mistake costs a reader little, an identifier shown costs a user more.

const (
	maxSegment = 48 // bytes of an ordinary path segment
	maxWord    = 20 // letters of an ordinary word
	maxDigits  = 3  // digits of an ordinary number: v031, 200
	maxRun     = 5  // consonants in a row in a longer word
)

// ordinary says whether s is made of words, versions and small numbers, joined by - _ . ~ : or @.
func ordinary(s string) bool {
	if len(s) > maxSegment {
		return false
	}
	words, numbers := 0, 0
	for word := range strings.FieldsFuncSeq(s, joint) {
		if !ordinaryWord(word) {
			return false
		}
		words++
		numbers += countDigits(word)
	}
	return words > 0 && numbers <= maxDigits+1 || s == "." || s == ".."
}

// joint says whether r joins words.
func joint(r rune) bool { return strings.ContainsRune("-_.~:@", r) }

// ordinaryWord says whether w is letters with at most a short number at the end (or alone), for
// example oauth2, v031, Callback, openIdConnect.
func ordinaryWord(w string) bool {
	letters := strings.TrimRight(w, "0123456789")
	if len(w)-len(letters) > maxDigits || len(letters) > maxWord {
		return false
	}
	humps, run := 0, 0
	for i := range len(letters) {
		c := letters[i]
		if !letter(c) {
			return false
		}
		if i > 0 && upper(c) && !upper(letters[i-1]) {
			humps++
		}
		if strings.IndexByte("aeiouyAEIOUY", c) >= 0 {
			run = 0
		} else if run++; run > maxRun && len(letters) > minKnown {
			return false
		}
	}
	return humps*4 <= len(letters)
}

// shouts says whether s is a longer run of capitals, which paths seldom have and tokens often.
func shouts(s string) bool {
	return len(s) >= minKnown && strings.ToUpper(s) == s
}

// countDigits counts the digits in s.
func countDigits(s string) int {
	n := 0
	for i := range len(s) {
		if digit(s[i]) {
			n++
		}
	}
	return n
}

// plainName says whether s can be shown as the name of a parameter.
func plainName(s string) bool {
	return s != "" && letter(s[0]) && len(s) <= maxSegment && ordinary(brackets.Replace(s))
}

// brackets makes user[name] read like user.name.
var brackets = strings.NewReplacer("[", ".", "]", ".")
