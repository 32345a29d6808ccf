package verdict_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
	faultcauses "github.com/vnv-cli/vnv/testdata/verdict"
)

func refused(op vnv.Op, kind vnv.Kind, status int, code, detail string) *vnv.Error {
	return &vnv.Error{Op: op, Kind: kind, Status: status, Code: code, Detail: detail, Sent: vnv.SentYes}
}

func broken(op vnv.Op, kind vnv.Kind, err error) *vnv.Error {
	return &vnv.Error{Op: op, Kind: kind, Err: err}
}

func dialled(addr string, err error) error {
	tcp, parseErr := net.ResolveTCPAddr("tcp", addr)
	if parseErr != nil {
		panic(parseErr)
	}
	return &net.OpError{Op: "dial", Net: "tcp", Addr: tcp, Err: err}
}

// slow is an error of the network that is a timeout.
type slow struct{ error }

func (slow) Timeout() bool   { return true }
func (slow) Temporary() bool { return false }

// observations are what the sandbox cannot play: wordings of other servers, this
// machine's network, phones, time. The key is the cause that must rank first.
func observations() map[string][]verdict.Observation {
	all := map[string][]verdict.Observation{}
	for _, part := range []map[string][]verdict.Observation{enabling(), tokens(), chains(), networks()} {
		maps.Copy(all, part)
	}
	return all
}

const (
	enable, authorize, exchange, verify = vnv.OpEnable, vnv.OpAuthorize, vnv.OpExchange, vnv.OpVerify
	auth, no, offline                   = vnv.KindAuth, vnv.KindRefused, vnv.KindNetwork
)

func page(title string) trace.End {
	return trace.End{Kind: trace.EndStopped, Hop: 3, Status: 200, Title: title, Reason: "page"}
}

func redirected() *vnv.Error {
	return broken(authorize, vnv.KindRedirect, errors.New("follow hop 3"))
}

func oneHop(h trace.Hop, found ...trace.Finding) *trace.Trace {
	h.N, h.Step = 3, "authorize"
	return &trace.Trace{Hops: []trace.Hop{h}, Findings: found}
}

func enabling() map[string][]verdict.Observation {
	return map[string][]verdict.Observation{
		"clock-skew": {{Err: refused(enable, auth, 401, "unauthorized", ""), Skew: -10 * time.Minute}},
		"jwt-expired": {
			{Err: refused(enable, auth, 401, "", "JWT is expired")},
			{Err: refused(exchange, auth, 401, "invalid_client", "The JWT token has expired")},
		},
		"jwt-has-acl":   {{Err: refused(enable, auth, 401, "unauthorized", ""), JWT: []verdict.JWTFinding{{Level: "error", Claim: "acl", Text: "must not be present"}}}},
		"jwt-too-long":  {{Err: refused(enable, auth, 401, "unauthorized", ""), JWT: []verdict.JWTFinding{{Level: "error", Claim: "exp", Text: "a lifetime of 25h is too long"}}}},
		"jwt-malformed": {{Err: refused(enable, auth, 401, "unauthorized", ""), JWT: []verdict.JWTFinding{{Level: "error", Claim: "alg", Text: "HS256"}}}},
		"wrong-key":     {{Err: refused(enable, auth, 401, "", "Invalid Token")}, {Err: refused(enable, auth, 401, "", "")}},
		"number-not-allowlisted": {
			{Err: refused(enable, vnv.KindNotEnabled, 403, "forbidden", "msisdn is not in the allow-list of the playground")},
		},
		"carrier-not-supported": {{Err: refused(enable, no, 400, "", "Carrier is not supported for this number")}},
		"scope-for-scopes":      {{Err: refused(enable, no, 422, "invalid-params", "scopes: must not be null")}},
		"scope-unknown":         {{Err: refused(enable, no, 400, "invalid_scope", "")}, {Err: refused(enable, no, 400, "", "Unknown scope dpv:Foo#bar")}},
		"state-reused":          {{Err: refused(enable, no, 422, "invalid-params", "state: must be unique")}},
	}
}

