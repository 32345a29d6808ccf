package vnv

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ExchangeRequest trades a code for a token.
type ExchangeRequest struct {
	Code        Secret // byte for byte as it came
	RedirectURI string // as registered in the dashboard, not the one inside auth_url
}

// Token is an access token for one verification.
type Token struct {
	AccessToken Secret        // visible ASCII, at most 16 KiB
	TokenType   string        // "Bearer"
	ExpiresIn   time.Duration // 0: unknown
	ExpiresAt   time.Time     // by this side's clock; zero: unknown
	Notices     []string      // what a person should know, a sentence each
}

// Exchange trades the code for an access token (guide, step 4; RFC 6749,
// 4.1.3), authenticated by the application JWT.
//
// It sends the form grant_type=authorization_code&code=…&redirect_uri=… and
// takes {"access_token":"…","token_type":"Bearer","expires_in":3600};
// expires_in may be a numeric string, or missing. A code is good once: after
// [KindUnknownOutcome] it may have been used up.
func (c *Client) Exchange(ctx context.Context, r ExchangeRequest) (*Token, error) {
	doc, a, fail := c.askSigned(ctx, OpExchange, &r)
	if fail != nil {
		return nil, fail
	}
	t, fail := a.token(doc)
	if fail != nil {
		return nil, fail
	}
	return t, nil
}

func (r *ExchangeRequest) check() error {
	switch {
	case r.Code == "" || len(r.Code) > maxToken:
		return errors.New("the code must have 1 byte to 16 KiB")
	case r.RedirectURI == "":
		return errors.New("the redirect URI is missing")
	}
	return nil
}

func (r *ExchangeRequest) call(jwt Secret) call {
	form := url.Values{
		"grant_type":   {"authorization_code"},
		"code":         {r.Code.Reveal()},
		"redirect_uri": {r.RedirectURI},
	}
	return call{
		op: OpExchange, single: true, bearer: jwt,
		contentType: "application/x-www-form-urlencoded", body: []byte(form.Encode()),
		hide: concealer("", jwt, r.Code),
	}
}

func (a *answer) token(doc object) (*Token, *Error) {
	if doc["error"] != nil {
		return nil, a.fail(KindUnusable, errors.New("an error in place of a token")).with(problemOf(doc))
	}
	access, ok := doc["access_token"].(string)
	if !ok {
		return nil, a.unusable("%s", doc.describe("access_token"))
	}
	if !headerSafe(access) {
		return nil, a.unusable("access_token is empty, longer than 16 KiB or holds characters that cannot stand in a header")
	}
	t := &Token{AccessToken: Secret(access), TokenType: "Bearer", Notices: lifeNotices(a.header)}
	if kind := doc["token_type"]; kind == nil {
		t.Notices = append(t.Notices, "the answer does not name the token's type: taken as Bearer")
	} else if !strings.EqualFold(doc.text("token_type"), t.TokenType) {
		return nil, a.unusable("token_type is not Bearer")
	}
	t.expire(doc["expires_in"], a.now)
	return t, nil
}

// maxLifetime is where an expires_in stops being believable.
const maxLifetime = 10 * 365 * 24 * time.Hour

// expire tolerates what it does not understand: the token is used at once.
func (t *Token) expire(v any, now time.Time) {
	if v == nil {
		return
	}
	text, _ := v.(string)
	if n, ok := v.(json.Number); ok {
		text = n.String()
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > 0 && seconds <= maxLifetime.Seconds()) { // NaN, too
		t.Notices = append(t.Notices, "expires_in is no believable number of seconds: the lifetime of the token is unknown")
		return
	}
	t.ExpiresIn = time.Duration(seconds * float64(time.Second))
	t.ExpiresAt = now.Add(t.ExpiresIn)
}
