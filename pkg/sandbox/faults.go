package sandbox

import (
	"slices"
	"sync"
)

// Faults are all faults, in the order of the flow; a slice of the caller's own. To add one, add a row to the
// list of its stage, and one to the reserved numbers.
func Faults() []Fault { return slices.Clone(allFaults()) }

// allFaults is made when it is needed: a program that only links this package should not pay for it at start.
var allFaults = sync.OnceValue(func() []Fault {
	return slices.Concat(
		jwtFaults(), enableFaults(), authorizeFaults(), carrierFaults(), callbackFaults(), tokenFaults(), tokenAnswerFaults(), verifyFaults(),
		startFaults(), handoverFaults(), checkFaults(), cancelFaults(),
	)
})
