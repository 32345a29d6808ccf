package sandbox_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

const (
	scope    = "dpv:FraudPreventionAndDetection#number-verification-verify-read"
	yes      = "+99012345678"
	no       = "+99012345677"
	wrong    = "+99011111199"
	callback = "http://127.0.0.1:1/callback" // nobody is asked there
)

// client drives a sandbox as foreign software would: net/http and nothing of ours.
type client struct {
	t testing.TB
	s *sandbox.Server
	*http.Client
	jwt string
}

func newClient(tb testing.TB, s *sandbox.Server) *client {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	return &client{tb, s, &http.Client{
		Transport: transport, Jar: jar, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, signed(tb, goodClaims(), nil)}
}

func start(tb testing.TB, o sandbox.Options) *client {
	tb.Helper()
	if o.RedirectURIs == nil {
		o.RedirectURIs = []string{callback}
	}
	return newClient(tb, sandbox.Start(tb, o))
}

func goodClaims() jwt.MapClaims {
	return jwt.MapClaims{"application_id": sandbox.TestApplicationID, "iat": time.Now().Unix(), "jti": rand.Text()}
}

func testKey(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	key, err := jwt.ParseRSAPrivateKeyFromPEM(sandbox.TestKeyPEM())
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// signed is an RS256 JWT by the test key.
func signed(tb testing.TB, claims jwt.MapClaims, header map[string]any) string {
	tb.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	maps.Copy(token.Header, header)
	text, err := token.SignedString(testKey(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

func (c *client) send(method, target, body string, header ...string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

func (c *client) enableBody(body string) reply {
	c.t.Helper()
	return c.send("POST", c.s.URL()+"/v0.1/network-enablement", body,
		"Authorization", "Bearer "+c.jwt, "Content-Type", "application/json")
}

func (c *client) enable(phone, state string) (authURL string) {
	c.t.Helper()
	body, _ := json.Marshal(map[string]any{"phone_number": phone, "scopes": []string{scope}, "state": state})
	r := c.enableBody(string(body))
	var answer struct {
		Scopes map[string]struct {
			AuthURL  string `json:"auth_url"`
			Required bool   `json:"requires_carrier_network"`
		} `json:"scopes"`
	}
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil || r.status != 200 {
		c.t.Fatalf("enable: %d %s", r.status, r.body)
	}
	if got := answer.Scopes[scope]; got.AuthURL == "" || !got.Required {
		c.t.Fatalf("enable: %s", r.body)
	}
	return answer.Scopes[scope].AuthURL
}

// follow goes through the chain up to the redirect_uri and returns the hops; the last one is not asked.
func (c *client) follow(authURL string) (hops []string) {
	c.t.Helper()
	for at := authURL; ; {
		hops = append(hops, at)
		if strings.HasPrefix(at, callback) || len(hops) > 30 {
			return hops
		}
		r := c.send("GET", at, "")
		next, err := url.Parse(strings.ReplaceAll(r.header.Get("Location"), " ", "%20"))
		if err != nil || r.status != 302 {
			c.t.Fatalf("hop %d: %d %s %s", len(hops), r.status, r.header.Get("Location"), r.body)
		}
		base, _ := url.Parse(at)
		at = base.ResolveReference(next).String()
	}
}

// code is enable and the chain; it checks that the state came back.
func (c *client) code(phone string) string {
	c.t.Helper()
	state := rand.Text()
	hops := c.follow(c.enable(phone, state))
	last, err := url.Parse(hops[len(hops)-1])
	if err != nil || last.Query().Get("state") != state || last.Query().Get("code") == "" {
		c.t.Fatalf("callback: %v", hops)
	}
	return last.Query().Get("code")
}

func (c *client) exchange(form url.Values) reply {
	c.t.Helper()
	return c.send("POST", c.s.URL()+"/oauth2/token", form.Encode(),
		"Authorization", "Bearer "+c.jwt, "Content-Type", "application/x-www-form-urlencoded")
}

func grantOf(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
}

func (c *client) token(phone string) string {
	c.t.Helper()
	return c.tokenFor(c.code(phone))
}

func (c *client) tokenFor(code string) string {
	c.t.Helper()
	r := c.exchange(grantOf(code))
	var answer struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}
	if err := json.Unmarshal([]byte(r.body), &answer); err != nil || r.status != 200 || answer.Type != "Bearer" {
		c.t.Fatalf("token: %d %s", r.status, r.body)
	}
	return answer.Token
}

func (c *client) verify(token, body string) reply {
	c.t.Helper()
	return c.send("POST", c.s.URL()+"/camara/number-verification/v031/verify", body,
		"Authorization", "Bearer "+token, "Content-Type", "application/json", "X-Correlator", "abc-1")
}

func TestFlow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		phone  string
		o      sandbox.Options
		status int
		body   string
	}{
		{"even", yes, sandbox.Options{}, 200, `{"devicePhoneNumberVerified":true}`},
		{"odd", no, sandbox.Options{}, 200, `{"devicePhoneNumberVerified":false}`},
		{"any country", "+447700900124", sandbox.Options{}, 200, `{"devicePhoneNumberVerified":true}`},
		{"one port", yes, sandbox.Options{SinglePort: true}, 200, `{"devicePhoneNumberVerified":true}`},
		{"99", wrong, sandbox.Options{}, 403, `{"status":403,"code":"NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK","message":"Client must authenticate via the mobile network to use this service"}`},
		{"99, 503", wrong, sandbox.Options{ErrorStatus: 503}, 503, `{"status":503,"code":"UNAVAILABLE","message":"Service unavailable"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, tt.o)
			r := c.verify(c.token(tt.phone), `{"phoneNumber":"`+tt.phone+`"}`)
			if r.status != tt.status || r.body != tt.body || r.header.Get("X-Correlator") != "abc-1" {
				t.Errorf("got %d %s %v, want %d %s", r.status, r.body, r.header, tt.status, tt.body)
			}
		})
	}
}

// The auth_url looks like the real one: a state of the vendor's, a redirect_uri of the vendor's; and
// the chain crosses two hosts and two ports.
func TestChain(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	hops := c.follow(c.enable(yes, "mine"))
	u, _ := url.Parse(hops[0])
	q := u.Query()
	if q.Get("client_id") != "sandbox_test" || q.Get("response_type") != "code" || q.Get("scope") != scope ||
		q.Get("redirect_uri") != c.s.URL()+"/camara/oauth/callback" || !strings.HasPrefix(q.Get("state"), "v2_") || len(q) != 5 {
		t.Errorf("auth_url: %v", q)
	}
	var got []string
	for _, hop := range hops {
		at, _ := url.Parse(hop)
		got = append(got, at.Hostname()+at.Path)
	}
	want := "127.0.0.1/oauth2/auth localhost/carrier/he localhost/carrier/session localhost/carrier/session/return " +
		"127.0.0.1/camara/oauth/callback 127.0.0.1/callback"
	if strings.Join(got, " ") != want {
		t.Errorf("hops:\n%s\nwant\n%s", strings.Join(got, " "), want)
	}
	if vendor, _ := url.Parse(c.s.URL()); strings.HasSuffix(c.s.CarrierURL(), ":"+vendor.Port()) {
		t.Errorf("carrier %s has no port of its own beside %s", c.s.CarrierURL(), c.s.URL())
	}
	callbackURL, _ := url.Parse(hops[5])
	if callbackURL.Query().Get("state") != "mine" {
		t.Errorf("callback: %v", callbackURL.Query())
	}
}

// hashOf is the hex SHA-256 that protocol documents give as a vector.
const vectorPhone, vectorHash = "+346661113334", "6dd5d20f257c1f3620662454064e3aa25ba9a6c7a4d1e99e965bbadd3a7e07d6"

func TestHash(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	for _, hash := range []string{vectorHash, strings.ToUpper(vectorHash)} {
		if r := c.verify(c.token(vectorPhone), `{"hashedPhoneNumber":"`+hash+`"}`); r.body != `{"devicePhoneNumberVerified":true}` {
			t.Errorf("hash: %d %s", r.status, r.body)
		}
	}
	other := hex.EncodeToString(make([]byte, 32))
	if r := c.verify(c.token(vectorPhone), `{"hashedPhoneNumber":"`+other+`"}`); r.body != `{"devicePhoneNumberVerified":false}` {
		t.Errorf("other hash: %d %s", r.status, r.body)
	}
}
