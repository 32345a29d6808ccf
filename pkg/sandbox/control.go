package sandbox

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The control API, on a port of its own. Every request needs the token, as a bearer token or, for a page
// that a person opens, as the first segment of the path:
//
//	GET  /v1/status                     where the sandbox is, its clock and its faults
//	GET  /v1/ledger?after=N&wait=10s    what was received, masked; &raw=1 as it was
//	GET  /v1/faults                     all that there are, and those that are set
//	PUT  /v1/faults {"faults":["…"]}    sets others in place of them
//	POST /v1/reset                      see Server.Reset
//	POST /v1/clock {"advance":"10m"}    see Server.Advance
//
// The ledger is masked unless raw is asked for: it ends in logs and reports of CI jobs, where real numbers
// and JWTs signed by real keys may be in it; and a test that must compare what its backend sent asks for
// raw, with the token that it needs anyway. Cookies carry no token, since browsers send them to every port.

// control is what the control API needs of a running server.
type control struct {
	url, token string
	authority  string // as the Host header must say, or under another loopback name with that port
	port       string
}

const (
	maxControlBody = 64 << 10
	maxLedgerWait  = 30 * time.Second
	maxAdvance     = 10 * 365 * 24 * time.Hour
)

// ControlURL is the base URL of the control API, "" without [Options.Control]. Known once [Server.Listen]
// has returned.
func (s *Server) ControlURL() string { return s.control.url }

// ControlToken is the bearer token of the control API: made at the start, from the system's random source
// even if there is a seed, and nowhere else told.
func (s *Server) ControlToken() string { return s.control.token }

// ControlPageURL is what a person opens to see [Options.ControlPage]. It holds the token.
func (s *Server) ControlPageURL() string {
	if s.control.url == "" {
		return ""
	}
	return s.control.url + "/" + s.control.token + "/"
}

func (o *Options) checkControl() error {
	if o.Control == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(o.Control)
	switch {
	case err != nil:
		return fmt.Errorf("control address %q: want host:port", o.Control)
	case !isLoopback(host):
		return fmt.Errorf("control address %q is not loopback", o.Control)
	case o.Public:
		return errors.New("there is no control API where others can reach the sandbox: Public and Control exclude each other")
	}
	return nil
}

// listenControl binds the control API's port, if there is to be one.
func (s *Server) listenControl(ctx context.Context) error {
	if s.options.Control == "" {
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.options.Control)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for the control API: %w", err), s.Close())
	}
	var token [16]byte
	rand.Read(token[:]) // never fails
	host, _, _ := net.SplitHostPort(s.options.Control)
	at := authority(host, l)
	_, number, _ := net.SplitHostPort(at)
	s.control = control{"http://" + at, hex.EncodeToString(token[:]), at, number}
	s.serve(s.guard(s.controlAPI()), nil, l)
	return nil
}

// guard lets only those in who have the token, and no web page of another origin.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h["Cache-Control"] = noStore
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		path, authorised := s.authorise(r)
		switch {
		case !s.control.names(r.Host):
			controlError(w, http.StatusMisdirectedRequest, "this host is not served here")
		case crossSite(r):
			controlError(w, http.StatusForbidden, "requests of other sites are refused")
		case !authorised:
			h.Set("WWW-Authenticate", "Bearer")
			controlError(w, http.StatusUnauthorized, "the token is missing or wrong: it is told once, when the sandbox starts")
		case path == "":
			h.Set("Location", r.URL.Path+"/")
			w.WriteHeader(http.StatusPermanentRedirect)
		default:
			r.URL.Path, r.URL.RawPath = path, ""
			r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
			next.ServeHTTP(w, r)
		}
	})
}

// authorise looks for the token, and returns the path without it: "" where a page's address lacks its last slash.
func (s *Server) authorise(r *http.Request) (path string, ok bool) {
	if token, ok := bearerToken(r.Header.Get("Authorization")); ok {
		return r.URL.Path, s.control.is(token)
	}
	first, rest, inside := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !inside {
		return "", s.control.is(first)
	}
	return "/" + rest, s.control.is(first)
}

func (c *control) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(c.token)) == 1
}

// names tells whether host is this port under a loopback name.
func (c *control) names(host string) bool {
	name, number, err := net.SplitHostPort(host)
	return err == nil && number == c.port && isLoopback(name)
}

