package callback

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestProbe: only the exact path with the one-time query answers it, and it ends nothing.
func TestProbe(t *testing.T) {
	t.Parallel()
	var ignored []Ignored
	l, err := Listen(t.Context(), Options{
		RedirectURI: "http://127.0.0.1:0/cb", State: "state-of-this-attempt", OnIgnored: func(i Ignored) { ignored = append(ignored, i) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ask := func(url string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return string(body)
	}
	query, arrived := l.Probe()
	for _, wrong := range []string{"/other?" + query, "/cb?" + query + "x", "/cb?vnv_probe=guess", "/cb"} {
		ask(strings.TrimSuffix(l.RedirectURI(), "/cb") + wrong)
		select {
		case <-arrived:
			t.Fatalf("%s was taken for it", wrong)
		default:
		}
	}
	for range 2 { // a tunnel may deliver twice
		if !strings.Contains(ask(l.RedirectURI()+"?"+query), "Reachable") {
			t.Error("no page says so")
		}
	}
	select {
	case <-arrived:
	case <-time.After(10 * time.Second):
		t.Fatal("it did not arrive")
	}
	ask(l.RedirectURI() + "?code=c&state=state-of-this-attempt")
	if c, err := l.Wait(t.Context()); err != nil || c.Code != "c" {
		t.Errorf("got %v, %v", c, err)
	}
	l.Close()
	if len(ignored) != 4 {
		t.Errorf("ignored: %v", ignored)
	}
}
