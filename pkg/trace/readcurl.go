package trace

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// maxLine is how many bytes of a line are looked at.
const maxLine = 64 << 10

// curlWords are what curl says in lines that begin with an asterisk.
var curlWords = sync.OnceValue(func() (p struct{ stamp, connected, established, tls, issue, stream, failed *regexp.Regexp }) {
	p.stamp = regexp.MustCompile(`^(\d\d:\d\d:\d\d\.\d{3,6}) (?:== Info: )?`)
	p.connected = regexp.MustCompile(`^Connected to \S+ \(([^)]+)\) port (\d+)`)
	p.established = regexp.MustCompile(`^Established connection to \S+ \((\S+) port (\d+)\)`)
	p.tls = regexp.MustCompile(`^SSL connection using (TLSv[\d.]+)`)
	p.issue = regexp.MustCompile(`^Issue another request to this URL: '(.*)'$`)
	p.stream = regexp.MustCompile(`OPENED stream for (https?)://`)
	p.failed = regexp.MustCompile(`^(?:Could not resolve|connect to .* failed|Failed to connect|Operation timed out|SSL certificate problem|Maximum \(|Empty reply|Recv failure|OpenSSL|Resolving timed out|Connection timed out)`)
	return p
})

// A curlLog is a log of curl -v under way.
type curlLog struct {
	r        *reader
	x        *exchange // under way; nil: none
	next     string    // the URL of the next request, if curl says so
	remote   string
	tls      string
	issuer   string
	reused   bool
	inAnswer bool
	begun    time.Time
	failed   string
	secure   bool
}

// curl reads what curl -v prints, with its bodies between or without, with --trace-time or without.
func (r *reader) curl(b []byte) error {
	c := &curlLog{r: r}
	for l := range strings.SplitSeq(string(b), "\n") {
		c.line(strings.TrimSuffix(l[:min(len(l), maxLine)], "\r"))
	}
	if c.x == nil && c.failed != "" {
		c.x = &exchange{method: http.MethodGet, url: c.next, errText: c.failed, phase: PhaseConnect}
	} else if c.x != nil && c.x.status == 0 {
		c.x.errText, c.x.phase = c.failed, PhaseAnswer
	}
	c.done()
	if len(r.hops) == 0 {
		return errors.New("no request in it: lines that begin with “> GET”, for example")
	}
	return nil
}

// line reads one line.
func (c *curlLog) line(l string) {
	var at time.Time
	if m := curlWords().stamp.FindStringSubmatch(l); m != nil {
		at, _ = time.Parse("15:04:05.999999", m[1]) // zero: no time
		l = l[len(m[0]):]
	}
	mark, rest, _ := strings.Cut(l, " ")
	rest = strings.TrimRight(rest, " ")
	switch mark {
	case "*":
		c.info(strings.TrimSpace(rest))
	case ">":
		c.sent(rest, at)
	case "<":
		c.got(rest, at)
	case "{", "}":
	default:
		if c.x != nil && c.inAnswer && len(c.x.page)+len(l) < maxPage {
			c.x.page = append(append(c.x.page, l...), '\n')
		}
	}
}

// info reads what curl says of its own.
func (c *curlLog) info(s string) {
	w := curlWords()
	if m := w.connected.FindStringSubmatch(s); m != nil {
		c.connected(m[1], m[2])
	} else if m := w.established.FindStringSubmatch(s); m != nil {
		c.connected(m[1], m[2])
	} else if m := w.tls.FindStringSubmatch(s); m != nil {
		c.tls, c.secure = tlsVersion(m[1]), true
	} else if m := w.stream.FindStringSubmatch(s); m != nil {
		c.secure = m[1] == "https"
	} else if m := w.issue.FindStringSubmatch(s); m != nil {
		c.done()
		c.next = m[1]
	} else if issuer, ok := strings.CutPrefix(s, "issuer: "); ok {
		c.issuer = issuer
	} else if strings.HasPrefix(s, "Re-using existing") || strings.HasPrefix(s, "Reusing existing") {
		c.reused = true
	} else if w.failed.MatchString(s) {
		c.failed = s
	}
}

// connected notes a new connection.
func (c *curlLog) connected(ip, port string) {
	c.remote, c.reused, c.secure, c.tls, c.issuer = net.JoinHostPort(ip, port), false, port == "443", "", ""
}

// sent reads a line of a request.
func (c *curlLog) sent(l string, at time.Time) {
	method, target, isRequest := requestLine(l)
	if isRequest {
		c.done()
		c.begun = at
		c.x = &exchange{method: method, url: target, remote: c.remote, tls: c.tls, issuer: c.issuer, reused: c.reused, header: http.Header{}}
		c.reused, c.inAnswer = true, false
		return
	}
	name, value, ok := strings.Cut(l, ":")
	if c.x == nil || !ok {
		return
	}
	switch strings.ToLower(name) {
	case "host":
		c.x.url = c.resolve(strings.TrimSpace(value), c.x.url)
	case "cookie":
		c.x.cookies = strings.TrimSpace(value)
	}
}

// resolve makes a URL of a host and a target: the one that curl named, if it fits.
func (c *curlLog) resolve(host, target string) string {
	scheme := "http"
	if c.secure || c.x.tls != "" {
		scheme = "https"
	}
	full := scheme + "://" + host + target
	if !strings.HasPrefix(target, "/") && strings.Contains(target, "://") { // asked of a proxy
		full = target
	}
	if c.next != "" {
		full, c.next = c.next, ""
	}
	if u, err := url.Parse(full); err == nil && u.Scheme == "http" { // over another connection than the last one that was opened
		c.x.tls, c.x.issuer = "", ""
	}
	return full
}

// requestLine takes "GET /path HTTP/1.1" apart.
func requestLine(l string) (method, target string, ok bool) {
	method, rest, _ := strings.Cut(l, " ")
	target, proto, _ := strings.Cut(rest, " HTTP/")
	if method == "" || proto == "" || len(method) > 16 || strings.ToUpper(method) != method {
		return "", "", false
	}
	return method, target, true
}

// got reads a line of an answer.
func (c *curlLog) got(l string, at time.Time) {
	if c.x == nil {
		return
	}
	if status, proto, ok := statusLine(l); ok {
		c.x.header, c.x.status, c.x.proto = http.Header{}, status, proto // an interim answer is overwritten
		if d := at.Sub(c.begun); !at.IsZero() && !c.begun.IsZero() && d > 0 {
			c.x.wait, c.x.total = d, d
		}
		c.inAnswer = true
		return
	}
	if name, value, ok := strings.Cut(l, ":"); ok {
		c.x.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
}

// statusLine takes "HTTP/1.1 302 Found" apart.
func statusLine(l string) (status int, proto string, ok bool) {
	proto, rest, ok := strings.Cut(l, " ")
	if !ok || !strings.HasPrefix(proto, "HTTP/") || len(rest) < 3 {
		return 0, "", false
	}
	for i := range 3 {
		if !digit(rest[i]) {
			return 0, "", false
		}
		status = status*10 + int(rest[i]-'0')
	}
	return status, spelled(proto), true
}

// spelled is a protocol as Go spells it, or as it came.
func spelled(s string) string {
	if p := protocol(s); p != "" {
		return p
	}
	return s
}

// done hands in the exchange that is under way.
func (c *curlLog) done() {
	if c.x == nil {
		return
	}
	if from := bytes.IndexByte(c.x.page, '<'); from > 0 { // behind curl's progress
		c.x.page = c.x.page[from:]
	}
	c.r.add(c.x)
	c.x, c.inAnswer = nil, false
}
