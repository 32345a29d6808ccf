package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// replay is what a saved chain becomes: answers in the place of the sandbox's own, delays,
// the faults that a recorded answer cannot say, and what is lost.
type replay struct {
	trace   *trace.Trace
	silent  bool // of the Verify API
	answers []replayed
	delays  map[sandbox.Stage]time.Duration // of requests that the sandbox answers itself
	faults  []string
	arrived bool // the chain ended where it should
	refused bool // the device did not hold the number
	told    bool // how it failed: in the scenario, or among what is lost
	lost    []string
}

type replayed struct {
	at, was string
	delay   time.Duration
	status  int
	headers map[string]string
	body    string
}

// stepStages are the stages of the calls of the API, by the step and the API.
var stepStages = map[bool]map[string]sandbox.Stage{
	false: {"enable": sandbox.StageEnable, "exchange": sandbox.StageToken, "verify": sandbox.StageVerify},
	true:  {"enable": sandbox.StageStart, "verify": sandbox.StageCheck},
}

const (
	noticeable = time.Second // a hop that took this long is slow again
	lastStatus = 599         // that an answer can have
)

func newReplay(t *trace.Trace) *replay {
	r := &replay{trace: t, delays: map[sandbox.Stage]time.Duration{}}
	r.silent = slices.ContainsFunc(t.Hops, func(h trace.Hop) bool { return strings.Contains(h.URL, "/v2/verify") })
	failed := r.failed()
	r.calls(failed)
	chain := slices.DeleteFunc(t.Chain(), func(h trace.Hop) bool {
		return h.Role == trace.RoleCallback || stepStages[r.silent][h.Step] != ""
	})
	for i, h := range chain {
		if !r.hop(i, h, i == len(chain)-1) {
			break
		}
	}
	r.ended(failed)
	return r
}

// failed is why the flow ended: as the file says, or as its hops show.
func (r *replay) failed() trace.Failure {
	if r.trace.Failed == nil {
		return trace.Failure{}
	}
	f := *r.trace.Failed
	if f.Cause == "state-lost" && f.Kind == string(vnv.KindDenied) {
		f.Cause = errorWithout
	}
	return f
}

// unmet is lose for what the flow failed of.
func (r *replay) unmet(format string, args ...any) {
	r.lose(format, args...)
	r.told = true
}

func (r *replay) lose(format string, args ...any) {
	r.lost = append(r.lost, fmt.Sprintf(format, args...))
}

// calls replays what the API answered where the flow ended; other answers come from the
// sandbox, which knows the code and token of the new flow. Of a call that was tried again
// the last counts.
func (r *replay) calls(failed trace.Failure) {
	for i, h := range r.trace.Hops {
		stage, ok := stepStages[r.silent][h.Step]
		ok = ok && !slices.ContainsFunc(r.trace.Hops[i+1:], func(again trace.Hop) bool { return again.Step == h.Step })
		ends := h.Step == failed.Step
		if failed.Cause == "clock-skew" && h.Skew < 0 {
			failed.Cause = clockBehind
		}
		switch {
		case !ok:
		case ends && failed.Cause == causeNotVerified:
			r.refused, r.told = true, true
		case ends && r.instead(h.Step, failed.Cause, "the answer of "+h.Step):
			return
		case h.Status == 0 && r.instead(h.Step, causeOf(h), "the answer of "+h.Step):
			return
		case h.Status == 0:
			r.unmet("%s had no answer: %s", h.Step, h.Error)
		case ends && h.Status < http.StatusMultipleChoices:
			r.unmet("what was wrong with the answer of %s, which a saved chain does not hold", h.Step)
		case h.Status >= http.StatusMultipleChoices:
			r.call(stage, h, failed)
			r.told = true
		default:
			r.late(stage, h)
		}
	}
}

// hop replays one hop of the chain, and tells whether it goes on. The first is the
// vendor's, the last that leads to the redirect URI too, and both are left to the
// sandbox; those between are the carrier's.
func (r *replay) hop(i int, h trace.Hop, last bool) bool {
	opens, end := i == 0, r.trace.End
	handed := end.Kind == trace.EndCallback || end.Kind == trace.EndAnswer || end.Kind == trace.EndDenied && redirects(h.Status)
	cause := r.stopped(h, last)
	switch {
	case cause != "" && r.instead("authorize", cause, fmt.Sprintf("hop %d", h.N)):
		return false
	case h.Status == 0:
		r.unreached(h)
		return false
	case last && handed:
		r.arrived = true
		r.late(map[bool]sandbox.Stage{false: sandbox.StageCallback, true: sandbox.StageHandover}[r.silent], h)
	case opens && !last && h.Status == http.StatusFound:
		r.late(r.stage(opens, h), h)
	case !redirects(h.Status) || h.Location == "":
		r.page(r.stage(opens, h), h)
		r.told = r.told || last
	case last && !strings.HasPrefix(h.Location, "http"):
		r.unmet("the target of hop %d is without its parameters: %s", h.N, bare(h.Location))
		r.add(r.stage(opens, h), h, map[string]string{"Location": bare(h.Location)}, "")
	default:
		r.add(r.stage(opens, h), h, map[string]string{"Location": "{{next}}"}, "")
	}
	return true
}

// nowhere is an address of this machine where nobody listens.
const nowhere = "http://127.0.0.1:1/"

