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
func JWT(s Style, d *appjwt.Decoded, now time.Time) string {
	var b strings.Builder
	part := func(title string, values map[string]any) {
		b.WriteString(title + "\n")
		for _, name := range slices.Sorted(maps.Keys(values)) {
			line := fmt.Sprintf("  %-15s %s", trace.Printable(name), claim(name, values[name], now))
			if meaning := meanings[name]; meaning != "" {
				line += "  (" + meaning + ")"
			}
			b.WriteString(line + "\n")
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

// meanings say what a header field or claim is for (RFC 7515, RFC 7519, the guide).
var meanings = map[string]string{
	"alg": "how it is signed", "typ": "what it is", "kid": "which key signed it",
	"application_id": "the application that signs", "iat": "signed", "nbf": "not valid before", "exp": "valid until",
	"jti": "its own id, never used twice", "sub": "a user: of other products", "acl": "paths it may ask for: of other products",
	"iss": "who issued it", "aud": "whom it is for",
}

func claim(name string, value any, now time.Time) string {
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
			at := time.Unix(int64(seconds), 0).UTC()
			text += "  " + at.Format(time.RFC3339) + distance(at.Sub(now))
		}
	}
	return trace.Printable(text)
}

// distance says how far from now a time is, as exactly as anybody cares; of other
// days the date says it.
func distance(d time.Duration) string {
	far := d.Abs().Round(time.Second)
	if far >= time.Minute {
		far = far.Round(time.Minute)
	}
	switch {
	case far >= 48*time.Hour:
		return ""
	case far < 5*time.Second:
		return ", now"
	case d < 0:
		return ", " + Lifetime(far) + " ago"
	default:
		return ", in " + Lifetime(far)
	}
}
