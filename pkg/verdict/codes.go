package verdict

import "strings"

// A Code is a row of the table of error codes: what the far side calls a failure.
type Code struct {
	Name   string   `json:"name"`
	Family string   `json:"family"` // which protocol's: one of the Family… names
	Means  string   `json:"means"`
	Source string   `json:"source"`
	Causes []string `json:"causes"` // names, the most likely first
}

// The families of codes.
const (
	FamilyVendor = "vendor (RFC 7807 type)"
	FamilyOAuth  = "OAuth"
	FamilyCAMARA = "CAMARA"
	FamilyVerify = "Verify API"
	FamilySDK    = "phone library"
	FamilyHTTP   = "HTTP status"
)

// Codes returns the table of error codes.
func Codes() []Code {
	var all []Code
	for _, t := range [][]Code{vendorCodes, oauthCodes, camaraCodes, verifyCodes, sdkCodes, httpCodes} {
		all = append(all, t...)
	}
	return all
}

// CodeNamed finds a code by its name in any case, with or without CAMARA's prefix or
// the URL of a problem type before it.
func CodeNamed(name string) (Code, bool) {
	name = strings.TrimSpace(name)
	if _, fragment, ok := strings.Cut(name, "api-errors#"); ok {
		name = fragment
	}
	name = strings.TrimPrefix(strings.ToUpper(name), "NUMBER_VERIFICATION.")
	for _, c := range Codes() {
		if strings.TrimPrefix(strings.ToUpper(c.Name), "NUMBER_VERIFICATION.") == name {
			return c, true
		}
	}
	return Code{}, false
}

const (
	fromVendor = "vendor's API errors (RFC 7807)"
	rfc6749Tok = "RFC 6749 section 5.2"
	rfc6749Az  = "RFC 6749 section 4.1.2.1"
	oidc       = "OpenID Connect Core section 3.1.2.6"
	rfc6750    = "RFC 6750 section 3.1"
	camara     = "CAMARA number-verification 0.3.1"
	commons    = "CAMARA Commonalities"
	verifyAPI  = "Verify API (v2)"
	library    = "vendor's phone libraries"
)

var vendorCodes = []Code{
	{"unauthorized", FamilyVendor, "The credentials were refused.", fromVendor, []string{"wrong-key", "key-not-saved", "clock-skew"}},
	{"jwt-expired", FamilyVendor, "The JWT has expired.", fromVendor, []string{"jwt-expired", "clock-skew"}},
	{"jwt-revoked", FamilyVendor, "The JWT was revoked.", fromVendor, []string{"wrong-key", "key-not-saved"}},
	{"invalid-signature", FamilyVendor, "The signature does not fit the key that the vendor has.", fromVendor, []string{"wrong-key", "key-not-saved"}},
	{"invalid-api-key", FamilyVendor, "The API key is unknown.", fromVendor, []string{"wrong-key"}},
	{"forbidden", FamilyVendor, "The account has no permission for this.", fromVendor, []string{"account-forbidden", "number-not-allowlisted"}},
	{"unprovisioned", FamilyVendor, "The account is not provisioned for this API.", fromVendor, []string{"account-not-provisioned"}},
	{"account-suspended", FamilyVendor, "The account is suspended.", fromVendor, []string{"account-not-provisioned"}},
	{"low-balance", FamilyVendor, "The account has no money left.", fromVendor, []string{"low-balance"}},
	{"not-found", FamilyVendor, "Nothing is there under this URL or id.", fromVendor, []string{"api-retired", "wrong-url", "request-over"}},
	{"invalid-params", FamilyVendor, "One or more parameters are refused.", fromVendor, []string{"parameter-refused", "network-not-linked", "scope-for-scopes"}},
	{"invalid-param", FamilyVendor, "A parameter is refused.", fromVendor, []string{"parameter-refused"}},
	{"throttled", FamilyVendor, "Too many requests.", fromVendor, []string{"rate-limit"}},
	{"internal-error", FamilyVendor, "The vendor failed.", fromVendor, []string{"service-down"}},
	{"wrong-verb", FamilyVendor, "The method is not supported here: enable, token and verify are POST.", fromVendor, []string{"wrong-url"}},
	{"accept-header", FamilyVendor, "The Accept header asks for a form that is not offered.", fromVendor, []string{"parameter-refused"}},
	{"content-type-header", FamilyVendor, "The Content-Type is not taken here: JSON for enable and verify, a form for the token.", fromVendor, []string{"parameter-refused"}},
	{"gone", FamilyVendor, "This API has been retired.", fromVendor, []string{"api-retired"}},
}

