package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	mathrand "math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

func TestStartRequests(t *testing.T) {
	t.Parallel()
	silent := func(more string) string {
		return `{"brand":"ACME","workflow":[{"channel":"silent_auth","to":"99012345678"` + more + `}]}`
	}
	for _, tt := range []struct {
		name, body string
		status     int
		says       string
	}{
		{"a + as in samples", `{"brand":"A","workflow":[{"channel":"silent_auth","to":"+99012345678"}]}`, 202, ""},
		{"everything", `{"brand":"ABCDEFGHIJKLMNOPQR","client_ref":"` + strings.Repeat("r", 40) + `","coverage_check":false,"locale":"en-gb","workflow":[{"channel":"silent_auth","to":"447700900000","redirect_url":"https://app.example/a?b=c","mode":"x"}]}`, 202, ""},
		{"umlauts count once", `{"brand":"ÄÖÜäöüÄÖÜäöüÄÖÜäöü","workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 202, ""},
		{"coverage_check of the channel", silent(`,"coverage_check":true`), 202, ""},
		{"an empty client_ref", `{"brand":"A","client_ref":"","workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 202, ""},
		{"no brand", `{"workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 422, `"name":"brand"`},
		{"a long brand", `{"brand":"ABCDEFGHIJKLMNOPQRS","workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 422, `"name":"brand"`},
		{"a brand with a URL", `{"brand":"a:b","workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 422, `"name":"brand"`},
		{"a brand that is a number", `{"brand":1,"workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 422, `"name":"brand"`},
		{"a brand in other case", `{"Brand":"A","workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 422, `"name":"brand"`},
		{"a line break in the brand", `{"brand":"a\nb","workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 422, `"name":"brand"`},
		{"a long client_ref", `{"brand":"A","client_ref":"` + strings.Repeat("r", 41) + `","workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 422, `"name":"client_ref"`},
		{"no workflow", `{"brand":"A"}`, 422, `"name":"workflow"`},
		{"an empty workflow", `{"brand":"A","workflow":[]}`, 422, `"name":"workflow"`},
		{"a workflow of strings", `{"brand":"A","workflow":["silent_auth"]}`, 422, `"name":"workflow"`},
		{"a null channel", `{"brand":"A","workflow":[null]}`, 422, `"name":"workflow[0].channel"`},
		{"two channels", `{"brand":"A","workflow":[{"channel":"silent_auth","to":"99012345678"},{"channel":"sms","to":"99012345678"}]}`, 422, `"name":"workflow"`},
		{"another channel", `{"brand":"A","workflow":[{"channel":"sms","to":"99012345678"}]}`, 422, `"name":"workflow[0].channel"`},
		{"no number", `{"brand":"A","workflow":[{"channel":"silent_auth"}]}`, 422, `"name":"workflow[0].to"`},
		{"a national number", `{"brand":"A","workflow":[{"channel":"silent_auth","to":"07700900000"}]}`, 422, `"name":"workflow[0].to"`},
		{"two +", `{"brand":"A","workflow":[{"channel":"silent_auth","to":"++99012345678"}]}`, 422, `"name":"workflow[0].to"`},
		{"a number as number", `{"brand":"A","workflow":[{"channel":"silent_auth","to":99012345678}]}`, 422, `"name":"to"`},
		{"a relative redirect_url", silent(`,"redirect_url":"/done"`), 422, `redirect_url"`},
		{"a redirect_url with a fragment", silent(`,"redirect_url":"https://app.example/#x"`), 422, `redirect_url"`},
		{"a redirect_url of another scheme", silent(`,"redirect_url":"javascript:alert(1)"`), 422, `redirect_url"`},
		{"coverage_check as string", `{"brand":"A","coverage_check":"false","workflow":[{"channel":"silent_auth","to":"99012345678"}]}`, 422, `"name":"coverage_check"`},
		{"no JSON", `brand=A`, 400, `api-errors#invalid-params"`},
		{"a list", `[]`, 400, `api-errors#invalid-params"`},
		{"nothing", ``, 400, `api-errors#invalid-params"`},
		{"too large", `{"brand":"` + strings.Repeat("x", 1<<17) + `"}`, 413, ``},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, sandbox.Options{})
			if r := c.startBody(tt.body); r.status != tt.status || !strings.Contains(r.body, tt.says) {
				t.Errorf("%d %s, want %d %s", r.status, r.body, tt.status, tt.says)
			}
		})
	}
}

func TestSilentNeedsTheJWT(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	id, code := c.silentCode(yes)
	good := c.jwt
	for _, token := range []string{"", "a.b.c", signed(t, with(map[string]any{"application_id": "another"}), nil)} {
		c.jwt = token
		for _, r := range []reply{c.startBody(startFor(other, "")), c.check(id, code), c.cancel(id)} {
			if r.status != 401 || !strings.Contains(r.body, `api-errors#unauthorized"`) {
				t.Errorf("%q: %d %s", token, r.status, r.body)
			}
		}
	}
	if c.jwt = good; c.check(id, code).status != 200 {
		t.Error("the attempts without a JWT used the code up")
	}
}

func TestSilentMethods(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	for _, tt := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/v2/verify", 405, "POST"},
		{"GET", "/v2/verify/x", 405, "POST, DELETE"},
		{"POST", "/v2/verify/x/silent-auth/redirect", 405, "GET"},
		{"DELETE", "/v2/verify/x/silent-auth/redirect", 405, "GET"},
		{"GET", "/v2/verify/", 404, ""},
		{"DELETE", "/v2/verify/", 404, ""},
		{"GET", "/v2/verify//silent-auth/redirect", 404, ""},
		{"GET", "/v2/verify/x/DELETE", 404, ""},
		{"POST", "/v2/verify/x/next-workflow", 404, ""},
		{"GET", "/v2/verify/x/silent-auth/redirect", 404, ""},
		{"GET", "/v2/verify/x/silent-auth/return", 404, ""},
	} {
		r := c.send(tt.method, c.s.URL()+tt.path, "")
		if r.status != tt.status || r.header.Get("Allow") != tt.allow || !json.Valid([]byte(r.body)) {
			t.Errorf("%s %s: %d %q %s", tt.method, tt.path, r.status, r.header.Get("Allow"), r.body)
		}
	}
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	now, advance := ticking()
	c := start(t, sandbox.Options{Now: now})
	first := c.begin(yes, "")
	r := c.startBody(startFor(yes, ""))
	if r.status != 409 || !strings.Contains(r.body, "api-errors/verify#concurrent") || !strings.Contains(r.body, `"request_id":"`+first.ID+`"`) {
		t.Errorf("a second one: %d %s", r.status, r.body)
	}
	c.begin(other, "")
	for _, tt := range []struct {
		after  time.Duration
		status int
		says   string
	}{
		{29 * time.Second, 409, "api-errors/verify#conflict"},
		{time.Second, 204, ""},
		{0, 404, "api-errors/verify#not-found"},
	} {
		advance(tt.after)
		if r := c.cancel(first.ID); r.status != tt.status || !strings.Contains(r.body, tt.says) {
			t.Errorf("cancel: %d %s, want %d", r.status, r.body, tt.status)
		}
	}
	if r := c.send("GET", first.CheckURL, ""); r.status != 404 {
		t.Errorf("the check_url of a cancelled request: %d %s", r.status, r.body)
	}
	c.begin(yes, "")
	if r := c.cancel("unknown"); r.status != 404 {
		t.Errorf("cancel of nothing: %d", r.status)
	}
}

// Of many starts for a number, one is let in.
func TestConcurrentStarts(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	counts := make(chan int, 16)
	var all sync.WaitGroup
	for range cap(counts) {
		all.Go(func() { counts <- c.startBody(startFor(yes, "")).status })
	}
	all.Wait()
	close(counts)
	got := map[int]int{}
	for status := range counts {
		got[status]++
	}
	if got[202] != 1 || got[409] != 15 {
		t.Errorf("%v", got)
	}
}

func TestOneAttempt(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	id, code := c.silentCode(yes)
	for _, tt := range []struct {
		code   string
		status int
		says   string
	}{
		{"", 422, `"name":"code"`},
		{strings.Repeat("x", 65), 422, `"name":"code"`},
		{strings.ToLower(code) + "x", 400, "api-errors/verify#invalid-code"},
		{code, 410, "api-errors/verify#invalid-code"},
	} {
		if r := c.check(id, tt.code); r.status != tt.status || !strings.Contains(r.body, tt.says) {
			t.Errorf("%q: %d %s, want %d", tt.code, r.status, r.body, tt.status)
		}
	}
	id, code = c.silentCode(yes) // the number is free
	counts := make(chan int, 8)
	var all sync.WaitGroup
	for range cap(counts) {
		all.Go(func() { counts <- c.check(id, code).status })
	}
	all.Wait()
	close(counts)
	good := 0
	for status := range counts {
		if status == 200 {
			good++
		}
	}
	if good != 1 {
		t.Errorf("%d of 8 checks with one code were answered", good)
	}
	b := c.begin(other, "")
	if r := c.check(b.ID, "abcdef"); r.status != 400 {
		t.Errorf("before the chain: %d %s", r.status, r.body)
	}
}

func TestSilentExpiry(t *testing.T) {
	t.Parallel()
	now, advance := ticking()
	c := start(t, sandbox.Options{Now: now})
	early, late := c.begin(yes, ""), c.begin(other, "")
	_, last := c.chain(late.CheckURL)
	code := handed(t, last).Get("code")
	advance(time.Minute - time.Nanosecond)
	if hops, last := c.chain(early.CheckURL); len(hops) != 5 || last.status != 200 {
		t.Errorf("just in time: %d %s", last.status, last.body)
	}
	advance(time.Nanosecond)
	if r := c.check(late.ID, code); r.status != 410 || !strings.Contains(r.body, "expired") {
		t.Errorf("a moment too late: %d %s", r.status, r.body)
	}
	if r := c.send("GET", early.CheckURL, ""); r.status != 404 {
		t.Errorf("check_url: %d %s", r.status, r.body)
	}
	if r := c.cancel(late.ID); r.status != 404 {
		t.Errorf("cancel: %d %s", r.status, r.body)
	}
	c.begin(yes, "")
	advance(11 * time.Minute)
	if r := c.check(late.ID, code); r.status != 404 {
		t.Errorf("forgotten: %d %s", r.status, r.body)
	}
}

// The device comes back once, with the carrier's code, to its own request.
func TestHandoverOnce(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	one, two := c.begin(yes, ""), c.begin(other, "")
	hops, last := c.chain(one.CheckURL)
	if last.status != 200 {
		t.Fatalf("%d %s", last.status, last.body)
	}
	back := hops[4]
	crossed := strings.Replace(back, one.ID, two.ID, 1)
	for _, at := range []string{back, crossed, one.CheckURL} {
		if r := c.send("GET", at, ""); r.status != 404 {
			t.Errorf("%s: %d %s", at, r.status, r.body)
		}
	}
	he, _ := url.Parse(c.send("GET", two.CheckURL, "").header.Get("Location"))
	state := he.Query().Get("state")
	for _, query := range []string{"", "&code=", "&code=x"} {
		if r := c.send("GET", c.s.URL()+"/v2/verify/"+two.ID+"/silent-auth/return?state="+state+query, ""); r.status != 400 {
			t.Errorf("ahead of the carrier, %q: %d %s", query, r.status, r.body)
		}
	}
	// Neither API takes the other's flows.
	first, _ := url.Parse(c.enable(yes, "mine"))
	for _, at := range []string{
		c.s.URL() + "/camara/oauth/callback?code=x&state=" + state,
		c.s.URL() + "/v2/verify/" + two.ID + "/silent-auth/return?code=x&state=" + first.Query().Get("state"),
	} {
		if r := c.send("GET", at, ""); r.status != 400 && r.status != 404 {
			t.Errorf("%s: %d %s", at, r.status, r.body)
		}
	}
	if hops, last := c.chain(two.CheckURL); len(hops) != 5 || last.status != 200 {
		t.Errorf("the other request: %d %s", last.status, last.body)
	}
}

// The same source gives the same ids and codes.
func TestSilentDeterminism(t *testing.T) {
	t.Parallel()
	run := func() string {
		var seed [32]byte
		c := start(t, sandbox.Options{Rand: mathrand.NewChaCha8(seed), Webhook: "http://127.0.0.1:1/none"})
		id, code := c.silentCode(yes)
		return id + " " + code
	}
	if one, two := run(), run(); one != two {
		t.Errorf("%s, then %s", one, two)
	}
	c := start(t, sandbox.Options{Rand: io.MultiReader(bytes.NewReader(nil))})
	if id, code := c.silentCode(yes); code != "000000" {
		t.Errorf("a source that ends: %s %s", id, code)
	}
}

func TestSilentLedger(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	id, code := c.silentCode(yes)
	c.check(id, code)
	var stages []string
	for _, e := range c.s.Requests() {
		stages = append(stages, string(e.Stage))
		if e.Phone != yes || e.RequestID != id && e.Stage != sandbox.StageCarrier {
			t.Errorf("%s: %+v", e.Stage, e)
		}
		if e.Stage == sandbox.StageCheck && e.Code != code {
			t.Errorf("code %q", e.Code)
		}
	}
	if got := strings.Join(stages, " "); got != "start check-url carrier carrier carrier handover check" {
		t.Error(got)
	}
}
