package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

func scenario(tb testing.TB, text string) *sandbox.Scenario {
	tb.Helper()
	s, err := sandbox.ParseScenario("test.yaml", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestScenario(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Scenario: scenario(t, `
version: 1
numbers:
  "+4477009001*": {outcome: true}
  "+4477009002*": {outcome: "false"}
  "+4477009003*": {outcome: error}
  "+4477009004*":
    fault: [token-html, "verify-504:1"]
  "+447700900501":
    sequence:
      - {fault: enable-500, times: 2}
      - {outcome: false}
      - {outcome: true}
  "*99": {outcome: true}
`)})
	for _, tt := range []struct{ phone, says string }{
		{"+447700900101", `{"devicePhoneNumberVerified":true}`},
		{"+447700900199", `{"devicePhoneNumberVerified":true}`}, // the first pattern counts
		{"+447700900202", `{"devicePhoneNumberVerified":false}`},
		{"+447700900302", `"NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK"`},
		{"+33612345699", `{"devicePhoneNumberVerified":true}`},
		{"+33612345697", `{"devicePhoneNumberVerified":false}`}, // nobody speaks of it
	} {
		if r := c.verify(c.token(tt.phone), `{"phoneNumber":"`+tt.phone+`"}`); !strings.Contains(r.body, tt.says) {
			t.Errorf("%s: %d %s, want %s", tt.phone, r.status, r.body, tt.says)
		}
	}
	if r := c.exchange(grantOf(c.code("+447700900400"))); !strings.Contains(r.body, "<title>") {
		t.Errorf("fault: %d %s", r.status, r.body)
	}
	const failsTwice = "+447700900501"
	for i, want := range []int{500, 500, 200} {
		body := fmt.Sprintf(`{"phone_number":"%s","scopes":["%s"],"state":"s%d"}`, failsTwice, scope, i)
		if r := c.enableBody(body); r.status != want {
			t.Errorf("flow %d: %d, want %d", i, r.status, want)
		}
	}
	for i := range 2 { // the third flow was left behind above; the last step stays
		if r := c.verify(c.token(failsTwice), `{"phoneNumber":"`+failsTwice+`"}`); r.body != `{"devicePhoneNumberVerified":true}` {
			t.Errorf("flow %d: %s", i+3, r.body)
		}
	}
}

// Times count the requests of one number, over its flows.
func TestScenarioFaultTimes(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Scenario: scenario(t, `{numbers: {"+99*": {fault: "verify-504:2"}}}`)})
	token := c.token(yes)
	for i, want := range []int{504, 504, 200} {
		if r := c.verify(token, `{"phoneNumber":"`+yes+`"}`); r.status != want {
			t.Errorf("request %d: %d, want %d", i, r.status, want)
		}
	}
	if r := c.verify(c.token(other), `{"phoneNumber":"`+other+`"}`); r.status != 504 {
		t.Errorf("another number: %d", r.status)
	}
}

// What a number may meet is known before it does: by its pattern, the first that fits, or by itself.
func TestScenarioFaultsOf(t *testing.T) {
	t.Parallel()
	s := scenario(t, `{numbers: {"*77": {outcome: true}, "*7": {sequence: [{fault: [wifi, "loop:2"]}, {fault: reset}]}}}`)
	for phone, want := range map[string][]string{
		"+447700900177": nil, "+447700900107": {"wifi", "loop", "reset"}, "+447700900100": nil, "": {"wifi", "loop", "reset"},
		"+990902190000": {"cleartext-hop"}, "+990902190007": {"cleartext-hop", "wifi", "loop", "reset"},
	} {
		if got := s.FaultsOf(phone); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", phone, got, want)
		}
	}
	if got := (*sandbox.Scenario)(nil).FaultsOf("+990902190000"); !slices.Equal(got, []string{"cleartext-hop"}) {
		t.Errorf("no scenario: %q", got)
	}
}

// The second API plays the same scenario.
func TestSilentScenario(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Scenario: scenario(t, `{numbers: {"*77": {outcome: true}, "*88": {outcome: error}, "*66": {fault: check-410}}}`)})
	for phone, want := range map[string]string{"+99012345677": `"status":"completed"`, "+99012345688": `"status":"failed"`, "+99012345666": "terminated"} {
		id, code := c.silentCode(phone)
		if r := c.check(id, code); !strings.Contains(r.body, want) {
			t.Errorf("%s: %d %s", phone, r.status, r.body)
		}
	}
}

