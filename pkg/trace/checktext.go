package trace

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	maxLayers  = 4  // encodings inside one another
	minEncoded = 10 // characters of base64 or hex that are worth decoding
	opaque     = 12 // characters of a value that may be a handle on something
)

// strictNames are names whose values are secrets, whatever they look like. Written as plainKey does.
var strictNames = set("accesstoken", "refreshtoken", "idtoken", "token", "nonce", "requestid", "sessionid", "sid", "loginhint", "clientsecret",
	"assertion", "clientassertion", "idtokenhint", "codeverifier", "password", "ticket", "jwt", "authorization", "proxyauthorization", "cookie",
	"setcookie", "apikey", "xapikey", "apisecret", "privatekey", "hashedphonenumber", "phonehash")

// looseNames are names whose values are secrets unless they are words: "code":"access_denied".
var looseNames = set("code", "state", "session", "userinfo")

// phoneNames are names under which digits are a phone number.
var phoneNames = set("phone", "phonenumber", "devicephonenumber", "msisdn", "to", "from", "number", "loginhint", "subscriber", "tel")

// plainKey is a name without its case, dashes and underscores.
func plainKey(s string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
}

// isPhone says whether s is the digits of a phone number.
func isPhone(s string) bool {
	const least, most = 7, 15
	s = strings.TrimPrefix(s, "+")
	return len(s) >= least && len(s) <= most && countDigits(s) == len(s)
}

// standIn is what a Mask shows for a value.
var standIn = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9_.:@-]*~[0-9]+,?)+$|^\[[^\]]*\]$|^\*+$|(?i)^(?:redacted|hidden|masked|null|none|true|false|undefined)$`)
})

// stoodIn says whether s was masked, or is nothing.
func stoodIn(s string) bool {
	return s == "" || standsIn(s) || len(s) <= maxHeader && standIn().MatchString(s)
}

// harmless says whether s is words, or a code of an error in capitals.
func harmless(s string) bool {
	return ordinary(s) && !shouts(s) || strings.Contains(s, " ") || strings.ToUpper(s) == s && countDigits(s) == 0
}

// leakShapes finds what is a secret by its looks, or by the name before it.
var leakShapes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)` +
		`(?P<jwt>\beyj[a-z0-9_-]{8,}\.[a-z0-9_-]+(?:\.[a-z0-9_-]*)?)` +
		`|\b(?:bearer|basic)\s+(?P<token>[a-z0-9._~+/=-]{4,})` +
		`|(?:^|[^a-z0-9+/])(?P<phone>\+[1-9](?:[ -]?[0-9]){6,14})\b` +
		`|(?P<at>[?&#;]|\b)(?P<name>[a-z][a-z_-]{1,30})(?P<is>["']?\s*[=:]\s*["']?)(?P<value>[^\s&#"'<>;,]{4,})`)
})

// text looks through a text that was decoded by the encodings in enc, and through what it may hold.
func (c *checker) text(where, s, enc string, layer int) {
	c.budget -= len(s)
	if len(s) < 4 || c.budget <= 0 || len(c.leaks) >= maxLeaks { //nolint:mnd // no secret is that short
		return
	}
	c.shapes(where, s, enc)
	c.keys(where, s, enc)
	c.numbers(where, s, enc)
	c.again(where, s, enc)
	for at := 0; at < len(s); {
		i := strings.Index(s[at:], "://")
		if i < 0 {
			break
		}
		u := urlAround(s, at+i)
		c.budget -= len(u)
		c.url(where, u, enc)
		at += i + len("://") // one URL may hold another
	}
	if layer < maxLayers {
		c.layers(where, s, enc, layer+1)
	}
}

// shapes finds what looks like a secret.
func (c *checker) shapes(where, s, enc string) {
	re := leakShapes()
	for at := 0; at < len(s); {
		m := re.FindStringSubmatchIndex(s[at:])
		if m == nil {
			return
		}
		part := func(name string) string {
			if i := 2 * re.SubexpIndex(name); m[i] >= 0 {
				return s[at+m[i] : at+m[i+1]]
			}
			return ""
		}
		next := at + m[1]
		switch {
		case part("jwt") != "":
			c.leak("jwt", where, enc, part("jwt"))
		case part("token") != "":
			if t := part("token"); !stoodIn(t) && !ordinary(t) {
				c.leak("token", where, enc, t)
			}
		case part("phone") != "":
			c.leak("phone", where, enc, part("phone"))
		default:
			c.pair(where, enc, part)
			next = at + m[2*re.SubexpIndex("value")] // what follows may be a name itself
		}
		at = next
	}
}

