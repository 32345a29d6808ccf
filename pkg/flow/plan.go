package flow

import (
	"slices"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// step is a row of the table of an API: what it is called and what it does.
type step struct {
	op       vnv.Op
	do       stepFunc
	signs    bool // sends an application JWT
	redirect bool // needs the redirect URI
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
			{op: vnv.OpJWT, do: (*run).jwt, signs: true},
			{op: vnv.OpEnable, do: retried((*run).askAuthURL), signs: true},
			{op: vnv.OpAuthorize, do: (*run).authorize, redirect: true},
			{op: vnv.OpExchange, do: (*run).exchange, signs: true, redirect: true},
			{op: vnv.OpVerify, do: (*run).verify},
		},
		proof:  func(s Session) string { return s.State.Reveal() },
		judge:  callback.Parse,
		answer: (*run).answered,
		lacks:  "no state: without it no callback can be told from a forged one",
	},
	vnv.SilentAuth.Name: {
		steps: []step{
			{op: vnv.OpJWT, do: (*run).jwt, signs: true},
			{op: vnv.OpEnable, do: retried((*run).askCheckURL), signs: true},
			{op: vnv.OpAuthorize, do: (*run).authorizeSilent},
			{op: vnv.OpVerify, do: (*run).check, signs: true},
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

// Needs tells what some steps of an API need of the settings: a key to sign with,
// the redirect URI.
func Needs(api vnv.API, ops []vnv.Op) (key, redirectURI bool) {
	for _, st := range plans[api.Name].steps {
		if slices.Contains(ops, st.op) {
			key, redirectURI = key || st.signs, redirectURI || st.redirect
		}
	}
	return key, redirectURI
}
