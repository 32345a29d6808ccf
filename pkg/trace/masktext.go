package trace

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// shapes finds what is secret by its looks in free text: URLs, tokens after Bearer or Basic, JWTs,
// private keys, phone numbers, and values given to a secret name. Compiled at the first use, for start-up's sake.
var shapes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)` +
		`(?P<url>[a-z][a-z0-9+.-]*://[^\s"'<>` + "`" + `]+)` +
		`|\b(?P<scheme>bearer|basic)\s+(?P<token>[a-z0-9._~+/=-]+)` +
		`|(?P<jwt>\beyj[a-z0-9_-]*\.[a-z0-9_-]+(?:\.[a-z0-9_-]*)?)` +
		`|(?P<key>-{4,5} ?BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?s:.*?)(?:-{4,5} ?END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z -]*|$))` +
		`|(?P<phone>\+[1-9](?:[ .()/-]{0,3}[0-9]){6,14}\b)` +
		`|\b(?P<name>code|state|[a-z]+_token|token|nonce|request_id|client_secret|password|session_?id)(?P<is>"?\s*[=:]\s*"?)(?P<value>[^\s&"',;<>]{4,})`)
})

// Text returns free text, such as a title or an error, made safe: known secrets are replaced
// wherever they stand, what looks like a secret (URLs by the rules of [Mask.URL], tokens, phone
// numbers, code=…) is hidden, and the rest is [Printable].
func (m *Mask) Text(s string) string { return m.text(s, true) }

// ID is [Mask.Text] for an identifier that a support desk asks for: many are digits and nothing else, so
// that what looks like a phone number stays, unless it begins with a plus or was told of.
func (m *Mask) ID(s string) string { return m.text(s, false) }

// text is Text, or without a search for numbers that nobody told of.
func (m *Mask) text(s string, numbers bool) string {
	if m.Reveal || s == "" {
		return Printable(s)
	}
	if s = m.known(s); mayBeShaped(s) {
		s = m.shaped(s)
	}
	if numbers {
		s = m.numbers(s)
	}
	if m.overfull() && !ordinary(s) {
		return hiddenQuery
	}
	return Printable(s)
}

// Error is the text of err, safe as by [Mask.Text]. What the standard library quotes of a malformed
// answer is left out: it is remote text that nobody has looked at.
func (m *Mask) Error(err error) string {
	s := err.Error()
	if m.Reveal {
		return Printable(s)
	}
	const malformed = "malformed "
	if at := strings.Index(s, malformed); at >= 0 {
		if quote := strings.IndexAny(s[at:], `":`); quote >= 0 {
			s = strings.TrimRight(s[:at+quote], " ")
		}
	}
	return m.Text(s)
}

// hints are the words of which every text with a match of shapes holds one.
var hints = []string{"://", "bearer", "basic", "eyj", "code", "state", "token", "nonce", "request_id", "secret", "password", "session", "private key"}

// mayBeShaped says whether s is worth the search: most texts are not, and compiling shapes takes
// longer than many a request.
func mayBeShaped(s string) bool {
	if plus := strings.IndexByte(s, '+'); plus >= 0 && strings.ContainsAny(s[plus:], "123456789") {
		return true
	}
	s = strings.ToLower(s)
	return slices.ContainsFunc(hints, func(hint string) bool { return strings.Contains(s, hint) })
}

// shaped hides what is secret by its looks.
func (m *Mask) shaped(s string) string {
	re := shapes()
	var b strings.Builder
	end := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(s[end:at[0]])
		end = at[1]
		part := func(name string) string {
			if i := 2 * re.SubexpIndex(name); at[i] >= 0 {
				return s[at[i]:at[i+1]]
			}
			return ""
		}
		b.WriteString(m.shape(part))
	}
	return b.String() + s[end:]
}

// shape writes one match of shapes.
func (m *Mask) shape(part func(string) string) string {
	if u := part("url"); u != "" {
		trimmed := strings.TrimRight(u, ".,:;!?)]}")
		return m.url(trimmed, 0) + u[len(trimmed):]
	}
	if t := part("token"); t != "" {
		return part("scheme") + " " + m.pseudonym("token", t)
	}
	if t := part("jwt"); t != "" {
		return m.pseudonym("jwt", t)
	}
	if t := part("key"); t != "" {
		return m.pseudonym("private-key", t)
	}
	if t := part("phone"); t != "" {
		return m.pseudonym("phone", t)
	}
	if prose(part("name"), part("is"), part("value")) {
		return part("name") + part("is") + part("value")
	}
	return part("name") + part("is") + m.pseudonym(strings.ToLower(part("name")), part("value"))
}

// prose says whether a name with a colon behind it is the end of a clause and no assignment: an OAuth
// error follows it ("without this attempt's state: access_denied"), it is one itself, or a title does
// ("invalid-code: Invalid Code").
func prose(name, is, value string) bool {
	if is != ": " {
		return false
	}
	value = strings.TrimRight(value, ".:")
	return strings.EqualFold(name, "invalid_token") && ordinary(value) || value == "Invalid" ||
		strings.Contains(value, "_") && plainName(value) && strings.ToLower(value) == value && countDigits(value) == 0
}
