package verdict

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// pasted is the last HTTP answer in a text, as curl -i or curl -v shows it.
type pasted struct {
	method, path string // of the request, where it is shown
	canned
	redirects int // answers before it that lead on
	found     bool
}

// readHTTP takes a text apart, line by line.
func readHTTP(text string) pasted {
	var p pasted
	var body strings.Builder
	inHead, inBody := false, false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		mark, bare := marked(line)
		if status, ok := statusLine(bare); ok && mark != '>' {
			if p.found && p.status/100 == 3 && p.header.Get("Location") != "" {
				p.redirects++
			}
			p.found, p.status, p.header = true, status, http.Header{}
			inHead, inBody = true, false
			body.Reset()
			continue
		}
		switch {
		case mark == '>':
			p.request(bare)
		case mark == '*':
		case inHead && strings.TrimSpace(bare) == "":
			inHead, inBody = false, true
		case inHead:
			if name, value, ok := strings.Cut(bare, ":"); ok {
				p.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
			}
		case inBody && mark == 0:
			body.WriteString(line + "\n")
		}
	}
	p.body = []byte(strings.TrimSpace(body.String()))
	return p
}

// marked takes away the mark that curl -v puts before a line: > < *, else 0.
func marked(line string) (mark byte, rest string) {
	if len(line) > 0 && (line[0] == '>' || line[0] == '<' || line[0] == '*') && (len(line) == 1 || line[1] == ' ') {
		return line[0], strings.TrimPrefix(line[1:], " ")
	}
	return 0, line
}

func (p *pasted) request(line string) {
	method, rest, ok := strings.Cut(line, " ")
	path, _, _ := strings.Cut(rest, " ")
	if ok && strings.HasPrefix(path, "/") && strings.ToUpper(method) == method {
		p.method, p.path = method, path
	}
}

// statusLine reads "HTTP/1.1 401 Unauthorized".
func statusLine(line string) (int, bool) {
	proto, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
	if !ok || !strings.HasPrefix(strings.ToUpper(proto), "HTTP/") {
		return 0, false
	}
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	return status, err == nil && status >= 100 && status < 600
}

// steps by the path of a request.
var paths = []struct{ part, step string }{
	{"/oauth2/token", "exchange"},
	{"/token", "exchange"},
	{"network-enablement", "enable"},
	{"number-verification", "verify"},
	{"/verify/", "check"},
	{"/v2/verify", "start"},
}

func (r *reading) answer() (Explanation, bool) {
	p := readHTTP(r.input)
	if !p.found {
		return Explanation{}, false
	}
	doc, raw, isObject := object(string(p.body))
	s := shape{name: "an HTTP answer", step: "enable"}
	if isObject {
		p.body = []byte(raw)
		if found, ok := shapeOf(doc, raw); ok {
			s = found
		}
	}
	for _, row := range paths {
		if p.path != "" && strings.Contains(p.path, row.part) {
			s.step = row.step
			break
		}
	}
	s.name = "an HTTP answer: " + strings.TrimPrefix(s.name, "an HTTP answer")
	s.name = strings.TrimSuffix(strings.TrimSpace(s.name), ":")
	if p.status/100 == 3 {
		return r.redirect(p)
	}
	if p.method == http.MethodGet && !isObject {
		return r.chainAnswer(p)
	}
	return r.offered(s, doc, &p.canned)
}

// redirect is an answer that leads on: one hop of a chain, or an API call that ought not to.
func (r *reading) redirect(p pasted) (Explanation, bool) {
	location := p.header.Get("Location")
	x := Explanation{What: "a redirect", Facts: []Fact{{Name: "status", Value: strconv.Itoa(p.status)}}}
	if location != "" {
		x.Facts = append(x.Facts, Fact{Name: "location", Value: r.Mask.URL(location)})
		inner := &reading{r.Explainer, location}
		if got, ok := inner.url(); ok {
			got.What, got.Facts = "a redirect to "+got.What, append(x.Facts, got.Facts...)
			return got, true
		}
	}
	if p.method == http.MethodPost {
		_, err := put("enable", &p.canned, "")
		e, _ := errors.AsType[*vnv.Error](err)
		return r.judged(Observation{Err: e}, x)
	}
	if location == "" {
		return of(Judge(Observation{End: trace.End{Kind: trace.EndDead, Status: p.status, Reason: "dead-end"}}), x), true
	}
	x.Title, x.Means = "one hop of a chain", "The client has to go on to the location; the chain ends at the redirect URI."
	x.Source, x.Next = "guide, step 3; RFC 9110 section 15.4", []string{withTrace}
	return x, true
}

