package vnv_test

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

const wireDir = "../../testdata/wire/"

// transcript is one file of testdata/wire; see the README there.
type transcript struct {
	api      vnv.API
	about    map[string]string // op, phone, sandbox, source, want
	request  message
	response message
}

// message is an HTTP message with its placeholders.
type message struct {
	start  string
	header []string
	body   string
}

func readTranscripts(t *testing.T, api string) map[string]transcript {
	t.Helper()
	files, err := filepath.Glob(wireDir + api + "/*.http")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts of %s: %v", api, err)
	}
	all := map[string]transcript{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := parseTranscript(string(text))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".http")] = tr
	}
	return all
}

func parseTranscript(text string) (transcript, error) {
	comment, rest, ok1 := strings.Cut(text, ">>>\n")
	request, response, ok2 := strings.Cut(rest, "<<<\n")
	tr := transcript{about: map[string]string{}, request: parseMessage(request), response: parseMessage(response)}
	for line := range strings.Lines(comment) {
		if key, value, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), ": "); found {
			tr.about[key] = value
		}
	}
	for _, key := range []string{"op", "phone", "sandbox", "source", "want"} {
		if tr.about[key] == "" {
			return tr, fmt.Errorf("no %q in the comment", key)
		}
	}
	if !ok1 || !ok2 {
		return tr, errors.New("want >>> request <<< response")
	}
	return tr, nil
}

func parseMessage(text string) message {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	return message{start: lines[0], header: lines[1:], body: strings.TrimSuffix(body, "\n")}
}

// values is what the placeholders of one conversation stand for.
type values map[string]string

func sampleValues(tr transcript) values {
	phone := vnv.Phone(tr.about["phone"])
	return values{
		"jwt": "eyJhbGciOiJSUzI1NiJ9.c2FtcGxl.c2lnbmF0dXJl", "state": "sample-state-0123456789",
		"code": "sample/code+with=marks&more", "token": "sample-token~1.2_3-4+5/6==",
		"redirect_uri": "https://app.example/callback?tenant=a b", "phone": string(phone), "phone_hash": phone.Hash(),
		"correlator": "5b0e1a52-66d6-4c5f-9d2a-0c8a4f7e1234", "instance": "bf0ca0bf-1c4e-4b0c-9d55-2b1f2a7d9f10",
		"auth_url": "https://idp.example/oauth2/auth?client_id=sandbox_test&state=v2_840e17a8",
		"msisdn":   strings.TrimPrefix(string(phone), "+"), "redirect_url": "https://app.example/done?tenant=a",
		"request_id": "c11236f4-00bf-4b89-84ba-88b25df97315", "other_id": "31eaf23d-b2db-4c42-9d27-d847e2c8a1c0", "short_code": "si9sfG",
		"check_url": "https://api.example/v2/verify/c11236f4-00bf-4b89-84ba-88b25df97315/silent-auth/redirect",
	}
}

var placeholder = regexp.MustCompile(`\{\{(\w+)\}\}`)

func (v values) fill(text string, encode func(string) string) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string { return encode(v[strings.Trim(p, "{}")]) })
}

func plain(s string) string { return s }

// encoding is that of a message's body.
func (m message) encoding() func(string) string {
	if slices.Contains(m.header, "Content-Type: application/x-www-form-urlencoded") {
		return url.QueryEscape
	}
	return plain
}

// raw is the message as it goes over the wire.
func (m message) raw(v values) string {
	body := v.fill(m.body, m.encoding())
	lines := append([]string{m.start}, m.header...)
	if !strings.Contains(m.start, " 204 ") {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return v.fill(strings.Join(lines, "\r\n"), plain) + "\r\n\r\n" + body
}

// wants is the want line as a map: "ok" or "kind=… status=…".
func (tr transcript) wants(v values) map[string]string {
	want := map[string]string{}
	for field := range strings.FieldsSeq(v.fill(tr.about["want"], plain)) {
		key, value, _ := strings.Cut(field, "=")
		want[key] = value
	}
	return want
}

// sameRequest compares a request as it was received with the transcript's:
// what is written there must be there, and nothing else that tells anything.
func sameRequest(t *testing.T, got string, want message, v values) {
	t.Helper()
	head, body, _ := strings.Cut(got, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	if start := v.fill(want.start, plain); lines[0] != start {
		t.Errorf("request line %q, want %q", lines[0], start)
	}
	headers := headerSet(lines[1:])
	for name, value := range headerSet(want.header) {
		if value = v.fill(value, plain); headers[name] != value {
			t.Errorf("%s: %q, want %q", name, headers[name], value)
		}
		delete(headers, name)
	}
	for _, harmless := range []string{"user-agent", "content-length", "accept-encoding", "connection"} {
		delete(headers, harmless)
	}
	if len(headers) > 0 {
		t.Errorf("headers that the transcript does not have: %q", slices.Collect(maps.Keys(headers)))
	}
	sameBody(t, body, v.fill(want.body, want.encoding()), want)
}

func sameBody(t *testing.T, got, want string, m message) {
	t.Helper()
	if m.encoding()("/") != "/" { // a form: the order of its fields means nothing
		g, _ := url.ParseQuery(got)
		w, _ := url.ParseQuery(want)
		got, want = g.Encode(), w.Encode()
	}
	if got != want {
		t.Errorf("body %s\nwant %s", got, want)
	}
}

func headerSet(lines []string) map[string]string {
	set := map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		set[strings.ToLower(name)] = value
	}
	return set
}
