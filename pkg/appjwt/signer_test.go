package appjwt

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// ticker is a clock that tests set by hand.
type ticker struct{ now time.Time }

func (c *ticker) Now() time.Time { return c.now }

func testSigner(tb testing.TB) (*Signer, *ticker) {
	tb.Helper()
	c := &ticker{noon}
	return &Signer{ApplicationID: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", Key: goodKey(tb), Now: c.Now}, c
}

// verified has golang-jwt check the signature and returns the claims.
func verified(tb testing.TB, s *Signer, token string) (header map[string]any, claims jwt.MapClaims) {
	tb.Helper()
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation(), jwt.WithJSONNumber())
	parsed, err := parser.Parse(token, func(*jwt.Token) (any, error) { return s.Key.Public(), nil })
	if err != nil {
		tb.Fatalf("token does not verify: %v", err)
	}
	return parsed.Header, parsed.Claims.(jwt.MapClaims)
}

func TestTokenClaims(t *testing.T) {
	t.Parallel()
	iat := json.Number("1772366400")
	for name, row := range map[string]struct {
		set  func(*Signer)
		want jwt.MapClaims
	}{
		"default":       {func(*Signer) {}, jwt.MapClaims{"iat": iat, "exp": json.Number("1772367300")}},
		"least":         {func(s *Signer) { s.TTL = MinTTL }, jwt.MapClaims{"iat": iat, "exp": json.Number("1772366430")}},
		"most":          {func(s *Signer) { s.TTL = MaxTTL }, jwt.MapClaims{"iat": iat, "exp": json.Number("1772452800")}},
		"nbf later":     {func(s *Signer) { s.NotBefore = 10 * time.Second }, jwt.MapClaims{"iat": iat, "exp": json.Number("1772367300"), "nbf": json.Number("1772366410")}},
		"nbf earlier":   {func(s *Signer) { s.NotBefore = -time.Minute }, jwt.MapClaims{"iat": iat, "exp": json.Number("1772367300"), "nbf": json.Number("1772366340")}},
		"extra claims":  {func(s *Signer) { s.Claims = map[string]any{"tenant": "a"} }, jwt.MapClaims{"iat": iat, "exp": json.Number("1772367300"), "tenant": "a"}},
		"acl on demand": {func(s *Signer) { s.Claims = map[string]any{"acl": []any{}} }, jwt.MapClaims{"iat": iat, "exp": json.Number("1772367300"), "acl": []any{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := testSigner(t)
			row.set(s)
			header, claims := verified(t, s, must(s.Token(t.Context())))
			if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT"}, header); diff != "" {
				t.Error(diff)
			}
			if jti, _ := claims["jti"].(string); !uuid4.MatchString(jti) {
				t.Errorf("jti %q is no UUID of version 4", jti)
			}
			row.want["jti"], row.want["application_id"] = claims["jti"], s.ApplicationID
			if diff := cmp.Diff(row.want, claims); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestTokenRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		set   func(*Signer)
		claim string
	}{
		"no key":         {func(s *Signer) { s.Key = nil }, "key"},
		"zero key":       {func(s *Signer) { s.Key = new(Key) }, "key"},
		"no id":          {func(s *Signer) { s.ApplicationID = " " }, "application_id"},
		"ttl negative":   {func(s *Signer) { s.TTL = -time.Second }, "exp"},
		"ttl short":      {func(s *Signer) { s.TTL = MinTTL - 1 }, "exp"},
		"ttl long":       {func(s *Signer) { s.TTL = MaxTTL + 1 }, "exp"},
		"nbf after exp":  {func(s *Signer) { s.NotBefore = DefaultTTL }, "nbf"},
		"reserved exp":   {func(s *Signer) { s.Claims = map[string]any{"exp": 1} }, "exp"},
		"reserved cased": {func(s *Signer) { s.Claims = map[string]any{"Application_ID": "x"} }, "Application_ID"},
		"not JSON":       {func(s *Signer) { s.Claims = map[string]any{"f": math.NaN()} }, "f"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := testSigner(t)
			row.set(s)
			token, err := s.Token(t.Context())
			var got *ClaimError
			if token != "" || !errors.As(err, &got) || got.Claim != row.claim {
				t.Fatalf("got %q, %v; want a ClaimError of %s", token, err, row.claim)
			}
			if !strings.HasPrefix(err.Error(), "sign application JWT: "+row.claim+": ") {
				t.Errorf("clumsy text: %v", err)
			}
		})
	}
}

// TestCheckTTL holds J9: what a user wrote, where 0 is a mistake.
func TestCheckTTL(t *testing.T) {
	t.Parallel()
	for ttl, ok := range map[time.Duration]bool{
		0: false, -time.Second: false, 25 * time.Hour: false, 29 * time.Second: false,
		MinTTL: true, DefaultTTL: true, MaxTTL: true, MaxTTL + 1: false,
	} {
		if err := CheckTTL(ttl); (err == nil) != ok {
			t.Errorf("%v: %v", ttl, err)
		} else if err != nil && !strings.Contains(err.Error(), ttl.String()) {
			t.Errorf("%v is not named in %q", ttl, err)
		}
	}
}

// TestCheckClaims holds J11.
func TestCheckClaims(t *testing.T) {
	t.Parallel()
	for name := range reserved {
		var got *ClaimError
		if _, err := CheckClaims(map[string]any{strings.ToUpper(name): 1}); !errors.As(err, &got) {
			t.Errorf("%s: got %v, want a ClaimError", name, err)
		}
	}
	found, err := CheckClaims(map[string]any{"sub": "x", "acl": map[string]any{}, "tenant": "a"})
	if want := []Finding{unwanted["acl"], unwanted["sub"]}; err != nil || !cmp.Equal(found, want) {
		t.Errorf("got %v, %v; want %v", found, err, want)
	}
}

// TestTokenReuse walks the clock: what it is set to, and whether the token
// must be the first one still.
func TestTokenReuse(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		ttl, at time.Duration
		same    bool
	}{
		"at once":                {0, 0, true},
		"a while later":          {0, 10 * time.Minute, true},
		"just before the margin": {0, DefaultTTL - renewBefore - 1, true},
		"at the margin":          {0, DefaultTTL - renewBefore, false},
		"expired":                {0, DefaultTTL, false},
		"clock set back":         {0, -time.Second, false},
		"short, still good":      {MinTTL, 26 * time.Second, true},
		"short, at its margin":   {MinTTL, 27 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := testSigner(t)
			s.TTL = row.ttl
			first := must(s.Token(t.Context()))
			clock.now = noon.Add(row.at)
			second := must(s.Token(t.Context()))
			if (first == second) != row.same {
				t.Errorf("same token: %v, want %v", first == second, row.same)
			}
			_, claims := verified(t, s, second)
			if exp, _ := claims.GetExpirationTime(); !exp.After(clock.now) {
				t.Errorf("handed out at %v, expired at %v", clock.now, exp)
			}
		})
	}
}

