package follow

import (
	"errors"
	"net"
	"syscall"
)

// bindTo is a dialer's Control that binds its sockets, of both families, to an interface
// (SO_BINDTODEVICE). Since Linux 5.7 it needs no privilege.
func bindTo(name string) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var bound error
		err := c.Control(func(fd uintptr) { bound = syscall.BindToDevice(int(fd), name) })
		if err = errors.Join(err, bound); err != nil {
			return &NetError{fieldInterface, name, because(err)}
		}
		return nil
	}
}

// because puts the errors of a binding into words.
func because(err error) error {
	switch {
	case errors.Is(err, syscall.ENODEV):
		return errNoInterface
	case errors.Is(err, syscall.EPERM):
		return errors.New("binding to an interface needs Linux 5.7, or CAP_NET_RAW")
	default:
		return err
	}
}

// checkInterface says why name cannot be bound to.
func checkInterface(name string) error {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return errNoInterface
	}
	if i.Flags&net.FlagUp == 0 {
		return errors.New("the interface is down")
	}
	return nil
}
