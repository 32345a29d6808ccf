package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// freeCallback is the redirect URI where none is asked for: any free port.
const freeCallback = "http://127.0.0.1:0/callback"

// accountKeys are settings of a real account; beside --sandbox they make no sense.
var accountKeys = []string{"app_id", "private_key", "base_url", "enable_url", "token_url", "verify_url", "ca_file", "proxy"}

// notForSandbox are the settings that count as flags alone beside --sandbox.
var notForSandbox = append(slices.Clone(accountKeys), "redirect_uri", "redirect_url")

// sandboxInput begins a flow of the sandbox's own: the steps before the one asked
// for run first, so nothing of theirs can be handed in.
func (r *stepRun) sandboxInput(ctx context.Context, piped bool) error {
	if err := noAccountFlags(r.cmd.Flags()); err != nil {
		return err
	}
	for _, name := range []string{"auth-url", "code", "callback-url", "access-token"} {
		if r.cmd.Flags().Changed(name) {
			return usagef("--%s and --sandbox: the sandbox plays the earlier steps itself", name)
		}
	}
	if piped {
		return usagef("- and --sandbox: the sandbox of this command knows no session of another; start one with vnv sandbox")
	}
	var err error
	if r.scenario, err = r.readScenario(ctx, r.flags.scenario); err != nil {
		return err
	}
	all := flow.Steps(r.api)
	at := slices.Index(all, last(r.command.ops))
	if at < 0 {
		return errNoExchange
	}
	r.ops = all[:at+1]
	if r.flags.phone == "" && len(r.command.ops) == 1 && !slices.Contains(r.command.ops, vnv.OpEnable) {
		r.flags.phone = "+99012345678"
	}
	if r.flags.session != "" {
		if err := r.openSession(); err != nil {
			return err
		}
	}
	if last(r.ops) != last(all) {
		r.warnings = append(r.warnings, "the sandbox ends with this command; for one that stays: vnv sandbox")
	}
	return r.fromFlags()
}

// ofSandbox tells whether a session is one that a sandbox began: it may begin another there.
func ofSandbox(s flow.Session) bool {
	return loopbackURL(s.APIHost) && s.ApplicationID == sandbox.TestApplicationID
}

// withoutSandbox refuses the flags that only --sandbox can follow.
func (f *stepFlags) withoutSandbox() error {
	switch {
	case len(f.faults) > 0:
		return usagef("--fault needs --sandbox: a real API fails by itself")
	case f.scenario != "":
		return usagef("--scenario needs --sandbox: a real API answers by itself")
	}
	return nil
}

// noAccountFlags refuses a real account's settings beside --sandbox.
func noAccountFlags(fs *pflag.FlagSet) error {
	for _, key := range append(slices.Clone(accountKeys), "profile", "config") {
		if fs.Changed(dashed(key)) {
			return usagef("--%s and --sandbox: the sandbox has an account of its own", dashed(key))
		}
	}
	return nil
}

func last[T any](list []T) T { return list[len(list)-1] }

// playSandbox starts the far side on this machine, if asked to, and points the
// flow at it. The function that comes back ends it.
func (r *stepRun) playSandbox(ctx context.Context, f *flow.Flow) (stop func(), err error) {
	if !r.flags.sandbox {
		return func() {}, nil
	}
	if _, redirectURI := flow.Needs(r.api, r.ops); redirectURI {
		f.RedirectURI = first(f.RedirectURI, freeCallback)
	}
	if err := r.faultsApply(); err != nil {
		return nil, err
	}
	far, err := newSandbox(sandbox.Options{
		Faults: r.flags.faults, Scenario: r.scenario, RedirectURIs: registrable(f.RedirectURI), TLS: len(onlyWithTLS(r.meets())) > 0,
	})
	if err != nil {
		return nil, err
	}
	if err := far.Listen(ctx); err != nil {
		return nil, &vnv.Error{Kind: vnv.KindInternal, Err: err}
	}
	stop = func() { _ = far.Close() }
	key, err := appjwt.ParseKey(far.PrivateKeyPEM())
	if err != nil {
		stop()
		return nil, err
	}
	f.BaseURL, f.Registered = far.URL(), far.Register
	if ca := far.CAPEM(); ca != nil {
		f.Net.Roots = onlyRoot(ca)
	}
	if err := r.sign(f, credentials{appID: far.ApplicationID(), key: key}); err != nil {
		stop()
		return nil, err
	}
	if !r.out.quiet {
		render.Headline(r.Err, r.style(), r.playing(far.URL()))
	}
	r.speaksOf(r.scenario, r.session.Phone)
	return stop, nil
}

