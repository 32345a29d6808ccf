package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
			s := schema(t, c.schema)
			for _, complaint := range s.judge("", decoded(t, doc), s.root) {
				t.Errorf("%s: %s", c.schema, complaint)
			}
		})
	}
}

// TestSchemasCanSayNo: a check that passes everything would hold nothing.
func TestSchemasCanSayNo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, doc, want string }{
		{"session", `{}`, "schema_version is missing"},
		{"session", `{"schema_version":2}`, "/schema_version: is 2, not 1"},
		{"session", `{"schema_version":1,"phone":"0770"}`, "/phone: \"0770\" does not match"},
		{"session", `{"schema_version":1,"verified":"true"}`, "/verified: string, not boolean"},
		{"session", `{"schema_version":1,"colour":"red"}`, "/colour: no such field in the schema"},
		{"session", `{"schema_version":1,"attempts":{"verify":7}}`, "/attempts/verify: number, not string"},
		{"error", `{"error":{"op":"","kind":"x","code":"","message":"","hint":"","exit_code":0,"trace_id":"","hop":1.5,"sent":"no"}}`, "/error/exit_code: 0 is below 1"},
		{"error", `{"error":{"op":"","kind":"x","code":"","message":"","hint":"","exit_code":3,"trace_id":"","hop":1.5,"sent":"no"}}`, "/error/hop: number, not integer"},
		{"error", `{"error":{"op":"","kind":"x","code":"","message":"","hint":"","exit_code":3,"trace_id":"","hop":1,"sent":"perhaps"}}`, "/error/sent: perhaps is not one of"},
		{"doctor", `{"checks":[{"name":"key","status":"fine","text":"","next":""}]}`, "/checks/0/status: fine is not one of"},
		{"outcome", `{"hops":[{"n":0}]}`, "/hops/0/n: 0 is below 1"},
		{"event", `{"event":"step_started","step":"dance"}`, "/step: dance is not one of"},
		{"event", `{"event":"step_started","step":"jwt","colour":"red"}`, "/colour: no such field in the schema"},
		{"event", `{"event":"party"}`, "/event: is party, not"},
	} {
		s := schema(t, c.schema)
		said := strings.Join(s.judge("", decoded(t, []byte(c.doc)), s.root), "\n")
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

// A schemaDoc is the part of JSON Schema that our schemas use; a keyword that is
// not checked here fails the test, so that none is believed to hold and does not.
type schemaDoc struct{ root map[string]any }

var keywords = []string{
	"$schema", "$defs", "$ref", "title", "description", "type", "required", "properties", "additionalProperties",
	"items", "const", "enum", "pattern", "minimum", "maximum", "oneOf",
}

func schema(t *testing.T, name string) schemaDoc {
	t.Helper()
	root, _ := decoded(t, []byte(read(t, "docs/schemas/"+name+".schema.json"))).(map[string]any)
	return schemaDoc{root}
}

func (s schemaDoc) judge(at string, v any, rule map[string]any) (complaints []string) {
	say := func(format string, args ...any) {
		complaints = append(complaints, at+": "+fmt.Sprintf(format, args...))
	}
	if len(rule) == 0 {
		return nil // {}: anything
	}
	if ref, ok := rule["$ref"].(string); ok {
		defs, _ := s.root["$defs"].(map[string]any)
		rule, _ = defs[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	for k := range rule {
		if !slices.Contains(keywords, k) {
			say("the keyword %s is not checked", k)
		}
	}
	if want, ok := rule["type"]; ok && typeOf(v) != want && (want != "number" || typeOf(v) != "integer") {
		say("%s, not %s", strings.Replace(typeOf(v), "integer", "number", 1), want)
		return complaints
	}
	if list, ok := rule["oneOf"].([]any); ok {
		return s.oneOf(at, v, list)
	}
	if want, ok := rule["const"]; ok && !reflect.DeepEqual(v, want) {
		say("is %v, not %v", v, want)
	}
	if list, ok := rule["enum"].([]any); ok && !slices.Contains(list, v) {
		say("%v is not one of %v", v, list)
	}
	switch v := v.(type) {
	case string:
		if p, ok := rule["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			say("%q does not match %s", v, p)
		}
	case float64:
		if low, ok := rule["minimum"].(float64); ok && v < low {
			say("%v is below %v", v, low)
		}
		if high, ok := rule["maximum"].(float64); ok && v > high {
			say("%v is above %v", v, high)
		}
	case []any:
		items, _ := rule["items"].(map[string]any)
		for i, item := range v {
			complaints = append(complaints, s.judge(fmt.Sprint(at, "/", i), item, items)...)
		}
	case map[string]any:
		complaints = append(complaints, s.fields(at, v, rule)...)
	}
	return complaints
}

// oneOf complains unless v is as exactly one of the rules says. The complaints are
// those of the rule that v comes nearest to.
func (s schemaDoc) oneOf(at string, v any, rules []any) (nearest []string) {
	fit := 0
	for i, r := range rules {
		rule, _ := r.(map[string]any)
		complaints := s.judge(at, v, rule)
		if len(complaints) == 0 {
			fit++
		}
		if i == 0 || len(complaints) < len(nearest) {
			nearest = complaints
		}
	}
	if fit > 1 {
		return []string{fmt.Sprintf("%s: %d rules fit where one may", at, fit)}
	}
	return nearest
}

func (s schemaDoc) fields(at string, v, rule map[string]any) (complaints []string) {
	required, _ := rule["required"].([]any)
	for _, name := range required {
		if _, ok := v[fmt.Sprint(name)]; !ok {
			complaints = append(complaints, fmt.Sprintf("%s: %v is missing", at, name))
		}
	}
	properties, _ := rule["properties"].(map[string]any)
	others, _ := rule["additionalProperties"].(map[string]any)
	for name, value := range v {
		sub, ok := properties[name].(map[string]any)
		if !ok {
			sub = others
		}
		if sub == nil {
			complaints = append(complaints, at+"/"+name+": no such field in the schema")
			continue
		}
		complaints = append(complaints, s.judge(at+"/"+name, value, sub)...)
	}
	return complaints
}

func typeOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == float64(int64(v)) {
			return "integer"
		}
		return "number"
	default:
		return "null"
	}
}
