package trace

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// inHAR is what is read of a HAR. Programs write null or a text where the specification has a
// number, and leave much out; only what a chain cannot do without is insisted on.
type inHAR struct {
	Log *struct {
		Version words `json:"version"`
		Creator struct {
			Name    words `json:"name"`
			Version words `json:"version"`
		} `json:"creator"`
		Comment words             `json:"comment"`
		Entries []json.RawMessage `json:"entries"`
		Own     *Trace            `json:"_vnv"`
	} `json:"log"`
}

type inEntry struct {
	Started  words  `json:"startedDateTime"`
	Time     number `json:"time"`
	Kind     words  `json:"_resourceType"`
	ServerIP words  `json:"serverIPAddress"`
	Comment  words  `json:"comment"`
	Own      *Hop   `json:"_vnv"`
	Security struct {
		Protocol words `json:"protocol"`
		Issuer   words `json:"issuer"`
	} `json:"_securityDetails"`
	Request *struct {
		Method  words    `json:"method"`
		URL     words    `json:"url"`
		Version words    `json:"httpVersion"`
		Headers []inPair `json:"headers"`
		Cookies []inPair `json:"cookies"`
	} `json:"request"`
	Response *struct {
		Status   number   `json:"status"`
		Version  words    `json:"httpVersion"`
		Headers  []inPair `json:"headers"`
		Redirect words    `json:"redirectURL"`
		Text     words    `json:"statusText"`
		Error    words    `json:"_error"`       // of Chromium, and of ours
		Failure  words    `json:"_failureText"` // of Playwright
		Content  struct {
			MimeType words `json:"mimeType"`
			Text     words `json:"text"`
			Encoding words `json:"encoding"`
		} `json:"content"`
	} `json:"response"`
	Timings struct {
		Blocked number `json:"blocked"`
		DNS     number `json:"dns"`
		Connect number `json:"connect"`
		SSL     number `json:"ssl"`
		Wait    number `json:"wait"`
	} `json:"timings"`
}

type inPair struct {
	Name  words `json:"name"`
	Value words `json:"value"`
}

// words is a text; anything else in its place is read as none.
type words string

// UnmarshalJSON implements [json.Unmarshaler].
func (w *words) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*w = words(s)
	}
	return nil
}

// number is a number, or a text of one; anything else in its place is 0.
type number float64

// UnmarshalJSON implements [json.Unmarshaler].
func (n *number) UnmarshalJSON(b []byte) error {
	var f float64
	if json.Unmarshal([]byte(strings.Trim(string(b), `"`)), &f) == nil {
		*n = number(f)
	}
	return nil
}

// took is a time in milliseconds; HAR's -1 is none.
func (n number) took() time.Duration { return duration(max(0, float64(n))) }

// har reads a HAR. Of a browser's, only the documents count, not what their pages load.
func (r *reader) har(b []byte) error {
	var in inHAR
	if err := json.Unmarshal(b, &in); err != nil {
		return jsonTrouble(b, err)
	}
	switch {
	case in.Log == nil:
		return errors.New("log is no object")
	case in.Log.Entries == nil:
		return errors.New("log.entries is missing")
	}
	r.opts.Tool = r.mask.short(strings.TrimSpace(string(in.Log.Creator.Name + " " + in.Log.Creator.Version)))
	ours := in.Log.Creator.Name == harCreator && in.Log.Own != nil
	if ours {
		r.mask.adopt(b)
	}
	var foreign []*exchange
	for i, raw := range in.Log.Entries {
		var e inEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("log.entries[%d]: %w", i, jsonTrouble(raw, err))
		}
		if ours && e.Own != nil {
			r.remask([]Hop{*e.Own})
			continue
		}
		x, err := e.exchange()
		if err != nil {
			return fmt.Errorf("log.entries[%d]%w", i, err)
		}
		if len(foreign) < maxEntries {
			foreign = append(foreign, x)
		}
	}
	for _, x := range chainIn(foreign) {
		r.add(x)
	}
	if ours {
		hops := r.hops
		r.ours(in.Log.Own)
		r.hops = hops
	}
	return nil
}

