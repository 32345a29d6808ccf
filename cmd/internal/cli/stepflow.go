package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/vnv"
	"golang.org/x/net/http/httpproxy"
)

// settingNames are the settings whose absence stops a flow, as people call them.
var settingNames = map[string]string{
	"app_id": "application id", "private_key": "private key", "redirect_uri": "redirect URI",
}

// flow turns settings into a flow. Everything missing is reported at once.
func (r *stepRun) flow(ctx context.Context) (*flow.Flow, error) {
	c := r.config
	network, err := r.network(ctx)
	if err != nil {
		return nil, err
	}
	scopes, err := r.scopes()
	if err != nil {
		return nil, err
	}
	chain, err := r.chainOptions(follow.Options{AllowPrivate: r.flags.private, Named: r.named})
	if err != nil {
		return nil, err
	}
	f := &flow.Flow{
		API: r.api, BaseURL: c.host("base_url", r.api), URLs: c.urls(r.api), Scopes: scopes, Silent: c.silent(),
		State: vnv.Secret(r.flags.state), RedirectURI: c.text(redirectKeys[r.api.Name]), Correlator: c.text("correlator"),
		Listen: c.text("listen"), Public: c.GetBool("listen_public"), ErrorGrace: c.GetDuration("error_grace"),
		Chain: chain,
		Net:   network, Mask: r.mask, Sink: r.sink(), Open: r.open, Bound: r.tunnel(network), Took: r.take, Now: r.Now,
	}
	if c.foreign != "" {
		r.warnings = append(r.warnings, c.foreign)
	}
	if r.store != nil {
		f.Save = r.store.Save
	}
	if c.changed("brand") && c.text("brand") == "" {
		return nil, usagef("--brand: a name of 1 to 18 characters belongs here")
	}
	if f.Device, err = r.device(f); err != nil {
		return nil, err
	}
	r.pasting(f)
	if r.flags.sandbox || r.flags.planning() {
		return f, nil
	}
	return f, r.require(ctx, f)
}

// require adds the credentials, if the steps sign anything, and names what is missing.
func (r *stepRun) require(ctx context.Context, f *flow.Flow) error {
	var missing []string
	key, redirectURI := flow.Needs(r.api, r.ops)
	if !key && r.session.ApplicationID != "" { // whose session it is counts where nothing is signed, too
		if p, err := r.config.pair(); err == nil {
			f.ApplicationID = p.appID
		}
	}
	if key {
		cred, lacks, err := r.credentials(ctx, r.config)
		if err != nil {
			return err
		}
		if missing = lacks; len(lacks) == 0 {
			if err := r.sign(f, cred); err != nil {
				return err
			}
		}
	}
	if redirectURI && f.RedirectURI == "" && r.session.RedirectURI == "" {
		missing = append(missing, "redirect_uri")
	}
	return missingSettings(missing)
}

func (r *stepRun) needs(ops ...vnv.Op) bool {
	return slices.ContainsFunc(ops, func(op vnv.Op) bool { return slices.Contains(r.ops, op) })
}

// sign makes the credentials sign the flow's JWTs.
func (a *app) sign(f *flow.Flow, c credentials) error {
	if err := guardTestKey(c.key, allLoopback(f)); err != nil {
		return err
	}
	signer := &appjwt.Signer{ApplicationID: c.appID, Key: c.key, Now: a.Now}
	f.ApplicationID, f.JWTLifetime = c.appID, appjwt.DefaultTTL
	f.JWT = func(ctx context.Context) (vnv.Secret, error) {
		token, err := signer.Token(ctx)
		if err == nil {
			a.mask.Know("jwt", token, "")
		}
		return vnv.Secret(token), err
	}
	a.facts.appID, a.facts.key, a.facts.registered = c.appID, c.key.Fingerprint(), c.redirectURI
	go func() { _, _ = signer.Token(context.Background()) }() // signing takes as long as all requests: begin while sockets are bound
	return nil
}

// allLoopback tells whether every URL that a JWT is sent to leads to this machine.
func allLoopback(f *flow.Flow) bool {
	client := vnv.Client{API: f.API, BaseURL: f.BaseURL, URLs: f.URLs}
	for op := range f.API.Paths {
		u, err := client.URL(op)
		if err != nil || !loopbackURL(u) {
			return false
		}
	}
	return true
}

