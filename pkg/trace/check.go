package trace

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Leak is a secret or a phone number left in a file.
type Leak struct {
	Kind     string `json:"kind"`     // what it is: "code", "phone", "jwt", …
	Where    string `json:"where"`    // "line 3", or a path in JSON: "log.entries[2].request.url"
	Encoding string `json:"encoding"` // one of the Enc… names, or several joined by " in "
	Shown    string `json:"shown"`    // enough to find it, not enough to use it: "Zx8…(21)"
}

// How a leak can be written.
const (
	EncPlain  = "plain"
	EncURL    = "url"
	EncTwice  = "url twice"
	EncBase64 = "base64"
	EncHex    = "hex"
	EncJSON   = "json"
)

const (
	maxLeaks = 1000
	maxFound = 200      // secrets whose other forms are searched for
	perByte  = 40       // bytes looked at for one of the file, decoding included
	spare    = 16 << 20 // and these on top
)

// Check finds the secrets, private keys and phone numbers (after a plus or a zero, or under a name that says
// so) left in a file, whatever its format: as they are, URL-encoded once or twice, in base64, in hexadecimal, or
// with JSON's escapes. What was found in one place is searched for in all forms in the others. Nil if
// nothing was found; a file too involved to be looked through whole is a leak of the kind "unchecked".
func Check(b []byte) []Leak {
	c := &checker{budget: perByte*len(b) + spare, told: map[Leak]bool{}, forms: map[string]bool{}, placed: map[string]bool{}}
	c.through(b)
	if len(c.found) > 0 {
		for _, f := range c.found {
			c.known.add(f.kind, f.value)
		}
		c.budget += perByte*len(b) + spare
		c.through(b)
	}
	c.elsewhere(b)
	if c.budget <= 0 {
		c.leaks = append(c.leaks, Leak{Kind: "unchecked", Where: "the whole file", Encoding: EncPlain, Shown: "too involved to look through"})
	}
	return c.leaks
}

// through looks through the whole file once.
func (c *checker) through(b []byte) {
	docs, err := parseJSON(bytes.TrimPrefix(b, []byte("\ufeff")))
	if err == nil && len(docs) > 0 && docs[0].kind != '0' {
		for i, doc := range docs {
			where := ""
			if len(docs) > 1 {
				where = "document " + strconv.Itoa(i+1) + ": "
			}
			c.node(doc, where, "")
		}
		return
	}
	n := 0
	for l := range strings.SplitSeq(string(b), "\n") {
		n++
		c.text("line "+strconv.Itoa(n), strings.ReplaceAll(l, "&amp;", "&"), "", 0) // a page of HTML is a file like others
	}
}

// again finds what was found before in other company.
func (c *checker) again(where, s, enc string) {
	if !c.known.maybe(s) {
		return
	}
	for _, f := range c.found {
		if strings.Contains(s, f.value) && !c.placed[f.value+"\n"+where] {
			c.leak(f.kind, where, enc, f.value)
		}
	}
}

// checkText is Check for one text that stands for itself.
func checkText(s string) bool {
	c := &checker{budget: perByte*len(s) + maxFile>>10, told: map[Leak]bool{}, forms: map[string]bool{}, placed: map[string]bool{}}
	c.text("", s, "", 0)
	return len(c.leaks) == 0 && c.budget > 0
}

// A checker looks through a file.
type checker struct {
	leaks  []Leak
	told   map[Leak]bool
	forms  map[string]bool // value and encoding that were told
	placed map[string]bool // value and place that were told
	found  []secretFound
	known  needles
	phones []subscriber // among found
	budget int
	inKey  bool // the first line of a private key was told of, and not yet its last
}

type secretFound struct{ kind, value string }

