package sandbox_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httputil"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// recorder keeps both sides of every exchange as they went over the wire.
type recorder struct {
	mu   sync.Mutex
	text strings.Builder
	http.RoundTripper
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	sent, err := httputil.DumpRequestOut(req, true)
	if err != nil {
		return nil, err
	}
	resp, err := r.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	got, err := httputil.DumpResponse(resp, true)
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&r.text, "%s\n%s\n", sent, got)
	return resp, err
}

// transcript plays flows of all kinds against a sandbox and returns what went over the wire, but for ports, the lengths that they change
// and the client's JWT.
func transcript(t *testing.T, o sandbox.Options, deeds ...func(*client)) string {
	t.Helper()
	var mu sync.Mutex
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	o.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Second)
		return at
	}
	c := start(t, o)
	c.jwt = signed(t, with(map[string]any{"iat": at.Unix(), "exp": at.Add(time.Hour).Unix()}), nil)
	rec := &recorder{RoundTripper: c.Transport}
	c.Transport = rec
	for _, deed := range deeds {
		deed(c)
	}
	return steady(rec.text.String(), c.jwt)
}

// steady is a transcript without ports, the lengths that they change and the client's JWT.
func steady(text, jwt string) string {
	return regexp.MustCompile(`(127\.0\.0\.1|localhost|Content-Length)(: |:|%3A)[0-9]+`).ReplaceAllString(strings.ReplaceAll(text, jwt, "JWT"), "$1${2}PORT")
}

var everyFlow = []func(*client){
	func(c *client) {
		hops := c.follow(c.enable(yes, "fixed"))
		code := between(hops[len(hops)-1]+"&", "code=", "&")
		token := between(c.exchange(grantOf(code)).body, `"access_token":"`, `"`)
		c.verify(token, `{"phoneNumber":"`+yes+`"}`)
		c.exchange(grantOf(code))
	},
	func(c *client) {
		id, code := c.silentCode(other)
		c.check(id, "wrong1")
		c.check(id, code)
	},
	func(c *client) { c.enableBody(`{}`) },
	func(c *client) { c.begin(no, appPage) },
}

// With a seed and a clock everything is the same again; without, nothing that must not be guessed is.
func TestSeed(t *testing.T) {
	t.Parallel()
	once, again := transcript(t, sandbox.Options{Seed: 7}, everyFlow...), transcript(t, sandbox.Options{Seed: 7}, everyFlow...)
	if once != again {
		t.Errorf("seed 7 twice:\n%s\n\n%s", once, again)
	}
	if strings.Count(once, "HTTP/1.1 ") < 19 || strings.Contains(once, "Date: "+time.Now().UTC().Format("Mon, 02 Jan 2006")) {
		t.Errorf("this is no transcript:\n%s", once)
	}
	for name, o := range map[string]sandbox.Options{"another seed": {Seed: 8}, "no seed": {}, "webhooks": {Seed: 7, Webhook: "http://127.0.0.1:1/"}} {
		got := secretsIn(transcript(t, o, everyFlow...))
		if same := got == secretsIn(once); same != (name == "webhooks") {
			t.Errorf("%s: the same ids is %t\n%s", name, same, got)
		}
	}
}

// X10: with the same seed all is the same again, byte for byte: every fault of both APIs, an app that asks by itself,
// a scenario, the webhooks with their signatures, and the ledger.
func TestSeedOfEverything(t *testing.T) {
	t.Parallel()
	var texts [2]string
	for i := range texts {
		texts[i] = everything(t)
	}
	if texts[0] != texts[1] {
		for i, line := range strings.Split(texts[0], "\n") {
			if other := strings.Split(texts[1], "\n"); i >= len(other) || line != other[i] {
				t.Fatalf("line %d: %s\nand then: %s", i, line, other[min(i, len(other)-1)])
			}
		}
		t.Fatal("the second is longer")
	}
	for _, held := range []string{"HTTP/1.1 502 ", "Retry-After: 1", `"payload_hash":"HASH"`, `"type":"summary"`, "N:1 ", "sequence came", "number-verification%3Averify"} {
		if !strings.Contains(texts[0], held) {
			t.Errorf("%q is not in it", held)
		}
	}
}

