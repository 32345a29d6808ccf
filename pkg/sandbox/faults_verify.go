package sandbox

import (
	"encoding/json"
	"strconv"
	"strings"
)

var verifyFaults = []Fault{
	{"verify-400", "INVALID_ARGUMENT", StageVerify, refused(refusal{status: 400})},
	{"verify-401", "UNAUTHENTICATED", StageVerify, refused(refusal{status: 401})},
	{"verify-403", "PERMISSION_DENIED", StageVerify, refused(refusal{status: 403})},
	{
		"verify-403-mobile-network", "the device was not on its mobile network", StageVerify,
		camaraOf(403, codeNotMobile, notMobile),
	},
	{
		"verify-403-invalid-token-context", "the token leads to no number", StageVerify,
		camaraOf(403, codeNoContext, noContext),
	},
	{"verify-404", "NOT_FOUND", StageVerify, refused(refusal{status: 404})},
	{"verify-410", "GONE: the API has been retired", StageVerify, refused(refusal{status: 410})},
	{"verify-429", "QUOTA_EXCEEDED", StageVerify, refused(refusal{status: 429})},
	{"verify-500", "INTERNAL", StageVerify, refused(refusal{status: 500})},
	{"verify-503", "UNAVAILABLE", StageVerify, refused(refusal{status: 503})},
	{"verify-504", "TIMEOUT", StageVerify, refused(refusal{status: 504})},
	{"verify-missing-flag", "a 200 without the flag", StageVerify, flags(`{}`)},
	{"verify-string-flag", "the flag is a string", StageVerify, flags(`{"devicePhoneNumberVerified":"FLAG"}`)},
	{
		"verify-duplicate-flag", "the flag comes twice, once each way", StageVerify,
		flags(`{"devicePhoneNumberVerified":FLAG,"devicePhoneNumberVerified":OTHER}`),
	},
	{"verify-other-case", "the flag is spelled in lower case", StageVerify, flags(`{"devicephonenumberverified":FLAG}`)},
	{"verify-truncated", "the JSON stops in the middle", StageVerify, flags(`{"devicePhoneNumberVerified":tru`)},
	{"verify-html", "a 200 with a sign-in page", StageVerify, htmlPage(200, "Please sign in")},
	{"verify-reset", "the request is read, then the connection reset", StageVerify, reset},
}

func camaraOf(status int, code, message string) do {
	return with(func(c *call) { refuseVerify(c, status, code, message) })
}

// flags writes a good answer in another form: FLAG stands for what it says, OTHER for the opposite.
func flags(form string) do {
	return altered(func(_ *call, a *answer) {
		var good verifyAnswer
		if json.Unmarshal(a.body, &good) == nil {
			a.body = []byte(strings.NewReplacer("FLAG", strconv.FormatBool(good.Verified), "OTHER", strconv.FormatBool(!good.Verified)).Replace(form))
		}
	})
}
