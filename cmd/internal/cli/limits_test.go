package cli

import (
	"strings"
	"testing"
)

// TestLimits: what ended a flow is named, and what is advised raises that limit or none.
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		args       []string
		said, next string
	}{
		"before the first packet": {[]string{"--timeout", "1ns"}, "the 1ns of --timeout are over", "--timeout 1m"},
		"the command":             {[]string{"--timeout", "300ms", "--fault", "token-slow"}, "the 300ms of --timeout are over", " --timeout 1m"},
		"a hop":                   {[]string{"--hop-timeout", "100ms", "--fault", "slow-hop"}, "100ms are the limit for one hop", "--hop-timeout 30s --timeout 2m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newWorld(t, "").run(append([]string{"run", "--sandbox", "--phone", "+99012345678"}, row.args...)...)
			r.ends(exitNetwork, "", row.said, row.next)
		})
	}
}

// TestRequestLimit: one request has 10 s, whatever --timeout says, so more of that is not
// advised.
func TestRequestLimit(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it waits 10 s")
	}
	r := newWorld(t, "").run("run", "--sandbox", "--phone", "+99012345678", "--timeout", "1m", "--fault", "token-slow")
	r.ends(exitNetwork, "", "10s are the limit for one request", "vnv run --phone +990… --trace --sandbox")
	if strings.Contains(r.err, "--timeout 1m") {
		t.Error("it advises what cannot help")
	}
}

// TestListenLimit says in words that the time is over.
func TestListenLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.vars["S"] = strings.Repeat("s", strongState)
	w.run("callback", "listen", "--state", "env:S", "--timeout", "10ms").
		ends(exitNoCallback, "", "nothing came back: the 10ms of --timeout are over")
}

// TestSandboxTimes: no time of the sandbox's is zero or less.
func TestSandboxTimes(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"code-ttl", "token-ttl", "silent-ttl", "cancel-after"} {
		for _, value := range []string{"0", "-1s"} {
			newWorld(t, "").run("sandbox", "--"+flag, value).ends(exitUsage, "", "--"+flag+" ", ": want more than 0")
		}
	}
	newWorld(t, "").run("sandbox", "ledger", "--wait", "-1s").ends(exitUsage, "", "--wait -1s: want more than 0")
}
