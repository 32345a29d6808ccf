package vnv

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Client makes the calls. Its zero value needs only JWT to be useful; it may
// be used by several goroutines, and must not be changed meanwhile.
type Client struct {
	// API says where the calls go; its zero value is [NumberVerification].
	API API
	// BaseURL replaces the API's own host; a path in front is kept.
	BaseURL string
	// URLs replaces the whole URL of a step.
	URLs map[Op]string
	// JWT returns an application JWT for enable and exchange.
	JWT func(context.Context) (Secret, error)
	// HTTP gives its Transport and its Timeout (of one call), nothing else:
	// no redirect is followed and no cookie kept. Nil, or without a
	// Transport: a private one that uses no proxy and drops connections idle
	// for 5 s, so that a single-use value is not lost on a stale one; nil: 10 s.
	HTTP *http.Client
	// Correlator is the x-correlator of verify; empty: a random UUID each time.
	Correlator string
	// Now is the clock; nil: the real one.
	Now func() time.Time
}

const (
	callTimeout = 10 * time.Second
	idleTimeout = 4500 * time.Millisecond
)

var (
	clock            = time.Now //nolint:forbidigo // the zero value of Now means the real clock
	privateTransport = &http.Transport{
		DialContext:            (&net.Dialer{Timeout: callTimeout}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    callTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 256 << 10,
	}
)

// CloseIdleConnections closes what the client's transport keeps open. The
// private transport is shared by all clients.
func (c *Client) CloseIdleConnections() {
	(&http.Client{Transport: c.transport()}).CloseIdleConnections()
}

func (c *Client) transport() http.RoundTripper {
	if c.HTTP != nil && c.HTTP.Transport != nil {
		return c.HTTP.Transport
	}
	return privateTransport
}

func (c *Client) timeout() time.Duration {
	if c.HTTP != nil {
		return c.HTTP.Timeout
	}
	return callTimeout
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return clock()
}

func (c *Client) api() API {
	if c.API.Name == "" && c.API.BaseURL == "" && c.API.Paths == nil {
		return NumberVerification
	}
	return c.API
}
