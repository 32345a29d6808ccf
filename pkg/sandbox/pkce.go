package sandbox

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// isGood tells whether a challenge is one, or none was sent (RFC 7636 section 4.3).
func (p proof) isGood() bool {
	switch p.method {
	case "", "plain":
		return p.challenge == "" && p.method == "" || isVerifier(p.challenge)
	case "S256":
		return len(p.challenge) == base64.RawURLEncoding.EncodedLen(sha256.Size) && isVerifier(p.challenge)
	default:
		return false
	}
}

// fits tells whether a verifier answers the challenge. One for which there was no challenge does not: its
// code may be somebody else's (RFC 9700 section 2.1.1).
func (p proof) fits(verifier string, sent bool) bool {
	switch {
	case p.challenge == "":
		return !sent
	case p.method == "S256":
		sum := sha256.Sum256([]byte(verifier))
		verifier = base64.RawURLEncoding.EncodeToString(sum[:])
		return same(verifier, p.challenge)
	default:
		return same(verifier, p.challenge)
	}
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// isVerifier is 43 to 128 unreserved characters (RFC 7636 section 4.1).
func isVerifier(s string) bool {
	return len(s) >= 43 && len(s) <= 128 && !strings.ContainsFunc(s, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("-._~", r)
	})
}
