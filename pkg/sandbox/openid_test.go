package sandbox_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// published reads the issuer's key from where the discovery document says it is, as a client library does.
func (c *client) published() (key *rsa.PublicKey, id string) {
	c.t.Helper()
	var doc struct {
		Issuer string `json:"issuer"`
		KeySet string `json:"jwks_uri"`
	}
	r := c.send("GET", c.s.URL()+"/.well-known/openid-configuration", "")
	if err := json.Unmarshal([]byte(r.body), &doc); err != nil || doc.Issuer != c.s.URL() || r.header.Get("Content-Type") != "application/json" {
		c.t.Fatalf("discovery: %d %s", r.status, r.body)
	}
	var set struct {
		Keys []struct{ Kty, Use, Alg, Kid, N, E string } `json:"keys"`
	}
	if err := json.Unmarshal([]byte(c.send("GET", doc.KeySet, "").body), &set); err != nil || len(set.Keys) != 1 {
		c.t.Fatalf("key set: %v %v", err, set)
	}
	k := set.Keys[0]
	n, err := base64.RawURLEncoding.DecodeString(k.N)
	if err != nil || k.Kty != "RSA" || k.Use != "sig" || k.Alg != "RS256" || k.Kid == "" || k.E != "AQAB" {
		c.t.Fatalf("key: %v %v", err, k)
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}, k.Kid
}

// idToken is the id_token of a token answer, "" if there is none.
func (r reply) idToken() string { return between(r.body, `"id_token":"`, `"`) }

// claims judges an id_token by golang-jwt and the published key, and returns what it says.
func (c *client) claims(idToken string) jwt.MapClaims {
	c.t.Helper()
	key, id := c.published()
	claims := jwt.MapClaims{}
	parsed, err := jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(c.s.URL()), jwt.WithAudience(sandbox.TestApplicationID), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
	).ParseWithClaims(idToken, claims, func(*jwt.Token) (any, error) { return key, nil })
	if err != nil || parsed.Header["kid"] != id {
		c.t.Fatalf("id_token: %v %v", err, parsed.Header)
	}
	return claims
}

// signedIn is what an app learns of a device by itself.
func (c *client) signedIn(more ...string) jwt.MapClaims {
	c.t.Helper()
	return c.claims(c.exchange(grantOf(c.landed(c.authURL(more...)).Get("code"))).idToken())
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{Scopes: []string{"mine"}})
	one, other := c.send("GET", c.s.URL()+"/.well-known/openid-configuration", ""), c.send("GET", c.s.URL()+"/.well-known/oauth-authorization-server", "")
	if one.body != other.body || !strings.Contains(one.body, `"mine"`) {
		t.Errorf("%s\n%s", one.body, other.body)
	}
	// The issuer is where the sandbox is.
	for _, o := range []sandbox.Options{{SinglePort: true}, {TLS: true, Seed: 3}, {PublicURL: "https://sandbox.example"}} {
		s := sandbox.Start(t, o)
		r := httptest.NewRequest("GET", s.URL()+"/.well-known/openid-configuration", http.NoBody)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `"issuer":"`+s.URL()+`",`) {
			t.Errorf("%s: %s", s.URL(), w.Body)
		}
	}
	if r := c.send("POST", c.s.URL()+"/.well-known/jwks.json", ""); r.status != 405 || r.header.Get("Allow") != "GET" {
		t.Errorf("posted to: %d %v", r.status, r.header)
	}
	if r := c.send("PUT", c.s.URL()+"/oauth2/auth", ""); r.header.Get("Allow") != "GET, POST" {
		t.Errorf("the authorization takes %q", r.header.Get("Allow"))
	}
}

