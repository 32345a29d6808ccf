package trace

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// minKnown is how long a secret must be to be replaced wherever it occurs: shorter ones would be
// found inside ordinary words. Inside URLs values are hidden at any length.
const minKnown = 8

// How much a Mask remembers of what it meets. An endless chain of new values fills it: then every
// further value is [hidden], and so is free text, for it may hold one that was not remembered.
const (
	maxMet      = 4000
	maxMetBytes = 8 << 20
)

// A Mask hides the secrets of one run behind stable pseudonyms such as code~1: a value keeps its
// pseudonym wherever it turns up, so that a reader can follow it from hop to hop. The name comes
// from where it was met first. The zero value is ready; a Mask must not be copied.
type Mask struct {
	// Reveal shows everything and only escapes what is not printable (--reveal). Set it before use.
	Reveal bool

	thorough bool // values that are met are replaced in all their forms, as known ones are

	mu     sync.RWMutex
	shown  map[string]alias // by value
	counts map[string]int   // pseudonyms given, by kind
	given  map[string]bool  // everything that is shown for a value
	secret needles          // what is replaced in free text
	cut    needles          // secrets that a URL's own syntax would cut into pieces
	phones []subscriber     // that were told of
	met    int              // bytes of the values that were met and not told of
	full   bool             // there was no room for another
}

// An alias is what is shown for a value.
type alias struct {
	text   string
	secret bool // hidden even where the value looks like an ordinary word
}

// Know tells of a secret: from now on it is replaced everywhere by value, be it raw, URL-encoded,
// in base64, hexadecimal or JSON, provided it has 8 characters or more. In its place stands shown,
// or kind~N if that is empty. A value of the kind "phone", with a plus, is also known without it, in its
// country's own form, and with anything between its digits.
func (m *Mask) Know(kind, value, shown string) {
	if value == "" || m.Reveal {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	shown = m.remember(kind, value, shown)
	digits, plus := strings.CutPrefix(value, "+")
	if plus = plus && kind == "phone"; plus {
		m.remember(kind, digits, shown)
		m.knowNumber(digits, shown)
	}
	if len(value) >= minKnown || plus {
		m.secret.add(shown, formsOf(value)...)
	}
	if len(value) >= minKnown && strings.ContainsAny(value, "&=/#?;%:@") {
		m.cut.add(shown, value)
	}
	if plus && len(digits) >= minKnown {
		m.secret.add(shown, formsOf(digits)...)
	}
}

// knowNumber makes a number known in all its forms. The caller holds the lock.
func (m *Mask) knowNumber(digits, shown string) {
	n := newSubscriber(digits, shown)
	if len(n.rest) < minRest || slices.Contains(m.phones, n) {
		return
	}
	m.phones = append(m.phones, n)
	for _, form := range n.forms() {
		m.remember("phone", form, n.shown)
	}
	if len(n.rest) >= minKnown {
		encoded := slices.DeleteFunc(formsOf(n.rest), func(form string) bool { return form == n.rest })
		m.secret.add(n.shown, append(encoded, "00"+n.code+n.rest)...)
	}
}

// pseudonym is what is shown for value, met under kind. Values that are secret by name or look
// like identifiers are known from then on. What is a pseudonym already stays.
func (m *Mask) pseudonym(kind, value string) string {
	if value == "" {
		return ""
	}
	m.mu.RLock()
	a, ok := m.shown[value]
	given := m.given[value]
	m.mu.RUnlock()
	if plus, ok := strings.CutPrefix(value, " "); ok && standsIn("+"+plus) {
		return "+" + plus // a query's plus
	}
	if given || standsIn(value) {
		return value
	}
	if ok && (a.secret || !secretNames[kind]) {
		return a.text
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.met += len(value); len(m.shown) >= maxMet || m.met > maxMetBytes {
		m.full = true
		return hiddenQuery
	}
	if toldNames[kind] || !secretNames[kind] && ordinary(value) {
		return m.name(kind, value).text
	}
	s := m.remember(kind, value, "")
	if len(value) >= minKnown {
		forms := quickForms
		if m.thorough {
			forms = formsOf
		}
		m.secret.add(s, forms(value)...)
	}
	return s
}

// toldNames are parameters whose values are hidden in a URL, where anybody can write them, and yet
// no secrets: in a callback that proved itself they say why it is a no.
var toldNames = set("error_description")

// standsIn says whether value is what a Mask, perhaps another one, shows for something else than a
// single value: [hidden], [3 more], or a phone number without its middle.
func standsIn(value string) bool {
	if value == hiddenQuery || value == hiddenURL {
		return true
	}
	if n, ok := strings.CutSuffix(value, " more]"); ok {
		_, err := strconv.Atoi(strings.TrimPrefix(n, "["))
		return err == nil
	}
	const head, tail, middle = 4, 2, 45                               // digits, digits, bytes
	digits := strings.TrimPrefix(strings.TrimPrefix(value, " "), "+") // a query's plus is read as a space
	rest := strings.TrimLeft(digits, "0123456789")
	end := strings.TrimLeft(rest, "•")
	return len(digits)-len(rest) <= head && rest != end && len(rest) <= middle+tail && len(end) <= tail && countDigits(end) == len(end)
}

// name returns value's alias and makes one if it has none. The caller holds the lock.
func (m *Mask) name(kind, value string) alias {
	if a, ok := m.shown[value]; ok {
		return a
	}
	if !plainName(kind) {
		kind = "value"
	}
	m.counts = put(m.counts, kind, m.counts[kind]+1)
	a := alias{text: kind + "~" + strconv.Itoa(m.counts[kind])}
	m.shown, m.given = put(m.shown, value, a), put(m.given, a.text, true)
	return a
}

// put sets m[k], in a new map if there is none.
func put[K comparable, V any](m map[K]V, k K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[k] = v
	return m
}

// remember makes value a secret, shown as shown, or as its pseudonym if that is empty. The caller
// holds the lock.
func (m *Mask) remember(kind, value, shown string) string {
	if shown == "" {
		shown = m.name(kind, value).text
	}
	m.shown, m.given = put(m.shown, value, alias{text: shown, secret: true}), put(m.given, shown, true)
	return shown
}

// holds says whether s is a secret or has one inside.
func (m *Mask) holds(s string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.shown[s].secret || m.secret.in(s) || slices.ContainsFunc(m.phones, func(n subscriber) bool { return n.in(s) })
}

// overfull says whether something was met that there was no room to remember.
func (m *Mask) overfull() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.full
}

// known replaces every known secret in s.
func (m *Mask) known(s string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	s = m.secret.replace(s)
	for _, n := range m.phones {
		s = n.replace(s)
	}
	return s
}

// secretNames are parameters whose values are replaced everywhere, however ordinary they look.
var secretNames = set("code", "state", "access_token", "refresh_token", "id_token", "token", "nonce",
	"request_id", "session", "session_id", "sid", "login_hint", "msisdn", "phone", "phone_number",
	"client_secret", "assertion", "id_token_hint", "code_verifier", "password", "ticket", "userinfo", "jwt")

// set is a set of words.
func set(words ...string) map[string]bool {
	s := make(map[string]bool, len(words))
	for _, w := range words {
		s[w] = true
	}
	return s
}
