package sandbox_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// with is good claims with others.
func with(more jwt.MapClaims) jwt.MapClaims {
	claims := goodClaims()
	maps.Copy(claims, more)
	return claims
}

// without is good claims without one.
func without(name string) jwt.MapClaims {
	claims := goodClaims()
	delete(claims, name)
	return claims
}

func ago(d time.Duration) int64 { return time.Now().Add(-d).Unix() }

func signedBy(t *testing.T, method jwt.SigningMethod, key any, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(method, goodClaims())
	maps.Copy(token.Header, header)
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// publicPEM is what an attacker can know of the registered key.
func publicPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&testKey(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// token is a JWT and how enable refuses it: "" is accepted.
type token struct{ name, text, fragment string }

const (
	unauthorized = "unauthorized"
	expired      = "jwt-expired"
)

func goodTokens(t *testing.T) []token {
	t.Helper()
	good := signed(t, goodClaims(), nil)
	return []token{
		{"good", good, ""},
		{"the same again", good, ""},
		{"exp in a day", signed(t, with(jwt.MapClaims{"exp": time.Now().Add(24 * time.Hour).Unix()}), nil), ""},
		{"nbf now", signed(t, with(jwt.MapClaims{"nbf": ago(0)}), nil), ""},
		{"iat within leeway", signed(t, with(jwt.MapClaims{"iat": ago(-20 * time.Second)}), nil), ""},
		{"a kid, not looked at", signed(t, goodClaims(), map[string]any{"kid": "../../dev/null"}), ""},
	}
}

// forged are those whose header or signature is not as it must be.
func forged(t *testing.T) []token {
	t.Helper()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := signed(t, goodClaims(), nil)
	parts := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	return []token{
		{"none", signedBy(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), unauthorized},
		{"None, by hand", b64([]byte(`{"alg":"None","typ":"JWT"}`)) + "." + parts[1] + ".", unauthorized},
		{"HS256 with the public key", signedBy(t, jwt.SigningMethodHS256, publicPEM(t), nil), unauthorized},
		{"kid path", signedBy(t, jwt.SigningMethodHS256, []byte{}, map[string]any{"kid": "/dev/null"}), unauthorized},
		{"ES256", signedBy(t, jwt.SigningMethodES256, ec, nil), unauthorized},
		{"RS512", signedBy(t, jwt.SigningMethodRS512, testKey(t), nil), unauthorized},
		{"PS256", signedBy(t, jwt.SigningMethodPS256, testKey(t), nil), unauthorized},
		{"another key", signedBy(t, jwt.SigningMethodRS256, other, nil), unauthorized},
		{"its own jwk", signedBy(t, jwt.SigningMethodRS256, other, map[string]any{"jwk": map[string]string{"kty": "RSA"}}), unauthorized},
		{"crit", signed(t, goodClaims(), map[string]any{"crit": []string{"exp"}}), unauthorized},
		{"claims changed", parts[0] + "." + b64([]byte(`{"application_id":"x"}`)) + "." + parts[2], unauthorized},
		{"no signature", parts[0] + "." + parts[1] + ".", unauthorized},
		{"two parts", parts[0] + "." + parts[1], unauthorized},
		{"five parts", good + ".a.b", unauthorized},
		{"no JWT", "abc", unauthorized},
	}
}

// wrongClaims are signed well and say what they must not.
func wrongClaims(t *testing.T) []token {
	t.Helper()
	return []token{
		{"another application", signed(t, with(jwt.MapClaims{"application_id": "00000000-0000-4000-8000-000000000000"}), nil), unauthorized},
		{"no application", signed(t, without("application_id"), nil), unauthorized},
		{"an acl", signed(t, with(jwt.MapClaims{"acl": map[string]any{"paths": map[string]any{}}}), nil), unauthorized},
		{"a null acl", signed(t, with(jwt.MapClaims{"acl": nil}), nil), unauthorized},
		{"no jti", signed(t, without("jti"), nil), unauthorized},
		{"no iat", signed(t, without("iat"), nil), unauthorized},
		{"iat in the future", signed(t, with(jwt.MapClaims{"iat": ago(-10 * time.Minute)}), nil), unauthorized},
		{"nbf in the future", signed(t, with(jwt.MapClaims{"nbf": ago(-10 * time.Minute)}), nil), unauthorized},
		{"iat no number", signed(t, with(jwt.MapClaims{"iat": "now"}), nil), unauthorized},
		{"lives 25 h", signed(t, with(jwt.MapClaims{"exp": ago(-25 * time.Hour)}), nil), unauthorized},
		{"lives 10 s", signed(t, with(jwt.MapClaims{"exp": ago(-10 * time.Second)}), nil), unauthorized},
		{"expired", signed(t, with(jwt.MapClaims{"iat": ago(2 * time.Hour), "exp": ago(time.Hour)}), nil), expired},
		{"old, without exp", signed(t, with(jwt.MapClaims{"iat": ago(16 * time.Minute)}), nil), expired},
	}
}

// X1: attacks on the JWT, and JWTs that are merely wrong, open nothing.
func TestJWT(t *testing.T) {
	t.Parallel()
	for _, tt := range slices.Concat(goodTokens(t), forged(t), wrongClaims(t)) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, sandbox.Options{})
			c.jwt = tt.text
			enabled := c.enableBody(`{"phone_number":"` + yes + `","scopes":["` + scope + `"],"state":"s"}`)
			exchanged := c.exchange(grantOf("nobodys"))
			if tt.fragment == "" {
				if enabled.status != 200 || exchanged.status != 400 {
					t.Errorf("enable %d %s, token %d %s", enabled.status, enabled.body, exchanged.status, exchanged.body)
				}
				return
			}
			if enabled.status != 401 || !strings.Contains(enabled.body, "api-errors#"+tt.fragment+`"`) {
				t.Errorf("enable: %d %s, want 401 %s", enabled.status, enabled.body, tt.fragment)
			}
			if exchanged.status != 401 || !strings.Contains(exchanged.body, `"invalid_client"`) {
				t.Errorf("token: %d %s", exchanged.status, exchanged.body)
			}
			for _, e := range c.s.Requests() {
				if !strings.Contains(e.Note, "JWT") {
					t.Errorf("the ledger does not say why: %q", e.Note)
				}
			}
		})
	}
}

