package trace

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"html"
	"io"
	"net/http"
	"strings"
)

const (
	maxPage  = 64 << 10 // bytes of a page that are looked at
	maxTitle = 200      // bytes of a title that are kept
	maxMetas = 64       // meta elements that are looked at
)

// A page is the beginning of an answer that may be HTML or JSON, kept while it is read by somebody else.
type page struct {
	buf      []byte
	kind     string // Content-Type
	encoding string // Content-Encoding
}

// newPage is where to keep an answer that may be a page; nil if it is none, or a redirect.
func newPage(status int, h http.Header) *page {
	kind := mediaType(h)
	if kind != "" && !isHTML(kind) && !isJSON(kind) || h.Get("Location") != "" && status/100 == 3 || status == http.StatusNoContent {
		return nil
	}
	return &page{kind: kind, encoding: strings.ToLower(h.Get("Content-Encoding"))}
}

// isHTML says whether a media type is that of a page.
func isHTML(mediaType string) bool {
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}

// keep takes what was read, as far as there is room.
func (p *page) keep(b []byte) {
	if p == nil {
		return
	}
	if room := maxPage - len(p.buf); room > 0 {
		p.buf = append(p.buf, b[:min(room, len(b))]...)
	}
}

// text is what was kept, decoded; nothing if that cannot be done.
func (p *page) text() []byte {
	var r io.Reader
	var err error
	switch p.encoding {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(bytes.NewReader(p.buf))
	case "deflate":
		r, err = zlib.NewReader(bytes.NewReader(p.buf))
	case "", "identity":
		return p.buf
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	b, _ := io.ReadAll(io.LimitReader(r, maxPage)) // a page cut short is looked at as far as it goes
	return b
}

// looksHTML is b if it begins like a page.
func looksHTML(b []byte) []byte {
	b = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(b), []byte("\ufeff")))
	if len(b) == 0 || b[0] != '<' {
		return nil
	}
	return b[:min(len(b), maxPage)]
}

// look puts the title of a page, and where its meta refresh leads, on h.
func (h *Hop) look(text []byte, m *Mask) {
	if len(text) == 0 {
		return
	}
	low := lowerASCII(text)
	if t := element(low, text, "<title"); t != "" {
		h.Title = m.short(strings.Join(strings.Fields(html.UnescapeString(t)), " "))
	}
	if to, ok := metaRefresh(low, text); ok && h.Refresh == "" {
		h.Refresh = m.refresh(to, h.URL)
	}
}

// refresh is what is shown for the target of a refresh; a page that names none reloads itself.
func (m *Mask) refresh(to, self string) string {
	if to == "" {
		return self
	}
	return m.URL(to)
}

// element is the text of the first element that begins with open. low is text in lower case.
func element(low, text []byte, open string) string {
	at := bytes.Index(low, []byte(open))
	if at < 0 {
		return ""
	}
	from := bytes.IndexByte(low[at:], '>')
	if from < 0 {
		return ""
	}
	from += at + 1
	to := bytes.Index(low[from:], []byte("</"))
	if to < 0 {
		to = len(low) - from
	}
	return string(text[from : from+to])
}

// metaRefresh is where the page's meta refresh leads, empty for the page itself; false without one.
func metaRefresh(low, text []byte) (string, bool) {
	for range maxMetas {
		at := bytes.Index(low, []byte("<meta"))
		if at < 0 {
			return "", false
		}
		low, text = low[at:], text[at:]
		end := bytes.IndexByte(low, '>')
		if end < 0 {
			return "", false
		}
		tag := low[:end]
		if e := bytes.Index(tag, []byte("http-equiv")); e >= 0 && bytes.Contains(tag[e:], []byte("refresh")) {
			return refreshTarget(html.UnescapeString(attribute(tag, text[:end], "content"))), true
		}
		low, text = low[end:], text[end:]
	}
	return "", false
}

// attribute is the value of an attribute of a tag, quoted or not.
func attribute(low, tag []byte, name string) string {
	at := bytes.Index(low, []byte(name))
	if at < 0 {
		return ""
	}
	s := strings.TrimLeft(string(tag[at+len(name):]), " \t\r\n")
	if s, ok := strings.CutPrefix(s, "="); ok {
		s = strings.TrimLeft(s, " \t\r\n")
		if s != "" && (s[0] == '"' || s[0] == '\'') {
			value, _, _ := strings.Cut(s[1:], s[:1])
			return value
		}
		value, _, _ := strings.Cut(s, " ")
		return value
	}
	return ""
}

// refreshTarget is the URL in "5; url=https://…", as browsers read it; empty if there is none.
func refreshTarget(s string) string {
	_, s, found := strings.Cut(s, ";")
	if !found {
		return ""
	}
	s = strings.TrimSpace(s)
	if len(s) >= 3 && strings.EqualFold(s[:3], "url") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(s[3:]), "="); ok {
			s = strings.TrimSpace(rest)
		}
	}
	return strings.Trim(s, `"'`)
}

// lowerASCII is b with the ASCII capitals in lower case, so that every byte keeps its place.
func lowerASCII(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		if upper(c) {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

// cutText is s, or as much of it as maxHeader bytes hold, with a mark that it was cut.
func cutText(s string) string {
	if len(s) <= maxHeader {
		return s
	}
	return strings.ToValidUTF8(s[:maxHeader], "") + "…"
}
