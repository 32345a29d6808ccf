package flow

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// jwt signs the application JWT that enable and exchange send. It is a step of its
// own so that a wrong key is seen before any packet leaves.
func (r *run) jwt(ctx context.Context) error {
	if r.JWT == nil {
		return input(vnv.OpJWT, "no private key")
	}
	token, err := r.JWT(ctx)
	if err != nil {
		return err
	}
	r.Mask.Know("jwt", token.Reveal(), "")
	return nil
}

const (
	enableTries = 3
	maxPause    = 10 * time.Second // between two tries, whatever Retry-After says
)

// retried makes enable of one try. A try that was refused for load, or never left,
// is made again with a new state, unless the state is the user's own.
func retried(once stepFunc) stepFunc {
	return func(r *run, ctx context.Context) error {
		if r.s.Phone == "" {
			return input(vnv.OpEnable, "no phone number")
		}
		for try := 1; ; try++ {
			err := within(ctx, RequestTimeout, func(ctx context.Context) error { return once(r, ctx) })
			pause, again := r.retry(ctx, err, try)
			if !again {
				return err
			}
			r.sink(Note{Step: vnv.OpEnable, Text: "refused for now, trying again in " + pause.String()})
			if wait(ctx, pause) != nil {
				return err // what was refused says more than that the time ran out
			}
			if err := r.newState(); err != nil {
				return err
			}
		}
	}
}

// within bounds one request, whatever the time of the whole command.
func within(ctx context.Context, d time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d, fmt.Errorf("%s are the limit for one request", d))
	defer cancel()
	return do(ctx)
}

func (r *run) askAuthURL(ctx context.Context) error {
	scopes := r.Scopes
	if len(scopes) == 0 {
		scopes = []vnv.Scope{vnv.DefaultScope}
	}
	got, err := r.client(vnv.OpEnable).Enable(ctx, vnv.EnableRequest{Phone: r.s.Phone, Scopes: scopes, State: r.s.State})
	if err != nil {
		return err
	}
	r.notices(vnv.OpEnable, got.Notices)
	carrier := got.RequiresCarrierNetwork
	r.s.Scope, r.s.AuthURL, r.s.RequiresCarrierNetwork = got.Scope, got.AuthURL, &carrier
	return r.save()
}

// retry tells whether and after which pause another try is worth it: not when the
// time of the whole command would be over by then.
func (r *run) retry(ctx context.Context, err error, try int) (time.Duration, bool) {
	e, ok := errors.AsType[*vnv.Error](err)
	if !ok || try == enableTries || r.State != "" {
		return 0, false
	}
	switch {
	case e.Kind == vnv.KindLimit, e.Kind == vnv.KindUnavailable, e.Kind == vnv.KindNetwork && e.Sent == vnv.SentNo && dialFailed(e):
		pause := max(e.RetryAfter, time.Duration(try)*250*time.Millisecond)
		return pause, pause <= maxPause && inTime(ctx, pause)
	default:
		return 0, false
	}
}

// afresh begins a new attempt: what earlier steps left is forgotten, but for the
// state, which must not come twice.
func (r *run) afresh() error {
	if r.State != "" && r.s.State == r.State {
		return &vnv.Error{Op: vnv.OpEnable, Kind: vnv.KindState, Sent: vnv.SentNo, Err: errors.New("this state was used in the session before: a state serves one attempt")}
	}
	r.s = Session{
		API: r.s.API, APIHost: r.s.APIHost, ApplicationID: r.s.ApplicationID, RedirectURI: r.s.RedirectURI,
		Phone: r.s.Phone, extra: r.s.extra,
	}
	return r.newState()
}

func (r *run) newState() error {
	r.s.State = r.State
	if r.State == "" {
		var bits [32]byte
		if _, err := rand.Read(bits[:]); err != nil {
			return err
		}
		r.s.State = vnv.Secret(base64.RawURLEncoding.EncodeToString(bits[:]))
	}
	r.know()
	if r.listener != nil {
		r.listener.SetState(r.proof())
	}
	return nil
}

