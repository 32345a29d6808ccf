package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// Fault is one way in which the flow can fail, or be odd. It stands in front of a stage, whose handler
// knows only how things go right. A fault changes nothing that another request can see.
type Fault struct {
	Name    string // kebab-case, as in [Options.Faults]
	Summary string // one line, what the client meets
	At      Stage
	// Do answers the request and returns true, or lets it pass. The request is a call of this
	// package's server, already read, its body too.
	Do func(*Server, http.ResponseWriter, *http.Request) bool
}

// NeedsTLS tells whether a client notices the fault only where the sandbox has [Options.TLS] and a carrier's port
// of its own.
func (f Fault) NeedsTLS() bool { return f.Name == "cleartext-hop" }

// UnknownFaultError is a selection of a fault that is not in [Faults].
type UnknownFaultError struct{ Name string }

func (e *UnknownFaultError) Error() string {
	text := fmt.Sprintf("unknown fault %q", shortened(e.Name))
	if near := nearestFault(e.Name); near != "" {
		text += "; did you mean " + near + "?"
	}
	return text
}

// armed is a fault chosen for a server, for which numbers, and how often it will still strike.
type armed struct {
	Fault
	selection string // as it was chosen
	numbers   pattern
	limited   bool
	left      atomic.Int64 // where limited
}

// parseSelection reads "NAME[@number-pattern][:times]".
func parseSelection(selection string) (*armed, error) {
	rest, times, limited := strings.Cut(selection, ":")
	name, numbers, some := strings.Cut(rest, "@")
	fault, ok := faultNamed(name)
	if !ok {
		return nil, &UnknownFaultError{name}
	}
	a := &armed{Fault: fault, selection: strings.Clone(selection), limited: limited}
	if some {
		var err error
		if a.numbers, err = parsePattern(numbers); err != nil {
			return nil, fmt.Errorf("fault %s: %w", name, err)
		}
	}
	if limited {
		n, err := strconv.ParseInt(times, 10, 32)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("fault %q: want NAME:times with times from 1", shortened(selection))
		}
		a.left.Store(n)
	}
	return a, nil
}

// take takes one of the fault's times, if one is left.
func (a *armed) take() bool {
	if !a.limited {
		return true
	}
	for {
		left := a.left.Load()
		if left < 1 {
			return false
		}
		if a.left.CompareAndSwap(left, left-1) {
			return true
		}
	}
}

// giveBack undoes take for a request that the fault let pass.
func (a *armed) giveBack() { a.left.Add(1) }

// arm finds the faults of many selections.
func arm(selections []string) ([]*armed, error) {
	var chosen []*armed
	for _, selection := range selections {
		a, err := parseSelection(selection)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, a)
	}
	return chosen, nil
}

// SetFaults replaces the faults that are set, each "NAME[@number-pattern][:times]" as in [Options.Faults];
// none switches all off. Requests under way keep what they met. The error says which selection is wrong;
// then nothing is changed.
func (s *Server) SetFaults(selections ...string) error {
	chosen, err := arm(selections)
	if err != nil {
		return err
	}
	s.armed.Store(&chosen)
	return nil
}

// SwitchFault sets one fault beside those that are set, or ends it: on is whether it is to be set, and the selection is
// one as for [Server.SetFaults], the same each time. The others keep what they have left of their times. The error says
// that the selection is wrong; then nothing is changed.
func (s *Server) SwitchFault(selection string, on bool) error {
	var added []*armed
	if on {
		a, err := parseSelection(selection)
		if err != nil {
			return err
		}
		added = append(added, a)
	}
	for {
		before := s.armed.Load()
		after := slices.DeleteFunc(slices.Clone(*before), func(a *armed) bool { return a.selection == selection })
		after = append(after, added...)
		if s.armed.CompareAndSwap(before, &after) {
			return nil
		}
	}
}

// ActiveFaults are the selections that are set, as [Server.SetFaults] or [Options.Faults] had them, without
// those whose times are used up.
func (s *Server) ActiveFaults() []string {
	names := []string{}
	for _, a := range *s.armed.Load() {
		if !a.limited || a.left.Load() > 0 {
			names = append(names, a.selection)
		}
	}
	return names
}

func faultNamed(name string) (Fault, bool) {
	faults := allFaults()
	i := slices.IndexFunc(faults, func(f Fault) bool { return f.Name == name })
	if i < 0 {
		return Fault{}, false
	}
	return faults[i], true
}

// faulted lets the faults of the call's stage have it, and tells whether one answered: those that were
// set, then the scenario's, then the one that the number is reserved for.
func (s *Server) faulted(c *call) bool {
	for _, a := range *s.armed.Load() {
		if a.At != c.route.stage || !a.numbers.matches(c.number) || !a.take() {
			continue
		}
		if c.strike(&a.Fault) {
			return true
		}
		a.giveBack()
	}
	if c.play() {
		return true
	}
	f := reservedFault(c.number)
	return f != nil && f.At == c.route.stage && c.strike(f)
}

// strike lets one fault have the call, and tells whether it answered.
func (c *call) strike(f *Fault) bool {
	c.entry.Fault = f.Name
	if f.Do(c.s, c, c.r) {
		return true
	}
	c.entry.Fault = ""
	return false
}
