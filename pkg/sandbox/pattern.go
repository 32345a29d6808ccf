package sandbox

import (
	"fmt"
	"strings"
)

// maxPattern bounds a number pattern.
const maxPattern = 64

// pattern selects phone numbers as a shell selects files: * stands for any digits, ? for one and [02468]
// for one of these; everything else for itself. "" selects every number.
type pattern string

// parsePattern checks a pattern. It is matched against whole numbers in E.164, so it begins with + or *.
func parsePattern(s string) (pattern, error) {
	rest, plus := strings.CutPrefix(s, "+")
	ok := len(s) <= maxPattern && rest != "" && (plus || s[0] == '*')
	for rest != "" && ok {
		set, after, closed := strings.Cut(strings.TrimPrefix(rest, "["), "]")
		if rest[0] == '[' {
			ok = closed && set != "" && strings.Trim(set, "0123456789") == ""
			rest = after
			continue
		}
		ok = strings.ContainsRune("0123456789*?", rune(rest[0]))
		rest = rest[1:]
	}
	if !ok {
		return "", fmt.Errorf("number pattern %q: want + or * and digits, with * for any of them and ? for one, such as +4477* or *99", shortened(s))
	}
	return pattern(s), nil
}

// matches tells whether the whole of phone fits. A pattern has few stars, so going back to the last one is
// all the search there is.
func (p pattern) matches(phone string) bool {
	if p == "" {
		return true
	}
	rest, star, back := string(p), "", ""
	for {
		switch {
		case rest != "" && rest[0] == '*':
			rest = rest[1:]
			star, back = rest, phone
			continue
		case phone == "" && rest == "":
			return true
		case phone != "":
			if after, ok := matchOne(rest, phone[0]); ok {
				rest, phone = after, phone[1:]
				continue
			}
		}
		if back == "" {
			return false
		}
		back = back[1:]
		rest, phone = star, back
	}
}

// matchOne takes what stands for one character off the pattern, if it stands for c.
func matchOne(p string, c byte) (rest string, ok bool) {
	switch {
	case p == "":
		return "", false
	case p[0] == '?':
		return p[1:], c != '+'
	case p[0] == '[':
		set, rest, _ := strings.Cut(p[1:], "]")
		return rest, strings.IndexByte(set, c) >= 0
	default:
		return p[1:], p[0] == c
	}
}

// shortened keeps an error readable, whatever was typed.
func shortened(s string) string {
	if len(s) > maxPattern {
		return s[:maxPattern] + "…"
	}
	return s
}