// meets are the faults that this flow may meet: those chosen, and those of the scenario and of its number.
func (r *stepRun) meets() []string {
	return slices.Concat(r.flags.faults, r.scenario.FaultsOf(string(r.session.Phone)))
}

// onlyWithTLS are those of some selections of faults that nothing shows without TLS.
func onlyWithTLS(selections []string) (names []string) {
	for _, f := range sandbox.Faults() {
		if f.NeedsTLS() && slices.ContainsFunc(selections, func(s string) bool { return faultName(s) == f.Name }) {
			names = append(names, f.Name)
		}
	}
	return names
}

// onlyRoot trusts one certificate authority.
func onlyRoot(pem []byte) func() (*x509.CertPool, error) {
	return func() (*x509.CertPool, error) {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		return pool, nil
	}
}

// oneAPI are the stages that only one API has.
var oneAPI = map[sandbox.Stage]string{
	sandbox.StageEnable: vnv.NumberVerification.Name, sandbox.StageAuthorize: vnv.NumberVerification.Name,
	sandbox.StageCallback: vnv.NumberVerification.Name, sandbox.StageToken: vnv.NumberVerification.Name,
	sandbox.StageVerify: vnv.NumberVerification.Name,
	sandbox.StageStart:  vnv.SilentAuth.Name, sandbox.StageCheckURL: vnv.SilentAuth.Name,
	sandbox.StageHandover: vnv.SilentAuth.Name, sandbox.StageCheck: vnv.SilentAuth.Name, sandbox.StageCancel: vnv.SilentAuth.Name,
}

// faultsApply refuses a fault that this flow can never meet: a test of a failure
// would pass because nothing failed.
func (r *stepRun) faultsApply() error {
	for _, selection := range r.flags.faults {
		name := faultName(selection)
		for _, f := range sandbox.Faults() {
			if f.Name == name && f.At == sandbox.StageCancel {
				return usagef("--fault %s stands where a request is cancelled, and no step does that: vnv sandbox --fault %s, then vnv verify cancel", name, name)
			}
			if api, only := oneAPI[f.At]; f.Name == name && only && api != r.api.Name {
				return usagef("--fault %s stands at a stage of --api %s", name, api)
			}
		}
	}
	return nil
}

// playing says where the sandbox is and what it does before the step asked for.
func (r *stepRun) playing(base string) string {
	where := base
	if u, err := url.Parse(base); err == nil {
		where = u.Host
	}
	text := "sandbox at " + where + ": virtual operator, nothing leaves this machine"
	if before := len(r.ops) - len(r.command.ops); before > 0 && !r.command.whole {
		names := make([]string, 0, before)
		for _, op := range r.ops[:before] {
			names = append(names, string(op))
		}
		text += "; " + strings.Join(names, ", ") + " run first"
	}
	return text
}

// registrable leaves a redirect URI on a free port for later: it is registered once
// the port is known.
func registrable(redirectURI string) []string {
	if redirectURI == freeCallback || redirectURI == "" {
		return nil
	}
	return []string{redirectURI}
}

// newSandbox is sandbox.New with its mistakes told as the user's own.
func newSandbox(o sandbox.Options) (*sandbox.Server, error) {
	for _, f := range o.Faults {
		if err := knownFault("--fault ", f); err != nil {
			return nil, err
		}
	}
	s, err := sandbox.New(o)
	if err != nil {
		return nil, &usageError{err: errors.New(asFlags.Replace(printable(err.Error())))}
	}
	return s, nil
}

// faultName is the name in a selection NAME[@PATTERN][:TIMES].
func faultName(selection string) string {
	name, _, _ := strings.Cut(selection, ":")
	name, _, _ = strings.Cut(name, "@")
	return name
}

// knownFault refuses a selection NAME[@PATTERN][:TIMES] whose name is none.
func knownFault(flag, selection string) error {
	name := faultName(selection)
	if slices.Contains(faultNames(), name) {
		return nil
	}
	return usagef("%s%s: there is no such fault%s", flag, printable(name), first(didYouMean(name, faultNames()), "; vnv sandbox faults lists them"))
}

// asFlags turns what package sandbox says of its options into flags.
var asFlags = strings.NewReplacer(
	"error stage ", "--error-at ",
	"set Public if they should", "--listen-public if they should",
	"there is no control API where others can reach the sandbox: Public and Control exclude each other", "--control and --listen-public: use one",
)

func faultNames() []string {
	names := make([]string, 0, len(sandbox.Faults()))
	for _, f := range sandbox.Faults() {
		names = append(names, f.Name)
	}
	return names
}
