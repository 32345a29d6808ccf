package vnv

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxBody  = 1 << 20
	maxDepth = 32
)

var bom = []byte("\ufeff")

// object is a JSON object whose names are unique, numbers as json.Number.
type object map[string]any

// parseObject reads a JSON document that must be exactly one object.
// encoding/json takes the last of two equal names and matches names in any
// case; here a name that comes twice, in whatever case, is an error, as is
// everything else that two readers could read differently. A byte order mark
// is passed over (RFC 8259, 8.1).
func parseObject(body []byte) (object, error) {
	body = bytes.TrimPrefix(body, bom)
	switch {
	case len(body) > maxBody:
		return nil, errors.New("it is larger than 1 MiB")
	case len(bytes.TrimSpace(body)) == 0:
		return nil, errors.New("it is empty")
	case !utf8.Valid(body):
		return nil, errors.New("it is not UTF-8")
	case !json.Valid(body): // finds trailing garbage, too
		return nil, errors.New("it is not JSON, or not whole")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	v, err := parseValue(dec, 0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, errors.New("it is not a JSON object")
	}
	return o, nil
}

func parseValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("it is nested too deeply")
	}
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		return parseMembers(dec, depth)
	case json.Delim('['):
		return parseElements(dec, depth)
	}
	return t, nil
}

func parseMembers(dec *json.Decoder, depth int) (any, error) {
	o, folded := object{}, map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string)
		fold := strings.ToLower(strings.ToUpper(name))
		if folded[fold] {
			return nil, fmt.Errorf("it holds %q twice", printable(clip(name, 80)))
		}
		folded[fold] = true
		if o[name], err = parseValue(dec, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return o, err
}

func parseElements(dec *json.Decoder, depth int) (any, error) {
	list := []any{}
	for dec.More() {
		v, err := parseValue(dec, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := dec.Token()
	return list, err
}

// text returns the string of that name, "" if there is none.
func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// describe says what stands under a name, for errors: never the value.
func (o object) describe(name string) string {
	v, ok := o[name]
	if !ok {
		return name + " is missing"
	}
	return name + " is " + typeName(v)
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}
