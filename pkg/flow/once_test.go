package flow_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

var (
	errKilled = errors.New("killed")

	holdsCode  = flow.Session{Code: "canary-code", Phone: yes}
	holdsToken = flow.Session{AccessToken: "canary-token", Phone: yes}
)

// saves keeps what a flow makes durable, and may die in between.
type saves struct {
	kept []flow.Session
	die  int // at which save; 0: never
	seen func() int
	sent []int // requests there were at each save
}

func (s *saves) save(x flow.Session) error {
	s.kept = append(s.kept, x)
	s.sent = append(s.sent, s.seen())
	if len(s.kept) == s.die {
		return errKilled
	}
	return nil
}

// That a single-use value leaves is durable before it does; the value is dropped once used.
func TestAttemptIsSavedFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		op      vnv.Op
		session flow.Session
		body    string
		spent   func(flow.Session) bool
	}{
		{vnv.OpExchange, holdsCode, `{"access_token":"canary-token","token_type":"Bearer","expires_in":60}`, func(s flow.Session) bool {
			return s.Code == "" && s.AccessToken == "canary-token"
		}},
		{vnv.OpVerify, holdsToken, `{"devicePhoneNumberVerified":true}`, func(s flow.Session) bool {
			return s.AccessToken == "" && s.TokenType == "" && s.ExpiresAt.IsZero() && *s.Verified
		}},
	} {
		far := newRude(t, func(int) string { return answer("200 OK", c.body) })
		f := rudeFlow(far)
		disk := &saves{seen: func() int { return len(far.got()) }}
		f.Save = disk.save
		out, err := f.Run(t.Context(), c.session, c.op)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(disk.sent, []int{0, 1}) || disk.kept[0].Attempts[c.op].IsZero() {
			t.Errorf("%s: saved when %v requests had been sent, first %+v", c.op, disk.sent, disk.kept[0])
		}
		if !c.spent(out.Session) || !c.spent(disk.kept[1]) {
			t.Errorf("%s: left %+v", c.op, out.Session)
		}
	}
}

// A process that dies between note and answer leaves a session that says so, and
// nothing is sent again.
func TestPossiblyUsed(t *testing.T) {
	t.Parallel()
	for op, session := range map[vnv.Op]flow.Session{vnv.OpExchange: holdsCode, vnv.OpVerify: holdsToken} {
		far := newRude(t, func(int) string { return "" }) // reads the request, then hangs up
		f := rudeFlow(far)
		f.Now = func() time.Time { return time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC) }
		disk := &saves{seen: func() int { return len(far.got()) }}
		f.Save = disk.save
		_, err := f.Run(t.Context(), session, op)
		e := want(t, err, op, vnv.KindUnknownOutcome, "")
		if e.Sent != vnv.SentMaybe || len(far.got()) != 1 {
			t.Fatalf("%s: sent %s, %d requests", op, e.Sent, len(far.got()))
		}
		left := disk.kept[len(disk.kept)-1]
		doc, err := left.Document()
		if err != nil {
			t.Fatal(err)
		}
		again, err := flow.ReadSession(strings.NewReader(string(doc)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Run(t.Context(), again, op)
		e = want(t, err, op, vnv.KindState, "possibly used: an earlier try at 15:04:05 UTC sent it, and it works once")
		if e.Sent != vnv.SentNo || len(far.got()) != 1 {
			t.Errorf("%s: sent %s, %d requests", op, e.Sent, len(far.got()))
		}
	}
}

// When the attempt cannot be noted, it is not made.
func TestUnsavedIsUnsent(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(int) string { return "" })
	f := rudeFlow(far)
	f.Save = (&saves{die: 1, seen: func() int { return 0 }}).save
	_, err := f.Run(t.Context(), holdsCode, vnv.OpExchange)
	want(t, err, vnv.OpExchange, vnv.KindInternal, "killed")
	if !errors.Is(err, errKilled) || len(far.got()) != 0 {
		t.Errorf("%v after %d requests", err, len(far.got()))
	}
}

