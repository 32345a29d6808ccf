package verdict

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// sessionStages are what a session of vnv can go on with, the furthest first.
var sessionStages = []struct{ key, title, next string }{
	{"verified", "it has its answer", `vnv run --phone {phone}`},
	{"access_token", "it has an access token, and verify is next", "vnv verify --session FILE"},
	{"code", "it has a code, and exchange is next", "vnv exchange --session FILE"},
	{"auth_url", "it has an auth_url, and authorize is next", "vnv authorize --session FILE"},
	{"phone", "it has not begun, and enable is next", "vnv enable --phone {phone} --session FILE"},
}

// session is what the steps of vnv pass on.
func (r *reading) session() (Explanation, bool) {
	doc, _, ok := object(r.input)
	if !ok || !hasKeys(doc, "schema_version+api+phone|schema_version+api+state") || doc["hops"] != nil {
		return Explanation{}, false
	}
	x := Explanation{
		What: "a session of vnv: what its steps pass on", Source: "docs/session.md",
		Means: "It holds secrets: whoever has it can go on with the attempt. To show an attempt to somebody there are --report and --har.",
	}
	for _, stage := range sessionStages {
		if raw := doc[stage.key]; raw == nil || string(raw) == "null" || string(raw) == `""` {
			continue
		}
		next := stage.next
		if word(doc, "api") == vnv.SilentAuth.Name {
			next = strings.Replace(strings.Replace(next, "vnv exchange", "vnv verify", 1), " --phone", " --api verify --phone", 1)
		}
		x.Title, x.Next = stage.title, []string{strings.ReplaceAll(next, "{phone}", "+44…")}
		break
	}
	var answer bool
	if json.Unmarshal(doc["verified"], &answer) == nil && doc["verified"] != nil {
		x.Facts = append(x.Facts, Fact{Name: "verified", Value: strconv.FormatBool(answer)})
	}
	for _, key := range []string{"api", "api_host", "scope", "redirect_uri", "expires_at"} {
		if text := word(doc, key); text != "" {
			if key == "redirect_uri" || key == "api_host" {
				text = r.Mask.URL(text)
			}
			x.Facts = append(x.Facts, Fact{Name: key, Value: clip(text)})
		}
	}
	return x, true
}

// statusIn is the HTTP status that a few words name: "HTTP 401", "401 Unauthorized", "status code: 401". Empty: none.
func statusIn(text string) string {
	words := strings.Fields(strings.ReplaceAll(strings.ToLower(text), ":", " "))
	for len(words) > 1 && among(words[0], "http|http/1.0|http/1.1|http/2|http/3|status|code|error") {
		words = words[1:]
	}
	if len(words) == 0 {
		return ""
	}
	n, err := strconv.Atoi(words[0])
	rest := strings.Join(words[1:], " ")
	if err != nil || len(words[0]) != 3 || rest != "" && rest != strings.ToLower(http.StatusText(n)) {
		return ""
	}
	return words[0]
}
