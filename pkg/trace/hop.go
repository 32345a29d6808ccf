package trace

import (
	"bytes"
	"encoding/json"
	"math"
	"time"
)

// A Hop is one request and its answer, masked already: nothing in it needs hiding, and all of it
// may be printed on a terminal. In JSON its names are snake_case and its durations are
// milliseconds with a fraction (dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms).
type Hop struct {
	N     int       `json:"n"`              // 1, 2, … within the step
	Step  string    `json:"step,omitempty"` // what the request was for: "enable", "authorize", …
	Start time.Time `json:"start"`          // UTC

	Method   string `json:"method"`
	URL      string `json:"url"`
	Status   int    `json:"status"` // 0: no answer, see Error
	Location string `json:"location"`
	Role     string `json:"role"` // whose host: one of the Role… names

	RoleGuessed bool     `json:"role_guessed,omitempty"` // Role is not by a table, but by what is usual
	Changes     []Change `json:"changes,omitempty"`      // in the parameters of the URL, since the hop before of this step

	Proto       string `json:"proto,omitempty"`        // "HTTP/1.1", "HTTP/2.0"
	RemoteAddr  string `json:"remote_addr,omitempty"`  // "192.0.2.7:443": the address really used
	TLSVersion  string `json:"tls_version,omitempty"`  // "TLS 1.3"; empty: no TLS
	ContentType string `json:"content_type,omitempty"` // without parameters
	CertIssuer  string `json:"cert_issuer,omitempty"`  // who issued the certificate: "CN=…, O=…"; empty: no TLS
	Title       string `json:"title,omitempty"`        // of an HTML page that is no redirect
	Refresh     string `json:"refresh,omitempty"`      // where the page's meta refresh or Refresh header leads
	Reused      bool   `json:"reused"`                 // on a connection that was there before

	DNS       time.Duration `json:"-"` // name lookup; 0 on a reused connection
	Connect   time.Duration `json:"-"` // TCP, from the first attempt to the one that worked
	TLS       time.Duration `json:"-"` // TLS handshake
	FirstByte time.Duration `json:"-"` // from the connection being ready to the first byte of the answer
	Total     time.Duration `json:"-"` // from Start to the end of the body

	Date time.Time     `json:"date,omitzero"` // of the answer, by the clock of who sent it (UTC, whole seconds)
	Skew time.Duration `json:"-"`             // how far that clock is certainly ahead of ours (skew_ms); negative: behind

	Headers     map[string]string `json:"headers,omitempty"`      // trace headers of the answer, lower-case names
	CookiesSent []string          `json:"cookies_sent,omitempty"` // names only
	CookiesSet  []string          `json:"cookies_set,omitempty"`  // names only
	Cookies     []Cookie          `json:"cookies,omitempty"`      // where the cookies set are to be sent

	Notes []Note `json:"notes,omitempty"`
	Phase string `json:"phase,omitempty"` // where a failed request stood: one of the Phase… names
	Error string `json:"error,omitempty"` // why there was no answer, or no whole one

	seq int // order of starting, over all steps
}

// A Note is a remark about a hop by whoever sent it, for example that its URL was cleartext.
type Note struct {
	Kind string `json:"kind"` // "cleartext", "proxy", …: for programs
	Text string `json:"text"` // one line for people
}

// A Cookie is what an answer says of one that it sets: all but the value.
type Cookie struct {
	Name     string `json:"name"`
	Domain   string `json:"domain,omitempty"` // empty: this host alone
	Path     string `json:"path,omitempty"`   // empty: the folder of the URL
	SameSite string `json:"same_site,omitempty"`
	Secure   bool   `json:"secure,omitempty"`
	Gone     bool   `json:"gone,omitempty"` // it is taken back, not set
}

// A Change is what became of one parameter since the hop before. Values are shown as the mask shows
// them: the same pseudonym is the same value.
type Change struct {
	Param string `json:"param"`
	What  string `json:"what"` // one of the What… names
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// What can become of a parameter.
const (
	WhatNew     = "new"
	WhatChanged = "changed"
	WhatGone    = "gone"
)

// Where a request can be when it fails.
const (
	PhaseDNS     = "dns"
	PhaseConnect = "connect"
	PhaseTLS     = "tls"
	PhaseAnswer  = "answer" // connected, the answer has not begun
	PhaseBody    = "body"   // the answer has begun
)

// plainHop is Hop without its methods.
type plainHop Hop

// hopJSON is a Hop as JSON has it.
type hopJSON struct {
	*plainHop
	DNS       float64 `json:"dns_ms"`
	Connect   float64 `json:"connect_ms"`
	TLS       float64 `json:"tls_ms"`
	FirstByte float64 `json:"first_byte_ms"`
	Total     float64 `json:"total_ms"`
	Skew      float64 `json:"skew_ms,omitzero"`
}

// MarshalJSON implements [json.Marshaler]. Whether & is escaped is left to whoever encodes.
func (h Hop) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(hopJSON{
		plainHop: (*plainHop)(&h),
		DNS:      millis(h.DNS), Connect: millis(h.Connect), TLS: millis(h.TLS),
		FirstByte: millis(h.FirstByte), Total: millis(h.Total), Skew: millis(h.Skew),
	})
	return b.Bytes(), err
}

// UnmarshalJSON implements [json.Unmarshaler]: the inverse of [Hop.MarshalJSON], to the microsecond.
func (h *Hop) UnmarshalJSON(b []byte) error {
	j := hopJSON{plainHop: (*plainHop)(h)}
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	h.DNS, h.Connect, h.TLS = duration(j.DNS), duration(j.Connect), duration(j.TLS)
	h.FirstByte, h.Total = duration(j.FirstByte), duration(j.Total)
	h.Skew = duration(j.Skew)
	return nil
}

// millis is d in milliseconds, cut to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// duration is the inverse of millis.
func duration(ms float64) time.Duration {
	const most = float64(1<<40) * 1000 // some 35 years
	return time.Duration(math.Round(max(-most, min(ms, most))*1000)) * time.Microsecond
}