func tokens() map[string][]verdict.Observation {
	invalidGrant := refused(exchange, no, 400, "invalid_grant", "")
	unauthenticated := refused(verify, no, 401, "UNAUTHENTICATED", "")
	return map[string][]verdict.Observation{
		"redirect-uri-mismatch": {
			{Err: refused(exchange, no, 400, "invalid_grant", "Redirect URI mismatch")},
			{Err: invalidGrant, Registered: "https://app.example/cb/", RedirectURI: "https://app.example/cb"},
			{Err: redirected(), End: trace.End{Kind: trace.EndStopped, Hop: 1, Status: 400, Title: "Invalid redirect URI", Reason: "page"}},
			{
				Err: redirected(), End: page("Network not supported"), CalledAt: "https://app.example/cb", RedirectURI: "https://app.example/cb/",
				Trace: oneHop(trace.Hop{URL: "https://app.example/cb?code=code~1&state=state~1", Status: 200, ContentType: "text/html"}),
			},
			{Err: broken(authorize, vnv.KindNoCallback, errors.New("elsewhere")), CalledAt: "http://localhost:3000/CB", RedirectURI: "http://localhost:3000/cb"},
			{
				Err: redirected(), End: page(""), RedirectURI: "https://app.example/cb",
				Trace: oneHop(trace.Hop{URL: "https://idp.example/a", Status: 302}, trace.Finding{Name: "callback-missed", Hop: 3, Text: "Nearly."}),
			},
		},
		"code-used": {
			{Err: invalidGrant, Spent: true},
			{Err: refused(exchange, no, 400, "invalid_grant", "Code has been redeemed")},
		},
		"code-expired":    {{Err: invalidGrant, Waited: 11 * time.Minute}, {Err: refused(exchange, no, 400, "invalid_grant", "authorization code expired")}},
		"code-other-host": {{Err: invalidGrant, Hosts: []string{"api-eu.vonage.com", "api-eu-3.vonage.com"}}},

		"token-expired":     {{Err: unauthenticated, Late: time.Minute}, {Err: unauthenticated, Life: 29 * time.Second, Age: time.Minute}},
		"token-reused":      {{Err: unauthenticated, Spent: true}, {Err: refused(verify, no, 401, "UNAUTHENTICATED", "token was already used")}},
		"permission-denied": {{Err: refused(verify, no, 403, "insufficient_scope", "")}},
		"virtual-operator-error": {
			{Err: refused(verify, no, 403, "NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK", ""), Virtual: true},
		},
		"silent-auth-expired": {{Err: broken(authorize, vnv.KindNoCallback, errors.New("the API itself ends a silent authentication after 60 s"))}},
	}
}

