package cli

import (
	"strings"
	"testing"
)

// TestStateFrom takes a state as every secret is taken, and the state itself with a
// word about it.
func TestStateFrom(t *testing.T) {
	t.Parallel()
	const (
		strong = "state-0123456789-" + canary
		among  = "the state stands among the arguments"
		weak   = "a state of 2 characters can be guessed"
	)
	for name, row := range map[string]struct {
		spec, stdin, env string
		state            string
		warned           []string
	}{
		"none":        {},
		"stdin":       {spec: "-", stdin: strong + "\n", state: strong},
		"variable":    {spec: "env:S", env: strong, state: strong},
		"file":        {spec: "FILE", state: strong},
		"itself":      {spec: strong, state: strong, warned: []string{among}},
		"weak":        {spec: "ab", state: "ab", warned: []string{among, weak}},
		"weak, stdin": {spec: "-", stdin: "ab", state: "ab", warned: []string{weak}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "")
			w.vars["S"] = row.env
			w.env.In = strings.NewReader(row.stdin)
			args := []string{"authorize", "--print", "curl", "--auth-url", "http://127.0.0.1:1/"}
			if row.spec == "FILE" {
				row.spec = w.file("state", strong+"\n")
			}
			r := w.run(append(args, "--state", row.spec)...)
			if row.spec == "" {
				r.ends(exitUsage, "", "--state is empty")
				return
			}
			r.tells(row.warned...)
			if !strings.HasPrefix(r.out, "STATE='"+row.state+"'\n") {
				t.Errorf("printed: %s", r.out)
			}
			if len(row.warned) == 0 && r.err != "" {
				t.Errorf("warned: %s", r.err)
			}
		})
	}
}
