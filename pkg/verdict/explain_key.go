package verdict

import (
	"slices"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// key is a private key, or a text that one stands in: it comes before everything else that the text may be, and
// nothing of it is repeated.
func (r *reading) key() (Explanation, bool) {
	leaks := trace.Check([]byte(r.input))
	at := slices.IndexFunc(leaks, func(l trace.Leak) bool { return l.Kind == trace.KindPrivateKey })
	if at < 0 {
		return Explanation{}, false
	}
	return Explanation{
		What: "a private key, or a text with one in it", Title: "a private key: whoever has it can act in the application's name",
		Means:  "vnv signs the application JWT with it and sends it nowhere. Nothing of it is shown here.",
		Fix:    "Keep it in a file of your own, mode 0600. If others could read the text that it stood in, make a new key pair in the dashboard: the old key is then worth nothing.",
		Source: "guide, JWT",
		Facts:  []Fact{{Name: "kind", Value: leaks[at].Shown, Note: leaks[at].Where}},
		Next:   []string{"vnv jwt --private-key FILE", "vnv doctor"},
	}, true
}
