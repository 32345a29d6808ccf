package appjwt

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Bounds of a token's lifetime, and what a zero [Signer.TTL] means (guide).
const (
	MinTTL     = 30 * time.Second
	MaxTTL     = 24 * time.Hour
	DefaultTTL = 15 * time.Minute
)

// renewBefore is how long before exp a token is no longer handed out: longer
// than a request may take. Short-lived tokens keep nine tenths of their life.
const renewBefore = 30 * time.Second

var clock = time.Now //nolint:forbidigo // the zero value of Now means the real clock

// Signer makes application JWTs: RS256, header typ JWT, claims application_id,
// iat, jti (a random UUID), exp and, when asked for, nbf.
//
// ApplicationID and Key are needed, the rest may be zero. Set the fields
// before the first [Signer.Token] and leave them then; Token may be called
// from many goroutines at once. A Signer must not be copied.
type Signer struct {
	ApplicationID string           // the application's id in the dashboard, a UUID
	Key           *Key             // from [ParseKey]
	TTL           time.Duration    // lifetime, exp − iat; 0 is [DefaultTTL]
	NotBefore     time.Duration    // nbf − iat, before or after; 0 leaves nbf out
	Claims        map[string]any   // further claims; see [CheckClaims]
	Now           func() time.Time // nil is the real clock

	mu   sync.Mutex
	last *signed
}

// signed is a token and the times between which it may be handed out.
type signed struct {
	reveal      func() string // a function, as in Key: printing a Signer does not print it
	from, until time.Time
}

// Token returns a signed token, the same one until shortly before it expires
// (30 s, or a tenth of a short TTL) or until the clock is set back.
//
// The error is ctx's, or a [*ClaimError] that says which setting is refused.
func (s *Signer) Token(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.last.usable(now) {
		return s.last.reveal(), nil
	}
	fresh, err := s.sign(now)
	if err != nil {
		return "", err
	}
	s.last = fresh
	return fresh.reveal(), nil
}

// Check reports what [Signer.Token] would refuse, without signing.
func (s *Signer) Check() error {
	if s.Key == nil || s.Key.reveal == nil {
		return &ClaimError{Claim: "key", Reason: "there is none"}
	}
	if strings.TrimSpace(s.ApplicationID) == "" {
		return &ClaimError{Claim: "application_id", Reason: "it is empty"}
	}
	if err := CheckTTL(s.ttl()); err != nil {
		return err
	}
	if s.NotBefore >= s.ttl() {
		return &ClaimError{Claim: "nbf", Reason: "the token would expire before it is valid"}
	}
	_, err := CheckClaims(s.Claims)
	return err
}

// CheckTTL refuses a lifetime outside 30 s to 24 h with a [*ClaimError]. Call
// it on what a user wrote: there, unlike in [Signer.TTL], 0 is a mistake.
func CheckTTL(ttl time.Duration) error {
	if ttl < MinTTL || ttl > MaxTTL {
		return &ClaimError{Claim: "exp", Reason: "a lifetime of " + ttl.String() + " is outside 30s to 24h"}
	}
	return nil
}

func (s *Signer) sign(now time.Time) (*signed, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	iat := now.Unix()
	exp := iat + int64(s.ttl()/time.Second)
	claims := jwt.MapClaims{}
	maps.Copy(claims, s.Claims)
	claims["application_id"] = s.ApplicationID
	claims["iat"], claims["exp"] = iat, exp
	claims["jti"] = newUUID()
	if s.NotBefore != 0 {
		claims["nbf"] = now.Add(s.NotBefore).Unix()
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(s.Key.reveal())
	if err != nil {
		return nil, &ClaimError{Claim: "extra claims", Reason: "they cannot be signed", Err: err}
	}
	until := time.Unix(exp, 0).Add(-min(renewBefore, s.ttl()/10))
	return &signed{reveal: func() string { return token }, from: time.Unix(iat, 0), until: until}, nil
}

func (t *signed) usable(now time.Time) bool {
	return t != nil && !now.Before(t.from) && now.Before(t.until)
}

func (s *Signer) ttl() time.Duration {
	if s.TTL == 0 {
		return DefaultTTL
	}
	return s.TTL
}

func (s *Signer) now() time.Time {
	if s.Now == nil {
		return clock()
	}
	return s.Now()
}

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
