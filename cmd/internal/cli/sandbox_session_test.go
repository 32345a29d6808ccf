package cli

import (
	"os"
	"testing"
)

// TestSandboxSession: a session that a sandbox began may be begun again, a real one is
// left as it is.
func TestSandboxSession(t *testing.T) {
	t.Parallel()
	const ends = "the sandbox ends with this command; for one that stays: vnv sandbox"
	w := newWorld(t, "")
	own := w.file("own.json", "")
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r := w.run("exchange", "--sandbox", "--session", own)
		if r.code != exitOK {
			t.Fatalf("exit %d: %s", r.code, r.err)
		}
		r.tells(ends)
	}
	real := w.session(map[string]any{
		"api": "number-verification", "api_host": "https://api-eu.vonage.com", "application_id": "x", "phone": phone,
		"auth_url": "https://vendor.example/auth", "state": canary,
	})
	before, err := os.ReadFile(real)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []string{"enable", "exchange", "run"} {
		r := w.run(step, "--phone", "+99012345678", "--sandbox", "--session", real)
		r.ends(exitUsage, "", "holds a flow of https://api-eu.vonage.com, and the sandbox would begin another in its place")
		if after, err := os.ReadFile(real); err != nil || string(after) != string(before) {
			t.Errorf("%s: the session is another: %s, %v", step, after, err)
		}
	}
}
