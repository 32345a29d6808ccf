package cli

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// stepCommand is what differs between the commands that run steps of the flow.
// Everything else they share, so that a single step and the whole cannot drift.
type stepCommand struct {
	ops    []vnv.Op // the steps it runs; with --sandbox those before them run first
	own    func(fs *pflag.FlagSet)
	prefer func(ctx context.Context, r *stepRun) error // takes the command's own inputs
	answer func(s flow.Session) string                 // the text answer
	whole  bool                                        // the JSON answer is the outcome, not the session
}

// stepFlags are the flags that every such command has; one that it does not need
// is ignored, so that a script can set one list of them for all steps.
type stepFlags struct {
	forwardTo, qrFile, adbSerial string
	phone, state, session        string
	sandbox, private             bool
	dryRun                       bool
	print                        string
	faults                       []string
	scenario                     string
}

// planning tells that requests are to be shown, not sent.
func (f *stepFlags) planning() bool { return f.dryRun || f.print != "" }

func (f *stepFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.phone, "phone", "", "phone `NUMBER` in E.164 form: +447700900123")
	fs.StringVar(&f.state, "state", "", "state of the attempt: - (stdin), a `FILE` or env:NAME (default is 256 random bits)")
	fs.StringVar(&f.session, "session", "", "keep what the steps pass on in `FILE`")
	fs.BoolVar(&f.sandbox, "sandbox", false, "play vendor and carrier on this machine")
	fs.StringArrayVar(&f.faults, "fault", nil, faultUsage)
	scenarioFlag(fs, &f.scenario)
	fs.BoolVar(&f.dryRun, "dry-run", false, "show what would be sent; nothing leaves")
	fs.StringVar(&f.print, "print", "", "print the steps as commands of `curl`, and send nothing")
	fs.StringVar(&f.forwardTo, "forward-to", "", "pass the callback on to your backend at `URL`, and stop")
	fs.StringVar(&f.qrFile, "qr-file", "", "with --device qr: write the code to `FILE.png`")
	fs.StringVar(&f.adbSerial, "adb-serial", "", "with --device adb: the phone's `SERIAL`, of several")
	fs.BoolVar(&f.private, "allow-private-hops", false, "follow redirects to loopback and private addresses")
}

// stepRun is one call of such a command on its way.
type stepRun struct {
	*app
	cmd     *cobra.Command
	command stepCommand
	flags   stepFlags
	config  *config
	session flow.Session
	store   *flow.File
	ops     []vnv.Op
	rows    []render.StepRow
	api     vnv.API
	named   []string // URLs that the user named
	piped   bool     // the session came on stdin

	scenario *sandbox.Scenario // of --sandbox
	handset
	files artefacts
	known flow.Session // as far as the steps have come
	chain *chainDoc    // with --trace, --har or --report, once the flow has ended
}

// brought tells whether a session came from outside.
func (r *stepRun) brought() bool { return r.piped || r.store != nil }

// mayLack tells whether the command's own input may be missing: a session can bring
// it, and a plan has a variable in its place.
func (r *stepRun) mayLack() bool { return r.brought() || r.flags.planning() }

// stepCmd builds a command that runs steps.
func (a *app) stepCmd(cmd *cobra.Command, sc stepCommand) *cobra.Command {
	r := &stepRun{app: a, cmd: cmd, command: sc, ops: sc.ops}
	fs := cmd.Flags()
	fs.SortFlags = false
	r.flags.add(fs)
	if sc.own != nil {
		sc.own(fs)
	}
	addSettings(fs, callbackKeys...)
	addSettings(fs, silentKeys...)
	addConnection(fs)
	r.files.add(fs)
	a.out.add(fs)
	a.completeStep(cmd)
	cmd.Args = a.dashOnly
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return r.run(cmd.Context(), args) }
	return cmd
}

// dashOnly is the argument rule of the steps: - (the session on stdin) or nothing.
func (a *app) dashOnly(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0, len(args) == 1 && args[0] == "-":
		return nil
	case args[0] == "-" && args[1] == "-":
		return usagef("%s takes - once, and nothing after it", cmd.CommandPath())
	case isPhone(args[0]):
		return usagef("the number goes behind a flag: %s --phone %s", cmd.CommandPath(), args[0])
	case cmd.HasSubCommands():
		return usagef("%s takes - or a subcommand, not %q%s", cmd.CommandPath(), printable(args[0]), didYouMean(args[0], commandNames(cmd)))
	default:
		return usagef("%s takes - (the session on stdin) or nothing, not %q", cmd.CommandPath(), printable(args[0]))
	}
}

func isPhone(s string) bool {
	_, err := vnv.ParsePhone(s)
	return err == nil
}

