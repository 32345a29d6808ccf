package trace

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// written are ways to write +447700900123.
var written = []string{
	"+447700900123", "+44 7700 900123", "+44-7700-900123", "tel:+44-7700-900123", "00447700900123", "0044 7700 900 123", "011 44 7700 900123",
	"07700900123", "07700 900123", "(07700) 900123", "+44 (0)7700 900123", "(+44) 7700.900.123", "447700900123", "44 7700 900 123", "7700900123",
	"7700-900-123", "07\u202f700\u00a0900\u2011123", "\u202a07700900123\u202c",
}

func TestKnownNumber(t *testing.T) {
	t.Parallel()
	for _, way := range written {
		for _, around := range []string{"@", "subscriber @ barred", "Welcome @!", `{"to":"@"}`, "2026-11-22 10:20:30 @ 1763839200", "msisdn=@&x=1", "a@b", "1@2"} {
			raw := strings.Replace(around, "@", way, 1)
			for how, got := range map[string]string{"text": knowing().Text(raw), "id": knowing().ID(raw)} {
				if strings.Contains(onlyDigits(got), "7700900123") || !strings.Contains(got, hiddenNo) {
					t.Errorf("%s: %q is shown as %q", how, raw, got)
				}
			}
		}
		if got := knowing().URL("https://x.example/" + strings.ReplaceAll(way, " ", "") + "/"); strings.Contains(onlyDigits(got), "7700900123") {
			t.Errorf("%q in a path: %s", way, got)
		}
	}
	for raw, want := range map[string]string{
		"+44 7700 900123 / 07700 900123 / 7700900123 / 00447700900123": strings.Repeat(hiddenNo+" / ", 3) + hiddenNo,
		"at 10 7700900123":  "at 10 " + hiddenNo,
		"(0)7700 900123":    hiddenNo,
		"07700 900124":      "phone~1",
		"id 37700-900-1234": "id 3" + hiddenNo + "4",
	} {
		if got := knowing().Text(raw); got != want {
			t.Errorf("%q\ngot  %s\nwant %s", raw, got, want)
		}
	}
}

func TestShortNumber(t *testing.T) {
	t.Parallel()
	m := &Mask{}
	m.Know("phone", "+35812345", "") // five digits after the code: too few to be looked for alone
	m.Know("phone", "+358123456", "+358••••56")
	for raw, want := range map[string]string{
		"0 12345": "0 12345", "0123456.": "+358••••56.", "12 34 56": "+358••••56", "9123456": "9123456", "1234567": "1234567",
	} {
		if got := m.Text(raw); got != want {
			t.Errorf("%q is shown as %q, not %q", raw, got, want)
		}
	}
}

func TestUnknownNumber(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"call +44 7700 900456 now":           "call phone~1 now",
		"call 07700 900456.":                 "call phone~1.",
		"call (020) 7946 0456, or 0044 7700": "call (phone~1, or 0044 7700",
		"06 12 34 56 78":                     "phone~1",
		"0612-345-678":                       "phone~1",
		"0044 7700 900456":                   "phone~1",
		"MSISDN 447700900456 is barred":      "MSISDN phone~1 is barred",
		"the number 447700900456":            "the number phone~1",
		"the phone number is 7700 9004":      "the phone number is phone~1",
		"subscriber: 77009004":               "subscriber: phone~1",
		"2025550123 is barred":               "phone~1 is barred",
	} {
		if got := (&Mask{}).Text(raw); got != want {
			t.Errorf("%q\ngot  %s\nwant %s", raw, got, want)
		}
	}
	for _, raw := range []string{ // times, ids, addresses and amounts
		"2026-11-22T19:20:30.123456789Z", "2026-11-22 19:20:30 +0100", "22.11.2026 19:20:30", "22-11-2026", "at 1763839200", "at 1763839200123", "20261122192030", "202611221920",
		"11111111-2222-3333-4444-555555555555", "bf0ca0-0771234567-1", "3f0a91c0771234567", "v2_840e17a8", "127.0.0.1:41873", "192.168.100.200", "10.255.255.53:8080",
		"took 0.0123456789 s", "1.999093045s", "64000 bytes", "hop 3 of 10", "/v1/07700900456", "#0000000001", "RFC 7807, section 3.1", "12345678", "200 1234567",
	} {
		if got := (&Mask{}).Text(raw); got != raw {
			t.Errorf("%q is shown as %q", raw, got)
		}
	}
	const id = "300012345678901"
	if got := (&Mask{}).ID(id); got != id {
		t.Errorf("the id is shown as %q", got)
	}
}

// However a known number is written, its digits are not shown.
func TestKnownNumberProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`[1-9][0-9]{10,14}`).Draw(t, "digits")
		m := &Mask{}
		m.Know("phone", "+"+digits, "+•••")
		rest := newSubscriber(digits, "").rest
		var b strings.Builder
		b.WriteString(rapid.SampledFrom([]string{"", "0", "00", "+", "x ", "9 "}).Draw(t, "before"))
		if rapid.Bool().Draw(t, "international") {
			rest = digits
		}
		for i := range len(rest) {
			b.WriteByte(rest[i])
			if i < len(rest)-1 {
				b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "-", ".", ") ", " / "}).Draw(t, "gap"))
			}
		}
		if got := m.Text(b.String()); strings.Contains(onlyDigits(got), newSubscriber(digits, "").rest) {
			t.Fatalf("%q is shown as %q", b.String(), got)
		}
	})
}
