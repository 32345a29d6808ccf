package appjwt

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func readKey(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "keys", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func goodKey(tb testing.TB) *Key {
	tb.Helper()
	key, err := ParseKey(readKey(tb, "rsa2048-pkcs8.pem"))
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// TestParseKeyForgives holds J3: what happens to a PEM on its way.
func TestParseKeyForgives(t *testing.T) {
	t.Parallel()
	pkcs8 := string(readKey(t, "rsa2048-pkcs8.pem"))
	pkcs1 := string(readKey(t, "rsa2048-pkcs1.pem"))
	base := base64.StdEncoding.EncodeToString([]byte(pkcs8))
	for name, text := range map[string]string{
		"pkcs8":                  pkcs8,
		"pkcs1":                  pkcs1,
		"label swapped":          strings.ReplaceAll(pkcs1, "RSA PRIVATE KEY", "PRIVATE KEY"),
		"label swapped back":     strings.ReplaceAll(pkcs8, "PRIVATE KEY", "RSA PRIVATE KEY"),
		"byte order mark":        "\xef\xbb\xbf" + pkcs8,
		"utf-16":                 utf16LE(pkcs8),
		"CRLF":                   strings.ReplaceAll(pkcs8, "\n", "\r\n"),
		"CR":                     strings.ReplaceAll(pkcs8, "\n", "\r"),
		"literal newlines":       strings.ReplaceAll(pkcs8, "\n", `\n`),
		"literal CRLF":           strings.ReplaceAll(pkcs8, "\n", `\r\n`),
		"escaped twice":          strings.ReplaceAll(pkcs8, "\n", `\\n`),
		"JSON string":            jsonString(t, pkcs8),
		"escaped slashes":        strings.ReplaceAll(pkcs8, "/", `\/`),
		"spaces for newlines":    strings.ReplaceAll(pkcs8, "\n", " "),
		"one line":               strings.ReplaceAll(pkcs8, "\n", ""),
		"quotes":                 `"` + pkcs8 + `"`,
		"leading text":           "Bag Attributes\n  friendlyName: app\nKey Attributes: <none>\n" + pkcs8,
		"attributes inside":      strings.Replace(pkcs8, "-----\n", "-----\nName: value\n\n", 1),
		"text after":             pkcs8 + "\nend of file\n",
		"indented":               "   " + strings.ReplaceAll(pkcs8, "\n", "\n   "),
		"certificate beside it":  string(readKey(t, "rsa2048-certificate.pem")) + pkcs8,
		"public key beside it":   pkcs8 + string(readKey(t, "rsa2048-public.pem")),
		"base64 of it":           base,
		"base64, wrapped":        base[:100] + "\n" + base[100:200] + "\r\n" + base[200:],
		"base64, unpadded":       strings.TrimRight(base, "="),
		"base64, url":            base64.URLEncoding.EncodeToString([]byte(pkcs8)),
		"base64, quoted":         "'" + base + "'",
		"base64 of one line":     base64.StdEncoding.EncodeToString([]byte(strings.ReplaceAll(pkcs8, "\n", `\n`))),
		"base64 with mark, CRLF": base64.StdEncoding.EncodeToString([]byte("\xef\xbb\xbf" + strings.ReplaceAll(pkcs8, "\n", "\r\n"))),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := ParseKey([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if want := goodKey(t).Fingerprint(); key.Fingerprint() != want || key.Bits() != 2048 {
				t.Errorf("got %v, want %s", key, want)
			}
		})
	}
}

// TestParseKeyNames holds J4 and J5 on real files: what it is and what to do.
func TestParseKeyNames(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct {
		kind KeyKind
		fix  string
	}{
		"rsa2048-public.pem":           {KeyPublic, "dashboard"},
		"rsa2048-public-pkcs1.pem":     {KeyPublic, "dashboard"},
		"rsa2048-certificate.pem":      {KeyCertificate, "private.key"},
		"rsa2048-request.pem":          {KeyRequest, "private.key"},
		"rsa2048-encrypted-pkcs8.pem":  {KeyEncrypted, "openssl pkey -in private.key -out decrypted.key"},
		"rsa2048-encrypted-legacy.pem": {KeyEncryptedLegacy, "openssl pkey -in private.key -out decrypted.key"},
		"rsa2048-openssh":              {KeyOpenSSH, "ssh-keygen -p -N '' -m PEM -f private.key"},
		"rsa2048-openssh-encrypted":    {KeyOpenSSHEncrypted, "ssh-keygen -p -N '' -m PEM -f private.key"},
		"rsa2048-openssh.pub":          {KeySSHPublic, ".pub"},
		"rsa2048.der":                  {KeyDER, "openssl pkey -inform DER"},
		"rsa2048.p12":                  {KeyDER, "openssl pkcs12"},
		"rsa1024-pkcs8.pem":            {KeySize, "rsa_keygen_bits:2048"},
		"rsa2048-pss.pem":              {KeyPSS, "openssl genpkey -algorithm RSA"},
		"ec-p256-pkcs8.pem":            {KeyEC, "openssl genpkey -algorithm RSA"},
		"ec-p256-sec1.pem":             {KeyEC, "openssl genpkey -algorithm RSA"},
		"ed25519-pkcs8.pem":            {KeyEd25519, "openssl genpkey -algorithm RSA"},
		"ed25519-openssh":              {KeyOpenSSHOther, "openssl genpkey -algorithm RSA"},
		"x25519-pkcs8.pem":             {KeyX25519, "openssl genpkey -algorithm RSA"},
		"dsa2048.pem":                  {KeyDSA, "openssl genpkey -algorithm RSA"},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			b := readKey(t, file)
			for form, input := range map[string][]byte{
				"as it is": b,
				"CRLF":     bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")),
				"one line": bytes.ReplaceAll(b, []byte("\n"), []byte(" ")),
			} {
				if form != "as it is" && want.kind == KeyDER {
					continue // binary has no lines
				}
				err := wantKind(t, input, want.kind)
				if err != nil && !strings.Contains(err.Fix, want.fix) {
					t.Errorf("%s: fix is %q, want %q in it", form, err.Fix, want.fix)
				}
			}
		})
	}
}

