package sandbox

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	_ "embed" // the issuer's key
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signIn is what an id_token says of how the device came to be known; nil in a flow that asked for none.
type signIn struct {
	nonce  string
	timed  bool      // max_age was sent, so that auth_time is due
	proven time.Time // when the carrier vouched for the device
}

// Like the test key, the issuer's is published; RS256 is what every client must understand, and the same token comes
// out each time. The test key is the client's, and an issuer does not have that.
//
//go:embed issuerkey.pem
var issuerKeyPEM []byte

// signer is the issuer's key.
type signer struct {
	private *rsa.PrivateKey
	public  publicKey
}

// issuerKey is parsed when the first id_token or the key set is asked for.
var issuerKey = sync.OnceValues(func() (*signer, error) {
	private, err := jwt.ParseRSAPrivateKeyFromPEM(issuerKeyPEM)
	if err != nil {
		return nil, fmt.Errorf("parse the issuer's key: %w", err)
	}
	return &signer{private, newPublicKey(&private.PublicKey)}, nil
})

// newPublicKey is a key in JWK form, with its thumbprint (RFC 7638) for a name.
func newPublicKey(key *rsa.PublicKey) publicKey {
	modulus, exponent := base64url(key.N.Bytes()), base64url(big.NewInt(int64(key.E)).Bytes())
	sum := sha256.Sum256([]byte(`{"e":"` + exponent + `","kty":"RSA","n":"` + modulus + `"}`))
	return publicKey{"RSA", "sig", jwt.SigningMethodRS256.Alg(), base64url(sum[:]), modulus, exponent}
}

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// wantsIDToken tells whether a scope makes a request one of OpenID Connect.
func wantsIDToken(scope string) bool {
	return slices.Contains(strings.Fields(scope), scopeOpenID)
}

// idToken signs who the device is, for as long as the access token beside it lives (OpenID Connect Core section 2).
func (s *Server) idToken(g *grant, now time.Time, lives time.Duration) (string, error) {
	key, err := issuerKey()
	if err != nil {
		return "", err
	}
	claims := jwt.MapClaims{
		"iss": s.vendor, "sub": s.subject(g.phone), "aud": s.options.ApplicationID, "iat": now.Unix(), "exp": now.Add(lives).Unix(),
	}
	if g.signIn.nonce != "" {
		claims["nonce"] = g.signIn.nonce
	}
	if g.signIn.timed {
		claims["auth_time"] = g.signIn.proven.Unix()
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = key.public.ID
	return token.SignedString(key.private)
}

// subject names the holder of a number for the one application, pairwise: it says nothing about the number to who
// has not the sandbox's secret.
func (s *Server) subject(phone string) string {
	mac := hmac.New(sha256.New, s.subjects())
	mac.Write([]byte(s.options.ApplicationID + "\x00" + phone))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// newSubjects draws the secret of subjects when it is first needed; of a seed from a stream of its own, so that nothing
// else changes with it.
func (s *Server) newSubjects() func() []byte {
	return sync.OnceValue(func() []byte {
		source := &s.ids
		if s.options.Seed != 0 {
			own := newIDs(s.options, 2)
			source = &own
		}
		secret := make([]byte, sha256.Size)
		source.read(secret)
		return secret
	})
}

// isHintOf tells whether an id_token_hint is one of this server's, also an expired one, and whether it is about the
// holder of the number.
func (s *Server) isHintOf(hint, phone string) (ours, same bool) {
	key, err := issuerKey()
	if err != nil {
		return false, false
	}
	var claims jwt.RegisteredClaims
	_, err = parser.ParseWithClaims(hint, &claims, func(*jwt.Token) (any, error) { return &key.private.PublicKey, nil })
	return err == nil && claims.Issuer == s.vendor, claims.Subject == s.subject(phone)
}
