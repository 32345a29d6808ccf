package trace

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// body is that of a key which is none: the beginning of PKCS #8, and nothing.
var (
	body8    = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC" + strings.Repeat("A", 13)
	pem8     = "-----BEGIN PRIVATE KEY-----\n" + body8 + "\n" + body8[20:] + "\n-----END PRIVATE KEY-----\n"
	body1    = "MIIEpAIBAAKCAQEA" + strings.Repeat("x", 40)
	armoured = []string{"RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"}
)

func TestCheckKeys(t *testing.T) {
	t.Parallel()
	docs := map[string]string{
		"the file":          pem8,
		"CRLF":              strings.ReplaceAll(pem8, "\n", "\r\n"),
		"a log":             "12:00:00 INFO key is " + strings.ReplaceAll(pem8, "\n", "\n12:00:00 INFO "),
		"one line":          strings.ReplaceAll(pem8, "\n", ""),
		"escapes in a log":  "VONAGE_PRIVATE_KEY=" + strings.ReplaceAll(pem8, "\n", `\n`),
		"JSON":              `{"a":{"key":"` + quoted(pem8) + `"}}`,
		"JSON in JSON":      `{"a":"` + quoted(`{"key":"`+quoted(pem8)+`"}`) + `"}`,
		"URL-encoded":       "x=" + url.QueryEscape(pem8),
		"base64":            "VONAGE_PRIVATE_KEY64=" + base64.StdEncoding.EncodeToString([]byte(pem8)),
		"no first line":     body8 + "\n" + body8,
		"PKCS #1":           "key: " + body1,
		"cut short":         "-----BEGIN PRIVATE KEY-----\n",
		"RFC 4716":          "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nx\n",
		"PuTTY":             "PuTTY-User-Key-File-3: ssh-ed25519\n",
		"a page":            "<pre>" + pem8 + "</pre>",
		"two, one headless": pem8 + body1,
	}
	for _, kind := range armoured {
		docs[kind] = "-----BEGIN " + kind + "-----\nabc\n-----END " + kind + "-----\n"
	}
	for name, doc := range docs {
		leaks := Check([]byte(doc))
		keys := 0
		for _, l := range leaks {
			if l.Kind == KindPrivateKey {
				keys++
			}
			if strings.Contains(l.Shown+l.Where, "AAAA") || strings.Contains(l.Shown, "xxxx") || strings.Contains(l.Shown, "MII") {
				t.Errorf("%s: %+v gives it away", name, l)
			}
		}
		want := 1
		switch name {
		case "no first line", "two, one headless":
			want = 2
		}
		if keys != want {
			t.Errorf("%s: %d keys: %+v", name, keys, leaks)
		}
	}
	for _, doc := range []string{"", "-----END PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----", "a PRIVATE KEY", "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"} {
		if Check([]byte(doc)) != nil {
			t.Errorf("%q is no private key", doc)
		}
	}
}

func TestTextHidesKeys(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"a " + pem8 + " b":                         `a private-key~1\n b`,
		"the key -----BEGIN RSA PRIVATE KEY-----M": "the key private-key~1",
		"no private key":                           "no private key",
	} {
		if got := (&Mask{}).Text(raw); got != want {
			t.Errorf("%q\ngot  %s\nwant %s", raw, got, want)
		}
	}
}

func TestCheckSameNumber(t *testing.T) {
	t.Parallel()
	for _, way := range written {
		leaks := Check([]byte("one\n" + phone + "\ntwo " + way + "\n"))
		if len(leaks) != 2 || leaks[1].Where != "line 3" || leaks[1].Kind != "phone" {
			t.Errorf("%q: %+v", way, leaks)
		}
	}
	for _, doc := range []string{"0044 7700 900456", "call 07700 900456", "msisdn 7700900456", "tel:07700-900456"} {
		if leaks := Check([]byte(doc)); len(leaks) != 1 || leaks[0].Kind != "phone" || leaks[0].Where != "line 1" {
			t.Errorf("%q: %+v", doc, leaks)
		}
	}
	if leaks := Check([]byte("pässword=ähnlich1")); len(leaks) == 1 && !strings.Contains(leaks[0].Shown, "(8)") {
		t.Errorf("characters are counted, not bytes: %+v", leaks)
	}
}
