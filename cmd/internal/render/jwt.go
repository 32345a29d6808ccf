package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/trace"
)

var levels = map[appjwt.Level]string{appjwt.LevelError: "✗", appjwt.LevelWarning: "!", appjwt.LevelNote: "–"}

// JWT writes a decoded token: header, claims with times as people read them, then
// what there is to say about it.
func JWT(s Style, d *appjwt.Decoded) string {
	var b strings.Builder
	part := func(title string, values map[string]any) {
		b.WriteString(title + "\n")
		for _, name := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(&b, "  %-15s %s\n", trace.Printable(name), claim(name, values[name]))
		}
	}
	part("header", d.Header)
	part("claims", d.Claims)
	for _, f := range d.Findings {
		b.WriteString(s.paragraph(levels[f.Level]+" ", 2, f.Claim+": "+f.Text))
	}
	out := strings.TrimSuffix(b.String(), "\n")
	if !s.Unicode {
		return ascii.Replace(out)
	}
	return out
}

func claim(name string, value any) string {
	text := fmt.Sprint(value)
	if raw, ok := value.(string); !ok {
		if doc, err := json.Marshal(value); err == nil {
			text = string(doc)
		}
	} else {
		text = raw
	}
	if n, ok := value.(json.Number); ok && slices.Contains([]string{"exp", "iat", "nbf"}, name) {
		if seconds, err := n.Float64(); err == nil && seconds > 0 && seconds < 1e11 {
			text += "  " + time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339)
		}
	}
	return trace.Printable(text)
}
