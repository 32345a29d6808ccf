package sandbox_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// hook is a backend's webhook; answer decides on the n-th request, nil is 204.
func hook(t *testing.T, answer func(n int64) int) (target string, got <-chan received) {
	t.Helper()
	list := make(chan received, 64)
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		list <- received{r.Header, string(body)}
		if status := http.StatusNoContent; answer == nil {
			w.WriteHeader(status)
		} else {
			w.WriteHeader(answer(n.Add(1)))
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/status", list
}

type received struct {
	header http.Header
	body   string
}

// take waits for the next n webhooks.
func take(t *testing.T, got <-chan received, n int) []map[string]any {
	t.Helper()
	var list []map[string]any
	for range n {
		select {
		case r := <-got:
			var event map[string]any
			if err := json.Unmarshal([]byte(r.body), &event); err != nil {
				t.Fatalf("%s: %v", r.body, err)
			}
			list = append(list, event)
		case <-time.After(30 * time.Second):
			t.Fatalf("%d webhooks, want %d: %v", len(list), n, list)
		}
	}
	return list
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		phone  string
		at     sandbox.Stage
		status string
	}{
		{yes, "", "completed"}, {no, "", "user_rejected"}, {wrong, "", "failed"}, {no, sandbox.StageCheck, "user_rejected"},
	} {
		target, got := hook(t, nil)
		c := start(t, sandbox.Options{Webhook: target, SilentErrorAt: tt.at})
		b := c.begin(tt.phone, "")
		_, last := c.chain(b.CheckURL)
		if code := handed(t, last).Get("code"); code != "" {
			c.check(b.ID, code)
		}
		events := take(t, got, 3)
		for i, want := range []map[string]any{
			{"type": "event", "channel": "silent_auth", "status": "action_pending"},
			{"type": "event", "channel": "silent_auth", "status": tt.status},
			{"type": "summary", "status": tt.status, "channel_timeout": 60.0},
		} {
			want["request_id"], want["client_ref"] = b.ID, "ref-1"
			for name, value := range want {
				if events[i][name] != value {
					t.Errorf("%s %d: %s is %v, want %v", tt.phone, i, name, events[i][name], value)
				}
			}
		}
		action, _ := json.Marshal(events[0]["action"])
		if string(action) != `[{"check_url":"`+b.CheckURL+`","type":"check"}]` {
			t.Errorf("action %s", action)
		}
		workflow, _ := json.Marshal(events[2]["workflow"])
		if !strings.Contains(string(workflow), `"channel":"silent_auth"`) || !strings.Contains(string(workflow), `"status":"`+tt.status+`"`) {
			t.Errorf("workflow %s", workflow)
		}
		for i, name := range []string{"triggered_at", "finalized_at", "submitted_at"} {
			if at, _ := events[i][name].(string); !strings.HasSuffix(at, "Z") {
				t.Errorf("%s: %v", name, events[i])
			}
		}
	}
}

// A backend can prove by the JWT that a webhook is the vendor's and whole.
func TestWebhookSignature(t *testing.T) {
	t.Parallel()
	for given, secret := range map[string]string{"": sandbox.TestSignatureSecret, "of-the-account": "of-the-account"} {
		target, got := hook(t, nil)
		c := start(t, sandbox.Options{Webhook: target, SignatureSecret: given})
		c.begin(yes, "")
		r := <-got
		claims := jwt.MapClaims{}
		text := strings.TrimPrefix(r.header.Get("Authorization"), "Bearer ")
		_, err := jwt.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return []byte(secret), nil },
			jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("Vonage"), jwt.WithIssuedAt())
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(r.body))
		if claims["payload_hash"] != hex.EncodeToString(sum[:]) || claims["application_id"] != sandbox.TestApplicationID || claims["jti"] == "" {
			t.Errorf("claims %v", claims)
		}
		if r.header.Get("Content-Type") != "application/json" {
			t.Errorf("headers %v", r.header)
		}
	}
}

