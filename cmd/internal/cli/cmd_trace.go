package cli

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// traceRun is one chain to be followed.
type traceRun struct {
	*stepRun
	headers, cookies []string
}

// traceKeys are the settings that a chain is followed with.
var traceKeys = []string{"redirect_uri", "as", "max_hops", "hop_timeout", "timeout", "interface", "dns", "resolve", "ca_file", "proxy"}

func traceCmd(a *app) *cobra.Command {
	r := &traceRun{stepRun: &stepRun{app: a}}
	cmd := &cobra.Command{
		Use:   "trace URL",
		Short: "Follow any silent-authentication URL and show every hop",
		Long: `Follow any silent-authentication URL (an auth_url, a check_url, those of other
aggregators) to its end: the redirect URI, an answer in JSON, or a dead end. No
credentials are needed. The answer is the chain: whose hop, its time, what is
odd about it, and which client would get through. A broken chain is an answer
too, which --jq can be applied to; the exit code says how it ended.

--header and --cookie are sent to the origin of the URL alone. With --as vnv
follows by the rules of a client, and fails as it fails. - reads the URL from
stdin, env:NAME from a variable: the shell's history need not hold it.`,
		Example: `  vnv trace 'https://api-eu.vonage.com/oauth2/auth?client_id=…'
  vnv trace "$AUTH_URL" --redirect-uri https://dev.example/cb --as android
  vnv trace "$CHECK_URL" --interface usb0 --report chain.html
  vnv trace show chain.har
  vnv trace env:AUTH_URL -o json --jq '.findings[].name'`,
		Args: oneURL,
		RunE: func(cmd *cobra.Command, args []string) error { return r.trace(cmd.Context(), args[0]) },
	}
	r.cmd = cmd
	fs := cmd.Flags()
	fs.SortFlags = false
	addSettings(fs, traceKeys[0])
	fs.StringArrayVar(&r.headers, "header", nil, "`'NAME: VALUE'` to send to the URL's origin; @FILE and env:NAME read it")
	fs.StringArrayVar(&r.cookies, "cookie", nil, "`NAME=VALUE` to send likewise; @FILE and env:NAME too")
	fs.BoolVar(&r.flags.private, "allow-private-hops", false, "follow redirects to loopback and private addresses")
	addSettings(fs, traceKeys[1:]...)
	fs.Lookup("timeout").Usage = "`TIME` for the whole chain (default 1m)"
	fs.String("profile", "", "`NAME` of the profile in the config file (VNV_PROFILE)")
	fs.String("config", "", "config `FILE` to read in place of the user's own (VNV_CONFIG)")
	r.files.add(fs)
	a.out.add(fs)
	a.completeStep(cmd)
	for _, sub := range []func(*app) *cobra.Command{traceShowCmd, traceDiffCmd, traceCheckCmd, traceCleanCmd, interfacesCmd} {
		cmd.AddCommand(sub(a))
	}
	return cmd
}

// oneURL is the argument rule: a URL, or a place to read it from.
func oneURL(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("vnv trace takes one URL, - or env:NAME; it is quoted, since the shell takes & for itself")
	}
	if args[0] == "-" || len(args[0]) > 4 && (args[0][:4] == "env:" || args[0][:4] == "http") {
		return nil
	}
	return usagef("vnv trace takes a URL, - or env:NAME, not %q%s", printable(args[0]), didYouMean(args[0], commandNames(cmd)))
}

func (r *traceRun) trace(ctx context.Context, where string) error {
	if err := r.out.check(); err != nil {
		return err
	}
	r.mask.Reveal = r.out.reveal
	if err := r.files.check(); err != nil {
		return err
	}
	var err error
	if r.config, err = loadConfig(ctx, &r.Env, r.cmd.Flags(), false); err != nil {
		return err
	}
	target := where
	if where == "-" || where[:4] == "env:" {
		if target, err = r.readText(ctx, "URL", where); err != nil {
			return err
		}
	}
	chain, err := r.follower(ctx, target)
	if err != nil {
		return err
	}
	timeout := r.config.GetDuration("timeout")
	if timeout <= 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, timeoutError(timeout))
	defer cancel()
	return r.follow(ctx, target, chain)
}

// chainRun is a follower with what it leaves behind.
type chainRun struct {
	follow.Follower
	recorder *trace.Recorder
	close    func()
}

func (r *traceRun) follower(ctx context.Context, target string) (*chainRun, error) {
	if err := follow.Check(target, follow.Options{Named: []string{target}}); err != nil {
		return nil, &usageError{err: err}
	}
	o, err := r.chainOptions(follow.Options{AllowPrivate: r.flags.private, Named: []string{target}, RedirectURI: r.config.text("redirect_uri")})
	if err != nil {
		return nil, err
	}
	if o.Header, err = r.readHeaders(ctx); err != nil {
		return nil, err
	}
	if o.Cookies, err = r.readCookies(ctx); err != nil {
		return nil, err
	}
	if fault := o.Fault(); fault != "" {
		return nil, usagef("--header and --cookie: %s", fault)
	}
	network, err := r.network(ctx)
	if err != nil {
		return nil, err
	}
	routes := network.Routes()
	rec := &trace.Recorder{Mask: r.mask, Base: routes, Now: r.Now, Role: r.role(target, o.RedirectURI), OnHop: r.onHop()}
	return &chainRun{
		Follower: follow.Follower{Transport: rec.Step("trace"), Options: o, Mask: r.mask}, recorder: rec, close: routes.CloseIdleConnections,
	}, nil
}

