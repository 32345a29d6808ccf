package flow

import (
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// step is a row of the table of an API: what it is called and what it does.
type step struct {
	op vnv.Op
	do stepFunc
}

// plan is all that differs between two APIs that do the same thing: the order of
// the steps and, for the one in the middle, how a callback proves that it is ours.
type plan struct {
	steps    []step
	proof    func(Session) string                                   // what the callback must carry
	judge    func(raw, proof string) (*callback.Callback, error)    // of the URL that the chain reached
	answer   func(*run, *follow.Result) (*callback.Callback, error) // of a chain that ended with JSON
	fragment bool                                                   // the callback's answer is in the URL's fragment
	bare     bool                                                   // a chain may end without a redirect URI
	lacks    string                                                 // said when the proof is not there
}

// plans is the table of APIs. A new one is a row.
var plans = map[string]plan{
	vnv.NumberVerification.Name: {
		steps: []step{
			{vnv.OpJWT, (*run).jwt},
			{vnv.OpEnable, retried((*run).askAuthURL)},
			{vnv.OpAuthorize, (*run).authorize},
			{vnv.OpExchange, (*run).exchange},
			{vnv.OpVerify, (*run).verify},
		},
		proof:  func(s Session) string { return s.State.Reveal() },
		judge:  callback.Parse,
		answer: (*run).answered,
		lacks:  "no state: without it no callback can be told from a forged one",
	},
	vnv.SilentAuth.Name: {
		steps: []step{
			{vnv.OpJWT, (*run).jwt},
			{vnv.OpEnable, retried((*run).askCheckURL)},
			{vnv.OpAuthorize, (*run).authorizeSilent},
			{vnv.OpVerify, (*run).check},
		},
		proof:    func(s Session) string { return s.RequestID },
		judge:    callback.ParseFragment,
		answer:   (*run).handedOver,
		fragment: true,
		bare:     true,
		lacks:    "no request_id: without it no answer can be told from another request's",
	},
}

// Steps returns the names of the steps of an API, in order.
func Steps(api vnv.API) []vnv.Op {
	rows := plans[api.Name].steps
	ops := make([]vnv.Op, len(rows))
	for i, st := range rows {
		ops[i] = st.op
	}
	return ops
}
