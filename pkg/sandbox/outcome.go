package sandbox

import "strings"

// outcome is what a number leads to.
type outcome string

const (
	outcomeTrue  outcome = "true"
	outcomeFalse outcome = "false"
	outcomeError outcome = "error"
)

// outcomeOf is the rule of the vendor's Virtual Operator, for any number: ending in 99 an error, else
// by the last digit, even true and odd false.
func outcomeOf(phone string) outcome {
	switch {
	case phone == "", strings.HasSuffix(phone, "99"):
		return outcomeError
	case phone[len(phone)-1]%2 == 0:
		return outcomeTrue
	default:
		return outcomeFalse
	}
}

// isPhone is the vendor's E.164: ^\+[1-9][0-9]{4,14}$.
func isPhone(s string) bool {
	if len(s) < 6 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	for _, d := range []byte(s[1:]) {
		if d < '0' || d > '9' {
			return false
		}
	}
	return true
}