func (r *stepRun) run(ctx context.Context, args []string) error {
	if err := r.out.check(); err != nil {
		return err
	}
	if r.flags.print != "" {
		if err := oneOf("print", r.flags.print, []string{"curl"}); err != nil {
			return err
		}
	}
	r.mask.Reveal = r.out.reveal
	if err := r.files.check(); err != nil {
		return err
	}
	var err error
	if r.config, err = loadConfig(ctx, &r.Env, r.cmd.Flags(), r.flags.sandbox); err != nil {
		return err
	}
	defer func() {
		if r.store != nil {
			_ = r.store.Close()
		}
	}()
	if err := r.input(ctx, args); err != nil {
		return err
	}
	if r.passesOn() {
		return r.passOn()
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	f, err := r.flow(ctx)
	if err != nil {
		r.tellWarnings()
		return err
	}
	if r.flags.planning() {
		r.tellWarnings()
		return r.showPlan(f)
	}
	stop, err := r.playSandbox(ctx, f)
	if err != nil {
		return err
	}
	defer stop()
	r.tellWarnings()
	limit := r.timeout(f)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, timeoutError(limit))
	defer cancel()
	preloadRoots(f)
	return r.play(ctx, f)
}

func (a *app) tellWarnings() {
	for _, w := range a.warnings {
		a.warn(w)
	}
	a.warnings = nil
}

// timeout bounds the whole command: longer where a person must act.
func (r *stepRun) timeout(f *flow.Flow) time.Duration {
	if d := r.config.GetDuration("timeout"); d > 0 {
		return d
	}
	if slices.Contains(r.ops, vnv.OpAuthorize) {
		if device, _ := f.Device(r.session); device != flow.DeviceFollow {
			return 3 * time.Minute
		}
	}
	return 30 * time.Second
}

func (r *stepRun) reply(out flow.Outcome) error {
	doc, err := r.document(out)
	if err != nil {
		return err
	}
	if err := r.answer(r.command.answer(out.Session), doc); err != nil {
		return err
	}
	if v := out.Session.Verified; v != nil && !*v && r.needs(vnv.OpVerify, vnv.OpAuthorize) {
		return errNotVerified
	}
	return nil
}

// document is the JSON answer; a text answer needs none.
func (r *stepRun) document(out flow.Outcome) ([]byte, error) {
	switch {
	case !r.out.json():
		return nil, nil
	case r.command.whole:
		return r.outcome(out)
	default:
		return out.Session.Document()
	}
}

// outcome is the JSON answer of run: what happened, without secrets.
func (r *stepRun) outcome(out flow.Outcome) ([]byte, error) {
	s := out.Session
	chain := chainDoc{Trace: &trace.Trace{}}
	if r.out.trace && r.chain != nil {
		chain = *r.chain
	}
	return render.Document(struct {
		SchemaVersion int              `json:"schema_version"`
		Verified      *bool            `json:"verified"`
		API           string           `json:"api"`
		APIHost       string           `json:"api_host"`
		ApplicationID string           `json:"application_id"`
		Phone         string           `json:"phone"`
		Scope         vnv.Scope        `json:"scope"`
		RedirectURI   string           `json:"redirect_uri"`
		Steps         []render.StepRow `json:"steps"`
		Hops          []trace.Hop      `json:"hops"`
		Findings      []trace.Finding  `json:"findings,omitempty"`
		Clients       []render.Client  `json:"clients,omitempty"`
	}{
		flow.SchemaVersion, s.Verified, s.API, s.APIHost, s.ApplicationID, r.phone(s), s.Scope,
		r.mask.URL(s.RedirectURI), r.rows, out.Hops, chain.Findings, chain.Clients,
	})
}

// sink is where events go: the story on stderr, the lines of ndjson on stdout, and
// the durations for the outcome.
func (r *stepRun) sink() flow.Sink {
	sinks := []flow.Sink{r.collect}
	r.story = &render.Story{
		W: r.Err, Style: r.style(), Verbose: r.out.verbose, Trace: r.out.trace, Mask: r.mask, Analyse: r.analyse,
		Hops: r.command.whole, Live: r.live(), Pastes: r.pastes(), Quiet: r.out.quiet,
		Now: r.Now, Watched: r.inFront,
		NoURL: r.out.format == formatNDJSON, // the auth_url event shows it, once
	}
	sinks = append(sinks, r.story.Sink)
	if r.out.format == formatNDJSON {
		r.lines = &render.Lines{W: r.Out, Mask: r.mask}
		sinks = append(sinks, r.lines.Sink)
	}
	return func(e flow.Event) {
		for _, s := range sinks {
			s(e)
		}
	}
}

func (r *stepRun) collect(e flow.Event) {
	switch e := e.(type) { //nolint:gochecksumtype // it takes what the outcome holds, and nothing else
	case flow.Listening:
		r.known.RedirectURI, r.bound = e.RedirectURI, e.Addrs
	case flow.AuthURL:
		r.drawQR(e.URL)
	case flow.StepDone:
		r.known = e.Session
		r.rows = append(r.rows, render.StepRow{Step: e.Step, OK: true, Duration: render.Millis(e.Took)})
	case flow.StepFailed:
		r.rows = append(r.rows, render.StepRow{Step: e.Step, Duration: render.Millis(e.Took)})
	}
}

// one refuses a setting that may be a list where a single value is needed.
func one(flag string, values []string) error {
	if len(values) > 1 {
		return usagef("--%s is given %d times: only vnv enable takes several", flag, len(values))
	}
	return nil
}

var errNoPhone = errors.New("--phone is missing: the number to verify, with + and country code")
