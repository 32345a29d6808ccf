package report

import (
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// Live is the page of a running sandbox, for [sandbox.Options.ControlPage]: its latest flows, newest first and
// masked, and its faults to switch. It needs no script; with its own, which its policy names, it follows what
// happens. Whoever calls ServeHTTP has seen to the token, the host and the origin.
type Live struct {
	Sandbox *sandbox.Server // set before the first request
}

// How long a request for news waits, and how far back the page looks.
const (
	liveWait  = 3 * time.Second
	liveFlows = 12
	liveSteps = 40
)

//go:embed live.js
var liveScript markup

// ServeHTTP answers the page itself, what is new on it, and the form of its faults.
func (l *Live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Referrer-Policy", "same-origin") // with no-referrer, browsers send forms with the Origin null
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", livePolicy())
	switch r.Method + " " + r.URL.Path {
	case "GET /", "HEAD /":
		l.page(w, r.URL.Query().Has("faults"))
	case "GET /news":
		l.news(w, r)
	case "POST /faults":
		l.switchFault(w, r)
	default:
		http.Error(w, "there is nothing here", http.StatusNotFound)
	}
}

// livePolicy is strict: one style, one script, and requests to nobody else.
var livePolicy = sync.OnceValue(func() string {
	return "default-src 'none'; style-src '" + hashOf(style+liveStyle) + "'; script-src '" + hashOf(liveScript) +
		"'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
})

func hashOf(m markup) string {
	sum := sha256.Sum256([]byte(m))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func (l *Live) page(out http.ResponseWriter, faultsOpen bool) {
	entries := l.Sandbox.Requests()
	w := &writer{b: make([]byte, 0, 64<<10)}
	w.put(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">` +
		`<title>Sandbox · vnv</title><style>`)
	w.put(style + liveStyle)
	w.put(`</style></head><body><main class="live" data-after="{}">`, after(entries, 0))
	l.content(w, entries, faultsOpen)
	w.put(`</main><script>` + liveScript + "</script></body></html>\n")
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.Write(w.b) // a reader that left is no failure
}

// news waits for a request that the page has not shown yet; after a while it answers anyway, as faults may have
// been set elsewhere.
func (l *Live) news(out http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil || n < 0 {
		http.Error(out, "want after=NUMBER", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), liveWait)
	defer cancel()
	l.Sandbox.RequestsAfter(ctx, n)
	entries := l.Sandbox.Requests()
	w := &writer{}
	l.content(w, entries, false)
	out.Header().Set("X-After", after(entries, n))
	out.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = out.Write(w.b)
}

// after is the number of the last entry, n if there is none.
func after(entries []sandbox.Entry, n int64) string {
	if len(entries) > 0 {
		n = entries[len(entries)-1].N
	}
	return strconv.FormatInt(n, 10)
}

func (l *Live) content(w *writer, entries []sandbox.Entry, faultsOpen bool) {
	w.put(`<header id="top"><p class="eyebrow"><i class="pulse"></i>vnv sandbox · {}</p><h1>Flows</h1>`+
		`<noscript><p class="meta"><a href="./">Reload</a> to see what is new: without script this page stays as it is.</p></noscript></header>`, l.Sandbox.URL())
	l.faults(w, faultsOpen)
	flows := flowsOf(entries)
	if len(flows) == 0 {
		w.put(`<p id="empty" class="empty">Nothing has arrived yet. Start a flow with a number such as <code>+99012345678</code>, and it will be here.</p>`)
	}
	for i, f := range flows {
		f.write(w, i == 0)
	}
}

// faults are those that are set, and below them all that there are, as buttons.
func (l *Live) faults(w *writer, open bool) {
	set := l.Sandbox.ActiveFaults()
	w.put(`<form id="set" method="post" action="faults" class="set">`)
	for _, s := range set {
		w.put(`<button id="on-{}" class="chip" name="off" value="{}" title="switch it off">{} <b aria-hidden="true">×</b></button>`, s, s, s)
	}
	if len(set) == 0 {
		w.put(`<span class="meta">No fault is set: flows go as their numbers say.</span>`)
	}
	w.put(`</form><details id="faults" class="all"`)
	if open {
		w.put(` open`)
	}
	w.put(`><summary><b>Let flows fail</b></summary><input id="find" type="search" placeholder="Find a fault" aria-label="Find a fault" hidden>` +
		`<form method="post" action="faults"><section>`)
	stage := sandbox.Stage("")
	for _, f := range sandbox.Faults() {
		if f.At != stage {
			stage = f.At
			w.put(`</section><section><h3>{}</h3>`, string(stage))
		}
		pressed, name := "false", "on"
		if slices.Contains(set, f.Name) {
			pressed, name = "true", "off"
		}
		w.put(`<button id="fault-{}" name="{}" value="{}" aria-pressed="{}"><b>{}</b><span>{}</span></button>`,
			f.Name, name, f.Name, pressed, f.Name, f.Summary)
	}
	w.put(`</section></form></details>`)
}

// switchFault switches one fault: on is a fault's name, off a selection that is set.
func (l *Live) switchFault(w http.ResponseWriter, r *http.Request) {
	if mediaType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); mediaType != "application/x-www-form-urlencoded" {
		http.Error(w, "want the form of the page", http.StatusUnsupportedMediaType)
		return
	}
	on := r.PostFormValue("on")
	if l.Sandbox.SwitchFault(cmp.Or(on, r.PostFormValue("off")), on != "") != nil { // its error quotes what was sent
		http.Error(w, "there is no such fault", http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Location", "./?faults")
	w.WriteHeader(http.StatusSeeOther)
}