// missingSettings is the error of a first day: what is missing, where to put it,
// and that there is a way without.
func missingSettings(missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	count := [...]string{"", "a setting is missing", "two settings are missing", "three settings are missing"}[len(missing)]
	var b strings.Builder
	for _, key := range missing {
		s, _ := settingByKey(key)
		b.WriteString("  " + pad(settingNames[key], 16) + pad("--"+s.flag(), 16) + pad(s.env(), 18) + key + " in config.yaml\n")
	}
	b.WriteString("To see it work without them: vnv run --phone +99012345678 --sandbox\n")
	return &usageError{err: errors.New(count), more: b.String()}
}

func pad(s string, width int) string { return s + strings.Repeat(" ", max(width-len(s), 1)) }

func (c *config) urls(api vnv.API) map[vnv.Op]string {
	urls := map[vnv.Op]string{}
	for op, key := range map[vnv.Op]string{vnv.OpEnable: "enable_url", vnv.OpExchange: "token_url", vnv.OpVerify: "verify_url"} {
		if u := c.host(key, api); u != "" {
			urls[op] = u
		}
	}
	return urls
}

func (r *stepRun) scopes() ([]vnv.Scope, error) {
	given := r.config.GetStringSlice("scope")
	if r.command.whole || !slices.Contains(r.command.ops, vnv.OpEnable) {
		if err := one("scope", given); err != nil {
			return nil, err
		}
	}
	scopes := make([]vnv.Scope, 0, len(given))
	for _, s := range given {
		scopes = append(scopes, vnv.Scope(s))
	}
	return scopes, nil
}

// network is how the flow reaches others: the Env's own ways, with the user's proxy
// and certificate authorities.
func (r *stepRun) network(ctx context.Context) (follow.Net, error) {
	n, err := r.chainWays(r.Net)
	if err != nil {
		return n, err
	}
	if n.Proxy == nil {
		n.Proxy = r.proxy()
	}
	if path := r.config.filePath("ca_file"); path != "" {
		pem, err := readNamed(ctx, path, path, maxInput)
		if err != nil {
			return n, said("--ca-file", err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(pem) {
			return n, usagef("--ca-file: %s holds no PEM certificate", path)
		}
		n.Roots = func() (*x509.CertPool, error) {
			pool, err := x509.SystemCertPool()
			if err != nil {
				pool = x509.NewCertPool()
			}
			pool.AppendCertsFromPEM(pem)
			return pool, nil
		}
	}
	return n, nil
}

func (r *stepRun) proxy() func(*url.URL) (*url.URL, error) {
	get := func(name string) string { return first(r.Getenv(name), r.Getenv(strings.ToLower(name))) }
	p := httpproxy.Config{HTTPProxy: get("HTTP_PROXY"), HTTPSProxy: get("HTTPS_PROXY"), NoProxy: get("NO_PROXY")}
	if r.flags.sandbox {
		return nil
	}
	if given := r.config.text("proxy"); given != "" {
		p.HTTPProxy, p.HTTPSProxy = given, given
	}
	for _, raw := range []string{p.HTTPProxy, p.HTTPSProxy} {
		if u, err := url.Parse(raw); err == nil && u.User != nil {
			if secret, ok := u.User.Password(); ok {
				r.mask.Know("proxy-password", secret, "")
			}
		}
	}
	if p.HTTPProxy == "" && p.HTTPSProxy == "" {
		return nil
	}
	return p.ProxyFunc()
}

// preloadRoots loads the system's certificate authorities beside the first step:
// the first handshake would wait for them. On the loopback path nothing asks.
func preloadRoots(f *flow.Flow) {
	base := first(f.BaseURL, f.API.BaseURL)
	if strings.HasPrefix(base, "https://") && !loopbackURL(base) {
		go func() { _, _ = x509.SystemCertPool() }()
	}
}

// play runs the steps and answers with what came of them.
func (r *stepRun) play(ctx context.Context, f *flow.Flow) error {
	r.known = r.session
	defer r.detach(ctx)
	out, err := f.Run(ctx, r.session, r.ops...)
	r.facts.redirectURI = out.Session.RedirectURI
	r.facts.scene = r.scene(f, out, r.session)
	written := r.conclude(ctx, out, err)
	if err != nil {
		return err
	}
	if r.took != nil && r.flags.forwardTo != "" {
		return r.forward(ctx, f.Net, r.flags.forwardTo, r.took)
	}
	if err := r.reply(out); err != nil && !errors.Is(err, errNotVerified) || written == nil {
		return err
	}
	return written
}
