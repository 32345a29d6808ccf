package vnv_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

const scopeName = string(vnv.DefaultScope)

func enableBody(authURL string) string {
	quoted, _ := json.Marshal(authURL)
	return fmt.Sprintf(`{"scopes":{%q:{"auth_url":%s,"requires_carrier_network":true}}}`, scopeName, quoted)
}

// E3: what must not be opened does not get out of here.
func TestAuthURL(t *testing.T) {
	t.Parallel()
	good := []string{
		"https://idp.example/oauth2/auth?client_id=sandbox_test&state=v2_1", "HTTPS://IDP.example/a", "http://127.0.0.1:8080/a",
		"https://[2001:db8::1]:8443/a#frag", "https://idp.example", "https://idp.example/?a=b;c%zz",
	}
	bad := []string{
		"", "/relative", "idp.example/a", "//idp.example/a", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd",
		"myapp://cb", "https:idp.example", "https:///a", "https://", "http://:80/", "https://user@idp.example/", "https://u:p@idp.example/",
		"https://idp.example:0/", "https://idp.example:99999/", "https://idp.example:/", "https://idp.example:x/", "https://idp.example/\r\nX: y",
		"https://idp.example/\x00", "https://idp.example/\u202e", "https://idp.example/\u200b", " https://idp.example/", "https://idp .example/",
		"https://idp.example/" + strings.Repeat("a", 100<<10), "-https://idp.example/", "https://idp.example\\@evil.example/",
		"https://%ca/", "https://idp.example%e2%80%ae/",
	}
	check := func(raw string, ok bool) {
		far := newFar(t, says(http200("application/json", enableBody(raw))))
		e, err := newClient(t, far.url()).Enable(t.Context(), vnv.EnableRequest{Phone: samplePhone, State: sampleState})
		switch {
		case ok && (err != nil || e.AuthURL != raw):
			t.Errorf("%q: %v, want it as it is", raw, err)
		case !ok && failure(t, err).Kind != vnv.KindUnusable:
			t.Errorf("%.80q: kind %s", raw, failure(t, err).Kind)
		}
	}
	for _, raw := range good {
		check(raw, true)
	}
	for _, raw := range bad {
		check(raw, false)
	}
}

// E1, E2: what stands in the place of scopes.
func TestScopes(t *testing.T) {
	t.Parallel()
	ok := `{"auth_url":"https://idp.example/a","requires_carrier_network":false}`
	cases := []struct {
		name, body string
		asked      []vnv.Scope
		kind       vnv.Kind
		scope      string
		notices    int
	}{
		{"missing", `{}`, nil, vnv.KindUnusable, "", 0},
		{"a string", `{"scopes":"x"}`, nil, vnv.KindUnusable, "", 0},
		{"two others", `{"scopes":{"a":` + ok + `,"b":` + ok + `}}`, nil, vnv.KindUnusable, "", 0},
		{"null inside", `{"scopes":{"a":null}}`, nil, vnv.KindUnusable, "", 0},
		{"one other", `{"scopes":{"a":` + ok + `}}`, nil, "", "a", 1},
		{"one other, refused", `{"scopes":{"a":{"error":{"title":"T"}}}}`, nil, vnv.KindNotEnabled, "", 0},
		{"error as text", `{"scopes":{"a":{"error":"no","error_description":"D"}}}`, nil, vnv.KindNotEnabled, "", 0},
		{"error beside auth_url", `{"scopes":{"a":{"error":{},"auth_url":"https://idp.example/a"}}}`, nil, vnv.KindNotEnabled, "", 0},
		{"error null", `{"scopes":{"a":{"error":null,"auth_url":"https://idp.example/a","requires_carrier_network":true}}}`, nil, "", "a", 1},
		{"error at the top", `{"error":"no"}`, nil, vnv.KindNotEnabled, "", 0},
		{"problem at the top", `{"title":"no"}`, nil, vnv.KindUnusable, "", 0},
		{"second asked for", `{"scopes":{"a":{"error":{"title":"T"}},"b":` + ok + `}}`, []vnv.Scope{"a", "b"}, "", "b", 1},
		{"all refused", `{"scopes":{"a":{"error":{"title":"T"}},"b":{"error":{"title":"U"}}}}`, []vnv.Scope{"a", "b"}, vnv.KindNotEnabled, "", 0},
		{"first of both", `{"scopes":{"a":` + ok + `,"b":` + ok + `}}`, []vnv.Scope{"b", "a"}, "", "b", 0},
		{"network unsaid", `{"scopes":{"a":{"auth_url":"https://idp.example/a"}}}`, []vnv.Scope{"a"}, "", "a", 1},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			far := newFar(t, says(http200("application/json", tc.body)))
			e, err := newClient(t, far.url()).Enable(t.Context(), vnv.EnableRequest{Phone: samplePhone, State: sampleState, Scopes: tc.asked})
			if tc.kind != "" {
				if fail := failure(t, err); fail.Kind != tc.kind || fail.Status != http.StatusOK {
					t.Errorf("kind %s, want %s: %v", fail.Kind, tc.kind, err)
				}
				return
			}
			if err != nil || string(e.Scope) != tc.scope || len(e.Notices) != tc.notices {
				t.Errorf("%+v, %v; want scope %s and %d notices", e, err, tc.scope, tc.notices)
			}
		})
	}
}

