package trace

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

// A Recorder turns requests into hops. Set the fields before the first request; the zero value
// records over [http.DefaultTransport] with a Mask of its own.
type Recorder struct {
	Mask  *Mask                 // nil: a fresh one
	Base  http.RoundTripper     // nil: http.DefaultTransport
	OnHop func(Hop)             // nil: only kept; called one at a time, in order of completion
	Role  func(*url.URL) string // nil: Roles{}.Role
	Now   func() time.Time      // nil: the real clock

	once sync.Once
	mu   sync.Mutex
	emit sync.Mutex
	hops []Hop // the first and the last ones of an endless chain
	ns   map[string]int
	seq  int

	params tracker
}

// Step returns the transport of one step: every request through it becomes a Hop of that name,
// numbered from 1. The Hop is complete when the answer's body is closed, or the request failed;
// so close every body.
func (r *Recorder) Step(name string) http.RoundTripper {
	return stepTransport{r, name}
}

// maxKept is how many hops are kept: of more, the later half is overwritten from its beginning.
const maxKept = 1000

// Hops returns the finished hops in the order in which they started, without the secrets that became known
// after OnHop was told of them. Of an endless chain only the first and the last ones are kept; OnHop is told of
// all.
func (r *Recorder) Hops() []Hop {
	r.mu.Lock()
	defer r.mu.Unlock()
	hops := slices.Clone(r.hops)
	for i := range hops {
		hops[i] = hops[i].afresh(r.Mask)
	}
	slices.SortFunc(hops, func(a, b Hop) int { return a.seq - b.seq })
	return hops
}

// clock is the real one.
var clock = time.Now //nolint:forbidigo // the zero value of Now means the real clock

// defaults fills in what was left nil.
func (r *Recorder) defaults() {
	if r.Mask == nil {
		r.Mask = &Mask{}
	}
	if r.Base == nil {
		r.Base = http.DefaultTransport
	}
	if r.Role == nil {
		r.Role = Roles{}.Role
	}
	if r.Now == nil {
		r.Now = clock
	}
	r.ns, r.params = map[string]int{}, tracker{}
}
