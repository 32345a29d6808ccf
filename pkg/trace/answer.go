package trace

import (
	"crypto/tls"
	"crypto/x509/pkix"
	"net/http"
	"strings"
	"time"
)

const (
	maxHeader  = 256 // bytes of a header that are kept
	maxHeaders = 32  // trace headers that are kept
	maxCookies = 64  // cookies that are kept
)

// answer puts what the head of an answer says on the hop, masked.
func (h *Hop) answer(header http.Header, m *Mask) {
	h.Location = m.URL(header.Get("Location"))
	h.ContentType = m.short(mediaType(header))
	if h.Location == "" {
		if r := header.Get("Refresh"); r != "" {
			h.Refresh = m.refresh(refreshTarget(r), h.URL)
		}
	}
	h.setCookies(header, m)
	h.Headers = traceHeaders(header, m)
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		h.Date = date.UTC()
	}
}

// mediaType is the Content-Type without its parameters, in lower case.
func mediaType(h http.Header) string {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// setCookies notes the cookies that an answer sets.
func (h *Hop) setCookies(header http.Header, m *Mask) {
	lines := header["Set-Cookie"]
	for i, line := range lines[:min(len(lines), maxCookies)] {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			continue
		}
		name := m.cookieName(c.Name)
		h.CookiesSet = append(h.CookiesSet, name)
		if h.Cookies == nil {
			h.Cookies = make([]Cookie, 0, min(len(lines)-i, maxCookies))
		}
		h.Cookies = append(h.Cookies, Cookie{
			Name: name, Domain: m.short(strings.ToLower(strings.TrimPrefix(c.Domain, "."))), Path: m.cookiePath(c.Path),
			SameSite: sameSites[c.SameSite], Secure: c.Secure, Gone: gone(c, h.Start),
		})
	}
}

// sameSites are the names of what a cookie may say of its site.
var sameSites = map[http.SameSite]string{http.SameSiteLaxMode: "lax", http.SameSiteStrictMode: "strict", http.SameSiteNoneMode: "none"}

// gone says whether c is taken back.
func gone(c *http.Cookie, now time.Time) bool {
	return c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && c.Expires.Before(now)
}

// cookiePath shows a cookie's path by the rules of a URL's.
func (m *Mask) cookiePath(path string) string {
	if len(path) > maxHeader {
		return hiddenQuery
	}
	if m.Reveal {
		return Printable(path)
	}
	return Printable(m.path(path))
}

// sent notes the names of the cookies in a Cookie header.
func (h *Hop) sent(cookies []*http.Cookie, m *Mask) {
	for _, c := range cookies[:min(len(cookies), maxCookies)] {
		h.CookiesSent = append(h.CookiesSent, m.cookieName(c.Name))
	}
}

// secured notes how the connection was secured.
func (h *Hop) secured(state *tls.ConnectionState, m *Mask) {
	if state == nil {
		return
	}
	h.TLSVersion = tls.VersionName(state.Version)
	if len(state.PeerCertificates) > 0 {
		h.CertIssuer = m.short(issuer(state.PeerCertificates[0].Issuer))
	}
}

// issuer is "CN=…, O=…" of a name.
func issuer(n pkix.Name) string {
	parts := make([]string, 0, 2)
	if n.CommonName != "" {
		parts = append(parts, "CN="+n.CommonName)
	}
	if len(n.Organization) > 0 {
		parts = append(parts, "O="+n.Organization[0])
	}
	return strings.Join(parts, ", ")
}

// skew is how far the sender's clock is certainly ahead of ours (negative: behind), when an answer
// dated date came between from and to. A date has whole seconds, so small differences do not show.
func skew(date, from, to time.Time) time.Duration {
	switch {
	case date.IsZero():
		return 0
	case date.After(to):
		return date.Sub(to)
	case date.Add(time.Second).Before(from):
		return date.Add(time.Second).Sub(from)
	default:
		return 0
	}
}

// traceHeaders are the headers that say which request this was to whom: what a support desk asks
// for, and how much of a rate limit is left. Names in lower case.
func traceHeaders(h http.Header, m *Mask) map[string]string {
	var out map[string]string
	for name, values := range h {
		if len(name) > maxHeader || len(out) == maxHeaders {
			continue
		}
		name = strings.ToLower(name)
		if !traceNames[name] && !strings.HasPrefix(name, "x-ratelimit-") {
			continue
		}
		out = put(out, m.Text(name), m.shortID(strings.Join(values, ", ")))
	}
	return out
}

// short is remote text, masked and then cut: a secret that is cut would not be found.
func (m *Mask) short(s string) string { return cutText(m.Text(s)) }

// shortID is short for an identifier.
func (m *Mask) shortID(s string) string { return cutText(m.ID(s)) }

// traceNames are the trace headers by name; x-ratelimit-… are too.
var traceNames = set("x-correlator", "x-orange-trace-id", "x-vig-trace-id", "x-request-id", "retry-after")

// cookieName shows a cookie's name if it is no secret itself.
func (m *Mask) cookieName(name string) string {
	if m.Reveal || plainName(strings.TrimLeft(name, "_")) {
		return m.Text(name)
	}
	return m.pseudonym("cookie", name)
}