// T2, T3: the forms of a token answer.
func TestToken(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	cases := []struct {
		rest    string // of {"access_token":"abcdefgh"…}
		expires time.Duration
		notices int
		usable  bool
	}{
		{`,"token_type":"Bearer","expires_in":3600`, time.Hour, 0, true},
		{`,"token_type":"bEARER","expires_in":"3600"`, time.Hour, 0, true},
		{`,"token_type":"Bearer"`, 0, 0, true},
		{`,"token_type":"Bearer","expires_in":null`, 0, 0, true},
		{`,"token_type":"Bearer","expires_in":29.5`, 29500 * time.Millisecond, 0, true},
		{`,"token_type":"Bearer","expires_in":3.6e3`, time.Hour, 0, true},
		{`,"token_type":"Bearer","expires_in":0`, 0, 1, true},
		{`,"token_type":"Bearer","expires_in":-1`, 0, 1, true},
		{`,"token_type":"Bearer","expires_in":1e300`, 0, 1, true},
		{`,"token_type":"Bearer","expires_in":99999999999999999999999`, 0, 1, true},
		{`,"token_type":"Bearer","expires_in":"NaN"`, 0, 1, true},
		{`,"token_type":"Bearer","expires_in":"soon"`, 0, 1, true},
		{`,"token_type":"Bearer","expires_in":[1]`, 0, 1, true},
		{`,"expires_in":60`, time.Minute, 1, true},
		{`,"token_type":null,"expires_in":60`, time.Minute, 1, true},
		{`,"token_type":"DPoP"`, 0, 0, false},
		{`,"token_type":7`, 0, 0, false},
		{`,"token_type":"Bearer","error":"x"`, 0, 0, false},
		{`,"Access_Token":"other"`, 0, 0, false},
	}
	for _, tc := range cases {
		far := newFar(t, says(http200("application/json", `{"access_token":"abcdefgh"`+tc.rest+`}`)))
		c := newClient(t, far.url())
		c.Now = func() time.Time { return now }
		token, err := c.Exchange(t.Context(), vnv.ExchangeRequest{Code: sampleCode, RedirectURI: "https://app.example/cb"})
		if !tc.usable {
			if e := failure(t, err); e.Kind != vnv.KindUnusable {
				t.Errorf("%s: kind %s", tc.rest, e.Kind)
			}
			continue
		}
		if err != nil || token.ExpiresIn != tc.expires || len(token.Notices) != tc.notices || token.TokenType != "Bearer" {
			t.Errorf("%s: %+v, %v", tc.rest, token, err)
			continue
		}
		if want := now.Add(tc.expires); tc.expires > 0 != token.ExpiresAt.Equal(want) {
			t.Errorf("%s: expires at %s, want %s", tc.rest, token.ExpiresAt, want)
		}
	}
}