var oauthCodes = []Code{
	{"invalid_grant", FamilyOAuth, "The code is unknown, expired, used, or its redirect_uri differs.", rfc6749Tok, []string{"code-used", "redirect-uri-mismatch", "code-expired", "code-other-host"}},
	{"invalid_client", FamilyOAuth, "The client could not be authenticated.", rfc6749Tok, []string{"wrong-key", "key-not-saved", "clock-skew"}},
	{"unauthorized_client", FamilyOAuth, "The client may not use this grant.", rfc6749Tok, []string{"grant-not-allowed"}},
	{"unsupported_grant_type", FamilyOAuth, "The grant type is not offered: it is authorization_code.", rfc6749Tok, []string{"grant-not-allowed"}},
	{"invalid_request", FamilyOAuth, "A parameter is missing, malformed or given twice.", rfc6749Tok, []string{"parameter-refused", "redirect-uri-mismatch", "auth-request-refused"}},
	{"invalid_scope", FamilyOAuth, "The scope is unknown or malformed.", rfc6749Az, []string{"scope-unknown", "scope-not-enabled"}},
	{"access_denied", FamilyOAuth, "The user or the authorization server said no.", rfc6749Az, []string{"access-denied", "wifi-not-carrier"}},
	{"unsupported_response_type", FamilyOAuth, "The response type is not offered: it is code.", rfc6749Az, []string{"auth-request-refused"}},
	{"server_error", FamilyOAuth, "The authorization server failed.", rfc6749Az, []string{"service-down"}},
	{"temporarily_unavailable", FamilyOAuth, "The authorization server is overloaded or under maintenance.", rfc6749Az, []string{"service-down"}},
	{"consent_required", FamilyOAuth, "The user has not consented, and was not to be asked.", oidc, []string{"consent-needed"}},
	{"login_required", FamilyOAuth, "The user is not known to the carrier's server, and was not to be asked.", oidc, []string{"wifi-not-carrier"}},
	{"interaction_required", FamilyOAuth, "The user would have to do something, and was not to be asked.", oidc, []string{"consent-needed", "wifi-not-carrier"}},
	{"account_selection_required", FamilyOAuth, "The user would have to choose an account.", oidc, []string{"consent-needed"}},
	{"invalid_request_object", FamilyOAuth, "The request object is not valid.", oidc, []string{"auth-request-refused"}},
	{"request_uri_not_supported", FamilyOAuth, "request_uri is not supported.", oidc, []string{"auth-request-refused"}},
	{"request_not_supported", FamilyOAuth, "request is not supported.", oidc, []string{"auth-request-refused"}},
	{"registration_not_supported", FamilyOAuth, "registration is not supported.", oidc, []string{"auth-request-refused"}},
	{"invalid_token", FamilyOAuth, "The access token is expired, revoked, malformed or used.", rfc6750, []string{"token-refused", "token-expired", "token-reused"}},
	{"insufficient_scope", FamilyOAuth, "The token's scope does not cover this call.", rfc6750, []string{"permission-denied"}},
}

