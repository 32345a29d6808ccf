package trace

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// harLog is the part of HAR 1.2 that is written. What HAR has no place for stands under _vnv, so
// that nothing is lost when the file is read again.
// Source: http://www.softwareishard.com/blog/har-12-spec/.
type harLog struct {
	Version string     `json:"version"`
	Creator harTool    `json:"creator"`
	Pages   []harPage  `json:"pages"`
	Entries []harEntry `json:"entries"`
	Comment string     `json:"comment,omitempty"`
	Own     *Trace     `json:"_vnv,omitempty"` // without hops
}

type harTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type harPage struct {
	Started string         `json:"startedDateTime"`
	ID      string         `json:"id"`
	Title   string         `json:"title"`
	Timings map[string]any `json:"pageTimings"`
}

type harEntry struct {
	Page     string      `json:"pageref"`
	Started  string      `json:"startedDateTime"`
	Time     float64     `json:"time"`
	Request  harRequest  `json:"request"`
	Response harResponse `json:"response"`
	Cache    struct{}    `json:"cache"`
	Timings  harTimings  `json:"timings"`
	ServerIP string      `json:"serverIPAddress,omitempty"`
	Comment  string      `json:"comment,omitempty"`
	Own      *Hop        `json:"_vnv,omitempty"`
}

type harRequest struct {
	Method      string      `json:"method"`
	URL         string      `json:"url"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []harCookie `json:"cookies"`
	Headers     []harPair   `json:"headers"`
	Query       []harPair   `json:"queryString"`
	HeadersSize int         `json:"headersSize"`
	BodySize    int         `json:"bodySize"`
}

type harResponse struct {
	Status      int         `json:"status"`
	StatusText  string      `json:"statusText"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []harCookie `json:"cookies"`
	Headers     []harPair   `json:"headers"`
	Content     harContent  `json:"content"`
	RedirectURL string      `json:"redirectURL"`
	HeadersSize int         `json:"headersSize"`
	BodySize    int         `json:"bodySize"`
	Error       string      `json:"_error,omitempty"`
}

type harContent struct {
	Size     int    `json:"size"`
	MimeType string `json:"mimeType"`
}

type harPair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type harCookie struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Path   string `json:"path,omitempty"`
	Domain string `json:"domain,omitempty"`
	Secure bool   `json:"secure,omitempty"`
}