// T8: a token that cannot stand in a header is refused before it gets there,
// as an answer and as an input.
func TestTokenThatIsNoHeader(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"", "a b", "a\r\nX-Evil: 1", "a\x00", "a\x7f", "é", strings.Repeat("a", 16<<10+1), strings.Repeat("a", 1<<20-100)} {
		quoted, _ := json.Marshal(token)
		far := newFar(t, says(http200("application/json", `{"token_type":"Bearer","access_token":`+string(quoted)+`}`)))
		err := do(t.Context(), newClient(t, far.url()), vnv.OpExchange)
		if e := failure(t, err); e.Kind != vnv.KindUnusable || strings.Contains(e.Error(), "Evil") {
			t.Errorf("%.20q as an answer: %s %v", token, e.Kind, e)
		}
		trap := newFar(t, says(""))
		c := newClient(t, trap.url())
		_, err = c.Verify(t.Context(), vnv.VerifyRequest{AccessToken: vnv.Secret(token), Phone: samplePhone})
		if e := failure(t, err); e.Kind != vnv.KindInput || e.Op != vnv.OpVerify {
			t.Errorf("%.20q as an input: %s %s", token, e.Op, e.Kind)
		}
		c.JWT = func(context.Context) (vnv.Secret, error) { return vnv.Secret(token), nil }
		err = do(t.Context(), c, vnv.OpEnable)
		if e := failure(t, err); e.Kind != vnv.KindInput || e.Op != vnv.OpJWT {
			t.Errorf("%.20q as a JWT: %s %s", token, e.Op, e.Kind)
		}
		if len(trap.requests()) != 0 {
			t.Errorf("%.20q left", token)
		}
	}
}

// V2: like true is not true.
func TestIndeterminate(t *testing.T) {
	t.Parallel()
	const name = `"devicePhoneNumberVerified"`
	for _, body := range []string{
		`{}`, `[]`, `true`, `null`, `"true"`, `{` + name + `:null}`, `{` + name + `:"true"}`, `{` + name + `:1}`, `{` + name + `:[true]}`,
		`{` + name + `:{"value":true}}`, `{` + name + `:true,` + name + `:true}`, `{` + name + `:true,"DEVICEPHONENUMBERVERIFIED":true}`,
		`{"DevicePhoneNumberVerified":true}`, `{"device_phone_number_verified":true}`, `{"data":{` + name + `:true}}`,
		`{` + name + `:true}{` + name + `:false}`, `{` + name + `:true} x`, `{` + name + `:true`, `{` + name + `:True}`, `{` + name + `:true,}`,
		"{" + name + ":true,\"x\":\"\xff\"}", `<html>true</html>`, ``, "\ufeff", `{"devicePhoneNumberVerified\u0000":true}`, `)]}'{` + name + `:true}`,
	} {
		far := newFar(t, says(http200("application/json", body)))
		err := do(t.Context(), newClient(t, far.url()), vnv.OpVerify)
		if e := failure(t, err); e.Kind != vnv.KindUnusable || e.Sent != vnv.SentYes {
			t.Errorf("%s: kind %s sent %s", body, e.Kind, e.Sent)
		}
	}
	for _, body := range []string{`{` + name + `:true}`, "\ufeff {" + name + ":true,\r\n\"x\":[1,{\"y\":null}]} \n", `{"device\u0050honeNumberVerified":true}`} {
		far := newFar(t, says(http200("text/plain", body)))
		answer, err := newClient(t, far.url()).Verify(t.Context(), vnv.VerifyRequest{AccessToken: sampleToken, PhoneHash: samplePhone.Hash()})
		if err != nil || !answer.Verified {
			t.Errorf("%s: %+v, %v", body, answer, err)
		}
	}
}

