package follow

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// admit checks u against the policy table, after its syntax and whether it is the redirect URI:
// the address as far as its name tells (the rest when it is dialled), cleartext, loop, count.
func (w *walk) admit(ctx context.Context, u *url.URL) error {
	if err := w.policy.checkName(ctx, u, nil); err != nil {
		return w.refused(u, err)
	}
	if why := w.cleartext(u); why != "" {
		return w.fail(ReasonCleartext, u, why)
	}
	key := u.Scheme + "://" + u.Host + u.RequestURI() + "\n" + w.cookieHeader(u)
	if w.seen[key] {
		return w.fail(ReasonLoop, u, "")
	}
	w.seen[key] = true
	if limit := max(0, w.opts.MaxHops); w.res.Redirects > limit {
		return w.fail(ReasonTooMany, u, plural(limit, "redirect")+" may be followed")
	}
	return nil
}

// singleUse are parameters that are worth stealing.
var singleUse = []string{"code", "access_token", "id_token", "refresh_token", "token", "client_assertion", "assertion"}

// cleartext says why u may not be asked over plain http; empty if it may, or is not. A name counts
// as public here: whether the address is shows only when it is dialled.
func (w *walk) cleartext(u *url.URL) string {
	if u.Scheme != "http" {
		return ""
	}
	if c, known := literalClass(u); known && c != ClassPublic {
		return ""
	}
	if slices.ContainsFunc(w.opts.APIHosts, func(h string) bool { return strings.EqualFold(h, u.Hostname()) }) {
		return "it is an API host"
	}
	query, err := url.ParseQuery(u.RawQuery)
	for name := range query {
		if slices.Contains(singleUse, strings.ToLower(name)) {
			return "the URL carries a " + strings.ToLower(name)
		}
	}
	if err != nil {
		return "its query cannot be read, and may carry a code"
	}
	return ""
}

// cookieHeader is what the jar sends to u, in a stable order.
func (w *walk) cookieHeader(u *url.URL) string {
	var pairs []string
	for _, c := range w.cookies(u) {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "; ")
}

// What every hop says of itself: no more than it must.
var (
	userAgent = []string{"vnv"}
	accept    = []string{"application/json, text/html;q=0.9, */*;q=0.8"}
)

// errHopTime is why a hop's context ended.
var errHopTime = errors.New("the time for one hop is over")

// answered takes an answer while its hop's context lasts.
type answered func(context.Context, *http.Response, *trace.Notes) error

// request asks u under p, within the time of one hop, and hands the answer to use. The body is
// closed afterwards. An error is an *Error.
func (w *walk) request(parent context.Context, u *url.URL, l *leave, use answered) error {
	ctx, cancel := context.WithTimeoutCause(parent, w.opts.HopTimeout, errHopTime)
	defer cancel()
	ctx, notes := trace.WithNotes(ctx)
	bare := *u
	bare.Fragment, bare.RawFragment = "", ""
	req, err := http.NewRequestWithContext(withLeave(ctx, l), http.MethodGet, bare.String(), http.NoBody)
	if err != nil {
		return w.fail(ReasonSyntax, u, "does not make a request")
	}
	req.Header["User-Agent"], req.Header["Accept"] = userAgent, accept
	if l.chain {
		w.addOwn(req)
		for _, c := range w.cookies(u) {
			req.AddCookie(c)
		}
	}
	if c, known := literalClass(u); u.Scheme == "http" && (!known || c == ClassPublic) {
		notes.Add(noteCleartext, "plain http: everybody on the way can read this hop")
	}
	w.res.Hops++
	w.res.Status, w.res.ContentType, w.res.Body = 0, "", nil
	res, err := w.transport.RoundTrip(req)
	if err != nil {
		return w.broken(ctx, u, notes, err)
	}
	defer res.Body.Close()
	w.res.Status = res.StatusCode
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	w.res.ContentType = w.mask.Text(strings.ToLower(strings.TrimSpace(kind)))
	return use(ctx, res, notes)
}

// drainTime is how long a redirect's body may delay the next hop, for the sake of its connection.
const drainTime = 500 * time.Millisecond

// drain reads a body that nobody needs, so that its connection can be used again. A long or slow
// one is given up.
func drain(res *http.Response) {
	giveUp := time.AfterFunc(drainTime, func() { res.Body.Close() })
	defer giveUp.Stop()
	io.Copy(io.Discard, io.LimitReader(res.Body, maxBody)) //nolint:errcheck // the head of the answer has all that counts
}

// fail is an error of this walk about u.
func (w *walk) fail(r Reason, u *url.URL, detail string) *Error {
	return &Error{
		Hop: max(1, w.res.Hops), Reason: r, URL: w.mask.URL(u.String()),
		Status: w.res.Status, ContentType: w.res.ContentType, Detail: detail,
	}
}

// targetError is the error for raw, which err, a *targetError, judged.
func (w *walk) badTarget(raw string, err error) *Error {
	e := w.fail(ReasonSyntax, &url.URL{}, err.Error())
	e.URL = cmp.Or(w.mask.URL(raw), "an empty URL")
	if bad, ok := errors.AsType[*targetError](err); ok {
		e.Reason = bad.reason
	}
	return e
}

// refused is the error for an address that may not be dialled.
func (w *walk) refused(u *url.URL, err error) *Error {
	e := w.fail(ReasonAddress, u, w.mask.Error(err))
	if refused, ok := errors.AsType[*AddressError](err); ok {
		e.Class, e.Err = refused.Class, refused
	}
	return e
}

// broken is the error for a request that brought no answer, or no whole one.
func (w *walk) broken(ctx context.Context, u *url.URL, notes *trace.Notes, err error) *Error {
	if _, ok := errors.AsType[*AddressError](err); ok {
		return w.refused(u, err)
	}
	e := w.fail(ReasonNetwork, u, w.mask.Error(err))
	e.Phase, e.Err = notes.Phase(), err
	if e.Phase == "" && e.Status != 0 {
		e.Phase = trace.PhaseBody
	}
	switch {
	case errors.Is(context.Cause(ctx), errClientTime):
		e.Reason, e.Rule, e.Detail = ReasonTimeout, RuleTime, w.client.Overall.String()+" are the limit for the whole chain"+during(e.Phase)
	case errors.Is(context.Cause(ctx), errHopTime):
		e.Reason, e.Detail = ReasonTimeout, w.opts.HopTimeout.String()+" are the limit for one hop"+during(e.Phase)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		e.Reason, e.Detail = ReasonTimeout, "the time for the whole chain is over"+during(e.Phase)
	case ctx.Err() != nil:
		e.Reason = ReasonCanceled
	case timedOut(err): // a limit of the resolver or the dialer, which err names
		e.Reason = ReasonTimeout
	}
	return e
}

// timedOut says whether err calls itself a timeout.
func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// during says in words where the time ran out.
func during(phase string) string {
	words := map[string]string{
		trace.PhaseDNS: "looking up the name", trace.PhaseConnect: "connecting", trace.PhaseTLS: "in the TLS handshake",
		trace.PhaseAnswer: "waiting for the answer", trace.PhaseBody: "reading the answer",
	}
	if words[phase] == "" {
		return ""
	}
	return " (" + words[phase] + ")"
}
