package sandbox

import (
	"net/http"
	"slices"
)

// OpenID Connect for an app that asks by itself (authorize.go): what a client library reads before it does. Sources:
// OpenID Connect Discovery 1.0, RFC 8414, RFC 7517, and CAMARA's Security and Interoperability Profile.
const (
	discoveryPath = "/.well-known/openid-configuration"
	metadataPath  = "/.well-known/oauth-authorization-server"
	keySetPath    = "/.well-known/jwks.json"
)

// StageOpenID is what a client library reads of the issuer. It is no stage of a flow.
const StageOpenID Stage = "openid"

// provider is the 200 of the discovery document, which RFC 8414 has under another path. It says what is there and
// nothing else: no userinfo, no refresh tokens.
type provider struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	KeySet        string `json:"jwks_uri"`

	Scopes        []string `json:"scopes_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	ResponseModes []string `json:"response_modes_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	SignedBy      []string `json:"id_token_signing_alg_values_supported"`
	ClientProofs  []string `json:"token_endpoint_auth_methods_supported"`
	ClientSigned  []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RequestSigned []string `json:"request_object_signing_alg_values_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	Prompts       []string `json:"prompt_values_supported"`
	Claims        []string `json:"claims_supported"`

	ClaimsParameter     bool `json:"claims_parameter_supported"`
	RequestParameter    bool `json:"request_parameter_supported"`
	RequestURIParameter bool `json:"request_uri_parameter_supported"` // true where it is left out
}

// The words of a scope that no operation asks for: what makes a request OpenID Connect's, and the vendor's purpose.
const (
	scopeOpenID  = "openid"
	scopePurpose = "dpv:FraudPreventionAndDetection"
)

func (s *Server) provider() provider {
	return provider{
		Issuer:        s.vendor,
		Authorization: s.vendor + authorizePath,
		Token:         s.vendor + exchangePath,
		KeySet:        s.vendor + keySetPath,
		Scopes:        slices.Concat([]string{scopeOpenID, scopePurpose}, verifyScopes, shareScopes, s.options.Scopes),
		ResponseTypes: []string{"code"},
		ResponseModes: []string{"query"},
		GrantTypes:    []string{"authorization_code"},
		SubjectTypes:  []string{"pairwise"},
		SignedBy:      []string{"RS256"},
		ClientProofs:  []string{"private_key_jwt"},
		ClientSigned:  []string{"RS256"},
		RequestSigned: []string{"RS256"},
		Challenges:    []string{"S256", "plain"},
		Prompts:       []string{"none"},
		Claims:        []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce"},

		RequestParameter: true,
	}
}

// readNothing is for a request that is all path.
func readNothing(*call) {}

func serveProvider(c *call) { replyJSON(c, http.StatusOK, typeJSON, c.s.provider()) }

// keySet is the 200 of the JWKS (RFC 7517).
type keySet struct {
	Keys []publicKey `json:"keys"`
}

type publicKey struct {
	Type     string `json:"kty"`
	Use      string `json:"use"`
	Alg      string `json:"alg"`
	ID       string `json:"kid"`
	Modulus  string `json:"n"`
	Exponent string `json:"e"`
}

func serveKeySet(c *call) {
	key, err := issuerKey()
	if err != nil {
		c.deny(err.Error(), refusal{status: http.StatusInternalServerError})
		return
	}
	replyJSON(c, http.StatusOK, typeJSON, keySet{[]publicKey{key.public}})
}
