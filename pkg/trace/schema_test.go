package trace

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A jsonSchema is a schema whose objects are closed: a field that it does not name is an
// error.
type jsonSchema struct{ rules *jsonschema.Schema }

func readSchema(t *testing.T, path string) jsonSchema {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(path, closed(decoded(t, b))); err != nil {
		t.Fatal(err)
	}
	rules, err := c.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	return jsonSchema{rules}
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
		if rule["properties"] != nil {
			rule["additionalProperties"] = false
		}
	}
	return rule
}

// complaints is what is wrong with v.
func (s jsonSchema) complaints(t *testing.T, v any) string {
	t.Helper()
	if err := s.rules.Validate(v); err != nil {
		return err.Error()
	}
	return ""
}

// decoded is b as Go has it.
func decoded(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return v
}

// everyField is a trace in which no field is empty, as far as one hop can be.
func everyField() *Trace {
	now := time.Date(2025, 6, 1, 10, 0, 0, 0, time.UTC)
	h := Hop{
		N: 1, Step: "authorize", Start: now, Method: "GET", URL: "https://op.example/he?state=state~1", Status: 302, Location: registered,
		Role: RoleCarrier, RoleGuessed: true, Changes: []Change{{"state", WhatChanged, "state~1", "state~2"}}, Proto: "HTTP/2.0",
		RemoteAddr: "192.0.2.1:443", TLSVersion: "TLS 1.3", ContentType: "text/html", CertIssuer: "CN=x", Title: "t", Refresh: "/r", Reused: true,
		DNS: 1, Connect: 2e6, TLS: 3e6, FirstByte: 4e6, Total: 20e6, Date: now, Skew: -5e9, Headers: map[string]string{"x-correlator": "c"},
		CookiesSent: []string{"a"}, CookiesSet: []string{"b"}, Cookies: []Cookie{{"b", "example", "/", "lax", true, true}},
		Notes: []Note{{"k", "t"}}, Phase: PhaseBody, Error: "e",
	}
	return &Trace{
		SchemaVersion: 1, Tool: "vnv 1", Started: now, URL: h.URL, Outcome: "o", End: End{EndPage, 1, 200, "text/html", "t", "c", "r", "d"},
		Hops: []Hop{h}, Findings: []Finding{{"loop", "authorize", 1, LevelError, "t", "e"}}, Settings: []Setting{{"n", "v", "flag"}},
		Revealed: true, Failed: &Failure{"exchange", "refused", "invalid_grant", "code-used"},
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	schema := readSchema(t, "../../docs/schemas/trace.schema.json")
	full := everyField()
	for _, v := range []any{*full, full.Hops[0], full.End, full.Findings[0], full.Hops[0].Cookies[0], *full.Failed} {
		r := reflect.ValueOf(v)
		for i := range r.NumField() {
			if f := r.Type().Field(i); f.IsExported() && r.Field(i).IsZero() {
				t.Errorf("%s.%s is not filled", r.Type(), f.Name)
			}
		}
	}
	for _, tr := range []*Trace{full, Analyse(nil, AnalyseOptions{}), Analyse([]Hop{{N: 1}}, AnalyseOptions{})} {
		if bad := schema.complaints(t, decoded(t, document(t, tr))); bad != "" {
			t.Error(bad)
		}
	}
	for name := range saved {
		if bad := schema.complaints(t, decoded(t, file(t, "golden/"+name+".json"))); bad != "" {
			t.Errorf("%s: %s", name, bad)
		}
	}
	for bad, want := range map[string]string{
		`{}`: "missing propert",
		strings.Replace(string(document(t, full)), `"page"`, `"heap"`, 1):        "must be one of",
		strings.Replace(string(document(t, full)), `"outcome"`, `"colour"`, 1):   "colour",
		strings.Replace(string(document(t, full)), `"same_site"`, `"colour"`, 1): "colour",
	} {
		if said := schema.complaints(t, decoded(t, []byte(bad))); !strings.Contains(said, want) {
			t.Errorf("%.40s: %s", bad, said)
		}
	}
}

func TestHAR(t *testing.T) {
	t.Parallel()
	schema := readSchema(t, savedDir+"har12.schema.json")
	odd := everyField()
	odd.Hops = append(odd.Hops, Hop{N: 2, URL: hiddenURL}, Hop{N: 3, URL: "/relative"}, Hop{N: 4, URL: "https://x.example", Total: -5})
	for _, tr := range []*Trace{everyField(), odd, Analyse(nil, AnalyseOptions{})} {
		har, err := tr.HAR()
		if err != nil {
			t.Fatal(err)
		}
		doc := decoded(t, har)
		if bad := schema.complaints(t, doc); bad != "" {
			t.Error(bad)
		}
		log := doc.(map[string]any)["log"].(map[string]any)
		for _, e := range log["entries"].([]any) {
			sum := 0.0
			for part, ms := range e.(map[string]any)["timings"].(map[string]any) {
				if part != "ssl" && ms.(float64) > 0 {
					sum += ms.(float64)
				}
			}
			if total := e.(map[string]any)["time"].(float64); math.Abs(sum-total) > 0.001 {
				t.Errorf("the parts are %v, the whole %v", sum, total)
			}
		}
		back, format, err := Read(har, nil)
		if err != nil || format != FormatHAR || len(back.Hops) != len(tr.Hops) {
			t.Errorf("%v, %s, %d hops", err, format, len(back.Hops))
		}
	}
	golden(t, "every-field.har", func() []byte { har, _ := everyField().HAR(); return har }())
}
