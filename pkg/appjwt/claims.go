package appjwt

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Level says how much a [Finding] matters.
type Level string

// Levels. A token with an error will be refused; a warning may be the reason
// that it is; a note only informs.
const (
	LevelError   Level = "error"
	LevelWarning Level = "warning"
	LevelNote    Level = "note"
)

// Finding is one thing worth saying about a token. What it quotes of the
// token has its control characters escaped.
type Finding struct {
	Level Level  `json:"level"`
	Claim string `json:"claim"` // "exp"; also "alg", "signature", "token"
	Text  string `json:"text"`
}

// ClaimError says which setting of a [Signer] is refused and why.
type ClaimError struct {
	Claim  string // "exp", "application_id", "key"
	Reason string
	Err    error // the cause, where there is one
}

// Error names the claim, then the reason.
func (e *ClaimError) Error() string {
	text := "sign application JWT: " + e.Claim + ": " + e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *ClaimError) Unwrap() error { return e.Err }

// reserved are the claims that a [Signer] sets itself, with the setting to
// use instead.
var reserved = map[string]string{
	"application_id": "ApplicationID",
	"iat":            "the clock",
	"jti":            "a random one",
	"exp":            "TTL",
	"nbf":            "NotBefore",
}

// unwanted are claims of the vendor's other products. They are signed when
// asked for, and the flow is likely to end with 401.
var unwanted = map[string]Finding{
	"acl": {LevelWarning, "acl", "must not be present for this flow: the far side may answer 401"},
	"sub": {LevelWarning, "sub", "belongs to other products: this flow does not use it"},
}

// CheckClaims judges further claims before they are signed. A reserved one, in
// upper or lower case, or a value that JSON cannot hold is a [*ClaimError];
// acl and sub are findings to warn of. Findings come in a stable order.
func CheckClaims(claims map[string]any) ([]Finding, error) {
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if by, ok := reserved[strings.ToLower(name)]; ok {
			return nil, &ClaimError{Claim: name, Reason: "it is reserved: set by " + by}
		}
		if f, ok := unwanted[strings.ToLower(name)]; ok {
			found = append(found, f)
		}
		if _, err := json.Marshal(claims[name]); err != nil {
			return nil, &ClaimError{Claim: name, Reason: "it has no form in JSON", Err: err}
		}
	}
	return found, nil
}
