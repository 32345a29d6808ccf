package sandbox

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	roleVendor  = "vendor"
	roleCarrier = "carrier"
)

// route is a path: who lives there, which stage it is, how its request is read and how it goes right.
type route struct {
	path, role, method string
	stage              Stage
	read               func(*call) // notes what was sent; what is wrong with it waits in call.malformed
	serve              func(*call)
}

var routes = [...]route{
	{"/v0.1/network-enablement", roleVendor, http.MethodPost, StageEnable, readEnable, serveEnable},
	{authorizePath, roleVendor, http.MethodGet, StageAuthorize, readAuthorize, serveAuthorize},
	{authorizePath, roleVendor, http.MethodPost, StageAuthorize, readPosted, servePosted},
	{firstHop, roleCarrier, http.MethodGet, StageCarrier, readChain, serveEnrichment},
	{"/carrier/session", roleCarrier, http.MethodGet, StageCarrier, readChain, serveSession},
	{"/carrier/session/return", roleCarrier, http.MethodGet, StageCarrier, readChain, serveReturn},
	{"/camara/oauth/callback", roleVendor, http.MethodGet, StageCallback, readChain, serveCallback},
	{exchangePath, roleVendor, http.MethodPost, StageToken, readToken, serveToken},
	{"/camara/number-verification/v031/verify", roleVendor, http.MethodPost, StageVerify, readVerify, serveVerify},
	{camaraV1 + verifyPath, roleVendor, http.MethodPost, StageVerify, readVerify, serveVerify},
	{camaraV1 + sharePath, roleVendor, http.MethodGet, StageVerify, readShare, serveShare},
	{camaraV2 + verifyPath, roleVendor, http.MethodPost, StageVerify, readVerify, serveVerify},
	{camaraV2 + sharePath, roleVendor, http.MethodGet, StageVerify, readShare, serveShare},
	{silentPath, roleVendor, http.MethodPost, StageStart, readStart, serveStart},
	{applicationPath, roleVendor, http.MethodGet, StageApplication, readNothing, serveApplication},
	{discoveryPath, roleVendor, http.MethodGet, StageOpenID, readNothing, serveProvider},
	{metadataPath, roleVendor, http.MethodGet, StageOpenID, readNothing, serveProvider},
	{keySetPath, roleVendor, http.MethodGet, StageOpenID, readNothing, serveKeySet},
}

// allowed are the methods of the route's path.
func (r *route) allowed() string {
	var methods []string
	for _, other := range slices.Concat(routes[:], silentRoutes[:]) {
		if other.path == r.path {
			methods = append(methods, other.method)
		}
	}
	return strings.Join(methods, ", ")
}

// call is one request on its way through the sandbox. It is the ResponseWriter that handlers and
// faults get, and knows what was answered.
type call struct {
	http.ResponseWriter
	s     *Server
	r     *http.Request
	route *route
	now   time.Time
	entry Entry

	body      []byte
	form      url.Values // of the query, at token of the body
	enable    enableRequest
	verify    verifyRequest
	start     startRequest
	malformed *malformed
	number    string // the phone that this is about, as far as it is known; selects faults
	noted     bool
	flow      *flow // in the chain: the one that the state belongs to
	direct    bool  // at /oauth2/auth: the app itself asks
	unopened  error // why its request object is not what it must be
	part      *part // of the scenario, or nil
}

// malformed says why a request cannot be understood: in JSON, its query or its form.
type malformed struct {
	field  string // "" if the whole is
	reason string
}

