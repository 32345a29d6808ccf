package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxPending bounds how many requests are watched for their expiry.
const maxPending = 2 * maxFlows

// silentEvent and silentSummary are the webhooks, in the vendor's form. A list of actions is what the
// vendor's Java SDK reads. Prices are left out.
type silentEvent struct {
	RequestID   string         `json:"request_id"`
	TriggeredAt string         `json:"triggered_at"`
	Type        string         `json:"type"` // "event"
	Channel     string         `json:"channel"`
	Status      silentStatus   `json:"status"`
	FinalizedAt string         `json:"finalized_at,omitempty"`
	ClientRef   string         `json:"client_ref,omitempty"`
	Action      []silentAction `json:"action,omitempty"`
}

type silentAction struct {
	Type     string `json:"type"` // "check"
	CheckURL string `json:"check_url"`
}

type silentSummary struct {
	RequestID      string          `json:"request_id"`
	SubmittedAt    string          `json:"submitted_at"`
	Status         silentStatus    `json:"status"`
	Type           string          `json:"type"` // "summary"
	ChannelTimeout int64           `json:"channel_timeout"`
	Workflow       []silentChannel `json:"workflow"`
	FinalizedAt    string          `json:"finalized_at"`
	ClientRef      string          `json:"client_ref,omitempty"`
}

type silentChannel struct {
	Channel     string       `json:"channel"`
	InitiatedAt string       `json:"initiated_at"`
	Status      silentStatus `json:"status"`
}

const silentChannelName = "silent_auth"

// announce queues the webhook of a request that has just begun, under the server's lock.
func (s *Server) announce(q *silent) {
	if s.options.Webhook == "" {
		return
	}
	if s.pending = append(s.pending, q); len(s.pending) > maxPending {
		s.pending = s.pending[1:] // it expires in silence
	}
	s.tell(q.started, silentEvent{
		RequestID: q.id, TriggeredAt: stamp(q.started), Type: "event", Channel: silentChannelName, Status: silentPending,
		ClientRef: q.clientRef, Action: []silentAction{{"check", s.checkURL(q.id)}},
	})
}

// conclude queues the webhooks of a request that is over, under the server's lock. That the summary has the
// same status as the last event is inferred.
func (s *Server) conclude(q *silent) {
	if s.options.Webhook == "" {
		return
	}
	s.tell(q.finalized, silentEvent{
		RequestID: q.id, TriggeredAt: stamp(q.started), Type: "event", Channel: silentChannelName, Status: q.status,
		FinalizedAt: stamp(q.finalized), ClientRef: q.clientRef,
	})
	s.tell(q.finalized, silentSummary{
		RequestID: q.id, SubmittedAt: stamp(q.started), Status: q.status, Type: "summary",
		ChannelTimeout: int64(s.options.SilentTTL / time.Second), FinalizedAt: stamp(q.finalized), ClientRef: q.clientRef,
		Workflow: []silentChannel{{silentChannelName, stamp(q.started), q.status}},
	})
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// sweep ends the requests whose time is over, oldest first.
func (s *Server) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.pending) > 0 {
		q := s.pending[0]
		if q.status == silentPending && now.Before(q.started.Add(s.options.SilentTTL)) {
			return
		}
		s.expire(q, now)
		s.pending = s.pending[1:]
	}
}

// signature is the JWT that proves a webhook, by HMAC with the account's signature secret.
func (s *Server) signature(now time.Time, body []byte) string {
	sum := sha256.Sum256(body)
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iat": now.Unix(), "jti": s.hooks.ids.uuid(), "iss": "Vonage",
		"application_id": s.options.ApplicationID, "payload_hash": hex.EncodeToString(sum[:]),
	})
	text, _ := token.SignedString([]byte(s.options.SignatureSecret)) // HMAC over marshalled strings never fails
	return text
}
