package trace

import (
	"crypto/tls"
	"net/http"
	"strings"
)

// stepTransport is the transport of one step.
type stepTransport struct {
	r    *Recorder
	step string
}

// RoundTrip implements [http.RoundTripper].
func (t stepTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	r := t.r
	r.once.Do(r.defaults)
	f := r.begin(t.step, req)
	res, err := r.Base.RoundTrip(req.WithContext(f.watch(req.Context())))
	if err != nil {
		f.finish(err)
		return res, err
	}
	f.answered(res)
	res.Body = &body{ReadCloser: res.Body, f: f}
	return res, nil
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] reach the base transport.
func (t stepTransport) CloseIdleConnections() {
	if c, ok := t.r.Base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// begin starts the hop of one request.
func (r *Recorder) begin(step string, req *http.Request) *flight {
	r.mu.Lock()
	r.seq++
	r.ns[step]++
	f := &flight{r: r, notes: NotesFrom(req.Context())}
	f.hop = Hop{N: r.ns[step], Step: step, seq: r.seq}
	r.mu.Unlock()
	f.hop.Method = req.Method
	f.hop.URL = r.Mask.URL(req.URL.String())
	f.hop.Role = r.Role(req.URL)
	for _, c := range req.Cookies() {
		f.hop.CookiesSent = append(f.hop.CookiesSent, r.Mask.cookieName(c.Name))
	}
	f.start = r.Now()
	f.hop.Start = f.start.UTC()
	return f
}

// answered notes what the head of the answer says.
func (f *flight) answered(res *http.Response) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h, m := &f.hop, f.r.Mask
	h.Status, h.Proto = res.StatusCode, Printable(res.Proto)
	h.Location = m.URL(res.Header.Get("Location"))
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	h.ContentType = m.Text(strings.ToLower(strings.TrimSpace(kind)))
	if res.TLS != nil {
		h.TLSVersion = tls.VersionName(res.TLS.Version)
	}
	for _, c := range res.Cookies() {
		h.CookiesSet = append(h.CookiesSet, m.cookieName(c.Name))
	}
	h.Headers = traceHeaders(res.Header, m)
}

// maxHeader is how many bytes of a trace header are kept.
const maxHeader = 256

// traceHeaders are the headers that say which request this was to whom: what a support desk asks
// for, and how much of a rate limit is left. Names in lower case.
func traceHeaders(h http.Header, m *Mask) map[string]string {
	var out map[string]string
	for name, values := range h {
		name = strings.ToLower(name)
		if !traceNames[name] && !strings.HasPrefix(name, "x-ratelimit-") {
			continue
		}
		v := strings.Join(values, ", ")
		if len(v) > maxHeader {
			v = v[:maxHeader]
		}
		if out == nil {
			out = map[string]string{}
		}
		out[m.Text(name)] = m.Text(v)
	}
	return out
}

// traceNames are the trace headers by name; x-ratelimit-… are too.
var traceNames = set("x-correlator", "x-orange-trace-id", "x-vig-trace-id")

// cookieName shows a cookie's name if it is no secret itself.
func (m *Mask) cookieName(name string) string {
	if m.Reveal || plainName(strings.TrimLeft(name, "_")) {
		return m.Text(name)
	}
	return m.pseudonym("cookie", name)
}
