package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// Where the control API of a running sandbox is: its answer sets both.
const (
	controlVar = "VNV_SANDBOX_CONTROL"
	tokenVar   = "VNV_SANDBOX_TOKEN" //nolint:gosec // the name of a variable
)

// maxLedger bounds what is read of an answer.
const maxLedger = 128 << 20

// controlFlags say which sandbox is meant, and hold what the commands on it take.
type controlFlags struct {
	url, token string
	named      string // who did, for an error
	after      int64
	wait       time.Duration
	advance    time.Duration
	none       bool
}

func (f *controlFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.url, "control", "", "`URL` of the control API ("+controlVar+")")
	fs.StringVar(&f.token, "token", "", "its token: a `FILE`, - or env:NAME (default env:"+tokenVar+")")
}

// controlCmd is a command on a running sandbox.
func controlCmd(a *app, cmd *cobra.Command, f *controlFlags, do func(ctx context.Context, args []string) error) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := a.out.check(); err != nil {
			return err
		}
		return do(cmd.Context(), args)
	}
	if cmd.Args == nil {
		cmd.Args = a.noArguments
	}
	f.add(cmd.Flags())
	a.out.add(cmd.Flags())
	a.completeStep(cmd)
	return cmd
}

func ledgerCmd(a *app) *cobra.Command {
	var f controlFlags
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Show what a running sandbox has received",
		Long: `Show the requests that a running vnv sandbox has received, oldest first, masked;
--reveal shows the values that were sent, for a test that compares them.`,
		Example: `  vnv sandbox ledger
  vnv sandbox ledger --after 12 --wait 10s
  vnv sandbox ledger --reveal \
      --jq '.entries[] | select(.stage == "token") | .code'`,
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().Int64Var(&f.after, "after", 0, "only requests after number `N`")
	cmd.Flags().DurationVar(&f.wait, "wait", 0, "wait this `TIME` for one, 30s at most")
	return controlCmd(a, cmd, &f, func(ctx context.Context, _ []string) error {
		if err := aboveZero(cmd.Flags(), "wait"); err != nil {
			return err
		}
		return a.ledger(ctx, &f)
	})
}

func setCmd(a *app) *cobra.Command {
	var f controlFlags
	cmd := &cobra.Command{
		Use:   "set FAULT…",
		Short: "Set the faults of a running sandbox, or its clock",
		Long: `Replace the faults of a running vnv sandbox, each NAME[@PATTERN][:TIMES] as
--fault takes it, or move its clock forwards. Requests under way keep what they
met. The answer is the faults that are set now, one a line.`,
		Example: `  vnv sandbox set wifi token-500:2
  vnv sandbox set --none
  vnv sandbox set --advance 10m`,
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: completeFaults,
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&f.none, "none", false, "switch all faults off")
	cmd.Flags().DurationVar(&f.advance, "advance", 0, "move the clock by this `TIME`: codes and tokens age")
	return controlCmd(a, cmd, &f, func(ctx context.Context, args []string) error { return a.setSandbox(ctx, &f, args) })
}

func resetCmd(a *app) *cobra.Command {
	var f controlFlags
	return controlCmd(a, &cobra.Command{
		Use:   "reset",
		Short: "Put a running sandbox back to how it started",
		Long: `Forget all flows and requests of a running vnv sandbox, and set the faults and
the clock that it started with: between two tests.`,
		Example: "  vnv sandbox reset",
	}, &f, func(ctx context.Context, _ []string) error { return a.sandboxStatus(ctx, &f, "/v1/reset", nil) })
}

