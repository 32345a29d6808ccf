package cli

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// judge names what most likely caused an error. What the command has observed besides
// is asked for only now: a run that succeeds pays nothing for it.
func (a *app) judge(err error, e *vnv.Error) []verdict.Candidate {
	var o verdict.Observation
	if a.facts.scene != nil {
		o = a.facts.scene()
	}
	o.Err, o.Skew, o.Issuer = e, a.facts.skew, issuerName(err)
	o.End, o.Said = chainEnd(err, o.End)
	if c, ok := errors.AsType[*callback.Error](err); ok {
		o.Seen = map[string]int{}
		for reason, n := range c.Ignored {
			o.Seen[string(reason)] = n
		}
		o.CalledAt = first(a.mask.URL(c.At), o.CalledAt)
		if c.Reason == callback.ReasonState {
			o.State = map[bool]string{true: "other", false: "missing"}[c.Foreign]
		}
	}
	causes := verdict.Judge(o)
	for i := range causes {
		for j, evidence := range causes[i].Evidence {
			causes[i].Evidence[j].Text = a.mask.Text(evidence.Text)
		}
	}
	return causes
}

// chainEnd is how the chain or the wait ended, as the error tells it, and the far
// side's own sentence.
func chainEnd(err error, end trace.End) (trace.End, string) {
	if e, ok := errors.AsType[*follow.Error](err); ok {
		return trace.End{
			Kind: trace.EndStopped, Hop: e.Hop, Status: e.Status, ContentType: e.ContentType, Title: e.Title, Code: e.Code, Reason: string(e.Reason),
		}, wordsOf(e)
	}
	if e, ok := errors.AsType[*callback.Error](err); ok {
		return trace.End{Kind: trace.EndCallback, Code: e.Name, Reason: string(e.Reason)}, e.Description
	}
	return end, ""
}

// wordsOf is what the far side said in JSON; other details are this side's.
func wordsOf(e *follow.Error) string {
	if e.Reason == follow.ReasonOAuth {
		return e.Detail
	}
	return ""
}

// issuerName is who issued the certificate that nobody here trusts.
func issuerName(err error) string {
	return strings.TrimSuffix(strings.TrimPrefix(issuerOf(err), " (issuer: "), ")")
}

// scene is what a flow leaves behind for the verdict.
func (r *stepRun) scene(f *flow.Flow, out flow.Outcome, began flow.Session) func() verdict.Observation {
	return func() verdict.Observation {
		s := out.Session
		o := verdict.Observation{
			Command: r.cmd.Name(),
			Trace:   &trace.Trace{Hops: out.Hops},
			API:     f.API.Name,
			AppID:   r.facts.appID,
			Key:     r.facts.key,
			Sandbox: r.flags.sandbox,
			Local:   loopbackURL(s.APIHost),
			Vendor:  r.flags.sandbox || s.APIHost == f.API.BaseURL,
			Phone:   shownPhone(s.Phone),
			Client:  r.config.text("as"),
			Virtual: strings.HasPrefix(string(s.Phone), "+990") && strings.HasSuffix(string(s.Phone), "99"),

			RedirectURI:     r.mask.URL(s.RedirectURI),
			Registered:      r.registered(f, out),
			CalledAt:        r.calledAt(f, out),
			Ours:            flow.Ours(s.RedirectURI, f.Listen),
			RequiresCarrier: s.RequiresCarrierNetwork != nil && *s.RequiresCarrierNetwork,

			Spent: spentBefore(began),
			Hosts: hostsOf(f),
			Proxy: proxyOf(f),
		}
		if chain := o.Trace.Chain(); len(chain) > 0 {
			o.Trace.Findings = trace.Analyse(out.Hops, trace.AnalyseOptions{Mask: r.mask, RedirectURI: s.RedirectURI, State: s.State.Reveal()}).Findings
		}
		if f.Device != nil {
			device, _ := f.Device(began)
			o.Device = string(device)
		}
		r.times(&o, s)
		r.interfacesSeen(&o, s)
		return o
	}
}

// registered is the redirect URI in the dashboard, as far as it is known: the sandbox
// took ours, and the settings that the application comes from may name another than the
// flags do. Verify takes one with each request. It is masked, as what it is compared with.
func (r *stepRun) registered(f *flow.Flow, out flow.Outcome) string {
	switch ours := out.Session.RedirectURI; {
	case f.API.Name != vnv.NumberVerification.Name:
		return ""
	case r.flags.sandbox:
		return r.mask.URL(ours)
	case r.facts.registered != ours:
		return r.mask.URL(r.facts.registered)
	}
	return "" // who says so is the one who would be wrong
}

