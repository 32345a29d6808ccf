package flow

import (
	"context"
	"errors"
	"net"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// chainKinds: what a chain's end means. What is not listed is [vnv.KindRedirect].
var chainKinds = map[follow.Reason]vnv.Kind{
	follow.ReasonNetwork:  vnv.KindNetwork,
	follow.ReasonTimeout:  vnv.KindNetwork,
	follow.ReasonCanceled: vnv.KindCanceled,
	follow.ReasonOAuth:    vnv.KindDenied,
}

// callbackKinds: what the end of a wait means. What is not listed is [vnv.KindState]:
// something came, and it did not prove that it belongs to this attempt.
var callbackKinds = map[callback.Reason]vnv.Kind{
	callback.ReasonDenied:            vnv.KindDenied,
	callback.ReasonBoth:              vnv.KindDenied,
	callback.ReasonErrorWithoutState: vnv.KindDenied,
	callback.ReasonNoCallback:        vnv.KindNoCallback,
	callback.ReasonClosed:            vnv.KindNoCallback,
	callback.ReasonOptions:           vnv.KindInput,
	callback.ReasonExposed:           vnv.KindInput,
	callback.ReasonBusy:              vnv.KindInput,
	callback.ReasonBind:              vnv.KindInput,
}

// wrap gives an error its Op and Kind. The packages below say what they were
// doing, so nothing is put in front of their words.
func wrap(ctx context.Context, op vnv.Op, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return canceled(ctx, op, err)
	}
	if e, ok := errors.AsType[*vnv.Error](err); ok {
		if e.Op == "" {
			e.Op = op
		}
		return e
	}
	e := &vnv.Error{Op: op, Kind: vnv.KindInternal, Err: err}
	switch cause := err.(type) { //nolint:errorlint // the errors of our own packages arrive bare
	case *follow.Error:
		e.Kind = known(chainKinds, cause.Reason, vnv.KindRedirect)
	case *callback.Error:
		e.Kind = known(callbackKinds, cause.Reason, vnv.KindState)
		if cause.Proved && cause.Reason == callback.ReasonIncomplete {
			e.Kind = vnv.KindRedirect // the state was right: the chain ended with nothing
		}
	default:
		switch {
		case ctx.Err() != nil: // the time was over before anything left
			e.Kind, e.Sent, e.Err = vnv.KindNetwork, vnv.SentNo, context.Cause(ctx)
		case op == vnv.OpJWT:
			e.Kind = vnv.KindInput
		}
	}
	return e
}

// CallbackError gives the error of [callback.Parse] its Op and Kind, for a callback
// URL that was brought from elsewhere.
func CallbackError(err error) error {
	return wrap(context.Background(), vnv.OpAuthorize, err)
}

// canceled keeps what is known of a request that was under way.
func canceled(ctx context.Context, op vnv.Op, err error) error {
	e := &vnv.Error{Op: op, Kind: vnv.KindCanceled, Err: context.Cause(ctx)}
	if sent, ok := errors.AsType[*vnv.Error](err); ok {
		e.Sent, e.Correlator = sent.Sent, sent.Correlator
	}
	return e
}

func known[R comparable](table map[R]vnv.Kind, reason R, otherwise vnv.Kind) vnv.Kind {
	if kind, ok := table[reason]; ok {
		return kind
	}
	return otherwise
}

// dialFailed tells whether no connection came about, so that nothing can have left.
func dialFailed(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
