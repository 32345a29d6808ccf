package cli

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// sandboxKey registers the user's own key, and returns where others find its private half: a path or env:NAME,
// and nothing for what came on stdin.
func (a *app) sandboxKey(ctx context.Context, f *sandboxFlags) (path string, err error) {
	switch {
	case f.privateKey != "" && f.publicKey != "":
		return "", usagef("--private-key and --public-key: use one")
	case f.privateKey != "":
		raw, err := a.readSecret(ctx, "private key", f.privateKey)
		if err != nil {
			return "", err
		}
		key, err := appjwt.ParseKey(raw)
		if err != nil {
			return "", &usageError{err: err}
		}
		f.options.PublicKey = key.Public()
		switch {
		case f.privateKey == "-":
			return "", nil
		case strings.HasPrefix(f.privateKey, "env:"):
			return f.privateKey, nil
		}
		return filepath.Abs(f.privateKey)
	case f.publicKey != "":
		raw, err := a.readSecret(ctx, "public key", f.publicKey)
		if err != nil {
			return "", err
		}
		f.options.PublicKey, err = parsePublicKey(raw)
		return "", err
	default:
		return "", nil
	}
}

func parsePublicKey(raw []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, usagef("--public-key: no PEM in the file")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, usagef("--public-key: not a public key in PKIX form (BEGIN PUBLIC KEY)")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, usagef("--public-key: not an RSA key")
	}
	return key, nil
}

// lend puts the published key and the CA where other programs can read them, for as
// long as the sandbox runs: in a folder of their own, to be removed at the end.
func (r *sandboxReady) lend(far *sandbox.Server, testKey bool) (dir string, err error) {
	if !testKey && far.CAPEM() == nil {
		return "", nil
	}
	if dir, err = os.MkdirTemp("", "vnv-sandbox-"); err != nil {
		return "", err
	}
	if testKey {
		r.PrivateKey = filepath.Join(dir, "private.key")
		err = os.WriteFile(r.PrivateKey, far.PrivateKeyPEM(), 0o600)
	}
	if ca := far.CAPEM(); ca != nil && err == nil {
		r.CAFile = filepath.Join(dir, "ca.pem")
		err = os.WriteFile(r.CAFile, ca, 0o600)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
	}
	return dir, err
}
