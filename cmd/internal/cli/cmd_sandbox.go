package cli

import (
	"context"
	"errors"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/report"
)

func sandboxCmd(a *app) *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Play vendor and carrier on this machine",
		Long: `Play the vendor's API and a carrier on loopback until Ctrl-C: enable, a chain of
redirects over two hosts, token and verify, strict where the real ones are.
Numbers ending in an even digit are verified, odd ones are not, 99 is an error;
some fail in a way of their own (vnv sandbox numbers). --fault NAME lets every
number fail, @PATTERN those that fit (+4477*, *99), :TIMES only so often.

The answer says where it is and how to point vnv at it. It has a link for the
browser, to a page that draws each flow as it happens and lets the next one fail
by a click, and it says where the control API is by which vnv sandbox ledger,
set and reset reach it while it runs. Every request is logged masked on stderr.`,
		Example: `  vnv sandbox
  vnv sandbox --redirect-uri http://localhost:3000/callback -o json
  vnv sandbox --fault wifi@+4477* --fault enable-503:2
  vnv sandbox --scenario friday.yaml --tls
  vnv sandbox --ready-file sandbox.env &
  vnv sandbox faults`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := aboveZero(cmd.Flags(), "seed", "code-ttl", "token-ttl", "silent-ttl", "cancel-after"); err != nil {
				return err
			}
			return a.sandbox(cmd.Context(), f)
		},
	}
	f.add(cmd.Flags())
	a.out.add(cmd.Flags())
	a.completeStep(cmd)
	cmd.AddCommand(faultsCmd(a), numbersCmd(a), ledgerCmd(a), setCmd(a), resetCmd(a), replayCmd(a))
	return cmd
}

func (a *app) sandbox(ctx context.Context, f sandboxFlags) error {
	if err := a.out.check(); err != nil {
		return err
	}
	keyPath, err := a.sandboxOptions(ctx, &f)
	if err != nil {
		return err
	}
	file, err := newReadyFile(f.readyFile)
	if err != nil {
		return err
	}
	page := new(report.Live)
	f.options.ControlPage = page
	far, err := newSandbox(f.options)
	if err != nil {
		return err
	}
	page.Sandbox = far
	if err := far.Listen(ctx); err != nil {
		return cannotListen(err)
	}
	defer far.Close()
	signal.Ignore(syscall.SIGPIPE) // whoever reads the log may go: the sandbox stays, and cleans up at its end
	a.withoutTLS(far.URL(), slices.Concat(f.options.Faults, f.options.Scenario.FaultsOf("")))
	ready := readyOf(far, &f, keyPath)
	dir, err := ready.lend(far, f.options.PublicKey == nil)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	defer file.remove()
	if err := a.sandboxReady(ready, file); err != nil {
		return err
	}
	<-ctx.Done() // SIGINT and SIGTERM are the normal end of a server
	return nil
}

// cannotListen says which port is another program's.
func cannotListen(err error) error {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Addr == nil || !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.Errno(10048)) { // Winsock's
		return usagef("cannot listen: %s", printable(err.Error()))
	}
	flag := "listen"
	if strings.Contains(err.Error(), "control") {
		flag = "control"
	}
	return usagef("the port is in use: %s; end the program that holds it, or choose another by --%s", op.Addr, flag)
}