// calledAt is where the callback with this attempt's state went: a redirect of the chain led there, or a device
// brought it. Only the registered redirect URI is told the state.
func (r *stepRun) calledAt(f *flow.Flow, out flow.Outcome) string {
	if f.API.Name != vnv.NumberVerification.Name {
		return ""
	}
	at := callbackTo(out.Hops, r.mask.Text(out.Session.State.Reveal()))
	if at == "" && r.took != nil {
		at = r.mask.URL(r.took.URI)
	}
	if ours := r.mask.URL(out.Session.RedirectURI); follow.SameURI(at, ours) {
		return ours
	}
	return at
}

// callbackTo is where a chain last led with a state and an answer.
func callbackTo(hops []trace.Hop, state string) (at string) {
	for _, h := range (&trace.Trace{Hops: hops}).Chain() {
		for _, raw := range []string{h.URL, h.Location} {
			u, err := url.Parse(raw)
			if err != nil || state == "" || u.Host == "" || u.Query().Get("state") != state || !u.Query().Has("code") && !u.Query().Has("error") {
				continue
			}
			at, _, _ = strings.Cut(raw, "?")
		}
	}
	return at
}

// times are how long the code and the token waited.
func (r *stepRun) times(o *verdict.Observation, s flow.Session) {
	at := map[string]time.Time{}
	for _, h := range o.Trace.Hops {
		at[h.Step] = h.Start
	}
	exchange, verify, chain := at[string(vnv.OpExchange)], at[string(vnv.OpVerify)], at[string(vnv.OpAuthorize)]
	if !exchange.IsZero() && !chain.IsZero() {
		o.Waited = exchange.Sub(chain)
	}
	if s.ExpiresAt.IsZero() {
		return
	}
	if !exchange.IsZero() {
		o.Life, o.Age = s.ExpiresAt.Sub(exchange).Round(time.Second), max(0, verify.Sub(exchange))
	}
	if !verify.IsZero() {
		o.Late = max(0, verify.Sub(s.ExpiresAt))
	}
}

// interfacesSeen looks for a cellular interface, where that could have mattered: vnv
// itself asked a host that is not on this machine.
func (r *stepRun) interfacesSeen(o *verdict.Observation, s flow.Session) {
	if o.Device != string(flow.DeviceFollow) || o.Sandbox || loopbackURL(s.APIHost) {
		return
	}
	rows, err := r.listInterfaces()
	if err != nil {
		return
	}
	for _, row := range rows {
		if row.Cellular {
			o.LooksCellular = append(o.LooksCellular, row.Name)
		}
	}
	o.NoCellular = len(o.LooksCellular) == 0
}

// spentBefore tells whether a session came with a note that its code or token had left.
func spentBefore(s flow.Session) bool {
	_, exchanged := s.Attempts[vnv.OpExchange]
	_, verified := s.Attempts[vnv.OpVerify]
	return s.Code != "" && exchanged || s.AccessToken != "" && verified
}

// hostsOf are the hosts of a flow's steps, each once.
func hostsOf(f *flow.Flow) []string {
	client := vnv.Client{API: f.API, BaseURL: f.BaseURL, URLs: f.URLs}
	var hosts []string
	for _, op := range flow.Steps(f.API) {
		raw, err := client.URL(op)
		if err != nil {
			continue
		}
		if u, err := url.Parse(raw); err == nil && u.Host != "" && !slices.Contains(hosts, u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	return hosts
}

// proxyOf is the proxy that the API calls go by, without its credentials.
func proxyOf(f *flow.Flow) string {
	target, err := url.Parse(first(f.BaseURL, f.API.BaseURL))
	if err != nil || f.Net.Proxy == nil {
		return ""
	}
	if u, err := f.Net.Proxy(target); err == nil && u != nil {
		return u.Host
	}
	return ""
}

// shownPhone is a number as commands show it: its country, and no more.
func shownPhone(p vnv.Phone) string {
	country, _, hidden := strings.Cut(p.Masked(), "•")
	if !hidden {
		return ""
	}
	return country + "…"
}

// sceneOf is what a chain alone leaves behind.
func sceneOf(t *trace.Trace, o follow.Options) func() verdict.Observation {
	return func() verdict.Observation {
		return verdict.Observation{Command: "trace", Trace: t, Device: string(flow.DeviceFollow), RedirectURI: o.RedirectURI, Client: o.As}
	}
}
