package vnv

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"
)

// DefaultBrand stands where a brand is asked for and nobody will read it.
const DefaultBrand = "vnv"

// maxBrand and maxClientRef are the lengths that the vendor's OpenAPI document gives.
const (
	maxBrand     = 18
	maxClientRef = 40
)

// StartRequest asks for a silent authentication of one number.
type StartRequest struct {
	Phone           Phone
	Brand           string // 1 to 18 characters, none of / { } : $; empty: [DefaultBrand]
	NoCoverageCheck bool   // do not ask first whether the number's network takes part
	RedirectURL     string // where the chain ends, with the outcome in the fragment; empty: in a JSON answer
	ClientRef       string // comes back in webhooks; at most 40 characters
	Mode            string // as the vendor documents it; empty: its default
}

// Started is a silent authentication under way.
type Started struct {
	RequestID string
	CheckURL  string   // absolute http or https URL, to be shown to the device only
	Notices   []string // what a person should know, a sentence each
}

// Start asks for a silent authentication, and for the URL that the device has
// to open (Verify v2, POST /v2/verify).
//
// It sends {"brand":"…","workflow":[{"channel":"silent_auth","to":"447700900000"}]},
// the number without its +, and takes 202 {"request_id":"…","check_url":"…"}.
// [KindConcurrent] means that another request for the number is under way;
// [Client.Cancel] ends it.
func (c *Client) Start(ctx context.Context, r StartRequest) (*Started, error) {
	doc, a, fail := c.askSigned(ctx, OpEnable, &r)
	if fail != nil {
		return nil, fail.silent()
	}
	s := &Started{RequestID: doc.text("request_id"), CheckURL: doc.text("check_url"), Notices: lifeNotices(a.header)}
	if !isRequestID(s.RequestID) {
		return nil, a.unusable("%s", doc.describe("request_id")).with(problemOf(doc))
	}
	if s.CheckURL == "" {
		return nil, a.unusable("%s", doc.describe("check_url")).with(problemOf(doc))
	}
	if _, err := webURL(s.CheckURL); err != nil {
		return nil, a.unusable("check_url %w", err)
	}
	return s, nil
}

func (r *StartRequest) check() error {
	if _, err := ParsePhone(string(r.Phone)); err != nil {
		return err
	}
	switch {
	case utf8.RuneCountInString(r.Brand) > maxBrand || strings.ContainsAny(r.Brand, `\/{}:$`) || !allPrint(r.Brand):
		return errors.New(`the brand must have 1 to 18 characters, none of \ / { } : $`)
	case utf8.RuneCountInString(r.ClientRef) > maxClientRef || !allPrint(r.ClientRef):
		return errors.New("the client reference must have at most 40 characters")
	case !allPrint(r.Mode):
		return errors.New("the mode holds control or invisible characters")
	case r.RedirectURL != "":
		if _, err := webURL(r.RedirectURL); err != nil {
			return errors.New("the redirect URL " + err.Error())
		}
	}
	return nil
}

func (r *StartRequest) call(jwt Secret) call {
	type channel struct {
		Channel     string `json:"channel"`
		To          string `json:"to"`
		RedirectURL string `json:"redirect_url,omitempty"`
		Mode        string `json:"mode,omitempty"`
	}
	var coverage *bool
	if r.NoCoverageCheck {
		coverage = new(bool)
	}
	body, _ := json.Marshal(struct { // strings always marshal
		Brand         string    `json:"brand"`
		ClientRef     string    `json:"client_ref,omitempty"`
		CoverageCheck *bool     `json:"coverage_check,omitempty"`
		Workflow      []channel `json:"workflow"`
	}{
		cmp.Or(r.Brand, DefaultBrand), r.ClientRef, coverage,
		[]channel{{"silent_auth", strings.TrimPrefix(string(r.Phone), "+"), r.RedirectURL, r.Mode}},
	})
	return call{
		op: OpEnable, bearer: jwt, contentType: "application/json", body: body,
		hide: concealer(r.Phone, jwt),
	}
}

// CheckRequest holds the outcome of the chain: the code that the device received.
type CheckRequest struct {
	RequestID string
	Code      Secret
}

