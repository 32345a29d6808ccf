package sandbox_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// clock is a clock that only a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestEnable(t *testing.T) {
	t.Parallel()
	const ok = `{"phone_number":"+99012345678","scopes":["` + scope + `"],"state":"s"}`
	for _, tt := range []struct {
		name, body string
		status     int
		holds      string
	}{
		{"good", ok, 200, `"requires_carrier_network":true`},
		{"unknown fields", strings.Replace(ok, "{", `{"more":{"a":[1]},"scope":"x",`, 1), 200, `"auth_url":"http://127.0.0.1:`},
		{
			"unknown scope", strings.Replace(ok, scope, "dpv:Other#x", 1), 200,
			`"dpv:Other#x":{"error":{"title":"Forbidden","instance":"`,
		},
		{"empty object", `{}`, 422, `"invalid_parameters":[{"name":"phone_number","reason":"`},
		{"scope for scopes", strings.Replace(ok, "scopes", "scope", 1), 422, `{"name":"scopes","reason":"`},
		{"scopes a string", strings.Replace(strings.Replace(ok, "[", "", 1), "]", "", 1), 422, `{"name":"scopes","reason":"must be an array of strings"}`},
		{"no scopes", strings.Replace(ok, `"`+scope+`"`, "", 1), 422, `{"name":"scopes"`},
		{"too many scopes", strings.Replace(ok, `["`, `["a","b","c","d","e","f","g","h","i","j","`, 1), 422, `{"name":"scopes","reason":"must be 1 to 10 scopes"}`},
		{"a long scope", strings.Replace(ok, scope, strings.Repeat("s", 257), 1), 422, `{"name":"scopes"`},
		{"empty scope", strings.Replace(ok, scope, "", 1), 422, `{"name":"scopes"`},
		{"no state", strings.Replace(ok, "state", "status", 1), 422, `{"name":"state"`},
		{"null state", strings.Replace(ok, `"s"`, "null", 1), 422, `{"name":"state","reason":"must be a string"}`},
		{"huge state", strings.Replace(ok, `"s"`, `"`+strings.Repeat("s", 1025)+`"`, 1), 422, `{"name":"state"`},
		{"name in other case", strings.Replace(ok, "phone_number", "Phone_Number", 1), 422, `{"name":"phone_number"`},
		{"no plus", strings.Replace(ok, "+990", "990", 1), 422, `{"name":"phone_number"`},
		{"national", strings.Replace(ok, "+990", "0990", 1), 422, `{"name":"phone_number"`},
		{"spaces", strings.Replace(ok, "+990", "+990 ", 1), 422, `{"name":"phone_number"`},
		{"a number for a phone", strings.Replace(ok, `"+99012345678"`, "99012345678", 1), 422, `{"name":"phone_number","reason":"must be a string"}`},
		{"empty", ``, 400, "api-errors#invalid-params"},
		{"null", `null`, 400, "api-errors#invalid-params"},
		{"array", `[]`, 400, "api-errors#invalid-params"},
		{"trailing garbage", ok + "x", 400, "api-errors#invalid-params"},
		{"byte order mark", "\ufeff" + ok, 400, "api-errors#invalid-params"},
		{"not UTF-8", strings.Replace(ok, `"s"`, "\"\xff\"", 1), 400, "api-errors#invalid-params"},
		{"deep", strings.Repeat("[", 100000), 413, ""},
		{"less deep", strings.Repeat("[", 60000), 400, "api-errors#invalid-params"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, sandbox.Options{})
			r := c.enableBody(tt.body)
			if r.status != tt.status || !strings.Contains(r.body, tt.holds) || !json.Valid([]byte(r.body)) {
				t.Errorf("got %d %s, want %d %s", r.status, r.body, tt.status, tt.holds)
			}
			if tt.status < 413 && r.header.Get("X-Ratelimit-Limit") != "10, 10;w=1" {
				t.Errorf("headers: %v", r.header)
			}
		})
	}
}

func TestStateIsUnique(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	c.enable(yes, "once")
	r := c.enableBody(`{"phone_number":"+99012345678","scopes":["` + scope + `"],"state":"once"}`)
	if r.status != 422 || !strings.Contains(r.body, `{"name":"state","reason":"must be unique"}`) {
		t.Errorf("the same state again: %d %s", r.status, r.body)
	}
}

