package sandbox

import "slices"

// Faults are all faults, in the order of the flow. To add one, add a row to the list of its stage.
var Faults = slices.Concat(
	jwtFaults, enableFaults, authorizeFaults, carrierFaults, callbackFaults, tokenFaults, verifyFaults,
	startFaults, handoverFaults, checkFaults, cancelFaults,
)
