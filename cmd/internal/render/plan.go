package render

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// PlannedRequest is a request that is not sent: secrets and what is not known yet
// are shell variables.
type PlannedRequest struct {
	Step        vnv.Op     `json:"step"`
	URL         Words      `json:"url"`
	Bearer      string     `json:"bearer,omitempty"` // the variable, empty: the device asks, and follows
	ContentType string     `json:"content_type,omitempty"`
	Correlator  bool       `json:"x_correlator,omitempty"`
	Body        Words      `json:"body,omitempty"`
	Form        [][2]Words `json:"form,omitempty"`
	Proof       Words      `json:"-"` // of a chain: what its last redirect must carry; empty: its answer is a body
	Then        string     `json:"-"` // what a shell does with the answer
	Answer      string     `json:"-"` // the variable that a script ends with
}

func (p PlannedRequest) method() string {
	if p.Bearer == "" {
		return "GET"
	}
	return "POST"
}

// Words is a text with shell variables in it. What stands between them is data, of
// whatever origin: no shell may find anything in it.
type Words []Word

// A Word is data, or with Var a variable as a shell writes it: $CODE.
type Word struct {
	Text string
	Var  bool
}

// Data is a text of which all is data.
func Data(text string) Words { return Words{{Text: text}} }

// MarshalText gives the text as a person reads it.
func (w Words) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

func (w Words) String() string {
	var b strings.Builder
	for _, word := range w {
		b.WriteString(word.Text)
	}
	return b.String()
}

var wordMark = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\{[a-z_]+\}|\$[A-Z_]+|\$\{[A-Z_]+#\+\}`) })

// Fill makes Words of a text of our own: {name} stands for a value, $NAME for a variable.
// Values are not looked into.
func Fill(template string, values map[string]Words) Words {
	var out Words
	at := 0
	for _, m := range wordMark().FindAllStringIndex(template, -1) {
		out = append(out, Word{Text: template[at:m[0]]})
		mark := template[m[0]:m[1]]
		if mark[0] == '{' {
			out = append(out, values[mark[1:len(mark)-1]]...)
		} else {
			out = append(out, Word{mark, true})
		}
		at = m[1]
	}
	return merged(append(out, Word{Text: template[at:]}))
}

// merged makes one word of neighbours that are data.
func merged(w Words) Words {
	var out Words
	for _, word := range w {
		switch n := len(out); {
		case word.Text == "":
		case n > 0 && !word.Var && !out[n-1].Var:
			out[n-1].Text += word.Text
		default:
			out = append(out, word)
		}
	}
	return out
}

// variables are those of a script, in the order in which they are known, and what they hold.
var variables = []struct{ name, holds string }{
	{"VNV_BASE_URL", "as vnv sandbox prints it"},
	{"VNV_REDIRECT_URI", "the registered redirect URI"},
	{"PHONE", "the number, with + and country code"},
	{"JWT", "the application JWT"},
	{"STATE", "the state of this attempt"},
	{"AUTH_URL", "the URL that the device opens"},
	{"REQUEST_ID", "the id of the request"},
	{"CODE", "the code of the callback"},
	{"TOKEN", "the access token"},
}

func (p PlannedRequest) uses(name string) bool {
	all := slices.Concat(p.URL, Words{{p.Bearer, true}}, p.Body, p.Proof)
	for _, pair := range p.Form {
		all = append(all, pair[1]...)
	}
	return slices.ContainsFunc(all, func(w Word) bool {
		return w.Var && (w.Text == "$"+name || strings.HasPrefix(w.Text, "${"+name+"#"))
	})
}

// DryRun writes requests as they would go over the wire.
func DryRun(requests []PlannedRequest) string {
	var b strings.Builder
	for i, p := range requests {
		fmt.Fprintf(&b, "%d %s\n  %s %s\n", i+1, p.Step, p.method(), p.URL)
		switch {
		case p.Bearer == "" && len(p.Proof) == 0:
			b.WriteString("  and every redirect, to the answer that holds the code\n")
			continue
		case p.Bearer == "":
			b.WriteString("  and every redirect, to the redirect URI\n")
			continue
		}
		fmt.Fprintf(&b, "  Authorization: Bearer %s\n  Content-Type: %s\n", p.Bearer, p.ContentType)
		body := p.Body.String()
		if len(p.Form) > 0 {
			pairs := make([]string, len(p.Form))
			for i, f := range p.Form {
				pairs[i] = f[0].String() + "=" + f[1].String()
			}
			body = strings.Join(pairs, "&")
		}
		fmt.Fprintf(&b, "  %s\n", body)
	}
	if len(requests) > 0 && requests[0].uses("VNV_BASE_URL") {
		b.WriteString("$VNV_BASE_URL is the sandbox, on a free port of this machine\n")
	}
	b.WriteString("nothing was sent")
	return b.String()
}
