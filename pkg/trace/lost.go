package trace

import (
	"net/url"
	"slices"
	"strings"
)

// maxJar is how many cookies are remembered to be missed.
const maxJar = 256

// A held cookie is one that a client has to keep.
type held struct {
	Cookie
	host string // of who set it
}

// cookies finds, by RFC 6265, the cookies that no client keeps and those that were not sent.
func (c *chain) cookies() {
	var jar []held
	for i := range c.steps {
		s := &c.steps[i]
		if s.url == nil {
			continue
		}
		if s.Role != RoleCallback { // the redirect URI is requested without cookies
			jar = slices.DeleteFunc(jar, func(h held) bool {
				missed := h.due(s.url) && !slices.Contains(s.CookiesSent, h.Name)
				if missed && !slices.Contains(s.lost, h.Name) {
					s.lost = append(s.lost, h.Name)
				}
				return missed
			})
		}
		for _, k := range s.Cookies {
			if why := refusal(k, s.url); why != "" {
				s.refused = append(s.refused, k.Name+": "+why)
				continue
			}
			jar = keep(jar, k, s.url)
		}
	}
}

// keep puts k into the jar, or takes it out.
func keep(jar []held, k Cookie, u *url.URL) []held {
	if !strings.HasPrefix(k.Path, "/") {
		k.Path = folder(u.EscapedPath())
	}
	h := held{k, strings.ToLower(u.Hostname())}
	jar = slices.DeleteFunc(jar, func(old held) bool {
		return old.Name == k.Name && old.Domain == k.Domain && old.Path == k.Path && (k.Domain != "" || old.host == h.host)
	})
	if k.Gone || len(jar) >= maxJar {
		return jar
	}
	return append(jar, h)
}

// due says whether h is to be sent to u.
func (h held) due(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if h.Domain == "" && host != h.host || h.Domain != "" && !within(host, h.Domain) {
		return false
	}
	return (!h.Secure || u.Scheme == "https" || loopback(host)) && under(u.EscapedPath(), h.Path)
}

// refusal says why no client keeps a cookie that u sets; empty if they do.
func refusal(k Cookie, u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	name := strings.ToLower(k.Name)
	switch {
	case k.Domain != "" && !within(host, k.Domain):
		return "its domain " + k.Domain + " is not that of the host"
	case k.Secure && u.Scheme == "http" && !loopback(host):
		return "Secure, over plain http"
	case strings.HasPrefix(name, "__host-") && (k.Domain != "" || !k.Secure || k.Path != "/"):
		return "__Host- wants Secure, Path=/ and no Domain"
	case strings.HasPrefix(name, "__secure-") && !k.Secure:
		return "__Secure- wants Secure"
	case k.SameSite == "none" && !k.Secure && u.Scheme == "https":
		return "SameSite=None wants Secure"
	}
	return ""
}

// within says whether host is domain or below it.
func within(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// under says whether path is at or below the cookie path at.
func under(path, at string) bool {
	if path == "" {
		path = "/"
	}
	return path == at || strings.HasPrefix(path, strings.TrimSuffix(at, "/")+"/")
}

// folder is the default path of a cookie: that of the URL up to its last slash.
func folder(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}