// What provably never left is no attempt: the same session may try again.
func TestUnsentIsForgotten(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(int) string { return answer("200 OK", `{"access_token":"canary-token","token_type":"Bearer"}`) })
	f := rudeFlow(far)
	broken := true
	f.Net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if broken {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("no route")}
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	disk := &saves{seen: func() int { return len(far.got()) }}
	f.Save = disk.save
	out, err := f.Run(t.Context(), holdsCode, vnv.OpExchange)
	e := want(t, err, vnv.OpExchange, vnv.KindNetwork, "no route")
	last := disk.kept[len(disk.kept)-1]
	if e.Sent != vnv.SentNo || len(last.Attempts) != 0 || len(out.Session.Attempts) != 0 {
		t.Fatalf("sent %s, attempts %v", e.Sent, last.Attempts)
	}
	broken = false
	if out, err = f.Run(t.Context(), last, vnv.OpExchange); err != nil || out.Session.AccessToken != "canary-token" {
		t.Errorf("%+v, %v", out.Session, err)
	}
}

// A second verify, and a second exchange, with what the session has used already.
func TestSpent(t *testing.T) {
	t.Parallel()
	verified := true
	for _, c := range []struct {
		op      vnv.Op
		session flow.Session
		part    string
	}{
		{vnv.OpExchange, holdsToken, "the session's authorization code is used: it works once"},
		{vnv.OpExchange, flow.Session{Verified: &verified}, "the session's authorization code is used"},
		{vnv.OpVerify, flow.Session{Verified: &verified, Phone: yes}, "the session's access token is used: it works once"},
	} {
		far := newRude(t, func(int) string { return "" })
		_, err := rudeFlow(far).Run(t.Context(), c.session, c.op)
		e := want(t, err, c.op, vnv.KindState, c.part)
		if e.Sent != vnv.SentNo || len(far.got()) != 0 {
			t.Errorf("sent %s, %d requests", e.Sent, len(far.got()))
		}
	}
}

func TestVerifyByHash(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(int) string { return answer("200 OK", `{"devicePhoneNumberVerified":false}`) })
	out, err := rudeFlow(far).Run(t.Context(), flow.Session{AccessToken: "canary-token", PhoneHash: yes.Hash()}, vnv.OpVerify)
	if err != nil || *out.Session.Verified {
		t.Fatalf("%+v, %v", out.Session, err)
	}
	if body := far.got()[0]; body != `{"hashedPhoneNumber":"`+yes.Hash()+`"}` {
		t.Errorf("sent %s", body)
	}
}

const enabled = `{"scopes":{"dpv:FraudPreventionAndDetection#number-verification-verify-read":` +
	`{"auth_url":"https://vendor.example/auth","requires_carrier_network":true}}}`

// states are the state of every request, in order.
func states(bodies []string) []string {
	var out []string
	for _, b := range bodies {
		_, rest, _ := strings.Cut(b, `"state":"`)
		state, _, _ := strings.Cut(rest, `"`)
		out = append(out, state)
	}
	return out
}

// A refusal for load is tried again, with a new state each time.
func TestEnableRetries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers []string // the last one repeats
		tries   int
		kind    vnv.Kind // empty: it ends well
	}{
		"429 then good":      {[]string{answer("429 Too Many Requests", "{}", "Retry-After: 0"), answer("200 OK", enabled)}, 2, ""},
		"503 then good":      {[]string{answer("503 Service Unavailable", ""), answer("200 OK", enabled)}, 2, ""},
		"429 for good":       {[]string{answer("429 Too Many Requests", "{}")}, 3, vnv.KindLimit},
		"503 for good":       {[]string{answer("503 Service Unavailable", "")}, 3, vnv.KindUnavailable},
		"absurd Retry-After": {[]string{answer("429 Too Many Requests", "{}", "Retry-After: 86400")}, 1, vnv.KindLimit},
		"500":                {[]string{answer("500 Internal Server Error", "")}, 1, vnv.KindServer},
		"401":                {[]string{answer("401 Unauthorized", "")}, 1, vnv.KindAuth},
		"hangs up":           {[]string{""}, 1, vnv.KindNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := newRude(t, func(n int) string { return c.answers[min(n, len(c.answers))-1] })
			f := rudeFlow(far)
			s := &story{}
			f.Sink = s.sink
			out, err := f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable)
			if c.kind != "" {
				want(t, err, vnv.OpEnable, c.kind, "")
			} else if err != nil {
				t.Fatal(err)
			}
			sent := states(far.got())
			if len(sent) != c.tries || len(slices.Compact(slices.Sorted(slices.Values(sent)))) != c.tries {
				t.Errorf("%d tries with states %q, want %d different ones", len(sent), sent, c.tries)
			}
			if c.kind == "" && out.Session.State.Reveal() != sent[len(sent)-1] {
				t.Error("the session does not hold the state that was taken")
			}
			notes := len(slices.DeleteFunc(s.names(), func(n string) bool { return n != "note enable" }))
			if notes != c.tries-1 {
				t.Errorf("%d notes of %d retries", notes, c.tries-1)
			}
		})
	}
}

