package follow

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxTarget is the longest URL that is followed, in bytes.
const maxTarget = 64 << 10

// targetError is why a URL is not one to follow. Its words hold nothing of the URL.
type targetError struct {
	reason Reason
	detail string
}

// Error implements error.
func (e *targetError) Error() string { return e.detail }

// The faults of a URL that nobody can open.
const (
	badPort = "a bad port"
	noHost  = "no host"
	oddHost = "odd characters in the host"
	badIPv4 = "a host that is almost an IPv4 address"
	badIPv6 = "a bad IPv6 address"
	badName = "a host name that is no domain name"
	badURL  = "does not parse as a URL"
	tooLong = "longer than 64 KiB"
)

// syntax is a targetError by its form.
func syntax(detail string) *targetError { return &targetError{ReasonSyntax, detail} }

// location returns where an answer to a request for base leads: its one Location, resolved. It is
// nil without an error if there is none.
func location(base *url.URL, h http.Header) (*url.URL, error) {
	switch values := h["Location"]; {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return nil, nil //nolint:nilnil // no Location is a case of its own
	case len(values) > 1:
		return nil, syntax("two Location headers")
	default:
		u, err := parseTarget(values[0], base)
		if err != nil {
			return nil, err
		}
		return u, nil
	}
}

// parseTarget reads the URL of a hop: absolute, or relative to base if that is not nil. Spaces and
// bytes beyond ASCII are percent-encoded, the host is put into its one form (lower case, punycode,
// dotted IPv4), the fragment is kept, and inherited (RFC 9110, 10.2.2). What clients read
// differently (https:host, backslashes for slashes) is refused. The error is a *targetError.
func parseTarget(raw string, base *url.URL) (*url.URL, error) {
	if len(raw) > maxTarget {
		return nil, syntax(tooLong)
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, syntax("control characters")
	}
	if slashes := leadingSlashes(raw); len(slashes) > 1 && strings.Contains(slashes, `\`) {
		return nil, syntax("backslashes in place of slashes")
	}
	u, err := url.Parse(encodeRaw(strings.Trim(raw, " ")))
	if err != nil {
		return nil, syntax(badURL)
	}
	if u.Scheme == "" {
		if base == nil {
			return nil, syntax("a relative URL")
		}
	} else if u.Scheme != "https" && u.Scheme != "http" {
		return nil, &targetError{ReasonScheme, "only https and http are followed"}
	} else if u.Opaque != "" {
		return nil, syntax("a scheme without //")
	}
	absolute := u
	if base != nil {
		if absolute = base.ResolveReference(u); absolute.Fragment == "" {
			absolute.Fragment, absolute.RawFragment = base.Fragment, base.RawFragment
		}
	}
	return absolute, tidyHost(absolute)
}

// leadingSlashes is the run of slashes and backslashes that raw begins with.
func leadingSlashes(raw string) string {
	return raw[:len(raw)-len(strings.TrimLeft(raw, `/\`))]
}

// encodeRaw percent-encodes, outside the host, what must not go over the wire as it is.
func encodeRaw(raw string) string {
	start, end := hostSpan(raw)
	clean := true
	for i := range len(raw) {
		clean = clean && !mustEncode(raw[i])
	}
	if clean {
		return raw
	}
	var b strings.Builder
	for i := range len(raw) {
		if c := raw[i]; (i < start || i >= end) && mustEncode(c) {
			b.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(c)|1<<8, 16)[1:]))
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// hostSpan is where the authority of raw is, if it has one.
func hostSpan(raw string) (start, end int) {
	before, _, ok := strings.Cut(raw, "//")
	if !ok || strings.ContainsAny(before, "/?#") {
		return 0, 0
	}
	start = len(before) + len("//")
	if n := strings.IndexAny(raw[start:], "/?#"); n >= 0 {
		return start, start + n
	}
	return start, len(raw)
}

// mustEncode says whether a byte of a path, query or fragment is none that RFC 3986 allows and
// common clients would encode.
func mustEncode(c byte) bool {
	return c >= utf8.RuneSelf || strings.IndexByte(" \"<>`", c) >= 0
}

// tidyHost refuses a user part, an empty or odd host and a bad port, and brings the rest into one form.
func tidyHost(u *url.URL) error {
	if u.User != nil {
		return syntax("a user name or password in the URL")
	}
	host, err := tidyName(u.Hostname(), strings.HasPrefix(u.Host, "["))
	if err != nil {
		return err
	}
	port := u.Port()
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return syntax(badPort)
		}
		port = strconv.FormatUint(n, 10)
	}
	switch {
	case port != "":
		u.Host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		u.Host = "[" + host + "]"
	default:
		u.Host = host
	}
	return nil
}

