package sandbox_test

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// The transcripts of testdata/wire/camara, byte by byte: each request is sent as it stands after what the
// file's "sandbox" line says, and the answer compared in status, named headers and JSON. See the README there.

// wireFile is one transcript.
type wireFile struct {
	about           map[string]string // op, phone, sandbox, versions, source
	request, answer wireMessage
}

// wireMessage is an HTTP message with its placeholders.
type wireMessage struct {
	start  string
	header http.Header
	body   string
}

// chained are the steps from the authorization that comes before them to the app's code.
var chained = []string{"carrier-enrichment", "carrier-session", "carrier-return", "callback-ok"}

// wirePreparations are the words of a "sandbox" line, as the transcripts that are played before.
var wirePreparations = map[string][]string{
	"fresh":             nil,
	"opened":            {"authorize-ok"},
	"session":           slices.Concat([]string{"authorize-ok"}, chained[:2]),
	"returned":          slices.Concat([]string{"authorize-ok"}, chained[:3]),
	"chained":           slices.Concat([]string{"authorize-ok"}, chained),
	"chained-no-pkce":   slices.Concat([]string{"authorize-no-pkce"}, chained),
	"chained-no-openid": slices.Concat([]string{"authorize-no-openid"}, chained),
	"chained-openid":    slices.Concat([]string{"authorize-openid"}, chained),
	"token":             slices.Concat([]string{"authorize-ok"}, chained, []string{"exchange-ok"}),
	"used-token":        slices.Concat([]string{"authorize-ok"}, chained, []string{"exchange-ok", "verify-true"}),
	"replayed":          slices.Concat([]string{"authorize-ok"}, chained, []string{"exchange-ok", "exchange-replayed"}),
	"share-token":       slices.Concat([]string{"authorize-share"}, chained, []string{"exchange-ok"}),
	"used-share-token":  slices.Concat([]string{"authorize-share"}, chained, []string{"exchange-ok", "share-ok"}),
}

// beforeFault is the preparation of a file whose "sandbox" line names a fault, by its op.
var beforeFault = map[string]string{"callback": "returned", "exchange": "chained", "verify": "token", "share": "share-token"}

func TestCAMARAWire(t *testing.T) {
	t.Parallel()
	all := readWire(t)
	for name, f := range all {
		for version := range strings.FieldsSeq(cmp.Or(f.about["versions"], "v2")) {
			t.Run(name+"/"+version, func(t *testing.T) {
				t.Parallel()
				prepare, fault, _ := strings.Cut(f.about["sandbox"], " ")
				o := sandbox.Options{RedirectURIs: []string{callback, callback + "/other"}}
				if fault != "" {
					o.Faults, prepare = []string{fault}, beforeFault[f.about["op"]]
				}
				before, ok := wirePreparations[prepare]
				if !ok {
					t.Fatalf("no preparation %q", prepare)
				}
				v := newWireValues(t, sandbox.Start(t, o), f.about["phone"], version)
				for _, step := range append(slices.Clone(before), name) {
					v.play(t, step, all[step])
				}
			})
		}
	}
}

