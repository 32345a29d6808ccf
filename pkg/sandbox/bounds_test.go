package sandbox

import (
	"bytes"
	"cmp"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// X5: whatever is abandoned, no store holds more than two generations of its cap.
func TestBounded(t *testing.T) {
	t.Parallel()
	s, err := New(Options{RedirectURIs: []string{"http://127.0.0.1:1/cb"}, LedgerSize: 100, Webhook: "http://127.0.0.1:1/none"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(testKeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.MapClaims{"application_id": TestApplicationID, "iat": clock().Unix(), "jti": "1"}
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxFlows {
		n := strconv.Itoa(i)
		for path, body := range map[string]string{
			"/v0.1/network-enablement": `{"phone_number":"+99012345678","scopes":["` + knownScopes[0] + `"],"state":"` + n + `"}`,
			silentPath:                 `{"brand":"A","workflow":[{"channel":"silent_auth","to":"990` + n + `00"}]}`,
		} {
			r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1"+path, bytes.NewReader([]byte(body)))
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			if s.ServeHTTP(w, r); w.Code >= http.StatusBadRequest {
				t.Fatalf("%s %d: %d %s", path, i, w.Code, w.Body)
			}
		}
	}
	if n := len(s.requests.now) + len(s.requests.old); n > 2*maxFlows || n < maxFlows {
		t.Errorf("%d requests kept, the cap is twice %d", n, maxFlows)
	}
	if n := len(s.numbers.now) + len(s.numbers.old); n > 2*maxFlows {
		t.Errorf("%d numbers kept, the cap is twice %d", n, maxFlows)
	}
	if n := len(s.pending); n > maxPending || n < maxFlows {
		t.Errorf("%d requests watched, the cap is %d", n, maxPending)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := len(s.flows.now) + len(s.flows.old); n > 2*maxFlows || n < maxFlows {
		t.Errorf("%d flows kept, the cap is twice %d", n, maxFlows)
	}
	if n := len(s.jwts.now); n != 1 {
		t.Errorf("%d JWTs kept, one was sent", n)
	}
	if n := len(s.Requests()); n != 100 {
		t.Errorf("%d entries in a ledger of 100", n)
	}
}

// X5: nor do the codes that nobody redeems.
func TestCodesAreBounded(t *testing.T) {
	t.Parallel()
	s, err := New(Options{RedirectURIs: []string{"http://127.0.0.1:1/cb"}, LedgerSize: 1, SinglePort: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxFlows {
		at, cookie := "http://127.0.0.1/oauth2/auth?response_type=code&scope=number-verification:verify&redirect_uri=http://127.0.0.1:1/cb&client_id="+TestApplicationID, ""
		for range 5 {
			r := httptest.NewRequest(http.MethodGet, at, http.NoBody)
			r.Header.Set("Cookie", cookie)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			cookie, _, _ = strings.Cut(cmp.Or(w.Header().Get("Set-Cookie"), cookie), ";")
			at = w.Header().Get("Location")
		}
		if !strings.HasPrefix(at, "http://127.0.0.1:1/cb?code=") {
			t.Fatalf("flow %d ends at %s", i, at)
		}
	}
	if n := len(s.codes.now) + len(s.codes.old); n > 2*maxFlows || n < maxFlows {
		t.Errorf("%d codes kept, the cap is twice %d", n, maxFlows)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	start := time.Unix(1e9, 0)
	s := newStore[int, string](2, time.Minute)
	for i := range 3 {
		s.put(i, strconv.Itoa(i), start.Add(time.Duration(i)*time.Second))
	}
	for _, tt := range []struct {
		name string
		key  int
		at   time.Duration
		want string
		ok   bool
	}{
		{"the oldest, one generation back", 0, 3 * time.Second, "0", true},
		{"the newest", 2, 3 * time.Second, "2", true},
		{"a moment before its time is over", 2, 62*time.Second - 1, "2", true},
		{"its time is over", 2, 62 * time.Second, "", false},
		{"never there", 9, 0, "", false},
	} {
		if got, ok := s.get(tt.key, start.Add(tt.at)); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %q %v", tt.name, got, ok)
		}
	}
	s.put(3, "3", start.Add(4*time.Second))
	s.put(4, "4", start.Add(4*time.Second))
	if _, ok := s.get(0, start.Add(4*time.Second)); ok {
		t.Error("two generations later the oldest is still there")
	}
	if got, ok := s.take(4, start.Add(5*time.Second)); got != "4" || !ok {
		t.Errorf("take: %q %v", got, ok)
	}
	if _, ok := s.get(4, start.Add(5*time.Second)); ok {
		t.Error("taken, and still there")
	}
	s.put(5, "5", start.Add(time.Hour))
	if n := len(s.now); n != 1 {
		t.Errorf("an hour later %d are in the new generation", n)
	}
}

// The ledger keeps the last requests, as many as there are to be and as their text has room, whatever their sizes.
func TestLedgerBounds(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]func(n int) int{
		"small": func(int) int { return 10 },
		"large": func(int) int { return 64 << 10 },
		"mixed": func(n int) int { return n * n * 7919 % (96 << 10) },
		"huge":  func(n int) int { return n % 2 * (maxLedgerText - 1<<10) },
	} {
		l, bodies := ledger{size: 300}, []int{}
		for n := range 1000 {
			bodies = append(bodies, body(n))
			l.add(&Entry{Body: strings.Repeat("x", body(n))})
			kept, room := 0, maxLedgerText
			for kept < min(len(bodies), 300) && room >= bodies[len(bodies)-1-kept] {
				room -= bodies[len(bodies)-1-kept]
				kept++
			}
			got := l.all()
			if len(got) != kept || got[0].N != int64(n+2-kept) || got[kept-1].N != int64(n+1) || len(got[0].Body) != bodies[n+1-kept] {
				t.Fatalf("%s: after %d entries %d are kept, want %d", name, n+1, len(got), kept)
			}
		}
		l.clear()
		if l.add(&Entry{}); len(l.all()) != 1 || l.all()[0].N != 1001 {
			t.Errorf("%s: after clear %d entries", name, len(l.all()))
		}
	}
}