// A saved chain is played again: hops of its own, and a page at the end that can do nothing.
func TestScenarioAnswers(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Scenario: scenario(t, `
numbers:
  "+9901*":
    answers:
      - {at: authorize, status: 303, headers: {location: "{{next}}", X-Trace-Id: abc}}
      - {at: carrier, status: 307, headers: {Location: "{{next}}"}}
      - {at: carrier, status: 302, headers: {Location: "{{next}}"}}
      - {at: carrier, status: 403, headers: {Content-Type: text/html}, body: "<title>Log in</title><script>1</script>{{state}}"}
  "+9902*":
    answers:
      - {at: carrier, status: 302, headers: {Location: "{{next}}"}, delay: 1ms}
      - {at: carrier, status: 302, headers: {Location: "{{next}}"}}
`)})
	at := c.enable(yes, "mine")
	var statuses []int
	var r reply
	for range 5 {
		r = c.send("GET", at, "")
		statuses = append(statuses, r.status)
		if at = r.header.Get("Location"); at == "" {
			break
		}
	}
	if !slices.Equal(statuses, []int{303, 307, 302, 403}) || !strings.HasPrefix(r.body, "<title>Log in</title><script>1</script>v2_") {
		t.Errorf("%v: %s", statuses, r.body)
	}
	if r.header.Get("Content-Security-Policy") != "sandbox; default-src 'none'" || r.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers: %v", r.header)
	}
	hops := c.follow(c.enable("+99022222222", "s2"))
	last, err := url.Parse(hops[len(hops)-1])
	if err != nil || last.Query().Get("code") == "" || len(hops) != 5 { // two hops of the carrier, as recorded
		t.Errorf("a chain that goes on ends at %v", hops)
	}
}

// A slow answer ends with the client that does not wait for it; one that is not so slow comes.
func TestScenarioDelay(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Scenario: scenario(t, `{numbers: {"*78": {delay: {enable: 1ms, token: 1us}}, "*70": {delay: 5m}}}`)})
	began := time.Now()
	c.token(yes)
	if time.Since(began) < time.Millisecond {
		t.Error("no delay")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	status, text := c.meet(ctx, ask{
		"POST", c.s.URL() + "/v0.1/network-enablement", `{"phone_number":"` + other + `"}`, []string{"Content-Type", "application/json"},
	})
	if status != "error" || !strings.Contains(text, "deadline exceeded") {
		t.Errorf("a delay of 5 minutes: %s %s", status, text)
	}
}

