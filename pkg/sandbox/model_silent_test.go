package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// silentModel is what the second API must remember: one request at a time for a number, one code for a request,
// one attempt at it, and what became of it. It shares clock, server and invariants with the model of the first.
type silentModel struct {
	*model
	requests map[string]*modelRequest
}

type modelRequest struct {
	id, phone, at, redirectURL string
	started                    time.Time
	status                     string // as the vendor says it
	code                       string // "" until it was handed over
	tried                      bool
}

const silentLife, silentMemory, silentCancel = time.Minute, 10 * time.Minute, 30 * time.Second

// settle lets what ran out of time expire, and forgets what is old.
func (m *silentModel) settle() {
	for id, r := range m.requests {
		if r.status == "action_pending" && !m.now.Before(r.started.Add(silentLife)) {
			r.status = "expired"
		}
		if !m.now.Before(r.started.Add(silentMemory)) {
			delete(m.requests, id)
		}
	}
}

// api is a call of the backend, with the application's JWT.
func (m *silentModel) api(t *rapid.T, method, path, body string) *httptest.ResponseRecorder {
	return m.do(t, method, path, body, "Authorization", "Bearer "+m.jwt, "Content-Type", "application/json")
}

func (m *silentModel) any(t *rapid.T) *modelRequest {
	m.settle()
	return m.requests[pick(t, "request", m.requests)]
}

