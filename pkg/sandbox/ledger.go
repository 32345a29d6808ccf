package sandbox

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Entry is one request as the sandbox received it. Nothing in it is masked: it may hold a phone
// number, a code, a token or a JWT, so mask it before it is shown.
type Entry struct {
	Time   time.Time
	Method string
	Host   string // as the Host header said
	Path   string // without the query
	Query  string // raw
	Role   string // "vendor" or "carrier"; "" where nobody lives at the path
	Stage  Stage  // "" where nobody lives at the path
	Status int    // of the answer; 0 if there was none
	Fault  string // the fault that answered, if one did
	Note   string // why the request was refused, in words

	Phone         string // E.164 as sent (a hash at verify, if one was sent), or that of the flow
	State         string // the caller's at enable; the vendor's own in the chain
	Code          string // the app's code at token, in the chain the carrier's
	Token         string // the access token presented at verify
	RedirectURI   string
	RequestID     string // of the second API
	Authorization string // the whole header; at enable and token it holds the JWT
	Cookie        string
	Referer       string
	UserAgent     string
	Correlator    string // x-correlator
}

func newEntry(r *http.Request, now time.Time) Entry {
	return Entry{
		Time:          now,
		Method:        r.Method,
		Host:          r.Host,
		Path:          r.URL.Path,
		Query:         r.URL.RawQuery,
		Authorization: get(r.Header, "Authorization"),
		Cookie:        get(r.Header, "Cookie"),
		Referer:       get(r.Header, "Referer"),
		UserAgent:     get(r.Header, "User-Agent"),
		Correlator:    get(r.Header, "X-Correlator"),
	}
}

// get is Header.Get for a name in canonical form.
func get(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// ledger is a ring of the last entries. It grows as needed and has its own lock, so that reading it
// holds up nobody.
type ledger struct {
	mu   sync.Mutex
	size int
	next int // where the oldest is, once full
	ring []Entry
}

func (l *ledger) add(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < l.size {
		l.ring = append(l.ring, *e)
		return
	}
	l.ring[l.next] = *e
	l.next = (l.next + 1) % l.size
}

func (l *ledger) all() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Concat(l.ring[l.next:], l.ring[:l.next])
}
