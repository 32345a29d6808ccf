package cli

import (
	"encoding/json"
	"html"
	"strings"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// call replays an error of the API, by its status and the name that it gave itself.
func (r *replay) call(stage sandbox.Stage, h trace.Hop, failed trace.Failure) {
	kind, body := "application/json", "{}"
	if h.Step == failed.Step && failed.Code != "" {
		kind, body = errorBody(stage, h.Status, failed.Code)
		r.lose("the words of the error %s of %s", failed.Code, h.Step)
	} else {
		r.lose("the body of the answer of %s, which a saved chain does not hold", h.Step)
	}
	r.add(stage, h, map[string]string{"Content-Type": kind}, body)
}

// errorBody is an error in the shape of its stage.
func errorBody(stage sandbox.Stage, status int, code string) (mediaType, body string) {
	var v any
	switch mediaType = "application/json"; stage {
	case sandbox.StageToken:
		v = map[string]string{"error": code}
	case sandbox.StageVerify:
		v = map[string]any{"status": status, "code": code, "message": code}
	default:
		mediaType = "application/problem+json"
		v = map[string]string{"type": sandbox.ProblemTypes + code, "title": code, "detail": code}
	}
	text, _ := json.Marshal(v) //nolint:errchkjson // strings always marshal
	return mediaType, string(text)
}

// page replays an answer that leads nowhere: of a page its title is known and whether it
// refreshes itself, of JSON the name of its error.
func (r *replay) page(stage sandbox.Stage, h trace.Hop) {
	kind, body := h.ContentType, ""
	switch {
	case kind == "text/html" && h.Refresh != "":
		body = `<!DOCTYPE html><meta http-equiv="refresh" content="0; url={{next}}"><title>` + html.EscapeString(h.Title) + "</title>"
		r.lose("the page of hop %d, but for its title and that it refreshes itself", h.N)
	case kind == "text/html":
		body = "<!DOCTYPE html><title>" + html.EscapeString(h.Title) + "</title>"
		r.lose("the page of hop %d, but for its title", h.N)
	case strings.Contains(kind, "json"):
		code := first(r.trace.End.Code, "unknown")
		text, _ := json.Marshal(map[string]any{"status": h.Status, "code": code, "error": code}) //nolint:errchkjson // strings and numbers always marshal
		body = string(text)
		r.lose("the JSON of hop %d, but for its error", h.N)
	}
	headers := map[string]string{}
	if kind != "" {
		headers["Content-Type"] = kind
	}
	r.add(stage, h, headers, body)
}
