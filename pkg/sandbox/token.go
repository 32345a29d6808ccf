package sandbox

import (
	"net/http"
	"strings"
	"time"
)

const exchangePath = "/oauth2/token"

// tokenAnswer is the 200 of POST /oauth2/token.
type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`         // seconds
	IDToken     string `json:"id_token,omitempty"` // where an app asked by itself, with openid in the scope
}

func readToken(c *call) {
	if c.hasType(typeForm) {
		c.readForm(string(c.body))
	}
	c.entry.Code = c.form.Get("code")
	c.entry.RedirectURI = c.form.Get("redirect_uri")
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if g, ok := c.s.codes.get(c.entry.Code, c.now); ok {
		c.partOf(&g)
	} else if used, ok := c.s.spent.get(c.entry.Code, c.now); ok {
		c.entry.Flow = used.flow
	}
}

// serveToken exchanges a code (RFC 6749 section 4.1.3); the client proves itself by its JWT.
func serveToken(c *call) {
	c.Header()["X-Ratelimit-Limit"] = rateLimit
	if err := c.authenticateClient(); err != nil {
		c.deny(err.Error(), refusal{status: http.StatusUnauthorized})
		return
	}
	if c.refuseMalformed() {
		return
	}
	if name, repeated := c.repeated(); repeated {
		c.deny("a parameter is repeated", refusal{http.StatusBadRequest, "A parameter is repeated: " + name + ".", nil})
		return
	}
	kind := c.form.Get("grant_type")
	if kind == "" {
		c.deny("grant_type is missing", refusal{http.StatusBadRequest, "grant_type is missing.", nil})
		return
	}
	if kind != "authorization_code" {
		c.entry.Note = "grant_type is not authorization_code"
		refuseToken(c, http.StatusBadRequest, "unsupported_grant_type", "Only authorization_code is supported.")
		return
	}
	for _, name := range []string{"code", "redirect_uri"} {
		if !c.form.Has(name) {
			c.deny(name+" is missing", refusal{http.StatusBadRequest, name + " is missing.", nil})
			return
		}
	}
	if c.entry.Phone != "" && c.fails(c.part.resultOf(c.entry.Phone)) {
		return
	}
	token := c.s.ids.hex128()
	g, lives, note, description := c.s.redeem(c, token)
	if note != "" {
		c.entry.Note = note
		refuseToken(c, http.StatusBadRequest, "invalid_grant", description)
		return
	}
	answer := tokenAnswer{AccessToken: token, TokenType: "Bearer", ExpiresIn: int64(lives / time.Second)}
	if g.signIn != nil {
		var err error
		if answer.IDToken, err = c.s.idToken(&g, c.now, lives); err != nil {
			c.deny(err.Error(), refusal{status: http.StatusInternalServerError})
			return
		}
	}
	neverStored(c)
	replyJSON(c, http.StatusOK, typeJSON, answer)
}

// redeem turns the call's code into token. A code that was used before is a sign that it leaked: what
// it was exchanged for is revoked (RFC 6749 section 4.1.2). One that comes with another redirect_uri, or
// without the proof that it wants, stays good for its owner. note is "" if all went well.
func (s *Server) redeem(c *call, token string) (g grant, lives time.Duration, note, description string) {
	const unknown = "The authorization code is unknown, expired or already used."
	verifier, sent := c.form.Get("code_verifier"), c.form.Has("code_verifier")
	s.mu.Lock()
	defer s.mu.Unlock()
	code := c.entry.Code
	g, ok := s.codes.get(code, c.now)
	switch {
	case ok && g.redirectURI != c.entry.RedirectURI:
		return g, 0, "redirect_uri is not the one of the flow", "redirect_uri differs from the one of the authorization."
	case ok && !g.proof.fits(verifier, sent):
		return g, 0, "code_verifier does not answer the challenge of the flow", "code_verifier does not fit the authorization."
	case ok:
		lives = s.options.TokenTTL
		if g.direct {
			lives = min(lives, maxDirectTTL)
		}
		s.codes.drop(code)
		s.spent.put(strings.Clone(code), spent{token, g.flowNumber}, c.now) // without the body around it
		s.tokens.putUntil(token, g, c.now, c.now.Add(lives))
		return g, lives, "", ""
	}
	if used, ok := s.spent.get(code, c.now); ok {
		s.tokens.drop(used.token)
		return g, 0, "the code was used before; its token is revoked", unknown
	}
	return g, 0, "the code is unknown or expired", unknown
}
