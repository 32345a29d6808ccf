package report

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// shownWords are values that say nothing of anybody, whoever sends them.
var shownWords = []string{"authorization_code", "silent_auth"}

// Fields of an answer: of answerWords the texts are words of an API, as long as they are made like one; in answerTexts
// the far side says why.
var (
	answerWords = []string{"token_type", "error", "error_type", "status", "code", "name"}
	answerTexts = []string{"title", "detail", "message", "error_description", "reason", "instance"}
)

// liveBody is what a request or an answer held, in the flow that it belongs to.
type liveBody struct {
	*liveFlow

	isAnswer bool
}

// text is the body with its names, and most values as pseudonyms. What is neither JSON nor a form is hidden whole.
func (f liveBody) text(s string) string {
	if s == "" {
		return ""
	}
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) == nil && !dec.More() {
		var b strings.Builder
		f.json(&b, "value", v, 0)
		return b.String()
	}
	if form, err := url.ParseQuery(s); err == nil && len(form) > 0 && strings.Contains(s, "=") && !strings.ContainsAny(s, " <{\"\n") {
		return f.form(s)
	}
	return "[" + itoa(len(s)) + " bytes, hidden]"
}

// json writes a document of any shape, to a depth that is enough for an API.
func (f liveBody) json(b *strings.Builder, name string, v any, depth int) {
	if depth > 6 {
		b.WriteString("…")
		return
	}
	switch v := v.(type) {
	case map[string]any:
		f.object(b, v, depth)
	case []any:
		b.WriteString("[")
		for i, item := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			f.json(b, name, item, depth+1)
		}
		b.WriteString("]")
	case string:
		b.WriteString(`"` + f.value(name, v) + `"`)
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case json.Number:
		b.WriteString(f.counted(name, v))
	default:
		b.WriteString("null")
	}
}

func (f liveBody) object(b *strings.Builder, v map[string]any, depth int) {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	b.WriteString("{")
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.name(name) + ": ")
		f.json(b, name, v[name], depth+1)
	}
	b.WriteString("}")
}

// counted shows what counts seconds or is a status; any other number may be a phone's.
func (liveBody) counted(name string, v json.Number) string {
	if (name == "expires_in" || name == "status") && len(v) < 7 {
		return v.String()
	}
	return "[number]"
}

// name is a field's, if it looks like one.
func (f *liveFlow) name(s string) string {
	if len(s) > 80 || strings.IndexFunc(s, func(r rune) bool { return (r|0x20 < 'a' || r|0x20 > 'z') && !strings.ContainsRune("_-:#.", r) }) >= 0 {
		return "[name]"
	}
	return f.mask.Text(s)
}

// form is a form's fields, in the order in which they came.
func (f liveBody) form(s string) string {
	fields := strings.Split(s, "&")
	for i, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		plain, err := url.QueryUnescape(value)
		if err != nil || !strings.Contains(field, "=") {
			fields[i] = "[field]"
			continue
		}
		fields[i] = f.name(name) + "=" + f.value(name, plain)
	}
	return strings.Join(fields, " & ")
}

// value is one value: a URL as the mask shows it, a word of the API, or else a pseudonym.
func (f liveBody) value(name, s string) string {
	switch {
	case s == "":
		return ""
	case slices.Contains(shownWords, s):
		return s
	case f.isAnswer && slices.Contains(answerTexts, name):
		return f.mask.Text(s)
	case f.isAnswer && name == "type" && strings.HasPrefix(s, sandbox.ProblemTypes) && word(strings.ReplaceAll(strings.TrimPrefix(s, sandbox.ProblemTypes), "-", "_")):
		return s
	case strings.HasPrefix(s, "http://"), strings.HasPrefix(s, "https://"):
		return f.mask.URL(s)
	case f.isAnswer && slices.Contains(answerWords, name) && word(s) && (name != "code" || strings.Contains(s, "_")):
		return f.mask.Text(s)
	case name == "scope", name == "scopes":
		if strings.HasPrefix(s, "dpv:") {
			return f.name(s)
		}
		name = "value"
	case name == "error": // which a URL shows
		name = "value"
	}
	return f.pseudonym(name, s)
}

// word says whether s is letters and underscores, not many.
func word(s string) bool {
	return len(s) <= 40 && strings.IndexFunc(s, func(r rune) bool { return (r|0x20 < 'a' || r|0x20 > 'z') && r != '_' }) < 0
}
