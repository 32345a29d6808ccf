package appjwt

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxTokenBytes bounds what [Decode] reads: servers refuse headers far
// shorter than that.
const MaxTokenBytes = 64 << 10

// Decoded is what a token says of itself. Nothing of it is verified.
type Decoded struct {
	Header   map[string]any `json:"header"`
	Claims   map[string]any `json:"claims"` // nil if encrypted; numbers are [json.Number]
	Findings []Finding      `json:"findings"`

	parts int
}

// TokenError is what [Decode] returns for input that is no JWT at all. Its
// text never holds bytes of the input.
type TokenError struct {
	Reason string // "it has 1 part, and a JWT has 3, divided by dots"
}

// Error says why the input is no JWT.
func (e *TokenError) Error() string { return "decode JWT: " + e.Reason }

// Decode reads the header and the claims of a token, as they are in the
// compact form of RFC 7515, and says in [Decoded.Findings] what is wrong with
// them for this flow, judged at now. It verifies nothing: the first finding
// says so. White space, quotes and "Authorization: Bearer" around the token
// are forgiven.
//
// Input that is no JWT (too large, other parts than 2, 3 or 5, no JSON
// objects in base64url) is a [*TokenError].
func Decode(token string, now time.Time) (*Decoded, error) {
	if len(token) > MaxTokenBytes {
		return nil, &TokenError{strconv.Itoa(len(token)) + " bytes are too many: an application JWT has about 600"}
	}
	d := &Decoded{}
	d.add(LevelNote, "signature", "not verified: this only reads what the token says of itself")
	parts := strings.Split(d.clean(token), ".")
	d.parts = len(parts)
	if err := checkParts(parts); err != nil {
		return nil, err
	}
	var err error
	if d.Header, err = d.object("header", parts[0]); err != nil {
		return nil, err
	}
	if d.parts == jweParts {
		d.add(LevelError, "token", "it is encrypted (JWE, 5 parts), and this flow wants a signed one of 3")
		return d, nil
	}
	if d.Claims, err = d.object("payload", parts[1]); err != nil {
		return nil, err
	}
	d.signature(parts)
	for _, row := range checks {
		row(d, now)
	}
	return d, nil
}

const (
	bareParts = 2 // header.claims, without even the dot of an empty signature
	jwsParts  = 3
	jweParts  = 5
)

func checkParts(parts []string) error {
	switch n := len(parts); {
	case n == 1 && parts[0] == "":
		return &TokenError{"it is empty"}
	case n == bareParts, n == jwsParts, n == jweParts:
		return nil
	case n == 1:
		return &TokenError{"it has no dots, and a JWT has 3 parts divided by dots: perhaps an access token or a key"}
	default:
		return &TokenError{"it has " + strconv.Itoa(n) + " parts, and a JWT has 3 divided by dots"}
	}
}

func (d *Decoded) add(level Level, claim, text string) {
	d.Findings = append(d.Findings, Finding{level, claim, text})
}

// clean drops what came along in copying: quotes, the header's name, the
// scheme, and line breaks inside.
func (d *Decoded) clean(token string) string {
	const around = " \t\r\n\"'`"
	token = strings.Trim(token, around)
	for _, prefix := range []string{"authorization:", "bearer "} {
		if len(token) >= len(prefix) && strings.EqualFold(token[:len(prefix)], prefix) {
			token = strings.Trim(token[len(prefix):], around)
		}
	}
	joined := strings.Join(strings.FieldsFunc(token, unicode.IsSpace), "")
	if joined != token {
		d.add(LevelWarning, "token", "it has white space inside: a header that does is refused")
	}
	return joined
}

// object decodes one part, which must be a JSON object, and notes what is odd
// about it.
func (d *Decoded) object(name, part string) (map[string]any, error) {
	raw, err := d.base64(name, part)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(raw) {
		d.add(LevelWarning, "token", "its "+name+" is not UTF-8")
	}
	repeated, err := duplicates(raw)
	if err != nil {
		return nil, &TokenError{"its " + name + " is not JSON"}
	}
	for _, key := range repeated {
		d.add(LevelError, key, "it comes twice in the "+name+": which one counts differs from reader to reader")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil || object == nil {
		return nil, &TokenError{"its " + name + " is not a JSON object"}
	}
	return object, nil
}

var toURLAlphabet = strings.NewReplacer("+", "-", "/", "_", "=", "")

// base64 decodes a part; the ordinary alphabet and padding are forgiven, with
// a finding, since some printers of tokens produce them.
func (d *Decoded) base64(name, part string) ([]byte, error) {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		return raw, nil
	}
	raw, err = base64.RawURLEncoding.DecodeString(toURLAlphabet.Replace(part))
	if err != nil {
		return nil, &TokenError{"its " + name + " is not base64url"}
	}
	d.add(LevelError, "token", "its "+name+" is in ordinary base64, and RFC 7515 wants base64url without padding")
	return raw, nil
}

// escaped makes a text of the token fit to be shown: control characters and
// direction marks become visible escapes, and it is cut at 64 characters.
func escaped(s string) string {
	const most = 64
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}
