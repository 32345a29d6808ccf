package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// MaxDelay is the longest delay that a scenario may ask for.
const MaxDelay = 5 * time.Minute

// The bounds of a scenario file.
const (
	maxScenario       = 4 << 20
	maxScenarioErrors = 20
	maxTimes          = 1 << 20
)

// ScenarioError is what is wrong at one line of a scenario file.
type ScenarioError struct {
	Name string // of the file
	Line int    // from 1; 0 where the whole file is meant
	Text string
}

func (e *ScenarioError) Error() string {
	if e.Line == 0 {
		return e.Name + ": " + e.Text
	}
	return e.Name + ":" + strconv.Itoa(e.Line) + ": " + e.Text
}

// ParseScenario reads a scenario, YAML such as
//
//	numbers:
//	  "+447700900*":            # a pattern; the first one that fits a number counts
//	    outcome: true           # true, false or error, whatever the last digits say
//	  "+4477009011??":
//	    fault: wifi             # or a list; token-500:2 is for two requests of a number
//	    delay: 300ms            # before every answer; or by stage: {token: 2s}
//	  "*98":
//	    sequence:               # one step after the other, as flows begin; the last one stays
//	      - {fault: enable-500, times: 2}
//	      - {outcome: true}
//	  "*97":
//	    answers:                # given in full; the carrier's are its hops
//	      - {at: carrier, status: 302, headers: {Location: "{{next}}"}, delay: 700ms}
//	      - {at: carrier, status: 200, headers: {Content-Type: text/html}, body: "<title>Log in</title>"}
//
// name is the file's, for errors: each is a [*ScenarioError], and all that were found come joined, in the
// order of their lines. In answers {{next}} stands for where the chain goes on (after the carrier's last one back to
// the vendor), {{state}}, {{redirect_uri}}, {{vendor}} and {{carrier}} for what they say.
func ParseScenario(name string, b []byte) (*Scenario, error) {
	p := &scenarioParser{name: name}
	if len(b) > maxScenario {
		p.fail(nil, "the file is larger than 4 MiB")
		return nil, p.err()
	}
	var doc yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(string(b)))
	if err := decoder.Decode(&doc); err != nil {
		p.syntax(err, b)
		return nil, p.err()
	}
	if next := (yaml.Node{}); decoder.Decode(&next) == nil {
		p.fail(&next, "a second YAML document begins here: want one")
	}
	if len(doc.Content) != 1 || doc.Content[0].Tag == "!!null" {
		p.fail(nil, "the file is empty")
		return nil, p.err()
	}
	s := &Scenario{}
	p.fields(doc.Content[0], map[string]func(*yaml.Node){
		"version": func(n *yaml.Node) { p.want(n, n.Value == "1", "version: want 1") },
		"numbers": func(n *yaml.Node) { s.rules = p.rules(n) },
	})
	if len(s.rules) == 0 && len(p.errors) == 0 {
		p.fail(doc.Content[0], "numbers is missing: want number patterns and what they lead to")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// scenarioParser collects what is wrong.
type scenarioParser struct {
	name   string
	errors []*ScenarioError
}

func (p *scenarioParser) fail(n *yaml.Node, format string, args ...any) {
	line := 0
	if n != nil {
		line = n.Line
	}
	p.errors = append(p.errors, &ScenarioError{p.name, line, fmt.Sprintf(format, args...)})
}

func (p *scenarioParser) want(n *yaml.Node, ok bool, format string, args ...any) {
	if !ok {
		p.fail(n, format, args...)
	}
}

// err is all that is wrong, nil if nothing is.
func (p *scenarioParser) err() error {
	slices.SortStableFunc(p.errors, func(a, b *ScenarioError) int { return cmp.Compare(a.Line, b.Line) })
	var list []error
	for i, e := range p.errors {
		if i == maxScenarioErrors {
			break
		}
		list = append(list, e)
	}
	return errors.Join(list...)
}

// fields goes through a mapping: each key once, and each one known.
func (p *scenarioParser) fields(n *yaml.Node, known map[string]func(*yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "want keys and values%s", wanted(yaml.MappingNode, n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read := known[key.Value]
		switch {
		case read == nil:
			p.fail(key, "unknown key %q: want %s", shortened(key.Value), listed(known))
		case seen[key.Value]:
			p.fail(key, "%s comes twice", key.Value)
		case value.Kind == yaml.AliasNode:
			p.fail(value, "%s: aliases are not supported", key.Value)
		case value.Style&yaml.TaggedStyle != 0:
			p.fail(value, "%s: tags are not supported", key.Value)
		default:
			read(value)
		}
		seen[key.Value] = true
	}
}

func listed(known map[string]func(*yaml.Node)) string {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// rules reads the patterns in their order.
func (p *scenarioParser) rules(n *yaml.Node) (list []rule) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "numbers: want patterns and what they lead to%s", wanted(yaml.MappingNode, n))
		return nil
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		numbers, err := parsePattern(key.Value)
		switch {
		case key.Kind != yaml.ScalarNode || err != nil:
			p.fail(key, "number pattern: want + or * and digits in quotes, such as \"+4477*\" or \"*99\"")
		case lines[key.Value] > 0:
			p.fail(key, "this number pattern is there already, at line %d", lines[key.Value])
		default:
			list = append(list, rule{numbers, p.steps(value)})
		}
		lines[key.Value] = key.Line
	}
	return list
}
