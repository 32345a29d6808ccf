package follow

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// An Interface is a way out of this machine that [Net.Interface] can name.
type Interface struct {
	Name  string         `json:"name"`
	Addrs []netip.Prefix `json:"addrs"`
	Up    bool           `json:"up"`

	Cellular bool   `json:"cellular"`      // a guess: mobile data, by a modem or a tethered phone
	Hotspot  bool   `json:"hotspot"`       // a guess: a phone shares its data, which some operators treat otherwise than its own
	Why      string `json:"why,omitempty"` // what the guess is from
}

// Interfaces lists this machine's interfaces that have an address and are not loopback, likely
// cellular ones first, then those that are up, then by name.
func Interfaces() ([]Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var found []Interface
	for _, i := range all {
		addrs, err := i.Addrs()
		if err != nil || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		one := Interface{Name: i.Name, Up: i.Flags&net.FlagUp != 0}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				one.Addrs = append(one.Addrs, p)
			}
		}
		found = append(found, one)
	}
	return Candidates(found), nil
}

// Candidates fills in the guesses for interfaces, leaves out those without an address that nothing
// marks as cellular, and puts likely ones first. It is [Interfaces] without the machine.
func Candidates(all []Interface) []Interface {
	var out []Interface
	for _, i := range all {
		if i.guess(); len(i.Addrs) > 0 || i.Cellular {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b Interface) int {
		return cmp.Or(rank(b)-rank(a), strings.Compare(a.Name, b.Name))
	})
	return out
}

// rank orders the candidates.
func rank(i Interface) int {
	const likely = 2
	n := 0
	if i.Cellular {
		n += likely
	}
	if i.Up {
		n++
	}
	return n
}

// modems are the prefixes of interface names by which mobile data comes, and what they mean.
// Sources: the names of Linux drivers (cdc_mbim, qmi_wwan, rndis_host, ppp), Android, macOS.
var modems = []struct{ prefix, why string }{
	{"wwan", "a modem"},
	{"wwp", "a modem"},
	{"rmnet", "a Qualcomm modem"},
	{"ccmni", "a MediaTek modem"},
	{"ppp", "a dial-up connection, as of a modem"},
	{"pdp_ip", "an iPhone's mobile data"},
	{"usb", "a phone or modem on USB"},
	{"rndis", "a phone on USB"},
}

// shares are the networks that phones hand out when they share their data.
var shares = []struct {
	prefix netip.Prefix
	usb    bool // over USB, and so the phone's own way out
	why    string
}{
	{netip.MustParsePrefix("192.168.42.0/24"), true, "the network of Android's USB tethering"},
	{netip.MustParsePrefix("192.168.43.0/24"), false, "the network of an Android hotspot"},
	{netip.MustParsePrefix("192.168.44.0/24"), false, "the network of Android's Bluetooth tethering"},
	{netip.MustParsePrefix("192.168.49.0/24"), false, "the network of Wi-Fi Direct"},
	{netip.MustParsePrefix("172.20.10.0/28"), false, "the network of an iPhone's hotspot"},
}

// wired are the prefixes of names that a phone on a USB cable may get from Linux.
var wired = []string{"enx", "enp", "eth", "usb", "rndis", "en"}

// guess fills in what name and addresses tell.
func (i *Interface) guess() {
	for _, m := range modems {
		if strings.HasPrefix(i.Name, m.prefix) {
			i.Cellular, i.Why = true, m.why
			break
		}
	}
	for _, s := range shares {
		in := func(p netip.Prefix) bool { return s.prefix.Contains(p.Addr()) }
		if !slices.ContainsFunc(i.Addrs, in) {
			continue
		}
		cable := slices.ContainsFunc(wired, func(p string) bool { return strings.HasPrefix(i.Name, p) })
		i.Cellular, i.Hotspot, i.Why = i.Cellular || s.usb || cable, true, s.why
	}
}
