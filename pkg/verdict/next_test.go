package verdict_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// What to do next is said with the command that was run.
func TestNextFitsTheCommand(t *testing.T) {
	t.Parallel()
	wifi := verdict.Observation{Err: redirected(), End: page("Sign in"), Phone: "+990…"}
	far := verdict.Observation{Err: redirected(), End: trace.End{Kind: trace.EndStopped, Hop: 11, Status: 302, Reason: "too-many"}, Phone: "+990…"}
	down := verdict.Observation{Err: refused(enable, vnv.KindUnavailable, 503, "", ""), Phone: "+990…"}
	gone := verdict.Observation{Err: broken(authorize, vnv.KindRedirect, nil), End: trace.End{Hop: 1, Reason: "scheme"}, Phone: "+990…"}
	for _, c := range []struct {
		o       verdict.Observation
		command string
		api     string
		sandbox bool
		want    string
	}{
		{wifi, "", "", false, "vnv run --phone +990… --device none"},
		{wifi, "run", "verify", true, "vnv run --api verify --phone +990… --device none --sandbox"},
		{wifi, "trace", "", false, "vnv trace interfaces"},
		{wifi, "authorize", "", false, "vnv enable --phone +990… --session flow.json|vnv authorize --session flow.json --device none"},
		{wifi, "authorize", "verify", false, "vnv enable --api verify --phone +990… --session flow.json|vnv authorize --session flow.json --device none"},
		{wifi, "authorize", "", true, "vnv authorize --phone +990… --device none --sandbox"},
		{far, "trace", "", false, "vnv trace URL --max-hops 30"},
		{down, "enable", "", false, "vnv enable --phone +990…"},
		{down, "trace", "", false, "vnv trace URL"},
		{gone, "trace", "", false, "vnv trace URL"},
		{gone, "", "", false, "vnv enable --phone +990… --session flow.json"},
		{wifi, "callback listen", "", false, `vnv callback listen --state env:STATE`},
	} {
		o := c.o
		o.Command, o.API, o.Sandbox = c.command, c.api, c.sandbox
		if got := strings.Join(verdict.Judge(o)[0].Next, "|"); got != c.want {
			t.Errorf("%s %s: %s\n   want %s", c.command, c.api, got, c.want)
		}
	}
}

// Whatever the cause, after a command without account or number no line asks for either.
func TestNextOfATrace(t *testing.T) {
	t.Parallel()
	for cause, list := range observations() {
		for _, o := range list {
			o.Command = "trace"
			for _, c := range verdict.Judge(o) {
				if len(c.Next) == 0 || slices.ContainsFunc(c.Next, func(line string) bool {
					return strings.Contains(line, "{") || strings.Contains(line, "--phone +44")
				}) {
					t.Errorf("%s: %s: %q", cause, c.Cause, c.Next)
				}
			}
		}
	}
}

// A URI from afar is put into a command only if a shell takes it for what it is.
func TestNextIsSafe(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"https://app.example/cb_2/%63b": "--redirect-uri https://app.example/cb_2/%63b",
		"https://app.example/$(x)":      "--redirect-uri URI",
		"https://app.example/a;b":       "--redirect-uri URI",
		"https://app.example/id~1":      "--redirect-uri URI", // hidden
	} {
		o := verdict.Observation{Err: redirected(), CalledAt: at, RedirectURI: "https://app.example/cb"}
		if got := verdict.Judge(o)[0].Next[0]; !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", at, got)
		}
	}
}

func TestSentence(t *testing.T) {
	t.Parallel()
	one := func(sure verdict.Confidence, title string) verdict.Candidate {
		return verdict.Candidate{Confidence: sure, Title: title}
	}
	for want, list := range map[string][]verdict.Candidate{
		"":                               nil,
		"The key is wrong.":              {one(verdict.Certain, "the key is wrong"), one(verdict.Possible, "x")},
		"Most likely the key is wrong.":  {one(verdict.Likely, "the key is wrong"), one(verdict.Likely, "x")},
		"Perhaps a, or b, or c.":         {one(verdict.Possible, "a"), one(verdict.Possible, "b"), one(verdict.Possible, "c"), one(verdict.Possible, "d")},
		"The word of an unknown degree.": {one(0, "the word of an unknown degree")},
	} {
		if got := verdict.Sentence(list); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
