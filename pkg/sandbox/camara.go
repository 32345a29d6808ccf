package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// CAMARA's own base paths, beside the vendor's of version 0.3.1. The scope of the token is looked at in these
// only; [editions] says what else differs.
const (
	camaraV1 = "/number-verification/v1"
	camaraV2 = "/number-verification/v2"

	verifyPath = "/verify"
	sharePath  = "/device-phone-number"
)

// edition is what one of CAMARA's versions does in its own way.
type edition struct {
	base        string // how its paths begin
	oneProperty bool   // a body with a second property is refused, also one that is not declared
	more        string // what x-correlator takes beside letters and digits, and
	longest     int    // how much of it
	stop        string // how messages end
	noContext   coded  // the token leads to no number
	notMobile   string // the message of codeNotMobile
}

// editions: the newest first, the vendor's last. Sources: camaraproject/NumberVerification, the OpenAPI documents
// and test definitions of 0.3.1, of 1.0 and 1.1 (v1), of 2.0 and 2.1 (v2). From 1.1 on there is no code for a token
// that leads to no number; what is left to say is that it does not permit the call.
var editions = [...]edition{
	{
		camaraV2, true, "-_:;./<>{}", 256, ".",
		coded{code: codeDenied, words: words{"", permissionDenied + "."}},
		"The subscription must be identified using either Network-based authentication or SIM-based authentication to access this service.",
	},
	{
		camaraV1, true, "-_:;./<>{}", 256, ".",
		coded{code: strings.TrimPrefix(codeNoContext, codePrefix), words: words{"", noContext + "."}},
		notMobile,
	},
	{"", false, "-", 55, "", coded{code: codeNoContext, words: words{"", noContext}}, notMobile},
}

// The scopes of the two operations; a token may have several, with spaces between them.
var (
	verifyScopes = []string{"number-verification:verify", "number-verification-verify-read", "number-verification-read"}
	shareScopes  = []string{"number-verification:device-phone-number:read", "number-verification-share-read"}
)

// shareAnswer is the 200 of GET /device-phone-number.
type shareAnswer struct {
	Phone string `json:"devicePhoneNumber"`
}

// edition is the version that the request is for.
func (c *call) edition() *edition {
	for i := range editions {
		if c.route != nil && strings.HasPrefix(c.route.path, editions[i].base) {
			return &editions[i]
		}
	}
	return &editions[len(editions)-1]
}

// spelled is a message as the version of the request ends it.
func (c *call) spelled(message string) string {
	if stop := c.edition().stop; !strings.HasSuffix(message, stop) {
		return message + stop
	}
	return message
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
	c.number, c.part, c.entry.Flow = g.phone, g.part, g.flowNumber
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
	e := c.edition()
	for _, r := range id {
		if !isAlphanumeric(r) && !strings.ContainsRune(e.more, r) {
			return false
		}
	}
	return len(id) <= e.longest
}
