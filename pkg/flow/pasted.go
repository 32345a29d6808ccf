package flow

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/vnv-cli/vnv/pkg/callback"
)

// pasted is the mailbox where nothing of ours is bound: only a person fills it.
type pasted struct {
	judge func(raw, proof string) (*callback.Callback, error)
	proof string
	done  chan verdict
	last  atomic.Pointer[callback.Error] // the most telling refusal, if any tells something
}

// verdict is how a wait ends: with a callback, or with the far side's own no.
type verdict struct {
	callback *callback.Callback
	err      error
}

func newPasted(judge func(raw, proof string) (*callback.Callback, error), proof string) *pasted {
	return &pasted{judge: judge, proof: proof, done: make(chan verdict, 1)}
}

// telling ranks what was refused as the listener does, for the end of a wait; 0: it tells nothing.
func telling(e *callback.Error) int {
	switch {
	case e == nil:
		return 0
	case e.Proved:
		return 3
	case e.Reason == callback.ReasonErrorWithoutState:
		return 2
	case e.Reason == callback.ReasonState:
		return 1
	}
	return 0
}

// Offer judges a pasted URL as the listener judges a request. The first that proves
// our state ends the wait, a denial too.
func (p *pasted) Offer(raw string) error {
	cb, err := p.judge(raw, p.proof)
	if e, ok := errors.AsType[*callback.Error](err); ok && e.Reason != callback.ReasonDenied && e.Reason != callback.ReasonBoth {
		if telling(e) > telling(p.last.Load()) {
			p.last.Store(e)
		}
		return err
	}
	select {
	case p.done <- verdict{cb, err}:
	default: // a second one: the first won
	}
	return nil
}

// Wait returns the first good callback or, when ctx ends, the most telling refusal.
func (p *pasted) Wait(ctx context.Context) (*callback.Callback, error) {
	select {
	case v := <-p.done:
		return v.callback, v.err
	case <-ctx.Done():
	}
	select {
	case v := <-p.done: // it came just in time
		return v.callback, v.err
	default:
	}
	if refused := p.last.Load(); refused != nil {
		return nil, refused
	}
	return nil, &callback.Error{Reason: callback.ReasonNoCallback, Err: context.Cause(ctx)}
}
