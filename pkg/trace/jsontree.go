package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	maxNesting = 200     // objects in objects
	maxNodes   = 4 << 20 // values in a file
)

// A node is a value of a JSON document that keeps its order. Only one of its kinds is filled.
type node struct {
	names []string // of an object's members, as many as kids
	kids  []*node
	text  string // of a string; the literal of a number, true, false or null
	kind  byte   // '{', '[', '"' or '0'
}

// A jsonReader reads documents into nodes.
type jsonReader struct {
	dec  *json.Decoder
	left int
}

// parseJSON reads all documents in b: one, or lines of them.
func parseJSON(b []byte) ([]*node, error) {
	r := &jsonReader{json.NewDecoder(bytes.NewReader(b)), maxNodes}
	r.dec.UseNumber()
	var docs []*node
	for {
		n, err := r.value(0)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, jsonTrouble(b, err)
		}
		docs = append(docs, n)
	}
}

// value reads one value; [io.EOF] if there is none. A closing bracket is nil.
func (r *jsonReader) value(depth int) (*node, error) {
	if r.left--; r.left < 0 || depth > maxNesting {
		return nil, errors.New("too deep or too many values")
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		switch t {
		case '{', '[':
			n := &node{kind: t.String()[0]}
			return n, r.members(n, depth)
		}
		return nil, nil // the end of what the caller reads
	case string:
		return &node{kind: '"', text: t}, nil
	case nil:
		return &node{kind: '0', text: "null"}, nil
	default:
		return &node{kind: '0', text: fmt.Sprint(t)}, nil
	}
}

// members reads what is in n.
func (r *jsonReader) members(n *node, depth int) error {
	for {
		if n.kind == '{' {
			token, err := r.dec.Token()
			if err != nil {
				return cutShort(err)
			}
			name, ok := token.(string)
			if !ok {
				return nil // the closing bracket
			}
			n.names = append(n.names, name)
		}
		kid, err := r.value(depth + 1)
		if err != nil {
			return cutShort(err)
		}
		if kid == nil {
			return nil
		}
		n.kids = append(n.kids, kid)
	}
}

// cutShort is err, where the end of input is one too.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// member is the text of an object's member that is a string.
func (n *node) member(name string) (string, bool) {
	for i, have := range n.names {
		if have == name && n.kids[i].kind == '"' {
			return n.kids[i].text, true
		}
	}
	return "", false
}

// write writes n as JSON without spaces.
func (n *node) write(b *bytes.Buffer) {
	if n.kind == '0' {
		b.WriteString(n.text)
		return
	}
	if n.kind == '"' {
		writeString(b, n.text)
		return
	}
	b.WriteByte(n.kind)
	for i, kid := range n.kids {
		if i > 0 {
			b.WriteByte(',')
		}
		if n.kind == '{' {
			writeString(b, n.names[i])
			b.WriteByte(':')
		}
		kid.write(b)
	}
	b.WriteByte(n.kind + 2) // '{' to '}', '[' to ']'
}

// writeString writes s as JSON, with & and < as they are.
func writeString(b *bytes.Buffer, s string) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.Encode(s) //nolint:errcheck // a string into a buffer
	b.Truncate(b.Len() - 1)
}