func TestParseKeyDefects(t *testing.T) {
	t.Parallel()
	pkcs8 := string(readKey(t, "rsa2048-pkcs8.pem"))
	bare := strings.NewReplacer("-----BEGIN PRIVATE KEY-----", "", "-----END PRIVATE KEY-----", "").Replace(pkcs8)
	for name, row := range map[string]struct {
		text string
		kind KeyKind
	}{
		"nothing":             {"", KeyEmpty},
		"white space":         {" \r\n\t", KeyEmpty},
		"only a mark":         {"\xef\xbb\xbf\n", KeyEmpty},
		"a path":              {"~/keys/private.key", KeyNotPEM},
		"zeros":               {strings.Repeat("\x00", 4096), KeyNotPEM},
		"no BEGIN line":       {bare, KeyNoLines},
		"base64 of DER":       {string(base64.StdEncoding.AppendEncode(nil, readKey(t, "rsa2048.der"))), KeyNoLines},
		"no END line":         {strings.Split(pkcs8, "-----END")[0], KeyTruncated},
		"only BEGIN":          {"-----BEGIN PRIVATE KEY", KeyTruncated},
		"other END":           {strings.Replace(pkcs8, "END PRIVATE", "END PUBLIC", 1), KeyTruncated},
		"cut in the middle":   {pkcs8[:900] + "\n-----END PRIVATE KEY-----\n", KeyDamaged},
		"empty body":          {"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", KeyDamaged},
		"no base64":           {"-----BEGIN PRIVATE KEY-----\n••••••••\n-----END PRIVATE KEY-----", KeyDamaged},
		"two keys":            {pkcs8 + pkcs8, KeySeveral},
		"two kinds of key":    {pkcs8 + string(readKey(t, "ed25519-pkcs8.pem")), KeySeveral},
		"PuTTY":               {"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n", KeyPuTTY},
		"JWK":                 {`{"kty":"RSA","n":"AQAB"}`, KeyJWK},
		"PGP":                 {"-----BEGIN PGP PRIVATE KEY BLOCK-----\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----", KeyUnknown},
		"unknown block":       {"-----BEGIN X\x1b[31m-----\nAAAA\n-----END X\x1b[31m-----", KeyUnknown},
		"OpenSSH, cut":        {"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----", KeyDamaged},
		"OpenSSH, not really": {"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", KeyDamaged},
		"too large":           {strings.Repeat("A", MaxKeyBytes+1), KeyTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantKind(t, []byte(row.text), row.kind)
		})
	}
}

