package follow

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// recorded is the chain of a case as our own follower records it, saved and loaded.
func recorded(t *testing.T, w *world, as string, o Options) *trace.Trace {
	t.Helper()
	o.MaxHops = 99
	res, failed := w.be(as, o)
	var err error
	if failed != nil {
		err = failed
	}
	end := EndOf(res, err)
	saved, err := json.Marshal(trace.Analyse(w.recorder.Hops(), trace.AnalyseOptions{Mask: w.recorder.Mask, RedirectURI: redirect, End: end}))
	if err != nil {
		t.Fatal(err)
	}
	var loaded trace.Trace
	if err := json.Unmarshal(saved, &loaded); err != nil {
		t.Fatal(err)
	}
	return &loaded
}

// TestJudgeAsFollowed: what a client is judged to do on a saved chain is what following as that
// client does, unless the verdict says that the record does not tell.
func TestJudgeAsFollowed(t *testing.T) {
	t.Parallel()
	for _, c := range breaks {
		client, ok := ClientNamed(c.as)
		if !ok || c.apart || c.opts.MaxHops != 0 || c.opts.RedirectURI != "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := client.Judge(recorded(t, newWorld(t, c.routes), "", c.opts))
			if v.Client != c.as || v.Unsure && v.Note == "" {
				t.Errorf("verdict %+v", v)
			}
			switch {
			case v.Unsure:
				if c.rule != "" && c.rule != RuleCookies && v.Rule != RuleCookies {
					t.Errorf("not sure, though it breaks %s: %+v", c.rule, v)
				}
			case c.reason == "" && !v.Through:
				t.Errorf("it gets through, and is judged %+v", v)
			case c.rule != "" && (v.Through || v.Rule != c.rule || v.Code != c.code || v.Hop != c.hop):
				t.Errorf("judged %+v\nwant %s, %q at hop %d", v, c.rule, c.code, c.hop)
			}
		})
	}
}

// hop is a good hop of a chain, but for what change does to it.
func hop(n int, url, location string, change func(*trace.Hop)) trace.Hop {
	h := trace.Hop{N: n, Step: "authorize", URL: url, Location: location, Status: 302, TLSVersion: "TLS 1.2", Total: time.Second}
	if change != nil {
		change(&h)
	}
	return h
}

const (
	aURL  = "https://a.example/"
	cbURL = "https://app.example/cb?code=code~1"
)

