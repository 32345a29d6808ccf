package trace

import (
	"regexp"
	"strings"
	"sync"
)

// h2Header is a header in what curl says of HTTP/2: "[:path: /x?code=…]".
var h2Header = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[(:?[a-z0-9-]+): (.*)\]$`) })

// curlCookie is what curl says before the value of a cookie.
var curlCookie = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:Added|Replaced|skipped) cookie [^=]*=`) })

// log masks the text of a curl log or a url_trace, line by line. What is neither a line of the
// program's own nor of a head is a body, and hidden.
func (c *cleaner) log(s string) string {
	var b strings.Builder
	body := false
	for l := range strings.SplitSeq(s, "\n") {
		l = strings.TrimSuffix(l, "\r")
		out, known := c.logLine(l)
		if !known {
			if body || strings.TrimSpace(l) == "" {
				if strings.TrimSpace(l) == "" {
					b.WriteByte('\n')
				}
				continue
			}
			out = hiddenQuery
		}
		body = !known
		b.WriteString(out + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// logLine masks a line; false if it is one of a body.
func (c *cleaner) logLine(l string) (string, bool) {
	lead := ""
	if m := curlWords().stamp.FindString(l); m != "" {
		lead, l = m, l[len(m):]
	}
	if m := sdkWords().tag.FindString(l); m != "" {
		lead, l = lead+c.safe(c.mask.Text(m)), l[len(m):]
	}
	for _, mark := range []string{"> ", "< ", "* "} {
		rest, marked := strings.CutPrefix(l, mark)
		if !marked {
			continue
		}
		if out, ok := c.headLine(rest); ok && mark != "* " {
			return lead + mark + out, true
		}
		return lead + mark + c.safe(c.info(rest)), true
	}
	switch {
	case l == ">" || l == "<" || l == "{" || l == "}", strings.HasPrefix(l, "{ [") || strings.HasPrefix(l, "} ["):
		return lead + l, true
	}
	for _, own := range []string{"cookie - ", "Body - ", "Cannot parse cookie "} {
		if strings.HasPrefix(l, own) {
			return lead + own + hiddenQuery, true
		}
	}
	if out, ok := c.headLine(l); ok {
		return lead + out, true
	}
	if ownLine(l) {
		return lead + c.safe(c.mask.Text(l)), true
	}
	return "", false
}

// info masks what curl says.
func (c *cleaner) info(s string) string {
	if m := h2Header().FindStringSubmatchIndex(s); m != nil {
		name, value := s[m[2]:m[3]], s[m[4]:m[5]]
		shown := c.header(name, value)
		if name == ":path" {
			shown = c.mask.URL(value)
		}
		return c.mask.Text(s[:m[2]]) + name + ": " + shown + "]"
	}
	if at := curlCookie().FindStringIndex(s); at != nil {
		return c.mask.Text(s[:at[1]]) + hiddenQuery
	}
	return c.mask.Text(s)
}

// headLine masks a line of the head of a request or an answer; false if it is none.
func (c *cleaner) headLine(l string) (string, bool) {
	if method, target, ok := requestLine(strings.TrimSpace(l)); ok {
		_, proto, _ := strings.Cut(l, " HTTP/")
		return method + " " + c.safe(c.mask.URL(target)) + " HTTP/" + c.safe(c.mask.Text(proto)), true
	}
	if _, _, ok := statusLine(l); ok {
		return c.safe(c.mask.Text(l)), true
	}
	name, value, ok := strings.Cut(l, ":")
	if !ok || name == "" || len(name) > maxSegment || strings.ContainsFunc(name, func(r rune) bool { return !base64Rune(r) || r == '/' || r == '+' || r == '=' }) {
		return "", false
	}
	if strings.HasPrefix(value, "//") { // a URL in a body
		return "", false
	}
	return c.safe(c.mask.Text(name)) + ": " + c.safe(c.header(name, strings.TrimSpace(value))), true
}

// ownLine says whether l is a line of a phone library's own.
func ownLine(l string) bool {
	w := sdkWords()
	return w.start.MatchString(l) || w.stamp.MatchString(l) || w.found.MatchString(l) || w.trouble.MatchString(l) ||
		l == "command:" || l == "response:" || strings.Contains(l, "DeviceInfo: ") || strings.HasPrefix(strings.TrimSpace(l), "iOS/")
}
