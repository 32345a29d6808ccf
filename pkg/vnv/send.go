package vnv

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// userAgent is all that a request tells of its sender.
const userAgent = "vnv"

// call is one request to come.
type call struct {
	op          Op
	method      string // empty: POST
	id          string // goes on the path of the step, where it has one
	bearer      Secret
	basic       Secret // in place of bearer: user and password, encoded
	contentType string
	body        []byte
	correlator  string
	single      bool              // carries a single-use value
	hide        *strings.Replacer // what no error may show
}

// signed is a request that goes with the application JWT.
type signed interface {
	check() error         // before anything leaves
	call(jwt Secret) call // as it goes over the wire
}

// askSigned is ask for a request that is checked, then signed.
func (c *Client) askSigned(ctx context.Context, op Op, r signed) (object, *answer, *Error) {
	if err := r.check(); err != nil {
		return nil, nil, inputError(op, err)
	}
	jwt, fail := c.bearer(ctx)
	if fail != nil {
		return nil, nil, fail
	}
	return c.ask(ctx, r.call(jwt))
}

// ask makes a call and returns the object that a success answers with.
func (c *Client) ask(ctx context.Context, q call) (object, *answer, *Error) {
	a, fail := c.send(ctx, q)
	if fail != nil {
		return nil, nil, fail
	}
	if !isSuccess(a.status) {
		return nil, nil, a.refusal()
	}
	doc, fail := a.object()
	return doc, a, fail
}

// send makes a call and reads its answer whole. A call with a single-use
// value is made once, and a second time only when the connection could not be
// dialled, so that nothing can have been written.
func (c *Client) send(ctx context.Context, q call) (*answer, *Error) {
	u, fail := c.endpoint(q.op)
	if fail != nil {
		return nil, fail
	}
	if q.id != "" {
		u = u.JoinPath(q.id)
	}
	if limit := c.timeout(); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	a, fail := c.try(ctx, q, u)
	if q.single && fail != nil && fail.Sent == SentNo && isDial(fail.Err) && ctx.Err() == nil {
		return c.try(ctx, q, u)
	}
	return a, fail
}

func (c *Client) try(ctx context.Context, q call, u *url.URL) (*answer, *Error) {
	var p progress
	if ctx.Err() != nil {
		p.store(notBegun)
		return nil, q.broken(ctx, &p, ctx.Err())
	}
	req, err := q.request(p.watch(ctx), u)
	if err != nil {
		return nil, inputError(q.op, errors.New("no request can be made of this URL"))
	}
	res, err := c.transport().RoundTrip(req)
	if err != nil {
		return nil, q.broken(ctx, &p, err)
	}
	defer res.Body.Close()
	p.store(reading)
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+int64(len(bom))+1))
	if err != nil && isSuccess(res.StatusCode) {
		return nil, q.broken(ctx, &p, err)
	}
	return &answer{
		op: q.op, status: res.StatusCode, header: res.Header, body: body,
		now: c.now(), correlator: q.correlator, hide: q.hide,
	}, nil
}

// request has no GetBody: no layer below may send it again.
func (q *call) request(ctx context.Context, u *url.URL) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, cmp.Or(q.method, http.MethodPost), u.String(), bytes.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	req.GetBody = nil
	req.Header.Set("Authorization", q.authorization())
	if q.contentType != "" {
		req.Header.Set("Content-Type", q.contentType)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	if q.correlator != "" {
		req.Header.Set(correlatorHeader, q.correlator)
	}
	return req, nil
}

func (q *call) authorization() string {
	if q.basic != "" {
		return "Basic " + q.basic.Reveal()
	}
	return "Bearer " + q.bearer.Reveal()
}

// broken is the error of a call that no whole answer came to.
func (q *call) broken(ctx context.Context, p *progress, cause error) *Error {
	e := &Error{Op: q.op, Kind: KindNetwork, Sent: p.sent(), Correlator: q.correlator, hide: q.hide}
	if q.single && e.Sent != SentNo {
		e.Kind = KindUnknownOutcome
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		e.Kind = KindCanceled
	}
	e.Err = &phaseError{text: phaseText(ctx, p.phase(), cause), cause: cause}
	return e
}

// phaseError says at which phase a call broke.
type phaseError struct {
	text  string
	cause error
}

func (e *phaseError) Error() string { return e.text }
func (e *phaseError) Unwrap() error { return e.cause }

func phaseText(ctx context.Context, phase string, cause error) string {
	if withURL, ok := errors.AsType[*url.Error](cause); ok {
		cause = withURL.Err // its own text repeats the URL
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return "canceled while " + phase
	case errors.Is(cause, context.DeadlineExceeded):
		return "timed out while " + phase
	case isTimeout(ctx, cause):
		return "timed out while " + phase + ": " + cause.Error()
	case errors.Is(cause, io.EOF), errors.Is(cause, io.ErrUnexpectedEOF):
		return phase + ": the connection was closed"
	}
	return phase + ": " + cause.Error()
}

func isTimeout(ctx context.Context, err error) bool {
	var timeout interface{ Timeout() bool }
	return ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout()
}

// isDial tells whether the connection itself could not be made: not its
// name, not its TLS, for they fail the same way again.
func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	_, dns := errors.AsType[*net.DNSError](err)
	return ok && op.Op == "dial" && !dns
}
