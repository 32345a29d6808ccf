package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func callbackCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "callback",
		Short:   "Wait for the callback of a flow that was started elsewhere",
		Long:    "Wait for the callback of a flow that was started elsewhere: vnv callback listen.",
		Example: "  vnv callback listen --state env:STATE",
		Args:    a.noArguments,
		RunE: func(*cobra.Command, []string) error {
			return usagef("vnv callback needs a subcommand: listen")
		},
	}
	cmd.AddCommand(callbackListenCmd(a))
	return cmd
}

// listenRun is a listener alone.
type listenRun struct {
	*stepRun
	forwardTo string
}

// listenKeys are the settings of a listener.
var listenKeys = []string{"redirect_uri", "listen", "listen_public", "error_grace", "timeout", "ca_file", "proxy"}

func callbackListenCmd(a *app) *cobra.Command {
	r := &listenRun{stepRun: &stepRun{app: a, ops: []vnv.Op{vnv.OpAuthorize}}}
	cmd := &cobra.Command{
		Use:   "listen --state env:NAME",
		Short: "Listen for one callback, and answer with its code",
		Long: `Listen for one callback of a flow that was started elsewhere, by your app or
backend: the answer is the code. It ends on the exact path with the state alone;
everything else is answered and ignored. With --forward-to the callback is
passed on to your own backend as it came, and the answer is the backend's.

Without --timeout it waits until Ctrl-C, which is a normal end.`,
		Example: `  vnv callback listen --state env:STATE
  vnv callback listen --state - --listen 127.0.0.1:8080 < state.txt
  vnv callback listen --state env:STATE --forward-to http://localhost:4000/cb`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.run(cmd.Context()) },
	}
	r.cmd = cmd
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&r.flags.state, "state", "", "state that the callback has to bring: - (stdin), a `FILE` or env:NAME")
	fs.StringVar(&r.forwardTo, "forward-to", "", "pass the callback on to your backend at `URL`, and stop")
	addSettings(fs, listenKeys...)
	fs.Lookup("timeout").Usage = "`TIME` to wait at most (default is no limit)"
	fs.String("profile", "", "`NAME` of the profile in the config file (VNV_PROFILE)")
	fs.String("config", "", "config `FILE` to read in place of the user's own (VNV_CONFIG)")
	a.out.add(fs)
	a.completeStep(cmd)
	return cmd
}

func (r *listenRun) run(ctx context.Context) error {
	if err := r.out.check(); err != nil {
		return err
	}
	r.mask.Reveal = r.out.reveal
	var err error
	if r.config, err = loadConfig(ctx, &r.Env, r.cmd.Flags(), false); err != nil {
		return err
	}
	if r.flags.state, err = r.stateFrom(ctx, r.cmd.Flags(), r.flags.state); err != nil {
		return err
	}
	if r.flags.state == "" {
		return usagef("--state is missing: without it no callback can be told from a forged one")
	}
	if r.forwardTo != "" {
		if err := checkForward(r.forwardTo); err != nil {
			return err
		}
	}
	redirectURI := first(r.config.text("redirect_uri"), freeCallback)
	if !flow.Ours(redirectURI, r.config.text("listen")) {
		return usagef("%s does not lead to this machine: say where a tunnel brings it with --listen", printable(r.mask.URL(redirectURI)))
	}
	return r.listen(ctx, redirectURI)
}

func (r *listenRun) listen(ctx context.Context, redirectURI string) error {
	network, err := r.network(ctx)
	if err != nil {
		return err
	}
	sink := flow.Serial(r.sink())
	l, err := callback.Listen(ctx, callback.Options{
		RedirectURI: redirectURI, Listen: r.config.text("listen"), State: r.flags.state, Public: r.config.GetBool("listen_public"),
		ErrorGrace: r.config.GetDuration("error_grace"), Now: r.Now, OnIgnored: func(i callback.Ignored) { sink(flow.Ignored{Callback: i}) },
	})
	if err != nil {
		return flow.CallbackError(err)
	}
	defer l.Close()
	if r.story != nil {
		r.story.Verbose = true // where it listens is all the story there is
	}
	r.tellWarnings()
	sink(flow.Listening{Addrs: l.Addrs(), RedirectURI: l.RedirectURI()})
	if text := r.tunnel(network)(ctx, l); text != "" {
		sink(flow.Note{Text: text})
	}
	waiting := ctx
	if d := r.config.GetDuration("timeout"); d > 0 {
		var cancel context.CancelFunc
		waiting, cancel = context.WithTimeoutCause(ctx, d, timeoutError(d))
		defer cancel()
	}
	r.facts.scene = func() verdict.Observation {
		return verdict.Observation{Command: "callback listen", RedirectURI: r.mask.URL(l.RedirectURI()), Ours: true}
	}
	cb, err := l.Wait(waiting)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return nil // a signal is the normal end of a server
	case err != nil:
		return flow.CallbackError(err)
	}
	r.mask.Know("code", cb.Code, "")
	sink(flow.CallbackReceived{Via: cb.Via})
	if r.forwardTo != "" {
		return r.forward(ctx, network, r.forwardTo, cb)
	}
	doc, err := render.Document(struct {
		SchemaVersion int       `json:"schema_version"`
		Code          string    `json:"code"`
		RedirectURI   string    `json:"redirect_uri"`
		At            time.Time `json:"at"`
	}{flow.SchemaVersion, cb.Code, l.RedirectURI(), cb.At.UTC()})
	if err != nil {
		return err
	}
	return r.answer(cb.Code, doc)
}
