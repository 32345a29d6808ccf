package sandbox_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// X2: whoever is not sure to be our client, coming back to where it must, is sent nowhere.
func TestNoRedirect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(q url.Values)
	}{
		{"another client", func(q url.Values) { q.Set("client_id", "x") }},
		{"no client", func(q url.Values) { q.Del("client_id") }},
		{"two clients", func(q url.Values) { q.Add("client_id", "x") }},
		{"another redirect_uri", func(q url.Values) { q.Set("redirect_uri", "https://evil.example/cb") }},
		{"the app's redirect_uri", func(q url.Values) { q.Set("redirect_uri", callback) }},
		{"a longer redirect_uri", func(q url.Values) { q.Set("redirect_uri", q.Get("redirect_uri")+"/x") }},
		{"redirect_uri in other case", func(q url.Values) { q.Set("redirect_uri", strings.ToUpper(q.Get("redirect_uri"))) }},
		{"no redirect_uri", func(q url.Values) { q.Del("redirect_uri") }},
		{"two redirect_uris", func(q url.Values) { q.Add("redirect_uri", "https://evil.example/cb") }},
		{"an unknown state", func(q url.Values) { q.Set("state", "v2_x") }},
		{"the app's state", func(q url.Values) { q.Set("state", "mine") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, sandbox.Options{})
			u, _ := url.Parse(c.enable(yes, "mine"))
			q := u.Query()
			tt.change(q)
			u.RawQuery = q.Encode()
			r := c.send("GET", u.String(), "")
			if r.status != 400 || r.header.Get("Location") != "" || !strings.HasPrefix(r.body, "<!DOCTYPE html>") ||
				strings.Contains(r.body, "evil") {
				t.Errorf("got %d %v %s", r.status, r.header, r.body)
			}
		})
	}
}

// What is wrong later is told to the app, at its own redirect_uri (RFC 6749 section 4.1.2.1).
func TestErrorRedirect(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"response_type": "unsupported_response_type",
		"scope":         "invalid_scope",
	} {
		c := start(t, sandbox.Options{})
		u, _ := url.Parse(c.enable(yes, "mine"))
		q := u.Query()
		q.Set(name, "token")
		u.RawQuery = q.Encode()
		r := c.send("GET", u.String(), "")
		if at := r.header.Get("Location"); r.status != 302 || !strings.HasPrefix(at, callback+"?error="+want+"&") || !strings.HasSuffix(at, "&state=mine") {
			t.Errorf("%s: %d %s", name, r.status, at)
		}
	}
}

// A later hop wants the cookie of an earlier one back.
func TestCookie(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	c.Jar = nil
	at := c.enable(yes, "mine")
	for range 2 {
		at = c.send("GET", at, "").header.Get("Location")
	}
	session := c.send("GET", at, "")
	cookie := session.header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "carrier_session=") || !strings.Contains(cookie, "; Path=/carrier/session;") {
		t.Errorf("cookie %q", cookie)
	}
	back := session.header.Get("Location")
	for _, sent := range []string{"", "carrier_session=", "carrier_session=00"} {
		if r := c.send("GET", back, "", "Cookie", sent); r.status != 403 || r.header.Get("Location") != "" {
			t.Errorf("with cookie %q: %d %v", sent, r.status, r.header)
		}
	}
	value, _, _ := strings.Cut(cookie, ";")
	if r := c.send("GET", back, "", "Cookie", "other=1; "+value); r.status != 302 {
		t.Errorf("with the cookie: %d %s", r.status, r.body)
	}
}

// The vendor's callback takes the carrier's code, once, and no other.
func TestVendorCallback(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	hops := c.follow(c.enable(yes, "mine"))
	if r := c.send("GET", hops[4], ""); r.status != 400 || r.header.Get("Location") != "" {
		t.Errorf("again: %d %v", r.status, r.header)
	}
	u, _ := url.Parse(c.enable(yes, "other"))
	for _, query := range []string{"", "&code=", "&code=x", "&code=x&code=y"} {
		r := c.send("GET", c.s.URL()+"/camara/oauth/callback?state="+u.Query().Get("state")+query, "")
		if r.status != 400 || r.header.Get("Location") != "" {
			t.Errorf("ahead of the carrier, %q: %d %v", query, r.status, r.header)
		}
	}
	if r := c.send("GET", c.s.URL()+"/camara/oauth/callback?state=%zz", ""); r.status != 400 {
		t.Errorf("a damaged query: %d", r.status)
	}
}

// A number ending in 99 fails where it was asked to.
func TestErrorAt(t *testing.T) {
	t.Parallel()
	const denied = callback + "?error=access_denied&error_description=The+carrier+could+not+authenticate+the+device.&state=mine"
	for _, tt := range []struct {
		at     sandbox.Stage
		status int
		last   string // Location or part of the body
	}{
		{sandbox.StageEnable, 403, "api-errors#forbidden"},
		{sandbox.StageEnable, 503, "api-errors#internal-error"},
		{sandbox.StageAuthorize, 0, denied},
		{sandbox.StageCarrier, 0, denied},
		{sandbox.StageCallback, 0, denied},
		{sandbox.StageToken, 400, `"error":"invalid_request"`},
		{sandbox.StageToken, 0, `"error":"unauthorized_client"`},
		{sandbox.StageVerify, 404, `"code":"NOT_FOUND"`},
	} {
		t.Run(string(tt.at), func(t *testing.T) {
			t.Parallel()
			c := start(t, sandbox.Options{ErrorAt: tt.at, ErrorStatus: tt.status})
			got, status := c.until(tt.at, wrong)
			if !strings.Contains(got, tt.last) || tt.status != 0 && status != tt.status {
				t.Errorf("got %d %s, want %d %s", status, got, tt.status, tt.last)
			}
			c.enable(yes, "others")
		})
	}
}

// until goes on to a stage and returns what it answered: a Location or a body.
func (c *client) until(stage sandbox.Stage, phone string) (string, int) {
	c.t.Helper()
	switch stage {
	case sandbox.StageEnable:
		r := c.enableBody(`{"phone_number":"` + phone + `","scopes":["` + scope + `"],"state":"mine"}`)
		return r.body, r.status
	case sandbox.StageToken:
		r := c.exchange(grantOf(c.code(phone)))
		return r.body, r.status
	case sandbox.StageVerify:
		r := c.verify(c.token(phone), `{"phoneNumber":"`+phone+`"}`)
		return r.body, r.status
	default:
		hops := c.follow(c.enable(phone, "mine"))
		return hops[len(hops)-1], 302
	}
}
