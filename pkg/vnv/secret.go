package vnv

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Secret is a value that must not be shown: a JWT, a code, a state, a token.
// Printing, formatting, logging and marshalling hide it; [Secret.Reveal] is
// the only way to it. An empty Secret shows as empty. (As a key of a map
// encoding/json would show it, and in an unexported field fmt does: it cannot
// call methods there. Keep it an exported field or a value of its own.)
type Secret string

const hidden = "[secret]"

// NewState returns 256 random bits in base64url: a state for one attempt.
func NewState() Secret {
	b := make([]byte, 32)
	rand.Read(b) // never fails (crypto/rand)
	return Secret(base64.RawURLEncoding.EncodeToString(b))
}

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// Format hides the value from every verb, %x and %q included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalJSON hides the value.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText hides the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the value from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
