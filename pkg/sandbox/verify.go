package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// verifyRequest is the body of POST /verify: {"phoneNumber":"+…"} or {"hashedPhoneNumber":"<hex>"}.
type verifyRequest struct {
	phone, hash string
	properties  int // how many properties there were
}

type verifyAnswer struct {
	Verified bool `json:"devicePhoneNumberVerified"`
}

func readVerify(c *call) {
	o := c.readObject()
	c.field(o, "phoneNumber", "a string", &c.verify.phone)
	c.field(o, "hashedPhoneNumber", "a string", &c.verify.hash)
	c.verify.properties = len(o)
	c.readBearer()
	c.entry.Phone = c.verify.phone + c.verify.hash // one of them
}

// serveVerify answers once for a token: whether the device that it stands for holds the number asked
// for. Asked for another number, that is false, whatever its last digit.
func serveVerify(c *call) {
	g, ok := c.permitted(verifyScopes, func() string {
		if c.verify.properties > 1 && c.edition().oneProperty {
			return "the body has more than one property"
		}
		return c.verify.check()
	})
	if ok {
		replyJSON(c, http.StatusOK, typeJSON, verifyAnswer{c.verify.asksFor(g.phone) && g.result == outcomeTrue})
	}
}

// check returns what is wrong with the request, "" if nothing is.
func (v *verifyRequest) check() string {
	switch {
	case (v.phone == "") == (v.hash == ""):
		return "want exactly one of phoneNumber and hashedPhoneNumber"
	case v.phone != "" && !isPhone(v.phone):
		return "phoneNumber is not E.164 with a leading +"
	case v.hash != "" && !isSHA256(v.hash):
		return "hashedPhoneNumber is not a SHA-256 in hex"
	}
	return ""
}

// asksFor tells whether the request names phone, plainly or by its hash.
func (v *verifyRequest) asksFor(phone string) bool {
	if v.phone != "" {
		return v.phone == phone
	}
	sum := sha256.Sum256([]byte(phone))
	return strings.EqualFold(v.hash, hex.EncodeToString(sum[:]))
}

func isSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}
