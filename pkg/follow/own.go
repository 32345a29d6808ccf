package follow

import (
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/net/http/httpguts"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// notOwn are headers that are the transport's or the jar's.
var notOwn = []string{"Connection", "Content-Length", "Cookie", "Host", "Trailer", "Transfer-Encoding", "Upgrade"}

// prepare begins the chain at first: it hides what the caller gave for it, and puts the cookies in.
func (w *walk) prepare(first *url.URL) error {
	w.first = first
	if w.opts.As != "" && w.client == nil {
		return w.fail(ReasonSyntax, first, "there is no client of that name to be")
	}
	for name, values := range w.opts.Header {
		if slices.Contains(notOwn, http.CanonicalHeaderKey(name)) || !httpguts.ValidHeaderFieldName(name) {
			return w.fail(ReasonSyntax, first, "a header that cannot be set")
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return w.fail(ReasonSyntax, first, "a header value with control characters")
			}
			w.hide("header", v)
		}
	}
	return w.putCookies(first)
}

// hide makes the mask know a value, if it is long enough to be known by.
func (w *walk) hide(kind, value string) { w.mask.Know(kind, value, "") }

// putCookies puts the caller's cookies into the jar, for the host of first alone.
func (w *walk) putCookies(first *url.URL) error {
	var notes trace.Notes
	for _, own := range w.opts.Cookies {
		c := *own //nolint:gosec // no cookie for a browser: what the caller gives is sent as it is
		c.Domain, c.Secure = "", c.Secure || first.Scheme == "https"
		if c.Path == "" {
			c.Path = "/"
		}
		if c.Valid() != nil {
			return w.fail(ReasonSyntax, first, "a cookie that cannot be set")
		}
		w.hide("cookie", c.Value)
		w.own = append(w.own, c.Name+"="+c.Value)
		w.jar.take(first, []*http.Cookie{&c}, &notes)
	}
	return nil
}

// cookies are those that go to u: the jar's, but the caller's own to the first origin alone.
func (w *walk) cookies(u *url.URL) []*http.Cookie {
	all := w.jar.cookies(u)
	if sameOrigin(u, w.first) {
		return all
	}
	return slices.DeleteFunc(all, func(c *http.Cookie) bool { return slices.Contains(w.own, c.Name+"="+c.Value) })
}

// addOwn adds the caller's headers, to a request to the first origin.
func (w *walk) addOwn(req *http.Request) {
	if !sameOrigin(req.URL, w.first) {
		return
	}
	for name, values := range w.opts.Header {
		req.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
}

// sameOrigin says whether two URLs have scheme, host and port in common.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && a.Hostname() == b.Hostname() && portOf(a) == portOf(b)
}