func TestNoRedirectURI(t *testing.T) {
	t.Parallel()
	s, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := direct(s, "/v0.1/network-enablement", signed(t, goodClaims(), nil), "application/json",
		`{"phone_number":"+99012345678","scopes":["`+scope+`"],"state":"s"}`)
	if r.Code != 400 || !strings.Contains(r.Body.String(), "No Network Application associated with Vonage Application: "+sandbox.TestApplicationID) {
		t.Errorf("got %d %s", r.Code, r.Body)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(url.Values)
		error  string // "" is accepted
	}{
		{"good", func(url.Values) {}, ""},
		{"more than known", func(f url.Values) { f.Set("client_id", sandbox.TestApplicationID); f.Set("more", "x") }, ""},
		{"no grant_type", func(f url.Values) { f.Del("grant_type") }, "invalid_request"},
		{"other grant_type", func(f url.Values) { f.Set("grant_type", "client_credentials") }, "unsupported_grant_type"},
		{"no code", func(f url.Values) { f.Del("code") }, "invalid_request"},
		{"code twice", func(f url.Values) { f.Add("code", "x") }, "invalid_request"},
		{"no redirect_uri", func(f url.Values) { f.Del("redirect_uri") }, "invalid_request"},
		{"unknown code", func(f url.Values) { f.Set("code", "x") }, "invalid_grant"},
		{"other redirect_uri", func(f url.Values) { f.Set("redirect_uri", callback+"/") }, "invalid_grant"},
		{"another registered redirect_uri", func(f url.Values) { f.Set("redirect_uri", "https://app.example/cb") }, "invalid_grant"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, sandbox.Options{RedirectURIs: []string{"https://app.example/cb", callback}})
			form := grantOf(c.code(yes))
			tt.change(form)
			r := c.exchange(form)
			if tt.error == "" {
				if r.status != 200 || r.header.Get("Cache-Control") != "no-store" || !strings.Contains(r.body, `"expires_in":3600`) {
					t.Errorf("got %d %s %v", r.status, r.body, r.header)
				}
				return
			}
			if r.status != 400 || !strings.Contains(r.body, `"error":"`+tt.error+`"`) {
				t.Errorf("got %d %s, want %s", r.status, r.body, tt.error)
			}
		})
	}
}

func TestTokenNeedsForm(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	for contentType, body := range map[string]string{
		"application/json":                  `{}`,
		"":                                  `grant_type=authorization_code`,
		"application/x-www-form-urlencoded": `grant_type=%zz`,
	} {
		r := c.send("POST", c.s.URL()+"/oauth2/token", body, "Authorization", "Bearer "+c.jwt, "Content-Type", contentType)
		if r.status != 400 || !strings.Contains(r.body, `"error":"invalid_request"`) {
			t.Errorf("%s: %d %s", contentType, r.status, r.body)
		}
	}
}

// X6: codes and tokens work once and for a while; a code that is used again takes its token along.
func TestSingleUse(t *testing.T) {
	t.Parallel()
	const body = `{"phoneNumber":"` + yes + `"}`
	refused := func(t *testing.T, r reply, status int, code string) {
		t.Helper()
		if r.status != status || !strings.Contains(r.body, `"`+code+`"`) {
			t.Errorf("got %d %s, want %d %s", r.status, r.body, status, code)
		}
	}
	t.Run("token", func(t *testing.T) {
		t.Parallel()
		c := start(t, sandbox.Options{})
		token := c.token(yes)
		c.verify(token, body)
		refused(t, c.verify(token, body), 401, "UNAUTHENTICATED")
	})
	t.Run("replayed code", func(t *testing.T) {
		t.Parallel()
		c := start(t, sandbox.Options{})
		code := c.code(yes)
		var answer struct {
			Token string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(c.exchange(grantOf(code)).body), &answer); err != nil {
			t.Fatal(err)
		}
		refused(t, c.exchange(grantOf(code)), 400, "invalid_grant")
		refused(t, c.verify(answer.Token, body), 401, "UNAUTHENTICATED")
	})
	t.Run("expired code", func(t *testing.T) {
		t.Parallel()
		clock := newClock()
		c := start(t, sandbox.Options{Now: clock.now, CodeTTL: time.Minute})
		code := c.code(yes)
		clock.add(time.Minute)
		refused(t, c.exchange(grantOf(code)), 400, "invalid_grant")
	})
	t.Run("expired token", func(t *testing.T) {
		t.Parallel()
		clock := newClock()
		c := start(t, sandbox.Options{Now: clock.now, TokenTTL: time.Minute})
		token := c.token(yes)
		clock.add(time.Minute)
		refused(t, c.verify(token, body), 401, "UNAUTHENTICATED")
	})
	t.Run("expired enablement", func(t *testing.T) {
		t.Parallel()
		clock := newClock()
		c := start(t, sandbox.Options{Now: clock.now})
		authURL := c.enable(yes, "s")
		clock.add(10 * time.Minute)
		if r := c.send("GET", authURL, ""); r.status != 400 || r.header.Get("Location") != "" {
			t.Errorf("got %d %v", r.status, r.header)
		}
	})
}

