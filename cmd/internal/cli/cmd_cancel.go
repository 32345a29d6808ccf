package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func cancelCmd(a *app) *cobra.Command {
	r := &stepRun{app: a, ops: []vnv.Op{vnv.OpVerify}}
	cmd := &cobra.Command{
		Use:   "cancel REQUEST_ID|-",
		Short: "End a request of the Verify API, so that its number is free",
		Long: `End a silent authentication of the Verify API. A number can be in one request at
a time; the vendor lets it be ended 30 s after its start. The answer is
"canceled". The request is named by its id, or by a session: on stdin with -, or
with --session.`,
		Example: `  vnv verify cancel c11236f4-00bf-4b89-84ba-88b25df97315
  vnv verify cancel --session flow.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if given := len(args) > 0; len(args) > 1 || given == (r.flags.session != "") {
				return usagef("vnv verify cancel takes the id of a request, or a session: - or --session")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.cancel(cmd.Context(), args) },
	}
	r.cmd = cmd
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&r.flags.session, "session", "", "take the id of the request from `FILE`")
	addSettings(fs, "device", "timeout")
	fs.Lookup("timeout").Usage = "`TIME` for the whole command (default 30s)"
	addConnection(fs)
	a.out.add(fs)
	a.completeStep(cmd)
	return cmd
}

func (r *stepRun) cancel(ctx context.Context, args []string) error {
	if err := r.out.check(); err != nil {
		return err
	}
	var err error
	if r.config, err = loadConfig(ctx, &r.Env, r.cmd.Flags(), false); err != nil {
		return err
	}
	if len(args) == 1 && args[0] != "-" {
		r.session.RequestID = args[0]
	} else if err := r.readSession(ctx, len(args) == 1); err != nil {
		return err
	}
	if r.store != nil {
		defer r.store.Close()
	}
	r.api = vnv.SilentAuth
	f, err := r.flow(ctx)
	if err != nil {
		return err
	}
	limit := r.timeout(f)
	ctx, cancel := context.WithTimeoutCause(ctx, limit, timeoutError(limit))
	defer cancel()
	if err := f.Cancel(ctx, r.session); err != nil {
		return asCancel(err)
	}
	doc, err := render.Document(struct {
		SchemaVersion int    `json:"schema_version"`
		RequestID     string `json:"request_id"`
		Canceled      bool   `json:"canceled"`
	}{flow.SchemaVersion, r.session.RequestID, true})
	if err != nil {
		return err
	}
	return r.answer("canceled", doc)
}

// opCancel is what an end before the end is called in errors: it is a step of no
// API, and nothing that works once is in it.
const opCancel = vnv.Op("cancel")

func asCancel(err error) error {
	if e, ok := errors.AsType[*vnv.Error](err); ok {
		e.Op = opCancel
	}
	return err
}
