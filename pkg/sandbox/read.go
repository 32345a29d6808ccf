package sandbox

import (
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"unicode/utf8"
)

// object is a JSON object whose names count exactly as spelled; encoding/json would also fill a field
// from a name in other case, and let a wrong client pass.
type object map[string]json.RawMessage

// readObject reads the body, or notes why it cannot.
func (c *call) readObject() object {
	if !c.hasType("application/json") {
		return nil
	}
	var o object
	if !utf8.Valid(c.body) || json.Unmarshal(c.body, &o) != nil || o == nil {
		c.malformed = &malformed{reason: "the body is not a JSON object"}
		return nil
	}
	return o
}

// field decodes one field into v, a pointer. A field that is absent leaves v alone; one of another type,
// or null, is noted.
func (c *call) field(o object, name, kind string, v any) {
	raw, ok := o[name]
	if !ok || c.malformed != nil {
		return
	}
	if string(raw) == "null" || json.Unmarshal(raw, v) != nil {
		c.malformed = &malformed{name, "must be " + kind}
	}
}

// hasType checks the media type of the body, or notes that it is another.
func (c *call) hasType(want string) bool {
	sent := get(c.r.Header, "Content-Type")
	if sent == want {
		return true
	}
	if mediaType, _, err := mime.ParseMediaType(sent); err == nil && mediaType == want {
		return true
	}
	c.malformed = &malformed{"Content-Type", "must be " + want}
	return false
}

// readForm reads a query or a form, or notes why it cannot. A parameter without a value counts as none (RFC 6749
// section 3.1).
func (c *call) readForm(raw string) {
	form, err := url.ParseQuery(raw)
	if err != nil {
		c.malformed = &malformed{reason: "the parameters are not encoded as they must be"}
	}
	maps.DeleteFunc(form, func(_ string, values []string) bool { return len(values) == 1 && values[0] == "" })
	c.form = form
}

// repeated tells whether a parameter came more than once, and names it if it is one of ours: nothing that was sent is
// reflected.
func (c *call) repeated() (name string, ok bool) {
	for parameter, values := range c.form {
		if len(values) > 1 {
			name, ok = max(name, known(parameter)), true
		}
	}
	return name, ok
}

// one is the value of a parameter that must come once and not be empty (RFC 6749 section 3.1).
func (c *call) one(name string) (string, bool) {
	values := c.form[name]
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

// refuseMalformed answers a request that could not be read, and tells whether it was one. A field that
// is wrong is status 422 to the vendor's gateway, 400 to everybody else.
func (c *call) refuseMalformed() bool {
	if c.malformed == nil {
		return false
	}
	r := refusal{status: http.StatusBadRequest}
	switch {
	case c.malformed.field == "Content-Type" && c.route.stage != StageToken:
		r.status = http.StatusUnsupportedMediaType
	case c.malformed.field != "" && (c.route.stage == StageEnable || c.route.stage == StageStart || c.route.stage == StageCheck):
		r.status = http.StatusUnprocessableEntity
		r.params = []invalidParam{{c.malformed.field, c.malformed.reason}}
	}
	c.deny(c.malformed.field+" "+c.malformed.reason, r)
	return true
}
