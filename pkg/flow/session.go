package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// SchemaVersion is the version of the session document that this package writes.
// Fields are only ever added to it, so a reader of version 1 stays right.
const SchemaVersion = 1

// maxDocument bounds a session document: a long auth_url and token fit many times over.
const maxDocument = 1 << 20

// Session is the one value that grows from step to step, from phone number to
// verdict. In memory its secrets are [vnv.Secret] and hide themselves;
// [Session.Document] is the one place that reveals them.
type Session struct {
	API                    string
	APIHost                string // origin of the API that this flow talks to
	ApplicationID          string
	Phone                  vnv.Phone
	PhoneHash              string // given in place of Phone to verify alone
	Scope                  vnv.Scope
	State                  vnv.Secret
	RedirectURI            string
	AuthURL                string    // of Verify: the check_url
	RequestID              string    // of Verify
	StartedAt              time.Time // of Verify: its limit counts from here
	RequiresCarrierNetwork *bool
	Code                   vnv.Secret
	AccessToken            vnv.Secret
	TokenType              string
	ExpiresAt              time.Time
	Verified               *bool
	Attempts               map[vnv.Op]time.Time // when a single-use value last left, or may have

	extra map[string]json.RawMessage // fields of other versions, kept as they came
}

// wire is the document as it stands on stdout and in files.
type wire struct {
	SchemaVersion          int               `json:"schema_version"`
	API                    string            `json:"api,omitempty"`
	APIHost                string            `json:"api_host,omitempty"`
	ApplicationID          string            `json:"application_id,omitempty"`
	Phone                  string            `json:"phone,omitempty"`
	PhoneHash              string            `json:"phone_hash,omitempty"`
	Scope                  string            `json:"scope,omitempty"`
	State                  string            `json:"state,omitempty"`
	RedirectURI            string            `json:"redirect_uri,omitempty"`
	AuthURL                string            `json:"auth_url,omitempty"`
	RequestID              string            `json:"request_id,omitempty"`
	StartedAt              *time.Time        `json:"started_at,omitempty"`
	RequiresCarrierNetwork *bool             `json:"requires_carrier_network,omitempty"`
	Code                   string            `json:"code,omitempty"`
	AccessToken            string            `json:"access_token,omitempty"`
	TokenType              string            `json:"token_type,omitempty"`
	ExpiresAt              *time.Time        `json:"expires_at,omitempty"`
	Verified               *bool             `json:"verified,omitempty"`
	Attempts               map[string]string `json:"attempts,omitempty"`
}

