package trace

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// The vendor's phone libraries keep, when asked for debug output, a text of what they sent and got
// under debug.url_trace. Both write requests and answers as they are, between lines of their own:
//
//	Android: Start connection HOST PORT SCHEME TIME · Connected TIME · GET … · Response - TIME ·
//	         HTTP/1.1 302 … · Status - 302 TIME · Found redirect - TIME · cookie - … · Body - …
//	iOS:     command: GET … · Start connection HOST PORT SCHEME TIME · response: HTTP/1.1 302 … ·
//	         found redirect: URL - TIME
//
// Source: ClientSocket.kt and CellularConnectionManager.swift of the vendor's libraries.

// sdkWords are the lines of their own.
var sdkWords = sync.OnceValue(func() (p struct{ tag, start, stamp, found, trouble *regexp.Regexp }) {
	p.tag = regexp.MustCompile(`^.{0,80}?(?:CellularClient|VGSilentAuth)\s*(?:\(\s*\d+\))?\s*[-:] ?`)
	p.start = regexp.MustCompile(`^Start connection (?:on simulator )?(\S+) (-?\d+) (https?)(?: (\S+))?`)
	p.stamp = regexp.MustCompile(`^(Connected|Response -|Status - \d+|Found redirect -) ?(\S*)`)
	p.found = regexp.MustCompile(`^found redirect: (\S+)(?: - (\S+))?$`)
	p.trouble = regexp.MustCompile(`^(?:Cannot create socket exception|Client (?:sending |reading )?exception)\s*(.*)$`)
	return p
})

// An sdkLog is such a text under way.
type sdkLog struct {
	r          *reader
	x          *exchange
	target     string
	host       string // of the Host header
	scheme     string // of a connection; empty: not known yet
	port       string
	started    time.Time
	connected  time.Time
	next       string // the URL that a redirect named
	inHead     bool   // among the headers of a request or an answer
	inAnswer   bool
	waitingURL bool // a connection was announced for a request to come
	afterOwn   bool // the last line was the library's: a line break after it ends no head
}

// sdk reads the JSON that a phone library answers with, or the text of its url_trace.
func (r *reader) sdk(b []byte) error {
	text := string(b)
	if b[0] == '{' {
		var in struct {
			Debug struct {
				Trace words `json:"url_trace"`
			} `json:"debug"`
			Trace       words  `json:"url_trace"`
			Status      number `json:"http_status"`
			Code        words  `json:"error"`
			Description words  `json:"error_description"`
		}
		if err := json.Unmarshal(b, &in); err != nil {
			return jsonTrouble(b, err)
		}
		text = string(in.Debug.Trace + in.Trace)
		r.opts.End = End{Code: r.mask.short(string(in.Code)), Reason: r.mask.short(string(in.Description))}
		if text == "" {
			return errors.New("there is no debug.url_trace in it: the app must ask for debug output")
		}
	}
	s := &sdkLog{r: r}
	for l := range strings.SplitSeq(text, "\n") {
		s.line(strings.TrimSuffix(l[:min(len(l), maxLine)], "\r"))
	}
	s.done(time.Time{})
	if len(r.hops) == 0 {
		return errors.New("no request in the url_trace")
	}
	r.opts.Tool = "phone library"
	return nil
}

// line reads one line.
func (s *sdkLog) line(l string) {
	w := sdkWords()
	if m := w.tag.FindString(l); m != "" {
		l = l[len(m):]
	}
	if s.own(l) {
		s.afterOwn = true
		return
	}
	if blank := strings.TrimSpace(l) == ""; blank && s.afterOwn {
		s.afterOwn = false
		return
	}
	s.afterOwn = false
	if method, target, ok := requestLine(strings.TrimSpace(l)); ok {
		s.request(method, target)
		return
	}
	if s.x == nil {
		return
	}
	if status, proto, ok := statusLine(l); ok {
		s.x.status, s.x.proto, s.x.header = status, proto, http.Header{}
		s.inHead, s.inAnswer = true, true
		return
	}
	name, value, ok := strings.Cut(l, ": ")
	switch {
	case s.inHead && ok && !strings.ContainsAny(name, " \t{"):
		s.header(name, strings.TrimSpace(value))
	case s.inAnswer && s.inHead && strings.TrimSpace(l) == "" && len(s.x.header) > 0:
		s.inHead = false
	case s.inAnswer && !s.inHead && len(s.x.page)+len(l) < maxPage:
		s.x.page = append(append(s.x.page, l...), '\n')
	}
}

