package sandbox

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	_ "embed" // the fixed key
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
)

// TestKeyFingerprint is "sha256:" and the hex SHA-256 of the test key's public half (PKIX, DER). The
// key is published, so nothing that is not loopback may ever be asked with it: refuse this fingerprint.
const TestKeyFingerprint = "sha256:eaf8cbdc184e6398d1da2b0f14ee2464573b6e5af698d49390c82a9adbe6173f"

// TestApplicationID is the application of the sandbox when [Options] names none.
const TestApplicationID = "5a9db0c5-0000-4000-8000-000000000001"

// ClientID marks the Virtual Operator in the auth_url.
const ClientID = "sandbox_test"

//go:embed testkey.pem
var testKeyPEM []byte

// The public half stands on its own: parsing it takes a tenth of the time of the private key.
//
//go:embed testkey.pub.pem
var testPublicPEM []byte

// TestKeyPEM returns a copy of the fixed, published RSA-2048 key (PKCS#8) that the sandbox trusts when
// [Options.PublicKey] is nil. Generating one would take longer than the whole flow.
func TestKeyPEM() []byte { return bytes.Clone(testKeyPEM) }

// testPublicKey is parsed when the first JWT comes, not at start.
var testPublicKey = sync.OnceValues(func() (*rsa.PublicKey, error) {
	block, _ := pem.Decode(testPublicPEM)
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("parse embedded test key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("parse embedded test key: not RSA")
	}
	return public, nil
})
