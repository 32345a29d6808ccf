package sandbox

import (
	"maps"
	"net"
	"net/http"
	"time"
)

// do is what a row of Faults does.
type do = func(*Server, http.ResponseWriter, *http.Request) bool

// answer is an answer that is held back, so that a fault can alter it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) Header() http.Header    { return a.header }
func (a *answer) WriteHeader(status int) { a.status = status }
func (a *answer) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return len(b), nil
}

// ordinary is the answer that the call would get without a fault.
func (c *call) ordinary() *answer {
	a := &answer{header: c.Header().Clone()}
	plain := *c
	plain.ResponseWriter = a
	plain.route.serve(&plain)
	c.entry.Note = plain.entry.Note
	return a
}

// with makes a row's deed from what it does with the call, which is always an answer.
func with(deed func(*call)) do {
	return func(_ *Server, w http.ResponseWriter, _ *http.Request) bool {
		if c, ok := w.(*call); ok {
			deed(c)
			return true
		}
		return false
	}
}

// refused answers in the shape of the stage.
func refused(r refusal) do { return with(func(c *call) { c.refuse(r) }) }

// retryLater is refused with a Retry-After, in the form given.
func retryLater(after string, then do) do {
	return func(s *Server, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Retry-After", after)
		return then(s, w, r)
	}
}

// raw answers with a fixed body of any kind.
func raw(status int, mediaType, body string) do {
	return with(func(c *call) { reply(c, status, mediaType, []byte(body)) })
}

// htmlPage answers with a page as gateways and captive portals send it.
func htmlPage(status int, title string) do {
	return raw(status, typeHTML, "<!DOCTYPE html>\n<html><head><title>"+title+"</title></head><body><h1>"+title+"</h1></body></html>\n")
}

// retryAt is refused with a Retry-After that is a date, two seconds from now.
func retryAt(then do) do {
	return func(s *Server, w http.ResponseWriter, r *http.Request) bool {
		return retryLater(s.now().Add(2*time.Second).UTC().Format(http.TimeFormat), then)(s, w, r)
	}
}

// gaveUp is a gateway's 504 and nothing else.
var gaveUp = with(func(c *call) {
	c.Header()["Content-Length"] = zeroLength
	c.WriteHeader(http.StatusGatewayTimeout)
})

// sentElsewhere is a redirect where there is never one.
var sentElsewhere = with(func(c *call) {
	c.Header().Set("Location", "https://other.example"+c.r.URL.Path)
	c.Header()["Content-Length"] = zeroLength
	c.WriteHeader(http.StatusTemporaryRedirect)
})

// altered lets the stage answer and changes that. An answer that is no success stays as it is: the
// request was wrong anyway.
func altered(change func(*call, *answer)) do {
	return with(func(c *call) {
		a := c.ordinary()
		if a.status < 400 {
			change(c, a)
		}
		c.entry.Status = a.status
		c.keep(a.header, a.body)
		c.note() // the client may hang up on what is sent now
		header := c.Header()
		maps.Copy(header, a.header)
		if len(a.body) == 0 {
			c.WriteHeader(a.status)
			return
		}
		reply(c, a.status, a.header.Get("Content-Type"), a.body)
	})
}

// reset reads the request and cuts the connection so that the client sees a reset.
var reset = with(func(c *call) {
	c.note()
	conn, _, err := http.NewResponseController(c.ResponseWriter).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if secured, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = secured.NetConn() // not closed by TLS's own goodbye
	}
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		tcp.SetLinger(0) //nolint:errcheck // then it is an ordinary close
	}
	conn.Close()
})

// slow says nothing for half a minute, longer than any request of a client may take.
var slow = with(func(c *call) {
	c.note()
	if c.delayed(30 * time.Second) {
		c.route.serve(c)
	}
})
