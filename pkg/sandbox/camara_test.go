package sandbox_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

const (
	verifyScope = "openid dpv:FraudPreventionAndDetection number-verification:verify"
	shareScope  = "number-verification:device-phone-number:read"
)

// authURL is what an app opens without Network Enablement; more are pairs of parameters, "" removes one.
func (c *client) authURL(more ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {sandbox.TestApplicationID}, "redirect_uri": {callback}, "scope": {verifyScope},
		"state": {"mine & only"}, "login_hint": {"tel:" + yes},
	}
	for i := 0; i < len(more); i += 2 {
		if q.Del(more[i]); more[i+1] != "" {
			q.Set(more[i], more[i+1])
		}
	}
	return c.s.URL() + "/oauth2/auth?" + q.Encode()
}

// landed is the query with which the chain comes to the redirect URI.
func (c *client) landed(authURL string) url.Values {
	c.t.Helper()
	hops := c.follow(authURL)
	last, err := url.Parse(hops[len(hops)-1])
	if err != nil || !strings.HasPrefix(last.String(), callback) {
		c.t.Fatalf("%v", hops)
	}
	return last.Query()
}

// directToken is the access token that an app gets for itself.
func (c *client) directToken(more ...string) string {
	c.t.Helper()
	r := c.exchange(grantOf(c.landed(c.authURL(more...)).Get("code")))
	if r.status != 200 || !strings.Contains(r.body, `"token_type":"Bearer","expires_in":300`) {
		c.t.Fatalf("token: %d %s", r.status, r.body)
	}
	return between(r.body, `"access_token":"`, `"`)
}

// TestCAMARA holds the later versions to CAMARA's test definitions.
func TestCAMARA(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(yes))
	plain, hashed := `{"phoneNumber":"`+yes+`"}`, `{"hashedPhoneNumber":"`+hex.EncodeToString(sum[:])+`"}`
	const (
		invalid = `"code":"INVALID_ARGUMENT","message":"`
		denied  = `{"status":403,"code":"PERMISSION_DENIED","message":"Client does not have sufficient permissions to perform this action."}`
		expired = `{"status":401,"code":"UNAUTHENTICATED","message":"Request not authenticated due to missing, invalid, or expired credentials."}`
	)
	for _, base := range []string{"/number-verification/v1", "/number-verification/v2"} {
		for _, tt := range []struct {
			name, token, method, path, body string
			status                          int
			says                            string
		}{
			{"match", yes, "POST", "/verify", plain, 200, `{"devicePhoneNumberVerified":true}`},
			{"match by hash", yes, "POST", "/verify", hashed, 200, `{"devicePhoneNumberVerified":true}`},
			{"no match", other, "POST", "/verify", plain, 200, `{"devicePhoneNumberVerified":false}`},
			{"no match by hash", other, "POST", "/verify", hashed, 200, `{"devicePhoneNumberVerified":false}`},
			{"no schema", yes, "POST", "/verify", `{"phoneNumber":"++49565456787"}`, 400, invalid},
			{"nothing", yes, "POST", "/verify", `{}`, 400, invalid},
			{"both", yes, "POST", "/verify", strings.Replace(plain, "}", ","+hashed[1:], 1), 400, invalid},
			{"scope of the other", shareScope, "POST", "/verify", plain, 403, denied},
			{"unknown token", "unknown", "POST", "/verify", plain, 401, expired},
			{"not its mobile network", wrong, "POST", "/verify", plain, 403, `"NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK"`},
			{"share", shareScope, "GET", "/device-phone-number", "", 200, `{"devicePhoneNumber":"` + yes + `"}`},
			{"share of another", shareScope + " " + no, "GET", "/device-phone-number", "", 200, `{"devicePhoneNumber":"+99012345678"}`},
			{"share without the scope", yes, "GET", "/device-phone-number", "", 403, denied},
			{"share without a token", "unknown", "GET", "/device-phone-number", "", 401, expired},
			{"wrong method", yes, "POST", "/device-phone-number", "", 405, `"METHOD_NOT_ALLOWED"`},
		} {
			c := start(t, sandbox.Options{})
			token := tt.token
			switch scope, phone, _ := strings.Cut(tt.token, " "); {
			case scope == shareScope && phone == "":
				token = c.directToken("scope", shareScope)
			case scope == shareScope:
				token = c.directToken("scope", shareScope, "login_hint", phone)
			case strings.HasPrefix(scope, "+"):
				token = c.directToken("login_hint", scope)
			}
			const correlator = "b4333c46-49c0-4f62-80d7-f0ef930f1c46:a/b"
			header := []string{"Authorization", "Bearer " + token, "X-Correlator", correlator}
			if tt.method == "POST" {
				header = append(header, "Content-Type", "application/json")
			}
			r := c.send(tt.method, c.s.URL()+base+tt.path, tt.body, header...)
			if r.status != tt.status || !strings.Contains(r.body, tt.says) || r.header.Get("X-Correlator") != correlator ||
				r.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s, %s: %d %s %v, want %d %s", base, tt.name, r.status, r.body, r.header, tt.status, tt.says)
			}
			if tt.status == 200 && c.send(tt.method, c.s.URL()+base+tt.path, tt.body, header...).status != 401 {
				t.Errorf("%s, %s: the token is good twice", base, tt.name)
			}
		}
	}
}

