package render_test

import (
	"bytes"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

var update = flag.Bool("update", false, "rewrite the golden files; read the diff")

// golden compares got with a file, whole.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "testdata", "golden", "render", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-update rewrites it): %s", name, diff)
	}
}

var (
	carrier, verified = true, true

	session = flow.Session{
		API: "number-verification", APIHost: "https://api-eu.vonage.com", ApplicationID: "5f0c1a9e-0000-4000-8000-000000000001",
		Phone: "+99012345678", RequiresCarrierNetwork: &carrier, State: "canary-state", Verified: &verified,
	}
	began = time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
)

// leg is what differs between two hops.
type leg struct {
	n                   int
	step                string
	status              int
	url, location, role string
}

func hop(l leg) flow.HopDone {
	n := l.n
	return flow.HopDone{Hop: trace.Hop{
		N: n, Step: l.step, Start: began, Method: "GET", URL: l.url, Status: l.status, Location: l.location, Role: l.role,
		Proto: "HTTP/1.1", RemoteAddr: "192.0.2.7:443", Connect: 12 * time.Millisecond, FirstByte: 99 * time.Millisecond,
		Total: time.Duration(n) * 111 * time.Millisecond, Reused: n > 1,
	}}
}

// chain is what authorize went through; every mark that a hop can bear is in it.
func chain() []flow.Event {
	cleartext := hop(leg{2, "authorize", 302, "http://he.carrier.example/enrich?session=session~1", "https://auth.carrier.example/session", trace.RoleCarrier})
	cleartext.Hop.Notes = []trace.Note{{Kind: "cleartext", Text: "plain http"}, {Kind: "cleartext", Text: "again"}}
	cleartext.Hop.Headers = map[string]string{"X-Correlator": "correlator~1", "X-Orange-Trace-Id": "trace~1"}
	cookie := hop(leg{3, "authorize", 302, "https://auth.carrier.example/session", "https://ui.idp.vonage.com/camara/oauth/callback?code=code~1", trace.RoleCarrier})
	cookie.Hop.CookiesSet = []string{"msisdn", "route"}
	cookie.Hop.DNS, cookie.Hop.TLS, cookie.Hop.TLSVersion, cookie.Hop.Reused = 9*time.Millisecond, 38*time.Millisecond, "TLS 1.3", false
	return []flow.Event{
		hop(leg{1, "authorize", 302, "https://api-eu.vonage.com/oauth2/auth?client_id=app&state=state~2", "http://he.carrier.example/enrich", trace.RoleIdentity}),
		cleartext,
		cookie,
		hop(leg{4, "authorize", 302, "https://ui.idp.vonage.com/camara/oauth/callback?code=code~1", "http://127.0.0.1:41902/callback?code=code~2&state=state~1", trace.RoleIdentity}),
		hop(leg{5, "authorize", 200, "http://127.0.0.1:41902/callback?code=code~2&state=state~1", "", trace.RoleCallback}),
	}
}