// everything is what went over the wire, what was posted to the webhook, and the ledger.
func everything(t *testing.T) string {
	t.Helper()
	const play = `{"numbers": {"*68": {"sequence": [{"answers": [{"at": "enable", "status": 402, "body": "sequence came"}]}, {"outcome": "false"}]}}}`
	scenario, err := sandbox.ParseScenario("s.yaml", []byte(play))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	target, got := hook(t, nil)
	o := sandbox.Options{Seed: 7, Now: func() time.Time { return at }, Scenario: scenario}
	c := start(t, o)
	c.jwt = signed(t, with(map[string]any{"iat": at.Unix(), "exp": at.Add(time.Hour).Unix(), "jti": "1"}), nil)
	rec := &recorder{RoundTripper: c.Transport}
	c.Transport = rec
	var text strings.Builder
	for _, f := range sandbox.Faults() {
		if slow(f.Name) || strings.HasSuffix(f.Name, "reset") || f.Name == "header-flood" || f.Name == "endless-body" {
			continue // no whole answer
		}
		c.s.Reset()
		if err := c.s.SetFaults(f.Name + ":1"); err != nil {
			t.Fatal(err)
		}
		c.meet(t.Context(), c.request(f))
		fmt.Fprintf(&text, "%+v\n", c.s.Requests())
	}
	for _, phone := range []string{"+99000000068", "+99000000068", no, yes} {
		c.enableBody(`{"phone_number":"` + phone + `","scopes":["` + scope + `"],"state":"` + phone + text.String()[:1] + `"}`)
	}
	c.landed(c.authURL("scope", "openid number-verification:verify"))
	o.Webhook = target
	c.s = sandbox.Start(t, o)
	c.check(c.silentCode(yes))
	for range 3 {
		r := <-got
		claims, err := base64.RawURLEncoding.DecodeString(strings.Split(r.header.Get("Authorization"), ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s %s\n", regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAll(claims, []byte("HASH")), r.body) // ports are in what is hashed
	}
	return regexp.MustCompile(`[A-Z2-7]{26}`).ReplaceAllString(steady(rec.text.String()+text.String(), c.jwt), "STATE") // the client's own
}

// secretsIn are all that looks random in a transcript, in its order.
func secretsIn(text string) string {
	return strings.Join(regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}`).FindAllString(text, -1), "\n")
}

// A reset begins the seed anew.
func TestSeedAfterReset(t *testing.T) {
	t.Parallel()
	var seen [2]string
	text := transcript(t, sandbox.Options{Seed: 7}, func(c *client) {
		for i := range seen {
			seen[i] = c.enable(yes, "fixed")
			c.s.Reset()
		}
	})
	if seen[0] != seen[1] {
		t.Errorf("%v\n%s", seen, text)
	}
}

// 1,000 sandboxes live in one process, and each is a world of its own.
func TestThousandSandboxes(t *testing.T) {
	t.Parallel()
	urls := map[string]bool{}
	var all []*sandbox.Server
	for range 1000 {
		s, err := sandbox.New(sandbox.Options{RedirectURIs: []string{callback}})
		if err == nil {
			err = s.Listen(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
		all, urls[s.URL()] = append(all, s), true
	}
	if len(urls) != len(all) {
		t.Errorf("%d of %d URLs differ", len(urls), len(all))
	}
	c := newClient(t, all[0])
	for i, s := range []*sandbox.Server{all[0], all[500], all[999]} {
		c.s = s
		c.enable(yes, "the same state")
		if got := len(s.Requests()); got != 1 {
			t.Errorf("sandbox %d has %d requests", i, got)
		}
	}
	c.CloseIdleConnections()
	for _, s := range slices.Backward(all) {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