// The far side said when: that is how long the pause is.
func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(n int) string {
		if n == 1 {
			return answer("429 Too Many Requests", "{}", "Retry-After: 1")
		}
		return answer("200 OK", enabled)
	})
	f := rudeFlow(far)
	s := &story{}
	f.Sink = s.sink
	if _, err := f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable); err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, e := range s.events {
		if n, ok := e.(flow.Note); ok {
			notes = append(notes, n.Text)
		}
	}
	if !slices.Equal(notes, []string{"refused for now, trying again in 1s"}) {
		t.Errorf("notes %q", notes)
	}
}

// A pause that the command's time does not allow is not begun: the refusal itself is the error.
func TestRetryNeverOutlivesTheCommand(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(int) string { return answer("429 Too Many Requests", "{}", "Retry-After: 9") })
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	_, err := rudeFlow(far).Run(ctx, flow.Session{Phone: yes}, vnv.OpEnable)
	want(t, err, vnv.OpEnable, vnv.KindLimit, "answered 429")
	if ctx.Err() != nil || len(far.got()) != 1 {
		t.Errorf("%v after %d requests", ctx.Err(), len(far.got()))
	}
}

// A connection that never came about is tried again too.
func TestEnableRedials(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(int) string { return answer("200 OK", enabled) })
	f := rudeFlow(far)
	dials := 0
	f.Net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials++; dials == 1 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("refused")}
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	if _, err := f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable); err != nil || dials != 2 {
		t.Errorf("%v after %d dials", err, dials)
	}
}

// A state of the user's own serves one try, and one attempt.
func TestOwnState(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(int) string { return answer("503 Service Unavailable", "") })
	f := rudeFlow(far)
	f.State = "a-state-of-my-own"
	_, err := f.Run(t.Context(), flow.Session{Phone: yes}, vnv.OpEnable)
	want(t, err, vnv.OpEnable, vnv.KindUnavailable, "answered 503")
	if sent := states(far.got()); !slices.Equal(sent, []string{"a-state-of-my-own"}) {
		t.Errorf("sent %q", sent)
	}
	_, err = f.Run(t.Context(), flow.Session{Phone: yes, State: "a-state-of-my-own"}, vnv.OpEnable)
	e := want(t, err, vnv.OpEnable, vnv.KindState, "this state was used in the session before")
	if e.Sent != vnv.SentNo || len(far.got()) != 1 {
		t.Errorf("sent %s, %d requests", e.Sent, len(far.got()))
	}
}

// enable starts afresh, whatever an earlier attempt left.
func TestAfresh(t *testing.T) {
	t.Parallel()
	far := newRude(t, func(int) string { return answer("200 OK", enabled) })
	verified := true
	old := flow.Session{
		Phone: yes, State: "an-old-state", Code: "old-code", AccessToken: "old-token", Verified: &verified,
		Attempts: map[vnv.Op]time.Time{vnv.OpExchange: time.Unix(1, 0)},
	}
	out, err := rudeFlow(far).Run(t.Context(), old, vnv.OpEnable)
	if err != nil {
		t.Fatal(err)
	}
	s := out.Session
	if s.Code != "" || s.AccessToken != "" || s.Verified != nil || len(s.Attempts) != 0 || s.State == old.State || len(s.State) != 43 {
		t.Errorf("left %+v", s)
	}
}