// Document returns the session as indented JSON with a newline at its end,
// secrets included: it is the answer of a step, or the content of a 0600 file.
func (s Session) Document() ([]byte, error) {
	known, err := plain(s.wire())
	if err == nil && len(s.extra) > 0 {
		all := maps.Clone(s.extra)
		if err = json.Unmarshal(known, &all); err == nil {
			known, err = plain(all)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, known, "", "  "); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	return out.Bytes(), nil
}

// plain is JSON with a newline, its ampersands as they are: an auth_url is full of
// them, and people read it.
func plain(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

func (s Session) wire() wire {
	w := wire{
		SchemaVersion: SchemaVersion, API: s.API, APIHost: s.APIHost, ApplicationID: s.ApplicationID,
		Phone: string(s.Phone), PhoneHash: s.PhoneHash, Scope: string(s.Scope), State: s.State.Reveal(),
		RedirectURI: s.RedirectURI, AuthURL: s.AuthURL, RequestID: s.RequestID, RequiresCarrierNetwork: s.RequiresCarrierNetwork,
		Code: s.Code.Reveal(), AccessToken: s.AccessToken.Reveal(), TokenType: s.TokenType, Verified: s.Verified,
	}
	if !s.ExpiresAt.IsZero() {
		at := s.ExpiresAt.UTC()
		w.ExpiresAt = &at
	}
	if !s.StartedAt.IsZero() {
		at := s.StartedAt.UTC()
		w.StartedAt = &at
	}
	for op, at := range s.Attempts {
		if w.Attempts == nil {
			w.Attempts = map[string]string{}
		}
		w.Attempts[string(op)] = at.UTC().Format(time.RFC3339)
	}
	return w
}

// EarlierError is the error document that an earlier step of a pipe printed in place
// of a session. The step that reads it prints Raw on and ends with ExitCode.
type EarlierError struct {
	Raw      []byte
	ExitCode int
}

func (f *EarlierError) Error() string { return "session: an earlier step failed" }

// ReadSession reads a session document. It is untrusted input: its form is
// checked here, what it claims is checked against the settings by [Flow.Run].
// A failure document of an earlier step comes back as a [*EarlierError]; every other
// error says what is wrong with the document and never holds a value of it.
func ReadSession(r io.Reader) (Session, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	switch {
	case err != nil:
		return Session{}, fmt.Errorf("session: %w", err)
	case len(raw) > maxDocument:
		return Session{}, errors.New("session: longer than 1 MiB")
	case len(bytes.TrimSpace(raw)) == 0:
		return Session{}, errors.New("session: empty, so the step before it gave no answer (did it run with -o json?)")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil && events(raw) {
		return Session{}, errors.New("session: these are the events of -o ndjson; a step reads the document of -o json")
	} else if err != nil {
		return Session{}, fmt.Errorf("session: not a JSON document: %s", jsonDefect(err))
	}
	if name := twice(raw); name != "" {
		return Session{}, fmt.Errorf("session: %s stands twice, and which one counts cannot be known", name)
	}
	if e, ok := fields["error"]; ok {
		return Session{}, failure(raw, e)
	}
	return fromFields(fields)
}

// events tells whether a text is lines of events in place of a document.
func events(raw []byte) bool {
	var line struct{ Event string }
	return json.NewDecoder(bytes.NewReader(raw)).Decode(&line) == nil && line.Event != ""
}

// twice names a field that a well-formed document gives more than once: readers
// would disagree about its value. A name that is not ours is not repeated.
func twice(raw []byte) string {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return ""
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		name, ok := key.(string)
		var value json.RawMessage
		if err != nil || !ok || dec.Decode(&value) != nil {
			return ""
		}
		if seen[name] {
			return ourName(name)
		}
		seen[name] = true
	}
	return ""
}

func ourName(name string) string {
	if _, ours := new(wire).byName()[name]; ours || name == "error" {
		return name
	}
	return "a field"
}

func failure(raw []byte, e json.RawMessage) error {
	var doc struct {
		ExitCode int `json:"exit_code"`
	}
	if err := json.Unmarshal(e, &doc); err != nil || doc.ExitCode < 1 || doc.ExitCode > 255 {
		return errors.New("session: an error document without an exit_code between 1 and 255")
	}
	return &EarlierError{Raw: raw, ExitCode: doc.ExitCode}
}

func fromFields(fields map[string]json.RawMessage) (Session, error) {
	var w wire
	s := Session{extra: map[string]json.RawMessage{}}
	for name, dst := range w.byName() {
		value, ok := fields[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(value, dst); err != nil {
			return Session{}, fmt.Errorf("session: %s: %s", name, jsonDefect(err))
		}
		delete(fields, name)
	}
	maps.Copy(s.extra, fields)
	if w.SchemaVersion != SchemaVersion {
		return Session{}, fmt.Errorf("session: schema_version is %d, this vnv reads %d", w.SchemaVersion, SchemaVersion)
	}
	return s, s.fill(w)
}

func (w *wire) byName() map[string]any {
	return map[string]any{
		"schema_version": &w.SchemaVersion, "api": &w.API, "api_host": &w.APIHost, "application_id": &w.ApplicationID,
		"phone": &w.Phone, "phone_hash": &w.PhoneHash, "scope": &w.Scope, "state": &w.State,
		"redirect_uri": &w.RedirectURI, "auth_url": &w.AuthURL, "request_id": &w.RequestID, "started_at": &w.StartedAt, "requires_carrier_network": &w.RequiresCarrierNetwork,
		"code": &w.Code, "access_token": &w.AccessToken, "token_type": &w.TokenType, "expires_at": &w.ExpiresAt,
		"verified": &w.Verified, "attempts": &w.Attempts,
	}
}

func (s *Session) fill(w wire) error {
	if w.Phone != "" {
		phone, err := vnv.ParsePhone(w.Phone)
		if err != nil {
			return errors.New("session: phone is not in E.164 form")
		}
		s.Phone = phone
	}
	s.API, s.APIHost, s.ApplicationID = w.API, w.APIHost, w.ApplicationID
	s.PhoneHash, s.Scope, s.State = w.PhoneHash, vnv.Scope(w.Scope), vnv.Secret(w.State)
	s.RedirectURI, s.AuthURL, s.RequiresCarrierNetwork = w.RedirectURI, w.AuthURL, w.RequiresCarrierNetwork
	s.Code, s.AccessToken, s.TokenType, s.Verified = vnv.Secret(w.Code), vnv.Secret(w.AccessToken), w.TokenType, w.Verified
	s.RequestID = w.RequestID
	if w.StartedAt != nil {
		s.StartedAt = *w.StartedAt
	}
	if w.ExpiresAt != nil {
		s.ExpiresAt = *w.ExpiresAt
	}
	for op, at := range w.Attempts {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			return fmt.Errorf("session: attempts: %s: not a time in RFC 3339 form", op)
		}
		s.noteAttempt(vnv.Op(op), t)
	}
	return nil
}

func (s *Session) noteAttempt(op vnv.Op, at time.Time) {
	attempts := map[vnv.Op]time.Time{op: at} // a copy: snapshots of the session share the map
	for k, v := range s.Attempts {
		if k != op {
			attempts[k] = v
		}
	}
	s.Attempts = attempts
}

func (s *Session) forgetAttempt(op vnv.Op) {
	attempts := maps.Clone(s.Attempts)
	delete(attempts, op)
	s.Attempts = attempts
}

// jsonDefect says what is wrong with a document without repeating any of it.
func jsonDefect(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("wrong syntax at byte %d", syntax.Offset)
	}
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && typ.Type.Kind() == reflect.Map {
		return typ.Value + " where names with values belong"
	}
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "a " + typ.Value + " where " + typ.Type.String() + " belongs"
	}
	return "wrong form"
}
