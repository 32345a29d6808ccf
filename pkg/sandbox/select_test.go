package sandbox_test

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// What is refused, and in which words.
func TestSelectionsThatAreWrong(t *testing.T) {
	t.Parallel()
	s := sandbox.Start(t, sandbox.Options{Faults: []string{"wifi"}})
	for selection, want := range map[string]string{
		"":                 `unknown fault ""`,
		"wfi":              `unknown fault "wfi"`,
		"wifi:":            `want NAME:times with times from 1`,
		"wifi:0":           `want NAME:times with times from 1`,
		"wifi:99999999999": `want NAME:times with times from 1`,
		"wifi@":            `fault wifi: number pattern "": want + or * and digits`,
		"wifi@+":           `number pattern "+"`,
		"wifi@4477*":       `number pattern "4477*": want + or * and digits, with * for any of them and ? for one, such as +4477* or *99`,
		"wifi@+44 77*":     `number pattern "+44 77*"`,
		"wifi@*[0-4]":      `number pattern "*[0-4]"`,
		"wifi@*[":          `number pattern "*["`,
		"wifi@*[]":         `number pattern "*[]"`,
		"wifi@*+44":        `number pattern "*+44"`,
		"wifi@+44*:x":      `want NAME:times`,
	} {
		err := s.SetFaults("loop", selection)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", selection, err, want)
		}
		if got := s.ActiveFaults(); !slices.Equal(got, []string{"wifi"}) {
			t.Errorf("%q changed the faults to %v", selection, got)
		}
	}
	var unknown *sandbox.UnknownFaultError
	if _, err := sandbox.New(sandbox.Options{Faults: []string{"wfi@+44*:2"}}); !errors.As(err, &unknown) || unknown.Name != "wfi" {
		t.Errorf("New: %v", err)
	}
}

func TestFaultsByNumber(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Faults: []string{"enable-500@+4477*:2", "enable-410@*[37]0", "enable-422@+4420????????", "verify-403@*68"}})
	for i, tt := range []struct {
		phone  string
		status int
	}{
		{"+447700900000", 500},
		{"+447800900000", 200},
		{"+447700900001", 500},
		{"+447700900002", 200}, // the times are used up
		{"+33600000070", 410},
		{"+33600000030", 410},
		{"+33600000040", 200},
		{"+442079460000", 422},
		{"+44207946000", 200},
		{"+4420794600001", 200},
		{"+442012345678", 422},
	} {
		r := c.enableBody(`{"phone_number":"` + tt.phone + `","scopes":["` + scope + `"],"state":"` + string(rune('a'+i)) + `"}`)
		if r.status != tt.status {
			t.Errorf("%s: %d, want %d", tt.phone, r.status, tt.status)
		}
	}
	if got := c.s.ActiveFaults(); !slices.Equal(got, []string{"enable-410@*[37]0", "enable-422@+4420????????", "verify-403@*68"}) {
		t.Errorf("set: %v", got)
	}
	// At verify the number is the token's, whatever is asked for, and by a hash too.
	for _, body := range []string{`{"phoneNumber":"+99012345678"}`, `{"hashedPhoneNumber":"` + vectorHash + `"}`} {
		if r := c.verify(c.token("+99000000068"), body); r.status != 403 {
			t.Errorf("verify %s: %d", body, r.status)
		}
	}
	if err := c.s.SetFaults(); err != nil || len(c.s.ActiveFaults()) != 0 {
		t.Errorf("switched off: %v, %v", err, c.s.ActiveFaults())
	}
	if r := c.verify(c.token("+99000000068"), `{"phoneNumber":"+99000000068"}`); r.status != 200 {
		t.Errorf("without faults: %d", r.status)
	}
}