// rsaNumbers is the RSAPrivateKey of RFC 8017, to break it piece by piece.
type rsaNumbers struct {
	Version                   int
	N, E, D, P, Q, DP, DQ, QI *big.Int
}

// TestParseKeyBroken holds J5: numbers that do not fit are refused, and no
// library panics on them.
func TestParseKeyBroken(t *testing.T) {
	t.Parallel()
	one, two := big.NewInt(1), big.NewInt(2)
	for name, row := range map[string]struct {
		damage func(*rsaNumbers)
		kind   KeyKind
	}{
		"even modulus":      {func(n *rsaNumbers) { n.N = new(big.Int).Lsh(one, 2047) }, KeyBroken},
		"modulus plus two":  {func(n *rsaNumbers) { n.N.Add(n.N, two) }, KeyBroken},
		"modulus zero":      {func(n *rsaNumbers) { n.N = new(big.Int) }, KeySize},
		"modulus negative":  {func(n *rsaNumbers) { n.N.Neg(n.N) }, KeyBroken},
		"modulus too large": {func(n *rsaNumbers) { n.N.Lsh(n.N, 1<<15) }, KeySize},
		"exponent one":      {func(n *rsaNumbers) { n.E = one }, KeyBroken},
		"exponent even":     {func(n *rsaNumbers) { n.E = two }, KeyBroken},
		"exponent huge":     {func(n *rsaNumbers) { n.E = new(big.Int).Lsh(one, 100) }, KeyBroken},
		"private zero":      {func(n *rsaNumbers) { n.D = new(big.Int) }, KeyBroken},
		"private of others": {func(n *rsaNumbers) { n.D.Add(n.D, two) }, KeyBroken},
		"prime one":         {func(n *rsaNumbers) { n.P = one }, KeyBroken},
		"prime zero":        {func(n *rsaNumbers) { n.P = new(big.Int) }, KeyBroken},
		"same prime twice":  {func(n *rsaNumbers) { n.Q = n.P }, KeyBroken},
		"version":           {func(n *rsaNumbers) { n.Version = 9 }, KeyBroken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantKind(t, brokenPEM(t, row.damage), row.kind)
		})
	}
}

func brokenPEM(t *testing.T, damage func(*rsaNumbers)) []byte {
	t.Helper()
	der, err := privateDER(readKey(t, "rsa2048-pkcs1.pem"))
	if err != nil {
		t.Fatal(err)
	}
	var n rsaNumbers
	if _, err := asn1.Unmarshal(der, &n); err != nil {
		t.Fatal(err)
	}
	damage(&n)
	if der, err = asn1.Marshal(n); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der})
}

// TestParseKeyUnknownAlgorithm names an OID that the table does not have.
func TestParseKeyUnknownAlgorithm(t *testing.T) {
	t.Parallel()
	var outer pkcs8
	if _, err := asn1.Unmarshal(must(privateDER(readKey(t, "rsa2048-pkcs8.pem"))), &outer); err != nil {
		t.Fatal(err)
	}
	outer.Algorithm.Algorithm = asn1.ObjectIdentifier{1, 2, 3, 4}
	der, err := asn1.Marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	got := wantKind(t, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), KeyUnknown)
	if got != nil && !strings.Contains(got.What, "1.2.3.4") {
		t.Errorf("%q does not name the algorithm", got.What)
	}
}

// wantKind asks for a *KeyError of a kind whose text is in words, reveals
// nothing of the input and dumps no ASN.1.
func wantKind(t *testing.T, input []byte, kind KeyKind) *KeyError {
	t.Helper()
	key, err := ParseKey(input)
	var got *KeyError
	if key != nil || !errors.As(err, &got) {
		t.Errorf("got key %v, error %v; want a KeyError of kind %s", key, err, kind)
		return nil
	}
	if got.Kind != kind {
		t.Errorf("kind is %s, want %s: %v", got.Kind, kind, err)
	}
	checkErrorText(t, input, err)
	return got
}