func readWire(t *testing.T) map[string]wireFile {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/wire/camara/*.http")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	all := map[string]wireFile{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		comment, rest, _ := strings.Cut(string(text), ">>>\n")
		request, answer, ok := strings.Cut(rest, "<<<\n")
		f := wireFile{map[string]string{}, newWireMessage(request), newWireMessage(answer)}
		for line := range strings.Lines(comment) {
			if key, value, found := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), ": "); found {
				f.about[key] = value
			}
		}
		for _, key := range []string{"op", "phone", "sandbox", "source"} {
			if !ok || f.about[key] == "" {
				t.Fatalf("%s: no %q, or no >>> request <<< answer", path, key)
			}
		}
		all[strings.TrimSuffix(filepath.Base(path), ".http")] = f
	}
	return all
}

func newWireMessage(text string) wireMessage {
	head, body, _ := strings.Cut(text, "\n\n")
	start, lines, _ := strings.Cut(strings.TrimSuffix(head, "\n"), "\n")
	m := wireMessage{start, http.Header{}, strings.TrimSuffix(body, "\n")}
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		m.header.Add(name, value)
	}
	return m
}

// wireValues is what the placeholders of one conversation stand for; an answer adds those that it brings.
type wireValues map[string]string

func newWireValues(t *testing.T, s *sandbox.Server, phone, version string) wireValues {
	t.Helper()
	sum, host := sha256.Sum256([]byte(phone)), strings.TrimPrefix(s.URL(), "http://")
	return wireValues{
		"host": host, "vendor_url": s.URL(), "carrier_url": s.CarrierURL(), "carrier_host": strings.TrimPrefix(s.CarrierURL(), "http://"),
		"client_id": sandbox.TestApplicationID, "redirect_uri": callback, "other_redirect_uri": callback + "/other", "state": "mine & only",
		"phone": phone, "phone_hash": hex.EncodeToString(sum[:]), "version": version,
		"correlator": "b4333c46-49c0-4f62-80d7-f0ef930f1c46", "jwt": signed(t, goodClaims(), nil),
		"assertion": signed(t, jwt.MapClaims{
			"iss": sandbox.TestApplicationID, "sub": sandbox.TestApplicationID, "aud": s.URL() + "/oauth2/token",
			"jti": rand.Text(), "exp": time.Now().Add(time.Minute).Unix(),
		}, nil),
		"request_object": signed(t, requestObject(s.URL(), nil), nil),
	}
}

var wirePlaceholder = regexp.MustCompile(`\{\{(\w+)\}\}`)

// fill writes the values into a request, form-encoded where they stand in a form or after a question mark.
func (v wireValues) fill(t *testing.T, text string, form bool) string {
	t.Helper()
	before, query, found := strings.Cut(text, "?")
	if found && !form {
		return v.fill(t, before, false) + "?" + v.fill(t, query, true)
	}
	return wirePlaceholder.ReplaceAllStringFunc(text, func(p string) string {
		value, known := v[strings.Trim(p, "{}")]
		switch {
		case !known:
			t.Fatalf("nothing was said yet about %s", p)
		case form:
			return url.QueryEscape(value)
		}
		return value
	})
}

// learn compares what came with what the transcript has. A placeholder without a value takes what stands
// at its place, which ends at one of the characters in end.
func (v wireValues) learn(t *testing.T, what, got, want, end string) {
	t.Helper()
	var pattern strings.Builder
	at := 0
	for _, m := range wirePlaceholder.FindAllStringSubmatchIndex(want, -1) {
		pattern.WriteString(regexp.QuoteMeta(want[at:m[0]]))
		name := want[m[2]:m[3]]
		value, known := v[name]
		switch {
		case !known:
			pattern.WriteString(`(?P<` + name + `>[^` + end + `]+)`)
		case strings.Contains(want[:m[0]], "?"):
			pattern.WriteString(regexp.QuoteMeta(url.QueryEscape(value)))
		default:
			pattern.WriteString(regexp.QuoteMeta(value))
		}
		at = m[1]
	}
	r := regexp.MustCompile(`^` + pattern.String() + regexp.QuoteMeta(want[at:]) + `$`)
	found := r.FindStringSubmatch(got)
	if found == nil {
		t.Fatalf("%s: %q\nwant %q", what, got, want)
	}
	for i, name := range r.SubexpNames() {
		if name != "" {
			v[name] = found[i]
		}
	}
}

// play sends one request and compares the answer.
func (v wireValues) play(t *testing.T, step string, f wireFile) {
	t.Helper()
	got := v.send(t, f.request)
	if got.start != f.answer.start {
		t.Fatalf("%s: %q, want %q: %s", step, got.start, f.answer.start, got.body)
	}
	for name := range f.answer.header {
		v.learn(t, step+": "+name, got.header.Get(name), f.answer.header.Get(name), "&;")
	}
	for _, telling := range []string{"Location", "X-Correlator", "Www-Authenticate", "Retry-After", "Allow", "Set-Cookie"} {
		if got.header.Get(telling) != "" && f.answer.header.Get(telling) == "" {
			t.Errorf("%s: %s: %q, which the transcript has not", step, telling, got.header.Get(telling))
		}
	}
	if f.answer.body != "" || f.answer.header.Get("Content-Type") == "" {
		v.learn(t, step, sortedJSON(got.body), sortedJSON(f.answer.body), `"`)
	}
	if want := f.about["id_token"]; want != "" {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(v["id_token"], ".")[1])
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		v.learn(t, step+": id_token", string(payload), want, `"`)
	}
}

// send writes a request as it stands to whom it names, and reads the answer.
func (v wireValues) send(t *testing.T, m wireMessage) wireMessage {
	t.Helper()
	c, err := net.Dial("tcp", v.fill(t, m.header.Get("Host"), false))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second)) // a safety net
	body := v.fill(t, m.body, m.header.Get("Content-Type") == "application/x-www-form-urlencoded")
	lines := []string{v.fill(t, m.start, false)}
	for name, values := range m.header {
		lines = append(lines, name+": "+v.fill(t, values[0], false))
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n"+body)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return wireMessage{res.Proto + " " + res.Status, res.Header, string(text)}
}

// sortedJSON is a JSON text in one spelling; another text stands for itself.
func sortedJSON(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	sorted, _ := json.Marshal(v)
	return string(sorted)
}