// leak notes a value, once at a place: decoding what is around it does not make it another.
func (c *checker) leak(kind, where, enc, value string) {
	l := Leak{Printable(kind), Printable(where), cmp.Or(enc, EncPlain), glimpse(value)}
	place := value + "\n" + where
	placed := c.placed[place]
	c.forms[value+"\n"+l.Encoding], c.placed[place], c.placed[kind+"\n"+where] = true, true, true
	if !placed && c.tell(l) && len(value) >= minKnown && len(c.found) < maxFound {
		c.found = append(c.found, secretFound{kind, value})
		c.number(kind, value)
	}
}

// tell notes a leak, once, while there is room.
func (c *checker) tell(l Leak) bool {
	if c.told[l] || len(c.leaks) >= maxLeaks {
		return false
	}
	c.told[l] = true
	c.leaks = append(c.leaks, l)
	return true
}

// glimpse shows the beginning of a value, and how long it is.
func glimpse(s string) string {
	const shown = 3
	n := 0
	if len(s) >= minKnown {
		n = shown
	}
	return Printable(strings.ToValidUTF8(s[:n], "")) + "…(" + strconv.Itoa(utf8.RuneCountInString(s)) + ")"
}

// node looks through a JSON value that stands at where under name.
func (c *checker) node(n *node, where, name string) {
	switch n.kind {
	case '"':
		c.named(name, where, n.text)
		c.text(where, n.text, "", 0)
	case '0':
		if phoneNames[plainKey(name)] && isPhone(n.text) {
			c.leak("phone", where, "", n.text)
		}
	case '[':
		for i, kid := range n.kids {
			c.node(kid, where+"["+strconv.Itoa(i)+"]", name)
		}
	case '{':
		pairName, isPair := n.member("name")
		for i, kid := range n.kids {
			at := member(where, n.names[i])
			c.text(where, n.names[i], "", 0)
			kidName := n.names[i]
			if isPair && kidName == "value" {
				kidName = pairName
				if inCookies(where) && kid.kind == '"' && !stoodIn(kid.text) {
					c.leak("cookie", at, "", kid.text)
					continue
				}
			}
			c.node(kid, at, kidName)
		}
	}
}

// member is the path of a member of what stands at where.
func member(where, name string) string {
	name = cutText(name)
	if where == "" || strings.HasSuffix(where, ": ") {
		return where + name
	}
	return where + "." + name
}

// inCookies says whether a path is that of a HAR's cookie.
func inCookies(where string) bool {
	return strings.Contains(where[strings.LastIndexByte(where, '.')+1:], "cookies[")
}

// named looks at a value under a name.
func (c *checker) named(name, where, value string) {
	key := plainKey(name)
	switch {
	case phoneNames[key] && isPhone(value):
		c.leak("phone", where, "", value)
	case stoodIn(value) || len(value) < 4: //nolint:mnd // no secret is that short
	case strictNames[key], looseNames[key] && !harmless(value):
		c.leak(strings.ToLower(name), where, "", value)
	}
}

// elsewhere searches the file for the other forms of what was found.
func (c *checker) elsewhere(b []byte) {
	for _, f := range c.found {
		for _, form := range formsOf(f.value) {
			enc := encodingOf(form, f.value)
			if c.forms[f.value+"\n"+enc] || len(form) < minKnown {
				continue
			}
			if at := bytes.Index(b, []byte(form)); at >= 0 {
				c.leak(f.kind, "line "+strconv.Itoa(line(b, int64(at))), enc, f.value)
			}
		}
	}
}

// encodingOf names the form in which value is written.
func encodingOf(form, value string) string {
	query, _ := url.QueryUnescape(form)
	path, _ := url.PathUnescape(form)
	switch {
	case strings.EqualFold(form, value):
		return EncPlain
	case strings.EqualFold(query, value), strings.EqualFold(path, value):
		return EncURL
	case strings.Contains(query, "%"):
		return EncTwice
	case strings.Contains(form, `\`):
		return EncJSON
	case len(form) == 2*len(value) && !slices.ContainsFunc([]byte(form), func(b byte) bool { return !hexDigit(b) }):
		return EncHex
	default:
		return EncBase64
	}
}