type harTimings struct {
	Blocked float64 `json:"blocked"`
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	SSL     float64 `json:"ssl"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

const (
	harCreator = "vnv"
	harChain   = "chain" // the id of the page that all entries belong to
	harTime    = "2006-01-02T15:04:05.000Z07:00"
	harNoURL   = "https://hidden.invalid/" // for one that cannot be read: a HAR without a URL does not open
	harUnknown = -1                        // HAR's number for what is not known
)

// HAR returns t as HAR 1.2 for a browser's network panel, masked as it is, or
// with a comment that it is not. Findings are comments of
// the entries they belong to.
func (t *Trace) HAR() ([]byte, error) {
	own := *t
	own.Hops = []Hop{}
	l := harLog{
		Version: "1.2", Creator: harTool{harCreator, strings.TrimSpace(strings.TrimPrefix(t.Tool, harCreator))},
		Pages: []harPage{{
			Started: t.Started.UTC().Format(harTime), ID: harChain, Title: t.URL,
			Timings: map[string]any{"onContentLoad": harUnknown, "onLoad": harUnknown},
		}},
		Entries: []harEntry{}, Comment: t.harComment(), Own: &own,
	}
	for i := range t.Hops {
		l.Entries = append(l.Entries, t.harEntry(&t.Hops[i]))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(map[string]harLog{"log": l})
	return b.Bytes(), err
}

// harComment is how the chain ended, and before it whether the file may be handed on.
func (t *Trace) harComment() string {
	if t.Revealed {
		return "not masked, secrets and phone numbers are in this file: " + t.Outcome
	}
	return t.Outcome
}

// harEntry is one hop.
func (t *Trace) harEntry(h *Hop) harEntry {
	timings := h.harTimings()
	e := harEntry{
		Page: harChain, Started: h.Start.UTC().Format(harTime), Timings: timings,
		Time:    max(0, timings.DNS) + max(0, timings.Connect) + timings.Send + timings.Wait + timings.Receive,
		Request: h.harRequest(), Response: h.harResponse(), Comment: t.comments(h), Own: h,
	}
	if host, _, err := net.SplitHostPort(h.RemoteAddr); err == nil {
		e.ServerIP = host
	}
	return e
}

// harURL is the URL of a hop, or one that can be read.
func (h *Hop) harURL() string {
	if u := parseMasked(h.URL); u != nil && u.Host != "" {
		return h.URL
	}
	return harNoURL
}

// harVersion is the protocol in HAR's words.
func (h *Hop) harVersion() string {
	if h.Proto == "" {
		return "unknown"
	}
	return h.Proto
}

func (h *Hop) harRequest() harRequest {
	r := harRequest{
		Method: h.Method, URL: h.harURL(), HTTPVersion: h.harVersion(), Cookies: []harCookie{}, Headers: []harPair{}, Query: []harPair{},
		HeadersSize: harUnknown, BodySize: harUnknown,
	}
	for _, name := range h.CookiesSent {
		r.Cookies = append(r.Cookies, harCookie{Name: name, Value: hiddenQuery})
	}
	if u := parseMasked(h.URL); u != nil && u.RawQuery != "" {
		for pair := range strings.SplitSeq(u.RawQuery, "&") {
			name, value, _ := strings.Cut(pair, "=")
			r.Query = append(r.Query, harPair{percentless(name), percentless(value)})
		}
	}
	return r
}

// percentless undoes the percent signs of a query; a plus stays one, as it stands in the URL.
func percentless(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return Printable(out)
	}
	return s
}

func (h *Hop) harResponse() harResponse {
	r := harResponse{
		Status: h.Status, StatusText: http.StatusText(h.Status), HTTPVersion: h.harVersion(), Cookies: []harCookie{}, Headers: []harPair{},
		Content: harContent{harUnknown, h.ContentType}, RedirectURL: h.Location, HeadersSize: harUnknown, BodySize: harUnknown, Error: h.Error,
	}
	for _, c := range h.Cookies {
		r.Cookies = append(r.Cookies, harCookie{c.Name, hiddenQuery, c.Path, c.Domain, c.Secure})
	}
	add := func(name, value string) {
		if value != "" {
			r.Headers = append(r.Headers, harPair{name, value})
		}
	}
	add("content-type", h.ContentType)
	if !h.Date.IsZero() {
		add("date", h.Date.Format(http.TimeFormat))
	}
	add("location", h.Location)
	add("refresh", h.Refresh)
	for name, value := range h.Headers {
		add(name, value)
	}
	slices.SortFunc(r.Headers, func(a, b harPair) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// harTimings are the parts of a hop; in HAR the handshake is part of connecting as well.
func (h *Hop) harTimings() harTimings {
	known := func(d time.Duration) float64 {
		if d == 0 {
			return harUnknown
		}
		return millis(d)
	}
	return harTimings{
		Blocked: harUnknown, DNS: known(h.DNS), Connect: known(h.Connect + h.TLS), SSL: known(h.TLS), Wait: millis(h.FirstByte),
		Receive: millis(max(0, h.Total-h.DNS-h.Connect-h.TLS-h.FirstByte)),
	}
}

// comments are what is to be said of a hop: whose it is, the findings, the notes.
func (t *Trace) comments(h *Hop) string {
	lines := []string{}
	if h.Role != "" {
		lines = append(lines, h.Role)
	}
	for _, f := range t.Findings {
		if f.Hop == h.N && f.Step == h.Step {
			lines = append(lines, f.Level+": "+f.Text)
		}
	}
	for _, n := range h.Notes {
		lines = append(lines, n.Text)
	}
	return strings.Join(lines, "\n")
}
