package sandbox

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/maphash"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is one sandbox: an application with its registered key and redirect URIs, and everything
// that is under way. Make it with [New], or with [Start] in a test. It is safe for concurrent use.
//
// It is an [http.Handler] too, with all roles on one origin, for those who bring their own listener;
// say then under which origin it is reached, by [Options.PublicURL].
type Server struct {
	options Options
	key     func() (*rsa.PublicKey, error)
	ids     ids
	// subjects is the secret that the sub of an id_token is made with.
	subjects func() []byte
	seed     maphash.Seed
	ledger   ledger
	armed    atomic.Pointer[[]*armed]
	closing  chan struct{} // closed by Shutdown: whoever waits stops
	net      network
	hooks    webhooks

	vendor, carrier string // origins
	plain           string // the carrier without TLS, for hops that fall back to it; "" where there is none
	publicHost      string
	tls             *tls.Config // nil without TLS
	caPEM           []byte
	control         control
	offset          atomic.Int64 // how far the clock was advanced, nanoseconds
	begun           atomic.Int64 // flows, so far

	mu        sync.Mutex // guards what follows
	redirects []string   // the last one is where new flows end
	flows     *store[string, *flow]
	states    *store[uint64, struct{}] // hashes: only whether one was there counts
	codes     *store[string, grant]
	spent     *store[string, spent]
	tokens    *store[string, grant]
	requests  *store[string, *silent] // of the second API, by id
	numbers   *store[string, string]  // the id of the one under way for a number
	pending   []*silent               // in the order of their start, where a webhook tells when they expire
	met       *store[string, *met]    // how far a scenario's numbers have come
	jwts      *store[string, string]  // the Authorization headers that were found good
}

// flow is one enablement on its way to a code, under the state that the vendor made of the caller's.
type flow struct {
	grant
	state string // the caller's, given back untouched
	// What the carrier hands out: the cookie of its session, and its code for the vendor.
	cookie, carrierCode string
	silent              *silent // nil in the first API
}

func (f *flow) isSilent() bool { return f != nil && f.silent != nil }

// grant is what a code, and then a token, stands for.
type grant struct {
	flowNumber                int64 // as in the ledger
	phone, scope, redirectURI string
	result                    outcome
	part                      *part // of a scenario, or nil
	direct                    bool  // the app asked by itself, without Network Enablement
	proof                     proof
	signIn                    *signIn // where an id_token is due, or nil
}

// spent is what became of a used code.
type spent struct {
	token string
	flow  int64
}