// X8: a mistake is told with its line.
func TestScenarioErrors(t *testing.T) {
	t.Parallel()
	const head = "numbers:\n  "
	for text, want := range map[string]string{
		"":                           "test.yaml: the file is empty",
		"# nothing":                  "test.yaml: the file is empty",
		"numbers: [":                 "test.yaml:1: did not find expected node content",
		"a: b\nb: \"":                "test.yaml:2: found unexpected end of stream",
		"[]":                         "test.yaml:1: want keys and values, not a list",
		"numbers:":                   `test.yaml:1: numbers: want patterns and what they lead to, not nothing`,
		"version: 2\nnumbers: {}":    "test.yaml:1: version: want 1",
		"{}":                         "test.yaml:1: numbers is missing: want number patterns and what they lead to",
		"number: {}":                 `test.yaml:1: unknown key "number": want numbers, version`,
		head + "4477*: {}":           `test.yaml:2: number pattern: want + or * and digits in quotes`,
		head + `"*": 1`:              `test.yaml:2: want keys and values, not text`,
		head + `"*": {outcome: yes}`: `test.yaml:2: outcome: want true, false or error`,
		head + `"*": {outcome: [a]}`: `test.yaml:2: outcome: want true, false or error, not a list`,
		head + "\"*\":\n    fault:\n      - wifi\n      - wfi":                  `test.yaml:5: unknown fault "wfi"; did you mean wifi?`,
		head + `"*": {fault: "wifi:0"}`:                                         `test.yaml:2: fault: want NAME or NAME:times, with times from 1`,
		head + `"*": {fault: "wifi@+44*"}`:                                      `test.yaml:2: fault wifi: the numbers are those of the pattern above`,
		head + `"*": {fault: {a: b}}`:                                           `test.yaml:2: fault: want a name or a list of names, not keys and values`,
		head + `"*": {delay: 1}`:                                                `test.yaml:2: delay: want a time from 0s to 5m, such as 300ms`,
		head + `"*": {delay: 6m}`:                                               `test.yaml:2: delay: want a time from 0s to 5m`,
		head + `"*": {delay: -1s}`:                                              `test.yaml:2: delay: want a time from 0s to 5m`,
		head + `"*": {delay: {tokn: 1s}}`:                                       `test.yaml:2: unknown key "tokn": want application, authorize, callback, cancel, `,
		head + `"*": {sequence: []}`:                                            `test.yaml:2: sequence: want a list of steps, at least one`,
		head + `"*": {sequence: [{times: 0}]}`:                                  `test.yaml:2: times: want a number from 1 to 1048576`,
		head + `"*": {sequence: [{outcome: true}], delay: 1s}`:                  `test.yaml:2: sequence stands alone`,
		head + `"*": {outcome: true, outcome: true}`:                            `test.yaml:2: outcome comes twice`,
		head + `"*": {times: 2}`:                                                `test.yaml:2: unknown key "times"`,
		head + "\"*9\": &a {outcome: true}\n  \"*8\": *a":                       `test.yaml:3: want keys and values, not an alias`,
		head + "\"*9\": {}\n  \"*9\": {}":                                       `test.yaml:3: this number pattern is there already, at line 2`,
		head + "\"*9\": {}\n---\na: b":                                          `test.yaml:3: a second YAML document begins here: want one`,
		head + `"*": {answers: [{at: nowhere}]}`:                                `test.yaml:2: at: want one of enable, authorize, carrier, callback, token, verify, `,
		head + `"*": {answers: [{at: carrier, delay: 6m}]}`:                     `test.yaml:2: delay: want a time from 0s to 5m, such as 300ms`,
		head + `"*": {answers: [{at: carrier, status: 100}]}`:                   `test.yaml:2: status: want a number from 200 to 599`,
		head + `"*": {answers: [{at: carrier, headers: {set-cookie: a}}]}`:      `test.yaml:2: headers: "set-cookie" cannot be replayed`,
		head + `"*": {answers: [{at: carrier, headers: {"a b": a}}]}`:           `test.yaml:2: headers: "a b" cannot be replayed`,
		head + `"*": {answers: [{at: carrier, headers: {Location: "a\r\nb"}}]}`: `test.yaml:2: headers: the value of Location is not one line of text`,
		head + `"*": {answers: [{at: carrier, body: [a]}]}`:                     `test.yaml:2: body: want text, not a list`,
		head + `"*": {fault: }`:                                                 `test.yaml:2: fault: want a name or a list of names`,
		head + `"*": {fault: !!binary d2lmaQ==}`:                                `test.yaml:2: fault: tags are not supported`,
		head + `*78: {}`:                                                        `test.yaml:2: an alias of nothing: a number pattern that begins with * stands in quotes`,
		head + "\"+447*78\": {}\n  *78: {}":                                     `test.yaml:3: an alias of nothing: a number pattern that begins with * stands in quotes`,
		head + "\"*\":\n    fault: wi\x00fi":                                    `test.yaml:3: control characters are not allowed`,
		head + "\"*\": {outcome: true}\n  \xff: {}":                             `test.yaml:3: this is not UTF-8`,
		"%YAML 9.9\n---\na: b":                                                  `test.yaml:1: found incompatible YAML document`,
		"numbers: " + strings.Repeat("[", 20000):                                `test.yaml:`,
		"---\n...\n":                                                            `test.yaml: the file is empty`,
		"numbers:\n\t\"*\": {}":                                                 `test.yaml:2: found character that cannot start any token`,
		head + "\"*\": &a {outcome: true}\n    <<: *a":                          `test.yaml:`,
	} {
		_, err := sandbox.ParseScenario("test.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n%v\nwant %s", text, err, want)
			continue
		}
		if e := (*sandbox.ScenarioError)(nil); !errors.As(err, &e) || e.Name != "test.yaml" {
			t.Errorf("%q: %T", text, err)
		}
	}
}

