package trace

import (
	"cmp"
	"regexp"
	"strings"
	"sync"
)

// KindPrivateKey is the kind of a [Leak] that is a private key; Shown is what its first line calls it.
const KindPrivateKey = "private-key"

// keyShapes finds a private key by its first line (PEM in all its kinds, OpenSSH, PGP, RFC 4716, PuTTY), by the
// first bytes of an RSA key that lost that line (PKCS #8 and PKCS #1), or by its name in a JSON Web Key.
var keyShapes = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`-{4,5} ?BEGIN (?P<pem>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?) ?-{4,5}` +
		`|(?P<putty>PuTTY-User-Key-File)-[0-9]:` +
		`|-{4,5} ?(?P<end>END) [A-Z0-9 ]{0,40}PRIVATE KEY` +
		`|(?P<der>\bMII[A-Za-z0-9+/]{3}IBA(?:DANBgkqhkiG9w0BAQEF|AKC)[A-Za-z0-9+/]{20})`)
})

// mayBeKey says whether s is worth the search for [keyShapes].
func mayBeKey(s string) bool {
	return strings.Contains(s, "PRIVATE KEY") || strings.Contains(s, "PuTTY-User-Key") || strings.Contains(s, "MII")
}

// keys finds private keys. The body of one whose first line was told of is none of its own.
func (c *checker) keys(where, s, enc string) {
	place := KindPrivateKey + "\n" + where
	if c.placed[place] || !mayBeKey(s) {
		return
	}
	names := keyShapes().SubexpNames()
	for _, m := range keyShapes().FindAllStringSubmatch(s, -1) {
		for i, kind := range names {
			switch {
			case m[i] == "" || kind == "":
			case kind == "end":
				c.inKey = false
			case kind != "der" || !c.inKey:
				c.inKey, c.placed[place] = kind == "pem", true
				c.tell(Leak{KindPrivateKey, Printable(where), cmp.Or(enc, EncPlain), map[string]string{"pem": m[i], "putty": "PuTTY", "der": "without its first line"}[kind]})
			}
		}
	}
}

// maxNumbers is how many phone numbers are searched for in other ways of writing.
const maxNumbers = 20

// numbers finds phone numbers: after 00 or 0, by the word before them, or in another way of writing than where
// they were found before. Other digits alone are none.
func (c *checker) numbers(where, s, enc string) {
	eachNumber(s, func(from, to int, bare bool) {
		if !bare {
			c.leak("phone", where, enc, s[from:to])
		}
	})
	if countDigits(s) < minRest || c.placed["phone\n"+where] {
		return
	}
	for _, n := range c.phones {
		if n.in(s) {
			c.leak("phone", where, enc, "+"+n.code+n.rest)
		}
	}
}

// number remembers a phone number in international form.
func (c *checker) number(kind, value string) {
	digits, plus := strings.CutPrefix(value, "+")
	if n := newSubscriber(onlyDigits(digits), ""); kind == "phone" && plus && len(n.rest) >= minRest && len(c.phones) < maxNumbers {
		c.phones = append(c.phones, n)
	}
}
