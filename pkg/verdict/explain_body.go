package verdict

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// An answer is put to the SDK itself, as if it had come over the wire: what is pasted is
// judged exactly as what is received. Nothing leaves: the transport is the paste.
type canned struct {
	status int
	header http.Header
	body   []byte
}

func (c *canned) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		req.Body.Close()
	}
	return &http.Response{
		StatusCode: c.status, Header: c.header, Body: io.NopCloser(bytes.NewReader(c.body)), Request: req,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(c.body)),
	}, nil
}

// call is a step that an answer can be put to.
type call struct {
	api   string
	good  string // what a good answer of it is
	offer func(context.Context, *vnv.Client) error
}

const sample = vnv.Secret("offline-sample-that-is-nowhere-else")

// calls are the steps by their names here.
func calls() map[string]call {
	return map[string]call{
		"enable": {"", "a good answer of enable: the auth_url for the device", func(ctx context.Context, c *vnv.Client) error {
			_, err := c.Enable(ctx, vnv.EnableRequest{Phone: "+99012345678", State: sample})
			return err
		}},
		"exchange": {"", "a good answer of the token endpoint: an access token", func(ctx context.Context, c *vnv.Client) error {
			_, err := c.Exchange(ctx, vnv.ExchangeRequest{Code: sample, RedirectURI: "https://app.example/callback"})
			return err
		}},
		"verify": {"", "a good answer of verify: devicePhoneNumberVerified is the answer", func(ctx context.Context, c *vnv.Client) error {
			_, err := c.Verify(ctx, vnv.VerifyRequest{AccessToken: sample, Phone: "+99012345678"})
			return err
		}},
		"start": {vnv.SilentAuth.Name, "a good answer of the Verify API: the check_url for the device", func(ctx context.Context, c *vnv.Client) error {
			_, err := c.Start(ctx, vnv.StartRequest{Phone: "+99012345678"})
			return err
		}},
		"check": {vnv.SilentAuth.Name, "a good answer of the Verify API: status is the answer", nil},
	}
}

// put hands an answer to a step of the SDK.
func put(step string, c *canned, requestID string) (call, error) {
	row := calls()[step]
	client := &vnv.Client{
		API: vnv.NumberVerification, HTTP: &http.Client{Transport: c},
		JWT: func(context.Context) (vnv.Secret, error) { return sample, nil },
	}
	if row.api == vnv.SilentAuth.Name {
		client.API = vnv.SilentAuth
	}
	if row.offer != nil {
		return row, row.offer(context.Background(), client)
	}
	_, err := client.Check(context.Background(), vnv.CheckRequest{RequestID: cmp.Or(requestID, "offline"), Code: sample})
	return row, err
}

// shape is what a JSON object looks like from outside.
type shape struct {
	name   string // for people
	step   string // of calls
	status int    // that belongs to it, where the body does not say; 0: 400
	keys   string // any of these sets of keys: a+b|c
	words  string // and one of these in it, lower case; empty: whatever
}

// shapes are what bodies look like, the most telling first.
var shapes = []shape{
	{"the Verify API's error (RFC 7807)", "start", 409, "type+title|type+detail", "#concurrent"},
	{"the Verify API's error (RFC 7807)", "start", 412, "type+title|type+detail", "#precondition-failed"},
	{"the Verify API's error (RFC 7807)", "check", 400, "type+title|type+detail", "#invalid-code"},
	{"enable's answer, by scope", "enable", 200, "scopes", ""},
	{"verify's answer", "verify", 200, "devicePhoneNumberVerified|devicephonenumberverified", ""},
	{"the token endpoint's answer", "exchange", 200, "access_token", ""},
	{"the Verify API's answer to a start", "start", 202, "check_url", ""},
	{"the Verify API's answer to a code", "check", 200, "request_id+status", ""},
	{"a phone library's error", "", 0, "http_status", ""},
	{"a phone library's error", "", 0, "error", `"sdk_`},
	{"a CAMARA error", "verify", 0, "code+message|code+status", ""},
	{"an OAuth error", "exchange", 0, "error", ""},
	{"a HAL error", "enable", 404, "_embedded|_links+message", ""},
	{"the vendor's error (RFC 7807)", "enable", 0, "type+title|type+detail|title+detail|title+instance|error_title", ""},
	{"a scope's error", "enable", 0, "error_type", ""},
}

// shapeOf finds what an object looks like.
func shapeOf(doc map[string]json.RawMessage, body string) (shape, bool) {
	for _, s := range shapes {
		if hasKeys(doc, s.keys) && (s.words == "" || strings.Contains(strings.ToLower(body), s.words)) {
			return s, true
		}
	}
	return shape{}, false
}

func hasKeys(doc map[string]json.RawMessage, sets string) bool {
	for set := range strings.SplitSeq(sets, "|") {
		all := true
		for key := range strings.SplitSeq(set, "+") {
			_, ok := doc[key]
			all = all && ok
		}
		if all {
			return true
		}
	}
	return false
}

// problemStatuses are what belongs to a problem type or code where the status is not told.
var problemStatuses = []struct {
	names  string
	status int
}{
	{"unauthorized|jwt-expired|jwt-revoked|invalid-signature|invalid-api-key|invalid_client|invalid_token|unauthenticated|authentication_required", 401},
	{"low-balance", 402},
	{"forbidden|unprovisioned|account-suspended|permission_denied|insufficient_scope", 403},
	{"not-found|not_found", 404},
	{"wrong-verb", 405},
	{"gone", 410},
	{"throttled|quota_exceeded|too_many_requests", 429},
	{"internal-error|internal|server_error", 500},
	{"unavailable|temporarily_unavailable", 503},
	{"timeout", 504},
}