func (a *app) ledger(ctx context.Context, f *controlFlags) error {
	query := url.Values{"after": {strconv.FormatInt(f.after, 10)}, "wait": {f.wait.String()}}
	if a.out.reveal {
		query.Set("raw", "1")
	}
	raw, err := a.control(ctx, f, http.MethodGet, "/v1/ledger?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	var got struct {
		SchemaVersion int             `json:"schema_version"`
		Entries       []sandbox.Entry `json:"entries"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return notControl(f)
	}
	got.SchemaVersion = flow.SchemaVersion
	var b strings.Builder
	for _, e := range got.Entries {
		note := e.Note
		if e.Fault != "" {
			note = strings.TrimSpace("fault " + e.Fault + " " + note)
		}
		line := fmt.Sprintf("%4d  %s  %3d  %-9s  %-4s %s", e.N, a.timeOf(e.Time), e.Status, e.Stage, printable(e.Method), printable(e.Path))
		b.WriteString(joined(line, printable(e.Phone), printable(note)) + "\n")
	}
	if len(got.Entries) == 0 {
		b.WriteString("nothing was received")
	}
	return a.list(&b, got)
}

func (a *app) setSandbox(ctx context.Context, f *controlFlags, faults []string) error {
	switch {
	case len(faults) == 0 && !f.none && f.advance == 0:
		return usagef("vnv sandbox set takes faults, --none or --advance")
	case len(faults) > 0 && f.none:
		return usagef("--none and faults: use one")
	case f.advance < 0:
		return usagef("--advance: the clock goes forwards only")
	}
	for _, fault := range faults {
		if err := knownFault("", fault); err != nil {
			return err
		}
	}
	if len(faults) > 0 || f.none {
		body := map[string][]string{"faults": append([]string{}, faults...)}
		if f.advance == 0 {
			return a.sandboxStatus(ctx, f, "/v1/faults", body)
		}
		if _, err := a.control(ctx, f, http.MethodPut, "/v1/faults", body); err != nil {
			return err
		}
	}
	return a.sandboxStatus(ctx, f, "/v1/clock", map[string]string{"advance": f.advance.String()})
}

// sandboxStatus changes something, and answers with what holds now.
func (a *app) sandboxStatus(ctx context.Context, f *controlFlags, path string, body any) error {
	method := map[string]string{"/v1/faults": http.MethodPut}[path]
	raw, err := a.control(ctx, f, cmp.Or(method, http.MethodPost), path, body)
	if err != nil {
		return err
	}
	var status struct {
		SchemaVersion int       `json:"schema_version"`
		BaseURL       string    `json:"base_url"`
		Now           time.Time `json:"now"`
		Faults        []string  `json:"faults"`
	}
	if err := json.Unmarshal(raw, &status); err != nil {
		return notControl(f)
	}
	status.SchemaVersion = flow.SchemaVersion
	a.withoutTLS(status.BaseURL, status.Faults)
	doc, err := render.Document(status)
	if err != nil {
		return err
	}
	return a.answer(first(strings.Join(status.Faults, "\n"), "no faults are set"), doc)
}

// control asks the control API.
func (a *app) control(ctx context.Context, f *controlFlags, method, path string, body any) ([]byte, error) {
	if f.url == "" {
		f.url, f.named = a.Getenv(controlVar), ", which "+controlVar+" names"
	}
	if f.url == "" {
		return nil, usagef("which sandbox? Set %s and %s as vnv sandbox prints them, or --control and --token", controlVar, tokenVar)
	}
	if u, err := url.Parse(f.url); err != nil || u.Scheme != "http" || u.User != nil || !loopbackURL(f.url) {
		return nil, usagef("--control: want an http URL on this machine, as vnv sandbox prints it")
	}
	token, err := a.readText(ctx, "control token", first(f.token, "env:"+tokenVar))
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.wait+10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(f.url, "/")+path, bytes.NewReader(text))
	if err != nil {
		return nil, usagef("--control: %s", printable(err.Error()))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	return a.controlAnswer(ctx, f, req)
}

func (a *app) controlAnswer(ctx context.Context, f *controlFlags, req *http.Request) ([]byte, error) {
	transport := &http.Transport{DialContext: a.Net.Dial, DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	switch {
	case context.Cause(ctx) != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, cutOff(ctx)
	case err != nil:
		return nil, &vnv.Error{Kind: vnv.KindNetwork, Err: fmt.Errorf("no sandbox answers at %s%s: %w", printable(f.url), f.named, reason(err))}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxLedger))
	if err != nil {
		return nil, &vnv.Error{Kind: vnv.KindNetwork, Err: fmt.Errorf("the sandbox at %s: %w", printable(f.url), reason(err))}
	}
	if resp.StatusCode == http.StatusOK {
		return raw, nil
	}
	var refused struct{ Error string }
	if json.Unmarshal(raw, &refused) != nil || refused.Error == "" {
		return nil, notControl(f)
	}
	return nil, usagef("the sandbox refuses: %s", printable(refused.Error))
}

func notControl(f *controlFlags) error {
	return usagef("what answers at %s is no control API of a sandbox", printable(f.url))
}