var camaraCodes = []Code{
	{"INVALID_ARGUMENT", FamilyCAMARA, "The body or a parameter is not valid: exactly one of phoneNumber and hashedPhoneNumber, in their form.", camara, []string{"parameter-refused"}},
	{"UNAUTHENTICATED", FamilyCAMARA, "The access token is missing, invalid or expired.", camara, []string{"token-refused", "token-expired", "token-reused"}},
	{"AUTHENTICATION_REQUIRED", FamilyCAMARA, "A new authentication of the device is needed.", commons, []string{"token-expired", "token-reused"}},
	{"PERMISSION_DENIED", FamilyCAMARA, "The token does not permit this call.", camara, []string{"permission-denied"}},
	{"NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK", FamilyCAMARA, "The device was not recognised by its mobile network.", camara, []string{"wifi-not-carrier"}},
	{"NUMBER_VERIFICATION.INVALID_TOKEN_CONTEXT", FamilyCAMARA, "No number can be deduced from the token, or another one.", camara, []string{"token-other-number"}},
	{"OUT_OF_RANGE", FamilyCAMARA, "A value is out of its range.", commons, []string{"parameter-refused"}},
	{"NOT_FOUND", FamilyCAMARA, "The resource is not there.", commons, []string{"api-retired", "wrong-url"}},
	{"METHOD_NOT_ALLOWED", FamilyCAMARA, "The method is not supported: verify is POST.", commons, []string{"wrong-url"}},
	{"NOT_ACCEPTABLE", FamilyCAMARA, "The Accept header asks for a form that is not offered.", commons, []string{"parameter-refused"}},
	{"CONFLICT", FamilyCAMARA, "A resource of that name exists.", commons, []string{"parameter-refused"}},
	{"GONE", FamilyCAMARA, "The resource is no longer there.", commons, []string{"api-retired"}},
	{"UNSUPPORTED_MEDIA_TYPE", FamilyCAMARA, "The body must be application/json.", commons, []string{"parameter-refused"}},
	{"SERVICE_NOT_APPLICABLE", FamilyCAMARA, "The service is not available for this number.", commons, []string{"carrier-not-supported"}},
	{"QUOTA_EXCEEDED", FamilyCAMARA, "The quota is used up.", commons, []string{"rate-limit"}},
	{"TOO_MANY_REQUESTS", FamilyCAMARA, "Too many requests.", commons, []string{"rate-limit"}},
	{"INTERNAL", FamilyCAMARA, "The operator's server failed.", camara, []string{"service-down"}},
	{"NOT_IMPLEMENTED", FamilyCAMARA, "The operator does not offer this.", commons, []string{"carrier-not-supported"}},
	{"BAD_GATEWAY", FamilyCAMARA, "A service behind could not be reached.", commons, []string{"service-down"}},
	{"UNAVAILABLE", FamilyCAMARA, "The service is out of service.", camara, []string{"service-down"}},
	{"TIMEOUT", FamilyCAMARA, "A service behind did not answer in time.", camara, []string{"service-down", "no-answer"}},
}

var verifyCodes = []Code{
	{"concurrent", FamilyVerify, "Another request for this number is under way.", verifyAPI, []string{"concurrent-request"}},
	{"precondition-failed", FamilyVerify, "The coverage check said no: network not supported, or silent authentication failed.", verifyAPI, []string{"carrier-not-supported", "silent-auth-failed"}},
	{"invalid-code", FamilyVerify, "The code is wrong, or its one attempt is used up.", verifyAPI, []string{"code-of-another-request", "request-over", "silent-auth-expired"}},
	{"conflict", FamilyVerify, "The request cannot be cancelled now: it is allowed from 30 s after the start.", verifyAPI, []string{"concurrent-request"}},
	{"user_rejected", FamilyVerify, "The answer no: the device does not hold the number. Not a failure.", verifyAPI, nil},
	{"completed", FamilyVerify, "The answer yes: the device holds the number. Not a failure.", verifyAPI, nil},
	{"failed", FamilyVerify, "The verification failed: neither yes nor no.", verifyAPI, []string{"silent-auth-failed"}},
	{"expired", FamilyVerify, "The request ran out of time.", verifyAPI, []string{"silent-auth-expired"}},
}