// exchange reads one entry.
func (e *inEntry) exchange() (*exchange, error) {
	switch {
	case e.Request == nil:
		return nil, errors.New(".request is missing")
	case e.Request.URL == "":
		return nil, errors.New(".request.url is missing")
	case e.Response == nil:
		return nil, errors.New(".response is missing")
	}
	sent := headers(e.Request.Headers)
	x := &exchange{
		method: string(e.Request.Method), url: string(e.Request.URL), status: max(0, int(e.Response.Status)), proto: protocol(string(e.Response.Version)),
		header: headers(e.Response.Headers), cookies: sent.Get("Cookie"), from: sent.Get("Referer"), start: started(string(e.Started)),
		total: e.Time.took(), dns: e.Timings.DNS.took(), handshake: e.Timings.SSL.took(), wait: e.Timings.Wait.took(),
		tls: tlsVersion(string(e.Security.Protocol)), issuer: string(e.Security.Issuer), remote: e.remote(),
		loaded: !e.document(sent.Get("Sec-Fetch-Dest")),
	}
	x.connect = max(0, e.Timings.Connect.took()-x.handshake)
	if u, err := url.Parse(x.url); err == nil {
		x.step = apiStep(x.method, u.Path)
	}
	if x.cookies == "" {
		x.cookies = cookieHeader(e.Request.Cookies)
	}
	if x.header.Get("Location") == "" && e.Response.Redirect != "" && x.status/100 == 3 {
		x.header.Set("Location", string(e.Response.Redirect))
	}
	if x.header.Get("Content-Type") == "" && e.Response.Content.MimeType != "x-unknown" { // as Chromium says of none
		x.header.Set("Content-Type", string(e.Response.Content.MimeType))
	}
	x.page = e.body()
	x.errText = string(cmp.Or(e.Response.Error, e.Response.Failure))
	if x.status == 0 {
		x.errText = cmp.Or(x.errText, string(e.Response.Text), string(e.Comment), "no answer")
		x.phase = phaseOf(x.errText)
	}
	return x, nil
}

// document says whether e can be a step of a chain, rather than what a page loads: by what the browser says it
// is for, else by what came.
func (e *inEntry) document(dest string) bool {
	switch {
	case e.Request.Method == http.MethodOptions:
		return false // a preflight
	case e.Kind != "":
		return e.Kind == "document" || e.Kind == "other"
	case dest != "" && !stoodIn(dest):
		return dest == "document"
	}
	kind := string(e.Response.Content.MimeType)
	for _, loaded := range []string{"image/", "font/", "text/css", "text/javascript", "application/javascript", "application/x-javascript", "video/", "audio/"} {
		if strings.HasPrefix(kind, loaded) {
			return false
		}
	}
	return true
}

// started reads a time; zero: the file does not say when, or not in a way that is known.
func started(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// remote is the address that was asked, with the port of the URL.
func (e *inEntry) remote() string {
	ip := strings.Trim(string(e.ServerIP), "[]")
	u, err := url.Parse(string(e.Request.URL))
	if ip == "" || err != nil {
		return ip
	}
	return net.JoinHostPort(ip, port(u))
}

// body is the beginning of the answer's body.
func (e *inEntry) body() []byte {
	text := string(e.Response.Content.Text)
	if e.Response.Content.Encoding == "base64" {
		text = text[:min(len(text), base64.StdEncoding.EncodedLen(maxPage))]
		b, _ := base64.StdEncoding.DecodeString(text) // what is no base64 has no title
		return b
	}
	return []byte(text[:min(len(text), maxPage)])
}

// headers are the headers of a HAR as a program has them.
func headers(pairs []inPair) http.Header {
	const most = 1000 // of one name
	h := http.Header{}
	for _, p := range pairs {
		for _, v := range strings.SplitN(string(p.Value), "\n", most) { // Firefox joins equal names with line breaks
			h.Add(string(p.Name), v)
		}
	}
	return h
}

// cookieHeader is the Cookie header that sends these.
func cookieHeader(cookies []inPair) string {
	var names []string
	for _, c := range cookies {
		names = append(names, string(c.Name)+"=x")
	}
	return strings.Join(names, "; ")
}

// protocol is a protocol as Go spells it, out of "h2", "http/1.1", "HTTP/2".
func protocol(s string) string {
	known := map[string]string{"h2": "HTTP/2.0", "http/2": "HTTP/2.0", "http/2.0": "HTTP/2.0", "h3": "HTTP/3.0", "http/3": "HTTP/3.0"}
	low := strings.ToLower(strings.TrimSpace(s))
	if p, ok := known[low]; ok {
		return p
	}
	if strings.HasPrefix(low, "http/") {
		return strings.ToUpper(low)
	}
	return ""
}
