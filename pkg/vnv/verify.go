package vnv

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
)

// VerifyRequest asks about exactly one of Phone and PhoneHash.
type VerifyRequest struct {
	AccessToken Secret
	Phone       Phone
	PhoneHash   string // lower-case hex SHA-256 of "+…": see [Phone.Hash]
}

// Verification is the answer.
type Verification struct {
	Verified   bool     // the device that opened auth_url holds the number
	Correlator string   // x-correlator, as echoed, else as sent
	Notices    []string // what a person should know, a sentence each
}

// Verify asks whether the device holds the number (guide, step 5; CAMARA
// Number Verification v0.3.1).
//
// It sends {"phoneNumber":"+…"} or {"hashedPhoneNumber":"…"} and takes
// {"devicePhoneNumberVerified":true|false} and nothing that is merely like
// it: everything else is [KindUnusable]. A token is good once: after
// [KindUnknownOutcome] it may have been used up.
func (c *Client) Verify(ctx context.Context, r VerifyRequest) (*Verification, error) {
	correlator := cmp.Or(c.Correlator, newCorrelator())
	if err := r.check(correlator); err != nil {
		return nil, inputError(OpVerify, err)
	}
	doc, a, fail := c.ask(ctx, r.call(correlator))
	if fail != nil {
		return nil, fail
	}
	verified, ok := doc["devicePhoneNumberVerified"].(bool)
	if !ok {
		return nil, a.unusable("%s", doc.describe("devicePhoneNumberVerified")).with(problemOf(doc))
	}
	return &Verification{Verified: verified, Correlator: a.keptCorrelator(), Notices: lifeNotices(a.header)}, nil
}

var hashForm = lazily(`^[0-9a-f]{64}$`)

func (r *VerifyRequest) check(correlator string) error {
	switch {
	case !correlatorForm().MatchString(correlator):
		return errors.New("the correlator must be at most 55 letters, digits and hyphens")
	case !headerSafe(r.AccessToken.Reveal()):
		return errors.New("the access token is empty, longer than 16 KiB or holds characters that cannot stand in a header")
	case r.Phone != "" && r.PhoneHash != "":
		return errors.New("the phone number and its hash are both given: one is asked about")
	case r.PhoneHash != "" && !hashForm().MatchString(r.PhoneHash):
		return errors.New("the hash must be the SHA-256 of the number with its +, as 64 lower-case hex digits")
	case r.PhoneHash == "":
		_, err := ParsePhone(string(r.Phone))
		return err
	}
	return nil
}

func (r *VerifyRequest) call(correlator string) call {
	body, _ := json.Marshal(struct { // strings always marshal
		Phone Phone  `json:"phoneNumber,omitempty"`
		Hash  string `json:"hashedPhoneNumber,omitempty"`
	}{r.Phone, r.PhoneHash})
	return call{
		op: OpVerify, single: true, bearer: r.AccessToken,
		contentType: "application/json", body: body, correlator: correlator,
		hide: concealer(r.Phone, r.AccessToken, Secret(r.PhoneHash)),
	}
}
