package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// A redirect URI that is not the registered one is named as such, with the part that
// differs: where the callback went elsewhere, and where the token endpoint refused it.
func TestNotTheRegistered(t *testing.T) {
	t.Parallel()
	const ours = "https://app.example/cb/"
	for name, fails := range map[string]func(*world) result{
		"the callback went elsewhere": func(w *world) result {
			w.vars["VNV_REDIRECT_URI"] = ours // all settings are wrong: the chain alone tells
			return w.run("run", "--phone", "+99012345678", "-o", "json")
		},
		"a flag differs from the application's": func(w *world) result {
			w.env.In = strings.NewReader(w.run("enable", "--phone", "+99012345678", "-o", "json").out)
			w.vars["CODE"] = strings.TrimSpace(w.run("authorize", "-").out)
			return w.run("exchange", "--code", "env:CODE", "--redirect-uri", ours, "-o", "json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := ready(t, sandbox.Options{})
			r := fails(w)
			var got struct {
				Error struct {
					Causes []struct {
						Cause, Confidence string
						Evidence          []struct{ Text string }
					}
				}
			}
			if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got.Error.Causes) == 0 {
				t.Fatalf("no cause: %v\n%s%s", err, r.out, r.err)
			}
			first := got.Error.Causes[0]
			if first.Cause != "redirect-uri-mismatch" || first.Confidence != "certain" {
				t.Errorf("named %+v", first)
			}
			r.tells("ours ends with a slash, the registered one does not")
		})
	}
}
