package trace

import (
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
		Error    words    `json:"_error"`
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
	for i, raw := range in.Log.Entries {
		var e inEntry
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("log.entries[%d]: %w", i, jsonTrouble(raw, err))
		}
		if ours && e.Own != nil {
			r.remask([]Hop{*e.Own})
			continue
		}
		if err := r.entry(&e); err != nil {
			return fmt.Errorf("log.entries[%d]%w", i, err)
		}
	}
	if ours {
		hops := r.hops
		r.ours(in.Log.Own)
		r.hops = hops
	}
	return nil
}

// entry reads one entry.
func (r *reader) entry(e *inEntry) error {
	switch {
	case e.Request == nil:
		return errors.New(".request is missing")
	case e.Request.URL == "":
		return errors.New(".request.url is missing")
	case e.Response == nil:
		return errors.New(".response is missing")
	case !e.document():
		return nil
	}
	x := &exchange{
		method: string(e.Request.Method), url: string(e.Request.URL), status: int(e.Response.Status), proto: protocol(string(e.Response.Version)),
		header: headers(e.Response.Headers), cookies: headers(e.Request.Headers).Get("Cookie"), errText: string(e.Response.Error),
		total: e.Time.took(), dns: e.Timings.DNS.took(), handshake: e.Timings.SSL.took(), wait: e.Timings.Wait.took(),
		tls: tlsVersion(string(e.Security.Protocol)), issuer: string(e.Security.Issuer), remote: e.remote(),
	}
	x.connect = max(0, e.Timings.Connect.took()-x.handshake)
	x.start, _ = time.Parse(time.RFC3339Nano, string(e.Started)) // zero: the file does not say when
	if x.cookies == "" {
		x.cookies = cookieHeader(e.Request.Cookies)
	}
	if x.header.Get("Location") == "" && e.Response.Redirect != "" {
		x.header.Set("Location", string(e.Response.Redirect))
	}
	if x.header.Get("Content-Type") == "" {
		x.header.Set("Content-Type", string(e.Response.Content.MimeType))
	}
	x.page = e.body()
	if x.status == 0 && x.errText == "" {
		x.errText = "no answer"
	}
	r.add(x)
	return nil
}

// document says whether e is a step of a chain, rather than what a page loads.
func (e *inEntry) document() bool {
	if e.Kind != "" {
		return e.Kind == "document" || e.Kind == "other"
	}
	kind := string(e.Response.Content.MimeType)
	for _, loaded := range []string{"image/", "font/", "text/css", "text/javascript", "application/javascript", "application/x-javascript", "video/", "audio/"} {
		if strings.HasPrefix(kind, loaded) {
			return false
		}
	}
	return true
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
	h := http.Header{}
	for _, p := range pairs {
		for v := range strings.SplitSeq(string(p.Value), "\n") { // Firefox joins equal names with line breaks
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