// CAMARA lets a body have one property; the vendor passes over what it does not know.
func TestCAMARAStrictness(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	body := `{"phoneNumber":"` + yes + `","more":1}`
	for base, want := range map[string]int{"/camara/number-verification/v031": 200, "/number-verification/v1": 400, "/number-verification/v2": 400} {
		r := c.send("POST", c.s.URL()+base+"/verify", body, "Authorization", "Bearer "+c.directToken(), "Content-Type", "application/json")
		if r.status != want {
			t.Errorf("%s: %d %s", base, r.status, r.body)
		}
	}
	r := c.send("GET", c.s.URL()+"/number-verification/v2/device-phone-number", "", "X-Correlator", strings.Repeat("x", 257))
	if r.status != 400 || r.header.Get("X-Correlator") != "" {
		t.Errorf("a long correlator: %d %v", r.status, r.header)
	}
}

// What the entry without Network Enablement refuses: without a client and a registered redirect URI by a
// page, else by an error at the redirect URI, with the state as it was.
func TestDirectRefusals(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	for _, tt := range []struct {
		more []string
		want string
	}{
		{[]string{"client_id", "another"}, "400"},
		{[]string{"client_id", ""}, "400"},
		{[]string{"redirect_uri", "https://evil.example/"}, "400"},
		{[]string{"redirect_uri", callback + "/more"}, "400"},
		{[]string{"redirect_uri", callback + "?a=b"}, "400"},
		{[]string{"redirect_uri", ""}, "400"},
		{[]string{"response_type", "token"}, "unsupported_response_type"},
		{[]string{"response_type", ""}, "invalid_request"},
		{[]string{"scope", ""}, "invalid_scope"},
		{[]string{"scope", "openid"}, "invalid_scope"},
		{[]string{"scope", "number-verification:verify admin"}, "invalid_scope"},
		{[]string{"login_hint", "tel:0770"}, "invalid_request"},
		{[]string{"login_hint", "447700900000"}, "invalid_request"},
		{[]string{"request", "x"}, "invalid_request_object"},
		{[]string{"request_uri", "https://evil.example/"}, "request_uri_not_supported"},
		{[]string{"code_challenge", "short"}, "invalid_request"},
		{[]string{"code_challenge_method", "S256"}, "invalid_request"},
		{[]string{"code_challenge", strings.Repeat("a", 43), "code_challenge_method", "S512"}, "invalid_request"},
		{[]string{"code_challenge", strings.Repeat("a", 44), "code_challenge_method", "S256"}, "invalid_request"},
	} {
		r := c.send("GET", c.authURL(tt.more...), "")
		at := r.header.Get("Location")
		if tt.want == "400" {
			if r.status != 400 || at != "" || strings.Contains(r.body, "evil") {
				t.Errorf("%v: %d %s %s", tt.more, r.status, at, r.body)
			}
			continue
		}
		u, _ := url.Parse(at)
		q := u.Query()
		if r.status != 302 || !strings.HasPrefix(at, callback+"?error=") || q.Get("error") != tt.want || q.Get("state") != "mine & only" || q.Get("error_description") == "" {
			t.Errorf("%v: %d %s", tt.more, r.status, at)
		}
	}
	twice := c.send("GET", c.authURL()+"&scope=openid", "").header.Get("Location")
	if !strings.Contains(twice, "?error=invalid_request&") {
		t.Errorf("a repeated parameter: %s", twice)
	}
	if q := c.landed(c.authURL("state", "")); q.Has("state") || q.Get("code") == "" {
		t.Errorf("without a state: %v", q)
	}
	for _, hint := range []string{"", "ipport:192.0.2.1:80", "operatortoken:abc"} {
		if r := c.exchange(grantOf(c.landed(c.authURL("login_hint", hint)).Get("code"))); r.status != 200 {
			t.Errorf("hint %q: %s", hint, r.body)
		}
	}
}

