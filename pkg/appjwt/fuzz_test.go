package appjwt

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzParseKey: any input gives a key that may sign or a KeyError in words.
func FuzzParseKey(f *testing.F) {
	dir := filepath.Join("..", "..", "testdata", "keys")
	for _, entry := range must(os.ReadDir(dir)) {
		f.Add(must(os.ReadFile(filepath.Join(dir, entry.Name()))))
	}
	f.Add([]byte(`-----BEGIN PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END PRIVATE KEY-----`))
	f.Fuzz(func(t *testing.T, input []byte) {
		key, err := ParseKey(input)
		if err == nil {
			if key.Bits() < MinBits || key.Bits() > MaxBits || len(key.Fingerprint()) != len("sha256:")+64 {
				t.Errorf("took %v", key)
			}
			return
		}
		var got *KeyError
		if !errors.As(err, &got) || key != nil || got.What == "" || got.Fix == "" {
			t.Fatalf("got %v, %v; want a KeyError", key, err)
		}
		checkErrorText(t, input, err)
	})
}

// FuzzDecode: any input gives findings that are fit to be shown, or a
// TokenError.
func FuzzDecode(f *testing.F) {
	good := token(goodHeader, goodClaims)
	for _, seed := range []string{
		good, "Bearer " + good, encode(goodHeader) + ".a.b.c.d", "a.b", "..", token(`{"alg":"none","alg":"\u001b"}`, `{"exp":1e400,"iat":-1}`),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		d, err := Decode(input, noon)
		var got *TokenError
		if err != nil {
			if !errors.As(err, &got) || d != nil || got.Reason == "" {
				t.Fatalf("got %v, %v; want a TokenError", d, err)
			}
			return
		}
		if d.Header == nil || d.Findings[0].Level != LevelNote || !strings.HasPrefix(d.Findings[0].Text, "not verified") {
			t.Fatalf("does not say that nothing was verified: %v", d.Findings)
		}
		for _, finding := range d.Findings {
			hidden := func(r rune) bool { return !unicode.IsPrint(r) }
			if shown := finding.Claim + finding.Text; !utf8.ValidString(shown) || strings.ContainsFunc(shown, hidden) {
				t.Errorf("not fit to be shown: %q", finding)
			}
		}
		if _, err := json.Marshal(d); err != nil {
			t.Errorf("has no form in JSON: %v", err)
		}
	})
}
