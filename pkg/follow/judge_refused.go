package follow

import (
	"cmp"
	"slices"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// hopeless are the faults of a URL that nobody can open; of others each client makes what it likes.
var hopeless = []string{badPort, noHost, oddHost, badIPv4, badIPv6, badName, badURL, tooLong}

// unopened judges a redirect to what is no URL to follow. What an app sees of one is in nobody's manual.
func (j *judge) unopened(h trace.Hop) bool {
	if fault := j.t.End.Detail; !slices.Contains(hopeless, fault) {
		return j.doubt(h, RuleLocation, "it leads to a URL that each client reads in its own way: "+cmp.Or(fault, "an odd one"))
	}
	j.fail(h, RuleLocation, "it leads to no URL that can be opened: "+j.t.End.Detail)
	j.v.Code = ""
	return false
}

// unreachable judges a redirect to an address that was refused. It may be the device's own, or one of the network
// that the device is in; everywhere else nobody answers.
func (j *judge) unreachable(h trace.Hop) bool {
	to := j.target(h)
	if to == nil {
		return j.doubt(h, "", "it leads to an address that was refused, so what comes behind is not known")
	}
	switch c, known := literalClass(to); {
	case known && c.never():
		return j.fail(h, RuleConnection, (&AddressError{Host: to.Hostname(), Class: c}).Error()+", where nobody answers a phone")
	case c == ClassLoopback:
		return j.doubt(h, "", "it leads to the device itself: whether something answers there is not recorded")
	case c == ClassPrivate:
		return j.doubt(h, "", "it leads to "+to.Hostname()+", which only devices in that network reach")
	}
	return j.doubt(h, "", "it leads to an address that was refused, so what comes behind is not known")
}
