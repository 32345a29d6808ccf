package sandbox

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// steps reads what a pattern leads to: a sequence, or one step.
func (p *scenarioParser) steps(n *yaml.Node) []step {
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 || n.Content[0].Value != "sequence" {
		return []step{p.step(n, false)}
	}
	n = n.Content[1]
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.fail(n, "sequence: want a list of steps, at least one%s", wanted(yaml.SequenceNode, n))
		return nil
	}
	var list []step
	for _, item := range n.Content {
		list = append(list, p.step(item, true))
	}
	return list
}

func (p *scenarioParser) step(n *yaml.Node, inSequence bool) step {
	s := step{times: 1}
	known := map[string]func(*yaml.Node){
		"outcome": func(n *yaml.Node) { s.result = p.outcome(n) },
		"fault":   func(n *yaml.Node) { s.faults = p.faults(n) },
		"delay":   func(n *yaml.Node) { s.delay = p.delays(n) },
		"answers": func(n *yaml.Node) { s.answers = p.answers(n) },
	}
	if inSequence {
		known["times"] = func(n *yaml.Node) { s.times = p.number(n, "times", 1, maxTimes) }
	} else {
		known["sequence"] = func(n *yaml.Node) {
			p.fail(n, "sequence stands alone: put outcome, fault, delay and answers into its steps")
		}
	}
	p.fields(n, known)
	return s
}

func (p *scenarioParser) outcome(n *yaml.Node) outcome {
	switch o := outcome(n.Value); o {
	case outcomeTrue, outcomeFalse, outcomeError:
		return o
	}
	p.fail(n, "outcome: want true, false or error%s", wanted(yaml.ScalarNode, n))
	return ""
}

// faults reads one fault or a list, each "NAME[:times]".
func (p *scenarioParser) faults(n *yaml.Node) (list []*scenarioFault) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	for _, item := range items {
		a, err := parseSelection(item.Value)
		unknown := (*UnknownFaultError)(nil)
		switch {
		case item.Kind != yaml.ScalarNode || item.Value == "":
			p.fail(item, "fault: want a name or a list of names%s", wanted(yaml.ScalarNode, item))
		case errors.As(err, &unknown) && nearestFault(unknown.Name) == "":
			p.fail(item, "unknown fault; vnv sandbox faults lists them")
		case unknown != nil:
			p.fail(item, "%v", err)
		case err != nil:
			p.fail(item, "fault: want NAME or NAME:times, with times from 1")
		case a.numbers != "":
			p.fail(item, "fault %s: the numbers are those of the pattern above", a.Name)
		default:
			list = append(list, &scenarioFault{&a.Fault, int(a.left.Load())})
		}
	}
	return list
}

// delayed reads a duration.
func (p *scenarioParser) delayed(n *yaml.Node) time.Duration {
	d, err := time.ParseDuration(n.Value)
	p.want(n, err == nil && d >= 0 && d <= MaxDelay, "delay: want a time from 0s to 5m, such as 300ms%s", wanted(yaml.ScalarNode, n))
	return d
}

// delays reads a duration, or one for each of some stages.
func (p *scenarioParser) delays(n *yaml.Node) map[Stage]time.Duration {
	delays := map[Stage]time.Duration{}
	read := func(stage Stage) func(*yaml.Node) {
		return func(n *yaml.Node) { delays[stage] = p.delayed(n) }
	}
	if n.Kind != yaml.MappingNode {
		read("")(n)
		return delays
	}
	known := map[string]func(*yaml.Node){}
	for _, row := range shapes {
		known[string(row.stage)] = read(row.stage)
	}
	p.fields(n, known)
	return delays
}

func (p *scenarioParser) number(n *yaml.Node, name string, least, most int) int {
	i, err := strconv.Atoi(n.Value)
	if err != nil || i < least || i > most {
		p.fail(n, "%s: want a number from %d to %d%s", name, least, most, wanted(yaml.ScalarNode, n))
		return least
	}
	return i
}

// answers reads recorded answers, by their stage.
func (p *scenarioParser) answers(n *yaml.Node) map[Stage][]recorded {
	if n.Kind != yaml.SequenceNode {
		p.fail(n, "answers: want a list%s", wanted(yaml.SequenceNode, n))
		return nil
	}
	byStage := map[Stage][]recorded{}
	for _, item := range n.Content {
		stage, a := Stage(""), recorded{status: http.StatusOK}
		p.fields(item, map[string]func(*yaml.Node){
			"at":      func(n *yaml.Node) { stage = Stage(n.Value) },
			"delay":   func(n *yaml.Node) { a.delay = p.delayed(n) },
			"status":  func(n *yaml.Node) { a.status = p.number(n, "status", 200, 599) },
			"headers": func(n *yaml.Node) { a.header = p.headers(n) },
			"body": func(n *yaml.Node) {
				p.want(n, n.Kind == yaml.ScalarNode, "body: want text%s", wanted(yaml.ScalarNode, n))
				a.body = n.Value
			},
		})
		p.want(item, stage.shape().refuse != nil, "at: want one of %s", stageNames())
		byStage[stage] = append(byStage[stage], a)
	}
	return byStage
}

func (p *scenarioParser) headers(n *yaml.Node) (list [][2]string) {
	if n.Kind != yaml.MappingNode {
		p.fail(n, "headers: want names and values%s", wanted(yaml.MappingNode, n))
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := http.CanonicalHeaderKey(key.Value)
		switch {
		case !isToken(name) || !replayable(name):
			p.fail(key, "headers: %q cannot be replayed", shortened(key.Value))
		case value.Kind != yaml.ScalarNode || strings.ContainsFunc(value.Value, func(r rune) bool { return r < ' ' || r == 0x7f }):
			p.fail(value, "headers: the value of %s is not one line of text", name)
		default:
			list = append(list, [2]string{name, value.Value})
		}
	}
	return list
}

// isToken is RFC 9110 section 5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}
