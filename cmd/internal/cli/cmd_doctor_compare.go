package cli

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"

	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// asVnv finds the SDK's error.
func asVnv(err error) (*vnv.Error, bool) { return errors.AsType[*vnv.Error](err) }

// registered compares our redirect URI with the dashboard's, as the servers do: byte
// for byte.
func (d *doctor) registered(app *vnv.Application) rows {
	ours, theirs := d.flow.RedirectURI, app.RedirectURI
	row := func(r rows) rows { return named("registered", r) }
	switch {
	case d.api.Name != vnv.NumberVerification.Name:
		return row(skipped("the Verify API registers no redirect URI: its own goes with each request"))
	case theirs == "":
		return row(failed("no redirect URI is registered", "enter it in the dashboard, at the Network APIs capability, and save"))
	case ours == "":
		return row(failed("the dashboard has "+d.mask.URL(theirs)+", the settings have none", "vnv config set redirect_uri with the registered one"))
	case ours != theirs:
		return row(failed(d.mask.Text(difference(theirs, ours)), "make them equal byte for byte: here with --redirect-uri or VNV_REDIRECT_URI, or in the dashboard"))
	}
	return row(fine("the redirect URI is the registered one, byte for byte"))
}

// difference says what differs, and from which character on.
func difference(theirs, ours string) string {
	a, b := []rune(theirs), []rune(ours)
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	around := func(s []rune) string {
		const some = 10
		if at >= len(s) {
			return "nothing more"
		}
		return `"` + printable(string(s[at:min(at+some, len(s))])) + `"`
	}
	return "the redirect URI is not the registered one: " + verdict.Mismatch(theirs, ours) + "; from character " + itoa(at+1) +
		" on the dashboard has " + around(a) + ", the settings have " + around(b)
}

// publicKey tells whether the dashboard's key is the other half of ours.
func (d *doctor) publicKey(app *vnv.Application) rows {
	row := func(r rows) rows { return named("public-key", r) }
	if app.PublicKey == "" {
		return row(failed("the dashboard holds no public key", "enter the one of this private key, and save: openssl pkey -in private.key -pubout"))
	}
	theirs, print, err := dashboardKey(app.PublicKey)
	if err != nil {
		return row(failed("what the dashboard holds is no RSA public key", "enter the one of this private key, and save: openssl pkey -in private.key -pubout"))
	}
	r := row(fine("the dashboard's is the other half of the private key"))
	if !theirs.Equal(d.cred.key.Public()) {
		r = row(failed("the dashboard holds "+shortPrint(print)+", this key is "+shortPrint(d.cred.key.Fingerprint()),
			"use the private key that belongs to it, or enter this one's public half (openssl pkey -in private.key -pubout), and save: a new key counts only once the dashboard is saved"))
	}
	r[0].Details = map[string]string{"registered": print, "ours": d.cred.key.Fingerprint()}
	return r
}

// dashboardKey reads a public key in PEM and takes its fingerprint.
func dashboardKey(text string) (key *rsa.PublicKey, print string, err error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, "", errors.New("no PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		if parsed, err = x509.ParsePKCS1PublicKey(block.Bytes); err != nil {
			return nil, "", err
		}
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, "", errors.New("not RSA")
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	sum := sha256.Sum256(der)
	return key, "sha256:" + hex.EncodeToString(sum[:]), err
}