// statusFor is the status that a body was sent with, as far as it tells.
func statusFor(doc map[string]json.RawMessage, s shape) int {
	var own int
	if json.Unmarshal(doc["status"], &own) == nil && own >= 400 && own < 600 {
		return own
	}
	name := ""
	for _, key := range []string{"code", "error", "type"} {
		text := word(doc, key)
		if _, fragment, ok := strings.Cut(text, "#"); ok {
			text = fragment
		}
		name = cmp.Or(name, strings.ToLower(text))
	}
	for _, row := range problemStatuses {
		if s.status == 0 && (among(name, row.names) || among(strings.TrimPrefix(name, "number_verification."), row.names)) {
			return row.status
		}
	}
	if strings.Contains(name, "number_verification.") {
		return http.StatusForbidden
	}
	return cmp.Or(s.status, http.StatusBadRequest)
}

// word is a text in an object, empty if there is none.
func word(doc map[string]json.RawMessage, key string) string {
	var text string
	_ = json.Unmarshal(doc[key], &text) // no text: empty
	return text
}

// object reads a JSON object that may have something around it that people paste along.
func object(text string) (map[string]json.RawMessage, string, bool) {
	text = strings.Trim(strings.TrimSpace(text), "`'")
	at := strings.IndexByte(text, '{')
	if at < 0 || at > 200 && !strings.Contains(text[:at], "\n") {
		return nil, "", false
	}
	var doc map[string]json.RawMessage
	var raw json.RawMessage
	dec := json.NewDecoder(strings.NewReader(text[at:]))
	if dec.Decode(&raw) != nil || json.Unmarshal(raw, &doc) != nil {
		return nil, "", false
	}
	return doc, string(raw), true
}

func (r *reading) body() (Explanation, bool) {
	doc, raw, ok := object(r.input)
	if !ok {
		return Explanation{}, false
	}
	s, ok := shapeOf(doc, raw)
	if !ok {
		return r.ended(doc)
	}
	return r.offered(s, doc, &canned{status: statusFor(doc, s), header: http.Header{}, body: []byte(raw)})
}

// ended is the JSON at the end of a chain.
func (r *reading) ended(doc map[string]json.RawMessage) (Explanation, bool) {
	if !hasKeys(doc, "request_id+code") {
		return Explanation{}, false
	}
	r.Mask.Know("code", word(doc, "code"), "")
	r.Mask.Know("request_id", word(doc, "request_id"), "")
	return Explanation{
		What: "the end of a silent-authentication chain", Title: "the device has its code",
		Means:  "The carrier knows the device. The code goes to the Verify API once, with the request it belongs to.",
		Source: "Verify API, silent_auth", Next: []string{"vnv verify -"},
	}, true
}

// offered explains an answer as the SDK takes it.
func (r *reading) offered(s shape, doc map[string]json.RawMessage, c *canned) (Explanation, bool) {
	r.learn(doc)
	x := Explanation{What: s.name}
	if code := strings.ToLower(word(doc, "error")); atAuthorize(code) {
		o := Observation{Err: &vnv.Error{Op: vnv.OpAuthorize, Kind: vnv.KindDenied, Code: code, Detail: word(doc, "error_description")}}
		x.Facts = facts(o.Err)
		return r.judged(o, x)
	}
	if s.step == "" {
		o := Observation{Err: &vnv.Error{Op: vnv.OpAuthorize, Kind: vnv.KindRedirect, Code: word(doc, "error"), Detail: word(doc, "error_description")}}
		x.Facts = facts(o.Err)
		if status := doc["http_status"]; status != nil {
			x.Facts = append(x.Facts, Fact{Name: "http_status", Value: clip(string(status)), Note: "of the last answer that the library saw"})
		}
		if known, ok := CodeNamed(o.Err.Code); ok {
			told := codeExplained(known)
			told.What, told.Facts = x.What, x.Facts
			return of(listed(wordedFirst(known.Causes, o.Err.Detail), Evidence{Field: "error", Text: "the error is " + known.Name}), told), true
		}
		return r.judged(o, x)
	}
	row, err := put(s.step, c, word(doc, "request_id"))
	e, failed := errors.AsType[*vnv.Error](err)
	if !failed {
		x.What, x.Title = row.good, "not a failure"
		x.Means = "Nothing is wrong with this answer."
		return x, true
	}
	e.Correlator = c.header.Get("x-correlator")
	e.Date = time.Time{} // it is of another day: nobody has compared the clocks
	x.Facts = facts(e)
	return r.judged(Observation{Err: e, API: row.api, HTML: strings.Contains(c.header.Get("Content-Type"), "html")}, x)
}

// wordedFirst puts the cause first that a phone library's own words name.
func wordedFirst(causes []string, said string) []string {
	if slices.Contains(causes, "too-many-redirects") && strings.Contains(strings.ToLower(said), "too many redirects") {
		return append([]string{"too-many-redirects"}, slices.DeleteFunc(slices.Clone(causes), func(c string) bool { return c == "too-many-redirects" })...)
	}
	return causes
}

// atAuthorize tells whether an OAuth error is one of the authorization, not of the token endpoint.
func atAuthorize(code string) bool {
	return among(code, "access_denied|consent_required|login_required|interaction_required|account_selection_required|unsupported_response_type|invalid_request_object|request_uri_not_supported|server_error|temporarily_unavailable")
}

// learn tells the mask which values of an object are secrets.
func (r *reading) learn(doc map[string]json.RawMessage) {
	for _, key := range []string{"access_token", "id_token", "refresh_token", "request_id", "state", "phoneNumber", "phone_number", "auth_url", "check_url"} {
		if text := word(doc, key); text != "" {
			r.Mask.Know(key, text, "")
		}
	}
}
