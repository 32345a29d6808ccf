package sandbox_test

import (
	"encoding/json"
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

// requestObject is what an app signs, with changes; nil removes a claim.
func requestObject(issuer string, changes jwt.MapClaims) jwt.MapClaims {
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": sandbox.TestApplicationID, "aud": issuer + "/oauth2/auth", "jti": "r", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"response_type": "code", "client_id": sandbox.TestApplicationID, "redirect_uri": callback, "scope": verifyScope, "state": "mine & only",
		"login_hint": "tel:" + other, "nonce": "n-1", "max_age": 60,
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Of a signed request only the four mandatory parameters are read beside the object too.
func TestRequestObject(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	object := signed(t, requestObject(c.s.URL(), nil), nil)
	q := c.landed(c.authURL("request", object, "state", "another", "nonce", "another", "prompt", "login", "max_age", ""))
	if q.Get("state") != "mine & only" {
		t.Fatalf("%v", q)
	}
	claims := c.claims(c.exchange(grantOf(q.Get("code"))).idToken())
	if claims["nonce"] != "n-1" || claims["auth_time"] == nil || claims["sub"] == c.signedIn()["sub"] {
		t.Errorf("%v", claims)
	}
	if q := c.landed(c.authURL("request", signed(t, requestObject(c.s.URL(), jwt.MapClaims{"prompt": "login"}), nil))); q.Get("error") != "login_required" {
		t.Errorf("a prompt inside: %v", q)
	}
}

func TestRequestObjectRefused(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	now := time.Now()
	for _, changes := range []jwt.MapClaims{
		{"iss": "another"},
		{"iss": nil},
		{"aud": "https://other.example"},
		{"aud": nil},
		{"jti": nil},
		{"exp": nil},
		{"iat": nil},
		{"exp": now.Add(10 * time.Minute).Unix()},
		{"iat": now.Add(-2 * time.Hour).Unix(), "exp": now.Add(-2*time.Hour + time.Minute).Unix()},
		{"iat": now.Add(time.Hour).Unix(), "exp": now.Add(time.Hour + time.Minute).Unix()},
		{"nbf": now.Add(time.Hour).Unix()},
		{"request": "e30.e30."},
		{"request_uri": "https://evil.example"},
		{"redirect_uri": "https://evil.example"},
		{"redirect_uri": nil},
		{"scope": "openid number-verification:device-phone-number:read"},
		{"response_type": "token"},
		{"client_id": "another"},
		{"client_id": 1},
	} {
		q := c.landed(c.authURL("request", signed(t, requestObject(c.s.URL(), changes), nil)))
		if q.Get("error") != "invalid_request_object" || q.Get("state") != "mine & only" || q.Has("code") {
			t.Errorf("%v: %v", changes, q)
		}
	}
	plain, err := jwt.NewWithClaims(jwt.SigningMethodNone, requestObject(c.s.URL(), nil)).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range []string{plain, ".", signed(t, requestObject(c.s.URL(), nil), map[string]any{"crit": []string{"x"}})} {
		if q := c.landed(c.authURL("request", object)); q.Get("error") != "invalid_request_object" {
			t.Errorf("%.20s: %v", object, q)
		}
	}
	// Without the four beside it nobody is sent anywhere.
	r := c.send("GET", c.s.URL()+"/oauth2/auth?client_id="+sandbox.TestApplicationID+"&request="+signed(t, requestObject(c.s.URL(), nil), nil), "")
	if r.status != 400 || r.header.Get("Location") != "" {
		t.Errorf("redirect_uri in the object alone: %d %v", r.status, r.header)
	}
}

// FuzzRequestObject: whatever an app signs, the way leads to the carrier, to the registered redirect URI or nowhere.
func FuzzRequestObject(f *testing.F) {
	s := quiet(f)
	key := testKey(f)
	f.Add(`{"iss":"` + sandbox.TestApplicationID + `","aud":"` + s.URL() + `","jti":"x","iat":1,"exp":2}`)
	f.Add(`{"redirect_uri":"https://evil.example","state":{"a":[1e400]},"max_age":1e30,"aud":[1]}`)
	f.Fuzz(func(t *testing.T, payload string) {
		claims := jwt.MapClaims{}
		if err := json.Unmarshal([]byte(payload), &claims); err != nil {
			return
		}
		object, err := jwt.NewWithClaims(jwt.SigningMethodRS256, requestObject(s.URL(), claims)).SignedString(key)
		if err != nil {
			return
		}
		query := url.Values{
			"response_type": {"code"}, "client_id": {sandbox.TestApplicationID}, "redirect_uri": {callback}, "scope": {verifyScope}, "request": {object},
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1/oauth2/auth?"+query.Encode(), http.NoBody))
		at := w.Header().Get("Location")
		if w.Code != 302 || !strings.HasPrefix(at, callback+"?error=") && !strings.HasPrefix(at, s.CarrierURL()+"/carrier/he?state=v2_") {
			t.Errorf("%s: %d to %q", payload, w.Code, at)
		}
	})
}
