package vnv

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseObject(t *testing.T) {
	t.Parallel()
	good := []string{`{}`, ` {"a":{"a":1},"b":[{"a":1},{"a":2}]} `, "\ufeff{}", `{"a":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`}
	bad := map[string]string{
		"":                       "it is empty",
		"\ufeff \n":              "it is empty",
		"[]":                     "it is not a JSON object",
		"null":                   "it is not a JSON object",
		"{} {}":                  "it is not JSON, or not whole",
		`{"a":1`:                 "it is not JSON, or not whole",
		"{\"a\":\"\xff\"}":       "it is not UTF-8",
		`{"a":1,"a":1}`:          `it holds "a" twice`,
		`{"b":[{"a":1,"A":1}]}`:  `it holds "A" twice`,
		`{"\u0061":1,"a":1}`:     `it holds "a" twice`,
		"{\"k\":1,\"\u212a\":1}": `it holds "` + "\u212a" + `" twice`, // the Kelvin sign folds to k, and json.Unmarshal takes it
		`{"s":1,"ſ":1}`:          `it holds "ſ" twice`,
		strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40): "it is nested too deeply",
		strings.Repeat(`[`, 100000):                                 "it is not JSON, or not whole",
		strings.Repeat(" ", maxBody) + "{}":                         "it is larger than 1 MiB",
	}
	for _, body := range good {
		if _, err := parseObject([]byte(body)); err != nil {
			t.Errorf("%.80s: %v", body, err)
		}
	}
	for body, want := range bad {
		if _, err := parseObject([]byte(body)); err == nil || err.Error() != want {
			t.Errorf("%.80q: %v, want %s", body, err, want)
		}
	}
}

// What the strict decoder takes, every other reader takes alike.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"A":2}`, `{"scopes":{"x":{"auth_url":null}}}`, `{"a":[1e9,"\ud800"]}`, "\ufeff{}", "[", `{"a":tru`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := parseObject(body)
		if err != nil {
			return
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(body[len(body)-len(trimBOM(body)):], &m); err != nil || len(m) != len(o) {
			t.Fatalf("encoding/json reads %d members, this reads %d: %v", len(m), len(o), err)
		}
	})
}

// What gets through is a web address, and prints.
func FuzzWebURL(f *testing.F) {
	for _, seed := range []string{
		"https://idp.example/a?b=c#d", "http://[::1%25lo]:80/", "https:idp.example", "//x", "javascript:x", "https://u@h", "https://h:/", "https://%e2%80%ae/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := webURL(raw)
		if err != nil {
			return
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || !allPrint(raw) || !allPrint(u.String()) {
			t.Fatalf("%q is taken", raw)
		}
	})
}

func trimBOM(b []byte) []byte { return []byte(strings.TrimPrefix(string(b), string(bom))) }

func FuzzReadProblem(f *testing.F) {
	for _, seed := range []string{
		`{"type":"x#y","title":"T","invalid_parameters":[{"name":"n"}]}`, `{"_embedded":{"errors":[{"message":"m"}]}}`,
		"<title>x</title>", "text", `{"error":{"error":1}}`, "",
	} {
		f.Add([]byte(seed), "Bearer error=\"x\"")
	}
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		p, c := readProblem(body), challenge(header)
		if len(p.code) > maxCode+3 || len(p.detail) > maxDetail+3 || len(p.trace) > maxCode+3 || len(c.detail) > maxCode+3 {
			t.Fatal("too long")
		}
		if !utf8.ValidString(p.detail) {
			t.Fatalf("%q is not UTF-8", p.detail)
		}
		e := (&Error{Op: OpVerify, Status: 400}).with(p)
		if !allPrint(e.Error()) {
			t.Fatalf("%q does not print", e.Error())
		}
	})
}
