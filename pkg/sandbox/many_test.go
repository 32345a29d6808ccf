package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// A thousand sandboxes live in one process, each with ports, ids, faults and a ledger of its own.
func TestAThousandAtOnce(t *testing.T) {
	t.Parallel()
	const many = 1000
	token := signed(t, goodClaims(), nil)
	transport := &http.Transport{DisableKeepAlives: true}
	asker := &client{t: t, Client: &http.Client{Transport: transport}, jwt: token}
	all := make([]*sandbox.Server, many)
	for i := range all {
		o := sandbox.Options{RedirectURIs: []string{callback}}
		if i%2 == 1 {
			o.Faults = []string{"enable-503"}
		}
		all[i] = sandbox.Start(t, o)
	}
	seen := map[string]bool{}
	for i, s := range all {
		asker.s = s
		r := asker.enableBody(`{"phone_number":"` + yes + `","scopes":["` + scope + `"],"state":"the same for all"}`)
		if want := []int{200, 503}[i%2]; r.status != want || seen[s.URL()] || i%2 == 0 && seen[r.body] {
			t.Fatalf("sandbox %d at %s: %d %s", i, s.URL(), r.status, r.body)
		}
		seen[s.URL()], seen[r.body] = true, true
		if got := s.Requests(); len(got) != 1 || !strings.Contains(s.URL(), got[0].Host) {
			t.Fatalf("sandbox %d has seen %v", i, got)
		}
	}
}
