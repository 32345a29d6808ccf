package cli

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/cmd/internal/report"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// What the steps of a flow tell of their requests: findings and clients with --trace,
// and the files of --har and --report.

// analyse looks for what is odd about the hops of one step. Those of an API call are no
// chain, so only the rules about every request are for them.
func (r *stepRun) analyse(hops []trace.Hop) *trace.Trace {
	t := trace.Analyse(hops, r.analysis())
	if !slices.ContainsFunc(hops, inChain) {
		t.Findings = slices.DeleteFunc(t.Findings, func(f trace.Finding) bool { return !everywhere(f.Name) })
	}
	return t
}

func inChain(h trace.Hop) bool { return h.Step == string(vnv.OpAuthorize) }

func everywhere(rule string) bool {
	return slices.ContainsFunc(trace.Rules, func(r trace.Rule) bool { return r.Name == rule && r.Everywhere })
}

// analysis is what is known of the chain beside its hops.
func (r *stepRun) analysis() trace.AnalyseOptions {
	return trace.AnalyseOptions{Mask: r.mask, RedirectURI: r.known.RedirectURI, State: r.known.State.Reveal(), Tool: tool()}
}

// conclude tells who would get through, and writes the files, however the flow ended.
func (r *stepRun) conclude(ctx context.Context, out flow.Outcome, failed error) error {
	if !r.out.trace && !r.files.wanted() {
		return nil
	}
	r.known = out.Session
	o := r.analysis()
	o.End, o.Failed = endOf(failed), r.failedAt(ctx, out, failed)
	o.Settings = r.settingRows(slices.Concat([]string{"api", "app_id", "private_key", "redirect_uri", "base_url", "device", "listen"}, traceKeys[1:])...)
	r.chain = &chainDoc{Trace: trace.Analyse(out.Hops, o)}
	if slices.ContainsFunc(out.Hops, inChain) {
		r.chain.Clients = judged(r.chain.Trace)
	} else {
		r.chain.Findings = slices.DeleteFunc(r.chain.Findings, func(f trace.Finding) bool { return !everywhere(f.Name) })
	}
	if r.out.trace && !r.out.quiet {
		render.Text(r.Err, r.style(), render.Clients(r.style(), r.chain.Clients, caveat))
	}
	return r.files.write(r.chain.Trace, func() []byte { return r.page(ctx, out, failed).HTML() })
}

// failedAt is why the flow ended, for who replays it.
func (r *stepRun) failedAt(ctx context.Context, out flow.Outcome, failed error) *trace.Failure {
	if failed == nil {
		if v := out.Session.Verified; v != nil && !*v && len(out.Hops) > 0 {
			return &trace.Failure{Step: last(out.Hops).Step, Cause: causeNotVerified}
		}
		return nil
	}
	f := r.failure(ctx, failed)
	found := &trace.Failure{Step: f.Op, Kind: f.Kind, Code: f.Code}
	if len(f.Causes) > 0 {
		found.Cause = f.Causes[0].Cause
	}
	return found
}

// page is the report of a flow.
func (r *stepRun) page(ctx context.Context, out flow.Outcome, failed error) report.Page {
	d := *r.chain
	if failed != nil {
		f := r.failure(ctx, failed)
		d.Error = &f
	}
	p := d.page("vnv " + r.cmd.Name())
	for _, row := range r.rows {
		p.Steps = append(p.Steps, report.Step{Name: string(row.Step), OK: row.OK, Took: time.Duration(row.Duration)})
	}
	p.Mood, p.Headline = report.Good, "Done: "+r.cmd.Name()
	verified := out.Session.Verified
	switch {
	case failed != nil:
		p.Mood, p.Headline = report.Bad, stopped(failed, r.rows)
	case verified != nil && *verified:
		p.Headline, p.Summary = "Verified", "The device holds the number "+r.phone(out.Session)+"."
	case verified != nil:
		p.Mood, p.Headline, p.Summary = report.No, "Not verified", "The device does not hold the number "+r.phone(out.Session)+"."
	case len(d.Clients) == 0:
		p.Summary = "Every request of the step was answered."
	}
	return p
}

// stopped says where a flow stopped: at which step, and at which hop of the chain.
func stopped(err error, rows []render.StepRow) string {
	where := "Failed"
	if len(rows) > 0 {
		where = "Stopped at " + string(rows[len(rows)-1].Step)
	}
	if e, ok := errors.AsType[*follow.Error](err); ok {
		where += ", hop " + strconv.Itoa(e.Hop)
	}
	return where
}

// phone is the number as it may be shown.
func (r *stepRun) phone(s flow.Session) string {
	if r.out.reveal {
		return string(s.Phone)
	}
	return s.Phone.Masked()
}