// unreached replays a hop whose host was not found or not reached: the one before leads to
// where nobody listens.
func (r *replay) unreached(h trace.Hop) {
	why := first(h.Error, r.trace.End.Reason, "the file does not say why")
	if h.N == r.trace.Chain()[0].N {
		r.unmet("hop %d had no answer: %s", h.N, why)
		return
	}
	r.unmet("hop %d had no answer (%s): a refused connection stands for it", h.N, why)
	if n := len(r.answers); n > 0 && r.answers[n-1].at == string(sandbox.StageCarrier) {
		r.answers[n-1].headers["Location"] = nowhere
		return
	}
	r.add(r.stage(true, h), trace.Hop{Method: h.Method, URL: h.URL, Status: http.StatusFound}, map[string]string{"Location": nowhere}, "")
}

// late keeps how long a request took that the sandbox answers itself.
func (r *replay) late(stage sandbox.Stage, h trace.Hop) {
	if d := delayOf(h); d > 0 {
		r.delays[stage] = d
	}
}

// delayOf is how long a slow hop waited; 0 for one that was not slow.
func delayOf(h trace.Hop) time.Duration {
	if h.Total < noticeable {
		return 0
	}
	return min(h.Total.Round(noticeable/10), sandbox.MaxDelay)
}

// stage is whose hop it is: the vendor's are where it begins, and where the carrier sends the device back to.
func (r *replay) stage(opens bool, h trace.Hop) sandbox.Stage {
	begun, _ := url.Parse(r.trace.Chain()[0].URL)
	switch {
	case !opens && r.silent && strings.Contains(h.URL, "/v2/verify/"):
		return sandbox.StageHandover
	case !opens && begun != nil && bare(h.URL) == begun.Query().Get("redirect_uri"):
		return sandbox.StageCallback
	case !opens:
		return sandbox.StageCarrier
	case r.silent:
		return sandbox.StageCheckURL
	default:
		return sandbox.StageAuthorize
	}
}

// instead takes the fault that stands for a cause at a step, if there is one.
func (r *replay) instead(step, cause, what string) bool {
	fault := r.standIn(step, cause)
	if fault == "" {
		return false
	}
	r.faults, r.told = append(r.faults, fault), true
	where := ""
	if stageOf(fault) == sandbox.StageCarrier {
		where = ", at the carrier's first hop"
		r.answers = slices.DeleteFunc(r.answers, func(x replayed) bool { return x.at == string(sandbox.StageCarrier) })
	}
	r.lose("%s itself: the fault %s stands for it%s", what, fault, where)
	return true
}

// ended takes the fault of a callback that brought something else than a code and the
// state, and says what the scenario has nothing of.
func (r *replay) ended(failed trace.Failure) {
	code := r.trace.End.Code
	came := r.arrived && len(r.faults) == 0
	switch {
	case came && failed.Step == "authorize" && r.instead("authorize", failed.Cause, "the callback"):
	case came && !r.silent && r.instead("authorize", r.callbackCause(), "the callback"):
	case came && r.trace.End.Kind == trace.EndDenied && code != "" && !r.silent:
		r.denied(code)
	case r.told:
	case failed.Step != "":
		r.unmet("that %s failed: %s", failed.Step, first(failed.Cause, failed.Code, failed.Kind, "the file does not say why"))
	case came && !slices.ContainsFunc(r.trace.Hops, func(h trace.Hop) bool { return h.Step == "exchange" || h.Step == "verify" }):
		r.lose("what followed the callback: the file ends there")
	}
}

// callbackCause is what is wrong with a callback that lacks its state, or brings code and
// error; empty for nothing.
func (r *replay) callbackCause() string {
	i := slices.IndexFunc(r.trace.Hops, func(h trace.Hop) bool { return h.Role == trace.RoleCallback })
	if i < 0 {
		return ""
	}
	u, err := url.Parse(r.trace.Hops[i].URL)
	if err != nil {
		return ""
	}
	switch q := u.Query(); {
	case q.Has("code") && q.Has("error"):
		return "callback-contradicts"
	case q.Has("code") && !q.Has("state"):
		return "state-lost"
	}
	return ""
}

// denied takes the fault that hands the error over, where one does.
func (r *replay) denied(code string) {
	name := dashed(code)
	for _, fault := range []string{name, "callback-" + name} {
		if slices.Contains(faultNames(), fault) {
			r.faults = append(r.faults, fault)
			return
		}
	}
	r.unmet("the error %s at the redirect URI", code)
}

func (r *replay) add(stage sandbox.Stage, h trace.Hop, headers map[string]string, body string) {
	if h.Status < http.StatusOK || h.Status > lastStatus {
		r.lose("the status %d of hop %d, which is none: 502 stands for it", h.Status, h.N)
		h.Status = http.StatusBadGateway
	}
	r.answers = append(r.answers, replayed{string(stage), h.Method + " " + bare(h.URL), delayOf(h), h.Status, headers, body})
}

// bare is a URL without its query and fragment.
func bare(raw string) string {
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		return raw[:i]
	}
	return raw
}

// apiOf is the API that a chain is of.
func (r *replay) apiOf() vnv.API {
	if r.silent {
		return vnv.SilentAuth
	}
	return vnv.NumberVerification
}