// crossSite tells whether a browser says that another site is behind the request.
func crossSite(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return true
	}
	origin := r.Header.Get("Origin")
	return origin != "" && origin != "http://"+r.Host
}

func (s *Server) controlAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", s.controlStatus)
	mux.HandleFunc("GET /v1/ledger", s.controlLedger)
	mux.HandleFunc("GET /v1/faults", s.controlFaults)
	mux.HandleFunc("PUT /v1/faults", s.controlSetFaults)
	mux.HandleFunc("POST /v1/reset", func(w http.ResponseWriter, r *http.Request) {
		s.Reset()
		s.controlStatus(w, r)
	})
	mux.HandleFunc("POST /v1/clock", s.controlClock)
	if s.options.ControlPage != nil {
		mux.Handle("/", s.options.ControlPage)
	}
	return mux
}

func controlError(w http.ResponseWriter, status int, text string) {
	replyJSON(w, status, typeJSON, map[string]string{"error": text})
}

func (s *Server) controlStatus(w http.ResponseWriter, _ *http.Request) {
	replyJSON(w, http.StatusOK, typeJSON, struct {
		BaseURL       string    `json:"base_url"`
		CarrierURL    string    `json:"carrier_url"`
		ApplicationID string    `json:"application_id"`
		RedirectURI   string    `json:"redirect_uri"`
		Now           time.Time `json:"now"`
		Faults        []string  `json:"faults"`
	}{s.vendor, s.carrier, s.ApplicationID(), s.RedirectURI(), s.now().UTC(), s.ActiveFaults()})
}

func (s *Server) controlLedger(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	after, wait := int64(0), time.Duration(0)
	var err error
	if v := query.Get("after"); v != "" {
		after, err = strconv.ParseInt(v, 10, 64)
	}
	if v := query.Get("wait"); v != "" && err == nil {
		wait, err = time.ParseDuration(v)
	}
	if err != nil || after < 0 || wait < 0 {
		controlError(w, http.StatusBadRequest, "want after=NUMBER and wait=DURATION, such as after=12&wait=10s")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), min(wait, maxLedgerWait))
	defer cancel()
	entries := s.RequestsAfter(ctx, after)
	if query.Get("raw") != "1" {
		for i := range entries {
			entries[i] = s.masked(entries[i])
		}
	}
	if entries == nil {
		entries = []Entry{}
	}
	replyJSON(w, http.StatusOK, typeJSON, map[string][]Entry{"entries": entries})
}

func (s *Server) controlFaults(w http.ResponseWriter, _ *http.Request) {
	type row struct {
		Name    string `json:"name"`
		Summary string `json:"summary"`
		Stage   Stage  `json:"stage"`
	}
	faults := allFaults()
	rows := make([]row, 0, len(faults))
	for _, f := range faults {
		rows = append(rows, row{f.Name, f.Summary, f.At})
	}
	replyJSON(w, http.StatusOK, typeJSON, struct {
		Set    []string `json:"set"`
		Faults []row    `json:"faults"`
	}{s.ActiveFaults(), rows})
}

func (s *Server) controlSetFaults(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Faults *[]string `json:"faults"`
	}
	if !readControl(w, r, &body) {
		return
	}
	if body.Faults == nil {
		controlError(w, http.StatusBadRequest, `want {"faults":["NAME[@number-pattern][:times]"]}; an empty list switches all off`)
		return
	}
	if err := s.SetFaults(*body.Faults...); err != nil {
		controlError(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	s.controlStatus(w, r)
}

func (s *Server) controlClock(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Advance string `json:"advance"`
	}
	if !readControl(w, r, &body) {
		return
	}
	by, err := time.ParseDuration(body.Advance)
	if err != nil || by < 0 || by > maxAdvance || time.Duration(s.offset.Load()) > maxAdvance {
		controlError(w, http.StatusUnprocessableEntity, `want {"advance":"10m"}: forwards, and ten years at most`)
		return
	}
	s.Advance(by)
	s.controlStatus(w, r)
}

// readControl reads a JSON body into v, or answers why it cannot.
func readControl(w http.ResponseWriter, r *http.Request, v any) bool {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != typeJSON {
		controlError(w, http.StatusUnsupportedMediaType, "want Content-Type application/json")
		return false
	}
	b, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		controlError(w, http.StatusBadRequest, "the body is not the JSON that is wanted")
		return false
	}
	return true
}
