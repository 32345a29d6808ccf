package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vnv-cli/vnv/cmd/internal/cli"
)

// TestSchemas holds what the commands print to the published schemas, and the
// schemas to what the commands print: a field that no schema names is an error.
func TestSchemas(t *testing.T) {
	t.Parallel()
	session, silent := filepath.Join(t.TempDir(), "flow.json"), filepath.Join(t.TempDir(), "silent.json")
	for _, c := range []struct {
		schema, args string
		exit         int
	}{
		{"session", "enable --phone +99012345678 --sandbox", 0},
		{"session", "authorize --sandbox", 0},
		{"session", "exchange --sandbox", 0},
		{"session", "verify --sandbox --session " + session, 0},
		{"session", "verify --sandbox --phone +99012345677", 3},
		{"session", "enable --phone +99012345678 --sandbox --api verify", 0},
		{"session", "authorize --sandbox --api verify", 0},
		{"session", "verify --sandbox --api verify --session " + silent, 0},
		{"session", "verify --sandbox --api verify --phone +99012345677", 3},
		{"outcome", "run --phone +99012345678 --sandbox", 0},
		{"outcome", "run --phone +99012345678 --sandbox --api verify --trace", 0},
		{"outcome", "run --phone +99012345677 --sandbox --trace", 3},
		{"outcome", "run --phone +99012345678 --sandbox --reveal", 0},
		{"error", "run --phone 07700900123", 2},
		{"error", "run --phnoe +99012345678", 2},
		{"error", "run --phone +447700900123", 2},
		{"error", "run --phone +99012345678 --sandbox --fault enable-401", 4},
		{"error", "run --phone +99012345678 --sandbox --fault allowlist", 5},
		{"error", "run --phone +99012345678 --sandbox --fault access-denied", 6},
		{"error", "run --phone +99012345678 --sandbox --fault wrong-state", 8},
		{"error", "run --phone +99012345678 --sandbox --fault token-invalid-grant", 9},
		{"error", "run --phone +99012345699 --sandbox", 10},
		{"error", "run --phone +99012345678 --sandbox --fault token-reset", 11},
		{"error", "run --phone +99012345678 --sandbox --fault wifi", 12},
		{"error", "run --phone +99012345678 --sandbox --api verify --fault start-409-concurrent", 14},
		{"error", "run --phone +99012345699 --sandbox --api verify", 10},
		{"error", "verify cancel", 2},
		{"trace", "trace http://127.0.0.1:1/", 11},
		{"doctor", "doctor", 2},
		{"doctor", "doctor --sandbox", 0},
		{"doctor", "doctor --sandbox --fault enable-401", 2},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			doc, exit := answer(t, c.args)
			if exit != c.exit {
				t.Fatalf("exit %d, not %d: %s", exit, c.exit, doc)
			}
			if bad := schema(t, c.schema).complaints(decoded(t, doc)); bad != "" {
				t.Errorf("%s: %s", c.schema, bad)
			}
		})
	}
}

// TestSchemasCanSayNo: a check that passes everything would hold nothing.
func TestSchemasCanSayNo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, doc, want string }{
		{"session", `{}`, "missing property 'schema_version'"},
		{"session", `{"schema_version":2}`, "at '/schema_version': value must be 1"},
		{"session", `{"schema_version":1,"phone":"0770"}`, "at '/phone': '0770' does not match"},
		{"session", `{"schema_version":1,"verified":"true"}`, "at '/verified': got string, want boolean"},
		{"session", `{"schema_version":1,"colour":"red"}`, "additional properties 'colour' not allowed"},
		{"session", `{"schema_version":1,"attempts":{"verify":7}}`, "at '/attempts/verify': got number, want string"},
		{"error", `{"error":{"op":"","kind":"x","code":"","message":"","hint":"","exit_code":0,"trace_id":"","hop":1.5,"sent":"no"}}`, "at '/error/exit_code': minimum: got 0, want 1"},
		{"error", `{"error":{"op":"","kind":"x","code":"","message":"","hint":"","exit_code":3,"trace_id":"","hop":1.5,"sent":"no"}}`, "at '/error/hop': got number, want integer"},
		{"error", `{"error":{"op":"","kind":"x","code":"","message":"","hint":"","exit_code":3,"trace_id":"","hop":1,"sent":"perhaps"}}`, "at '/error/sent': value must be one of"},
		{"doctor", `{"checks":[{"name":"key","status":"fine","text":"","next":""}]}`, "at '/checks/0/status': value must be one of"},
		{"outcome", `{"hops":[{"n":0}]}`, "at '/hops/0/n': minimum: got 0, want 1"},
		{"event", `{"event":"step_started","step":"dance"}`, "at '/step': value must be one of"},
		{"event", `{"event":"step_started","step":"jwt","colour":"red"}`, "additional properties 'colour' not allowed"},
		{"event", `{"event":"party"}`, "at '/event': value must be"},
	} {
		said := schema(t, c.schema).complaints(decoded(t, []byte(c.doc)))
		if !strings.Contains(said, c.want) {
			t.Errorf("%s: %s\nwant %q, got:\n%s", c.schema, c.doc, c.want, said)
		}
	}
}

// answer runs a command with -o json and returns what it prints.
func answer(t *testing.T, line string) (doc []byte, exit int) {
	t.Helper()
	return answerAs(t, line, "json")
}

func answerAs(t *testing.T, line, format string) (doc []byte, exit int) {
	t.Helper()
	var out, story bytes.Buffer
	exit = cli.Main(context.Background(), cli.Env{
		Args: append(strings.Fields(line), "-o", format), In: strings.NewReader(""), Out: &out, Err: &story,
		Getenv: func(string) string { return "" }, Now: time.Now,
	})
	return out.Bytes(), exit
}

func decoded(t *testing.T, doc []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		t.Fatalf("not one JSON document: %v\n%s", err, doc)
	}
	return v
}

// A schemaDoc is a published schema with one rule more: its objects are closed, so that
// a field which it does not name is an error.
type schemaDoc struct {
	root  map[string]any
	rules *jsonschema.Schema
}

func schema(t *testing.T, name string) schemaDoc {
	t.Helper()
	root, _ := decoded(t, []byte(read(t, "docs/schemas/"+name+".schema.json"))).(map[string]any)
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, closed(root)); err != nil {
		t.Fatal(err)
	}
	rules, err := c.Compile(name)
	if err != nil {
		t.Fatal(err)
	}
	return schemaDoc{root, rules}
}

// complaints is what is wrong with a document; empty: nothing.
func (s schemaDoc) complaints(v any) string {
	if err := s.rules.Validate(v); err != nil {
		return err.Error()
	}
	return ""
}

// closed is a schema whose objects have no fields but those that they name.
func closed(rule any) any {
	switch rule := rule.(type) {
	case []any:
		for i := range rule {
			rule[i] = closed(rule[i])
		}
	case map[string]any:
		for k, v := range rule {
			rule[k] = closed(v)
		}
		if _, open := rule["additionalProperties"]; rule["properties"] != nil && !open {
			rule["additionalProperties"] = false
		}
	}
	return rule
}
