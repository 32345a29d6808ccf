package follow

import (
	"fmt"
	"net/netip"
)

// Class is what kind of network an address belongs to.
type Class string

// The classes. Loopback and private may be allowed; those after them never are.
const (
	ClassPublic      Class = "public"
	ClassLoopback    Class = "loopback"
	ClassPrivate     Class = "private"
	ClassLinkLocal   Class = "link-local"
	ClassMetadata    Class = "metadata" // where a cloud keeps the credentials of a machine
	ClassMulticast   Class = "multicast"
	ClassUnspecified Class = "unspecified"
	ClassReserved    Class = "reserved"
)

// classes: first match wins. Sources: the IANA special-purpose registries, the clouds' manuals.
// 198.18.0.0/15 is for benchmarks, and what local proxies answer for every name. The documentation
// ranges count as public: nothing answers there.
var classes = []struct {
	prefix netip.Prefix
	class  Class
}{
	{netip.MustParsePrefix("169.254.169.254/32"), ClassMetadata},
	{netip.MustParsePrefix("169.254.170.2/32"), ClassMetadata},
	{netip.MustParsePrefix("100.100.100.200/32"), ClassMetadata},
	{netip.MustParsePrefix("168.63.129.16/32"), ClassMetadata},
	{netip.MustParsePrefix("192.0.0.192/32"), ClassMetadata},
	{netip.MustParsePrefix("fd00:ec2::/32"), ClassMetadata},
	{netip.MustParsePrefix("fd20:ce::254/128"), ClassMetadata},

	{netip.MustParsePrefix("0.0.0.0/8"), ClassUnspecified},
	{netip.MustParsePrefix("127.0.0.0/8"), ClassLoopback},
	{netip.MustParsePrefix("10.0.0.0/8"), ClassPrivate},
	{netip.MustParsePrefix("172.16.0.0/12"), ClassPrivate},
	{netip.MustParsePrefix("192.168.0.0/16"), ClassPrivate},
	{netip.MustParsePrefix("100.64.0.0/10"), ClassPrivate},
	{netip.MustParsePrefix("198.18.0.0/15"), ClassPrivate},
	{netip.MustParsePrefix("169.254.0.0/16"), ClassLinkLocal},
	{netip.MustParsePrefix("192.0.0.0/24"), ClassReserved},
	{netip.MustParsePrefix("224.0.0.0/4"), ClassMulticast},
	{netip.MustParsePrefix("240.0.0.0/4"), ClassReserved},

	{netip.MustParsePrefix("::/128"), ClassUnspecified},
	{netip.MustParsePrefix("::1/128"), ClassLoopback},
	{netip.MustParsePrefix("::/96"), ClassReserved}, // IPv4-compatible
	{netip.MustParsePrefix("64:ff9b:1::/48"), ClassPrivate},
	{netip.MustParsePrefix("100::/64"), ClassReserved},
	{netip.MustParsePrefix("fc00::/7"), ClassPrivate},
	{netip.MustParsePrefix("fec0::/10"), ClassPrivate},
	{netip.MustParsePrefix("fe80::/10"), ClassLinkLocal},
	{netip.MustParsePrefix("ff00::/8"), ClassMulticast},
}

// ClassOf is the class of a, or of an IPv4 address that a carries inside (mapped, compatible, NAT64,
// 6to4, Teredo) if that is worse.
func ClassOf(a netip.Addr) Class {
	a = a.WithZone("").Unmap()
	if !a.IsValid() {
		return ClassReserved
	}
	worst := plainClass(a)
	for _, inner := range inside(a) {
		if c := plainClass(inner); c.rank() > worst.rank() {
			worst = c
		}
	}
	return worst
}

// plainClass is the class of a by the table alone.
func plainClass(a netip.Addr) Class {
	for _, row := range classes {
		if row.prefix.Contains(a) {
			return row.class
		}
	}
	return ClassPublic
}

// rank orders the classes: public, those that may be allowed, those that never are.
func (c Class) rank() int {
	switch c {
	case ClassPublic:
		return 0
	case ClassLoopback, ClassPrivate:
		return 1
	default:
		return 2
	}
}

// never says whether c is refused whatever the user allows.
func (c Class) never() bool { return c.rank() > 1 }

// carriers are the IPv6 ranges that carry an IPv4 address, and where. Sources: RFC 4291, 6052,
// 8215, 3056, 4380.
var carriers = []struct {
	prefix netip.Prefix
	at     [4]int // bytes of the IPv4 address
	flip   byte   // Teredo writes it inverted
	zero   bool   // a first byte of 0 means that it is written elsewhere
}{
	{netip.MustParsePrefix("::/96"), [4]int{12, 13, 14, 15}, 0, false},
	{netip.MustParsePrefix("64:ff9b::/96"), [4]int{12, 13, 14, 15}, 0, false},
	{netip.MustParsePrefix("64:ff9b:1::/48"), [4]int{12, 13, 14, 15}, 0, true},
	{netip.MustParsePrefix("64:ff9b:1::/48"), [4]int{6, 7, 9, 10}, 0, true},
	{netip.MustParsePrefix("2002::/16"), [4]int{2, 3, 4, 5}, 0, false},
	{netip.MustParsePrefix("2001::/32"), [4]int{12, 13, 14, 15}, 0xff, false},
	{netip.MustParsePrefix("2001::/32"), [4]int{4, 5, 6, 7}, 0, false},
}

// inside are the IPv4 addresses that an IPv6 address carries.
func inside(a netip.Addr) []netip.Addr {
	if a.Is4() || a.IsLoopback() || a.IsUnspecified() {
		return nil
	}
	var found []netip.Addr
	b := a.As16()
	for _, c := range carriers {
		if c.prefix.Contains(a) {
			v4 := [4]byte{b[c.at[0]] ^ c.flip, b[c.at[1]] ^ c.flip, b[c.at[2]] ^ c.flip, b[c.at[3]] ^ c.flip}
			if v4[0] != 0 || !c.zero {
				found = append(found, netip.AddrFrom4(v4))
			}
		}
	}
	return found
}

// AddressError is a host whose every address may not be dialled.
type AddressError struct {
	Host  string
	Addr  netip.Addr // the first one refused; invalid if a name alone was judged
	Class Class      // of Addr
}

// Error implements error.
func (e *AddressError) Error() string {
	if !e.Addr.IsValid() || e.Addr.String() == e.Host {
		return fmt.Sprintf("%s is a %s address", e.Host, e.Class)
	}
	return fmt.Sprintf("%s is at %s, a %s address", e.Host, e.Addr, e.Class)
}
