package appjwt

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
)

// KeyKind says what [ParseKey] was given in place of an RSA private key.
type KeyKind string

// What ParseKey tells apart. The values are stable and may be matched on.
const (
	KeyEmpty            KeyKind = "empty"
	KeyTooLarge         KeyKind = "too-large"
	KeyNotPEM           KeyKind = "not-pem"
	KeyNoLines          KeyKind = "no-begin-line"
	KeyTruncated        KeyKind = "truncated"
	KeyDamaged          KeyKind = "damaged"
	KeySeveral          KeyKind = "several-keys"
	KeyBroken           KeyKind = "broken-parameters"
	KeySize             KeyKind = "size"
	KeyDER              KeyKind = "der"
	KeyPublic           KeyKind = "public-key"
	KeySSHPublic        KeyKind = "ssh-public-key"
	KeyCertificate      KeyKind = "certificate"
	KeyRequest          KeyKind = "certificate-request"
	KeyEC               KeyKind = "ec"
	KeyEd25519          KeyKind = "ed25519"
	KeyX25519           KeyKind = "x25519"
	KeyDSA              KeyKind = "dsa"
	KeyPSS              KeyKind = "rsa-pss"
	KeyOpenSSH          KeyKind = "openssh"
	KeyOpenSSHEncrypted KeyKind = "openssh-encrypted"
	KeyOpenSSHOther     KeyKind = "openssh-not-rsa"
	KeyEncrypted        KeyKind = "encrypted"
	KeyEncryptedLegacy  KeyKind = "encrypted-legacy"
	KeyPuTTY            KeyKind = "putty"
	KeyJWK              KeyKind = "jwk"
	KeyUnknown          KeyKind = "unknown"
)

// KeyError is what [ParseKey] returns for anything but a usable key. Its text
// never holds bytes of the input, so it may be logged.
type KeyError struct {
	Kind KeyKind // what the input is
	What string  // the same in words: "this is a public key, not a private one"
	Fix  string  // what to do about it, often a command
}

// Error says what the input is, then how to come to the right key.
func (e *KeyError) Error() string {
	return "parse private key: " + e.What + "; " + e.Fix
}

const (
	fixDownload = "use the private.key file that came when the application's keys were generated in the dashboard"
	fixPaste    = "give the whole file, from -----BEGIN to -----END"
	fixGenerate = "make an RSA key, and put its public half into the dashboard: " +
		"openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.key"
	fixDecrypt = "write it out without its passphrase: openssl pkey -in private.key -out decrypted.key"
	fixSSH     = "convert a copy of it: cp id_rsa private.key && ssh-keygen -p -N '' -m PEM -f private.key"
)

// keyTexts holds the words: % stands for the detail given to defect.
var keyTexts = map[KeyKind][2]string{
	KeyEmpty:            {"it is empty", fixDownload},
	KeyTooLarge:         {"% bytes are too many for a key", "a key file has a few thousand: " + fixDownload},
	KeyNotPEM:           {"no -----BEGIN PRIVATE KEY----- is in it", fixDownload},
	KeyNoLines:          {"this is base64 without its BEGIN and END lines", fixPaste},
	KeyTruncated:        {"its BEGIN line has no END line of the same name: it was cut off", fixPaste},
	KeyDamaged:          {"what stands between BEGIN and END is no key: it was cut or changed", fixPaste},
	KeySeveral:          {"it holds % private keys, and which one is meant cannot be known", "keep one of them in the file"},
	KeyBroken:           {"the numbers of this RSA key do not belong together: it was changed", fixDownload},
	KeySize:             {"this RSA key has % bits, and 2048 to 16384 are needed", fixGenerate},
	KeyDER:              {"this is binary (DER or PKCS#12), not PEM", "convert it: openssl pkey -inform DER -in key.der -out private.key, or openssl pkcs12 -in key.p12 -nodes -nocerts -out private.key"},
	KeyPublic:           {"this is a public key, not a private one", "the public one stays in the dashboard: " + fixDownload},
	KeySSHPublic:        {"this is an SSH public key, not a private one", "the private one has the same name without .pub, but " + fixDownload},
	KeyCertificate:      {"this is a certificate, not a private key", fixDownload},
	KeyRequest:          {"this is a certificate request, not a private key", fixDownload},
	KeyEC:               {"this is an elliptic curve key, and RS256 needs an RSA key", fixGenerate},
	KeyEd25519:          {"this is an Ed25519 or Ed448 key, and RS256 needs an RSA key", fixGenerate},
	KeyX25519:           {"this is an X25519 or X448 key, and RS256 needs an RSA key", fixGenerate},
	KeyDSA:              {"this is a DSA key, and RS256 needs an RSA key", fixGenerate},
	KeyPSS:              {"this is an RSA key that is bound to PSS signatures, and RS256 is PKCS#1 v1.5", fixGenerate},
	KeyOpenSSH:          {"this RSA key is in OpenSSH's own format", fixSSH},
	KeyOpenSSHEncrypted: {"this RSA key is in OpenSSH's own format, and encrypted", fixSSH},
	KeyOpenSSHOther:     {"this is an OpenSSH key of another kind than RSA", fixGenerate},
	KeyEncrypted:        {"this key is encrypted (PKCS#8)", fixDecrypt},
	KeyEncryptedLegacy:  {"this key is encrypted (the old PEM way)", fixDecrypt},
	KeyPuTTY:            {"this is a PuTTY key", "convert it: puttygen key.ppk -O private-openssh -o private.key"},
	KeyJWK:              {"this is JSON, perhaps a JWK, not PEM", fixDownload},
	KeyUnknown:          {"this is something else than an RSA private key (%)", fixDownload},
}

