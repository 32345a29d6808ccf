package appjwt

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// names walks the tokens of a JSON text and collects the names that come more
// than once in one object. encoding/json silently takes the last of them,
// other readers the first: who signs one and is read as the other is fooled.
type names struct {
	open     []map[string]bool // seen in the objects around; nil for an array
	wantName bool
	repeated []string // escaped
}

// duplicates returns the repeated names of a JSON text of one value; anything
// after the value is an error.
func duplicates(raw []byte) ([]string, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var n names
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		n.step(tok)
		if len(n.open) == 0 {
			break
		}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the value")
	}
	return n.repeated, nil
}

func (n *names) step(tok json.Token) {
	switch t := tok.(type) {
	case json.Delim:
		n.nest(t)
	case string:
		if n.wantName {
			n.name(t)
			return
		}
	}
	n.wantName = len(n.open) > 0 && n.open[len(n.open)-1] != nil
}

func (n *names) name(s string) {
	seen := n.open[len(n.open)-1]
	if seen[s] {
		n.repeated = append(n.repeated, escaped(s))
	}
	seen[s] = true
	n.wantName = false
}

func (n *names) nest(d json.Delim) {
	switch d {
	case '{':
		n.open = append(n.open, map[string]bool{})
	case '[':
		n.open = append(n.open, nil)
	default:
		n.open = n.open[:len(n.open)-1]
	}
}
