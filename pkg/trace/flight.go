package trace

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"
)

// A flight is a request under way. Its callbacks may come from other goroutines and after the
// answer, so all of it is behind a lock, and nothing counts once it is done.
type flight struct {
	r     *Recorder
	notes *Notes
	start time.Time

	mu                       sync.Mutex
	hop                      Hop
	done                     bool
	ready                    time.Time // the connection was had
	ended                    time.Time // the body was read to its end, or broke
	cause                    error     // why the body broke
	dns, connect, tls, first span
}

// A span is a part of a flight: from the first beginning to the last end.
type span struct{ from, to time.Time }

// length is how long s took; 0 if it did not begin or end.
func (s span) length() time.Duration {
	if s.from.IsZero() || s.to.IsZero() {
		return 0
	}
	return s.to.Sub(s.from)
}

// open says whether s began and did not end.
func (s span) open() bool { return !s.from.IsZero() && s.to.IsZero() }

// watch returns ctx with the callbacks that time the flight.
func (f *flight) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { f.begin(&f.dns) },
		DNSDone:              func(i httptrace.DNSDoneInfo) { f.endUnless(&f.dns, i.Err) },
		ConnectStart:         func(string, string) { f.begin(&f.connect) },
		ConnectDone:          func(_, _ string, err error) { f.endUnless(&f.connect, err) },
		TLSHandshakeStart:    func() { f.begin(&f.tls) },
		TLSHandshakeDone:     func(_ tls.ConnectionState, err error) { f.endUnless(&f.tls, err) },
		GotConn:              f.gotConn,
		GotFirstResponseByte: func() { f.end(&f.first) },
	})
}

// begin notes when s began, the first time.
func (f *flight) begin(s *span) {
	now := f.r.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.done && s.from.IsZero() {
		s.from = now
	}
}

// end notes when s ended, the last time.
func (f *flight) end(s *span) {
	now := f.r.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.done {
		s.to = now
	}
}

// endUnless is end where err is nil.
func (f *flight) endUnless(s *span, err error) {
	if err == nil {
		f.end(s)
	}
}

// gotConn notes which connection the request goes over. On a reused one, or one that another
// request had dialled meanwhile, nothing was looked up or connected for this request.
func (f *flight) gotConn(info httptrace.GotConnInfo) {
	now := f.r.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done {
		return
	}
	f.hop.Reused = info.Reused
	f.hop.RemoteAddr = info.Conn.RemoteAddr().String()
	if info.Reused {
		f.dns, f.connect, f.tls = span{}, span{}, span{}
	}
	f.ready, f.first = now, span{from: now}
}

// bodyEnded notes the end of the body; what is noted about the hop until it is closed still counts.
func (f *flight) bodyEnded(err error) {
	now := f.r.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ended.IsZero() {
		return
	}
	f.ended = now
	if !errors.Is(err, io.EOF) {
		f.cause = err
	}
}

// looked notes what a page says of itself. The secrets in a JSON answer are known from then on, before the hop is
// told of: its headers may repeat them.
func (f *flight) looked(p *page) {
	if p == nil {
		return
	}
	text := p.text()
	if !isHTML(p.kind) {
		f.r.Mask.learn(text)
	}
	if text = looksHTML(text); isJSON(p.kind) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.done {
		f.hop.look(text, f.r.Mask)
	}
}

// finish completes the hop and hands it out, once.
func (f *flight) finish(err error) {
	f.bodyEnded(cmp.Or(err, io.EOF))
	f.mu.Lock()
	if f.done {
		f.mu.Unlock()
		return
	}
	f.done = true
	h := &f.hop
	h.DNS, h.Connect, h.TLS = f.dns.length(), f.connect.length(), f.tls.length()
	h.FirstByte, h.Total = f.first.length(), f.ended.Sub(f.start)
	if f.cause != nil {
		h.Phase, h.Error = f.phase(), f.r.Mask.Error(f.cause)
		f.notes.failed(h.Phase)
	}
	h.Notes = f.notes.masked(f.r.Mask)
	hop := h.afresh(f.r.Mask)
	f.mu.Unlock()
	f.r.land(hop)
}

// phase is where the flight stands. The caller holds the lock.
func (f *flight) phase() string {
	switch {
	case f.hop.Status != 0:
		return PhaseBody
	case !f.ready.IsZero():
		return PhaseAnswer
	case f.tls.open():
		return PhaseTLS
	case f.dns.open():
		return PhaseDNS
	default:
		return PhaseConnect
	}
}

// land keeps a finished hop and tells who listens, one hop at a time.
func (r *Recorder) land(h Hop) {
	r.emit.Lock()
	defer r.emit.Unlock()
	r.mu.Lock()
	if len(r.hops) == maxKept {
		r.hops = slices.Delete(r.hops, maxKept/2, maxKept/2+1)
	}
	r.hops = append(r.hops, h)
	r.mu.Unlock()
	if r.OnHop != nil {
		r.OnHop(h)
	}
}

// body ends the flight: the clock stops at the end of what is read, the hop is handed out at Close.
// Of a page its beginning is kept.
type body struct {
	io.ReadCloser
	f    *flight
	page *page
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.page.keep(p[:max(0, min(n, len(p)))])
	if err != nil {
		b.f.bodyEnded(err)
	}
	return n, err
}

// Close implements [io.Closer].
func (b *body) Close() error {
	b.f.looked(b.page)
	b.f.finish(nil)
	return b.ReadCloser.Close()
}
