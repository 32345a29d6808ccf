package appjwt

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
)

// MaxKeyBytes bounds what [ParseKey] reads: a key of 4096 bits has 3,300
// bytes, and leading text is forgiven generously.
const MaxKeyBytes = 1 << 20

// block is one PEM block. This package reads PEM itself: encoding/pem wants
// line breaks where environment variables have none, and says nothing about
// what is wrong.
type block struct {
	label string // "PRIVATE KEY"
	body  []byte // between the lines: headers, base64, white space
}

const (
	beginMark = "-----BEGIN "
	endMark   = "-----END "
	dashes    = "-----"
)

// privateDER finds the one private key in b and returns its DER.
func privateDER(b []byte) ([]byte, error) {
	if len(b) > MaxKeyBytes {
		return nil, defect(KeyTooLarge, strconv.Itoa(len(b)))
	}
	text := unescape(b)
	if len(text) == 0 {
		return nil, defect(KeyEmpty)
	}
	if !bytes.Contains(text, []byte(beginMark)) {
		inner, ok := fromBase64(text)
		if !ok || !bytes.Contains(inner, []byte(beginMark)) {
			return nil, sniff(text, inner)
		}
		text = unescape(inner)
	}
	found, err := blocks(text)
	if err != nil {
		return nil, err
	}
	one, err := onlyPrivate(found)
	if err != nil {
		return nil, err
	}
	return one.der()
}

// unescapes undoes what JSON, shells and .env files do to newlines. No PEM
// contains a backslash, so nothing real is lost.
var unescapes = strings.NewReplacer(
	`\\r`, "\n", `\\n`, "\n", `\r`, "\n", `\n`, "\n", `\/`, "/", "\x00", "")

var (
	bomUTF8    = []byte("\xef\xbb\xbf")
	bomUTF16LE = []byte("\xff\xfe")
	bomUTF16BE = []byte("\xfe\xff")
)

// unescape drops a UTF-8 mark, the two-character newlines and white space
// around the text. UTF-16 (a Windows shell's redirection) loses its zero
// bytes, which is all it takes for ASCII text.
func unescape(b []byte) []byte {
	b = bytes.TrimPrefix(b, bomUTF8)
	utf16 := bytes.HasPrefix(b, bomUTF16LE) || bytes.HasPrefix(b, bomUTF16BE)
	if utf16 {
		b = b[len(bomUTF16LE):]
	}
	if utf16 || bytes.IndexByte(b, '\\') >= 0 {
		b = []byte(unescapes.Replace(string(b)))
	}
	return bytes.TrimSpace(b)
}

// fromBase64 decodes b whole, in either alphabet, padded or not, on one line
// or many, quoted or not.
func fromBase64(b []byte) ([]byte, bool) {
	clean := make([]byte, 0, len(b))
	for _, c := range bytes.Trim(b, `"'`) {
		switch c {
		case ' ', '\t', '\r', '\n', '=':
		case '-':
			clean = append(clean, '+')
		case '_':
			clean = append(clean, '/')
		default:
			clean = append(clean, c)
		}
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, err := base64.RawStdEncoding.Decode(out, clean)
	return out[:n], err == nil && n > 0
}

// blocks cuts text into its PEM blocks in one pass. The mark after a BEGIN
// line must be its END line: a file in which it is not is cut off, and
// looking no further keeps the pass linear.
func blocks(text []byte) ([]block, error) {
	var all []block
	for {
		_, rest, ok := bytes.Cut(text, []byte(beginMark))
		if !ok {
			return all, nil
		}
		label, rest, ok := bytes.Cut(rest, []byte(dashes))
		if !ok {
			return nil, defect(KeyTruncated)
		}
		body, rest, ok := bytes.Cut(rest, []byte(dashes))
		if !ok {
			return nil, defect(KeyTruncated)
		}
		end := strings.TrimPrefix(endMark, dashes) + string(label) + dashes
		if rest, ok = bytes.CutPrefix(rest, []byte(end)); !ok {
			return nil, defect(KeyTruncated)
		}
		all = append(all, block{label: string(label), body: body})
		text = rest
	}
}

// onlyPrivate returns the one block that holds a private key. What else is in
// the file does not disturb, and is named when there is no private key.
func onlyPrivate(all []block) (block, error) {
	var private []block
	for _, b := range all {
		if strings.Contains(b.label, "PRIVATE KEY") {
			private = append(private, b)
		}
	}
	switch len(private) {
	case 0:
		return block{}, labelled(all[0].label)
	case 1:
		return private[0], nil
	default:
		return block{}, defect(KeySeveral, strconv.Itoa(len(private)))
	}
}

// der decodes the block's base64 if its label lets us hope for an RSA key.
func (b block) der() ([]byte, error) {
	if bytes.Contains(b.body, []byte("Proc-Type:")) && bytes.Contains(b.body, []byte("ENCRYPTED")) {
		return nil, defect(KeyEncryptedLegacy)
	}
	der, ok := fromBase64(withoutHeaders(b.body))
	if b.label == "OPENSSH PRIVATE KEY" {
		return nil, openSSH(der)
	}
	if b.label != "PRIVATE KEY" && b.label != "RSA PRIVATE KEY" {
		return nil, labelled(b.label)
	}
	if !ok {
		return nil, defect(KeyDamaged)
	}
	return der, nil
}

// withoutHeaders drops the "Name: value" lines of RFC 1421 and the bag
// attributes that pkcs12 exports put around a key.
func withoutHeaders(body []byte) []byte {
	if bytes.IndexByte(body, ':') < 0 {
		return body
	}
	var out []byte
	for line := range bytes.Lines(body) {
		if bytes.IndexByte(line, ':') < 0 {
			out = append(out, line...)
		}
	}
	return out
}