// tidyName is the one form of a host.
func tidyName(host string, brackets bool) (string, error) {
	if brackets {
		a, err := netip.ParseAddr(host)
		if err != nil || a.Zone() != "" || a.Is4() {
			return "", syntax(badIPv6)
		}
		return a.String(), nil
	}
	name := strings.ToLower(host)
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		puny, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", syntax(badName)
		}
		name = puny
	}
	if strings.Trim(name, ".") == "" {
		return "", syntax(noHost)
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return "", syntax(oddHost)
	}
	if numeric(name) {
		a, ok := parseIPv4(name)
		if !ok {
			return "", syntax(badIPv4)
		}
		return a.String(), nil
	}
	return name, nil
}

// numeric says whether name ends in a number, and so has to be an IPv4 address (WHATWG URL, 3.5).
func numeric(name string) bool {
	name = strings.TrimSuffix(name, ".")
	last := name[strings.LastIndexByte(name, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}

// parseIPv4 reads the forms that resolvers take for an IPv4 address: 127.0.0.1, 127.1, 2130706433,
// 0x7f000001, 0177.0.0.1.
func parseIPv4(name string) (netip.Addr, bool) {
	const size = 4
	parts := strings.Split(strings.TrimSuffix(name, "."), ".")
	if len(parts) > size {
		return netip.Addr{}, false
	}
	var sum uint64
	for i, p := range parts {
		n, ok := parseNumber(p)
		room := 8
		if i == len(parts)-1 {
			room = 8 * (size + 1 - len(parts))
		}
		if !ok || n >= 1<<room {
			return netip.Addr{}, false
		}
		sum = sum<<room | n
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true
}

// parseNumber reads a decimal, 0x hexadecimal or 0 octal number.
func parseNumber(s string) (uint64, bool) {
	base := 10
	if hex, ok := strings.CutPrefix(s, "0x"); ok {
		if s, base = hex, 16; s == "" {
			return 0, true
		}
	} else if len(s) > 1 && s[0] == '0' {
		base = 8
	}
	n, err := strconv.ParseUint(s, base, 64)
	return n, err == nil
}

// SameURI says whether two URIs lead to the same place, as a chain that ends at a redirect URI has it: query and
// fragment do not count, and a default port or the path of the root may be left out.
func SameURI(a, b string) bool {
	u, errA := parseTarget(a, nil)
	v, errB := parseTarget(b, nil)
	return errA == nil && errB == nil && sameRedirectURI(u, v)
}

// sameRedirectURI says whether u is the redirect URI: the same scheme, host, port and path, where
// a default port equals none and an empty path the root. Query and fragment do not count.
func sameRedirectURI(u, redirect *url.URL) bool {
	return redirect != nil && u.Scheme == redirect.Scheme && u.Hostname() == redirect.Hostname() &&
		portOf(u) == portOf(redirect) && pathOf(u) == pathOf(redirect)
}

// portOf is u's port, or the default one of its scheme.
func portOf(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// pathOf is u's path as it goes over the wire.
func pathOf(u *url.URL) string {
	if p := u.EscapedPath(); p != "" {
		return p
	}
	return "/"
}
