package flow_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

func full() flow.Session {
	carrier, verified := true, false
	return flow.Session{
		API: "number-verification", APIHost: "https://api.example", ApplicationID: "app", Phone: yes, PhoneHash: yes.Hash(),
		Scope: vnv.DefaultScope, State: "canary-state", RedirectURI: "https://app.example/cb",
		AuthURL: "https://vendor.example/auth?a=1&b=2", RequiresCarrierNetwork: &carrier, Code: "canary-code",
		AccessToken: "canary-token", TokenType: "Bearer", ExpiresAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Verified: &verified, Attempts: map[vnv.Op]time.Time{vnv.OpExchange: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)},
	}
}

const fullDocument = `{
  "schema_version": 1,
  "api": "number-verification",
  "api_host": "https://api.example",
  "application_id": "app",
  "phone": "+99012345678",
  "phone_hash": "6a83bdd8e6a4b4b0bdd7cd2b9f0d0e3ab9a5b1df2a01d5d1a1bd4e5a9e9d9b0e",
  "scope": "dpv:FraudPreventionAndDetection#number-verification-verify-read",
  "state": "canary-state",
  "redirect_uri": "https://app.example/cb",
  "auth_url": "https://vendor.example/auth?a=1&b=2",
  "requires_carrier_network": true,
  "code": "canary-code",
  "access_token": "canary-token",
  "token_type": "Bearer",
  "expires_at": "2026-01-02T03:04:05Z",
  "verified": false,
  "attempts": {
    "exchange": "2026-01-02T03:00:00Z"
  }
}
`

func TestDocumentWhole(t *testing.T) {
	t.Parallel()
	s := full()
	s.PhoneHash = "6a83bdd8e6a4b4b0bdd7cd2b9f0d0e3ab9a5b1df2a01d5d1a1bd4e5a9e9d9b0e"
	doc, err := s.Document()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullDocument, string(doc)); diff != "" {
		t.Errorf("document: %s", diff)
	}
	back, err := flow.ReadSession(strings.NewReader(fullDocument))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, back, cmpopts.IgnoreUnexported(flow.Session{})); diff != "" {
		t.Errorf("read back: %s", diff)
	}
}

// Everywhere but in its document a session hides its secrets.
func TestSessionHides(t *testing.T) {
	t.Parallel()
	s := full()
	s.AuthURL = ""
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, s); strings.Contains(text, "canary") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}

