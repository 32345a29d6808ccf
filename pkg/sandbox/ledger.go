package sandbox

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Entry is one request as the sandbox received it. Nothing in it is masked: it may hold a phone
// number, a code, a token or a JWT, so mask it before it is shown.
type Entry struct {
	N      int64     `json:"n"` // counts the requests from 1, also those that the ledger has forgotten; 0 in Log
	Time   time.Time `json:"time"`
	Method string    `json:"method"`
	Host   string    `json:"host"`            // as the Host header said
	Path   string    `json:"path"`            // without the query
	Query  string    `json:"query,omitempty"` // raw
	Role   string    `json:"role"`            // "vendor" or "carrier"; "" where nobody lives at the path
	Stage  Stage     `json:"stage"`           // "" where nobody lives at the path
	Status int       `json:"status"`          // of the answer; 0 if there was none
	Fault  string    `json:"fault,omitempty"` // the fault that answered, if one did
	Note   string    `json:"note,omitempty"`  // why the request was refused, in words

	Flow          int64  `json:"flow,omitempty"`  // counts the flows from 1: all requests of one have it; 0 where none is known
	Phone         string `json:"phone,omitempty"` // E.164 as sent (a hash at verify, if one was sent), or that of the flow
	State         string `json:"state,omitempty"` // the caller's at enable; the vendor's own in the chain
	Code          string `json:"code,omitempty"`  // the app's code at token, in the chain the carrier's
	Token         string `json:"token,omitempty"` // the access token presented at verify
	RedirectURI   string `json:"redirect_uri,omitempty"`
	RequestID     string `json:"request_id,omitempty"`    // of the second API
	Authorization string `json:"authorization,omitempty"` // the whole header; at enable and token it holds the JWT
	Cookie        string `json:"cookie,omitempty"`
	Referer       string `json:"referer,omitempty"`
	UserAgent     string `json:"user_agent,omitempty"`
	Correlator    string `json:"x_correlator,omitempty"`

	// Kept only where there is a control API, and each at most 4 KiB long:
	Body     string `json:"body,omitempty"`     // of the request
	Location string `json:"location,omitempty"` // of the answer
	Answer   string `json:"answer,omitempty"`   // the answer's body
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

// maxLedgerText bounds the text of all entries together, in bytes: some 4 KiB an ordinary flow, and so all of
// [DefaultLedgerSize] as long as nobody sends much more.
const maxLedgerText = 8 << 20

// ledger is a ring of the last entries, bounded by their number and by their text. It grows as needed and has
// its own lock, so that reading it holds up nobody.
type ledger struct {
	mu     sync.Mutex
	size   int
	count  int64 // of all entries ever
	oldest int   // its place in ring
	held   int
	text   int // bytes, of those held
	ring   []Entry
	news   chan struct{} // closed with the next entry; nil while nobody waits
}

func (l *ledger) add(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	e.N = l.count
	if l.news != nil {
		close(l.news)
		l.news = nil
	}
	for _, s := range [...]*string{&e.State, &e.Code, &e.RedirectURI} {
		*s = strings.Clone(*s) // as a part of a form it would hold on to all of it
	}
	l.text += e.text()
	for l.held > 0 && (l.held == l.size || l.text > maxLedgerText) {
		l.drop()
	}
	l.held++
	if at := (l.oldest + l.held - 1) % l.size; at < len(l.ring) {
		l.ring[at] = *e
		return
	}
	l.ring = append(l.ring, *e)
}

// drop forgets the oldest entry.
func (l *ledger) drop() {
	e := &l.ring[l.oldest]
	l.text -= e.text()
	*e = Entry{}
	l.oldest = (l.oldest + 1) % l.size
	l.held--
}

// text is how many bytes an entry's texts have.
func (e *Entry) text() (n int) {
	for _, s := range [...]string{
		e.Method, e.Host, e.Path, e.Query, e.Fault, e.Note, e.Phone, e.State, e.Code, e.Token, e.RedirectURI, e.RequestID,
		e.Authorization, e.Cookie, e.Referer, e.UserAgent, e.Correlator, e.Body, e.Location, e.Answer,
	} {
		n += len(s)
	}
	return n
}

func (l *ledger) all() []Entry {
	entries, _ := l.after(0)
	return entries
}

// after are the entries with a number above n, and a channel that is closed when there is another.
func (l *ledger) after(n int64) ([]Entry, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	end := l.oldest + l.held
	entries := slices.Concat(l.ring[l.oldest:min(end, len(l.ring))], l.ring[:max(0, end-len(l.ring))])
	if skip := n - l.count + int64(len(entries)); skip > 0 {
		entries = entries[min(int(skip), len(entries)):]
	}
	if l.news == nil {
		l.news = make(chan struct{})
	}
	return entries, l.news
}

// clear forgets the entries; their count goes on, so that whoever follows the ledger notices.
func (l *ledger) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.oldest, l.held, l.text = nil, 0, 0, 0
}

// RequestsAfter returns the requests with a number above n ([Entry.N]) that the ledger still has. If there
// are none it waits for one, until ctx or the sandbox ends; then it may return none.
func (s *Server) RequestsAfter(ctx context.Context, n int64) []Entry {
	for {
		entries, news := s.ledger.after(n)
		if len(entries) > 0 {
			return entries
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil
		case <-s.closing:
			return nil
		}
	}
}