// records are chains that only a record can hold, and what clients are judged to do on them:
// Through, Unsure, Hop, Rule and Code.
var records = map[string]struct {
	hops []trace.Hop
	end  trace.End
	want map[string]Verdict // by client: Through, Unsure, Hop, Rule, Code
}{
	"all well": {[]trace.Hop{hop(1, aURL, cbURL, nil)}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{
		"android": {Through: true}, "ios": {Through: true}, "browser": {Through: true}, "curl": {Through: true}, "go": {Through: true},
	}},
	"an error for the app is through": {[]trace.Hop{hop(1, aURL, cbURL, nil)}, trace.End{Kind: trace.EndDenied}, map[string]Verdict{"android": {Through: true}}},
	"old TLS": {[]trace.Hop{hop(1, aURL, cbURL, func(h *trace.Hop) { h.TLSVersion = "TLS 1.1" })}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{
		"android": {Hop: 1, Rule: RuleTLS, Code: "sdk_connection_error"}, "curl": {Hop: 1, Rule: RuleTLS, Code: "exit 35"},
	}},
	"new TLS": {[]trace.Hop{hop(1, aURL, cbURL, func(h *trace.Hop) { h.TLSVersion = "TLS 1.3" })}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{
		"android": {Through: true}, "ios": {Through: true},
	}},
	"a slow hop": {[]trace.Hop{hop(1, aURL, cbURL, func(h *trace.Hop) { h.Total = 6 * time.Second })}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{
		"android": {Through: true}, "ios": {Hop: 1, Rule: RuleHopTime, Code: "sdk_connection_error"}, "curl": {Through: true},
	}},
	"a slow chain": {[]trace.Hop{hop(1, aURL, aURL, func(h *trace.Hop) { h.Total = 16 * time.Second }), hop(2, aURL, cbURL, func(h *trace.Hop) { h.Total = 16 * time.Second })}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{
		"android": {Hop: 2, Rule: RuleTime, Code: "sdk_connection_error"}, "browser": {Through: true},
	}},
	"a slow connection": {[]trace.Hop{hop(1, aURL, cbURL, func(h *trace.Hop) { h.Connect = 6 * time.Second })}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{
		"android": {Hop: 1, Rule: RuleConnect, Code: "sdk_connection_error"}, "go": {Through: true},
	}},
	"no answer": {[]trace.Hop{hop(1, aURL, "", func(h *trace.Hop) { h.Status, h.Phase = 0, trace.PhaseDNS })}, trace.End{Kind: trace.EndFailed}, map[string]Verdict{
		"android": {Hop: 1, Rule: RuleDNS, Code: "sdk_connection_error"}, "curl": {Hop: 1, Rule: RuleDNS, Code: "exit 6"},
	}},
	"cookies": {[]trace.Hop{
		hop(1, aURL, aURL, func(h *trace.Hop) { h.CookiesSet = []string{"sid"} }), hop(2, aURL, cbURL, func(h *trace.Hop) { h.CookiesSent = []string{"sid"} }),
	}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{"android": {Through: true}, "curl": {Through: true, Unsure: true, Hop: 2, Rule: RuleCookies}}},
	"the caller's own cookies": {[]trace.Hop{hop(1, aURL, cbURL, func(h *trace.Hop) { h.CookiesSent = []string{"mine"} })}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{"curl": {Through: true}}},
	"cleartext begins it": {[]trace.Hop{hop(1, "http://a.example/", cbURL, nil)}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{
		"android": {Hop: 1, Rule: RuleScheme, Code: "sdk_connection_error"}, "ios": {Through: true},
	}},
	"loopback from https": {[]trace.Hop{hop(1, aURL, "http://127.0.0.1:8787/cb", nil)}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{
		"android": {Hop: 1, Rule: RuleDowngrade, Code: "http_status: 302"}, "ios": {Through: true},
	}},
	"a loop": {[]trace.Hop{hop(1, aURL, aURL, nil)}, trace.End{Kind: trace.EndStopped, Reason: "loop"}, map[string]Verdict{
		"android": {Hop: 1, Rule: RuleRedirects, Code: "sdk_redirect_error"}, "curl": {Hop: 1, Rule: RuleRedirects, Code: "exit 47"},
	}},
	"a secret over plain http": {[]trace.Hop{hop(1, aURL, "http://b.example/?code=code~1", nil)}, trace.End{Kind: trace.EndStopped, Reason: string(ReasonCleartext)}, map[string]Verdict{
		"android": {Hop: 1, Rule: RuleDowngrade, Code: "http_status: 302"}, "ios": {Through: true, Unsure: true, Hop: 1},
	}},
	"metadata": {[]trace.Hop{hop(1, aURL, "https://169.254.169.254/", nil)}, trace.End{Kind: trace.EndStopped, Reason: string(ReasonAddress)}, map[string]Verdict{
		"ios": {Hop: 1, Rule: RuleConnection, Code: "sdk_connection_error"}, "browser": {Hop: 1, Rule: RuleConnection, Code: "ERR_CONNECTION_FAILED"}, "curl": {Hop: 1, Rule: RuleConnection, Code: "exit 7"},
	}},
	"the device itself": {[]trace.Hop{hop(1, aURL, "https://localhost/", nil)}, trace.End{Kind: trace.EndStopped, Reason: string(ReasonAddress)}, map[string]Verdict{
		"ios": {Through: true, Unsure: true, Hop: 1},
	}},
	"a name that was refused": {[]trace.Hop{hop(1, aURL, "https://inside.example/", nil)}, trace.End{Kind: trace.EndStopped, Reason: string(ReasonAddress)}, map[string]Verdict{
		"ios": {Through: true, Unsure: true, Hop: 1},
	}},
	"a bad port": {[]trace.Hop{hop(1, aURL, "https://b.example:99999/", nil)}, trace.End{Kind: trace.EndStopped, Reason: string(ReasonSyntax), Detail: badPort}, map[string]Verdict{
		"android": {Hop: 1, Rule: RuleLocation}, "browser": {Hop: 1, Rule: RuleLocation}, "go": {Hop: 1, Rule: RuleLocation},
	}},
	"unreadable": {[]trace.Hop{hop(1, aURL, "[hidden: unreadable URL]", nil)}, trace.End{Kind: trace.EndStopped, Reason: string(ReasonSyntax), Detail: badURL}, map[string]Verdict{
		"ios": {Hop: 1, Rule: RuleLocation},
	}},
	"a user in the URL": {[]trace.Hop{hop(1, aURL, "https://userinfo~1@b.example/", nil)}, trace.End{Kind: trace.EndStopped, Reason: string(ReasonSyntax), Detail: "a user name or password in the URL"}, map[string]Verdict{
		"browser": {Through: true, Unsure: true, Hop: 1, Rule: RuleLocation},
	}},
	"our own rule ended it": {[]trace.Hop{hop(1, aURL, "https://10.0.0.1/", nil)}, trace.End{Kind: trace.EndStopped, Reason: string(ReasonAddress)}, map[string]Verdict{
		"android": {Through: true, Unsure: true, Hop: 1},
	}},
	"a page that went on, as a browser recorded it": {[]trace.Hop{
		hop(1, aURL, "", func(h *trace.Hop) { h.Status, h.ContentType, h.Refresh = 200, "text/html", aURL }), hop(2, aURL, cbURL, nil),
	}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{"android": {Hop: 1, Rule: RuleRefresh, Code: "http_status: 200"}, "browser": {Through: true}}},
	"a script that went on": {[]trace.Hop{
		hop(1, aURL, "", func(h *trace.Hop) { h.Status, h.ContentType = 200, "text/html" }), hop(2, aURL, cbURL, nil),
	}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{"ios": {Hop: 1, Rule: RuleScript, Code: "http_status: 200"}, "browser": {Through: true}}},
	"a raw space": {[]trace.Hop{hop(1, aURL, "/x?q=a b", nil), hop(2, aURL, cbURL, nil)}, trace.End{Kind: trace.EndCallback}, map[string]Verdict{"go": {Hop: 1, Rule: RuleLocation, Code: "http_status: 400"}, "curl": {Through: true}}},
	"nothing":     {nil, trace.End{Kind: trace.EndNone}, map[string]Verdict{"go": {Unsure: true}}},
}

