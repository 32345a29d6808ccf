package follow

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// A jar keeps the cookies of one chain by RFC 6265, with the public-suffix list, and by the rules
// of RFC 6265bis on Secure and on the prefixes __Host- and __Secure-, which the standard jar does
// not know. No host is trusted with Secure cookies over plain http, loopback included.
type jar struct {
	*cookiejar.Jar
	secure map[string]bool // name=value of what was set with Secure
}

// newJar is an empty jar.
func newJar() jar {
	j, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // never fails
	return jar{j, map[string]bool{}}
}

// keep takes the cookies of an answer to a request for u.
func (j jar) keep(u *url.URL, res *http.Response, notes *trace.Notes) {
	j.take(u, res.Cookies(), notes)
}

// take puts cookies of u into the jar, and notes those it refuses.
func (j jar) take(u *url.URL, cookies []*http.Cookie, notes *trace.Notes) {
	cookies = slices.DeleteFunc(cookies, func(c *http.Cookie) bool {
		why := j.refuse(u, c)
		if why != "" {
			notes.Add(noteCookie, "cookie "+c.Name+" refused: "+why)
		}
		return why != ""
	})
	for _, c := range cookies {
		if c.Secure {
			j.secure[c.Name+"="+c.Value] = true
		}
	}
	j.SetCookies(u, cookies)
}

// cookies are those that go to u. The standard jar sends Secure ones to http on loopback too.
func (j jar) cookies(u *url.URL) []*http.Cookie {
	all := j.Cookies(u)
	if u.Scheme == "https" {
		return all
	}
	return slices.DeleteFunc(all, func(c *http.Cookie) bool { return j.secure[c.Name+"="+c.Value] })
}

// refuse says why c may not be set by u; empty if it may.
func (j jar) refuse(u *url.URL, c *http.Cookie) string {
	name := strings.ToLower(c.Name)
	host := strings.HasPrefix(name, "__host-")
	switch {
	case c.Secure && u.Scheme != "https":
		return "Secure, but set over http"
	case (host || strings.HasPrefix(name, "__secure-")) && !c.Secure:
		return "its prefix demands Secure"
	case host && (c.Domain != "" || c.Path != "/"):
		return "__Host- demands Path=/ and no Domain"
	case u.Scheme != "https" && j.hasSecure(u, c.Name):
		return "it would replace a Secure cookie over http"
	default:
		return ""
	}
}

// hasSecure says whether the jar holds a Secure cookie of that name for u's host.
func (j jar) hasSecure(u *url.URL, name string) bool {
	safe := *u
	safe.Scheme = "https"
	named := func(c *http.Cookie) bool { return c.Name == name }
	return slices.ContainsFunc(j.cookies(&safe), named) && !slices.ContainsFunc(j.cookies(u), named)
}
