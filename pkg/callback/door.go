package callback

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A connection that has not sent a whole request yet may be cut when there are too many of them, oldest first, but only
// after it had time to be read: a crowd that asks is answered, a crowd that is silent does not use us up.
const (
	mostWaiting  = 512
	timeToSpeak  = 250 * time.Millisecond // when there are more
	hurryToSpeak = 50 * time.Millisecond  // when no descriptor is left for a new one
	acceptPause  = 5 * time.Millisecond   // until a descriptor may be free
)

// noRoom are the errors of Accept that pass; the last is Winsock's.
var noRoom = []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.Errno(10024)}

// door keeps the connections of all sockets.
type door struct {
	unreadable func() // called for a connection that spoke but never became a request

	mu      sync.Mutex
	waiting []*conn // without a request yet, oldest first
	open    int     // connections that have not left
	closed  bool
	empty   chan struct{} // closed when the door is closed and nobody is left
}

func newDoor(unreadable func()) *door {
	return &door{unreadable: unreadable, empty: make(chan struct{})}
}

// conn is a connection that the door knows. It embeds the TCP type, for net/http half-closes it after some errors.
type conn struct {
	*net.TCPConn
	door  *door
	since time.Time
	asked bool        // a whole request came
	spoke atomic.Bool // at least a byte came
	leave sync.Once
}

// Read remembers that something came.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	if n > 0 {
		c.spoke.Store(true)
	}
	return n, err
}

// Close leaves by the door.
func (c *conn) Close() error {
	err := c.TCPConn.Close()
	c.leave.Do(func() { c.door.left(c) })
	return err
}

// gate is a socket in front of the door.
type gate struct {
	net.Listener
	door *door
}

// Accept makes room when too many connections are silent, or when no descriptor is left for one more: the server's own
// way, to wait up to a second and accept as many idle ones again, would starve the true callback.
func (g *gate) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	for err != nil && isOneOf(err, noRoom) {
		g.door.shed(0, hurryToSpeak)
		<-time.After(acceptPause)
		c, err = g.Listener.Accept()
	}
	if err != nil {
		return nil, err
	}
	g.door.shed(mostWaiting-1, timeToSpeak)
	if tcp, ok := c.(*net.TCPConn); ok {
		if c := g.door.admit(tcp); c != nil {
			return c, nil
		}
	}
	_ = c.Close()
	return nil, net.ErrClosed
}

// admit lets a connection in, nil if the door is closed.
func (d *door) admit(tcp *net.TCPConn) *conn {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	c := &conn{TCPConn: tcp, door: d, since: clock()}
	d.waiting = append(d.waiting, c)
	d.open++
	return c
}

// served says that a whole request came, so that the connection is not cut any more.
func (d *door) served(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c.asked = true
	d.forget(c)
}

func (d *door) forget(c *conn) {
	if i := slices.Index(d.waiting, c); i >= 0 {
		d.waiting = slices.Delete(d.waiting, i, i+1)
	}
}

// left counts a connection out, after what it leaves behind was reported.
func (d *door) left(c *conn) {
	d.mu.Lock()
	d.forget(c)
	lost := c.spoke.Load() && !c.asked && !d.closed
	d.mu.Unlock()
	if lost {
		d.unreadable()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	d.closeIfEmpty()
}

// shed cuts the oldest silent connections until at most keep wait, but none younger than age.
func (d *door) shed(keep int, age time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.waiting) > keep && clock().Sub(d.waiting[0].since) >= age {
		d.cut(d.waiting[0])
	}
}

// cut closes the socket; the server then closes the connection, which leaves by the door.
func (d *door) cut(c *conn) {
	d.forget(c)
	_ = c.TCPConn.Close()
}

// shut closes the door and cuts whoever has not asked yet. The channel is closed when the others have left too.
func (d *door) shut() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for len(d.waiting) > 0 {
		d.cut(d.waiting[0])
	}
	d.closeIfEmpty()
	return d.empty
}

func (d *door) closeIfEmpty() {
	if d.closed && d.open == 0 {
		close(d.empty)
	}
}
