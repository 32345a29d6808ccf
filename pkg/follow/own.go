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
	if fault := w.opts.Fault(); fault != "" {
		return w.fail(ReasonSyntax, first, fault)
	}
	for _, values := range w.opts.Header {
		for _, v := range values {
			w.hide("header", v)
		}
	}
	w.putCookies(first)
	return nil
}

// Fault is what is wrong with the header and the cookies of o, as a clause that holds no value of them; empty: nothing.
// A chain with such options ends at its URL, so whoever has them from a person asks before.
func (o Options) Fault() string {
	for name, values := range o.Header {
		if slices.Contains(notOwn, http.CanonicalHeaderKey(name)) || !httpguts.ValidHeaderFieldName(name) {
			return "a header that cannot be set: " + trace.Printable(name)
		}
		if slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return "a header value with control characters: " + name
		}
	}
	for _, c := range o.Cookies {
		if (&http.Cookie{Name: c.Name, Value: c.Value}).Valid() != nil { //nolint:gosec // none that is set
			return "a cookie that cannot be set: " + trace.Printable(c.Name)
		}
	}
	return ""
}

// hide makes the mask know a value, if it is long enough to be known by.
func (w *walk) hide(kind, value string) { w.mask.Know(kind, value, "") }

// putCookies puts the caller's cookies into the jar, for the host of first alone.
func (w *walk) putCookies(first *url.URL) {
	var notes trace.Notes
	for _, own := range w.opts.Cookies {
		c := *own //nolint:gosec // no cookie for a browser: what the caller gives is sent as it is
		c.Domain, c.Secure = "", c.Secure || first.Scheme == "https"
		if c.Path == "" {
			c.Path = "/"
		}
		w.hide("cookie", c.Value)
		w.own = append(w.own, c.Name+"="+c.Value)
		w.jar.take(first, []*http.Cookie{&c}, &notes)
	}
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
