package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

func tokenFaults() []Fault {
	return []Fault{
		{
			"token-invalid-grant", "the code is refused", StageToken,
			oauthOf("invalid_grant", "The authorization code is unknown, expired or already used."),
		},
		{"token-invalid-request", "the request is refused", StageToken, oauthOf("invalid_request", "redirect_uri is missing.")},
		{
			"token-unauthorized-client", "the client may not use this grant", StageToken,
			oauthOf("unauthorized_client", "The client may not use this grant."),
		},
		{
			"token-unsupported-grant-type", "the grant type is refused", StageToken,
			oauthOf("unsupported_grant_type", "The authorization grant type is not supported."),
		},
		{"token-invalid-scope", "the scope is refused", StageToken, oauthOf("invalid_scope", "The requested scope is invalid.")},
		{"token-code-expired", "the code has expired", StageToken, oauthOf("invalid_grant", "The authorization code has expired.")},
		{"token-code-used", "the code was used before", StageToken, oauthOf("invalid_grant", "The authorization code was already used.")},
		{
			"token-redirect-uri-mismatch", "redirect_uri is another than at authorization", StageToken,
			oauthOf("invalid_grant", "redirect_uri differs from the one of the authorization."),
		},
		{
			"token-invalid-request-7807", "the request is refused, in the gateway's shape", StageToken,
			problemOf(400, "invalid-params", "redirect_uri is missing."),
		},
		{
			"token-unauthorized-client-7807", "the client may not use this grant, in the gateway's shape", StageToken,
			problemOf(400, "forbidden", "The client may not use this grant."),
		},
		{
			"token-unsupported-grant-type-7807", "the grant type is refused, in the gateway's shape", StageToken,
			problemOf(400, "invalid-params", "The authorization grant type is not supported."),
		},
		{
			"token-invalid-scope-7807", "the scope is refused, in the gateway's shape", StageToken,
			problemOf(400, "invalid-params", "The requested scope is invalid."),
		},
		{"token-problem", "the code is refused, in the gateway's shape", StageToken, problemOf(400, "invalid-params", "The code is not valid.")},
		{"token-invalid-client-401", "the JWT is refused, in OAuth's shape", StageToken, refused(refusal{status: 401})},
		{"token-401-7807", "the JWT is refused, in the gateway's shape", StageToken, problemOf(401, "unauthorized", "")},
	}
}

// tokenAnswerFaults are those that are no OAuth error.
func tokenAnswerFaults() []Fault {
	return []Fault{
		{"token-429", "too many requests, to be retried after a second", StageToken, retryLater("1", problemOf(429, "throttled", ""))},
		{"token-429-date", "too many requests, to be retried at a date", StageToken, retryAt(problemOf(429, "throttled", ""))},
		{"token-500", "the vendor fails", StageToken, refused(refusal{status: 500})},
		{"token-502-html", "a gateway answers with its own page", StageToken, htmlPage(502, "502 Bad Gateway")},
		{"token-503", "out of service, with a gateway's page", StageToken, htmlPage(503, "503 Service Unavailable")},
		{"token-expired", "the token is dead when it comes", StageToken, altered(func(c *call, a *answer) {
			good := a.token()
			a.body = nil
			replyJSON(a, http.StatusOK, typeJSON, tokenAnswer{c.s.ids.hex128(), "Bearer", 1, good.IDToken})
		})},
		{"token-no-token", "a 200 without a token", StageToken, tokens(`{"token_type":"Bearer","expires_in":SECONDS}`)},
		{
			"token-error-in-200", "a 200 with an error inside", StageToken,
			raw(200, typeJSON, `{"error":"invalid_grant","error_description":"The authorization code is already used."}`),
		},
		{
			"token-crlf", "the token holds a line break", StageToken,
			tokens(`{"access_token":"abc\r\nX-Evil: 1","token_type":"Bearer","expires_in":SECONDS}`),
		},
		{"token-truncated", "the JSON stops in the middle", StageToken, tokens(`{"access_token":"TOKEN","token_ty`)},
		{"token-html", "a 200 with a sign-in page", StageToken, htmlPage(200, "Please sign in")},
		{
			"token-expires-string", "expires_in is a string", StageToken,
			tokens(`{"access_token":"TOKEN","token_type":"Bearer","expires_in":"SECONDS"}`),
		},
		{
			"token-lowercase-type", "token_type is in lower case", StageToken,
			tokens(`{"access_token":"TOKEN","token_type":"bearer","expires_in":SECONDS}`),
		},
		{"token-redirect", "the endpoint redirects to another host", StageToken, sentElsewhere},
		{"token-slow", "no answer for half a minute", StageToken, slow},
		{"token-reset", "the request is read, then the connection reset", StageToken, reset},
	}
}

func oauthOf(name, description string) do {
	return with(func(c *call) { refuseToken(c, http.StatusBadRequest, name, description) })
}

// token reads back what the token stage answered.
func (a *answer) token() tokenAnswer {
	var good tokenAnswer
	if json.Unmarshal(a.body, &good) != nil {
		return tokenAnswer{}
	}
	return good
}

// tokens writes a good answer in another form: TOKEN and SECONDS stand for what it holds. An id_token stays in it.
func tokens(form string) do {
	return altered(func(_ *call, a *answer) {
		good := a.token()
		text := strings.NewReplacer("TOKEN", good.AccessToken, "SECONDS", strconv.FormatInt(good.ExpiresIn, 10)).Replace(form)
		if open, closed := strings.CutSuffix(text, "}"); closed && good.IDToken != "" {
			text = open + `,"id_token":"` + good.IDToken + `"}`
		}
		a.body = []byte(text)
	})
}
