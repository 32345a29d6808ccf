package cli

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// replay is what a saved chain becomes: answers in the place of the sandbox's own, the
// faults that a recorded answer cannot say, and what is lost.
type replay struct {
	trace   *trace.Trace
	silent  bool // of the Verify API
	answers []replayed
	faults  []string
	lost    []string
}

type replayed struct {
	at, was string
	status  int
	headers map[string]string
	body    string
}

// standIns are faults for ends that are no answer, by how the chain ended: why it went
// no further, or where the request stood that had no answer.
var standIns = map[string]string{
	"loop": "loop", "too-many": "endless", "forbidden-address": "private-address", "cleartext-secret": "cleartext-code",
	"tls": "tls-failure", "answer": "slow-hop", "timeout": "slow-hop", "body": "reset",
}

// stepStages are the stages of the calls of the API, by the step and the API.
var stepStages = map[bool]map[string]sandbox.Stage{
	false: {"enable": sandbox.StageEnable, "exchange": sandbox.StageToken, "verify": sandbox.StageVerify},
	true:  {"enable": sandbox.StageStart, "verify": sandbox.StageCheck},
}

// noticeable is how slow a hop must have been to be told.
const noticeable = 1e9 // one second

// lastStatus is the last that an answer can have.
const lastStatus = 599

func newReplay(t *trace.Trace) *replay {
	r := &replay{trace: t}
	r.silent = slices.ContainsFunc(t.Hops, func(h trace.Hop) bool { return strings.Contains(h.URL, "/v2/verify") })
	r.calls()
	chain := slices.DeleteFunc(t.Chain(), func(h trace.Hop) bool { return h.Role == trace.RoleCallback })
	for i, h := range chain {
		r.hop(i, h, i == len(chain)-1)
	}
	r.denied()
	for _, h := range t.Hops {
		if h.Total >= noticeable {
			r.lose("hop %d took %s: give the scenario a delay, if that matters", h.N, h.Total.Round(noticeable/10))
		}
	}
	return r
}

func (r *replay) lose(format string, args ...any) {
	r.lost = append(r.lost, fmt.Sprintf(format, args...))
}

// calls replays the answers of the API that were errors; the others come from the
// sandbox, which knows the code and token of the new flow.
func (r *replay) calls() {
	for _, h := range r.trace.Hops {
		stage, ok := stepStages[r.silent][h.Step]
		if !ok || h.Status == http.StatusOK || h.Status == http.StatusAccepted {
			continue
		}
		if h.Status < http.StatusOK {
			r.lose("%s had no answer: %s", h.Step, h.Error)
			continue
		}
		r.lose("the body of the answer of %s, which a saved chain does not hold", h.Step)
		r.add(stage, h, map[string]string{"Content-Type": "application/json"}, "{}")
	}
}

// hop replays one hop of the chain. The first is the vendor's, the last that leads to
// the redirect URI too, and both are left to the sandbox; those between are the carrier's.
func (r *replay) hop(i int, h trace.Hop, last bool) {
	opens, end := i == 0, r.trace.End
	arrived := last && (end.Kind == trace.EndCallback || end.Kind == trace.EndDenied && h.Status != 0 && redirects(h.Status))
	switch {
	case arrived, opens && !last && h.Status == http.StatusFound:
		return
	case h.Status == 0, last && standIns[end.Reason] != "":
		r.standIn(h)
	case !redirects(h.Status) || h.Location == "":
		r.page(r.stage(opens), h)
	case last && !strings.HasPrefix(h.Location, "http"):
		r.lose("the target of hop %d is without its parameters: %s", h.N, bare(h.Location))
		r.add(r.stage(opens), h, map[string]string{"Location": bare(h.Location)}, "")
	default:
		r.add(r.stage(opens), h, map[string]string{"Location": "{{next}}"}, "")
	}
}

func (r *replay) stage(opens bool) sandbox.Stage {
	switch {
	case !opens:
		return sandbox.StageCarrier
	case r.silent:
		return sandbox.StageCheckURL
	default:
		return sandbox.StageAuthorize
	}
}

// page replays an answer that leads nowhere: of a page its title is known, of JSON the
// name of its error.
func (r *replay) page(stage sandbox.Stage, h trace.Hop) {
	kind, body := h.ContentType, ""
	switch {
	case kind == "text/html":
		body = "<!DOCTYPE html><title>" + html.EscapeString(h.Title) + "</title>"
		r.lose("the page of hop %d, but for its title", h.N)
	case strings.Contains(kind, "json"):
		text, _ := json.Marshal(map[string]string{"error": first(r.trace.End.Code, "unknown")}) //nolint:errchkjson // strings always marshal
		body = string(text)
		r.lose("the JSON of hop %d, but for its error", h.N)
	}
	headers := map[string]string{}
	if kind != "" {
		headers["Content-Type"] = kind
	}
	r.add(stage, h, headers, body)
}

// standIn takes the fault that is most like an end without an answer.
func (r *replay) standIn(h trace.Hop) {
	end := r.trace.End
	fault := first(standIns[end.Reason], standIns[h.Phase])
	if fault == "" {
		r.lose("hop %d had no answer: %s", h.N, first(h.Error, end.Reason, "the file does not say why"))
		return
	}
	r.lose("hop %d itself: the fault %s stands for it, at the carrier's first hop", h.N, fault)
	r.faults = append(r.faults, fault)
	r.answers = slices.DeleteFunc(r.answers, func(x replayed) bool { return x.at == string(sandbox.StageCarrier) })
}

// denied takes the fault that hands the error over, where one does.
func (r *replay) denied() {
	end := r.trace.End
	if end.Kind != trace.EndDenied || end.Code == "" || r.silent {
		return
	}
	name := dashed(end.Code)
	for _, fault := range []string{name, "callback-" + name} {
		if slices.Contains(faultNames(), fault) {
			r.faults = append(r.faults, fault)
			return
		}
	}
	r.lose("the error %s at the redirect URI", end.Code)
}

func (r *replay) add(stage sandbox.Stage, h trace.Hop, headers map[string]string, body string) {
	if h.Status < http.StatusOK || h.Status > lastStatus {
		r.lose("the status %d of hop %d, which is none: 502 stands for it", h.Status, h.N)
		h.Status = http.StatusBadGateway
	}
	r.answers = append(r.answers, replayed{string(stage), h.Method + " " + bare(h.URL), h.Status, headers, body})
}

// bare is a URL without its query and fragment.
func bare(raw string) string {
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		return raw[:i]
	}
	return raw
}
