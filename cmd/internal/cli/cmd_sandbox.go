package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/cmd/internal/report"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

type sandboxFlags struct {
	options               sandbox.Options
	redirects             []string
	privateKey, publicKey string
	errorAt               string
	readyFile             string
	scenario              string
	control               string
}

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

The answer says where it is and how to point vnv at it, and where the control
API is by which vnv sandbox ledger, set and reset reach it while it runs; every
request is logged masked on stderr.`,
		Example: `  vnv sandbox
  vnv sandbox --redirect-uri http://localhost:3000/callback -o json
  vnv sandbox --fault wifi@+4477* --fault enable-503:2
  vnv sandbox --scenario friday.yaml --tls
  vnv sandbox --ready-file sandbox.env &
  vnv sandbox faults`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.options.Seed == 0 && cmd.Flags().Changed("seed") {
				return usagef("--seed 0 means no seed: give a number from 1")
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

func (f *sandboxFlags) add(fs *pflag.FlagSet) {
	fs.SortFlags = false
	fs.StringVar(&f.options.Listen, "listen", "", "`HOST:PORT` of the vendor's side (default is a free port on 127.0.0.1)")
	fs.BoolVar(&f.options.Public, "listen-public", false, "allow --listen on an address that others can reach")
	fs.BoolVar(&f.options.SinglePort, "single-port", false, "put all roles on one origin, by path: for containers and emulators")
	fs.StringVar(&f.options.PublicURL, "public-url", "", "`URL` under which clients reach it; implies --single-port")
	fs.BoolVar(&f.options.TLS, "tls", false, "serve https, by a throw-away CA that the answer names")
	fs.StringVar(&f.control, "control", freePort, "loopback `HOST:PORT` of the control API; off for none")
	fs.StringVar(&f.readyFile, "ready-file", "", "write the answer to `FILE` too, once it is ready; removed at the end")
	fs.StringArrayVar(&f.redirects, "redirect-uri", nil, "`URI` to register; repeatable (default is one on a free port)")
	fs.StringVar(&f.options.ApplicationID, "app-id", "", "application `ID` to know (default is a fixed one)")
	fs.StringVar(&f.privateKey, "private-key", "", "`FILE` of the application's key, in place of the published test key")
	fs.StringVar(&f.publicKey, "public-key", "", "`FILE` of its public half, where that is all you have")
	fs.StringVar(&f.options.Webhook, "webhook", "", "Verify: `URL` to tell what becomes of each request")
	fs.DurationVar(&f.options.CodeTTL, "code-ttl", sandbox.DefaultCodeTTL, "lifetime of a code")
	fs.DurationVar(&f.options.TokenTTL, "token-ttl", sandbox.DefaultTokenTTL, "lifetime of an access token")
	fs.StringVar(&f.errorAt, "error-at", string(sandbox.StageVerify), "`STAGE` at which a number ending in 99 fails: enable, authorize, token or verify")
	fs.IntVar(&f.options.ErrorStatus, "error-status", 403, "HTTP `STATUS` of that failure")
	scenarioFlag(fs, &f.scenario)
	fs.Uint64Var(&f.options.Seed, "seed", 0, "`N` from which ids, codes and tokens follow, the same at every start")
	fs.StringArrayVar(&f.options.Faults, "fault", nil, faultUsage)
}

// freePort lets the system choose one, on this machine alone.
const freePort = "127.0.0.1:0"

// faultUsage says what --fault takes.
const faultUsage = "let the sandbox fail: `NAME[@PATTERN][:TIMES]`, see vnv sandbox faults"

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
		return usagef("cannot listen: %s", printable(err.Error()))
	}
	defer far.Close()
	ready := readyOf(far, &f, keyPath)
	dir, err := ready.lend(far, keyPath == "" && f.publicKey == "")
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

// sandboxOptions completes the options by what flags name: files, a key, the log.
func (a *app) sandboxOptions(ctx context.Context, f *sandboxFlags) (keyPath string, err error) {
	f.options.RedirectURIs, f.options.ErrorAt = f.redirects, sandbox.Stage(f.errorAt)
	switch {
	case f.control == "off", f.options.Public && f.control == freePort:
	default:
		f.options.Control = f.control
	}
	if f.options.Scenario, err = a.readScenario(ctx, f.scenario); err != nil {
		return "", err
	}
	a.logSandbox(&f.options)
	return a.sandboxKey(ctx, f)
}
