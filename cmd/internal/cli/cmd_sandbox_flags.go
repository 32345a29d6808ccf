package cli

import (
	"context"
	"strings"

	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// sandboxFlags are the flags of vnv sandbox: what they say of the options, and what names a
// file or a secret yet to be read.
type sandboxFlags struct {
	options               sandbox.Options
	redirects             []string
	privateKey, publicKey string
	errorAt               string
	readyFile             string
	scenario              string
	control               string
	silentErrorAt         string
	signatureSecret       string
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
	fs.StringArrayVar(&f.options.Scopes, "scope", nil, "`SCOPE` to know besides those of number verification; repeatable")
	fs.DurationVar(&f.options.CodeTTL, "code-ttl", sandbox.DefaultCodeTTL, "`TIME` that a code is good for")
	fs.DurationVar(&f.options.TokenTTL, "token-ttl", sandbox.DefaultTokenTTL, "`TIME` that an access token is good for")
	fs.StringVar(&f.errorAt, "error-at", string(sandbox.StageVerify), "`STAGE` at which a number ending in 99 fails: enable, authorize, carrier, callback, token or verify")
	fs.IntVar(&f.options.ErrorStatus, "error-status", 403, "HTTP `STATUS` of that failure")
	fs.DurationVar(&f.options.SilentTTL, "silent-ttl", sandbox.DefaultSilentTTL, "Verify: `TIME` after which a request has expired")
	fs.DurationVar(&f.options.CancelAfter, "cancel-after", sandbox.DefaultCancelAfter, "Verify: `TIME` from which on a request can be cancelled")
	fs.StringVar(&f.silentErrorAt, "silent-error-at", "", "Verify: `STAGE` at which odd numbers and 99 fail: handover or check (default handover, 99 at check)")
	fs.StringVar(&f.options.Webhook, "webhook", "", "Verify: `URL` to tell what becomes of each request")
	fs.StringVar(&f.signatureSecret, "signature-secret", "", "Verify: secret that signs webhooks: a `FILE`, - or env:NAME (default is a published one)")
	scenarioFlag(fs, &f.scenario)
	fs.Uint64Var(&f.options.Seed, "seed", 0, "`N` from which ids, codes and tokens follow, the same at every start")
	fs.StringArrayVar(&f.options.Faults, "fault", nil, faultUsage)
}

// aboveZero refuses a 0 that is given, for to the sandbox it means that nothing is, and
// what is below.
func aboveZero(fs *pflag.FlagSet, names ...string) error {
	for _, name := range names {
		if v := fs.Lookup(name).Value.String(); fs.Changed(name) && (v == "0" || v == "0s" || v[0] == '-') {
			return usagef("--%s %s: want more than 0", name, v)
		}
	}
	return nil
}

// withoutTLS warns of faults that only TLS shows: a test of them would pass because nothing
// failed.
func (a *app) withoutTLS(base string, selections []string) {
	if strings.HasPrefix(base, "https://") {
		return
	}
	for _, name := range onlyWithTLS(selections) {
		a.warn("the fault " + name + " changes nothing without --tls: every hop is plain http already")
	}
}

// freePort lets the system choose one, on this machine alone.
const freePort = "127.0.0.1:0"

// faultUsage says what --fault takes.
const faultUsage = "let the sandbox fail: `NAME[@PATTERN][:TIMES]`, see vnv sandbox faults"

// sandboxOptions completes the options by what flags name: files, a key, the log.
func (a *app) sandboxOptions(ctx context.Context, f *sandboxFlags) (keyPath string, err error) {
	f.options.RedirectURIs, f.options.ErrorAt = f.redirects, sandbox.Stage(f.errorAt)
	switch {
	case f.control == "off", f.options.Public && f.control == freePort:
	default:
		f.options.Control = f.control
	}
	switch f.options.SilentErrorAt = sandbox.Stage(f.silentErrorAt); f.options.SilentErrorAt {
	case "", sandbox.StageHandover, sandbox.StageCheck:
	default:
		return "", usagef("--silent-error-at %q is none of handover, check", printable(f.silentErrorAt))
	}
	if err := a.sandboxSecret(ctx, f); err != nil {
		return "", err
	}
	if f.options.Scenario, err = a.readScenario(ctx, f.scenario); err != nil {
		return "", err
	}
	a.logSandbox(&f.options)
	return a.sandboxKey(ctx, f)
}

// sandboxSecret reads the secret that signs webhooks.
func (a *app) sandboxSecret(ctx context.Context, f *sandboxFlags) (err error) {
	switch {
	case f.signatureSecret == "":
		return nil
	case f.options.Webhook == "":
		return usagef("--signature-secret signs webhooks: --webhook says where they go")
	}
	f.options.SignatureSecret, err = a.readText(ctx, "signature secret", f.signatureSecret)
	return err
}
