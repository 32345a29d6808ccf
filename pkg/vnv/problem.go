package vnv

import (
	"bytes"
	"encoding/json"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	maxCode   = 200
	maxDetail = 2 << 10
)

// problem is what the far side says went wrong, in whichever of its shapes:
//
//  1. RFC 7807   {"type":"…#unauthorized","title","detail","instance","invalid_parameters":[…]}
//  2. CAMARA     {"status":403,"code","message"}
//  3. OAuth      {"error","error_description"}
//  4. of a scope {"title","detail","instance","error_type"}
//  5. HAL        {"message","_embedded":{"errors":[{"message"}]}}
//
// or a web page, of which the title is taken, or a short plain text.
type problem struct{ code, detail, trace string }

// readProblem is lenient: it takes what it finds in a document that may be
// cut off, doubled or no JSON at all.
func readProblem(body []byte) problem {
	body = bytes.TrimPrefix(body, bom)
	if isPage(body) {
		return problem{detail: pageTitle(body)}
	}
	var doc map[string]any
	if json.NewDecoder(bytes.NewReader(body)).Decode(&doc) == nil {
		return problemOf(doc)
	}
	if text := string(bytes.TrimSpace(body)); !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return problem{detail: clip(strings.ToValidUTF8(text, "\ufffd"), 200)}
	}
	return problem{}
}

func problemOf(doc object) problem {
	details := []string{doc.text("title"), doc.text("detail"), doc.text("error_description"), doc.text("message")}
	details = append(details, parameterReasons(doc)...)
	details = append(details, embeddedMessages(doc)...)
	return problem{
		code:   clip(firstOf(doc.text("code"), doc.text("error"), doc.text("error_type"), typeFragment(doc.text("type"))), maxCode),
		detail: clip(joinDistinct(details), maxDetail),
		trace:  clip(doc.text("instance"), maxCode),
	}
}

// typeFragment is what tells problem types apart: their host and language
// vary ("…/en/api-errors#unauthorized").
func typeFragment(uri string) string {
	_, fragment, _ := strings.Cut(uri, "#")
	return fragment
}

// parameterReasons reads invalid_parameters: [{"name","reason"}], as sentences: "brand is required".
func parameterReasons(doc object) []string {
	var reasons []string
	list, _ := doc["invalid_parameters"].([]any)
	for _, item := range list {
		p := asObject(item)
		name, reason := p.text("name"), p.text("reason")
		if !slices.Contains(strings.FieldsFunc(reason, betweenNames), name) {
			reason = strings.TrimSpace(name + " " + reason)
		}
		reasons = append(reasons, reason)
	}
	return reasons
}

// betweenNames is what no name of a parameter has: reasons quote them, or have them as words.
func betweenNames(r rune) bool {
	return r != '_' && r != '-' && r != '.' && r != '[' && r != ']' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// embeddedMessages reads the errors that HAL embeds.
func embeddedMessages(doc object) []string {
	var messages []string
	list, _ := asObject(doc["_embedded"])["errors"].([]any)
	for _, item := range list {
		messages = append(messages, asObject(item).text("message"))
	}
	return messages
}

// asObject takes an object as either decoder makes it.
func asObject(v any) object {
	if m, ok := v.(map[string]any); ok {
		return m
	}
	o, _ := v.(object)
	return o
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func joinDistinct(texts []string) string {
	var kept []string
	seen := map[string]bool{"": true}
	for _, t := range texts {
		if !seen[t] {
			seen[t] = true
			kept = append(kept, t)
		}
	}
	for i := range len(kept) - 1 {
		kept[i] = strings.TrimSuffix(kept[i], ".") // a colon follows
	}
	return strings.Join(kept, ": ")
}

// isPage tells a web page (or XML) from JSON by its first character: the
// Content-Type of a captive portal is not to be relied on.
func isPage(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(bytes.TrimPrefix(body, bom)), []byte("<"))
}

var titleElement = lazily(`(?is)<title[^>]*>(.*?)</title>`)

func pageTitle(body []byte) string {
	m := titleElement().FindSubmatch(body[:min(len(body), 64<<10)])
	if m == nil {
		return ""
	}
	title := html.UnescapeString(strings.ToValidUTF8(string(m[1]), "\ufffd"))
	return clip(strings.Join(strings.Fields(title), " "), 200)
}

// challenge reads the error of a WWW-Authenticate header (RFC 6750, 3), for
// an answer whose body says nothing.
func challenge(header string) problem {
	return problem{code: quotedParam(header, "error"), detail: quotedParam(header, "error_description")}
}

func quotedParam(header, name string) string {
	_, rest, found := strings.Cut(header, name+`="`)
	if !found {
		return ""
	}
	quoted, err := strconv.QuotedPrefix(`"` + rest)
	if err != nil {
		return ""
	}
	value, _ := strconv.Unquote(quoted)
	return clip(value, maxCode)
}