// own reads a line of the library's own; false if it is none.
func (s *sdkLog) own(l string) bool {
	w := sdkWords()
	if m := w.start.FindStringSubmatch(l); m != nil {
		s.connection(m[3], m[2], when(m[4]))
		return true
	}
	if m := w.stamp.FindStringSubmatch(l); m != nil {
		s.stamped(m[1], when(m[2]))
		return true
	}
	if m := w.found.FindStringSubmatch(l); m != nil {
		s.done(when(m[2]))
		s.next = m[1]
		return true
	}
	if m := w.trouble.FindStringSubmatch(l); m != nil {
		s.trouble(m[1])
		return true
	}
	for _, own := range []string{"cookie - ", "Body - ", "command:", "response:", "Cannot parse cookie "} {
		if strings.HasPrefix(l, own) {
			return true
		}
	}
	return false
}

// connection notes that one is opened: before the request on Android, after it on iOS.
func (s *sdkLog) connection(scheme, port string, at time.Time) {
	if s.x != nil && s.x.status == 0 && s.scheme == "" {
		s.scheme, s.port, s.x.start = scheme, port, at
		s.x.url = s.url()
		return
	}
	s.done(at)
	s.scheme, s.port, s.started, s.waitingURL = scheme, port, at, true
}

// request begins an exchange.
func (s *sdkLog) request(method, target string) {
	if s.x != nil {
		s.done(time.Time{})
	}
	if !s.waitingURL {
		s.scheme, s.port, s.started = "", "", time.Time{}
	}
	s.waitingURL, s.inHead, s.inAnswer = false, true, false
	s.x = &exchange{method: method, start: s.started, header: http.Header{}}
	if !s.connected.IsZero() && !s.started.IsZero() {
		s.x.connect = max(0, s.connected.Sub(s.started))
	}
	s.target, s.host, s.connected = target, "", time.Time{}
}

// header takes a header of the request or the answer.
func (s *sdkLog) header(name, value string) {
	if s.inAnswer {
		s.x.header.Add(name, value)
		return
	}
	switch strings.ToLower(name) {
	case "host":
		s.host = value
		s.x.url = s.url()
	case "cookie":
		s.x.cookies = value
	}
}

// url is the URL of the request under way; of an unknown scheme, https.
func (s *sdkLog) url() string {
	scheme := s.scheme
	if u, err := url.Parse(s.next); scheme == "" && err == nil {
		scheme = u.Scheme
	}
	if scheme == "" {
		scheme = "https"
	}
	host := s.host
	if _, _, err := net.SplitHostPort(host); err != nil && s.port != "" && s.port != "-1" && s.port != "443" && s.port != "80" {
		host = net.JoinHostPort(host, s.port)
	}
	return scheme + "://" + host + s.target
}

// stamped takes a line with a time.
func (s *sdkLog) stamped(what string, at time.Time) {
	switch {
	case at.IsZero():
	case what == "Connected":
		s.connected = at
	case s.x == nil || s.x.start.IsZero():
	default:
		s.x.total = max(s.x.total, at.Sub(s.x.start))
	}
}

// trouble takes an error.
func (s *sdkLog) trouble(text string) {
	if s.x == nil {
		s.x = &exchange{method: http.MethodGet, url: s.next, start: s.started, phase: PhaseConnect}
	}
	s.x.errText = text
	if text == "" {
		s.x.errText = "the library does not say why"
	}
}

// done hands in the exchange under way.
func (s *sdkLog) done(at time.Time) {
	if s.x == nil {
		return
	}
	if !at.IsZero() && !s.x.start.IsZero() {
		s.x.total = max(s.x.total, at.Sub(s.x.start))
	}
	if s.x.url == "" {
		s.x.url = s.url()
	}
	s.r.add(s.x)
	s.x, s.next, s.scheme, s.inAnswer, s.inHead = nil, "", "", false, false
}

// when reads a time; zero if it is none.
func when(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