// Checked is the answer to a code.
type Checked struct {
	Verified bool     // the device that opened the check URL holds the number
	Status   string   // "completed" or "user_rejected"
	Notices  []string // what a person should know, a sentence each
}

// Check hands in the code (Verify v2, POST /v2/verify/{request_id}).
//
// It sends {"code":"…"} and takes 200 {"request_id":"…","status":"completed"}.
// The request id of the answer must be the one asked about. A code is good
// once: after [KindUnknownOutcome] it may have been used up.
func (c *Client) Check(ctx context.Context, r CheckRequest) (*Checked, error) {
	doc, a, fail := c.askSigned(ctx, OpVerify, &r)
	if fail != nil {
		return nil, fail.silent()
	}
	if doc.text("request_id") != r.RequestID {
		return nil, a.unusable("request_id is missing or of another request")
	}
	return a.checked(doc)
}

func (r *CheckRequest) check() error {
	switch {
	case !isRequestID(r.RequestID):
		return errors.New("the request id must be 1 to 64 letters, digits and hyphens")
	case r.Code == "" || len(r.Code) > maxToken:
		return errors.New("the code must have 1 byte to 16 KiB")
	}
	return nil
}

func (r *CheckRequest) call(jwt Secret) call {
	body, _ := json.Marshal(map[string]string{"code": r.Code.Reveal()}) // strings always marshal
	return call{
		op: OpVerify, id: r.RequestID, single: true, bearer: jwt,
		contentType: "application/json", body: body, hide: concealer("", jwt, r.Code),
	}
}

func (a *answer) checked(doc object) (*Checked, error) {
	switch status := doc.text("status"); status {
	case "completed", "user_rejected":
		return &Checked{Verified: status == "completed", Status: status, Notices: lifeNotices(a.header)}, nil
	case "failed", "expired", "cancelled", "canceled":
		e := a.fail(KindFailed, errors.New("neither yes nor no"))
		e.Code = status
		return nil, e
	default:
		if status != "" {
			return nil, a.unusable("its status is none that is known").with(problemOf(doc))
		}
		return nil, a.unusable("%s", doc.describe("status")).with(problemOf(doc))
	}
}

// Cancel ends a request (Verify v2, DELETE /v2/verify/{request_id}), so that
// the number is free for another. The vendor allows it from 30 s after the
// start. It takes 204.
func (c *Client) Cancel(ctx context.Context, requestID string) error {
	if !isRequestID(requestID) {
		return inputError(OpVerify, errors.New("the request id must be 1 to 64 letters, digits and hyphens"))
	}
	jwt, fail := c.bearer(ctx)
	if fail != nil {
		return fail
	}
	a, fail := c.send(ctx, call{op: OpVerify, method: http.MethodDelete, id: requestID, bearer: jwt, hide: concealer("", jwt)})
	if fail != nil {
		return fail
	}
	if !isSuccess(a.status) {
		return a.refusal().silent()
	}
	if len(a.body) > 0 { // a 204 has none
		if _, fail := a.object(); fail != nil {
			return fail
		}
	}
	return nil
}

// isRequestID bounds what goes into a path.
func isRequestID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}

// silentKinds: what a status means for Verify where it means something else
// than elsewhere. The first row that fits counts.
var silentKinds = []struct {
	op     Op
	status int
	says   string // in lower case, in code or detail
	kind   Kind
}{
	{OpEnable, http.StatusConflict, "", KindConcurrent},
	{OpEnable, http.StatusPreconditionFailed, "not supported", KindNotEnabled},
	{OpEnable, http.StatusPreconditionFailed, "", KindFailed},
	{OpVerify, http.StatusUnauthorized, "", KindAuth},
	{OpVerify, http.StatusGone, "", KindRefused},
	{OpVerify, http.StatusNotFound, "", KindRefused},
}

// silent reads a refusal as Verify means it.
func (e *Error) silent() *Error {
	text := strings.ToLower(e.Code + " " + e.Detail)
	for _, row := range silentKinds {
		if row.op == e.Op && row.status == e.Status && strings.Contains(text, row.says) {
			e.Kind = row.kind
			break
		}
	}
	return e
}
