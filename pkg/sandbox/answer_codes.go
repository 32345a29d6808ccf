package sandbox

import (
	"cmp"
	"net/http"
)

// oauthError is the shape of the token endpoint (RFC 6749 section 5.2).
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

var oauthWords = [...]coded{
	{400, "invalid_request", words{"", "The request is not valid."}},
	{401, "invalid_client", words{"", "Client authentication failed."}},
	{403, "unauthorized_client", words{"", "The client may not use this grant."}},
	{500, "server_error", words{"", "The server failed."}},
	{503, "temporarily_unavailable", words{"", "The server is overloaded."}},
}

func refuseOAuth(c *call, r refusal) {
	row := wordsFor(oauthWords[:], r.status)
	if r.status == http.StatusUnauthorized && !c.form.Has("client_assertion") {
		c.Header()["Www-Authenticate"] = bearer // to who tried by Authorization, or by nothing
	}
	refuseToken(c, r.status, row.code, cmp.Or(r.detail, row.detail))
}

// wordsFor is the row of a status, or of 500 or 400 where it has none.
func wordsFor(table []coded, status int) coded {
	row, ok := wordsOf(table, status, "")
	switch {
	case !ok && status >= 500:
		row, _ = wordsOf(table, http.StatusInternalServerError, "")
	case !ok:
		row, _ = wordsOf(table, http.StatusBadRequest, "")
	}
	return row
}

// refuseToken answers with an OAuth error by its name.
func refuseToken(w http.ResponseWriter, status int, name, description string) {
	neverStored(w)
	replyJSON(w, status, typeJSON, oauthError{name, description})
}

// camaraError is the shape of verify (CAMARA number-verification 0.3.1, ErrorInfo).
type camaraError struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

const (
	codePrefix    = "NUMBER_VERIFICATION."
	codeNotMobile = codePrefix + "USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK"
	codeNoContext = codePrefix + "INVALID_TOKEN_CONTEXT"

	notMobile = "Client must authenticate via the mobile network to use this service"
	noContext = "Phone number cannot be deducted from access token context"

	codeDenied       = "PERMISSION_DENIED"
	permissionDenied = "Client does not have sufficient permissions to perform this action"
)

var camaraWords = [...]coded{
	{400, "INVALID_ARGUMENT", words{"", "Client specified an invalid argument, request body or query param"}},
	{401, "UNAUTHENTICATED", words{"", "Request not authenticated due to missing, invalid, or expired credentials"}},
	{403, codeDenied, words{"", permissionDenied}},
	{404, "NOT_FOUND", words{"", "The specified resource is not found"}},
	{405, "METHOD_NOT_ALLOWED", words{"", "The request method is not supported by the target resource"}},
	{409, "CONFLICT", words{"", "A specified resource duplicate entry found"}},
	{410, "GONE", words{"", "Access to the target resource is no longer available"}},
	{415, "UNSUPPORTED_MEDIA_TYPE", words{"", "The server refuses to accept the request because the payload format is in an unsupported format"}},
	{422, "SERVICE_NOT_APPLICABLE", words{"", "The service is not available for the provided identifier"}},
	{429, "QUOTA_EXCEEDED", words{"", "Either out of resource quota or reaching rate limiting"}},
	{500, "INTERNAL", words{"", "Server error"}},
	{501, "NOT_IMPLEMENTED", words{"", "This functionality is not implemented yet"}},
	{502, "BAD_GATEWAY", words{"", "An upstream internal service cannot be reached"}},
	{503, "UNAVAILABLE", words{"", "Service unavailable"}},
	{504, "TIMEOUT", words{"", "Request timeout exceeded"}},
}

func refuseCamara(c *call, r refusal) {
	row := wordsFor(camaraWords[:], r.status)
	refuseVerify(c, r.status, row.code, c.spelled(cmp.Or(r.detail, row.detail)))
}

// refuseNotMobile and refuseNoContext are the two errors of number verification alone, as the version of the request
// has them.
func refuseNotMobile(c *call) {
	refuseVerify(c, http.StatusForbidden, codeNotMobile, c.edition().notMobile)
}

func refuseNoContext(c *call) {
	row := c.edition().noContext
	refuseVerify(c, http.StatusForbidden, row.code, row.detail)
}

// refuseVerify answers with a CAMARA error by its code.
func refuseVerify(c *call, status int, code, message string) {
	if challenge := c.challenge(status, code); challenge != nil {
		c.Header()["Www-Authenticate"] = challenge
	}
	replyJSON(c, status, typeJSON, camaraError{status, code, message})
}

// challenge is RFC 6750 section 3: who sent no token is not told that it is wrong, and who needs another scope is told
// so. The vendor's own version tells everybody the same.
func (c *call) challenge(status int, code string) []string {
	later := c.edition().base != ""
	switch {
	case status == http.StatusUnauthorized && later && c.entry.Authorization == "":
		return bearerAlone
	case status == http.StatusUnauthorized:
		return bearer
	case later && code == codeDenied:
		return bearerScope
	default:
		return nil
	}
}

// failVerify is the error of a number ending in 99. The vendor documents neither its status nor its
// code; a 403 is what operators send most: the device was not on its mobile network.
func failVerify(c *call, status int) {
	if status == http.StatusForbidden {
		refuseNotMobile(c)
		return
	}
	refuseCamara(c, refusal{status: status})
}
