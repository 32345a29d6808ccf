package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

func verifyFaults() []Fault {
	return []Fault{
		{"verify-400", "INVALID_ARGUMENT", StageVerify, refused(refusal{status: 400})},
		{"verify-401", "UNAUTHENTICATED", StageVerify, refused(refusal{status: 401})},
		{
			"verify-401-later", "AUTHENTICATION_REQUIRED, as later versions spell it", StageVerify,
			camaraOf(401, "AUTHENTICATION_REQUIRED", "New authentication is required."),
		},
		{"verify-403", "PERMISSION_DENIED", StageVerify, refused(refusal{status: 403})},
		{
			"verify-403-mobile-network", "the device was not on its mobile network", StageVerify,
			with(refuseNotMobile),
		},
		{
			"verify-403-invalid-token-context", "the token leads to no number", StageVerify,
			with(refuseNoContext),
		},
		{
			"verify-403-mobile-network-later", "the device was not on its mobile network, without the prefix", StageVerify,
			camaraOf(403, strings.TrimPrefix(codeNotMobile, codePrefix), notMobile),
		},
		{
			"verify-403-invalid-token-context-later", "the token leads to no number, as later versions spell it", StageVerify,
			camaraOf(403, strings.TrimPrefix(codeNoContext, codePrefix), noContext),
		},
		{"verify-404", "NOT_FOUND", StageVerify, refused(refusal{status: 404})},
		{"verify-405", "METHOD_NOT_ALLOWED", StageVerify, refused(refusal{status: 405})},
		{"verify-410", "GONE: the API has been retired", StageVerify, refused(refusal{status: 410})},
		{"verify-415", "UNSUPPORTED_MEDIA_TYPE", StageVerify, refused(refusal{status: 415})},
		{"verify-422", "SERVICE_NOT_APPLICABLE", StageVerify, refused(refusal{status: 422})},
		{"verify-429", "QUOTA_EXCEEDED", StageVerify, refused(refusal{status: 429})},
		{
			"verify-429-later", "TOO_MANY_REQUESTS, to be retried after a second", StageVerify,
			retryLater("1", camaraOf(429, "TOO_MANY_REQUESTS", "Too many requests.")),
		},
		{"verify-429-date", "QUOTA_EXCEEDED, to be retried at a date", StageVerify, retryAt(refused(refusal{status: 429}))},
		{"verify-500", "INTERNAL", StageVerify, refused(refusal{status: 500})},
		{"verify-502", "BAD_GATEWAY", StageVerify, refused(refusal{status: 502})},
		{"verify-502-html", "a gateway answers with its own page", StageVerify, htmlPage(502, "502 Bad Gateway")},
		{"verify-503", "UNAVAILABLE", StageVerify, refused(refusal{status: 503})},
		{"verify-504", "TIMEOUT", StageVerify, refused(refusal{status: 504})},
		{"verify-missing-flag", "a 200 without the flag", StageVerify, flags(`{}`)},
		{"verify-null-flag", "the flag is null", StageVerify, flags(`{"devicePhoneNumberVerified":null}`)},
		{"verify-string-flag", "the flag is a string", StageVerify, flags(`{"devicePhoneNumberVerified":"FLAG"}`)},
		{
			"verify-duplicate-flag", "the flag comes twice, once each way", StageVerify,
			flags(`{"devicePhoneNumberVerified":FLAG,"devicePhoneNumberVerified":OTHER}`),
		},
		{"verify-other-case", "the flag is spelled in lower case", StageVerify, flags(`{"devicephonenumberverified":FLAG}`)},
		{"verify-truncated", "the JSON stops in the middle", StageVerify, flags(`{"devicePhoneNumberVerified":tru`)},
		{"verify-html", "a 200 with a sign-in page", StageVerify, htmlPage(200, "Please sign in")},
		{"verify-redirect", "the endpoint redirects to another host", StageVerify, sentElsewhere},
		{"verify-slow", "no answer for half a minute", StageVerify, slow},
		{"verify-reset", "the request is read, then the connection reset", StageVerify, reset},
	}
}

func camaraOf(status int, code, message string) do {
	return with(func(c *call) { refuseVerify(c, status, code, message) })
}

// flags writes a good answer in another form: FLAG stands for what it says, OTHER for the opposite. An answer
// that has no flag passes.
func flags(form string) do {
	changed := altered(func(_ *call, a *answer) {
		var good verifyAnswer
		if json.Unmarshal(a.body, &good) == nil {
			a.body = []byte(strings.NewReplacer("FLAG", strconv.FormatBool(good.Verified), "OTHER", strconv.FormatBool(!good.Verified)).Replace(form))
		}
	})
	return func(s *Server, w http.ResponseWriter, r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, verifyPath) && changed(s, w, r)
	}
}
