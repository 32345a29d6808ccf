package trace

import "net/http"

// stepTransport is the transport of one step.
type stepTransport struct {
	r    *Recorder
	step string
}

// RoundTrip implements [http.RoundTripper].
func (t stepTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	r := t.r
	r.once.Do(r.defaults)
	f := r.begin(t.step, req)
	res, err := r.Base.RoundTrip(req.WithContext(f.watch(req.Context())))
	if err != nil {
		f.finish(err)
		return res, err
	}
	f.answered(res)
	res.Body = &body{ReadCloser: res.Body, f: f, page: newPage(res.StatusCode, res.Header)}
	return res, nil
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] reach the base transport.
func (t stepTransport) CloseIdleConnections() {
	if c, ok := t.r.Base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// begin starts the hop of one request.
func (r *Recorder) begin(step string, req *http.Request) *flight {
	params := r.Mask.paramsOf(req.URL)
	f := &flight{r: r, notes: NotesFrom(req.Context())}
	r.mu.Lock()
	r.seq++
	r.ns[step]++
	f.hop = Hop{N: r.ns[step], Step: step, seq: r.seq, Changes: r.params.next(step, params)}
	r.mu.Unlock()
	f.hop.Method = req.Method
	f.hop.URL = r.Mask.URL(req.URL.String())
	f.hop.Role = r.Role(req.URL)
	f.hop.RoleGuessed = guessed(f.hop.Role, req.URL)
	f.hop.sent(req.Cookies(), r.Mask)
	f.start = r.Now()
	f.hop.Start = f.start.UTC()
	return f
}

// answered notes what the head of the answer says.
func (f *flight) answered(res *http.Response) {
	now := f.r.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	h, m := &f.hop, f.r.Mask
	h.Status, h.Proto = res.StatusCode, Printable(res.Proto)
	h.secured(res.TLS, m)
	h.answer(res.Header, m)
	if res.Header.Get("Age") == "" {
		h.Skew = skew(h.Date, f.start, now)
	}
}
