package trace

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// maxLabel is the longest label of a host name.
const maxLabel = 63

// formsOf are the ways in which a secret may be written: raw, URL-encoded once and twice in either
// case, inside JSON, in hexadecimal, and in base64 wherever it begins in a longer text.
func formsOf(value string) []string {
	forms := []string{value}
	add := func(s string) {
		if !slices.Contains(forms, s) {
			forms = append(forms, s)
		}
	}
	if url.QueryEscape(value) != value || url.PathEscape(value) != value {
		for _, once := range []string{url.QueryEscape(value), url.PathEscape(value), escapeAll(value)} {
			add(once)
			add(lowerEscapes(once))
			add(url.QueryEscape(once))
			add(lowerEscapes(url.QueryEscape(once)))
		}
	}
	if len(value) <= maxLabel {
		add(strings.ToLower(value)) // inside a host name
	}
	if quoted, err := json.Marshal(value); err == nil {
		add(string(quoted[1 : len(quoted)-1]))
	}
	h := hex.EncodeToString([]byte(value))
	add(h)
	add(strings.ToUpper(h))
	for offset := range 3 {
		std := base64Core(value, offset)
		add(std)
		if strings.ContainsAny(std, "+/") {
			add(urlAlphabet.Replace(std))
			add(url.QueryEscape(std))
		}
	}
	return forms
}

// quickForms are the forms for a value that was only met and not told of.
func quickForms(value string) []string {
	return []string{value, url.QueryEscape(value), url.PathEscape(value)}
}

// urlAlphabet turns standard base64 into its URL form.
var urlAlphabet = strings.NewReplacer("+", "-", "/", "_")

// base64Core is the part of a base64 text that value alone decides, when value begins at a byte
// position of that remainder modulo 3: the characters that share bits with its neighbours are cut.
func base64Core(value string, offset int) string {
	const bitsPerByte, bitsPerChar = 8, 6
	s := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", offset) + value))
	first := (offset*bitsPerByte + bitsPerChar - 1) / bitsPerChar
	last := (offset + len(value)) * bitsPerByte / bitsPerChar
	return s[first:last]
}

// escapeAll writes every byte but letters and digits as %XX, as careful senders do.
func escapeAll(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; letter(c) || digit(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteString("%" + strings.ToUpper(hex2(s[i])))
	}
	return b.String()
}

// lowerEscapes writes the digits of every %XX in lower case.
func lowerEscapes(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}

// letter says whether c is an ASCII letter.
func letter(c byte) bool { return upper(c) || c >= 'a' && c <= 'z' }

// upper says whether c is an ASCII capital.
func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

// digit says whether c is an ASCII digit.
func digit(c byte) bool { return c >= '0' && c <= '9' }
