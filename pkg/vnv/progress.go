package vnv

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// How far a request has come.
const (
	unseen int32 = iota // the transport tells nothing: anything may have happened
	notBegun
	waitingForConn
	resolving
	connecting
	handshaking
	sending
	waiting
	reading
)

var phases = map[int32]string{
	unseen: "making the request", notBegun: "starting", waitingForConn: "getting a connection",
	resolving: "resolving the name", connecting: "connecting", handshaking: "in the TLS handshake",
	sending: "sending the request", waiting: "waiting for the answer", reading: "reading the answer",
}

// progress follows one request. The transport may call back from its own
// goroutines, also after the request has ended; what was once sent stays sent.
type progress struct{ at atomic.Int32 }

func (p *progress) phase() string { return phases[p.at.Load()] }

// sent is "no" only on evidence: the transport said that it looks for a
// connection, and never that it had one.
func (p *progress) sent() Sent {
	if at := p.at.Load(); at != unseen && at < sending {
		return SentNo
	}
	return SentMaybe
}

func (p *progress) store(phase int32) { p.at.Store(phase) }

// advance never goes back over the line between unsent and sent, nor from a
// later phase of the sending to an earlier one.
func (p *progress) advance(phase int32) {
	for {
		at := p.at.Load()
		if at >= sending && phase <= at || p.at.CompareAndSwap(at, phase) {
			return
		}
	}
}

func (p *progress) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { p.advance(waitingForConn) },
		DNSStart:             func(httptrace.DNSStartInfo) { p.advance(resolving) },
		ConnectStart:         func(string, string) { p.advance(connecting) },
		TLSHandshakeStart:    func() { p.advance(handshaking) },
		GotConn:              func(httptrace.GotConnInfo) { p.advance(sending) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { p.advance(waiting) },
		GotFirstResponseByte: func() { p.advance(reading) },
	})
}