// New makes a sandbox that listens nowhere yet. Its error says which option is wrong.
func New(o Options) (*Server, error) {
	o.setDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	armed, err := arm(o.Faults)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: o,
		key:     testPublicKey,
		closing: make(chan struct{}),
		ids:     newIDs(o, 0),
		seed:    maphash.MakeSeed(),
		ledger:  ledger{size: o.LedgerSize},
	}
	s.hooks.ids = newIDs(o, 1)
	s.subjects = s.newSubjects()
	s.armed.Store(&armed)
	s.forget()
	if o.PublicKey != nil {
		s.key = func() (*rsa.PublicKey, error) { return o.PublicKey, nil }
	}
	s.setOrigins("http://127.0.0.1", "http://127.0.0.1")
	for _, uri := range o.RedirectURIs {
		if err := s.Register(uri); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// forget begins with empty stores, under the server's lock or before anybody else has the server.
func (s *Server) forget() {
	o := &s.options
	s.flows = newStore[string, *flow](maxFlows, max(flowTTL, o.SilentTTL))
	s.states = newStore[uint64, struct{}](maxStates, statesTTL)
	s.codes = newStore[string, grant](maxFlows, o.CodeTTL)
	s.spent = newStore[string, spent](maxFlows, o.TokenTTL)
	s.tokens = newStore[string, grant](maxFlows, o.TokenTTL)
	s.requests = newStore[string, *silent](maxFlows, max(requestTTL, o.SilentTTL))
	s.numbers = newStore[string, string](maxFlows, o.SilentTTL)
	s.met = newStore[string, *met](maxFlows, statesTTL)
	s.jwts = newStore[string, string](maxJWTs, maxLifetime+2*leeway)
	s.pending = nil
}

// Reset makes the sandbox as it was at its start: what is under way, the ledger, the sequences of a scenario
// and the clock are forgotten, faults are those of [Options.Faults] again, and a seed begins anew. Ports,
// certificates and redirect URIs stay.
func (s *Server) Reset() {
	armed, _ := arm(s.options.Faults) // they were good at the start
	s.armed.Store(&armed)
	s.offset.Store(0)
	s.ids.restart(s.options)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
	s.ledger.clear()
}

// Advance moves the sandbox's clock, so that codes, tokens and JWTs expire without waiting; Date headers
// follow it. It never moves backwards, but for [Server.Reset].
func (s *Server) Advance(by time.Duration) {
	if by > 0 {
		s.offset.Add(int64(by))
	}
}

// setOrigins says where the roles are reached; a PublicURL has the last word.
func (s *Server) setOrigins(vendor, carrier string) {
	s.vendor, s.carrier, s.plain = vendor, carrier, ""
	if strings.HasPrefix(carrier, "http://") {
		s.plain = carrier
	}
	if public := s.options.PublicURL; public != "" {
		s.vendor, s.carrier = public, public
		_, authority, _ := strings.Cut(public, "://")
		s.publicHost = hostname(authority)
	}
}

// URL is the base URL for the client: the vendor's origin, without a slash at the end. It is known
// once [Server.Listen] has returned.
func (s *Server) URL() string { return s.vendor }

// CarrierURL is the origin of the carrier's hops, the same as URL with a single port.
func (s *Server) CarrierURL() string { return s.carrier }

// ApplicationID is the one application that the sandbox knows.
func (s *Server) ApplicationID() string { return s.options.ApplicationID }

// PrivateKeyPEM is the key that signs JWTs for the sandbox: the test key, or nil where
// [Options.PublicKey] is the caller's own.
func (s *Server) PrivateKeyPEM() []byte {
	if s.options.PublicKey != nil {
		return nil
	}
	return bytes.Clone(testKeyPEM)
}

// Register adds a redirect URI of the application, as its owner does in the vendor's dashboard. Flows
// enabled from now on end there; those under way keep the one they began with.
func (s *Server) Register(redirectURI string) error {
	if !isWebURL(redirectURI) {
		return errors.New("redirect URI: want an absolute http or https URL without user, fragment, spaces and unencoded characters")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redirects = slices.DeleteFunc(s.redirects, func(known string) bool { return known == redirectURI })
	s.redirects = append(s.redirects, redirectURI)
	return nil
}

// RedirectURI is where new flows end: the one registered last, "" if there is none.
func (s *Server) RedirectURI() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.redirectURI()
}

func (s *Server) redirectURI() string {
	if len(s.redirects) == 0 {
		return ""
	}
	return s.redirects[len(s.redirects)-1]
}

// Requests returns what was received, oldest first: the last [Options.LedgerSize] requests, each
// noted before its answer ended. Entries are not masked.
func (s *Server) Requests() []Entry { return s.ledger.all() }

func (s *Server) now() time.Time {
	offset := time.Duration(s.offset.Load())
	if s.options.Now != nil {
		return s.options.Now().Add(offset)
	}
	return clock().Add(offset)
}

// hasOwnClock tells whether the Date header must be ours.
func (s *Server) hasOwnClock() bool { return s.options.Now != nil || s.offset.Load() != 0 }

// freeRedirectURI names a loopback port that was free a moment ago; nobody holds it.
func freeRedirectURI(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port for the redirect URI: %w", err)
	}
	defer l.Close()
	return "http://" + l.Addr().String() + "/callback", nil
}
