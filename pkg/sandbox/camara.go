package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// CAMARA's own base paths, beside the vendor's of version 0.3.1. What differs in them: messages end with a
// full stop, INVALID_TOKEN_CONTEXT has no prefix, x-correlator takes more characters, the scope of the token
// is looked at, and from version 2 on a body with unknown properties is refused.
// Source: camaraproject/NumberVerification, number-verification.yaml 1.1 and 2.1.
const (
	camaraV1 = "/number-verification/v1"
	camaraV2 = "/number-verification/v2"

	verifyPath = "/verify"
	sharePath  = "/device-phone-number"
)

// The scopes of the two operations; a token may have several, with spaces between them.
var (
	verifyScopes = []string{"number-verification:verify", "number-verification-verify-read", "number-verification-read"}
	shareScopes  = []string{"number-verification:device-phone-number:read", "number-verification-share-read"}
)

// shareAnswer is the 200 of GET /device-phone-number.
type shareAnswer struct {
	Phone string `json:"devicePhoneNumber"`
}

// isLater tells whether the request is for one of CAMARA's later versions.
func (c *call) isLater() bool {
	return c.route != nil && (strings.HasPrefix(c.route.path, camaraV1) || strings.HasPrefix(c.route.path, camaraV2))
}

// spelled is a CAMARA error as the version of the request spells it.
func (c *call) spelled(code, message string) (string, string) {
	if !c.isLater() {
		return code, message
	}
	if code == codeNoContext {
		code = strings.TrimPrefix(code, codePrefix)
	}
	return code, strings.TrimSuffix(message, ".") + "."
}

// hasScope tells whether one of the words of granted, or what follows # in it, is one of wanted.
func hasScope(granted string, wanted []string) bool {
	for word := range strings.FieldsSeq(granted) {
		if at := strings.LastIndexByte(word, '#'); at >= 0 {
			word = word[at+1:]
		}
		if slices.Contains(wanted, word) {
			return true
		}
	}
	return false
}

// readBearer finds what an access token stands for.
func (c *call) readBearer() {
	c.entry.Token, _ = bearerToken(c.entry.Authorization)
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	g, _ := c.s.tokens.get(c.entry.Token, c.now)
	c.number, c.part, c.entry.Flow = g.phone, g.part, g.number
}

func readShare(c *call) {
	c.readBearer()
	c.entry.Phone = c.number
}

// serveShare tells the number of the device, once for a token.
func serveShare(c *call) {
	g, ok := c.permitted(shareScopes, func() string { return "" })
	if ok {
		replyJSON(c, http.StatusOK, typeJSON, shareAnswer{g.devicePhone()})
	}
}

// devicePhone is the number that the device holds: the one that the flow is about or, where verify says
// false, another.
func (g *grant) devicePhone() string {
	if g.result == outcomeTrue {
		return g.phone
	}
	last := len(g.phone) - 1
	return g.phone[:last] + string('0'+(g.phone[last]-'0'+1)%10)
}

// permitted judges a call with an access token and uses the token up, or answers why not. wrong says what is
// wrong with the request itself.
func (c *call) permitted(scopes []string, wrong func() string) (g grant, ok bool) {
	if !c.isCorrelator(c.entry.Correlator) {
		c.deny("x-correlator is malformed", refusal{status: http.StatusBadRequest})
		return g, false
	}
	c.s.mu.Lock()
	g, ok = c.s.tokens.get(c.entry.Token, c.now)
	c.s.mu.Unlock()
	switch {
	case !ok:
		c.deny("the access token is unknown, expired, used or revoked", refusal{status: http.StatusUnauthorized})
		return g, false
	case !hasScope(g.scope, scopes) && !slices.Contains(c.s.options.Scopes, g.scope):
		c.deny("the access token has not the scope", refusal{status: http.StatusForbidden})
		return g, false
	case c.refuseMalformed():
		return g, false
	}
	if note := wrong(); note != "" {
		c.deny(note, refusal{status: http.StatusBadRequest})
		return g, false
	}
	c.s.mu.Lock()
	g, ok = c.s.tokens.take(c.entry.Token, c.now)
	c.s.mu.Unlock()
	if !ok {
		c.deny("the access token was used meanwhile", refusal{status: http.StatusUnauthorized})
		return g, false
	}
	return g, !c.fails(g.result)
}

// isCorrelator is ^[a-zA-Z0-9-]{0,55}$ or, in CAMARA's later versions, ^[a-zA-Z0-9-_:;.\/<>{}]{0,256}$.
func (c *call) isCorrelator(id string) bool {
	more, longest := "-", 55
	if c.isLater() {
		more, longest = `-_:;.\/<>{}`, 256
	}
	for _, r := range id {
		if !isAlphanumeric(r) && !strings.ContainsRune(more, r) {
			return false
		}
	}
	return len(id) <= longest
}
