package sandbox

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// unknownAnchor is the name in what the YAML reader says of *name where no &name stands before: most often a number
// pattern without its quotes.
func unknownAnchor(text string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(text, "unknown anchor '")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, "' referenced")
}

// aliasOf is where an alias of that name stands: at the beginning of a line or of a value, not within a quoted pattern.
func aliasOf(file []byte, name string) int {
	alias := []byte("*" + name)
	for at := 0; ; at++ {
		next := bytes.Index(file[at:], alias)
		if next < 0 {
			return -1
		}
		if at += next; at == 0 || bytes.IndexByte([]byte(" \t\n:-[{,"), file[at-1]) >= 0 {
			return at
		}
	}
}

// syntax turns an error of the YAML reader, "yaml: line 3: …", into ours. Where the reader names no line we
// look for it; what the file holds is never repeated.
func (p *scenarioParser) syntax(err error, file []byte) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1 // the reader does not name the first
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		number, after, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(number); err == nil {
			line, text = n, after
		}
	}
	anchor, unknown := unknownAnchor(text)
	switch {
	case text == "EOF":
		line, text = 0, "the file is empty"
	case strings.HasPrefix(text, "exceeded max depth"):
		line, text = 0, "the file is nested too deeply"
	case unknown:
		line = lineOf(file, aliasOf(file, anchor))
		text = "an alias of nothing: a number pattern that begins with * stands in quotes"
	case strings.Contains(text, "UTF-8"):
		line, text = lineOf(file, firstRune(file, func(r rune, size int) bool { return r == utf8.RuneError && size == 1 })), "this is not UTF-8"
	case strings.HasPrefix(text, "control characters"):
		line = lineOf(file, firstRune(file, func(r rune, _ int) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\r\n\u0085", r) }))
	}
	p.errors = append(p.errors, &ScenarioError{p.name, line, text})
}

// firstRune is where the first rune of a kind stands, -1 if there is none.
func firstRune(b []byte, is func(r rune, size int) bool) int {
	for at := 0; at < len(b); {
		r, size := utf8.DecodeRune(b[at:])
		if is(r, size) {
			return at
		}
		at += size
	}
	return -1
}

// lineOf is the line of a byte, 0 for -1.
func lineOf(b []byte, at int) int {
	if at < 0 {
		return 0
	}
	return 1 + bytes.Count(b[:at], []byte("\n"))
}

// wanted says what stands where something else is wanted, as the end of a sentence; "" where it is of the
// kind that is wanted. What a text says stays unsaid: it may be a secret in the wrong place.
func wanted(kind yaml.Kind, n *yaml.Node) string {
	if n.Kind == kind {
		return ""
	}
	switch {
	case n.Kind == yaml.MappingNode:
		return ", not keys and values"
	case n.Kind == yaml.SequenceNode:
		return ", not a list"
	case n.Kind == yaml.AliasNode:
		return ", not an alias"
	case n.Value == "":
		return ", not nothing"
	default:
		return ", not text"
	}
}

// stageNames lists the stages.
func stageNames() string {
	names := make([]string, len(shapes))
	for i, row := range shapes {
		names[i] = string(row.stage)
	}
	return strings.Join(names, ", ")
}
