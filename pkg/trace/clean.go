package trace

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"strings"
)

// Clean returns a masked copy of a file that [Read] understands, in its own format: URLs by the
// rules of [Mask.URL], the values of cookies hidden, and bodies but for a page's title and an error's name,
// of headers only the harmless ones kept. What would still be a leak by [Check] is hidden whole; if one remains, nothing is returned.
func Clean(b []byte) ([]byte, error) {
	b, format, err := sniff(b)
	if err != nil {
		return nil, err
	}
	c := &cleaner{mask: &Mask{thorough: true}}
	if ownFile(b, format) {
		c.mask.adopt(b)
	}
	var out []byte
	for range 2 { // the first time for what there is to hide, the second to hide it wherever it stands
		if out, err = c.file(b); err != nil {
			return nil, fmt.Errorf("cleaning: %s: %w", format, err)
		}
	}
	if leaks := Check(out); len(leaks) > 0 {
		return nil, fmt.Errorf("cleaning: %d values could not be hidden, the first a %s at %s", len(leaks), leaks[0].Kind, leaks[0].Where)
	}
	return out, nil
}

// ownFile says whether the pseudonyms in b are a Mask's.
func ownFile(b []byte, format Format) bool {
	switch format {
	case FormatTrace, FormatOutcome, FormatEvents:
		return true
	case FormatHAR:
		var in inHAR
		return json.Unmarshal(b, &in) == nil && in.Log != nil && in.Log.Creator.Name == harCreator
	case FormatCurl, FormatSDK:
	}
	return false
}

// A cleaner masks a file.
type cleaner struct{ mask *Mask }

// file masks a whole file.
func (c *cleaner) file(b []byte) ([]byte, error) {
	if b[0] != '{' {
		return []byte(c.log(string(b)) + "\n"), nil
	}
	docs, err := parseJSON(b)
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, errors.New("it is empty")
	}
	var out bytes.Buffer
	for _, doc := range docs {
		c.node(doc, "", "")
		var one bytes.Buffer
		doc.write(&one)
		if len(docs) == 1 {
			if err := json.Indent(&out, one.Bytes(), "", "  "); err != nil {
				return nil, err
			}
		} else {
			out.Write(one.Bytes())
		}
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

// node masks a value that stands under name, in something that stands under parent.
func (c *cleaner) node(n *node, name, parent string) {
	switch n.kind {
	case '"':
		n.text = c.safe(c.value(name, parent, n.text))
	case '0':
		if key := plainKey(name); (phoneNames[key] || strictNames[key]) && isPhone(n.text) {
			n.kind, n.text = '"', hiddenQuery
		}
	case '[':
		for _, kid := range n.kids {
			c.node(kid, name, parent)
		}
	case '{':
		pairName, isPair := n.member("name")
		for i, kid := range n.kids {
			switch member := n.names[i]; {
			case isPair && member == "value" && kid.kind == '"':
				kid.text = c.safe(c.pair(name, pairName, kid.text))
			case bodies[member] && kid.kind != '0', strings.HasPrefix(member, "_") && !shownMembers[member]:
				*kid = node{kind: '"', text: hiddenQuery}
			default:
				c.node(kid, member, name)
			}
			n.names[i] = c.safe(c.mask.Text(n.names[i]))
		}
	}
}

// bodies are names under which the body of a request or an answer stands.
var bodies = set("response_body", "response_raw_body", "postData", "_webSocketMessages")

// shownMembers are the names of a browser's or our own that begin with an underscore and may stay.
var shownMembers = set("_vnv", "_resourceType", "_priority", "_error", "_transferSize", "_securityDetails", "_serverPort", "_connectionId",
	"_blocked_queueing", "_blocked_proxy", "_fromCache", "_fetchedViaServiceWorker", "_request_time", "_failureText")

// urlNames are names under which a URL stands, be it relative.
var urlNames = set("url", "location", "refresh", "redirectURL", "redirect_uri", "auth_url", "check_url", "redirect_url")

// value masks a text by its name.
func (c *cleaner) value(name, parent, s string) string {
	m, key := c.mask, plainKey(name)
	switch {
	case stoodIn(s):
		return m.Text(s)
	case name == "url_trace":
		return c.log(s)
	case name == "text" && (parent == "content" || parent == "response"):
		return c.essence(s)
	case urlNames[name]:
		return m.URL(s)
	case phoneNames[key] && isPhone(s):
		return m.pseudonym("phone", s)
	case strictNames[key], looseNames[key] && !harmless(s):
		return m.pseudonym(strings.ToLower(name), s)
	}
	return m.Text(s)
}

// essence is what a reader takes of a body: the title of a page and where it leads, masked, and the name of an
// error. All else is hidden.
func (c *cleaner) essence(s string) string {
	if raw, err := base64.StdEncoding.DecodeString(s); err == nil && looksHTML(raw) != nil {
		return base64.StdEncoding.EncodeToString([]byte(c.safe(c.essence(string(raw)))))
	}
	var h Hop
	h.look(looksHTML([]byte(s)), c.mask)
	var b strings.Builder
	if h.Title != "" {
		b.WriteString("<title>" + html.EscapeString(h.Title) + "</title>")
	}
	if h.Refresh != "" {
		b.WriteString(`<meta http-equiv="refresh" content="0; url=` + html.EscapeString(h.Refresh) + `">`)
	}
	if name := errorName([]byte(s)); name != "" {
		b.WriteString(`{"error":"` + name + `"}`)
	}
	return cmp.Or(b.String(), hiddenQuery)
}

// pair masks the value of {"name":…,"value":…} in a list of a HAR.
func (c *cleaner) pair(list, name, s string) string {
	switch list {
	case "headers":
		return c.header(name, s)
	case "cookies":
		return c.mask.pseudonym("cookie", s)
	case "queryString", "params":
		return c.mask.value(strings.ToLower(name), s, 0)
	}
	return c.value(name, list, s)
}

// header masks the value of a header.
func (c *cleaner) header(name, s string) string {
	low := strings.ToLower(name)
	switch {
	case s == "" || stoodIn(s):
		return c.mask.Text(s)
	case urlHeaders[low]:
		return c.mask.URL(s)
	case shownHeaders[low] || traceNames[low] || strings.HasPrefix(low, "x-ratelimit-"):
		return c.mask.Text(s)
	}
	return hiddenQuery
}

var urlHeaders = set("location", "referer", "content-location", "origin")

var shownHeaders = set("accept", "accept-encoding", "accept-language", "age", "allow", "alt-svc", "cache-control", "connection", "content-encoding",
	"content-length", "content-type", "date", "expires", "host", ":authority", ":method", ":scheme", ":status", "keep-alive", "last-modified", "pragma", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site",
	"server", "strict-transport-security", "transfer-encoding", "upgrade-insecure-requests", "user-agent", "vary", "via")

// safe is s, or nothing of it if it would still be a leak.
func (c *cleaner) safe(s string) string {
	if checkText(s) {
		return s
	}
	return hiddenQuery
}