// proof is what the callback must carry. Until the API has named it, random bits
// stand in its place, so that nothing can match.
func (r *run) proof() string { return either(r.plan.proof(r.s), r.s.State.Reveal()) }

// exchange trades the code for a token. That the code leaves is noted, and made
// durable, before it does: a process that dies in between leaves a session that
// says so, and a second try is refused rather than made.
func (r *run) exchange(ctx context.Context) error {
	switch {
	case r.s.Code == "":
		return spent(vnv.OpExchange, r.s.AccessToken != "" || r.s.Verified != nil, "authorization code", "vnv authorize")
	case r.s.RedirectURI == "":
		return input(vnv.OpExchange, "no redirect URI: the token endpoint wants the registered one")
	}
	var got *vnv.Token
	err := r.atMostOnce(ctx, vnv.OpExchange, func(ctx context.Context) (err error) {
		got, err = r.client(vnv.OpExchange).Exchange(ctx, vnv.ExchangeRequest{Code: r.s.Code, RedirectURI: r.s.RedirectURI})
		return err
	})
	if err != nil {
		return err
	}
	r.notices(vnv.OpExchange, got.Notices)
	r.s.Code, r.s.AccessToken, r.s.TokenType, r.s.ExpiresAt = "", got.AccessToken, got.TokenType, got.ExpiresAt
	r.know()
	return r.save()
}

// verify asks whether the device holds the number, and drops the token.
func (r *run) verify(ctx context.Context) error {
	switch {
	case r.s.AccessToken == "":
		return spent(vnv.OpVerify, r.s.Verified != nil, "access token", "vnv exchange")
	case r.s.Phone == "" && r.s.PhoneHash == "":
		return input(vnv.OpVerify, "no phone number: --phone or --phone-hash")
	}
	req := vnv.VerifyRequest{AccessToken: r.s.AccessToken, Phone: r.s.Phone}
	if r.s.PhoneHash != "" {
		req.Phone, req.PhoneHash = "", r.s.PhoneHash
	}
	var got *vnv.Verification
	err := r.atMostOnce(ctx, vnv.OpVerify, func(ctx context.Context) (err error) {
		got, err = r.client(vnv.OpVerify).Verify(ctx, req)
		return err
	})
	if err != nil {
		return err
	}
	r.notices(vnv.OpVerify, got.Notices)
	r.s.AccessToken, r.s.TokenType, r.s.ExpiresAt = "", "", time.Time{}
	r.s.Verified = &got.Verified
	return r.save()
}

// atMostOnce sends a single-use value: never when it may have left before.
func (r *run) atMostOnce(ctx context.Context, op vnv.Op, send func(context.Context) error) error {
	if at, ok := r.s.Attempts[op]; ok {
		return &vnv.Error{Op: op, Kind: vnv.KindState, Sent: vnv.SentNo, Err: errors.New("possibly used: an earlier try at " + at.UTC().Format(time.TimeOnly) + " UTC sent it, and it works once")}
	}
	r.s.noteAttempt(op, r.now())
	if err := r.save(); err != nil {
		return err
	}
	err := within(ctx, RequestTimeout, send)
	if e, ok := errors.AsType[*vnv.Error](err); ok && e.Sent == vnv.SentNo {
		r.s.forgetAttempt(op)
		if failed := r.save(); failed != nil {
			return failed
		}
	}
	return err
}

// spent says why a single-use value is not there: used already, or never made.
func spent(op vnv.Op, used bool, what, from string) error {
	if used {
		return &vnv.Error{Op: op, Kind: vnv.KindState, Sent: vnv.SentNo, Err: errors.New("the session's " + what + " is used: it works once")}
	}
	return input(op, "no %s: it comes from %s", what, from)
}

func inTime(ctx context.Context, pause time.Duration) bool {
	end, ok := ctx.Deadline()
	return !ok || end.Sub(clock()) > pause // the context's time is the machine's
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