func chains() map[string][]verdict.Observation {
	nothingCame := broken(authorize, vnv.KindNoCallback, errors.New("callback: nothing came back"))
	lost := oneHop(trace.Hop{Status: 400, Role: trace.RoleCarrier}, trace.Finding{Name: "cookie-lost", Hop: 3, Text: "Not sent here: JSESSIONID."})
	return map[string][]verdict.Observation{
		"wifi-not-carrier": {
			{Err: redirected(), End: page("Log in to My Carrier"), RequiresCarrier: true, Device: "follow", NoCellular: true},
			{Err: broken(authorize, vnv.KindDenied, nil), End: trace.End{Kind: trace.EndDenied, Code: "login_required", Reason: "denied"}},
			{Trace: &trace.Trace{End: page("Anmelden"), Hops: []trace.Hop{{N: 1, Status: 200}}}},
		},
		"captive-portal":   {{Err: redirected(), End: page("Welcome to the Hotel Hotspot")}, {Err: refused(enable, vnv.KindServer, 511, "", "")}},
		"consent-needed":   {{Err: redirected(), End: page("Please agree to share your number")}},
		"cookie-lost":      {{Err: redirected(), End: trace.End{Kind: trace.EndStopped, Hop: 3, Status: 400, Reason: "page"}, Trace: lost}},
		"carrier-error":    {{Err: redirected(), End: trace.End{Kind: trace.EndStopped, Hop: 3, Status: 502, Reason: "page"}, Trace: oneHop(trace.Hop{Status: 502, Role: trace.RoleCarrier})}},
		"auth-url-used-up": nil, // a second candidate, see TestRunnersUp
		"android-cleartext-hop": {{
			Client: "android", Err: redirected(),
			Trace: &trace.Trace{End: trace.End{Kind: trace.EndStopped, Hop: 3, Status: 302, Reason: "scheme", Code: "http_status: 302"}, Hops: []trace.Hop{{N: 3, Step: "authorize", Status: 302, URL: "https://a.example/", Location: "http://b.example/"}}},
		}, {Trace: &trace.Trace{Tool: "phone library", End: trace.End{Kind: trace.EndStopped, Hop: 3, Status: 302}, Hops: []trace.Hop{{N: 3, Status: 302, URL: "https://a.example/", Location: "http://b.example/"}}}}},

		"callback-unreachable": {{Err: nothingCame, Device: "none", RedirectURI: "http://localhost:3000/cb", Ours: true}},
		"callback-other-path":  {{Err: nothingCame, Device: "none", RedirectURI: "https://t.example/cb", Ours: true, Seen: map[string]int{"path": 2}}},
		"url-not-opened":       {{Err: nothingCame, Device: "none", RedirectURI: "http://localhost:3000/cb", Ours: true, Local: true}, {Err: nothingCame, Device: "none", RedirectURI: "https://t.example/cb", Ours: true}},
		"auth-url-refused": {
			{Err: redirected(), End: trace.End{Kind: trace.EndStopped, Hop: 1, Reason: "forbidden-address"}},
			{Err: redirected(), End: trace.End{Kind: trace.EndStopped, Hop: 1, Reason: "scheme"}},
		},
		"private-address-hop": {{Err: redirected(), End: trace.End{Kind: trace.EndStopped, Hop: 1, Status: 302, Reason: "forbidden-address"}}},
		"backend-failed": {
			{Err: &vnv.Error{Op: "forward", Kind: vnv.KindServer, Status: 500, Sent: vnv.SentYes}},
			{Err: &vnv.Error{Op: "forward", Kind: vnv.KindUnavailable, Status: 503, Detail: "low-balance"}},
		},
		"backend-unreachable": {{Err: broken("forward", vnv.KindUnknownOutcome, syscall.ECONNREFUSED)}},
		"callback-damaged":    {{Err: broken(authorize, vnv.KindState, nil), End: trace.End{Kind: trace.EndCallback, Reason: "malformed"}}},
	}
}

