package trace

import (
	"maps"
	"slices"
)

// learn makes the secrets in a JSON answer known, by the names of its members; other texts have none.
func (m *Mask) learn(text []byte) {
	if m.Reveal || len(text) == 0 || text[0] != '{' {
		return
	}
	docs, err := parseJSON(text)
	if err != nil {
		m.Text(string(text)) // as far as its looks tell
		return
	}
	for _, doc := range docs {
		m.learnFrom(doc, "")
	}
}

// learnFrom learns from a value that stands under name.
func (m *Mask) learnFrom(n *node, name string) {
	if key := plainKey(name); n.kind == '"' && len(n.text) >= minKnown && (strictNames[key] || looseNames[key] && !harmless(n.text)) {
		m.Know(kindNamed(name), n.text, "")
	}
	for i, kid := range n.kids {
		if n.kind == '{' {
			name = n.names[i]
		}
		m.learnFrom(kid, name)
	}
}

// kindNamed is the kind of the pseudonym for a secret that an answer calls name.
func kindNamed(name string) string {
	if name == "access_token" {
		return "token"
	}
	return name
}

// afresh is h without the secrets that have become known since its remote texts were masked. Its URLs need none of
// this: they show nothing but words.
func (h Hop) afresh(m *Mask) Hop {
	if m.Reveal {
		return h
	}
	for _, text := range []*string{&h.Title, &h.ContentType, &h.CertIssuer, &h.Error} {
		*text = m.known(*text)
	}
	h.Headers, h.Notes = maps.Clone(h.Headers), slices.Clone(h.Notes)
	for name, value := range h.Headers {
		h.Headers[name] = m.known(value)
	}
	for i, n := range h.Notes {
		h.Notes[i].Text = m.known(n.Text)
	}
	return h
}