func TestIDToken(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	plain, full := c.signedIn(), c.signedIn("nonce", "n-1 &", "max_age", "0", "prompt", "none")
	for _, claims := range []jwt.MapClaims{plain, full} {
		exp, _ := claims.GetExpirationTime()
		iat, _ := claims.GetIssuedAt()
		sub, _ := claims.GetSubject()
		if exp.Sub(iat.Time) != 5*time.Minute || len(sub) != 32 || strings.Contains(sub, yes[1:]) {
			t.Errorf("%v", claims)
		}
	}
	if len(plain) != 5 || len(full) != 7 || full["nonce"] != "n-1 &" || full["auth_time"] == nil {
		t.Errorf("without: %v\nwith nonce and max_age: %v", plain, full)
	}
	if plain["sub"] != full["sub"] || plain["sub"] == c.signedIn("login_hint", "tel:"+other)["sub"] {
		t.Error("sub: another for the same number, or the same for another")
	}
	if elsewhere := start(t, sandbox.Options{}); elsewhere.signedIn()["sub"] == plain["sub"] {
		t.Error("sub: the same in another sandbox, so that numbers could be tried out")
	}
	if r := c.exchange(grantOf(c.landed(c.authURL("scope", "number-verification:verify")).Get("code"))); r.status != 200 || r.idToken() != "" {
		t.Errorf("without openid: %s", r.body)
	}
	// With Network Enablement there is none, whatever the scope.
	body := strings.Replace(`{"phone_number":"`+yes+`","scopes":["SCOPE"],"state":"s"}`, "SCOPE", "openid "+scope, 1)
	authURL := between(c.enableBody(body).body, `"auth_url":"`, `"`)
	if r := c.exchange(grantOf(c.landed(authURL).Get("code"))); r.status != 200 || r.idToken() != "" {
		t.Errorf("with Network Enablement: %s", r.body)
	}
}

// A hint is about the device, or there is nobody who could sign in.
func TestIDTokenHint(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	hint := c.exchange(grantOf(c.landed(c.authURL()).Get("code"))).idToken()
	if q := c.landed(c.authURL("id_token_hint", hint)); q.Get("code") == "" {
		t.Errorf("its own: %v", q)
	}
	c.s.Advance(time.Hour)
	if q := c.landed(c.authURL("id_token_hint", hint)); q.Get("code") == "" {
		t.Errorf("its own, expired: %v", q)
	}
	for _, tt := range []struct{ hint, phone, want string }{
		{hint, other, "login_required"},
		{hint + "x", yes, "invalid_request"},
		{signed(t, goodClaims(), nil), yes, "invalid_request"},
		{"..", yes, "invalid_request"},
	} {
		q := c.landed(c.authURL("id_token_hint", tt.hint, "login_hint", "tel:"+tt.phone))
		if q.Get("error") != tt.want || q.Get("state") != "mine & only" {
			t.Errorf("%.20s for %s: %v", tt.hint, tt.phone, q)
		}
	}
}

// A fault of the token answer is about that, and leaves the id_token in it.
func TestIDTokenBesideFaults(t *testing.T) {
	t.Parallel()
	for fault, says := range map[string]string{
		"token-lowercase-type": `"token_type":"bearer"`, "token-expires-string": `"expires_in":"300"`, "token-expired": `"expires_in":1`, "token-no-token": `{"token_type"`,
	} {
		c := start(t, sandbox.Options{Faults: []string{fault}})
		r := c.exchange(grantOf(c.landed(c.authURL()).Get("code")))
		if !strings.Contains(r.body, says) || c.claims(r.idToken())["sub"] == nil {
			t.Errorf("%s: %s", fault, r.body)
		}
	}
}

// With a seed and a clock an id_token is the same again, and changes nothing else that is drawn.
func TestIDTokenSeeded(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	answers := func(scope string) string {
		s, err := sandbox.New(sandbox.Options{
			Seed: 7, PublicURL: "http://127.0.0.1", RedirectURIs: []string{callback}, Now: func() time.Time { return at },
		})
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{
			"Authorization": {"Bearer " + signed(t, with(map[string]any{"iat": at.Unix()}), nil)}, "Content-Type": {"application/x-www-form-urlencoded"},
		}
		ask := func(method, target, body string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, target, strings.NewReader(body))
			r.Header = header
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if cookie, _, ok := strings.Cut(w.Header().Get("Set-Cookie"), ";"); ok {
				header.Set("Cookie", cookie)
			}
			return w
		}
		query := url.Values{
			"response_type": {"code"}, "client_id": {sandbox.TestApplicationID}, "redirect_uri": {callback}, "scope": {scope}, "nonce": {"n"}, "max_age": {"9"},
		}
		next := ask("POST", "http://127.0.0.1/oauth2/auth", query.Encode()).Header().Get("Location")
		for !strings.HasPrefix(next, callback) {
			next = ask("GET", next, "").Header().Get("Location")
		}
		landed, _ := url.Parse(next)
		return ask("POST", "http://127.0.0.1/oauth2/token", grantOf(landed.Query().Get("code")).Encode()).Body.String()
	}
	one, again, plain := answers(verifyScope), answers(verifyScope), answers("number-verification:verify")
	if one != again || !strings.Contains(one, `"id_token":"`) {
		t.Errorf("%s\n%s", one, again)
	}
	if token := `"access_token":"`; between(one, token, `"`) != between(plain, token, `"`) {
		t.Errorf("another token:\n%s\n%s", one, plain)
	}
}

