package report

import (
	"html"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// longest is how much of one text is shown: the rest of a megabyte says no more.
const longest = 600

// markup is text of our own. Only constants are: a string of a hop is no markup, and the
// compiler says so.
type markup string

// writer builds the page. html/template would do it too, at the price of two megabytes.
type writer struct{ b []byte }

// put writes markup; each {} in it is replaced by the next text, escaped.
func (w *writer) put(m markup, texts ...string) {
	rest := string(m)
	for _, t := range texts {
		before, after, _ := strings.Cut(rest, "{}")
		w.b = append(w.b, before...)
		w.text(t)
		rest = after
	}
	w.b = append(w.b, rest...)
}

// text writes anybody's text. The model has made it printable already; doing so again costs
// little and leaves nothing to trust.
func (w *writer) text(s string) {
	w.b = append(w.b, html.EscapeString(trace.Printable(short(s)))...)
}

// short is as much of a text as is shown.
func short(s string) string {
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest], "") + "…"
}

// prose writes a text whose flags are not to be broken after their dashes.
func (w *writer) prose(s string) {
	for i, word := range strings.Split(short(s), " ") {
		if i > 0 {
			w.put(` `)
		}
		if strings.HasPrefix(word, "-") {
			w.put(`<span class="whole">{}</span>`, word)
			continue
		}
		w.text(word)
	}
}

// percent writes a share in percent, to the hundredth: 12.5
func percent(part, whole float64) string {
	if whole <= 0 {
		return "0"
	}
	return strconv.FormatFloat(min(max(part/whole*100, 0), 100), 'f', 2, 64)
}

func itoa(n int) string { return strconv.Itoa(n) }