func (c *call) WriteHeader(status int) {
	if c.entry.Status == 0 {
		c.entry.Status = status
		c.keep(c.Header(), nil)
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *call) Write(b []byte) (int, error) {
	if c.entry.Status == 0 {
		c.entry.Status = http.StatusOK
	}
	c.keep(nil, b)
	return c.ResponseWriter.Write(b)
}

// maxKept bounds what the ledger keeps of a body.
const maxKept = 4 << 10

// keep remembers what is answered, where somebody may look at it.
func (c *call) keep(h http.Header, body []byte) {
	if c.noted || c.s.options.Control == "" {
		return
	}
	if h != nil {
		c.entry.Location = get(h, "Location")
	}
	if room := maxKept - len(c.entry.Answer); room > 0 {
		c.entry.Answer += string(body[:min(room, len(body))])
	}
}

// Unwrap is for http.ResponseController.
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// port is the server as one of its listeners shows it: one role, or all.
type port struct {
	s    *Server
	role string
}

// ServeHTTP answers with all roles on one origin.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { port{s, ""}.ServeHTTP(w, r) }

func (p port) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := p.s.now()
	c := &call{ResponseWriter: w, s: p.s, r: r, now: now, entry: newEntry(r, now)}
	defer c.note()
	if p.s.hasOwnClock() {
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	}
	c.route, c.entry.RequestID = routeOf(r.Method, withoutApplicationID(r.URL.Path))
	if id := c.entry.Correlator; id != "" && c.isCorrelator(id) {
		w.Header()["X-Correlator"] = []string{id}
	}
	switch {
	case !p.s.knows(r.Host):
		c.entry.Note = "the Host header names neither loopback nor the public URL"
		p.s.problem(c, http.StatusMisdirectedRequest, "forbidden", "This host is not served here.")
	case c.route == nil || p.role != "" && p.role != c.route.role:
		c.entry.Note = "nobody lives at this path"
		notFound(c, r.URL.Path)
	default:
		c.run()
	}
}

// run reads the request, lets the faults of its stage have it first, and serves it.
func (c *call) run() {
	c.entry.Role, c.entry.Stage = c.route.role, c.route.stage
	if c.r.Method != c.route.method {
		c.entry.Note = "wrong method"
		c.Header().Set("Allow", c.route.allowed())
		c.refuse(refusal{http.StatusMethodNotAllowed, "This method is not supported here.", nil})
		return
	}
	if c.route.method == http.MethodPost && !c.readBody() {
		return
	}
	c.route.read(c)
	c.number = cmp.Or(c.number, c.entry.Phone)
	if !c.pause() {
		c.entry.Note = "the client did not wait"
		return
	}
	if !c.s.faulted(c) {
		c.route.serve(c)
	}
}

// readBody reads all of it, before any fault, so that a fault may reset the connection of a request
// that was received.
func (c *call) readBody() bool {
	var err error
	c.body, err = io.ReadAll(http.MaxBytesReader(c.ResponseWriter, c.r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		c.entry.Note = "body too large"
		c.refuse(refusal{http.StatusRequestEntityTooLarge, "The request body is too large.", nil})
		return false
	}
	if err != nil {
		c.entry.Note = "body cut off"
		return false
	}
	c.r.Body = io.NopCloser(bytes.NewReader(c.body))
	if c.s.options.Control != "" {
		c.entry.Body = string(c.body[:min(maxKept, len(c.body))])
	}
	return true
}

// note puts the call into the log and the ledger, once: when it is over, or before a fault that keeps
// the client waiting or hangs up on it.
func (c *call) note() {
	if c.noted {
		return
	}
	c.noted = true
	if c.s.options.Log != nil {
		c.s.options.Log(c.entry)
	}
	c.s.ledger.add(&c.entry)
}

// deny notes in words, for the log, why a request is refused as it is.
func (c *call) deny(note string, r refusal) {
	c.entry.Note = note
	c.refuse(r)
}

// knows tells whether a request for host is meant for this sandbox: a web page may reach a loopback
// port through a name of its own, but not make the browser send another Host.
func (s *Server) knows(host string) bool {
	name := hostname(host)
	return isLoopback(name) || s.publicHost != "" && strings.EqualFold(name, s.publicHost)
}

// hostname is authority without its port.
func hostname(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	return authority
}

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}
