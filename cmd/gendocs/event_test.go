package main

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestEventSchema holds every line of -o ndjson to its schema, and what its last
// line says to the schema of the answer. Between them the commands write every
// event there is.
func TestEventSchema(t *testing.T) {
	t.Parallel()
	event, seen := schema(t, "event"), map[string]bool{}
	for _, c := range []struct{ args, result string }{
		{"run --phone +99012345678 --sandbox --trace", "outcome"},
		{"run --phone +99012345678 --sandbox --api verify", "outcome"},
		{"enable --phone +99012345678 --sandbox --fault enable-deprecated", "session"},
		{"run --phone +99012345678 --sandbox --device none --timeout 2s", ""},
		{"run --phone +99012345678 --sandbox --fault duplicate-callback", "outcome"},
		{"run --phone +99012345678 --sandbox --fault wrong-state", ""},
		{"run --phone +99012345678 --sandbox --fault verify-403", ""},
		{"run --phnoe +99012345678", ""},
		{"trace http://127.0.0.1:1/", ""},
		{"version", "any"},
	} {
		lines, _ := answerAs(t, c.args, "ndjson")
		var last map[string]any
		for line := range strings.Lines(string(lines)) {
			last, _ = decoded(t, []byte(line)).(map[string]any)
			name, _ := last["event"].(string)
			seen[name] = true
			if bad := event.complaints(last); bad != "" {
				t.Errorf("vnv %s: %s: %s", c.args, name, bad)
			}
		}
		if want := map[bool]string{true: "error", false: "result"}[c.result == ""]; last["event"] != want {
			t.Errorf("vnv %s: the last line is %v, not %s", c.args, last["event"], want)
		}
		if c.result == "" || c.result == "any" {
			continue
		}
		if bad := schema(t, c.result).complaints(last["result"]); bad != "" {
			t.Errorf("vnv %s: %s: %s", c.args, c.result, bad)
		}
	}
	for _, rule := range event.root["oneOf"].([]any) {
		if name, _ := rule.(map[string]any)["title"].(string); !seen[name] {
			t.Errorf("no command of this test writes the event %s", name)
		}
	}
}

// TestSharedShapes: what two schemas call by one name has the same fields in both.
func TestSharedShapes(t *testing.T) {
	t.Parallel()
	first := map[string]any{}
	for _, name := range []string{"error", "event", "outcome", "session", "trace"} {
		shapes, _ := schema(t, name).root["$defs"].(map[string]any)
		for _, shape := range slices.Sorted(maps.Keys(shapes)) {
			fields := shapes[shape].(map[string]any)["properties"]
			if earlier, ok := first[shape]; ok && !reflect.DeepEqual(earlier, fields) {
				t.Errorf("%s in %s.schema.json has other fields than in another schema", shape, name)
			}
			first[shape] = fields
		}
	}
}
