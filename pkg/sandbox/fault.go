package sandbox

import (
	"fmt"
	"net/http"
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

// armed is a fault chosen for a server, and how often it will still strike.
type armed struct {
	Fault
	left atomic.Int64 // below 0: always
}

// strike takes one of the fault's times, if one is left.
func (a *armed) strike() bool {
	for {
		left := a.left.Load()
		if left <= 0 {
			return left < 0
		}
		if a.left.CompareAndSwap(left, left-1) {
			return true
		}
	}
}

// arm finds the faults of the selections "NAME" or "NAME:times".
func arm(selections []string) (map[Stage][]*armed, error) {
	chosen := map[Stage][]*armed{}
	for _, selection := range selections {
		name, times, limited := strings.Cut(selection, ":")
		fault, ok := faultNamed(name)
		if !ok {
			return nil, fmt.Errorf("unknown fault %q", name)
		}
		a := &armed{Fault: fault}
		a.left.Store(-1)
		if limited {
			n, err := strconv.ParseInt(times, 10, 32)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("fault %q: want NAME:times with times from 1", selection)
			}
			a.left.Store(n)
		}
		chosen[fault.At] = append(chosen[fault.At], a)
	}
	return chosen, nil
}

func faultNamed(name string) (Fault, bool) {
	for _, f := range Faults {
		if f.Name == name {
			return f, true
		}
	}
	return Fault{}, false
}

// faulted lets the faults of the call's stage have it, and tells whether one answered.
func (s *Server) faulted(c *call) bool {
	for _, a := range s.armed[c.route.stage] {
		if !a.strike() {
			continue
		}
		c.entry.Fault = a.Name
		if a.Do(s, c, c.r) {
			return true
		}
		c.entry.Fault = ""
		if a.left.Load() >= 0 {
			a.left.Add(1) // it let the request pass
		}
	}
	return false
}
