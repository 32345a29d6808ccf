package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// differences are what changes for a backend; protocol.md of the house and
// docs/migration.md say it at length.
var differences = []render.Difference{
	{Topic: "product", Old: "Number Verification, announced to be replaced", New: "Verify, channel silent_auth"},
	{Topic: "dashboard", Old: "application with the Network APIs capability, redirect URI registered", New: "application with a key; Verify capability for webhooks only"},
	{Topic: "start", Old: "POST /v0.1/network-enablement", New: "POST /v2/verify"},
	{Topic: "host", Old: "api-eu.vonage.com", New: "api.nexmo.com"},
	{Topic: "number", Old: "phone_number, with +", New: "workflow[0].to, without +"},
	{Topic: "asks for", Old: "scopes, state", New: "brand, 1 to 18 characters"},
	{Topic: "answer", Old: "200 scopes.….auth_url", New: "202 request_id, check_url"},
	{Topic: "refused", Old: "an error inside the 200", New: "409 one is under way, 412 network not supported"},
	{Topic: "device opens", Old: "auth_url, on mobile data", New: "check_url, on mobile data, within 60 s"},
	{Topic: "chain ends", Old: "at the redirect URI: ?code=…&state=…", New: "with JSON request_id, code; or at redirect_url: #request_id=…&code=…"},
	{Topic: "proof", Old: "your state comes back", New: "the request_id comes back"},
	{Topic: "the code goes", Old: "POST /oauth2/token, for a token", New: "POST /v2/verify/{request_id}: that is the check"},
	{Topic: "the check", Old: "POST …/v031/verify with the token and the number", New: "the same request, JWT again"},
	{Topic: "yes, no", Old: "devicePhoneNumberVerified true, false", New: "status completed; user_rejected"},
	{Topic: "webhooks", Old: "none", New: "event and summary to the status URL, signed"},
	{Topic: "fallback", Old: "yours to build", New: "further channels in the same workflow"},
}

func migrateCmd(a *app) *cobra.Command {
	var f stepFlags
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Show what changes from Number Verification to Verify, and run both",
		Long: `Show what differs between Number Verification and Verify's silent
authentication, which the vendor has announced as its successor: what each needs
of the application and the number, and what changes in a backend. Then run both
flows for one number, side by side.

Exit code 0 when both verify the number, 3 when an answer is no, else that of
the flow that failed.`,
		Example: `  vnv migrate --sandbox
  vnv migrate --phone +447700900123
  vnv migrate --sandbox -o json --jq '.runs[].requests'`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.migrate(cmd, f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.phone, "phone", "", "phone `NUMBER` in E.164 form (default +99012345678 with --sandbox)")
	fs.BoolVar(&f.sandbox, "sandbox", false, "play vendor and carrier on this machine")
	scenarioFlag(fs, &f.scenario)
	fs.BoolVar(&f.private, "allow-private-hops", false, "follow redirects to loopback and private addresses")
	addSettings(fs, callbackKeys...)
	addSettings(fs, silentKeys...)
	addSettings(fs, "app_id", "private_key", "redirect_uri", "scope", "ca_file", "proxy")
	fs.String("profile", "", "`NAME` of the profile in the config file (VNV_PROFILE)")
	fs.String("config", "", "config `FILE` to read in place of the user's own (VNV_CONFIG)")
	a.out.add(fs)
	a.completeStep(cmd)
	return cmd
}

func (a *app) migrate(cmd *cobra.Command, f stepFlags) error {
	if err := a.out.check(); err != nil {
		return err
	}
	if f.phone == "" && f.sandbox {
		f.phone = "+99012345678"
	}
	if !f.sandbox {
		if err := f.withoutSandbox(); err != nil {
			return err
		}
	}
	scenario, err := a.readScenario(cmd.Context(), f.scenario) // once: it may be stdin
	if err != nil {
		return err
	}
	if phone, err := vnv.ParsePhone(f.phone); err == nil && !a.out.verbose { // else each run says so
		a.speaksOf(scenario, phone)
	}
	var rows []render.APIRun
	var failed error
	for _, api := range []vnv.API{vnv.NumberVerification, vnv.SilentAuth} {
		row, err := a.tryAPI(cmd, api, f, scenario)
		if _, usage := err.(*usageError); usage { //nolint:errorlint // a mistake of the caller's concerns both
			return err
		}
		rows = append(rows, row)
		if err != nil {
			failed = err
		}
		if cmd.Context().Err() != nil {
			break // cut off: the other flow never ran
		}
	}
	doc, err := render.Document(struct {
		SchemaVersion int                 `json:"schema_version"`
		Differences   []render.Difference `json:"differences"`
		Runs          []render.APIRun     `json:"runs"`
	}{flow.SchemaVersion, differences, rows})
	if err != nil {
		return err
	}
	if failed == nil || !a.out.json() { // in JSON a failure is one document
		if err := a.answer(render.Migration(a.style(), differences, rows), doc); err != nil {
			return err
		}
	}
	return failed
}

// tryAPI runs the whole flow of one API, quietly: what it says is in the row.
func (a *app) tryAPI(cmd *cobra.Command, api vnv.API, f stepFlags, scenario *sandbox.Scenario) (render.APIRun, error) {
	row := render.APIRun{API: api.Name}
	inner := *a
	inner.out.quiet = !a.out.verbose
	r := &stepRun{app: &inner, cmd: cmd, command: stepCommand{whole: true}, flags: f, scenario: scenario, api: api, ops: flow.Steps(api)}
	var err error
	if r.config, err = loadConfig(cmd.Context(), &r.Env, cmd.Flags(), f.sandbox); err != nil {
		return row, err
	}
	if err := r.fromFlags(); err != nil {
		return row, err
	}
	fl, err := r.flow(cmd.Context())
	if err != nil {
		return row, err
	}
	stop, err := r.playSandbox(cmd.Context(), fl)
	if err != nil {
		return row, err
	}
	defer stop()
	ctx, cancel := context.WithTimeout(cmd.Context(), r.timeout(fl))
	defer cancel()
	began := a.Now()
	out, err := fl.Run(ctx, r.session, r.ops...)
	r.facts.scene = r.scene(fl, out, r.session)
	row.Duration, row.Requests, row.Steps = render.Millis(a.Now().Sub(began).Round(time.Microsecond)), len(out.Hops), r.rows
	row.Verified = out.Session.Verified
	a.facts = r.facts
	switch {
	case err != nil:
		failure := a.failure(ctx, err)
		row.Error = &failure
		return row, err
	case row.Verified != nil && !*row.Verified:
		return row, errNotVerified
	}
	return row, nil
}