// PKCE is checked when it is sent, and cannot be left out then, or slipped in later.
func TestPKCE(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	verifier := strings.Repeat("aB3-._~", 7)
	sum := sha256.Sum256([]byte(verifier))
	hashed := base64.RawURLEncoding.EncodeToString(sum[:])
	for _, tt := range []struct {
		name, challenge, method, verifier string
		status                            int
	}{
		{"S256", hashed, "S256", verifier, 200},
		{"plain", verifier, "plain", verifier, 200},
		{"plain by default", verifier, "", verifier, 200},
		{"none", "", "", "", 200},
		{"left out", hashed, "S256", "", 400},
		{"another", hashed, "S256", verifier + "x", 400},
		{"the challenge itself", hashed, "S256", hashed, 400},
		{"without a challenge", "", "", verifier, 400},
	} {
		code := c.landed(c.authURL("code_challenge", tt.challenge, "code_challenge_method", tt.method)).Get("code")
		form := grantOf(code)
		if tt.verifier != "" {
			form.Set("code_verifier", tt.verifier)
		}
		r := c.exchange(form)
		if r.status != tt.status || r.status == 400 && !strings.Contains(r.body, `"invalid_grant"`) {
			t.Errorf("%s: %d %s", tt.name, r.status, r.body)
		}
	}
	form := grantOf(c.code(yes))
	form.Set("code_verifier", verifier)
	if r := c.exchange(form); r.status != 400 {
		t.Errorf("with Network Enablement: %d", r.status)
	}
}

// A client may prove itself by private_key_jwt, with each assertion once.
func TestClientAssertion(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	good := jwt.MapClaims{
		"iss": sandbox.TestApplicationID, "sub": sandbox.TestApplicationID, "aud": c.s.URL() + "/oauth2/token",
		"jti": "one", "exp": time.Now().Add(time.Minute).Unix(),
	}
	client := sandbox.TestApplicationID
	post := func(claims jwt.MapClaims, header ...string) reply {
		form := grantOf(c.code(yes))
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", signed(t, claims, nil))
		form.Set("client_id", client)
		return c.send("POST", c.s.URL()+"/oauth2/token", form.Encode(), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
	}
	if r := post(good); r.status != 200 {
		t.Errorf("good: %d %s", r.status, r.body)
	}
	if r := post(good); r.status != 401 || !strings.Contains(r.body, `"invalid_client"`) {
		t.Errorf("the same again: %d %s", r.status, r.body)
	}
	for name, change := range map[string]any{
		"iss": "another", "sub": "another", "aud": "https://other.example", "jti": "", "exp": time.Now().Add(-time.Hour).Unix(), "nbf": time.Now().Add(time.Hour).Unix(),
	} {
		claims := maps.Clone(good)
		claims["jti"] = "for " + name
		claims[name] = change
		if r := post(claims); r.status != 401 {
			t.Errorf("%s %v: %d %s", name, change, r.status, r.body)
		}
	}
	good["jti"] = "beside a bearer token"
	if r := post(good, "Authorization", "Bearer "+c.jwt); r.status != 401 {
		t.Errorf("two proofs: %d", r.status)
	}
	good["jti"], client = "beside another client_id", "another"
	if r := post(good); r.status != 401 {
		t.Errorf("another client_id: %d", r.status)
	}
}

// FuzzDirect: whatever is asked for, the way leads to the carrier, to the registered redirect URI or nowhere.
func FuzzDirect(f *testing.F) {
	s := quiet(f)
	f.Add("response_type=code&client_id="+sandbox.TestApplicationID+"&redirect_uri="+url.QueryEscape(callback)+"&scope=number-verification%3Averify", "")
	f.Add("client_id="+sandbox.TestApplicationID, "&redirect_uri="+url.QueryEscape(callback)+"&redirect_uri=https://evil.example")
	f.Add("redirect_uri=//evil.example&state=%0d%0aLocation:x", "&%zz")
	f.Fuzz(func(t *testing.T, query, more string) {
		r := httptest.NewRequest("GET", "http://127.0.0.1/oauth2/auth", http.NoBody)
		r.URL.RawQuery = query + more
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		at := w.Header().Get("Location")
		if w.Code == 302 && (strings.HasPrefix(at, callback+"?error=") || strings.HasPrefix(at, s.CarrierURL()+"/carrier/he?state=v2_")) {
			return
		}
		if w.Code != 400 || at != "" {
			t.Errorf("%d to %q", w.Code, at)
		}
	})
}

// FuzzShare: without a good token nobody learns a number, and a correlator comes back as it was or not at all.
func FuzzShare(f *testing.F) {
	s := quiet(f)
	f.Add("token", "b4333c46-49c0-4f62-80d7-f0ef930f1c46")
	f.Add("", "a\r\nb")
	f.Fuzz(func(t *testing.T, token, correlator string) {
		r := httptest.NewRequest("GET", "http://127.0.0.1/number-verification/v2/device-phone-number", http.NoBody)
		r.Header["Authorization"], r.Header["X-Correlator"] = []string{"Bearer " + token}, []string{correlator}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		judge(t, w, 400, 401)
		if got := w.Header().Get("X-Correlator"); got != "" && (got != correlator || strings.ContainsAny(got, "\r\n ")) {
			t.Errorf("echoed %q", got)
		}
	})
}