// What a file holds in the wrong place may be a secret: no error repeats a value.
func TestScenarioErrorsRepeatNothing(t *testing.T) {
	t.Parallel()
	const canary = "canary-7f3a"
	for _, text := range []string{
		canary, "-----BEGIN PRIVATE KEY-----\n" + canary, "- " + canary, "numbers: " + canary, "version: " + canary, "token: " + canary, "numbers: {a: *" + canary + "}",
		`numbers: {"*": ` + canary + `}`, `numbers: {"*": {outcome: ` + canary + `}}`, `numbers: {"*": {delay: ` + canary + `}}`, `numbers: {"*": {fault: ` + canary + `}}`,
		`numbers: {"*": {fault: "wifi:` + canary + `"}}`, `numbers: {"*": {fault: "wifi@` + canary + `"}}`,
		`numbers: {"*": {sequence: ` + canary + `}}`, `numbers: {"*": {sequence: [` + canary + `]}}`, `numbers: {"*": {answers: ` + canary + `}}`,
		`numbers: {"*": {answers: [{at: ` + canary + `, status: ` + canary + `, headers: ` + canary + `}]}}`, `numbers: {"*": {answers: [{at: token, headers: {Set-Cookie: ` + canary + `}}]}}`,
	} {
		_, err := sandbox.ParseScenario("a.yaml", []byte(text))
		if err == nil || strings.Contains(err.Error(), canary) || !strings.HasPrefix(err.Error(), "a.yaml:1: ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// All mistakes are told at once, in the order of the file.
func TestScenarioErrorsTogether(t *testing.T) {
	t.Parallel()
	_, err := sandbox.ParseScenario("a.yaml", []byte("numbers:\n  \"*1\": {fault: x}\n  \"*2\": {outcome: x}\nmore: 1\n"))
	const want = `a.yaml:2: unknown fault; vnv sandbox faults lists them
a.yaml:3: outcome: want true, false or error
a.yaml:4: unknown key "more": want numbers, version`
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	_, err = sandbox.ParseScenario("a.yaml", []byte("numbers:\n"+strings.Repeat("  \"*1\": {outcome: x}\n", 100)))
	if n := strings.Count(err.Error(), "\n"); n != 19 {
		t.Errorf("%d lines of errors", n+1)
	}
	if _, err := sandbox.ParseScenario("big.yaml", make([]byte, 5<<20)); err == nil || err.Error() != "big.yaml: the file is larger than 4 MiB" {
		t.Errorf("%v", err)
	}
}

// Whatever a file holds, it is read or refused, and its mistakes have their lines.
func FuzzParseScenario(f *testing.F) {
	for _, seed := range []string{
		"numbers:\n  \"+4477*\": {outcome: true}\n", `{numbers: {"*9": {sequence: [{fault: wifi, times: 2}, {delay: {token: 2s}}]}}}`,
		`{numbers: {"*": {answers: [{at: carrier, status: 302, headers: {Location: "{{next}}"}, body: x}]}}}`, "a: &a [*a]", "? {}\n: {}", "--- !!binary x",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := sandbox.ParseScenario("f.yaml", b)
		if (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if e := (*sandbox.ScenarioError)(nil); !errors.As(err, &e) || !strings.HasPrefix(line, "f.yaml") {
					t.Fatalf("%T: %q", err, line)
				}
			}
			return
		}
		if _, err := sandbox.New(sandbox.Options{Scenario: s}); err != nil {
			t.Fatal(err)
		}
	})
}

// When the sandbox closes, who waits for a slow answer gets it at once.
func TestScenarioDelayEnds(t *testing.T) {
	t.Parallel()
	var asked atomic.Bool
	came := make(chan struct{})
	c := start(t, sandbox.Options{
		Scenario: scenario(t, `{numbers: {"*": {delay: {enable: 5m}}}}`),
		Now: func() time.Time {
			if asked.CompareAndSwap(true, false) {
				close(came)
			}
			return time.Now()
		},
	})
	asked.Store(true)
	got := make(chan reply, 1)
	go func() { got <- c.enableBody(`{"phone_number":"+99012345678","scopes":["` + scope + `"],"state":"s"}`) }()
	<-came
	if err := c.s.Close(); err != nil {
		t.Error(err)
	}
	if r := <-got; r.status != 200 || !strings.Contains(r.body, "auth_url") {
		t.Errorf("%d %q", r.status, r.body)
	}
}
