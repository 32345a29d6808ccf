package trace

import (
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// What stands for what cannot be read.
const (
	hiddenURL   = "[hidden: unreadable URL]"
	hiddenQuery = "[hidden]"
)

const (
	maxURL    = 64 << 10 // a longer URL is hidden whole
	maxParams = 64       // parameters shown
	maxDepth  = 3        // redirect_uri inside redirect_uri
	maxShown  = 512      // bytes of a value that may be read
)

// shownParams are the query parameters whose values may be read. A redirect_uri is masked as a URL.
var shownParams = set("scope", "response_type", "client_id", "error")

// URL returns raw with all but an allow-list hidden. Shown are scheme, host, ordinary path
// segments, and the values of scope, response_type, client_id, error and, masked likewise,
// redirect_uri. Every other query value, path segment and fragment becomes a pseudonym; names
// without a value and user names too. A URL or query that does not parse is hidden whole. The
// result is printable, for reading and not for requesting.
func (m *Mask) URL(raw string) string {
	if m.Reveal {
		return Printable(raw)
	}
	return Printable(m.url(raw, 0))
}

// url is URL at a depth of nesting.
func (m *Mask) url(raw string, depth int) string {
	if raw == "" {
		return ""
	}
	raw = m.uncut(raw)
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxURL || depth > maxDepth {
		return hiddenURL
	}
	var b strings.Builder
	if u.Scheme != "" {
		b.WriteString(m.scheme(u.Scheme) + ":")
	}
	if u.Opaque != "" {
		return b.String() + hiddenQuery
	}
	if u.Host != "" || u.User != nil {
		b.WriteString("//" + m.authority(u))
	}
	b.WriteString(m.path(u.EscapedPath()))
	if u.RawQuery != "" || u.ForceQuery {
		b.WriteString("?" + m.params(u.RawQuery, "query", depth))
	}
	if f := u.EscapedFragment(); f != "" {
		b.WriteString("#" + m.params(f, "fragment", depth))
	}
	return b.String()
}

// uncut replaces, before raw is taken apart, the secrets that would come out in pieces.
func (m *Mask) uncut(raw string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.cut.replace(raw)
}

// scheme shows a scheme that is a word.
func (m *Mask) scheme(s string) string {
	if ordinary(strings.ReplaceAll(s, "+", "-")) {
		return m.known(s)
	}
	return m.pseudonym("scheme", s)
}

// authority shows the host, in punycode, and the port. A user part is hidden.
func (m *Mask) authority(u *url.URL) string {
	host := u.Host
	if name := u.Hostname(); !ascii(name) {
		if puny, err := idna.Lookup.ToASCII(name); err == nil {
			host = strings.Replace(host, name, puny, 1)
		}
	}
	host = m.known(host)
	if u.User != nil {
		return m.pseudonym("userinfo", u.User.String()) + "@" + host
	}
	return host
}

// ascii says whether s is ASCII alone.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// path shows the ordinary segments of an escaped path.
func (m *Mask) path(escaped string) string {
	segments := strings.Split(escaped, "/")
	for i, s := range segments {
		segments[i] = m.segment(s)
	}
	return strings.Join(segments, "/")
}

// segment shows one segment if it is ordinary.
func (m *Mask) segment(escaped string) string {
	if escaped == "" {
		return ""
	}
	s, err := url.PathUnescape(escaped)
	if err != nil {
		return hiddenQuery
	}
	if ordinary(s) && !shouts(s) && !m.holds(s) {
		return escaped // as it was sent: servers compare it byte by byte
	}
	return m.pseudonym("id", s)
}

// params masks a query, or a fragment that is written like one. A text that is no list of
// parameters is one value, named kind.
func (m *Mask) params(raw, kind string, depth int) string {
	if !strings.Contains(raw, "=") {
		s, err := url.QueryUnescape(raw)
		if err != nil {
			return hiddenQuery
		}
		return m.pseudonym(kind, s)
	}
	pairs := strings.Split(raw, "&")
	rest := len(pairs) - maxParams
	if rest > 0 {
		pairs = pairs[:maxParams]
	}
	for i, p := range pairs {
		masked, ok := m.pair(p, kind, depth)
		if !ok {
			return hiddenQuery
		}
		pairs[i] = masked
	}
	out := strings.Join(pairs, "&")
	if rest > 0 {
		out += "&[" + strconv.Itoa(rest) + " more]"
	}
	return out
}

// pair masks name=value; false if it does not parse, as [url.ParseQuery] would have it.
func (m *Mask) pair(raw, kind string, depth int) (string, bool) {
	if raw == "" {
		return "", true
	}
	rawName, rawValue, hasValue := strings.Cut(raw, "=")
	name, err := url.QueryUnescape(rawName)
	value, err2 := url.QueryUnescape(rawValue)
	if err != nil || err2 != nil || strings.Contains(raw, ";") {
		return "", false
	}
	if !hasValue {
		return m.pseudonym(kind, name), true
	}
	label := strings.ToLower(name)
	if !plainName(name) || m.holds(name) {
		label, name = kind, m.pseudonym(kind, name)
	}
	return name + "=" + m.value(label, value, depth), true
}

// value masks the value of the parameter called label.
func (m *Mask) value(label, value string, depth int) string {
	switch {
	case shownParams[label] && len(value) <= maxShown && !m.holds(value) && (label != "error" || plainName(value)):
		return showEscaped(value)
	case label == "redirect_uri" && strings.Contains(value, ":"):
		return showEscaped(m.url(value, depth+1))
	default:
		return m.pseudonym(label, value)
	}
}

// showEscaped escapes what would be mistaken for URL syntax and leaves the rest readable.
func showEscaped(s string) string {
	return readable.Replace(url.QueryEscape(s))
}

// readable undoes escapes that a query does not need.
var readable = strings.NewReplacer("%3A", ":", "%2F", "/", "%2C", ",", "%5B", "[", "%5D", "]")
