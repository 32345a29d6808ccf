package cli

import "testing"

// TestCompletesValues: what a flag or a setting may say is offered where it is asked for.
func TestCompletesValues(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args []string
		want string
	}{
		{[]string{"config", "set", "device", ""}, "auto\nfollow\nbrowser\nnone\nqr\nadb\n:4\n"},
		{[]string{"config", "set", "coverage_check", ""}, "true\nfalse\n:4\n"},
		{[]string{"config", "set", "private_key", ""}, ":0\n"},
		{[]string{"config", "set", "redirect_uri", ""}, ":4\n"},
		{[]string{"run", "--print", ""}, "curl\n:4\n"},
	} {
		newWorld(t, "").run(append([]string{"__complete"}, row.args...)...).ends(exitOK, row.want)
	}
}

// TestNeverCancelled: a fault that no step can meet is refused.
func TestNeverCancelled(t *testing.T) {
	t.Parallel()
	newWorld(t, "").run("run", "--sandbox", "--api", "verify", "--phone", "+99012345678", "--fault", "cancel-reset").
		ends(exitUsage, "", "--fault cancel-reset stands where a request is cancelled, and no step does that")
}

// TestWrongFilter: an expression that is none is shown.
func TestWrongFilter(t *testing.T) {
	t.Parallel()
	newWorld(t, "").run("version", "--jq", ".[").failsAs(exitUsage, "--jq .[: unexpected EOF")
}
