package sandbox

import "net/http"

// oauthError is the shape of the token endpoint (RFC 6749 section 5.2).
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

var oauthWords = map[int]words{
	400: {"invalid_request", "The request is not valid."},
	401: {"invalid_client", "Client authentication failed."},
	403: {"unauthorized_client", "The client may not use this grant."},
	503: {"temporarily_unavailable", "The server is overloaded."},
}

func refuseOAuth(c *call, r refusal) {
	text, ok := oauthWords[r.status]
	switch {
	case !ok && r.status >= 500:
		text = words{"server_error", "The server failed."}
	case !ok:
		text = oauthWords[400]
	}
	if r.detail != "" {
		text.detail = r.detail
	}
	refuseToken(c, r.status, text.title, text.detail)
}

// refuseToken answers with an OAuth error by its name.
func refuseToken(w http.ResponseWriter, status int, name, description string) {
	w.Header()["Cache-Control"] = noStore
	if status == http.StatusUnauthorized {
		w.Header()["Www-Authenticate"] = bearer
	}
	replyJSON(w, status, typeJSON, oauthError{name, description})
}

// camaraError is the shape of verify (CAMARA number-verification 0.3.1, ErrorInfo).
type camaraError struct {
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

const (
	codeNotMobile = "NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK"
	codeNoContext = "NUMBER_VERIFICATION.INVALID_TOKEN_CONTEXT"
)

var camaraWords = map[int]words{
	400: {"INVALID_ARGUMENT", "Client specified an invalid argument, request body or query param"},
	401: {"UNAUTHENTICATED", "Request not authenticated due to missing, invalid, or expired credentials"},
	403: {"PERMISSION_DENIED", "Client does not have sufficient permissions to perform this action"},
	404: {"NOT_FOUND", "The specified resource is not found"},
	405: {"METHOD_NOT_ALLOWED", "The request method is not supported by the target resource"},
	409: {"CONFLICT", "A specified resource duplicate entry found"},
	410: {"GONE", "Access to the target resource is no longer available"},
	415: {"UNSUPPORTED_MEDIA_TYPE", "The server refuses to accept the request because the payload format is in an unsupported format"},
	422: {"SERVICE_NOT_APPLICABLE", "The service is not available for the provided identifier"},
	429: {"QUOTA_EXCEEDED", "Either out of resource quota or reaching rate limiting"},
	500: {"INTERNAL", "Server error"},
	501: {"NOT_IMPLEMENTED", "This functionality is not implemented yet"},
	502: {"BAD_GATEWAY", "An upstream internal service cannot be reached"},
	503: {"UNAVAILABLE", "Service unavailable"},
	504: {"TIMEOUT", "Request timeout exceeded"},
}

func refuseCamara(c *call, r refusal) {
	text, ok := camaraWords[r.status]
	switch {
	case !ok && r.status >= 500:
		text = camaraWords[500]
	case !ok:
		text = camaraWords[400]
	}
	if r.detail != "" {
		text.detail = r.detail
	}
	refuseVerify(c, r.status, text)
}

// refuseVerify answers with a CAMARA error by its code.
func refuseVerify(w http.ResponseWriter, status int, text words) {
	if status == http.StatusUnauthorized {
		w.Header()["Www-Authenticate"] = bearer
	}
	replyJSON(w, status, typeJSON, camaraError{status, text.title, text.detail})
}

// failVerify is the error of a number ending in 99. The vendor documents neither its status nor its
// code; a 403 is what operators send most: the device was not on its mobile network.
func failVerify(c *call, status int) {
	text, ok := camaraWords[status]
	switch {
	case status == http.StatusForbidden:
		text = words{codeNotMobile, "Client must authenticate via the mobile network to use this service"}
	case !ok:
		refuseCamara(c, refusal{status: status})
		return
	}
	refuseVerify(c, status, text)
}