// A JWT that was found good is believed only as long as it is good.
func TestJWTCacheExpires(t *testing.T) {
	t.Parallel()
	clock := newClock()
	c := start(t, sandbox.Options{Now: clock.now})
	c.enable(yes, "one")
	clock.add(14 * time.Minute)
	c.enable(yes, "two")
	clock.add(2 * time.Minute)
	r := c.enableBody(`{}`)
	if r.status != 401 || !strings.Contains(r.body, "#jwt-expired") {
		t.Errorf("after 16 minutes: %d %s", r.status, r.body)
	}
}

func TestOwnKey(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, sandbox.Options{PublicKey: &key.PublicKey})
	if c.s.PrivateKeyPEM() != nil {
		t.Error("a private key is known that was never given")
	}
	if r := c.enableBody(`{}`); r.status != 401 {
		t.Errorf("the test key opens a sandbox with a key of its own: %d", r.status)
	}
	c.jwt = signedBy(t, jwt.SigningMethodRS256, key, nil)
	c.enable(yes, "mine")
}

func TestTestKey(t *testing.T) {
	t.Parallel()
	der, err := x509.MarshalPKIXPublicKey(&testKey(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	if got := "sha256:" + hex.EncodeToString(sum[:]); got != sandbox.TestKeyFingerprint {
		t.Errorf("fingerprint %s, the constant says %s", got, sandbox.TestKeyFingerprint)
	}
	if bits := testKey(t).N.BitLen(); bits != 2048 {
		t.Errorf("%d bits", bits)
	}
}