func networks() map[string][]verdict.Observation {
	return map[string][]verdict.Observation{
		"wrong-url":   {{Err: refused(enable, vnv.KindGone, 404, "", "404 page not here")}},
		"api-retired": {{Err: refused(enable, vnv.KindGone, 404, "", ""), Vendor: true}, {Err: refused(verify, vnv.KindGone, 410, "", "")}},

		"inspecting-proxy":       {{Err: broken(enable, offline, x509.UnknownAuthorityError{}), Issuer: "CN=Corp Inspection"}},
		"certificate-expired":    {{Err: broken(enable, offline, x509.CertificateInvalidError{Reason: x509.Expired})}},
		"certificate-other-host": {{Err: broken(enable, offline, x509.HostnameError{Certificate: &x509.Certificate{}, Host: "a.example"})}},
		"tls-refused":            {{Err: broken(enable, offline, tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"})}},
		"proxy-in-the-way":       {{Err: refused(enable, offline, 407, "", "")}, {Err: broken(enable, offline, errors.New("proxyconnect tcp: dial tcp 192.0.2.1:3128: connect: connection refused")), Proxy: "192.0.2.1:3128"}},
		"dns-failure":            {{Err: broken(enable, offline, &net.DNSError{Err: "no such host", Name: "a.example"})}},
		"ipv6-broken":            {{Err: broken(enable, offline, dialled("[2001:db8::1]:443", syscall.ENETUNREACH))}},
		"no-network":             {{Err: broken(enable, offline, dialled("192.0.2.1:443", syscall.ENETUNREACH))}},
		"connection-refused":     {{Err: broken(enable, offline, dialled("192.0.2.1:443", syscall.ECONNREFUSED))}},
		"connection-lost":        {{Err: broken(exchange, vnv.KindUnknownOutcome, io.ErrUnexpectedEOF)}},
		"no-answer":              {{Err: broken(enable, offline, slow{errors.New("i/o")})}},
	}
}

func TestObservations(t *testing.T) {
	t.Parallel()
	for want, list := range observations() {
		for i, o := range list {
			got := verdict.Judge(o)
			if len(got) == 0 || got[0].Cause != want {
				t.Errorf("%s, %d: named %v", want, i, named(got))
				continue
			}
			sound(t, got)
		}
	}
}

// TestEveryCauseIsMet: no row of the catalogue is there for nothing.
func TestEveryCauseIsMet(t *testing.T) {
	t.Parallel()
	met, played := observations(), slices.Collect(maps.Values(faultcauses.Read()))
	for _, name := range verdict.Names() {
		_, byHand := met[name]
		if !byHand && !slices.Contains(played, name) && name != "key-not-saved" { // which looks like wrong-key from outside
			t.Errorf("%s is the answer in no test", name)
		}
	}
}

// What cannot be told apart from outside stands beside it.
func TestRunnersUp(t *testing.T) {
	t.Parallel()
	errorPage := verdict.Observation{
		Err: broken(vnv.OpAuthorize, vnv.KindRedirect, nil), End: trace.End{Kind: trace.EndStopped, Hop: 1, Status: 400, Reason: "page"},
		Trace: &trace.Trace{Hops: []trace.Hop{{N: 1, Step: "authorize", Status: 400, Role: trace.RoleIdentity}}},
	}
	for second, o := range map[string]verdict.Observation{
		"clock-skew":            {Err: refused(vnv.OpEnable, vnv.KindAuth, 401, "", "")}, // the far side did not say its time
		"key-not-saved":         {Err: refused(vnv.OpEnable, vnv.KindAuth, 401, "unauthorized", "")},
		"auth-url-used-up":      errorPage,
		"redirect-uri-mismatch": {Err: refused(vnv.OpExchange, vnv.KindRefused, 400, "invalid_grant", "")},
		"wifi-not-carrier":      {Err: broken(vnv.OpAuthorize, vnv.KindNoCallback, nil), RequiresCarrier: true, Device: "none", RedirectURI: "https://t.example/cb", Ours: true},
	} {
		got := verdict.Judge(o)
		if len(got) < 2 || !slices.ContainsFunc(got[1:], func(c verdict.Candidate) bool { return c.Cause == second }) {
			t.Errorf("%s does not stand beside the first: %v", second, named(got))
		}
	}
}

// A 401 of a server whose clock agrees is not one of the clock, and says so.
func TestClockCleared(t *testing.T) {
	t.Parallel()
	e := refused(vnv.OpEnable, vnv.KindAuth, 401, "unauthorized", "")
	e.Date = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got := verdict.Judge(verdict.Observation{Err: e})
	if slices.ContainsFunc(got, func(c verdict.Candidate) bool { return c.Cause == "clock-skew" }) {
		t.Errorf("named %v", named(got))
	}
	if !slices.ContainsFunc(got[0].Evidence, func(e verdict.Evidence) bool { return e.Field == "date" }) {
		t.Errorf("nothing clears the clock: %+v", got[0])
	}
}

// Where the registered redirect URI is known, it is blamed only for what it can cause.
func TestRegistered(t *testing.T) {
	t.Parallel()
	const uri = "https://app.example/cb"
	for name, o := range map[string]verdict.Observation{
		"it is the one in use":  {Err: refused(exchange, no, 400, "invalid_grant", ""), Registered: uri, RedirectURI: uri},
		"the chain never came":  {Err: redirected(), End: page("Sign in"), Registered: uri, RedirectURI: uri + "/", Trace: oneHop(trace.Hop{URL: "https://carrier.example/", Status: 200})},
		"the service is down":   {Err: refused(exchange, vnv.KindUnavailable, 503, "", ""), Registered: uri, RedirectURI: uri + "/"},
		"the key is refused":    {Err: refused(exchange, auth, 401, "invalid_client", ""), Registered: uri, RedirectURI: uri + "/"},
		"verify has none of it": {Err: refused(verify, no, 403, "PERMISSION_DENIED", ""), Registered: uri, RedirectURI: uri + "/"},
	} {
		got := verdict.Judge(o)
		if len(got) == 0 || slices.ContainsFunc(got, func(c verdict.Candidate) bool { return c.Cause == "redirect-uri-mismatch" }) {
			t.Errorf("%s: named %v", name, named(got))
		}
	}
}

// That the callback went elsewhere says all: how the other place answered says nothing.
func TestCalledAt(t *testing.T) {
	t.Parallel()
	got := verdict.Judge(verdict.Observation{
		Err: redirected(), End: page("Network not supported"), CalledAt: "https://app.example/cb/", RedirectURI: "https://app.example/cb",
	})[0]
	const want = "this attempt's callback went to https://app.example/cb/; the registered one ends with a slash, ours does not"
	if len(got.Evidence) != 2 || got.Evidence[0].Text+"; "+got.Evidence[1].Text != want || got.Confidence != verdict.Certain {
		t.Errorf("%+v", got)
	}
	if got.Next[0] != "vnv run --phone +44… --redirect-uri https://app.example/cb/" {
		t.Errorf("next %q", got.Next)
	}
}

// Where nothing failed, and where the error says itself what is wrong, nothing is named.
func TestNothingNamed(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]verdict.Observation{
		"nothing at all": {},
		"a warning":      {Notices: []string{"the API says that it is deprecated"}, RequiresCarrier: true, NoCellular: true, Skew: time.Hour},
		"a callback":     {Trace: &trace.Trace{End: trace.End{Kind: trace.EndCallback}}},
		"an answer":      {Trace: &trace.Trace{End: trace.End{Kind: trace.EndAnswer}, Findings: []trace.Finding{{Name: "cookie-lost"}}}},
		"usage":          {Err: broken(vnv.OpEnable, vnv.KindInput, errors.New("allowlist"))},
		"a signal":       {Err: broken(vnv.OpEnable, vnv.KindCanceled, syscall.ECONNRESET)},
		"a bug":          {Err: broken("", vnv.KindInternal, errors.New("no such host"))},
	} {
		if got := verdict.Judge(o); got != nil {
			t.Errorf("%s: %v", name, named(got))
		}
	}
}

func TestMismatch(t *testing.T) {
	t.Parallel()
	const registered = "https://app.example/callback"
	for ours, part := range map[string]string{
		registered:                          "",
		"http://app.example/callback":       "the scheme differs: registered https, ours http",
		"https://App.example/callback":      "other case",
		"https://www.app.example/callback":  "the host differs",
		"https://app.example:8443/callback": "the port differs: registered none, ours 8443",
		"https://app.example/callback/":     "ours ends with a slash",
		"https://app.example/Callback":      "the path is written in other case",
		"https://app.example/callback?x":    "the query differs",
		"https://app.example/call%62ack":    "path differs",
		"https://app.example/callback#":     "character 29",
		"%zz":                               "character 1",
	} {
		if got := verdict.Mismatch(registered, ours); part == "" != (got == "") || !strings.Contains(got, part) {
			t.Errorf("%s: %q, want %q", ours, got, part)
		}
	}
}

// The catalogue is whole: names unique, every text there, codes lead to causes.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	names := verdict.Names()
	if sorted := slices.Compact(slices.Sorted(slices.Values(names))); len(sorted) != len(names) {
		t.Error("a name stands twice")
	}
	for _, g := range verdict.Groups() {
		for _, c := range g.Causes {
			c = c.Plain()
			for what, text := range map[string]string{"means": c.Means, "who": c.Who, "fix": c.Fix, "source": c.Source, "title": c.Title} {
				if text == "" || strings.ContainsAny(text, "{}") && what != "source" || len(text) > 260 {
					t.Errorf("%s: %s %q", c.Name, what, text)
				}
			}
			if strings.HasSuffix(c.Title, ".") || !strings.HasSuffix(c.Fix, ".") || !strings.HasSuffix(c.Means, ".") || len(c.Next) == 0 {
				t.Errorf("%s: %+v", c.Name, c)
			}
		}
	}
	for _, c := range verdict.Codes() {
		for _, name := range c.Causes {
			if _, ok := verdict.Named(name); !ok {
				t.Errorf("code %s leads to %s, which is no cause", c.Name, name)
			}
		}
		if c.Means == "" || c.Source == "" || c.Family == "" {
			t.Errorf("%+v", c)
		}
	}
}