// E12: refused before any packet, and what is wrong is said.
func TestInput(t *testing.T) {
	t.Parallel()
	trap := newFar(t, says(""))
	enable := func(r vnv.EnableRequest) func(*vnv.Client) error {
		return func(c *vnv.Client) error { _, err := c.Enable(t.Context(), r); return err }
	}
	exchange := func(r vnv.ExchangeRequest) func(*vnv.Client) error {
		return func(c *vnv.Client) error { _, err := c.Exchange(t.Context(), r); return err }
	}
	verify := func(r vnv.VerifyRequest) func(*vnv.Client) error {
		return func(c *vnv.Client) error { _, err := c.Verify(t.Context(), r); return err }
	}
	hash := samplePhone.Hash()
	cases := map[string]func(*vnv.Client) error{
		"enable: 07700900123 is not in E.164 form: write it with + and country code, for a UK number +447700900123": enable(vnv.EnableRequest{Phone: "07700900123", State: "s"}),
		"enable: the phone number is empty: write it with + and country code":                                       enable(vnv.EnableRequest{State: "s"}),
		"enable: the state must be printable text of 1 byte to 16 KiB":                                              enable(vnv.EnableRequest{Phone: samplePhone}),
		"enable: a scope is empty or holds control or invisible characters":                                         enable(vnv.EnableRequest{Phone: samplePhone, State: "s", Scopes: []vnv.Scope{""}}),
		"exchange: the code must have 1 byte to 16 KiB":                                                             exchange(vnv.ExchangeRequest{RedirectURI: "https://app.example/"}),
		"exchange: the redirect URI is missing":                                                                     exchange(vnv.ExchangeRequest{Code: "c"}),
		"verify: the phone number and its hash are both given: one is asked about":                                  verify(vnv.VerifyRequest{AccessToken: "t", Phone: samplePhone, PhoneHash: hash}),
		"verify: the hash must be the SHA-256 of the number with its +, as 64 lower-case hex digits":                verify(vnv.VerifyRequest{AccessToken: "t", PhoneHash: strings.ToUpper(hash)}),
		"verify: the correlator must be at most 55 letters, digits and hyphens": func(c *vnv.Client) error {
			c.Correlator = "a b"
			return verify(vnv.VerifyRequest{AccessToken: "t", Phone: samplePhone})(c)
		},
		"jwt: the Client has no JWT function": func(c *vnv.Client) error {
			c.JWT = nil
			return enable(vnv.EnableRequest{Phone: samplePhone, State: "s"})(c)
		},
		"jwt: no key": func(c *vnv.Client) error {
			c.JWT = func(context.Context) (vnv.Secret, error) { return "", errors.New("no key") }
			return exchange(vnv.ExchangeRequest{Code: "c", RedirectURI: "r"})(c)
		},
	}
	for want, call := range cases {
		e := failure(t, call(newClient(t, trap.url())))
		if e.Kind != vnv.KindInput || e.Sent != vnv.SentNo || e.Error() != want {
			t.Errorf("%s sent %s %q\nwant %q", e.Kind, e.Sent, e, want)
		}
	}
	if n := len(trap.requests()); n != 0 {
		t.Errorf("%d requests left", n)
	}
}

func TestJWTErrorsPassThrough(t *testing.T) {
	t.Parallel()
	own := &vnv.Error{Op: vnv.OpJWT, Kind: vnv.KindInternal, Err: errors.New("x")}
	c := newClient(t, "http://127.0.0.1:9")
	c.JWT = func(context.Context) (vnv.Secret, error) { return "", fmt.Errorf("wrapped: %w", own) }
	if err := do(t.Context(), c, vnv.OpEnable); failure(t, err) != own {
		t.Errorf("%v, want the very error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.JWT = func(ctx context.Context) (vnv.Secret, error) { return "", ctx.Err() }
	if err := do(ctx, c, vnv.OpEnable); failure(t, err).Kind != vnv.KindCanceled {
		t.Errorf("%v, want canceled", err)
	}
}

// T7: the code goes out byte for byte.
func TestCodeByteExact(t *testing.T) {
	t.Parallel()
	const code = "a+b/c=d&e%20f é\x00\xff"
	far := newFar(t, says(http200("application/json", `{"access_token":"abcdefgh"}`)))
	if _, err := newClient(t, far.url()).Exchange(t.Context(), vnv.ExchangeRequest{Code: code, RedirectURI: "https://app.example/cb"}); err != nil {
		t.Fatal(err)
	}
	if raw := far.requests()[0]; !strings.Contains(raw, "code=a%2Bb%2Fc%3Dd%26e%2520f+%C3%A9%00%FF&") {
		t.Errorf("request %q", raw)
	}
}

func TestCorrelator(t *testing.T) {
	t.Parallel()
	cases := []struct{ sent, echoed, kept string }{
		{"mine-1", "", "mine-1"}, {"mine-1", "theirs-2", "theirs-2"}, {"mine-1", "\x1b[2J", "mine-1"}, {"mine-1", strings.Repeat("a", 56), "mine-1"},
	}
	for _, tc := range cases {
		far := newFar(t, says(httpAnswer("200 OK", "application/json", `{"devicePhoneNumberVerified":false}`, "x-correlator: "+tc.echoed)))
		c := newClient(t, far.url())
		c.Correlator = tc.sent
		answer, err := c.Verify(t.Context(), vnv.VerifyRequest{AccessToken: sampleToken, Phone: samplePhone})
		if err != nil {
			if tc.echoed != "\x1b[2J" { // net/http itself may refuse the answer
				t.Error(err)
			}
			continue
		}
		if answer.Correlator != tc.kept {
			t.Errorf("%+v: kept %q", tc, answer.Correlator)
		}
	}
}
