package sandbox

// Faults are all faults, in the order of the flow. Add a row to add a fault.
var Faults []Fault