// defect makes the error of a kind.
func defect(kind KeyKind, detail ...string) error {
	texts := keyTexts[kind]
	return &KeyError{
		Kind: kind,
		What: strings.ReplaceAll(texts[0], "%", strings.Join(detail, " ")),
		Fix:  texts[1],
	}
}

// labels names the blocks that hold something else, by a part of the label.
// The first row that fits wins.
var labels = []struct {
	part string
	kind KeyKind
}{
	{"ENCRYPTED PRIVATE KEY", KeyEncrypted},
	{"OPENSSH PRIVATE KEY", KeyOpenSSH},
	{"EC PRIVATE KEY", KeyEC},
	{"EC PARAMETERS", KeyEC},
	{"DSA PRIVATE KEY", KeyDSA},
	{"PUBLIC KEY", KeyPublic},
	{"CERTIFICATE REQUEST", KeyRequest},
	{"CERTIFICATE", KeyCertificate},
}

func labelled(label string) error {
	for _, row := range labels {
		if strings.Contains(label, row.part) {
			return defect(row.kind)
		}
	}
	return defect(KeyUnknown, "a block of another name")
}

// sniff names input without a BEGIN line. decoded is what base64 makes of it,
// if anything.
func sniff(text, decoded []byte) error {
	for _, row := range []struct {
		begin string
		kind  KeyKind
	}{
		{"PuTTY-User-Key-File", KeyPuTTY},
		{"ssh-", KeySSHPublic},
		{"ecdsa-sha2-", KeySSHPublic},
		{"---- BEGIN SSH2 PUBLIC KEY", KeySSHPublic},
		{"{", KeyJWK},
	} {
		if bytes.HasPrefix(text, []byte(row.begin)) {
			return defect(row.kind)
		}
	}
	if isDER(text) {
		return defect(KeyDER)
	}
	if isDER(decoded) {
		return defect(KeyNoLines)
	}
	return defect(KeyNotPEM)
}

// isDER reports whether b begins like a key in DER: a sequence with a length
// of two bytes. ASCII text does not: 0x82 is no ASCII.
func isDER(b []byte) bool {
	return len(b) > 4 && b[0] == 0x30 && b[1] > unicode.MaxASCII
}

// openSSH names an "openssh-key-v1" blob: whether it is encrypted and whether
// it is RSA (PROTOCOL.key of OpenSSH: magic, cipher, kdf, kdf options, number
// of keys, public key; strings have a length of four bytes before them).
func openSSH(blob []byte) error {
	rest, ok := bytes.CutPrefix(blob, []byte("openssh-key-v1\x00"))
	if !ok {
		return defect(KeyDamaged)
	}
	cipher, rest := sshString(rest)
	_, rest = sshString(rest) // kdf
	_, rest = sshString(rest) // its options
	if len(rest) < 4 {
		return defect(KeyDamaged)
	}
	public, _ := sshString(rest[4:])
	algorithm, _ := sshString(public)
	switch {
	case string(algorithm) != "ssh-rsa":
		return defect(KeyOpenSSHOther)
	case string(cipher) != "none":
		return defect(KeyOpenSSHEncrypted)
	default:
		return defect(KeyOpenSSH)
	}
}

// sshString takes one length-prefixed string from b; both are nil if there is none.
func sshString(b []byte) (s, rest []byte) {
	if len(b) < 4 {
		return nil, nil
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if b = b[4:]; n > uint64(len(b)) {
		return nil, nil
	}
	return b[:n], b[n:]
}
