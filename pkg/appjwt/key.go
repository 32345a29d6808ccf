package appjwt

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
)

// MinBits is the smallest RSA modulus that [ParseKey] takes: RFC 7518 section
// 3.3 asks for 2048 bits or more with RS256. MaxBits bounds the work that a
// hostile key can cause.
const (
	MinBits = 2048
	MaxBits = 16384
)

// Key is an RSA private key that can sign application JWTs. Make it with
// [ParseKey]; the zero value signs nothing. It shows only its size and its
// fingerprint when printed, with any verb.
type Key struct {
	reveal func() *rsa.PrivateKey // a function: package fmt sees no further, wherever the Key is held
}

// ParseKey reads the application's private key from the contents of its file
// or from the value of an environment variable.
//
// It takes PEM holding PKCS#8 ("BEGIN PRIVATE KEY", what the dashboard gives)
// or PKCS#1 ("BEGIN RSA PRIVATE KEY"), and forgives what happens to PEM on
// its way: a byte order mark, CRLF, all on one line, newlines as the two
// characters \n, quotes or text around it, base64 of the whole file, a
// certificate beside it.
//
// Everything else is refused with a [*KeyError] that says what the input
// really is and how to come to the right key. At most [MaxKeyBytes] are read.
func ParseKey(b []byte) (*Key, error) {
	der, err := privateDER(b)
	if err != nil {
		return nil, err
	}
	private, err := parseRSA(der)
	if err != nil {
		return nil, err
	}
	return &Key{reveal: func() *rsa.PrivateKey { return private }}, nil
}

// Public returns the half that the dashboard keeps, nil for a zero Key.
func (k Key) Public() *rsa.PublicKey {
	if k.reveal == nil {
		return nil
	}
	return &k.reveal().PublicKey
}

// Fingerprint returns "sha256:" and the lower-case hex SHA-256 of the public
// key's PKIX DER, the same as
//
//	openssl pkey -in private.key -pubout -outform DER | sha256sum
//
// prints. It is safe to show, and empty for a zero Key.
func (k Key) Fingerprint() string {
	if k.reveal == nil {
		return ""
	}
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	if err != nil { // not for RSA
		return ""
	}
	sum := sha256.Sum256(der)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Bits returns the size of the modulus, 2048 or more; 0 for a zero Key.
func (k Key) Bits() int {
	if k.reveal == nil {
		return 0
	}
	return k.Public().N.BitLen()
}

// String names the key without revealing it: "RSA 2048 sha256:…".
func (k Key) String() string {
	if k.reveal == nil {
		return "no key"
	}
	return "RSA " + strconv.Itoa(k.Bits()) + " " + k.Fingerprint()
}

// Format writes [Key.String] for every verb, so that %+v and %#v do not
// reach the numbers inside.
func (k Key) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte(k.String())) // a State keeps its own error
}

// pkcs8 is the PrivateKeyInfo of RFC 5208, without its optional attributes.
type pkcs8 struct {
	Version    int
	Algorithm  pkix.AlgorithmIdentifier
	PrivateKey []byte
}

// pkcs1Head is the beginning of the RSAPrivateKey of RFC 8017: enough to
// name the size of a key that the library then refuses.
type pkcs1Head struct {
	Version int
	N       *big.Int
}

const oidRSA = "1.2.840.113549.1.1.1"

// otherAlgorithms names what else a PKCS#8 file may hold.
var otherAlgorithms = map[string]KeyKind{
	"1.2.840.113549.1.1.10": KeyPSS,
	"1.2.840.10045.2.1":     KeyEC,
	"1.3.101.110":           KeyX25519,
	"1.3.101.111":           KeyX25519,
	"1.3.101.112":           KeyEd25519,
	"1.3.101.113":           KeyEd25519,
	"1.2.840.10040.4.1":     KeyDSA,
}

// parseRSA goes by the bytes, not by the label: a PKCS#1 key under a PKCS#8
// label, or the other way round, is as good as any.
func parseRSA(der []byte) (*rsa.PrivateKey, error) {
	var outer pkcs8
	if _, err := asn1.Unmarshal(der, &outer); err == nil {
		oid := outer.Algorithm.Algorithm.String()
		if oid != oidRSA {
			return nil, notRSA(oid)
		}
		der = outer.PrivateKey
	}
	var head pkcs1Head
	if _, err := asn1.Unmarshal(der, &head); err != nil {
		return nil, defect(KeyDamaged)
	}
	if bits := head.N.BitLen(); bits < MinBits || bits > MaxBits {
		return nil, defect(KeySize, strconv.Itoa(bits))
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil { // its text is about ASN.1 and numbers: ours says the same in words
		return nil, defect(KeyBroken)
	}
	return key, nil
}

func notRSA(oid string) error {
	if kind, ok := otherAlgorithms[oid]; ok {
		return defect(kind)
	}
	return defect(KeyUnknown, "algorithm "+oid)
}