func checkErrorText(tb testing.TB, input []byte, err error) {
	tb.Helper()
	text := err.Error()
	if !strings.HasPrefix(text, "parse private key: ") || strings.Contains(text, "%") || strings.Contains(text, "asn1") {
		tb.Errorf("clumsy text: %q", text)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
		tb.Errorf("control characters in %q", text)
	}
	for line := range bytes.Lines(input) { // base64 lines have 64 characters
		if line = bytes.TrimSpace(line); len(line) >= 40 && strings.Contains(text, string(line)) {
			tb.Errorf("%q repeats a line of its input", text)
		}
	}
}

// TestParseKeyIsLinear gives 64 MiB and inputs just below the limit that are
// dear to a naive reader; a quadratic one would not end within go test's time.
func TestParseKeyIsLinear(t *testing.T) {
	t.Parallel()
	header := strings.Repeat("Proc-Type: 4,X\n", 64<<20/15)
	wantKind(t, []byte("-----BEGIN PRIVATE KEY-----\n"+header), KeyTooLarge)
	for _, piece := range []string{
		"-----BEGIN PRIVATE KEY-----\n", "-----BEGIN ", "-----BEGIN A-----\n-----END A-----\n", "A: b\n", "-----", `\n`, "- ",
	} {
		text := strings.Repeat(piece, MaxKeyBytes/len(piece))
		for _, input := range []string{text, "-----BEGIN PRIVATE KEY-----\n" + text[:len(text)-100]} {
			var got *KeyError
			if _, err := ParseKey([]byte(input)); !errors.As(err, &got) {
				t.Errorf("%.30q…: got %v, want a KeyError", input, err)
			}
		}
	}
}

func TestKeyTextsAreComplete(t *testing.T) {
	t.Parallel()
	for kind, texts := range keyTexts {
		if texts[0] == "" || texts[1] == "" || strings.HasSuffix(texts[1], ".") {
			t.Errorf("%s: %q", kind, texts)
		}
	}
	for _, row := range labels {
		if _, ok := keyTexts[row.kind]; !ok {
			t.Errorf("%s has no text", row.kind)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	key := goodKey(t)
	block, _ := pem.Decode(readKey(t, "rsa2048-public.pem"))
	sum := sha256.Sum256(block.Bytes)
	if want := "sha256:" + hex.EncodeToString(sum[:]); key.Fingerprint() != want {
		t.Errorf("got %s, want %s as of the public key's file", key.Fingerprint(), want)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil || !key.Public().Equal(public) {
		t.Errorf("public key differs from the file: %v", err)
	}
	if bits := must(ParseKey(readKey(t, "rsa4096-pkcs8.pem"))).Bits(); bits != 4096 {
		t.Errorf("got %d bits, want 4096", bits)
	}
	var zero Key
	if zero.Public() != nil || zero.Bits() != 0 || zero.Fingerprint() != "" || zero.String() != "no key" {
		t.Errorf("zero key: %v", zero)
	}
}

// TestKeyHides holds I1 for every way of printing a key or what holds one.
func TestKeyHides(t *testing.T) {
	t.Parallel()
	key := goodKey(t)
	private := key.reveal()
	signer := &Signer{ApplicationID: "app", Key: key}
	token := must(signer.Token(t.Context()))
	secrets := []string{
		private.D.String(), private.D.Text(16), private.Primes[0].String(), fmt.Sprint(private.D.Bits()),
		token, strings.Split(token, ".")[2],
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", key, "value", *key)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", key, "value", *key)
	log.Write(must(json.Marshal(map[string]any{"key": key})))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		fmt.Fprintf(&log, verb+verb+verb+verb, key, *key, signer, struct {
			key    *Key
			signer *Signer
		}{key, signer})
	}
	for _, secret := range secrets {
		if strings.Contains(log.String(), secret) {
			t.Errorf("printed text holds %.12s…", secret)
		}
	}
}

// TestParseKeyFresh reads keys of a fresh make, not only those of one openssl.
func TestParseKeyFresh(t *testing.T) {
	t.Parallel()
	private := must(rsa.GenerateKey(rand.Reader, 2048))
	der := must(x509.MarshalPKCS8PrivateKey(private))
	key, err := ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil || !key.Public().Equal(&private.PublicKey) {
		t.Errorf("got %v, %v", key, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func jsonString(t *testing.T, s string) string {
	t.Helper()
	return string(must(json.Marshal(s)))
}

func utf16LE(s string) string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, c := range []byte(s) {
		b.WriteByte(c)
		b.WriteByte(0)
	}
	return b.String()
}