// X7: of a hundred exchanges of one code at once, one is answered.
func TestParallelRedeems(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	form := grantOf(c.code(yes)).Encode()
	statuses := make([]int, 100)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() {
			statuses[i] = direct(c.s, "/oauth2/token", c.jwt, "application/x-www-form-urlencoded", form).Code
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[200] != 1 || count[400] != 99 {
		t.Errorf("statuses: %v", count)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, phone, body string
		status            int
		holds             string
	}{
		{"another number, even", yes, `{"phoneNumber":"+99012345676"}`, 200, `{"devicePhoneNumberVerified":false}`},
		{"another number, odd", yes, `{"phoneNumber":"+99012345677"}`, 200, `{"devicePhoneNumberVerified":false}`},
		{"an odd token asked for an even number", no, `{"phoneNumber":"` + yes + `"}`, 200, `{"devicePhoneNumberVerified":false}`},
		{"unknown field", yes, `{"phoneNumber":"` + yes + `","more":1}`, 200, `{"devicePhoneNumberVerified":true}`},
		{"both", yes, `{"phoneNumber":"` + yes + `","hashedPhoneNumber":"` + vectorHash + `"}`, 400, "INVALID_ARGUMENT"},
		{"neither", yes, `{}`, 400, "INVALID_ARGUMENT"},
		{"other case", yes, `{"phonenumber":"` + yes + `"}`, 400, "INVALID_ARGUMENT"},
		{"no plus", yes, `{"phoneNumber":"99012345678"}`, 400, "INVALID_ARGUMENT"},
		{"no string", yes, `{"phoneNumber":99012345678}`, 400, "INVALID_ARGUMENT"},
		{"short hash", yes, `{"hashedPhoneNumber":"6dd5"}`, 400, "INVALID_ARGUMENT"},
		{"no JSON", yes, `phoneNumber=1`, 400, "INVALID_ARGUMENT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, sandbox.Options{})
			token := c.token(tt.phone)
			if r := c.verify(token, tt.body); r.status != tt.status || !strings.Contains(r.body, tt.holds) {
				t.Errorf("got %d %s, want %d %s", r.status, r.body, tt.status, tt.holds)
			}
			if tt.status != 400 {
				return
			}
			if r := c.verify(token, `{"phoneNumber":"`+tt.phone+`"}`); r.status != 200 {
				t.Errorf("a request that could not be read cost the token: %d %s", r.status, r.body)
			}
		})
	}
}

func TestVerifyHeaders(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	target, body := c.s.URL()+"/camara/number-verification/v031/verify", `{"phoneNumber":"`+yes+`"}`
	for _, tt := range []struct {
		name   string
		header []string
		status int
		code   string
	}{
		{"no token", []string{"Content-Type", "application/json"}, 401, "UNAUTHENTICATED"},
		{"the JWT for a token", []string{"Authorization", "Bearer " + c.jwt, "Content-Type", "application/json"}, 401, "UNAUTHENTICATED"},
		{"basic", []string{"Authorization", "Basic abc", "Content-Type", "application/json"}, 401, "UNAUTHENTICATED"},
		{"media type", []string{"Authorization", "bearer " + c.token(yes), "Content-Type", "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"correlator", []string{"Authorization", "Bearer " + c.token(yes), "Content-Type", "application/json", "X-Correlator", "a b"}, 400, "INVALID_ARGUMENT"},
	} {
		r := c.send("POST", target, body, tt.header...)
		if r.status != tt.status || !strings.Contains(r.body, tt.code) || r.header.Get("X-Correlator") != "" {
			t.Errorf("%s: %d %s %v", tt.name, r.status, r.body, r.header)
		}
	}
}