// Whatever is asked for in whatever combination, it ends as OpenID Connect has it: an id_token for openid and with what was
// asked for in it, or the first error at the redirect URI.
func TestOpenIDModel(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	prompts := map[string]string{
		"": "", "none": "", "login": "login_required", "consent": "consent_required", "select_account": "account_selection_required",
		"none login": "invalid_request", "create": "invalid_request",
	}
	ages := map[string]string{"": "", "0": "", "86400": "", "-1": "invalid_request", "1.5": "invalid_request", "99999999999999999999": "invalid_request"}
	modes := map[string]string{"": "", "query": "", "fragment": "invalid_request", "form_post": "invalid_request"}
	rapid.Check(t, func(t *rapid.T) {
		prompt := rapid.SampledFrom(sorted(prompts)).Draw(t, "prompt")
		age := rapid.SampledFrom(sorted(ages)).Draw(t, "max_age")
		mode := rapid.SampledFrom(sorted(modes)).Draw(t, "response_mode")
		nonce := rapid.StringMatching(`[ -~]{0,40}`).Draw(t, "nonce")
		openid := rapid.Bool().Draw(t, "openid")
		scope := "dpv:FraudPreventionAndDetection number-verification:verify"
		if openid {
			scope = "openid " + scope
		}
		q := c.landed(c.authURL("prompt", prompt, "max_age", age, "response_mode", mode, "nonce", nonce, "scope", scope))
		for _, want := range []string{modes[mode], prompts[prompt], ages[age]} {
			if want != "" {
				if q.Get("error") != want || q.Has("code") || q.Get("state") != "mine & only" {
					t.Fatalf("%v, want %s", q, want)
				}
				return
			}
		}
		idToken := c.exchange(grantOf(q.Get("code"))).idToken()
		if !openid {
			if idToken != "" {
				t.Fatalf("an id_token that nobody asked for: %s", idToken)
			}
			return
		}
		claims := c.claims(idToken)
		got, _ := claims["nonce"].(string)
		if got != nonce || (claims["auth_time"] != nil) != (age != "") {
			t.Fatalf("%v", claims)
		}
	})
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// FuzzPosted is FuzzDirect for a form, with what OpenID Connect adds.
func FuzzPosted(f *testing.F) {
	s := quiet(f)
	base := "response_type=code&client_id=" + sandbox.TestApplicationID + "&redirect_uri=" + url.QueryEscape(callback) + "&scope=openid+number-verification%3Averify"
	for _, more := range []string{"", "&prompt=none+login", "&max_age=%zz", "&id_token_hint=e30.e30.e30", "&nonce=" + strings.Repeat("n", 2000), "&response_mode=form_post&login_hint=tel:"} {
		f.Add(base+more, "application/x-www-form-urlencoded")
	}
	f.Add(base, "application/json")
	f.Fuzz(func(t *testing.T, body, contentType string) {
		r := httptest.NewRequest("POST", "http://127.0.0.1/oauth2/auth", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		at := w.Header().Get("Location")
		if w.Code == 302 && (strings.HasPrefix(at, callback+"?error=") || strings.HasPrefix(at, s.CarrierURL()+"/carrier/he?state=v2_")) {
			return
		}
		if w.Code != 400 && w.Code != 413 && w.Code != 415 || at != "" {
			t.Errorf("%d to %q", w.Code, at)
		}
	})
}
