//go:build !linux

package follow

import (
	"errors"
	"fmt"
	"syscall"
)

// errNotHere says where an interface can be chosen. It is an errors.ErrUnsupported.
var errNotHere = fmt.Errorf("an interface can be chosen on Linux only: %w", errors.ErrUnsupported)

// bindTo refuses: nothing leaves by an interface that was not asked for.
func bindTo(name string) func(network, address string, c syscall.RawConn) error {
	return func(string, string, syscall.RawConn) error { return &NetError{fieldInterface, name, errNotHere} }
}

// checkInterface says why name cannot be bound to.
func checkInterface(string) error { return errNotHere }