// TestJudge: what only a record can hold.
func TestJudge(t *testing.T) {
	t.Parallel()
	for name, c := range records {
		for as, want := range c.want {
			client, _ := ClientNamed(as)
			got := client.Judge(&trace.Trace{Hops: c.hops, End: c.end})
			if note := got.Note; (note == "") != (want.Through && !want.Unsure) && name != "new TLS" {
				t.Errorf("%s, %s: note %q", name, as, note)
			}
			want.Client, got.Note = as, ""
			if got != want {
				t.Errorf("%s: got %+v\nwant %+v", name, got, want)
			}
		}
	}
}

// TestJudgeSparesTheSandbox: plain http on loopback from the first hop on.
func TestJudgeSparesTheSandbox(t *testing.T) {
	t.Parallel()
	android, _ := ClientNamed("android")
	plain := []trace.Hop{
		{N: 1, Step: "enable", URL: "http://127.0.0.1:1/enable", Status: 200},
		hop(1, "http://127.0.0.1:1/auth", "http://127.0.0.1:1/b", nil), hop(2, "http://127.0.0.1:1/b", "http://localhost:2/cb", nil),
	}
	v := android.Judge(&trace.Trace{Hops: plain, End: trace.End{Kind: trace.EndCallback}})
	if !v.Through || v.Unsure || v.Note != "plain http on loopback is the sandbox's doing, and not held against it" {
		t.Errorf("got %+v", v)
	}
	plain[2].Location = "http://public.example/"
	if v = android.Judge(&trace.Trace{Hops: plain}); v.Through || v.Rule != RuleScheme || v.Hop != 2 {
		t.Errorf("got %+v", v)
	}
}
