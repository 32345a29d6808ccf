package cli

import (
	"context"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// probeTime bounds one request or connection of the doctor's.
const probeTime = 10 * time.Second

// doctorKeys are the settings, beside those of the connection, that the doctor looks at.
var doctorKeys = []string{"listen", "listen_public", "timeout"}

// doctor is one look at the machine. The checks run in their order; a later one may
// use what an earlier one has found.
type doctor struct {
	*stepRun
	online         bool
	applicationURL string

	far    *sandbox.Server // with --sandbox
	wrong  rows            // settings that could not be read: where to send is not known then
	cred   credentials     // without a key where there is none to be used
	flow   flow.Flow       // where the requests go
	ways   http.RoundTripper
	noWays error // why there are none
	asked  *asked
}

// check is a row of the table of what the doctor looks at. Rows that it returns
// without a name get its own.
type check struct {
	name string
	look func(*doctor, context.Context) rows
}

var checks = []check{
	{"settings", (*doctor).settings},
	{"key", (*doctor).key},
	{"clock", (*doctor).clock},
	{"jwt", (*doctor).jwtAccepted},
	{"redirect", (*doctor).redirect},
	{"listener", (*doctor).listener},
	{"application", (*doctor).application},
	{"network", (*doctor).hosts},
	{"interfaces", (*doctor).interfaces},
	{"terminal", (*doctor).terminal},
	{"browser", (*doctor).browser},
	{"adb", (*doctor).adb},
	{"version", (*doctor).version},
}

func doctorCmd(a *app) *cobra.Command {
	d := &doctor{stepRun: &stepRun{app: a}}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check settings, key, callback and network",
		Long: `Check what a verification needs, one row a check: ok, a warning, failed, or
skipped, and what to do. Nothing is sent without --online, and nothing that is
sent begins an attempt: an empty request to the enable step, reads of the
Application API (VNV_API_KEY and VNV_API_SECRET), and connections to the hosts
in use. The callback is tried on this machine alone.

The exit code is 2 if a check failed, else 0: warnings do not change it.`,
		Example: `  vnv doctor
  vnv doctor --online
  vnv doctor --sandbox
  vnv doctor --online -o json --jq '.checks[] | select(.status == "failed")'`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	d.cmd = cmd
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&d.online, "online", false, "ask the servers too: nothing is sent without it")
	fs.BoolVar(&d.flags.sandbox, "sandbox", false, "check against vendor and carrier played on this machine")
	fs.StringArrayVar(&d.flags.faults, "fault", nil, "let the sandbox fail: `NAME[:TIMES]`, see vnv sandbox faults")
	fs.StringVar(&d.applicationURL, "application-url", "", "base `URL` of the Application API (default "+vnv.Applications.BaseURL+")")
	addSettings(fs, doctorKeys...)
	fs.Lookup("timeout").Usage = "`TIME` for all checks (default 30s)"
	addConnection(fs)
	a.out.add(fs)
	a.completeStep(cmd)
	return cmd
}

func (d *doctor) run(ctx context.Context) error {
	if err := d.out.check(); err != nil {
		return err
	}
	d.mask.Reveal = d.out.reveal
	if err := d.begin(ctx); err != nil {
		return err
	}
	if d.far != nil {
		defer d.far.Close()
	}
	d.read(ctx)
	limit := d.config.GetDuration("timeout")
	if limit <= 0 {
		limit = 30 * time.Second
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var all rows
	for _, c := range checks {
		for _, row := range c.look(d, bounded) {
			row.Name = first(row.Name, c.name)
			all = append(all, row)
		}
		if ctx.Err() != nil {
			return cutOff(ctx)
		}
	}
	if t, ok := d.ways.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
	return d.diagnosis(all)
}

// begin starts the sandbox, if it is asked for: its account is the doctor's then.
func (d *doctor) begin(ctx context.Context) error {
	if !d.flags.sandbox {
		if len(d.flags.faults) > 0 {
			return usagef("--fault needs --sandbox")
		}
		return nil
	}
	if err := noAccountFlags(d.cmd.Flags()); err != nil {
		return err
	}
	if d.cmd.Flags().Changed("application-url") {
		return usagef("--application-url and --sandbox: the sandbox has an account of its own")
	}
	far, err := newSandbox(sandbox.Options{Faults: d.flags.faults})
	if err != nil {
		return err
	}
	if err := far.Listen(ctx); err != nil {
		return &vnv.Error{Kind: vnv.KindInternal, Err: err}
	}
	d.far, d.online = far, true
	if !d.out.quiet {
		render.Headline(d.Err, d.style(), d.playing(far.URL()))
	}
	return nil
}

// diagnosis is the answer.
func (d *doctor) diagnosis(all rows) error {
	counts := map[string]int{}
	for _, r := range all {
		counts[r.Status]++
	}
	doc, err := render.Document(struct {
		SchemaVersion int            `json:"schema_version"`
		OK            bool           `json:"ok"`
		Failed        int            `json:"failed"`
		Warnings      int            `json:"warnings"`
		Online        bool           `json:"online"`
		Sandbox       bool           `json:"sandbox"`
		Checks        []render.Check `json:"checks"`
	}{
		flow.SchemaVersion, counts[render.CheckFailed] == 0, counts[render.CheckFailed], counts[render.CheckWarning],
		d.online, d.flags.sandbox, all,
	})
	if err != nil {
		return err
	}
	if err := d.answer(render.Doctor(d.outStyle(), all), doc); err != nil {
		return err
	}
	if counts[render.CheckFailed] > 0 {
		return errChecksFailed
	}
	return nil
}

// rows are what a check returns, mostly one.
type rows = []render.Check

// The ends of a check.
func fine(text string) rows    { return rows{{Status: render.CheckOK, Text: text}} }
func skipped(text string) rows { return rows{{Status: render.CheckSkipped, Text: text}} }

func warning(text, next string) rows {
	return rows{{Status: render.CheckWarning, Text: text, Next: next}}
}

func failed(text, next string) rows {
	return rows{{Status: render.CheckFailed, Text: text, Next: next}}
}

// named gives a row another name than its check's.
func named(name string, r rows) rows {
	r[0].Name = name
	return r
}

// notAsked is why a check that needs the servers is skipped; empty: it is not.
func (d *doctor) notAsked() string {
	switch {
	case !d.online:
		return "not asked (--online)"
	case len(d.wrong) > 0:
		return "not asked: with settings that cannot be read, the host to ask is not known"
	case d.noWays != nil:
		return "not asked: see network"
	default:
		return ""
	}
}

// refused is an error as a row: what happened, and what the table of advice says.
func (d *doctor) refused(ctx context.Context, err error) rows {
	f := d.failure(ctx, err)
	r := failed(f.Message, f.Hint)
	if f.TraceID != "" {
		r[0].Details = map[string]string{"trace_id": f.TraceID}
	}
	return r
}