// A ? is a digit: it does not stand for the + that every number begins with.
// One fault more or less leaves to the others what they have left.
func TestSwitchFault(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Faults: []string{"enable-500:2", "wifi"}})
	enable := func() int {
		return c.enableBody(`{"phone_number":"` + yes + `","scopes":["` + scope + `"],"state":"s"}`).status
	}
	if got := enable(); got != 500 {
		t.Fatal(got)
	}
	for _, change := range []struct {
		selection string
		on        bool
		set       string
	}{
		{"token-500@*98:3", true, "enable-500:2 wifi token-500@*98:3"},
		{"wifi", false, "enable-500:2 token-500@*98:3"},
		{"wifi", false, "enable-500:2 token-500@*98:3"},
		{"token-500@*98:3", true, "enable-500:2 token-500@*98:3"},
	} {
		if err := c.s.SwitchFault(change.selection, change.on); err != nil {
			t.Error(err)
		}
		if got := strings.Join(c.s.ActiveFaults(), " "); got != change.set {
			t.Errorf("%v: set are %s", change, got)
		}
	}
	if first, second := enable(), enable(); first != 500 || second != 200 {
		t.Errorf("of two times one was left: %d, %d", first, second)
	}
	unknown := (*sandbox.UnknownFaultError)(nil)
	if err := c.s.SwitchFault("wfi", true); !errors.As(err, &unknown) || len(c.s.ActiveFaults()) != 1 {
		t.Errorf("%v, and set are %v", err, c.s.ActiveFaults())
	}
}

func TestPatternOfDigits(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{"*??????": false, "*?????": true, "+?????": true, "+??????": false} {
		if got := sandbox.MatchesPattern(t, pattern, "+12345"); got != want {
			t.Errorf("%s: %t", pattern, got)
		}
	}
}

// Patterns are those of path.Match, for numbers.
func TestPatternsMatchAsInAShell(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		phone := rapid.StringMatching(`\+[1-3]{5,8}`).Draw(t, "phone")
		pattern := rapid.StringMatching(`(\+|\*[1-3])([1-3*?]|\[[1-3]{1,2}\]){1,8}`).Draw(t, "pattern")
		want, err := path.Match(pattern, phone)
		if err != nil {
			t.Fatal(err)
		}
		if got := sandbox.MatchesPattern(t, pattern, phone); got != want {
			t.Errorf("%s on %s: %t, want %t", pattern, phone, got, want)
		}
	})
}

// Every fault has a number of its own, under which the flow meets it without any setting.
func TestNumbers(t *testing.T) {
	t.Parallel()
	patterns, faults := map[string]bool{}, map[string]string{}
	for _, n := range sandbox.Numbers() {
		if patterns[n.Pattern] || n.Summary == "" || (n.Outcome == "") == (n.Fault == "") || !regexp.MustCompile(`^\+990[0-9]{8,9}$`).MatchString(n.Example) {
			t.Errorf("row %+v", n)
		}
		patterns[n.Pattern] = true
		if n.Fault == "" {
			continue
		}
		if faults[n.Fault] != "" {
			t.Errorf("%s has two numbers", n.Fault)
		}
		faults[n.Fault] = n.Example
	}
	for _, f := range sandbox.Faults() {
		if faults[f.Name] == "" {
			t.Errorf("no number is reserved for %s: add a row to reserved", f.Name)
		}
		delete(faults, f.Name)
	}
	if len(faults) > 0 {
		t.Errorf("numbers of faults that are gone: %v", faults)
	}
}

func TestReservedNumbers(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	example := func(fault string) string {
		i := slices.IndexFunc(sandbox.Numbers(), func(n sandbox.Number) bool { return n.Fault == fault })
		return sandbox.Numbers()[i].Example
	}
	if r := c.enableBody(`{"phone_number":"` + example("enable-429") + `","scopes":["` + scope + `"],"state":"s"}`); r.status != 429 {
		t.Errorf("enable: %d", r.status)
	}
	if r := c.exchange(grantOf(c.code(example("token-html")))); r.status != 200 || !strings.Contains(r.body, "<title>") {
		t.Errorf("token: %d %s", r.status, r.body)
	}
	phone := example("verify-504")
	if r := c.verify(c.token(phone), `{"phoneNumber":"`+phone+`"}`); r.status != 504 {
		t.Errorf("verify: %d", r.status)
	}
	id, code := c.silentCode(example("check-410"))
	if r := c.check(id, code); r.status != 410 {
		t.Errorf("check: %d", r.status)
	}
	b := c.begin(example("wifi"), "")
	if _, last := c.chain(b.CheckURL); last.status != 200 || !strings.Contains(last.body, "Sign in") {
		t.Errorf("chain: %d %s", last.status, last.body)
	}
	c.code(example("wifi") + "0") // one digit more is any number
}