// chainAnswer is what came for a GET without JSON: the end of a chain.
func (r *reading) chainAnswer(p pasted) (Explanation, bool) {
	end := trace.End{Kind: trace.EndPage, Status: p.status, ContentType: p.header.Get("Content-Type"), Title: title(string(p.body)), Reason: "page"}
	if !strings.Contains(end.ContentType, "html") && end.Title == "" {
		end.Kind, end.Reason = trace.EndDead, "dead-end"
	}
	x := Explanation{What: "an HTTP answer at the end of a chain", Facts: []Fact{{Name: "status", Value: strconv.Itoa(p.status)}}}
	if end.Title != "" {
		x.Facts = append(x.Facts, Fact{Name: "title", Value: clip(end.Title)})
	}
	return of(Judge(Observation{End: end}), x), true
}

// title is that of a page, on one line; empty if it has none.
func title(page string) string {
	low := strings.ToLower(page)
	at := strings.Index(low, "<title")
	if at < 0 || len(low) != len(page) {
		return ""
	}
	_, rest, _ := strings.Cut(page[at:], ">")
	text, _, _ := strings.Cut(rest, "<")
	return strings.Join(strings.Fields(text), " ")
}

func (r *reading) page() (Explanation, bool) {
	low := strings.ToLower(r.input)
	if !strings.HasPrefix(low, "<") || !strings.Contains(low, "<html") && !strings.Contains(low, "<!doctype html") && !strings.Contains(low, "<title") {
		return Explanation{}, false
	}
	x := Explanation{What: "a web page in place of an answer"}
	if t := title(r.input); t != "" {
		x.Facts = []Fact{{Name: "title", Value: clip(t)}}
	}
	if strings.Contains(low, "http-equiv") && strings.Contains(low, "refresh") {
		return of(Judge(Observation{End: trace.End{Kind: trace.EndPage, Status: 200, Reason: "meta-refresh"}}), x), true
	}
	chain := Judge(Observation{End: trace.End{Kind: trace.EndPage, Status: 200, Title: title(r.input), Reason: "page"}})
	for _, c := range listed([]string{"captive-portal", "service-down"}, Evidence{Field: "body", Text: "it is a page, and the API answers with JSON"}) {
		if len(chain) == 0 || chain[0].Cause != c.Cause {
			chain = append(chain, c)
		}
	}
	return of(chain, x), true
}

// document is an error of vnv's own, from -o json or the last line of ndjson.
func (r *reading) document() (Explanation, bool) {
	text := r.input
	if at := strings.LastIndex(text, "\n{\"event\":\"error\""); at >= 0 {
		text = text[at+1:]
	}
	var doc struct {
		Error struct {
			Op, Kind, Code, Message, Hint, Sent string
			Status, Hop                         int
			TraceID                             string `json:"trace_id"`
			Correlator                          string `json:"x_correlator"`
			Causes                              []Candidate
		}
	}
	if json.Unmarshal([]byte(text), &doc) != nil || doc.Error.Kind == "" || doc.Error.Message == "" {
		return Explanation{}, false
	}
	f := doc.Error
	e := &vnv.Error{
		Op: vnv.Op(f.Op), Kind: vnv.Kind(f.Kind), Status: f.Status, Code: f.Code, Detail: f.Message,
		TraceID: f.TraceID, Correlator: f.Correlator, Sent: vnv.Sent(f.Sent),
	}
	x := Explanation{What: "an error document of vnv", Facts: facts(e)}
	if len(f.Causes) > 0 {
		if _, known := Named(f.Causes[0].Cause); known {
			return of(f.Causes[:1], x), true
		}
	}
	o := Observation{Err: e}
	if f.Hop > 0 {
		o.End = trace.End{Hop: f.Hop, Status: f.Status, Code: f.Code, Kind: trace.EndStopped, Reason: reasonIn(f.Message)}
		e.Status, o.Said = 0, f.Message
	}
	x, ok := r.judged(o, x)
	if x.Title == "" {
		x.Title, x.Means, x.Fix = "a failure that explains itself", f.Message, f.Hint
	}
	return x, ok
}

// reasonIn reads back from a message of ours why a chain ended.
func reasonIn(message string) string {
	for _, row := range [...][2]string{
		{"with an HTML page", "page"},
		{"a loop", "loop"},
		{"with a refresh", "meta-refresh"},
		{"whose script", "script-redirect"},
		{"a dead end", "dead-end"},
		{"did not answer in time", "timeout"},
		{"over plain http, refused", "cleartext-secret"},
		{"refused:", "forbidden-address"},
		{"leads on to", "too-many"},
	} {
		if strings.Contains(message, row[0]) {
			return row[1]
		}
	}
	return ""
}