// Anything but a 2xx is tried again, four times in all, then given up; order is kept.
func TestWebhookRetries(t *testing.T) {
	t.Parallel()
	tries := make(chan sandbox.Delivery, 64)
	target, got := hook(t, func(n int64) int {
		if n == 3 || n == 8 {
			return http.StatusOK
		}
		return []int{http.StatusServiceUnavailable, http.StatusFound}[n%2]
	})
	c := start(t, sandbox.Options{
		Webhook: target, WebhookBackoff: time.Millisecond, WebhookLog: func(d sandbox.Delivery) { tries <- d },
	})
	id, code := c.silentCode(yes)
	c.check(id, code)
	bodies := take(t, got, 8) // 3 for the first, 4 in vain for the second, 1 for the third
	for i, want := range []string{"action_pending", "action_pending", "action_pending", "completed", "completed", "completed", "completed", "completed"} {
		if bodies[i]["status"] != want {
			t.Errorf("%d: %v", i, bodies[i])
		}
	}
	if bodies[7]["type"] != "summary" {
		t.Errorf("last: %v", bodies[7])
	}
	for i, want := range []sandbox.Delivery{
		{Try: 1, Status: 302},
		{Try: 2, Status: 503},
		{Try: 3, Status: 200, Last: true},
		{Try: 1, Status: 503},
		{Try: 2, Status: 302},
		{Try: 3, Status: 503},
		{Try: 4, Status: 302, Last: true},
		{Try: 1, Status: 200, Last: true},
	} {
		d := <-tries
		if d.Try != want.Try || d.Status != want.Status || d.Last != want.Last || (d.Err == nil) != (d.Status == 200) {
			t.Errorf("%d: %+v, want %+v", i, d, want)
		}
	}
}

// A request that nobody looks at again is told to be over.
func TestWebhookExpiry(t *testing.T) {
	t.Parallel()
	now, advance := ticking()
	target, got := hook(t, nil)
	c := start(t, sandbox.Options{Webhook: target, Now: now})
	done, code := c.silentCode(other)
	c.check(done, code)
	open := c.begin(yes, "")
	take(t, got, 4)
	advance(time.Minute)
	events := take(t, got, 2)
	for i, kind := range []string{"event", "summary"} {
		if events[i]["type"] != kind || events[i]["status"] != "expired" || events[i]["request_id"] != open.ID {
			t.Errorf("%v", events[i])
		}
	}
}

func TestWebhookCancelled(t *testing.T) {
	t.Parallel()
	now, advance := ticking()
	target, got := hook(t, nil)
	c := start(t, sandbox.Options{Webhook: target, Now: now})
	b := c.begin(yes, "")
	advance(30 * time.Second)
	if r := c.cancel(b.ID); r.status != 204 || r.body != "" {
		t.Errorf("cancel: %d %s", r.status, r.body)
	}
	if events := take(t, got, 3); events[2]["status"] != "cancelled" {
		t.Errorf("%v", events)
	}
}

// Neither a request nor Close waits long for a backend that says nothing.
func TestWebhookBlackHole(t *testing.T) {
	t.Parallel()
	reached, over := make(chan struct{}, 1), make(chan struct{})
	hole := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case reached <- struct{}{}:
		default:
		}
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}))
	t.Cleanup(hole.Close)
	t.Cleanup(func() { close(over) })
	var last atomic.Pointer[sandbox.Delivery]
	s, err := sandbox.New(sandbox.Options{
		RedirectURIs: []string{callback}, Webhook: hole.URL, WebhookLog: func(d sandbox.Delivery) { last.Store(&d) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, s)
	for i := range 600 { // three webhooks each: more than the queue holds
		b := c.begin("+99000000"+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10)), "")
		c.check(b.ID, "wrong1")
	}
	<-reached
	c.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil || ctx.Err() != nil {
		t.Errorf("shutdown: %v, %v", err, ctx.Err())
	}
	if d := last.Load(); d == nil || !d.Last || d.Err == nil {
		t.Errorf("last: %+v", d)
	}
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("again: %v", err)
	}
}

// What waits when the sandbox closes is still delivered.
func TestWebhookDrain(t *testing.T) {
	t.Parallel()
	target, got := hook(t, nil)
	s, err := sandbox.New(sandbox.Options{RedirectURIs: []string{callback}, Webhook: target, WebhookClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, s)
	id, code := c.silentCode(yes)
	c.check(id, code)
	c.CloseIdleConnections()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(got); n != 3 {
		t.Errorf("%d webhooks arrived before Close returned, want 3", n)
	}
}

func TestSilentOptions(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]sandbox.Options{
		"webhook: want an absolute http or https URL":                 {Webhook: "ftp://app.example/x"},
		`error stage "enable" of the second API is none of`:           {SilentErrorAt: sandbox.StageEnable},
		`error stage "check" is none of enable, authorize`:            {ErrorAt: sandbox.StageCheck},
		"a lifetime, a waiting time or the ledger's size is negative": {CancelAfter: -1},
	} {
		if _, err := sandbox.New(o); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
