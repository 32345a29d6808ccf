package vnv

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Phone is a phone number in E.164 form: "+", country code, subscriber
// number. Only its syntax is checked: number metadata refuses the numbers of
// the Virtual Operator (+990).
type Phone string

var e164 = lazily(`^\+[1-9][0-9]{4,14}$`)

// ParsePhone takes a number that is in E.164 form and nothing else. The
// error shows the right form.
func ParsePhone(s string) (Phone, error) {
	if e164().MatchString(s) {
		return Phone(s), nil
	}
	return "", &phoneError{s}
}

// phoneError is a number in another form.
type phoneError struct{ text string }

func (e *phoneError) Error() string {
	if e.text == "" {
		return "the phone number is empty: write it with + and country code"
	}
	return fmt.Sprintf("%s is not in E.164 form: %s", printable(clip(e.text, 40)), phoneAdvice(e.text))
}

var notPhone = strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "/", "", "\u00a0", "")

// phoneAdvice says how the number must be written, with an example made of
// its own digits where they allow one.
func phoneAdvice(s string) string {
	bare := notPhone.Replace(s)
	local := strings.TrimPrefix(bare, "0")
	tries := []struct{ phone, advice string }{
		{bare, "write it without spaces or punctuation, "},
		{"+" + strings.TrimPrefix(bare, "00"), "write it with + and country code, "},
		{"+44" + local, "write it with + and country code, for a UK number "},
	}
	for _, t := range tries {
		if e164().MatchString(t.phone) {
			return t.advice + t.phone
		}
	}
	return "write + and country code, then the number: 5 to 15 digits in all"
}

// Hash returns the SHA-256 of the number, its + included, as lower-case hex:
// the hashedPhoneNumber of a verify request (CAMARA).
func (p Phone) Hash() string {
	sum := sha256.Sum256([]byte(p))
	return hex.EncodeToString(sum[:])
}

const (
	bullet = "•"
	tail   = 2 // digits shown at the end
)

// Masked shows the country code and the last two digits. What is no phone
// number, or too short to hide anything, is hidden whole.
func (p Phone) Masked() string {
	if !e164().MatchString(string(p)) {
		return strings.Repeat(bullet, 3)
	}
	code := 1 + codeLength(string(p[1:]))
	covered := len(p) - code - tail
	if covered < tail {
		return string(p[:code]) + strings.Repeat(bullet, 3)
	}
	return string(p[:code]) + strings.Repeat(bullet, covered) + string(p[len(p)-tail:])
}

// codeLengths holds the calling codes of one and two digits (ITU-T E.164);
// all others have three.
var codeLengths = strings.Fields(`1 7
	20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49
	51 52 53 54 55 56 57 58 60 61 62 63 64 65 66
	81 82 84 86 90 91 92 93 94 95 98`)

func codeLength(digits string) int {
	for _, code := range codeLengths {
		if strings.HasPrefix(digits, code) {
			return len(code)
		}
	}
	return 3
}
