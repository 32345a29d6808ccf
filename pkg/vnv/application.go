package vnv

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"
)

// OpApplication reads what the dashboard holds of an application; it is no
// step of a flow.
const OpApplication Op = "application"

// Applications is the vendor's Application API, of which only the reading of
// one application is used (Application API v2).
var Applications = API{
	Name:    "applications",
	BaseURL: "https://api.nexmo.com",
	Paths:   map[Op]string{OpApplication: "/v2/applications"},
}

// Application is what the dashboard holds of an application. Texts are the
// far side's: escape control characters before showing them.
type Application struct {
	ID                   string
	Name                 string
	NetworkApplicationID string    // empty: the Network APIs capability is not linked
	RedirectURI          string    // as registered, byte for byte; empty: none
	PublicKey            string    // PEM; empty: none was saved
	Date                 time.Time // the far side's clock (Date header); zero: unknown
	Notices              []string  // what a person should know, a sentence each
}

// Application reads one application; it changes nothing.
//
// It sends GET /v2/applications/{id} with Basic apiKey:apiSecret to the host
// of [Applications], or to BaseURL, or to URLs[OpApplication] with the id put
// behind it; JWT is not used. It takes
// {"id","name","keys":{"public_key"},"capabilities":{"network_apis":{"network_application_id","redirect_uri"}}},
// of which only the id must be there, and be the one asked for.
//
// API key or secret refused is [KindAuth]; an id that does not exist, or that
// these credentials may not see, is [KindRefused]; a 404 of nobody living at
// the URL is [KindGone].
func (c *Client) Application(ctx context.Context, id, apiKey string, apiSecret Secret) (*Application, error) {
	if err := checkApplication(id, apiKey, apiSecret); err != nil {
		return nil, inputError(OpApplication, err)
	}
	basic := Secret(base64.StdEncoding.EncodeToString([]byte(apiKey + ":" + apiSecret.Reveal())))
	at := *c
	if _, ok := c.api().Paths[OpApplication]; !ok {
		at.API = Applications
	}
	doc, a, fail := at.ask(ctx, call{
		op: OpApplication, method: http.MethodGet, id: id, basic: basic,
		hide: concealer("", basic, apiSecret, Secret(apiKey)),
	})
	if fail != nil {
		return nil, fail.application()
	}
	if got := doc.text("id"); !strings.EqualFold(got, id) {
		return nil, a.unusable("its id is not the one asked for")
	}
	network := asObject(asObject(doc["capabilities"])["network_apis"])
	return &Application{
		ID: id, Name: clip(doc.text("name"), maxCode),
		NetworkApplicationID: clip(network.text("network_application_id"), maxCode),
		RedirectURI:          network.text("redirect_uri"),
		PublicKey:            asObject(doc["keys"]).text("public_key"),
		Date:                 httpDate(a.header.Get("Date")), Notices: lifeNotices(a.header),
	}, nil
}

func checkApplication(id, apiKey string, apiSecret Secret) error {
	switch {
	case !isRequestID(id):
		return errors.New("the application id must be 1 to 64 letters, digits and hyphens")
	case apiKey == "" || len(apiKey) > maxCode || strings.Contains(apiKey, ":") || !allPrint(apiKey):
		return errors.New("the API key is empty, too long, or holds a colon or characters that do not print")
	case apiSecret == "" || len(apiSecret) > maxCode || !allPrint(apiSecret.Reveal()):
		return errors.New("the API secret is empty, too long, or holds characters that do not print")
	}
	return nil
}

// application reads a refusal as the Application API means it: a 404 that
// comes as a problem (RFC 7807) is about the id, not about the URL.
func (e *Error) application() *Error {
	if e.Status == http.StatusNotFound && e.Code != "" {
		e.Kind = KindRefused
	}
	return e
}

// Probed is the answer to [Client.Probe].
type Probed struct {
	Status  int       // 400 or 422
	Code    string    // the far side's name for what an empty request lacks
	Detail  string    // the far side's sentence; it may say that no Network capability is linked
	TraceID string    // RFC 7807 instance
	Date    time.Time // the far side's clock (Date header); zero: unknown
}

// Probe asks whether the application's JWT is accepted. It sends {} to the
// enable step, where the credentials are judged before the request is: 400 and
// 422 mean that they are good, and no attempt is made of it. 401 and 403 are
// [KindAuth]; a web page is [KindServer], another answer that is none of these
// [KindUnusable].
func (c *Client) Probe(ctx context.Context) (*Probed, error) {
	jwt, fail := c.bearer(ctx)
	if fail != nil {
		return nil, fail
	}
	a, fail := c.send(ctx, call{op: OpEnable, bearer: jwt, contentType: "application/json", body: []byte("{}"), hide: concealer("", jwt)})
	if fail != nil {
		return nil, fail
	}
	if a.status != http.StatusBadRequest && a.status != http.StatusUnprocessableEntity {
		if isSuccess(a.status) {
			if _, fail := a.object(); fail != nil {
				return nil, fail
			}
			return nil, a.unusable("an empty request was taken for a good one")
		}
		return nil, a.refusal()
	}
	e := a.refusal()
	return &Probed{Status: a.status, Code: e.Code, Detail: e.Detail, TraceID: e.TraceID, Date: e.Date}, nil
}
