package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
)

func interfacesCmd(a *app) *cobra.Command {
	return a.fileCmd(&cobra.Command{
		Use:   "interfaces",
		Short: "List the network interfaces that a chain could leave by",
		Long: `List the network interfaces that a chain could leave by (--interface), first
those that are likely cellular: a tethered phone on USB, an LTE modem. That is
guessed by their names, drivers and addresses. Whether a carrier knows a
hotspot's clients as the phone itself depends on the carrier: many do not.`,
		Example: `  vnv trace interfaces
  vnv trace interfaces -o json --jq '.interfaces[] | select(.cellular) | .name'`,
		Args: a.noArguments,
		RunE: func(*cobra.Command, []string) error { return a.waysOut() },
	})
}

// waysOut lists the interfaces: * marks what is likely cellular.
func (a *app) waysOut() error {
	rows, err := a.listInterfaces()
	if err != nil {
		return err
	}
	doc, err := render.Document(map[string]any{"schema_version": trace.SchemaVersion, "interfaces": rows})
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, r := range rows {
		mark, state := " ", "down"
		if r.Cellular {
			mark = "*"
		}
		if r.Up {
			addrs := make([]string, len(r.Addrs))
			for i, p := range r.Addrs {
				addrs[i] = p.Addr().String()
			}
			state = strings.Join(addrs, ", ")
		}
		fmt.Fprintf(&b, "%s %s%s\n", mark, pad(printable(r.Name), 16), state)
		if r.Why != "" {
			fmt.Fprintf(&b, "    %s\n", printable(r.Why))
		}
		if r.Hotspot {
			b.WriteString("    ! a hotspot: many carriers do not know its clients as the phone\n")
		}
	}
	if len(rows) == 0 {
		b.WriteString("there is no interface but loopback\n")
	}
	b.WriteString("* likely cellular: vnv trace URL --interface NAME")
	return a.answer(b.String(), doc)
}

// listInterfaces are the ways out of this machine, never nil.
func (a *app) listInterfaces() ([]follow.Interface, error) {
	if a.Interfaces == nil {
		return []follow.Interface{}, nil
	}
	rows, err := a.Interfaces()
	if rows == nil {
		rows = []follow.Interface{}
	}
	return rows, err
}

// completeInterfaces completes the interfaces that are up by their names.
func (a *app) completeInterfaces(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	list, err := a.listInterfaces()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names := make([]cobra.Completion, len(list))
	for i, one := range list {
		names[i] = one.Name
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