func (r *traceRun) role(target, redirectURI string) func(*url.URL) string {
	base := r.config.text("base_url")
	if loopbackURL(target) {
		base = target // a sandbox's, most likely
	}
	return trace.Roles{BaseURL: base, RedirectURI: redirectURI}.Role
}

// onHop tells of hops as they come: a line each in ndjson, else one that is redrawn.
func (r *traceRun) onHop() func(trace.Hop) {
	switch {
	case r.out.format == formatNDJSON:
		r.lines = &render.Lines{W: r.Out, Mask: r.mask}
		return func(h trace.Hop) { r.lines.Sink(flow.HopDone{Hop: h}) }
	case !r.out.quiet && r.live():
		r.story = &render.Story{W: r.Err, Style: r.style(), Live: true, Mask: r.mask}
		return func(h trace.Hop) { r.story.Sink(flow.HopDone{Hop: h}) }
	default:
		return nil
	}
}

// follow follows the chain and answers with it, however it ends.
func (r *traceRun) follow(ctx context.Context, target string, chain *chainRun) error {
	defer chain.close()
	_, err := chain.Follow(ctx, target)
	if r.story != nil {
		r.story.Close()
	}
	d := newChainDoc(trace.Analyse(chain.recorder.Hops(), trace.AnalyseOptions{
		Mask: r.mask, RedirectURI: chain.Options.RedirectURI, URL: target, Tool: tool(), End: endOf(err), Settings: r.settingRows(traceKeys...),
	}))
	r.facts.scene = sceneOf(d.Trace, chain.Options)
	if err = chainError(ctx, d, err); err != nil {
		f := r.failure(ctx, err)
		d.Error = &f
	}
	if written := r.files.write(d.Trace, func() []byte { return d.page("vnv trace").HTML() }); written != nil {
		return written
	}
	return r.reply(d, err)
}

// reply answers with the chain. A failure is told besides; in JSON it is in the document. A chain that was
// followed to its end is an answer, however it ended, and --jq is applied to it; one that did not begin, or was
// cut off, is an error's document, which stays whole.
func (r *traceRun) reply(d chainDoc, failed error) error {
	answered := len(d.Hops) > 0 && d.End.Kind != trace.EndNone && !isCanceled(failed)
	if failed == nil || !r.out.json() || r.out.query != nil && answered {
		if err := r.answerChain(d); err != nil {
			return err
		}
		r.failed = func(render.Failure) error { return nil } // it is in the answer
		return failed
	}
	r.failed = func(f render.Failure) error {
		d.Error = &f
		if r.out.format == formatNDJSON {
			r.lines.Write(struct {
				Event string   `json:"event"`
				Trace chainDoc `json:"trace"`
			}{"trace", d})
			r.lines.Failed(f)
			return r.lines.Err()
		}
		doc, err := render.Document(d)
		if err != nil {
			return err
		}
		return r.stdout(doc)
	}
	return failed
}

func isCanceled(err error) bool {
	e, ok := errors.AsType[*vnv.Error](err)
	return ok && e.Kind == vnv.KindCanceled
}

// stops are the ends that the hops themselves do not show: a redirect was not followed.
var stops = map[follow.Reason]bool{
	follow.ReasonSyntax: true, follow.ReasonScheme: true, follow.ReasonAddress: true,
	follow.ReasonCleartext: true, follow.ReasonLoop: true, follow.ReasonTooMany: true,
}

// endOf is what the follower knows of the end.
func endOf(err error) trace.End {
	e, ok := errors.AsType[*follow.Error](err)
	if !ok {
		return trace.End{}
	}
	end := trace.End{Code: e.Code}
	if stops[e.Reason] && e.Status/100 == http.StatusMultipleChoices/100 {
		end.Kind, end.Reason, end.Detail = trace.EndStopped, string(e.Reason), e.Detail
	}
	return end
}

// chainError is why the command fails: the follower's error, or a denial at the redirect URI.
func chainError(ctx context.Context, d chainDoc, err error) error {
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return cutOff(ctx)
	case err != nil:
		return asTrace(flow.CallbackError(err))
	case d.End.Kind == trace.EndDenied:
		return &vnv.Error{Op: opTrace, Kind: vnv.KindDenied, Code: d.End.Code, Err: errors.New("the chain " + d.Outcome)}
	}
	return nil
}

// opTrace is what a chain alone is called in errors: it is a step of no API.
const opTrace = vnv.Op("trace")

func asTrace(err error) error {
	if e, ok := errors.AsType[*vnv.Error](err); ok {
		e.Op = opTrace
	}
	return err
}
