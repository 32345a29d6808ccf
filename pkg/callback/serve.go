package callback

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Bounds of the server. Nobody has proved anything before the handler has run, so all are short.
const (
	requestTime = 2 * time.Second        // to send the request, and again to read the page
	headerBytes = 128 << 10              // long codes and ten thousand parameters fit, a megabyte does not
	drainTime   = 800 * time.Millisecond // for pages that are being written when Close is called
)

// clock is the real one, whatever Options.Now says: it measures connections.
var clock = time.Now //nolint:forbidigo // the zero value of Options.Now means the real clock

type connKey struct{}

// serve starts one server on all sockets.
func (l *Listener) serve() {
	l.door = newDoor(func() { l.ignore(answer{reason: ReasonUnreadable}) })
	l.server = &http.Server{
		Handler:                      http.HandlerFunc(l.handle),
		ReadTimeout:                  requestTime,
		ReadHeaderTimeout:            requestTime,
		WriteTimeout:                 requestTime,
		MaxHeaderBytes:               headerBytes,
		ErrorLog:                     log.New(io.Discard, "", 0),
		DisableGeneralOptionsHandler: true,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	l.server.SetKeepAlivesEnabled(false)
	for _, s := range l.sockets {
		l.serving.Go(func() { _ = l.server.Serve(&gate{Listener: s, door: l.door}) })
	}
}

// shut frees the ports, drains, and cuts what is left.
func (l *Listener) shut() {
	closeAll(l.sockets)
	select {
	case <-l.door.shut():
	case <-time.After(drainTime):
	}
	_ = l.server.Close()
	l.serving.Wait()
}

// handle answers one request: the page is on its way before a waiter wakes.
func (l *Listener) handle(w http.ResponseWriter, r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		l.door.served(c)
	}
	p, ended := l.judgeRequest(r)
	p.write(w, l.vocabulary().methods)
	if ended {
		close(l.done)
	}
}

// judgeRequest decides on a request; ended means that it became the outcome, to be announced once its page is written.
func (l *Listener) judgeRequest(r *http.Request) (p page, ended bool) {
	if l.probed(r) {
		return reachable, false
	}
	if l.opts.Fragment {
		return l.judgeFragment(r)
	}
	a := answer{}
	switch {
	case r.URL.EscapedPath() != l.path:
		a = l.elsewhere(r)
	case r.Method != http.MethodGet:
		a.reason = ReasonMethod
	default:
		a = judge(r.URL.RawQuery, l.state(), inQuery)
	}
	return l.take(r, r.URL.RawQuery, a)
}

// elsewhere is an answer on another path: not taken, but if it proves our state, it is known where it was sent.
func (l *Listener) elsewhere(r *http.Request) answer {
	if a := judge(r.URL.RawQuery, l.state(), inQuery); a.final() {
		return answer{reason: ReasonPath, state: a.state, at: l.deliveredTo(r)}
	}
	return answer{reason: ReasonPath}
}

// deliveredTo is the URI that was asked for, without its query: by the Host header, and behind a tunnel, which may write
// its own there, by the redirect URI.
func (l *Listener) deliveredTo(r *http.Request) string {
	u := url.URL{Scheme: "http", Host: r.Host}
	if registered, err := url.Parse(l.redirect); err == nil && l.opts.Listen != "" {
		u.Scheme, u.Host = registered.Scheme, registered.Host
	}
	return u.Scheme + "://" + u.Host + r.URL.EscapedPath()
}

// take makes an answer the outcome, if it proves that it belongs here and is the first.
func (l *Listener) take(r *http.Request, query string, a answer) (p page, ended bool) {
	if !a.final() {
		l.ignore(a)
		return pageOf(a.reason), false
	}
	c := l.callback(query, a, ViaHTTP)
	c.Host, c.URI = r.Host, l.deliveredTo(r)
	if late := l.claim(a.outcome(c)); late != "" {
		l.ignore(answer{reason: late})
		return pageOf(late), false
	}
	return pageOf(a.reason), true
}
