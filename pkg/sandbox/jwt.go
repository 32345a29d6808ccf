package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// claims are those that the flow has a rule for (protocol of the vendor's application JWT).
type claims struct {
	jwt.RegisteredClaims
	ApplicationID string          `json:"application_id"`
	ACL           json.RawMessage `json:"acl"`
}

// errExpired is the one refusal of a JWT that the vendor names.
var errExpired = errors.New("the JWT has expired")

var parser = jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())

// authenticate judges the Authorization header, which must carry the application's JWT. A header that
// was found good once is believed until its JWT expires: a signature costs more than the rest of a
// request. The same jti may come twice, since one JWT serves enable and token.
func (c *call) authenticate() error {
	s, header := c.s, c.entry.Authorization
	s.mu.Lock()
	known, ok := s.jwts.get(header, c.now)
	s.mu.Unlock()
	if ok {
		c.entry.Authorization = known // so that the ledger keeps it once
		return nil
	}
	token, ok := bearerToken(header)
	if !ok {
		return errors.New("no bearer JWT in Authorization")
	}
	var claims claims
	if err := s.verifyJWT(token, &claims); err != nil {
		return err
	}
	until, err := claims.check(s.options.ApplicationID, c.now)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jwts.putUntil(header, header, c.now, until)
	return nil
}

// verifyJWT checks header and signature, and reads the claims. Only RS256 and only the registered key: kid, jku, x5u
// and jwk are not looked at, and crit (RFC 7515 section 4.1.11), which golang-jwt ignores, is refused.
func (s *Server) verifyJWT(token string, into jwt.Claims) error {
	key, err := s.key()
	if err != nil {
		return err
	}
	parsed, err := parser.ParseWithClaims(token, into, func(*jwt.Token) (any, error) { return key, nil })
	if err != nil {
		return fmt.Errorf("the JWT is not signed as it must be: %w", err)
	}
	if _, critical := parsed.Header["crit"]; critical {
		return errors.New("the JWT has a crit header, of which nothing is understood")
	}
	return nil
}

// check judges the claims and returns until when they hold.
func (c *claims) check(applicationID string, now time.Time) (until time.Time, err error) {
	switch {
	case c.ApplicationID != applicationID:
		return until, errors.New("the JWT is for another application")
	case len(c.ACL) > 0:
		return until, errors.New("the JWT has an acl, which this flow must not have")
	case c.ID == "":
		return until, errors.New("the JWT has no jti")
	case c.IssuedAt == nil:
		return until, errors.New("the JWT has no iat")
	case c.IssuedAt.After(now.Add(leeway)):
		return until, fmt.Errorf("the JWT was issued %v in the future", c.IssuedAt.Sub(now).Round(time.Second))
	case c.NotBefore != nil && c.NotBefore.After(now.Add(leeway)):
		return until, errors.New("the JWT is not valid yet")
	}
	expires := c.IssuedAt.Add(jwtDefault)
	if c.ExpiresAt != nil {
		expires = c.ExpiresAt.Time
		if life := expires.Sub(c.IssuedAt.Time); life < minLifetime || life > maxLifetime {
			return until, fmt.Errorf("the JWT lives %v, not between %v and %v", life, minLifetime, maxLifetime)
		}
	}
	if until = expires.Add(leeway); !now.Before(until) {
		return until, fmt.Errorf("%w %v ago", errExpired, now.Sub(expires).Round(time.Second))
	}
	return until, nil
}

// bearerToken is the token of an Authorization header (RFC 6750 section 2.1; the scheme in any case).
func bearerToken(authorization string) (string, bool) {
	const scheme = "bearer "
	if len(authorization) <= len(scheme) || !strings.EqualFold(authorization[:len(scheme)], scheme) {
		return "", false
	}
	return authorization[len(scheme):], true
}
