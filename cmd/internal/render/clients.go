package render

import (
	"strconv"
	"strings"
)

// Client is whether one client would get through a chain; in JSON a row of "clients".
type Client struct {
	Name    string `json:"client"`
	Title   string `json:"title"`
	Through bool   `json:"through"`
	Unsure  bool   `json:"unsure,omitempty"` // the record does not tell all
	Hop     int    `json:"hop,omitempty"`    // where it would not, or where the doubt begins
	Rule    string `json:"rule,omitempty"`   // which of its rules the chain breaks
	Code    string `json:"code,omitempty"`   // what its app would see
	Note    string `json:"note,omitempty"`
}

// Why is the reason in words: at which hop, by which rule, with which code.
func (c Client) Why() string {
	var parts []string
	if c.Hop > 0 {
		parts = append(parts, "hop "+strconv.Itoa(c.Hop))
	}
	text := c.Note
	if text == "" {
		text = strings.ReplaceAll(c.Rule, "-", " ")
	}
	if text != "" {
		parts = append(parts, text)
	}
	text = strings.Join(parts, ": ")
	if c.Code != "" {
		text += " (" + c.Code + ")"
	}
	return strings.TrimSpace(text)
}

// answer is whether, in a word.
func (c Client) answer() (string, tone) {
	switch {
	case c.Through && c.Unsure:
		return "perhaps", warn
	case c.Through:
		return "yes", good
	default:
		return "no", bad
	}
}

// Clients is the table of who gets through, and below it how far that goes.
func Clients(s Style, clients []Client, caveat string) string {
	if len(clients) == 0 {
		return ""
	}
	const title, name = "who gets through", 9
	var b strings.Builder
	b.WriteString("\n")
	for i, c := range clients {
		head := ""
		if i == 0 {
			head = title
		}
		indent := len(title) + 2 + name
		if s.width() < 60 {
			indent, head = 2+name, ""
			if i == 0 {
				b.WriteString(title + "\n")
			}
		}
		answer, t := c.answer()
		text := answer
		if why := c.Why(); why != "" {
			text += ", " + why
		}
		for j, l := range s.wrap(text, s.width()-indent-1) {
			switch j {
			case 0:
				b.WriteString(pad(pad(head, indent-name)+s.spell(c.Name), indent) + s.paint(t, answer) + strings.TrimPrefix(l, answer) + "\n")
			default:
				b.WriteString(strings.Repeat(" ", indent) + l + "\n")
			}
		}
	}
	for _, l := range s.wrap(caveat, s.width()) {
		if l != "" {
			b.WriteString(s.paint(faint, l) + "\n")
		}
	}
	return b.String()
}

func pad(s string, width int) string { return s + strings.Repeat(" ", max(width-len(s), 0)) }
