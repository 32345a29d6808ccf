package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of delivery. How often and how soon the vendor tries again is not documented.
const (
	webhookTries   = 4
	webhookQueue   = 1024
	webhookTimeout = 10 * time.Second
	webhookDrain   = time.Second // what closing waits for what is still queued
	sweepEvery     = 250 * time.Millisecond
)

// Delivery is one try to deliver a webhook. Its body is not masked.
type Delivery struct {
	Time   time.Time
	Body   []byte // JSON; nil where Err says that webhooks were dropped
	Try    int    // from 1
	Status int    // of the answer; 0 if there was none
	Err    error  // why it was not delivered; nil after a 2xx
	Last   bool   // it is not tried again
}

// webhook is one that waits to be delivered.
type webhook struct {
	body          []byte
	authorization string
}

// webhooks is the queue and the one goroutine that empties it, which starts with the first webhook.
type webhooks struct {
	ids        ids // of its own: when a request expires must not change what the next one gets
	begin, end sync.Once
	queue      chan webhook
	dropped    atomic.Int64
	client     *http.Client
	cancel     context.CancelFunc
	stop, done chan struct{} // stop: no request can come any more
}

// tell queues a webhook, under the server's lock. When the queue is full it is dropped: no request waits
// for a listener.
func (s *Server) tell(now time.Time, event any) {
	body, _ := json.Marshal(event) // strings and numbers always marshal
	h := &s.hooks
	h.begin.Do(func() {
		h.queue, h.stop, h.done = make(chan webhook, webhookQueue), make(chan struct{}), make(chan struct{})
		h.client = webhookClient(s.options.WebhookClient)
		ctx, cancel := context.WithCancel(context.Background())
		h.cancel = cancel
		go s.deliverAll(ctx)
	})
	select {
	case h.queue <- webhook{body, "Bearer " + s.signature(now, body)}:
	default:
		h.dropped.Add(1)
	}
}

// webhookClient is the caller's, or a private one without proxy. Neither follows redirects, since nobody
// named where they lead.
func webhookClient(given *http.Client) *http.Client {
	client := *cmp.Or(given, &http.Client{Transport: &http.Transport{IdleConnTimeout: webhookTimeout}})
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

// deliverAll delivers in order, and looks meanwhile which requests expire.
func (s *Server) deliverAll(ctx context.Context) {
	h := &s.hooks
	defer close(h.done)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case w := <-h.queue:
			s.deliver(ctx, w)
		case <-tick.C:
			s.sweep(s.now())
		case <-h.stop:
			for len(h.queue) > 0 {
				s.deliver(ctx, <-h.queue)
			}
			return
		}
	}
}

// finishWebhooks ends delivery: what still waits is tried once, for a moment. No request may be under way.
func (s *Server) finishWebhooks(ctx context.Context) {
	h := &s.hooks
	h.begin.Do(func() {}) // none from now on
	if h.queue == nil {
		return
	}
	h.end.Do(func() { close(h.stop) })
	timer := time.AfterFunc(webhookDrain, h.cancel)
	defer timer.Stop()
	select {
	case <-h.done:
	case <-ctx.Done():
		h.cancel()
		<-h.done
	}
	h.cancel()
	if s.options.WebhookClient == nil {
		h.client.CloseIdleConnections()
	}
}

// deliver posts a webhook until it is taken, at most four times; once when the sandbox closes.
func (s *Server) deliver(ctx context.Context, w webhook) {
	wait := s.options.WebhookBackoff
	for try := 1; ; try++ {
		status, err := s.post(ctx, w)
		last := err == nil || try == webhookTries || s.isClosing()
		s.delivered(Delivery{s.now(), w.body, try, status, err, last})
		if last {
			break
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-s.closing:
			timer.Stop()
		}
		wait *= 2
	}
	if n := s.hooks.dropped.Swap(0); n > 0 {
		s.delivered(Delivery{Time: s.now(), Err: fmt.Errorf("too many webhooks waited: %d dropped", n), Last: true})
	}
}

func (s *Server) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

func (s *Server) delivered(d Delivery) {
	if s.options.WebhookLog != nil {
		s.options.WebhookLog(d)
	}
}

// post sends a webhook once. Anything but a 2xx is a failure.
func (s *Server) post(ctx context.Context, w webhook) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.options.Webhook, bytes.NewReader(w.body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", w.authorization)
	req.Header.Set("Content-Type", typeJSON)
	req.Header.Set("User-Agent", "vnv-sandbox")
	resp, err := s.hooks.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxBody)) //nolint:errcheck // only so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return resp.StatusCode, fmt.Errorf("answered %d", resp.StatusCode)
	}
	return resp.StatusCode, nil
}
