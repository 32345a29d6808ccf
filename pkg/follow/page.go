package follow

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/vnv-cli/vnv/pkg/trace"
)

const (
	maxBody  = 64 << 10 // bytes of a body that are read, decoded
	maxWords = 300      // bytes of remote text in an error
)

// last judges an answer that leads no further by itself: a JSON object that is no error is the
// chain's answer, everything else is the end of it, but for a refresh that the client follows.
func (w *walk) last(ctx context.Context, u *url.URL, res *http.Response, notes *trace.Notes) (*url.URL, error) {
	body, err := readBody(res)
	w.res.Body = body
	if err != nil {
		return nil, w.broken(ctx, u, notes, err)
	}
	if object, ok := jsonObject(body); ok {
		if err := w.unread(u, res); err != nil {
			return nil, err
		}
		return nil, w.jsonEnd(u, object)
	}
	if next, err := w.refreshed(u, res, body); next != nil || err != nil {
		return next, err
	}
	return nil, w.pageEnd(u, res, body, notes)
}

// pageEnd ends the chain with an answer that is nothing to a program.
func (w *walk) pageEnd(u *url.URL, res *http.Response, body []byte, notes *trace.Notes) error {
	refresh := res.Header.Get("Refresh") != ""
	if !isHTML(w.res.ContentType, body) {
		if refresh {
			return w.fail(ReasonMetaRefresh, u, "")
		}
		return w.fail(ReasonDeadEnd, u, map[bool]string{true: "a redirect without Location"}[redirects[res.StatusCode]])
	}
	e := w.fail(pageKind(body), u, "")
	if refresh {
		e.Reason = ReasonMetaRefresh
	}
	e.Title = w.words(title(body))
	notes.Add(notePage, strings.TrimSpace("the chain ends at a page "+e.Title))
	return e
}

// jsonEnd ends the chain with a JSON object.
func (w *walk) jsonEnd(u *url.URL, object map[string]json.RawMessage) error {
	told, isError := jsonError(object, w.res.Status)
	if !isError {
		w.res.End = EndAnswer
		return nil
	}
	e := w.fail(ReasonOAuth, u, w.words(told.detail))
	e.Code, e.TraceID = w.words(told.code), w.words(told.traceID)
	return e
}

// words is remote text, masked, on one line and not too long.
func (w *walk) words(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxWords {
		s = strings.ToValidUTF8(s[:maxWords], "") + "…"
	}
	return w.mask.Text(s)
}

// readBody reads at most 64 KiB, decoded. A longer body is cut without error.
func readBody(res *http.Response) ([]byte, error) {
	var r io.Reader = res.Body
	var err error
	switch strings.ToLower(res.Header.Get("Content-Encoding")) {
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(io.LimitReader(r, maxBody))
	case "deflate":
		r, err = zlib.NewReader(io.LimitReader(r, maxBody))
	}
	if errors.Is(err, io.EOF) || res.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxBody))
}

// jsonObject reads body as one JSON object.
func jsonObject(body []byte) (map[string]json.RawMessage, bool) {
	var object map[string]json.RawMessage
	body = bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff"))
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &object) != nil {
		return nil, false
	}
	return object, true
}

// told is what a JSON error says.
type told struct{ code, detail, traceID string }

// jsonError reads the error that object is: OAuth's error, CAMARA's code with message, RFC 7807,
// or anything under a status of 400 and more.
func jsonError(object map[string]json.RawMessage, status int) (told, bool) {
	text := func(names ...string) string {
		for _, name := range names {
			var s string
			if json.Unmarshal(object[name], &s) == nil && s != "" {
				return s
			}
		}
		return ""
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(object["error"], &inner) == nil && len(inner) > 0 {
		t, _ := jsonError(inner, http.StatusBadRequest)
		return t, true
	}
	var own int
	json.Unmarshal(object["status"], &own) //nolint:errcheck // no number: no status
	code := text("error")
	if code == "" && max(status, own) < http.StatusBadRequest {
		return told{}, false
	}
	_, fragment, _ := strings.Cut(text("type"), "#")
	return told{
		code:    cmp.Or(code, text("code"), fragment, text("error_type", "title")),
		detail:  text("error_description", "detail", "message", "title"),
		traceID: text("instance"),
	}, true
}

// isHTML says whether a body is a page, by its type or, without one, its first character.
func isHTML(contentType string, body []byte) bool {
	switch contentType {
	case "text/html", "application/xhtml+xml":
		return true
	case "":
		return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
	default:
		return false
	}
}

// patterns find what counts in a page. Compiled when the first page comes, for start-up's sake.
var patterns = sync.OnceValue(func() (p struct{ title, refresh, meta, content, script *regexp.Regexp }) {
	p.title = regexp.MustCompile(`(?is)<title[^>]*>(.*?)(?:</title|$)`)
	p.refresh = regexp.MustCompile(`(?is)<meta\s[^>]*http-equiv\s*=\s*["']?\s*refresh`)
	p.meta = regexp.MustCompile(`(?is)<meta\s[^>]*http-equiv\s*=\s*["']?\s*refresh[^>]*>`)
	p.content = regexp.MustCompile(`(?is)\bcontent\s*=\s*(?:"([^"]*)"|'([^']*)')`)
	p.script = regexp.MustCompile(`(?is)<script.*?\blocation\s*(?:\.href\s*)?=[^=]|<script.*?\blocation\.(?:assign|replace)\s*\(|<script.*?\.submit\(\)`)
	return p
})

// pageKind says what a browser would do with a page.
func pageKind(body []byte) Reason {
	switch p := patterns(); {
	case p.refresh.Match(body):
		return ReasonMetaRefresh
	case p.script.Match(body):
		return ReasonScript
	default:
		return ReasonPage
	}
}

// title is the title of a page, or nothing.
func title(body []byte) string {
	if m := patterns().title.FindSubmatch(body); m != nil {
		return html.UnescapeString(string(m[1]))
	}
	return ""
}

// plural is n things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