// events is one story in which everything happens that can.
func events() []flow.Event {
	return slices.Concat([]flow.Event{
		flow.Listening{Addrs: []string{"127.0.0.1:41902", "[::1]:41902"}, RedirectURI: "http://localhost:41902/callback"},
		flow.StepStarted{Step: vnv.OpJWT},
		flow.StepDone{Step: vnv.OpJWT, Took: time.Millisecond, Session: session, Lifetime: 15 * time.Minute},
		flow.StepStarted{Step: vnv.OpEnable},
		hop(leg{1, "enable", 200, "https://api-eu.vonage.com/v0.1/network-enablement", "", trace.RoleVendor}),
		flow.Note{Step: vnv.OpEnable, Text: "the answer announces that this API goes on 30 Sep 2026: \x1b[31mremote\u202e, for +99012345678 and canary-state"},
		flow.StepDone{Step: vnv.OpEnable, Took: 212 * time.Millisecond, Session: session},
		flow.StepStarted{Step: vnv.OpAuthorize},
		flow.AuthURL{URL: "https://api-eu.vonage.com/oauth2/auth?client_id=app&state=v2", Device: flow.DeviceBrowser, RequiresCarrier: true, RedirectURI: "http://localhost:41902/callback", Ours: true},
		flow.Ignored{Callback: callback.Ignored{Reason: callback.ReasonPath, Count: 1}},
		flow.Ignored{Callback: callback.Ignored{Reason: callback.ReasonErrorWithoutState, Count: 1, ErrorName: "access_denied"}},
	}, chain(), []flow.Event{
		flow.CallbackReceived{Via: callback.ViaHTTP},
		flow.StepDone{Step: vnv.OpAuthorize, Took: 1900 * time.Millisecond, Session: session, Redirects: 4},
		flow.StepStarted{Step: vnv.OpExchange},
		hop(leg{1, "exchange", 200, "https://api-eu.vonage.com/oauth2/token", "", trace.RoleVendor}),
		flow.StepDone{Step: vnv.OpExchange, Took: 90 * time.Millisecond, Session: session, Lifetime: time.Hour},
		flow.StepStarted{Step: vnv.OpVerify},
		hop(leg{1, "verify", 200, "https://api-eu.vonage.com/camara/number-verification/v031/verify", "", trace.RoleVendor}),
		flow.StepDone{Step: vnv.OpVerify, Took: 101 * time.Second, Session: session},
	})
}

// failing is a story that ends at a page in place of a redirect.
func failing() []flow.Event {
	page := hop(leg{2, "authorize", 200, "https://login.carrier.example/signin", "", trace.RoleCarrier})
	page.Hop.ContentType = "text/html"
	page.Hop.Notes = []trace.Note{{Kind: "page", Text: "a page"}}
	broken := hop(leg{3, "authorize", 0, "https://gone.carrier.example/", "", trace.RoleCarrier})
	broken.Hop.Error = "resolving the name: no such host, and this is a long sentence that must be wrapped below its hop"
	return []flow.Event{
		flow.StepStarted{Step: vnv.OpJWT},
		flow.StepDone{Step: vnv.OpJWT, Took: 100 * time.Microsecond, Session: session, Lifetime: 15 * time.Minute},
		flow.StepStarted{Step: vnv.OpAuthorize},
		hop(leg{1, "authorize", 302, "https://api-eu.vonage.com/oauth2/auth?client_id=app&state=state~2", "https://login.carrier.example/signin", trace.RoleVendor}),
		page, broken,
		flow.StepFailed{Step: vnv.OpAuthorize, Took: 1900 * time.Millisecond, Err: &vnv.Error{
			Op: vnv.OpAuthorize, Kind: vnv.KindRedirect,
			Err: &follow.Error{Hop: 2, Reason: follow.ReasonPage, URL: "https://login.carrier.example/signin", Status: 200, Title: "Sign in to My Carrier"},
		}},
	}
}

// mask knows what the story must not show.
func mask() *trace.Mask {
	m := &trace.Mask{}
	m.Know("state", "canary-state", "")
	m.Know("phone", "+99012345678", vnv.Phone("+99012345678").Masked())
	return m
}