// start begins a request; while one is under way for the number there is no other.
func (m *silentModel) start(t *rapid.T) {
	m.settle()
	phone := rapid.SampledFrom([]string{"+99012345678", "+99012345677", "+99012345676"}).Draw(t, "phone")
	redirectURL := rapid.SampledFrom([]string{"", modelRedirects[0]}).Draw(t, "redirect_url")
	w := m.api(t, "POST", "/v2/verify", startFor(phone, redirectURL))
	var answer struct {
		ID       string `json:"request_id"`
		CheckURL string `json:"check_url"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	for id, r := range m.requests {
		if r.phone == phone && r.status == "action_pending" {
			if w.Code != http.StatusConflict || answer.ID != id {
				t.Fatalf("a second request for %s: %d %s", phone, w.Code, w.Body)
			}
			return
		}
	}
	if w.Code != http.StatusAccepted || m.requests[answer.ID] != nil || !strings.Contains(answer.CheckURL, answer.ID) {
		t.Fatalf("start: %d %s", w.Code, w.Body)
	}
	m.requests[answer.ID] = &modelRequest{id: answer.ID, phone: phone, at: answer.CheckURL, redirectURL: redirectURL, started: m.now, status: "action_pending"}
}

// open follows the chain of a request, part of the way or to its end, which only the first reaches that comes in time.
func (m *silentModel) open(t *rapid.T) {
	r := m.any(t)
	lost := r.status != "action_pending" || r.code != ""
	at, cookie, hops := r.at, "", rapid.IntRange(1, 5).Draw(t, "hops")
	var w *httptest.ResponseRecorder
	for hop := range hops {
		if hop == 4 { // the end of the chain, under another request's name
			other := strings.Replace(at, r.id, "5a9db0c5-0000-4000-8000-00000000ffff", 1)
			if w := m.do(t, "GET", other, "", "Cookie", cookie); w.Code != http.StatusNotFound {
				t.Fatalf("handed over to another request: %d %s", w.Code, w.Body)
			}
		}
		w = m.do(t, "GET", at, "", "Cookie", cookie)
		if lost {
			if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
				t.Fatalf("%+v opened again: %d %s", r, w.Code, w.Body)
			}
			return
		}
		if set := w.Header().Get("Set-Cookie"); set != "" {
			cookie, _, _ = strings.Cut(set, ";")
		}
		if hop < 4 {
			if at = w.Header().Get("Location"); w.Code != http.StatusFound {
				t.Fatalf("hop %d: %d %s", hop, w.Code, w.Body)
			}
		}
	}
	if hops == 5 {
		m.handed(t, r, w)
	}
}

// handed holds the end of a chain to what belongs to the number: a code, or the reason why there is none.
func (m *silentModel) handed(t *rapid.T, r *modelRequest, w *httptest.ResponseRecorder) {
	var got struct {
		ID   string `json:"request_id"`
		Code string
	}
	if r.redirectURL == "" {
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("handed over: %d %v %s", w.Code, w.Header(), w.Body)
		}
	} else {
		to, fragment, _ := strings.Cut(w.Header().Get("Location"), "#")
		q, err := url.ParseQuery(fragment)
		if got.ID, got.Code = q.Get("request_id"), q.Get("code"); err != nil || to != r.redirectURL || q.Has("code") == q.Has("error_description") {
			t.Fatalf("handed over: %s", w.Header().Get("Location"))
		}
	}
	odd := (r.phone[len(r.phone)-1]-'0')%2 == 1
	if got.ID != r.id || (got.Code == "") != odd {
		t.Fatalf("handed over for %s: %d %v %s", r.phone, w.Code, w.Header(), w.Body)
	}
	if r.code = got.Code; odd {
		r.status = "user_rejected"
	}
}

// check hands a code in, the right one or another.
func (m *silentModel) check(t *rapid.T) {
	r := m.any(t)
	right := rapid.Bool().Draw(t, "right") && r.code != ""
	code := "wrong0"
	if right {
		code = r.code
	}
	w := m.api(t, "POST", "/v2/verify/"+r.id, `{"code":"`+code+`"}`)
	want := http.StatusOK
	switch {
	case r.tried, r.status == "expired":
		want = http.StatusGone
	case r.status != "action_pending":
		want = http.StatusNotFound
	case !right:
		want, r.tried, r.status = http.StatusBadRequest, true, "failed"
	default:
		r.status = "completed"
	}
	if w.Code != want || want == http.StatusOK && w.Body.String() != `{"request_id":"`+r.id+`","status":"completed"}` {
		t.Fatalf("check of %+v: %d %s, want %d", r, w.Code, w.Body, want)
	}
}

// cancel ends a request, not sooner than half a minute after its start.
func (m *silentModel) cancel(t *rapid.T) {
	r := m.any(t)
	w := m.api(t, "DELETE", "/v2/verify/"+r.id, "")
	want := http.StatusNoContent
	switch {
	case r.status != "action_pending":
		want = http.StatusNotFound
	case m.now.Before(r.started.Add(silentCancel)):
		want = http.StatusConflict
	default:
		r.status = "cancelled"
	}
	if w.Code != want {
		t.Fatalf("cancel of %+v: %d %s, want %d", r, w.Code, w.Body, want)
	}
}

// stranger asks without the JWT, and for a request that never was.
func (m *silentModel) stranger(t *rapid.T) {
	r := m.any(t)
	method := rapid.SampledFrom([]string{"POST", "DELETE"}).Draw(t, "method")
	if w := m.do(t, method, "/v2/verify/"+r.id, `{"code":"x"}`, "Authorization", "Bearer "+m.foreign, "Content-Type", "application/json"); w.Code != http.StatusUnauthorized {
		t.Fatalf("%s by another application: %d %s", method, w.Code, w.Body)
	}
	if w := m.api(t, method, "/v2/verify/"+r.id[1:], `{"code":"x"}`); w.Code != http.StatusNotFound {
		t.Fatalf("%s for nothing: %d %s", method, w.Code, w.Body)
	}
}

func (m *silentModel) pass(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{time.Second, 29 * time.Second, 31 * time.Second, 9 * time.Minute}).Draw(t, "time"))
}

func TestAgainstSilentModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := &silentModel{newModel(t, rt), map[string]*modelRequest{}}
		rt.Repeat(map[string]func(*rapid.T){
			"start": m.start, "open": m.open, "check": m.check, "cancel": m.cancel, "stranger": m.stranger, "pass": m.pass,
		})
	})
}
