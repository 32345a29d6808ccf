package trace

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const savedDir = "../../testdata/trace/"

// saved are the files of testdata/trace, and their formats.
var saved = map[string]Format{
	"curl-http1.log": FormatCurl, "curl-http2.log": FormatCurl, "chrome.har": FormatHAR, "android.txt": FormatSDK, "ios.json": FormatSDK,
	"firefox.har": FormatHAR, "playwright.har": FormatHAR, "proxy.har": FormatHAR, "outcome.json": FormatOutcome, "events.ndjson": FormatEvents,
}

// canaries are the secrets in those files.
var canaries = []string{
	"Cr-Code-77aa88bb99", "st-Aabbccdd0011", "v2_carrier-0011223344", "447700900123", "S3ssion-9f8a7b6c5d", "Tk-SecretSecret-1234", "Tk-5566778899",
	"Qm9iJ3Mgc2VjcmV0", "3fae7b10-0000-4000-8000-0123456789ab", "2a1b3c4d-0000-4000-8000-9f8e7d6c5b4a",
}

// file is a file of testdata/trace.
func file(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(savedDir, name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// golden compares got with a file, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join(savedDir, "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (go test ./pkg/trace -update rewrites it):\n%s", path, got)
	}
}

// document is a trace as JSON, for people.
func document(tb testing.TB, tr *Trace) []byte {
	tb.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(tr); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestReadSaved(t *testing.T) {
	t.Parallel()
	for name, format := range saved {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, got, err := Read(file(t, name), nil)
			if err != nil || got != format {
				t.Fatalf("format %s, %v", got, err)
			}
			doc := document(t, tr)
			golden(t, name+".json", doc)
			noCanary(t, doc)
			again, got, err := Read(doc, nil)
			if err != nil || got != FormatTrace {
				t.Fatalf("read again: %s, %v", got, err)
			}
			if twice := document(t, again); !bytes.Equal(twice, doc) {
				t.Errorf("what was read is not what was written:\n%s", cmp.Diff(string(doc), string(twice)))
			}
			har, err := tr.HAR()
			if err != nil {
				t.Fatal(err)
			}
			noCanary(t, har)
			back, got, err := Read(har, nil)
			if err != nil || got != FormatHAR || !reflect.DeepEqual(back, again) {
				t.Errorf("through a HAR: %s, %v\n%s", got, err, cmp.Diff(string(document(t, again)), string(document(t, back))))
			}
			if diff := Diff(tr, back); diff != nil {
				t.Errorf("differences to itself: %v", diff)
			}
		})
	}
}