func TestTokenConcurrent(t *testing.T) {
	t.Parallel()
	s, _ := testSigner(t)
	tokens := make([]string, 32)
	var wg sync.WaitGroup
	for i := range tokens {
		wg.Go(func() { tokens[i] = must(s.Token(t.Context())) })
	}
	wg.Wait()
	for _, token := range tokens {
		if token != tokens[0] {
			t.Fatal("two tokens were signed")
		}
	}
}

func TestTokenCanceled(t *testing.T) {
	t.Parallel()
	s, _ := testSigner(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if token, err := s.Token(ctx); token != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("got %q, %v", token, err)
	}
}

// TestTokenRealClock uses the zero Now.
func TestTokenRealClock(t *testing.T) {
	t.Parallel()
	s := &Signer{ApplicationID: "app", Key: goodKey(t)}
	before := time.Now().Truncate(time.Second)
	_, claims := verified(t, s, must(s.Token(t.Context())))
	if iat, _ := claims.GetIssuedAt(); iat.Before(before) || iat.After(time.Now()) {
		t.Errorf("iat is %v", iat)
	}
}

// TestTokenOddClocks holds G9 for clocks far from today.
func TestTokenOddClocks(t *testing.T) {
	t.Parallel()
	for _, year := range []int{1970, 2038, 2100} {
		s, clock := testSigner(t)
		clock.now = time.Date(year, 1, 19, 3, 14, 8, 999, time.FixedZone("", 7200))
		_, claims := verified(t, s, must(s.Token(t.Context())))
		if iat, err := claims.GetIssuedAt(); err != nil || iat.Unix() != clock.now.Unix() {
			t.Errorf("%d: iat is %v, %v", year, iat, err)
		}
	}
}
