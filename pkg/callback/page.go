package callback

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// page is what a browser shows. Nothing of the request ever gets into it.
type page struct {
	status int
	mark   mark
	title  string
	text   string
	script string // of the one page that has to hand something over
}

// mark is the drawing above the title, and its colour.
type mark struct{ class, path string }

var (
	tick  = mark{"good", "M15 25l6 6 12-14"}
	cross = mark{"bad", "M17 17l14 14M31 17L17 31"}
	hint  = mark{"calm", "M24 21v12M24 14.5v.5"}
)

// pages has a row for each reason that a request can be answered with; the empty one is success.
var pages = map[Reason]page{
	"": {
		status: http.StatusOK, mark: tick, title: "Back to your terminal",
		text: "It received the answer. You can close this window.",
	},
	ReasonDenied: {
		status: http.StatusOK, mark: cross, title: "Not authorized",
		text: "Your terminal received the answer and will tell you why it is a no. You can close this window.",
	},
	ReasonBoth: {
		status: http.StatusOK, mark: cross, title: "Not authorized",
		text: "Your terminal received a contradictory answer and will tell you more. You can close this window.",
	},
	ReasonDuplicate: {
		status: http.StatusOK, mark: tick, title: "Already received",
		text: "Your terminal had this answer before, so nothing happened this time. You can close this window.",
	},
	ReasonLate: {
		status: http.StatusGone, mark: hint, title: "Too late",
		text: "Your terminal had stopped waiting and did not take this answer. You can close this window and start again.",
	},
	ReasonState: {
		status: http.StatusBadRequest, mark: hint, title: "Not this attempt",
		text: "Your terminal did not take this answer: it belongs to another attempt. You can close this window.",
	},
	ReasonErrorWithoutState: {
		status: http.StatusBadRequest, mark: hint, title: "Not this attempt",
		text: "Your terminal noted an error, but not as its answer: it does not name this attempt. You can close this window.",
	},
	ReasonPath: {
		status: http.StatusNotFound, mark: hint, title: "Nothing here",
		text: "Your terminal did not take this request: only the callback address leads to it. You can close this window.",
	},
	ReasonMethod: {
		status: http.StatusMethodNotAllowed, mark: hint, title: "Not like this",
		text: "Your terminal did not take this request: the callback must come as a plain redirect. You can close this window.",
	},
	ReasonOrigin: {
		status: http.StatusForbidden, mark: hint, title: "Not from here",
		text: "Your terminal did not take this answer: only its own page may hand it over. Copy the whole address of this page " +
			"and paste it there, or close this window.",
	},
	ReasonPage: {
		status: http.StatusOK, mark: hint, title: "One more step", // as it is without script
		text:   "Copy the whole address of this page and paste it into your terminal. Then you can close this window.",
		script: handOver,
	},
}

// unknown answers what has no row: requests that make no sense.
var unknown = page{
	status: http.StatusBadRequest, mark: hint, title: "Not an answer",
	text: "Your terminal did not take this request: there is no complete answer in it. You can close this window.",
}

func pageOf(r Reason) page {
	if p, ok := pages[r]; ok {
		return p
	}
	return unknown
}

// style is all the style there is.
const style = `:root{color-scheme:light dark;--ink:#1c2126;--soft:#5c6670;--paper:#fbfbfa;--good:#1a7f4b;--bad:#b3352b;--calm:#54616e}` +
	`@media(prefers-color-scheme:dark){:root{--ink:#eceff1;--soft:#9aa5af;--paper:#14171a;--good:#57c78d;--bad:#f0857b;--calm:#9fb0bf}}` +
	`*{margin:0}` +
	`body{min-height:100vh;min-height:100svh;display:grid;place-items:center;background:var(--paper);color:var(--ink);` +
	`font:1.0625rem/1.6 system-ui,sans-serif;-webkit-text-size-adjust:100%}` +
	`main{max-width:25rem;padding:2rem 1.5rem 18vh;text-align:center}` +
	`svg{width:4rem;height:4rem;fill:none;stroke:currentColor;stroke-width:2.5;stroke-linecap:round;stroke-linejoin:round}` +
	`circle{opacity:.28}` +
	`.good svg{color:var(--good)}.bad svg{color:var(--bad)}.calm svg{color:var(--calm)}` +
	`h1{margin:1.25rem 0 .5rem;font-size:1.625rem;font-weight:600;line-height:1.25;letter-spacing:-.015em}` +
	`p{color:var(--soft);text-wrap:balance}`

// policy allows that style and nothing else: no script, no load, no frame. The page that has a script may run that
// one, and talk to where it came from.
var (
	policy       = sync.OnceValue(func() string { return policyWith("") })
	scriptPolicy = sync.OnceValue(func() string {
		return policyWith("script-src '" + hashOf(handOver) + "'; connect-src 'self'; ")
	})
)

func policyWith(more string) string {
	return "default-src 'none'; style-src '" + hashOf(style) + "'; " + more +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (p page) html() string {
	return `<!doctype html><html lang="en"><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width,initial-scale=1">` +
		`<title>` + p.title + ` · vnv</title><style>` + style + `</style>` +
		`<main class="` + p.mark.class + `"><svg viewBox="0 0 48 48" aria-hidden="true">` +
		`<circle cx="24" cy="24" r="22"/><path d="` + p.mark.path + `"/></svg>` +
		`<h1>` + p.title + `</h1><p>` + p.text + `</p></main>` + p.scriptElement() + `</html>` + "\n"
}

func (p page) scriptElement() string {
	if p.script == "" {
		return ""
	}
	return `<script>` + p.script + `</script>`
}

func (p page) policy() string {
	if p.script == "" {
		return policy()
	}
	return scriptPolicy()
}

// write sends the page whole and flushes it: header and body fit the server's buffer, so they leave in one write. It has
// its full time, however long the request took. A client that has gone does not matter. Methods are those that are taken.
func (p page) write(w http.ResponseWriter, methods string) {
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(clock().Add(requestTime))
	body := p.html()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Connection", "close")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", p.policy())
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if p.status == http.StatusMethodNotAllowed {
		h.Set("Allow", methods)
	}
	w.WriteHeader(p.status)
	_, _ = io.WriteString(w, body) //nolint:gosec // G705: a row of pages, nothing of the request
	_ = rc.Flush()
}
