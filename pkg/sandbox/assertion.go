package sandbox

import (
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// assertionType is the value of client_assertion_type (RFC 7523 section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// maxAssertion is the longest that a client assertion may live, as CAMARA's profile has it.
const maxAssertion = 5 * time.Minute

// authenticateClient is authenticate for the token endpoint, where a client may also prove itself as CAMARA
// wants it: by private_key_jwt, with the application's key.
func (c *call) authenticateClient() error {
	if id := c.form.Get("client_id"); id != "" && id != c.s.options.ApplicationID {
		return errors.New("client_id is another application's")
	}
	if !c.form.Has("client_assertion") {
		return c.authenticate()
	}
	assertion, once := c.one("client_assertion")
	kind, _ := c.one("client_assertion_type")
	switch {
	case !once || kind != assertionType:
		return errors.New("client_assertion_type is not that of a JWT, or a parameter is repeated")
	case c.entry.Authorization != "":
		return errors.New("the client proves itself twice: by client_assertion and by Authorization")
	}
	var claims jwt.RegisteredClaims
	if err := c.s.verifyJWT(assertion, &claims); err != nil {
		return err
	}
	return c.checkAssertion(claims)
}

// checkAssertion judges the claims (RFC 7523 section 3, OpenID Connect Core section 9): each assertion is
// good once.
func (c *call) checkAssertion(claims jwt.RegisteredClaims) error {
	id := c.s.options.ApplicationID
	switch {
	case claims.Issuer != id || claims.Subject != id:
		return errors.New("iss and sub of the client assertion are not the application")
	case !c.s.isFor(claims.Audience, exchangePath):
		return errors.New("aud of the client assertion is not this server")
	case claims.ExpiresAt == nil || !c.now.Before(claims.ExpiresAt.Add(leeway)):
		return errors.New("the client assertion has no exp, or has expired")
	case claims.ExpiresAt.After(c.now.Add(maxAssertion + leeway)), claims.IssuedAt != nil && claims.ExpiresAt.Sub(claims.IssuedAt.Time) > maxAssertion:
		return fmt.Errorf("the client assertion lives longer than %v", maxAssertion)
	case claims.IssuedAt != nil && claims.IssuedAt.After(c.now.Add(leeway)):
		return errors.New("the client assertion was issued in the future")
	case claims.NotBefore != nil && claims.NotBefore.After(c.now.Add(leeway)):
		return errors.New("the client assertion is not valid yet")
	case claims.ID == "":
		return errors.New("the client assertion has no jti")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	once := maphash.String(c.s.seed, "assertion "+claims.ID)
	if _, used := c.s.states.get(once, c.now); used {
		return errors.New("the client assertion was used before")
	}
	c.s.states.put(once, struct{}{}, c.now)
	return nil
}
