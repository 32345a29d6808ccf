package sandbox

import (
	"cmp"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Stage is where in the flow a request is, and so where a [Fault] or an error outcome can stand.
type Stage string

// The stages, in the order of the flow. StageCarrier covers every hop of the carrier's chain,
// StageCallback is the vendor's own callback, from where the code goes to the registered redirect_uri.
// Those of the second API follow: between StageCheckURL and StageHandover, where the device is given its
// code, lies StageCarrier again.
const (
	StageEnable    Stage = "enable"
	StageAuthorize Stage = "authorize"
	StageCarrier   Stage = "carrier"
	StageCallback  Stage = "callback"
	StageToken     Stage = "token"
	StageVerify    Stage = "verify"

	StageStart    Stage = "start"
	StageCheckURL Stage = "check-url"
	StageHandover Stage = "handover"
	StageCheck    Stage = "check"
	StageCancel   Stage = "cancel"
)

// The defaults of [Options]. Lifetimes that the vendor does not document are the longest that
// RFC 6749 section 4.1.2 recommends for a code; the token's is the guide's.
const (
	DefaultCodeTTL    = 10 * time.Minute
	DefaultTokenTTL   = time.Hour
	DefaultLedgerSize = 4096

	// DefaultSilentTTL and DefaultCancelAfter are the vendor's for the second API: when a request expires,
	// and from when on it can be cancelled.
	DefaultSilentTTL   = time.Minute
	DefaultCancelAfter = 30 * time.Second

	// DefaultWebhookBackoff is the time before a webhook's second try. The vendor does not document its own.
	DefaultWebhookBackoff = time.Second

	// TestSignatureSecret signs webhooks where no secret is given. Like the test key it is published, and
	// so good for nothing else.
	TestSignatureSecret = "published-by-the-vnv-sandbox-for-tests-only"

	flowTTL     = 10 * time.Minute
	requestTTL  = 10 * time.Minute // how long a request that is over is remembered
	maxFlows    = 4096             // of one generation, see store
	maxStates   = 1 << 15          // of one generation
	statesTTL   = 24 * time.Hour
	maxJWTs     = 256
	maxBody     = 64 << 10
	maxHeaders  = 64 << 10
	drainTime   = 5 * time.Second
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	minLifetime = 30 * time.Second
	maxLifetime = 24 * time.Hour
	jwtDefault  = 15 * time.Minute
	leeway      = 30 * time.Second
)

// clock is the default of [Options.Now].
var clock = time.Now //nolint:forbidigo // the zero value of Now means the real clock

// Options say what differs from the sandbox that needs no settings; the zero value is that sandbox.
type Options struct {
	// Listen is the address of the vendor's side, "127.0.0.1:0" when empty. A host that is not
	// loopback needs Public.
	Listen string
	// Public allows a Listen that others can reach. Requests must still name a loopback host or the
	// host of PublicURL.
	Public bool
	// TLS serves https, HTTP/1.1 and 2, with a certificate of a throw-away CA made at start; see
	// [Server.CAPEM]. Beside it, unless SinglePort is set, the carrier has a port without TLS, for the faults
	// that fall back to it.
	TLS bool
	// PublicURL is the origin under which clients reach the sandbox (a tunnel, a container's name), such
	// as "https://sandbox.example". It implies SinglePort.
	PublicURL string
	// SinglePort puts all roles on one origin, by path, instead of the carrier on a second port under
	// the other loopback name.
	SinglePort bool

	// ApplicationID is the one application, [TestApplicationID] when empty.
	ApplicationID string
	// PublicKey is the application's registered key; nil: the embedded test key.
	PublicKey *rsa.PublicKey
	// RedirectURIs are registered at start; see [Server.Register]. Empty: one on a free loopback port.
	RedirectURIs []string
	// Scopes are allowed beside those of number verification.
	Scopes []string

	// CodeTTL and TokenTTL are how long a code and an access token live.
	CodeTTL, TokenTTL time.Duration
	// ErrorAt is where a number ending in 99 fails: [StageVerify] when empty, as the vendor does not say.
	ErrorAt Stage
	// ErrorStatus is the HTTP status of that failure, 403 when 0. In the redirect chain it is unused:
	// the failure is an OAuth error at the redirect_uri.
	ErrorStatus int
	// SilentTTL is how long a request of the second API stays open, CancelAfter from when on it can be
	// cancelled: [DefaultSilentTTL] and [DefaultCancelAfter] when 0.
	SilentTTL, CancelAfter time.Duration
	// SilentErrorAt is where in the second API numbers that are odd or end in 99 fail, as the vendor does
	// not say. [StageHandover]: the chain ends with the reason in place of a code. [StageCheck]: the code is
	// handed over, and 200 answers it with status user_rejected or failed. Empty: odd numbers fail at the
	// handover, and those ending in 99 at the check, the last step, as in the first API.
	SilentErrorAt Stage
	// Webhook is where the second API posts what becomes of each request, an http or https URL; "" for
	// nowhere. Failed deliveries are tried again, at most four times in all; no request waits for them.
	Webhook string
	// SignatureSecret signs the webhooks' JWT by HMAC, [TestSignatureSecret] when empty.
	SignatureSecret string
	// WebhookBackoff is the time before the second try, [DefaultWebhookBackoff] when 0; it doubles.
	WebhookBackoff time.Duration
	// WebhookClient posts the webhooks; nil: a private one without proxy.
	WebhookClient *http.Client
	// WebhookLog is called for every try, by one goroutine.
	WebhookLog func(Delivery)
	// Faults are rows of [Faults], each "NAME[@number-pattern][:times]": "wifi" strikes always,
	// "token-500:2" twice, "wifi@+4477*" for the numbers that begin so, "verify-403@*99:1" once for one that
	// ends so. In a pattern * stands for any digits, ? for one, [02468] for one of these. See also
	// [Server.SetFaults] and [Numbers].
	Faults []string

	// Scenario says by number what flows meet, after Faults and before the reserved numbers; nil for none.
	Scenario *Scenario

	// Control is the loopback address of the control API, such as "127.0.0.1:0"; "" for none. It may not be
	// combined with Public. See [Server.ControlURL].
	Control string
	// ControlPage answers, beside the control API and under the same guard, what lies below
	// [Server.ControlPageURL]; nil for nothing.
	ControlPage http.Handler

	// LedgerSize is how many requests [Server.Requests] keeps, [DefaultLedgerSize] when 0; of large ones
	// fewer, 8 MiB of text in all.
	LedgerSize int
	// Log is called once for every request, from its goroutine, before the ledger has it. An Entry is
	// not masked.
	Log func(Entry)
	// Now is the clock; when set, Date headers follow it too.
	Now func() time.Time
	// Seed makes everything that is otherwise random the same at every start: ids, codes, tokens and states,
	// for requests that come in the same order. 0: no seed. With Now set too, whole transcripts repeat, but
	// for ports and certificates. Whoever knows the seed can guess every secret of the sandbox.
	Seed uint64
	// Rand is the source of ids, codes, tokens and states; nil: crypto/rand.
	Rand io.Reader
}

func (o *Options) setDefaults() {
	setDefault(&o.Listen, "127.0.0.1:0")
	setDefault(&o.ApplicationID, TestApplicationID)
	setDefault(&o.CodeTTL, DefaultCodeTTL)
	setDefault(&o.TokenTTL, DefaultTokenTTL)
	setDefault(&o.ErrorAt, StageVerify)
	setDefault(&o.ErrorStatus, 403)
	setDefault(&o.SilentTTL, DefaultSilentTTL)
	setDefault(&o.CancelAfter, DefaultCancelAfter)
	setDefault(&o.SignatureSecret, TestSignatureSecret)
	setDefault(&o.WebhookBackoff, DefaultWebhookBackoff)
	setDefault(&o.LedgerSize, DefaultLedgerSize)
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	o.SinglePort = o.SinglePort || o.PublicURL != ""
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (o *Options) check() error {
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("listen address %q: want host:port", o.Listen)
	}
	if !o.Public && !isLoopback(host) {
		return fmt.Errorf("listen address %q is not loopback: others could reach the sandbox; set Public if they should", o.Listen)
	}
	if err := o.checkControl(); err != nil {
		return err
	}
	if o.PublicURL != "" && !isOrigin(o.PublicURL) {
		return errors.New("public URL: want an origin such as https://sandbox.example, without path, query or user")
	}
	if o.ErrorAt.shape().fail == nil {
		return fmt.Errorf("error stage %q is none of enable, authorize, carrier, callback, token, verify", o.ErrorAt)
	}
	if o.SilentErrorAt != "" && o.SilentErrorAt != StageHandover && o.SilentErrorAt != StageCheck {
		return fmt.Errorf("error stage %q of the second API is none of handover, check", o.SilentErrorAt)
	}
	if o.Webhook != "" && !isWebURL(o.Webhook) {
		return errors.New("webhook: want an absolute http or https URL without user and fragment")
	}
	if o.ErrorStatus < 400 || o.ErrorStatus > 599 {
		return fmt.Errorf("error status %d: want 400 to 599", o.ErrorStatus)
	}
	if o.CodeTTL < 0 || o.TokenTTL < 0 || o.SilentTTL < 0 || o.CancelAfter < 0 || o.WebhookBackoff < 0 || o.LedgerSize < 0 {
		return errors.New("a lifetime, a waiting time or the ledger's size is negative")
	}
	return nil
}

// silentFailsAt is the stage of the second API that says no to a number of this outcome.
func (o *Options) silentFailsAt(result outcome) Stage {
	if o.SilentErrorAt == "" && result == outcomeError {
		return StageCheck
	}
	return cmp.Or(o.SilentErrorAt, StageHandover)
}

// isLoopback tells whether host, without port, can only be this machine.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil && addr.Zone() == "" && addr.Unmap().IsLoopback()
}

func isOrigin(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && raw == u.Scheme+"://"+u.Host
}
