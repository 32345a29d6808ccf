package verdict_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
	faultcauses "github.com/vnv-cli/vnv/testdata/verdict"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// first are the stages that only number verification has; second those of Verify.
var (
	first  = []sandbox.Stage{sandbox.StageEnable, sandbox.StageAuthorize, sandbox.StageCallback, sandbox.StageToken, sandbox.StageVerify}
	second = []sandbox.Stage{sandbox.StageStart, sandbox.StageCheckURL, sandbox.StageHandover, sandbox.StageCheck, sandbox.StageCancel}
)

// TestEveryFault drives both APIs into every fault of the sandbox: the right cause
// ranks first, and none is named where the flow succeeds.
func TestEveryFault(t *testing.T) {
	t.Parallel()
	type run struct {
		fault string
		api   vnv.API
	}
	var runs []run
	causes := faultcauses.Read()
	for _, f := range sandbox.Faults() {
		if !slices.Contains(second, f.At) {
			runs = append(runs, run{f.Name, vnv.NumberVerification})
		}
		if !slices.Contains(first, f.At) {
			runs = append(runs, run{f.Name, vnv.SilentAuth})
		}
	}
	right := make(chan bool, len(runs))
	t.Cleanup(func() {
		close(right)
		score := 0
		for ok := range right {
			if ok {
				score++
			}
		}
		t.Logf("the right cause ranked first in %d of %d runs", score, len(runs))
	})
	for _, r := range runs {
		t.Run(r.api.Name+"/"+r.fault, func(t *testing.T) {
			t.Parallel()
			o := attempt(t, r.api, r.fault)
			got := verdict.Judge(o)
			want, listed := causes[r.fault]
			if !listed {
				t.Fatal("it lacks a row in testdata/verdict/faults.tsv")
			}
			if want == "-" {
				if o.Err != nil || len(got) > 0 {
					t.Fatalf("no failure, and yet %v: %v", o.Err, named(got))
				}
				right <- true
				return
			}
			if o.Err == nil {
				t.Fatal("the flow succeeded")
			}
			sound(t, got)
			right <- len(got) > 0 && got[0].Cause == want
			if len(got) == 0 || got[0].Cause != want {
				t.Errorf("%v\n%+v\nnamed %v, not %s", o.Err, o.End, named(got), want)
			}
		})
	}
}

// sound: every candidate is a row of the catalogue, with evidence and a way on, and in order.
func sound(t *testing.T, list []verdict.Candidate) {
	t.Helper()
	for i, c := range list {
		if _, ok := verdict.Named(c.Cause); !ok {
			t.Errorf("%s is not in the catalogue", c.Cause)
		}
		if len(c.Next) == 0 || c.Title == "" || c.Fix == "" || len(c.Evidence) == 0 {
			t.Errorf("%s: nothing to go on: %+v", c.Cause, c)
		}
		if i > 0 && c.Confidence > list[i-1].Confidence {
			t.Errorf("%s is surer than %s before it", c.Cause, list[i-1].Cause)
		}
	}
}

func named(list []verdict.Candidate) (out []string) {
	for _, c := range list {
		out = append(out, c.Cause+" "+c.Confidence.String())
	}
	return out
}

// attempt runs a whole flow into a fault, and observes it.
func attempt(t *testing.T, api vnv.API, fault string) verdict.Observation {
	t.Helper()
	far := sandbox.Start(t, sandbox.Options{Faults: []string{fault}})
	key, err := appjwt.ParseKey(far.PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	signer := &appjwt.Signer{ApplicationID: far.ApplicationID(), Key: key}
	f := &flow.Flow{
		API: api, BaseURL: far.URL(), ApplicationID: far.ApplicationID(), Mask: &trace.Mask{},
		RedirectURI: "http://127.0.0.1:0/callback", Registered: far.Register,
		Net: follow.Net{Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}},
		JWT: func(ctx context.Context) (vnv.Secret, error) {
			token, err := signer.Token(ctx)
			return vnv.Secret(token), err
		},
	}
	if api.Name == vnv.SilentAuth.Name {
		f.Registered = nil
		if !strings.HasPrefix(fault, "fragment-") {
			f.RedirectURI = ""
		} else {
			f.RedirectURI = "https://app.example/end"
		}
	}
	ctx, limit := t.Context(), time.Minute
	if strings.HasSuffix(fault, "-slow") || strings.HasPrefix(fault, "late-") || fault == "slow-hop" {
		limit = time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	steps := flow.Steps(api)
	if strings.HasPrefix(fault, "cancel-") {
		steps = steps[:2] // to the request that is cancelled
	}
	out, err := f.Run(ctx, flow.Session{Phone: "+99012345678"}, steps...)
	if err == nil && strings.HasPrefix(fault, "cancel-") {
		err = f.Cancel(ctx, flow.Session{RequestID: out.Session.RequestID})
	}
	return observe(out, err, began)
}

// observe is what a caller knows when a flow has ended.
func observe(out flow.Outcome, err error, began time.Time) verdict.Observation {
	o := verdict.Observation{
		Trace: &trace.Trace{Hops: out.Hops}, Vendor: true, Ours: true, Device: "follow", NoCellular: true,
		RedirectURI: out.Session.RedirectURI, API: out.Session.API, Phone: out.Session.Phone.Masked(),
	}
	if e, ok := errors.AsType[*vnv.Error](err); ok {
		o.Err = e
		o.Skew = e.ClockSkew(began)
	}
	if !out.Session.ExpiresAt.IsZero() {
		o.Life = out.Session.ExpiresAt.Sub(began).Round(time.Second)
	}
	if e, ok := errors.AsType[*follow.Error](err); ok {
		o.End = trace.End{Kind: trace.EndStopped, Hop: e.Hop, Status: e.Status, ContentType: e.ContentType, Title: e.Title, Code: e.Code, Reason: string(e.Reason)}
		o.Said = e.Detail
	}
	if e, ok := errors.AsType[*callback.Error](err); ok {
		o.End = trace.End{Kind: trace.EndCallback, Code: e.Name, Reason: string(e.Reason)}
		o.Said = e.Description
	}
	return o
}