// noCanary fails if a secret is in b, in any form.
func noCanary(tb testing.TB, b []byte) {
	tb.Helper()
	for _, secret := range canaries {
		for _, form := range formsOf(secret) {
			if bytes.Contains(b, []byte(form)) {
				tb.Errorf("%s is left, as %s", secret, form)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                                     "reading a trace: the file is empty",
		" \n\ufeff ":                           "reading a trace: the file is empty",
		"hello":                                errFormat.Error(),
		`{"a":1}`:                              errFormat.Error(),
		`[1]`:                                  errFormat.Error(),
		`{"log":`:                              "reading a trace: this is no whole JSON document: it ends too early",
		"{\n\"log\":x}":                        "reading a trace: this is no whole JSON document: a mistake in line 2",
		`{"log":{}} trailing`:                  "reading a trace: something follows the JSON document",
		`{"log":[]}`:                           "reading a trace: har: log must not be array (line 1)",
		`{"log":{"entries":7}}`:                "reading a trace: har: log.entries must not be number (line 1)",
		`{"log":{"version":"1.2"}}`:            "reading a trace: har: log.entries is missing",
		`{"log":{"entries":[{}]}}`:             "reading a trace: har: log.entries[0].request is missing",
		`{"log":{"entries":[{"request":{}}]}}`: "reading a trace: har: log.entries[0].request.url is missing",
		`{"log":{"entries":[{"request":{"url":"x"}}]}}`:       "reading a trace: har: log.entries[0].response is missing",
		`{"log":{"entries":[{"request":"` + secret + `"}]}}`:  "reading a trace: har: log.entries[0]: request must not be string (line 1)",
		`{"hops":"` + secret + `"}`:                           "reading a trace: outcome: hops must not be string (line 1)",
		`{"hops":[{"n":"` + secret + `"}]}`:                   "reading a trace: outcome: hops.n must not be string (line 1)",
		`{"findings":7}`:                                      "reading a trace: trace: findings must not be number (line 1)",
		`{"event":"note"}`:                                    "reading a trace: events: no hop among the events",
		`{"http_status":302}`:                                 "reading a trace: url_trace: there is no debug.url_trace in it: the app must ask for debug output",
		`{"debug":{"url_trace":"iOS/17"}}`:                    "reading a trace: url_trace: no request in the url_trace",
		"* nothing\n* here":                                   "reading a trace: curl: no request in it: lines that begin with “> GET”, for example",
		`{"log":` + strings.Repeat("[", 20_000) + "1":         "reading a trace: this is no whole JSON document: a mistake in line 1",
		"{\"log\":{\"entries\":[]}}\n{\"log\":{}}":            "reading a trace: something follows the JSON document",
		`{"log":{"entries":[{"request":{"url":7}}]}}`:         "reading a trace: har: log.entries[0].request.url is missing",
		`{"log":{"entries":[{"request":{"url":"x"},"respo":1`: "reading a trace: this is no whole JSON document: it ends too early",
	} {
		tr, _, err := Read([]byte(in), nil)
		if err == nil || err.Error() != want || tr != nil {
			t.Errorf("%.60q\ngot  %v\nwant %s", in, err, want)
		}
		if _, err := Clean([]byte(in)); err == nil && !strings.HasPrefix(want, "reading a trace: har: log.entries") && !strings.Contains(want, "must not") && !strings.Contains(want, ": no ") && !strings.Contains(want, "missing") && !strings.Contains(want, "there is no") {
			t.Errorf("%.60q was cleaned", in)
		}
	}
	if _, _, err := Read(make([]byte, maxFile+1), nil); err != errSize { //nolint:errorlint // the very error
		t.Errorf("got %v", err)
	}
}

// chained is a HAR of entries, and the URLs of the chain that is found in it.
func chained(t *testing.T, entries ...string) []string {
	t.Helper()
	tr, _, err := Read([]byte(`{"log":{"entries":[`+strings.Join(entries, ",")+`]}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	for _, h := range tr.Hops {
		at, _, _ := strings.Cut(h.URL, "?")
		urls = append(urls, at)
	}
	return urls
}

func entry(status int, at, location, kind string) string {
	return fmt.Sprintf(`{"request":{"method":"GET","url":%q},"response":{"status":%d,"redirectURL":%q,"content":{"mimeType":%q}}}`, at, status, location, kind)
}

// A page that leads on by script leaves no Referer when it asks for none: the authorization that comes right after
// it is the chain's next hop, for it is there that vnv and the phone libraries stop. Another try begins a new one.
func TestReadScriptRedirect(t *testing.T) {
	t.Parallel()
	const vendor, carrier = "https://id.example/oauth2/auth", "https://c.example/authorize"
	begins := vendor + "?client_id=v&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb"
	goesOn := carrier + "?client_id=c&response_type=code&redirect_uri=https%3A%2F%2Fid.example%2Fcb"
	page := entry(200, begins, "", "text/html")
	for name, c := range map[string]struct {
		entries, want []string
	}{
		"right after":       {[]string{page, entry(302, goesOn, "https://id.example/cb?code=x", ""), entry(200, "https://id.example/cb?code=x", "", "text/html")}, []string{vendor, carrier, "https://id.example/cb"}},
		"an image between":  {[]string{page, entry(200, "https://img.example/a.png", "", "image/png"), entry(200, goesOn, "", "text/html")}, []string{vendor, carrier}},
		"a page between":    {[]string{page, entry(200, "https://news.example/", "", "text/html"), entry(200, goesOn, "", "text/html")}, []string{carrier}},
		"after no page":     {[]string{entry(200, begins, "", "application/json"), entry(200, goesOn, "", "text/html")}, []string{carrier}},
		"after an error":    {[]string{entry(500, begins, "", "text/html"), entry(200, goesOn, "", "text/html")}, []string{carrier}},
		"the same client":   {[]string{page, entry(200, strings.Replace(goesOn, "client_id=c", "client_id=v", 1), "", "text/html")}, []string{carrier}},
		"the same callback": {[]string{page, entry(200, carrier+"?client_id=c&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb", "", "text/html")}, []string{carrier}},
	} {
		if got := chained(t, c.entries...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A long URL is taken apart once, and not again for everything that was recorded after it: this would be minutes.
func TestReadLongURL(t *testing.T) {
	t.Parallel()
	next := "https://he.example/a?x=" + strings.Repeat("a", 2<<20)
	entries := []string{entry(302, "https://id.example/oauth2/auth", next, "")}
	for range maxEntries {
		entries = append(entries, entry(200, "https://he.example/b", "", "text/html"))
	}
	entries[len(entries)/2] = entry(200, next, "", "text/html")
	if got := chained(t, entries...); len(got) != maxHops {
		t.Errorf("%d hops", len(got))
	}
	long := strings.Repeat("https://a.example/?code=Cr-Code-77aa88bb99 ", maxURL/40)
	tr, _, err := Read([]byte(`{"end":{},"findings":[{"text":"`+long+`","evidence":"short"}],"hops":[{"error":"`+long+`"}]}`), nil)
	if err != nil || tr.Findings[0].Text != hiddenQuery || tr.Findings[0].Evidence != "short" || tr.Hops[0].Error != hiddenQuery {
		t.Errorf("%v: %.200v", err, tr)
	}
}

// A call that was tried again has not failed, if a later one succeeds.
func TestReadTriedAgain(t *testing.T) {
	t.Parallel()
	call := func(step string, status int, body string) string {
		at := map[string]string{"exchange": "https://api.example/oauth2/token", "verify": "https://api.example/camara/number-verification/v031/verify"}[step]
		return fmt.Sprintf(`{"request":{"method":"POST","url":%q},"response":{"status":%d,"content":{"mimeType":"application/json","text":%q}}}`, at, status, body)
	}
	for name, c := range map[string]struct {
		entries []string
		want    *Failure
	}{
		"in the end": {[]string{call("exchange", 400, `{"error":"invalid_grant"}`)}, &Failure{Step: "exchange", Code: "invalid_grant"}},
		"again":      {[]string{call("exchange", 400, `{"error":"invalid_grant"}`), call("exchange", 200, "{}"), call("verify", 200, "{}")}, nil},
		"and again":  {[]string{call("exchange", 400, `{"error":"invalid_grant"}`), call("exchange", 200, "{}"), call("verify", 403, `{"error":"denied"}`)}, &Failure{Step: "verify", Code: "denied"}},
		"no more":    {[]string{call("exchange", 200, "{}"), call("exchange", 400, `{"error":"invalid_grant"}`)}, &Failure{Step: "exchange", Code: "invalid_grant"}},
	} {
		tr, _, err := Read([]byte(`{"log":{"entries":[`+strings.Join(c.entries, ",")+`]}}`), nil)
		if err != nil || !reflect.DeepEqual(tr.Failed, c.want) {
			t.Errorf("%s: %+v, %v", name, tr.Failed, err)
		}
	}
}