var sdkCodes = []Code{
	{"sdk_redirect_error", FamilySDK, "The library stopped at a redirect: too many of them, or one that it refuses.", library, []string{"android-cleartext-hop", "too-many-redirects", "app-scheme-redirect"}},
	{"sdk_no_data_connectivity", FamilySDK, "The phone has no mobile data, or the library may not use it.", library, []string{"wifi-not-carrier", "no-network"}},
	{"sdk_connection_error", FamilySDK, "The library could not connect over mobile data.", library, []string{"no-network", "connection-lost", "tls-refused"}},
	{"sdk_error", FamilySDK, "The library failed, for a reason in error_description.", library, []string{"connection-lost"}},
}

var httpCodes = []Code{
	{"302", FamilyHTTP, "A redirect that was not followed; an app that sees it met a hop which its library refuses.", "RFC 9110 section 15.4.3; phone libraries", []string{"android-cleartext-hop", "endpoint-redirects"}},
	{"400", FamilyHTTP, "The request is not valid.", "RFC 9110 section 15.5.1", []string{"parameter-refused", "network-not-linked", "code-used"}},
	{"401", FamilyHTTP, "The credentials are refused: the JWT at enable and token, the access token at verify.", "RFC 9110 section 15.5.2", []string{"wrong-key", "key-not-saved", "clock-skew", "token-refused"}},
	{"402", FamilyHTTP, "Payment is required.", "Verify API", []string{"low-balance"}},
	{"403", FamilyHTTP, "The credentials are right, and this is not permitted.", "RFC 9110 section 15.5.4", []string{"account-forbidden", "wifi-not-carrier", "number-not-allowlisted", "permission-denied"}},
	{"404", FamilyHTTP, "Nothing is there.", "RFC 9110 section 15.5.5", []string{"api-retired", "wrong-url", "request-over"}},
	{"405", FamilyHTTP, "The method is not supported: all steps are POST.", "RFC 9110 section 15.5.6", []string{"wrong-url"}},
	{"407", FamilyHTTP, "A proxy wants credentials.", "RFC 9110 section 15.5.8", []string{"proxy-in-the-way"}},
	{"409", FamilyHTTP, "It contradicts something under way.", "Verify API", []string{"concurrent-request"}},
	{"410", FamilyHTTP, "It was there once.", "RFC 9110 section 15.5.11", []string{"api-retired", "code-used"}},
	{"412", FamilyHTTP, "The coverage check said no.", "Verify API", []string{"carrier-not-supported", "silent-auth-failed"}},
	{"415", FamilyHTTP, "The body's type is not taken.", "RFC 9110 section 15.5.16", []string{"parameter-refused"}},
	{"422", FamilyHTTP, "The request was read, and a value in it is refused.", "RFC 9110 section 15.5.21", []string{"parameter-refused", "scope-for-scopes", "state-reused"}},
	{"429", FamilyHTTP, "Too many requests.", "RFC 6585 section 4", []string{"rate-limit"}},
	{"431", FamilyHTTP, "The request's headers are too large: cookies, or a token with too many claims.", "RFC 6585 section 5", []string{"parameter-refused"}},
	{"500", FamilyHTTP, "The far side failed.", "RFC 9110 section 15.6.1", []string{"service-down"}},
	{"502", FamilyHTTP, "A gateway got no good answer from behind.", "RFC 9110 section 15.6.3", []string{"service-down", "proxy-in-the-way"}},
	{"503", FamilyHTTP, "Out of service for now.", "RFC 9110 section 15.6.4", []string{"service-down"}},
	{"504", FamilyHTTP, "A gateway waited in vain.", "RFC 9110 section 15.6.5", []string{"service-down", "no-answer"}},
	{"511", FamilyHTTP, "The network wants a sign-in first.", "RFC 6585 section 6", []string{"captive-portal"}},
}
