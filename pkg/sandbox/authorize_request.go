package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/golang-jwt/jwt/v5"
)

// signedTwice must stand beside a request object as well as in it, and say the same; of all else only what the object
// says counts (CAMARA's Security and Interoperability Profile, signed authentication requests).
var signedTwice = [...]string{"scope", "response_type", "client_id", "redirect_uri"}

// openRequest puts what a request object says (OpenID Connect Core section 6.1) in place of what stands beside it. It
// is signed by the application's key.
func (c *call) openRequest() error {
	object, _ := c.one("request")
	claims := jwt.MapClaims{}
	if err := c.s.verifyJWT(object, claims); err != nil {
		return err
	}
	if err := c.checkRequest(claims); err != nil {
		return err
	}
	opened := url.Values{}
	for name, value := range claims {
		if text, ok := parameterOf(value); ok {
			opened.Set(name, text)
		}
	}
	for _, name := range signedTwice {
		if beside, _ := c.one(name); beside == "" || beside != opened.Get(name) {
			return errors.New(name + " is not the same in the request object and beside it")
		}
	}
	c.form = opened
	return nil
}

// checkRequest judges the claims that are about the object itself.
func (c *call) checkRequest(claims jwt.MapClaims) error {
	issuer, _ := claims.GetIssuer()
	audience, _ := claims.GetAudience()
	expires, _ := claims.GetExpirationTime()
	issued, _ := claims.GetIssuedAt()
	begins, _ := claims.GetNotBefore()
	id, _ := claims["jti"].(string)
	_, nested := claims["request"]
	_, referred := claims["request_uri"]
	switch {
	case issuer != c.s.options.ApplicationID:
		return errors.New("iss of the request object is not the application")
	case !c.s.isFor(audience, authorizePath):
		return errors.New("aud of the request object is not this server")
	case expires == nil || issued == nil || id == "":
		return errors.New("the request object has no exp, iat or jti")
	case expires.Sub(issued.Time) > maxAssertion:
		return fmt.Errorf("the request object lives longer than %v", maxAssertion)
	case issued.After(c.now.Add(leeway)) || !c.now.Before(expires.Add(leeway)):
		return errors.New("the request object is from the future, or has expired")
	case begins != nil && begins.After(c.now.Add(leeway)):
		return errors.New("the request object is not valid yet")
	case nested || referred:
		return errors.New("the request object holds another")
	}
	return nil
}

// isFor tells whether an audience is this server: its issuer, or the endpoint that was asked.
func (s *Server) isFor(audience []string, endpoint string) bool {
	ours := []string{s.vendor, s.vendor + "/", s.vendor + endpoint}
	return slices.ContainsFunc(audience, func(one string) bool { return slices.Contains(ours, one) })
}

// parameterOf is a claim as a parameter; objects are none of ours.
func parameterOf(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	default:
		return "", false
	}
}