// Fields of another version pass through, as they came.
func TestUnknownFieldsAreKept(t *testing.T) {
	t.Parallel()
	const doc = `{"schema_version":1,"phone":"+99012345678","later":{"big":12345678901234567890,"list":[1, "<&>"]},"Phone":"x"}`
	s, err := flow.ReadSession(strings.NewReader(doc))
	if err != nil {
		t.Fatal(err)
	}
	s.State = "canary-state"
	out, err := s.Document()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"big": 12345678901234567890`, `"<&>"`, `"Phone": "x"`, `"phone": "+99012345678"`, `"state": "canary-state"`} {
		if !strings.Contains(string(out), part) {
			t.Errorf("%s is not in %s", part, out)
		}
	}
}

// Hostile documents: refused with what is wrong, never with a value.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ doc, want string }{
		"empty":                {"", "session: empty, so the step before it gave no answer (did it run with -o json?)"},
		"blank":                {" \n\t ", "session: empty, so the step before it gave no answer (did it run with -o json?)"},
		"text":                 {"canary", "session: not a JSON document: wrong syntax at byte 1"},
		"list":                 {`["canary"]`, "session: not a JSON document: array where names with values belong"},
		"null":                 {"null", "session: schema_version is 0, this vnv reads 1"},
		"garbage behind":       {`{"schema_version":1} canary`, "session: not a JSON document: wrong syntax at byte 22"},
		"cut off":              {`{"schema_version":1,"code":"cana`, "session: not a JSON document: wrong syntax at byte 32"},
		"other version":        {`{"schema_version":2}`, "session: schema_version is 2, this vnv reads 1"},
		"no version":           {`{"phone":"+99012345678"}`, "session: schema_version is 0, this vnv reads 1"},
		"version as text":      {`{"schema_version":"1"}`, "session: schema_version: a string where int belongs"},
		"phone as number":      {`{"schema_version":1,"phone":99012345678}`, "session: phone: a number where string belongs"},
		"verified as text":     {`{"schema_version":1,"verified":"true"}`, "session: verified: a string where bool belongs"},
		"attempts as list":     {`{"schema_version":1,"attempts":[1]}`, "session: attempts: array where names with values belong"},
		"attempt without time": {`{"schema_version":1,"attempts":{"exchange":"canary"}}`, "session: attempts: exchange: not a time in RFC 3339 form"},
		"bad time":             {`{"schema_version":1,"expires_at":"canary"}`, "session: expires_at: wrong form"},
		"bad phone":            {`{"schema_version":1,"phone":"07700900123"}`, "session: phone is not in E.164 form"},
		"duplicate":            {`{"schema_version":1,"code":"canary-1","code":"canary-2"}`, "session: code stands twice, and which one counts cannot be known"},
		"duplicate unknown":    {`{"schema_version":1,"canary":1,"canary":2}`, "session: a field stands twice, and which one counts cannot be known"},
		"duplicate escaped":    {`{"schema_version":1,"code":"canary-1","\u0063ode":"canary-2"}`, "session: code stands twice, and which one counts cannot be known"},
		"two errors":           {`{"error":{"exit_code":3},"error":{"exit_code":4}}`, "session: error stands twice, and which one counts cannot be known"},
		"too deep":             {strings.Repeat(`{"a":`, 20000), "session: not a JSON document: wrong syntax at byte 50001"},
		"too long":             {`{"schema_version":1,"x":"` + strings.Repeat("canary", 1<<18) + `"}`, "session: longer than 1 MiB"},
		"error without code":   {`{"error":{"message":"canary"}}`, "session: an error document without an exit_code between 1 and 255"},
		"error of good":        {`{"error":{"exit_code":0}}`, "session: an error document without an exit_code between 1 and 255"},
		"error of 256":         {`{"error":{"exit_code":256}}`, "session: an error document without an exit_code between 1 and 255"},
		"error as text":        {`{"error":"canary"}`, "session: an error document without an exit_code between 1 and 255"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := flow.ReadSession(strings.NewReader(c.doc))
			if err == nil || err.Error() != c.want {
				t.Errorf("got %q, want %q", err, c.want)
			}
		})
	}
}

// A failure of an earlier step comes back whole, with the code to end with.
func TestFailureDocument(t *testing.T) {
	t.Parallel()
	const doc = `{"error": {"op":"enable","exit_code":5,"message":"refused"}}` + "\n"
	_, err := flow.ReadSession(strings.NewReader(doc))
	var f *flow.EarlierError
	if !errors.As(err, &f) || string(f.Raw) != doc || f.ExitCode != 5 || f.Error() != "session: an earlier step failed" {
		t.Errorf("%#v", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestReadSessionReadError(t *testing.T) {
	t.Parallel()
	if _, err := flow.ReadSession(brokenReader{}); err == nil || err.Error() != "session: broken pipe" {
		t.Errorf("got %v", err)
	}
}

// What is read can be written, and is the same when read again.
func FuzzReadSession(f *testing.F) {
	f.Add(fullDocument)
	f.Add(`{"schema_version":1,"later":[1,2,{"a":null}]}`)
	f.Add(`{"error":{"exit_code":14}}`)
	f.Add(`{"schema_version":1,"code":"a","code":"b"}`)
	f.Add("{\"schema_version\":1,\"state\":\"\xff\",\"\":0}")
	f.Fuzz(func(t *testing.T, doc string) {
		s, err := flow.ReadSession(strings.NewReader(doc))
		if err != nil {
			if len(err.Error()) > 200 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		first, err := s.Document()
		if err != nil {
			t.Fatal(err)
		}
		again, err := flow.ReadSession(strings.NewReader(string(first)))
		if err != nil {
			t.Fatalf("%v: %s", err, first)
		}
		second, err := again.Document()
		if err != nil || string(first) != string(second) {
			t.Errorf("%v: %s became %s", err, first, second)
		}
	})
}