func TestStory(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		story  *render.Story
		events []flow.Event
	}{
		"story-40":      {&render.Story{Style: render.Style{Unicode: true, Columns: 40}, Hops: true}, events()},
		"story-80":      {&render.Story{Style: render.Style{Unicode: true, Columns: 80}, Hops: true}, events()},
		"story-100":     {&render.Story{Style: render.Style{Unicode: true, Columns: 100}, Hops: true}, events()},
		"story-no-hops": {&render.Story{Style: render.Style{Unicode: true, Columns: 80}}, events()},
		"story-trace":   {&render.Story{Style: render.Style{Unicode: true, Columns: 80}, Trace: true}, events()},
		"story-verbose": {&render.Story{Style: render.Style{Unicode: true, Columns: 80}, Verbose: true}, events()},
		"story-ascii":   {&render.Story{Style: render.Style{Columns: 80}, Hops: true, Trace: true, Verbose: true}, events()},
		"story-color":   {&render.Story{Style: render.Style{Unicode: true, Color: true, Columns: 80}, Hops: true, Live: true, Pastes: true}, events()},
		"failure-80":    {&render.Story{Style: render.Style{Unicode: true, Columns: 80}}, failing()},
		"failure-40":    {&render.Story{Style: render.Style{Unicode: true, Columns: 40}}, failing()},
		"failure-ascii": {&render.Story{Style: render.Style{Columns: 80}}, failing()},
		"failure-color": {&render.Story{Style: render.Style{Unicode: true, Color: true, Columns: 80}}, failing()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			s := c.story
			s.W, s.Mask = &out, mask()
			for _, e := range c.events {
				s.Sink(e)
			}
			s.Close()
			if s.Failed() != strings.HasPrefix(name, "failure") {
				t.Errorf("failed: %v", s.Failed())
			}
			checkClean(t, out.String(), s.Style)
			golden(t, name+".txt", out.String())
		})
	}
}

// checkClean: no secret, nothing wider than the screen but URLs, no byte that a
// terminal obeys but our own.
func checkClean(t *testing.T, text string, s render.Style) {
	t.Helper()
	if strings.Contains(text, "canary") || strings.Contains(text, "12345678") && !strings.Contains(text, "•") && !strings.Contains(text, "*") {
		t.Error("a secret is shown")
	}
	if !s.Color && strings.Contains(text, "\x1b") {
		t.Error("an escape sequence without colour")
	}
	if strings.ContainsRune(text, '\u202e') {
		t.Error("a bidi mark is shown raw")
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); !s.Color && len([]rune(line)) > s.Columns && !strings.Contains(line, "://") {
			t.Errorf("%d columns on %d: %s", len([]rune(line)), s.Columns, line)
		}
		for _, r := range line {
			if !s.Unicode && r > '~' {
				t.Errorf("%q is not ASCII: %s", r, line)
			}
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := &render.Lines{W: &out, Mask: mask()}
	for _, e := range slices.Concat(events(), failing()) {
		before := strings.Count(out.String(), "\n")
		l.Sink(e)
		if after := strings.Count(out.String(), "\n"); after != before+1 {
			t.Errorf("%T became %d lines", e, after-before)
		}
	}
	l.Result(map[string]bool{"verified": true})
	l.Failed(failure)
	if strings.Contains(out.String(), "canary") || strings.ContainsAny(out.String(), "\x1b\u202e") || l.Err() != nil {
		t.Errorf("unclean, or %v", l.Err())
	}
	golden(t, "events.ndjson", out.String())
}

// Every event is in the stories above: a new one must be told somehow.
func TestEveryEvent(t *testing.T) {
	t.Parallel()
	told := map[string]bool{}
	for _, e := range slices.Concat(events(), failing()) {
		told[reflect.TypeOf(e).Name()] = true
	}
	f, err := parser.ParseFile(token.NewFileSet(), "../../../pkg/flow/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "event" || fn.Recv == nil {
			continue
		}
		found++
		if id, ok := fn.Recv.List[0].Type.(*ast.Ident); !ok || !told[id.Name] {
			t.Errorf("no story tells of %v", fn.Recv.List[0].Type)
		}
	}
	if found < len(told) {
		t.Errorf("%d events in event.go, %d told", found, len(told))
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// The first error of writing an answer is kept; a story that cannot be told stops nothing.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	l := &render.Lines{W: fullDisk{}, Mask: mask()}
	s := &render.Story{W: fullDisk{}, Mask: mask()}
	for _, e := range events() {
		l.Sink(e)
		s.Sink(e)
	}
	if l.Err() == nil || l.Err().Error() != "no space left on device" {
		t.Errorf("got %v", l.Err())
	}
}
