package verdict

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// Mismatch says in which characters a redirect URI differs from the registered one, as
// a clause: the servers compare byte by byte (RFC 6749 section 3.1.2.3). Empty: they
// are equal.
func Mismatch(registered, ours string) string {
	if registered == ours {
		return ""
	}
	a, errA := url.Parse(registered)
	b, errB := url.Parse(ours)
	if errA == nil && errB == nil {
		for _, part := range parts {
			if text := part(a, b); text != "" {
				return text
			}
		}
	}
	at := common(registered, ours)
	return "they differ at character " + strconv.Itoa(at+1) + ": registered " + piece(registered, at) + ", ours " + piece(ours, at)
}

// parts compare one part of two URLs each; empty: no difference that has a name.
var parts = []func(a, b *url.URL) string{
	func(a, b *url.URL) string { return differ("scheme", a.Scheme, b.Scheme) },
	func(a, b *url.URL) string {
		switch {
		case a.Hostname() == b.Hostname():
			return ""
		case strings.EqualFold(a.Hostname(), b.Hostname()):
			return "the host is written in other case: registered " + a.Hostname() + ", ours " + b.Hostname()
		}
		return differ("host", a.Hostname(), b.Hostname())
	},
	func(a, b *url.URL) string { return differ("port", a.Port(), b.Port()) },
	func(a, b *url.URL) string {
		pa, pb := a.EscapedPath(), b.EscapedPath()
		switch {
		case pa == pb+"/":
			return "the registered one ends with a slash, ours does not"
		case pa+"/" == pb:
			return "ours ends with a slash, the registered one does not"
		case pa != pb && strings.EqualFold(pa, pb):
			return "the path is written in other case: registered " + trace.Printable(pa) + ", ours " + trace.Printable(pb)
		}
		return differ("path", pa, pb)
	},
	func(a, b *url.URL) string {
		if a.RawQuery != b.RawQuery {
			return "the query differs"
		}
		return ""
	},
}

func differ(what, a, b string) string {
	if a == b {
		return ""
	}
	name := func(s string) string {
		if s == "" {
			return "none"
		}
		return trace.Printable(s)
	}
	return "the " + what + " differs: registered " + name(a) + ", ours " + name(b)
}

// common is how many bytes two texts begin with in common.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func piece(s string, at int) string {
	const enough = 8
	if at >= len(s) {
		return "ends there"
	}
	return quoted(s[at:min(len(s), at+enough)])
}
