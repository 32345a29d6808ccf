package cli

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/trace"
)

func interfacesCmd(a *app) *cobra.Command {
	return a.fileCmd(&cobra.Command{
		Use:   "interfaces",
		Short: "List the network interfaces that a chain could leave by",
		Long: `List the network interfaces that a chain could leave by (--interface), first
those that are likely cellular: a tethered phone on USB, an LTE modem. That is
guessed by their names and drivers. Whether a carrier knows a hotspot's clients
as the phone itself depends on the carrier: many do not.`,
		Example: `  vnv trace interfaces
  vnv trace interfaces -o json --jq '.interfaces[] | select(.cellular) | .name'`,
		Args: a.noArguments,
		RunE: func(*cobra.Command, []string) error { return a.interfaces() },
	})
}

// netInterface is one way out of this machine.
type netInterface struct {
	Name      string   `json:"name"`
	Up        bool     `json:"up"`
	Cellular  bool     `json:"cellular"` // likely
	Why       string   `json:"why"`      // what it is taken for
	Warning   string   `json:"warning,omitempty"`
	Addresses []string `json:"addresses"`
}

// interfaceKinds are what interfaces are taken for: by the driver's name or the beginning of their
// own. The first row that fits counts.
var interfaceKinds = []struct {
	prefix, driver string
	cellular       bool
	why            string
}{
	{driver: "rndis_host", cellular: true, why: "USB tethering (RNDIS)"},
	{driver: "ipheth", cellular: true, why: "a tethered iPhone"},
	{driver: "cdc_mbim", cellular: true, why: "LTE modem (MBIM)"},
	{driver: "qmi_wwan", cellular: true, why: "LTE modem (QMI)"},
	{driver: "cdc_ncm", cellular: true, why: "USB tethering or modem (NCM)"},
	{driver: "cdc_ether", cellular: true, why: "USB tethering or modem (ECM)"},
	{prefix: "wwan", cellular: true, why: "mobile broadband"},
	{prefix: "wwp", cellular: true, why: "mobile broadband"},
	{prefix: "rmnet", cellular: true, why: "mobile broadband"},
	{prefix: "ccmni", cellular: true, why: "mobile broadband"},
	{prefix: "pdp_ip", cellular: true, why: "mobile broadband"},
	{prefix: "usb", cellular: true, why: "USB tethering, by its name"},
	{prefix: "ppp", cellular: true, why: "a dialled line, perhaps a modem's"},
	{prefix: "enx", why: "USB, perhaps a tethered phone"},
	{prefix: "wl", why: "Wi-Fi"},
	{prefix: "tun", why: "VPN"},
	{prefix: "tap", why: "VPN"},
	{prefix: "wg", why: "VPN"},
	{prefix: "docker", why: "containers"},
	{prefix: "br-", why: "containers"},
	{prefix: "veth", why: "containers"},
	{prefix: "e", why: "wire"},
}

// hotspots are the networks that phones give to the clients of their hotspot.
var hotspots = []struct{ prefix, whose string }{
	{"172.20.10.", "an iPhone's hotspot"}, {"192.168.43.", "an Android hotspot"}, {"192.168.42.", "Android USB tethering"},
}

func (a *app) interfaces() error {
	rows, err := listInterfaces()
	if err != nil {
		return err
	}
	doc, err := render.Document(map[string]any{"schema_version": trace.SchemaVersion, "interfaces": rows})
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, r := range rows {
		mark := " "
		if r.Cellular {
			mark = "*"
		}
		state := strings.Join(r.Addresses, ", ")
		if !r.Up {
			state = "down"
		}
		fmt.Fprintf(&b, "%s %s%s%s\n", mark, pad(r.Name, 16), pad(r.Why, 32), state)
		if r.Warning != "" {
			fmt.Fprintf(&b, "    ! %s\n", r.Warning)
		}
	}
	if len(rows) == 0 {
		b.WriteString("there is no interface but loopback\n")
	}
	b.WriteString("* likely cellular: vnv trace URL --interface NAME")
	a.lines = &render.Lines{W: a.Out, Mask: a.mask}
	return a.answer(b.String(), doc)
}

// listInterfaces are all but loopback, those likely to be cellular first.
func listInterfaces() ([]netInterface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	rows := []netInterface{}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			continue
		}
		row := netInterface{Name: printable(i.Name), Up: i.Flags&net.FlagUp != 0, Addresses: []string{}}
		row.Cellular, row.Why = kindOf(i.Name, driverOf(i.Name))
		addrs, _ := i.Addrs() //nolint:errcheck // an interface that went away has none
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLinkLocalUnicast() {
				row.Addresses = append(row.Addresses, p.Addr().String())
			}
		}
		row.Warning = hotspot(row)
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b netInterface) int {
		rank := func(r netInterface) int { return map[bool]int{true: 0, false: 1}[r.Cellular] }
		return rank(a) - rank(b)
	})
	return rows, nil
}

func kindOf(name, driver string) (cellular bool, why string) {
	for _, k := range interfaceKinds {
		if k.driver != "" && k.driver == driver || k.prefix != "" && strings.HasPrefix(name, k.prefix) {
			return k.cellular, k.why
		}
	}
	return false, "unknown"
}

// driverOf is the name of an interface's driver where the system tells (Linux).
func driverOf(name string) string {
	target, err := os.Readlink(filepath.Join("/sys/class/net", filepath.Base(name), "device", "driver"))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// hotspot warns where a carrier may not know this machine as the phone.
func hotspot(row netInterface) string {
	for _, h := range hotspots {
		for _, addr := range row.Addresses {
			if strings.HasPrefix(addr, h.prefix) {
				return h.whose + ": many carriers do not know its clients as the phone"
			}
		}
	}
	return ""
}