// pair looks at name=value in a text.
func (c *checker) pair(where, enc string, part func(string) string) {
	key, whole := plainKey(part("name")), strings.TrimRight(part("value"), ".")
	value := strings.TrimRight(whole, ".)]}\\")
	inQuery := strings.ContainsAny(part("at"), "?&#;") && part("is") == "="
	switch {
	case stoodIn(whole), stoodIn(value):
	case phoneNames[key] && isPhone(value):
		c.leak("phone", where, enc, value)
	case strictNames[key] && (inQuery || !ordinary(value)), looseNames[key] && (inQuery || !harmless(value)):
		c.leak(strings.ToLower(part("name")), where, enc, value)
	}
}

// urlAround is the URL in s whose :// is at i.
func urlAround(s string, i int) string {
	from := i
	for from > 0 && (letter(s[from-1]) || digit(s[from-1]) || strings.IndexByte("+.-", s[from-1]) >= 0) {
		from--
	}
	stops := " \t\r\n\"'<>`|\\"
	if from > 0 && s[from-1] == '=' { // the value of a parameter
		stops += "&#"
	}
	end := strings.IndexAny(s[i:], stops)
	if end < 0 {
		return s[from:]
	}
	return s[from : i+end]
}

// url looks at what a Mask would have hidden of a URL.
func (c *checker) url(where, raw, enc string) {
	u, err := url.Parse(strings.TrimRight(raw, ".,:;!?)]}"))
	if err != nil {
		return
	}
	if user := u.User.String(); user != "" && !stoodIn(user) {
		c.leak("userinfo", where, enc, user)
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if len(segment) >= opaque && !stoodIn(segment) && (!ordinary(segment) || shouts(segment)) {
			c.leak("path", where, enc, segment)
		}
	}
	for _, raw := range []string{u.RawQuery, u.EscapedFragment()} {
		for pair := range strings.SplitSeq(raw, "&") {
			name, value, _ := strings.Cut(pair, "=")
			value = unescaped(value)
			if shownParams[strings.ToLower(name)] || strings.Contains(value, "://") || stoodIn(value) {
				continue
			}
			if secretNames[strings.ToLower(name)] || len(value) >= opaque && !ordinary(value) {
				c.leak(cutText(strings.ToLower(name)), where, enc, value)
			}
		}
	}
}

// layers looks through what s holds in another encoding.
func (c *checker) layers(where, s, enc string, layer int) {
	within := func(name string) string {
		switch {
		case enc == EncURL && name == EncURL:
			return EncTwice
		case enc == "" || enc == EncTwice && name == EncURL:
			return name
		}
		return name + " in " + enc
	}
	if out, ok := unescapedWhole(s); ok {
		c.text(where, out, within(EncURL), layer)
	}
	if strings.Contains(s, `\`) {
		if out, ok := unquoted(s); ok {
			c.text(where, out, within(EncJSON), layer)
		}
	}
	for run := range strings.FieldsFuncSeq(s, func(r rune) bool { return !base64Rune(r) || r == '=' }) {
		if len(run) < minEncoded {
			continue
		}
		if out, err := hex.DecodeString(run); err == nil && readableText(out) {
			c.text(where, string(out), within(EncHex), layer)
		} else if out, ok := fromBase64(run); ok {
			c.text(where, out, within(EncBase64), layer)
		}
	}
}

// unescapedWhole undoes the escapes of a query in a text, and leaves what is none.
func unescapedWhole(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, false
	}
	var b strings.Builder
	changed := false
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) && hexDigit(s[i+2]) {
			d, _ := hex.DecodeString(s[i+1 : i+3])
			b.Write(d)
			i += 2
			changed = true
			continue
		}
		if s[i] == '+' {
			b.WriteByte(' ')
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String(), changed
}

// unquoted undoes JSON's escapes in a text; false if they are none.
func unquoted(s string) (string, bool) {
	var out string
	body := strings.ReplaceAll(s, `\"`, `\u0022`)
	if json.Unmarshal([]byte(`"`+strings.ReplaceAll(body, `"`, `\"`)+`"`), &out) != nil {
		return "", false
	}
	return out, out != s
}

// fromBase64 decodes a run of base64 of either alphabet that holds text.
func fromBase64(run string) (string, bool) {
	run = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(run, "="))
	const group = 4
	for from := range min(group, len(run)) { // it may stand behind something else
		part := run[from:]
		if len(part)%group == 1 {
			part = part[:len(part)-1]
		}
		out, err := base64.RawStdEncoding.DecodeString(part)
		if err == nil && len(out) >= minKnown-1 && readableText(out) {
			return string(out), true
		}
	}
	return "", false
}

// readableText says whether b is text rather than bytes.
func readableText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return false
		}
	}
	return true
}

// base64Rune says whether r belongs to base64, of either alphabet.
func base64Rune(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("+/-_=", r)
}

// hexDigit says whether c is a hexadecimal digit.
func hexDigit(c byte) bool { return digit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
