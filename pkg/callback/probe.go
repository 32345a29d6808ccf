package callback

import (
	"crypto/rand"
	"net/http"
	"sync"
)

// probe is a question that only this listener can answer: whether the redirect URI leads here.
type probe struct {
	query   string
	arrived chan struct{}
	once    sync.Once
}

// Probe returns a query that serves once, and a channel that is closed when a GET of the callback path with it has
// arrived here. Ask the public redirect URI with it before anybody depends on it: what stands in between (a tunnel's
// interstitial page, another process) cannot know the query. It neither ends the wait nor counts as ignored.
func (l *Listener) Probe() (query string, arrived <-chan struct{}) {
	p := &probe{query: "vnv_probe=" + rand.Text(), arrived: make(chan struct{})}
	l.probe.Store(p)
	return p.query, p.arrived
}

// probed tells whether a request is the one that was announced.
func (l *Listener) probed(r *http.Request) bool {
	p := l.probe.Load()
	if p == nil || r.Method != http.MethodGet || r.URL.EscapedPath() != l.path || r.URL.RawQuery != p.query {
		return false
	}
	p.once.Do(func() { close(p.arrived) })
	return true
}

// reachable is the page for it.
var reachable = page{
	status: http.StatusOK, mark: tick, title: "Reachable",
	text: "This address leads to your terminal, which asked so itself.",
}
