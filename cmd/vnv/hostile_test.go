package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// evil is text that takes over a terminal: colours, a title, the clipboard, C1
// controls, and marks that turn or hide text.
const evil = "\x1b[31mred\x1b]0;title\x07\x1b]52;c;aGk=\x07\x1bP+q\x1b\\\u009b31m\u0085\u202e\u2066\u200b\ufeff\r\nfake: line"

// hostile is a far side of its own making: what is nil goes as it should.
type hostile struct {
	enable, chain, token, verify http.HandlerFunc
	origin, redirectURI          string

	mu       sync.Mutex
	state    string
	requests []*http.Request
}

// secret is the state that vnv sent.
func (h *hostile) secret() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.state
}

func (h *hostile) seen() []*http.Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.requests)
}

// startHostile starts it, and a world whose settings lead there.
func startHostile(t *testing.T, h *hostile) *world {
	t.Helper()
	h.redirectURI = callbackURI(t)
	far := httptest.NewServer(h)
	t.Cleanup(far.Close)
	h.origin = far.URL
	w := newWorld(t)
	w.vars["VNV_BASE_URL"], w.vars["VNV_APP_ID"], w.vars["VNV_PRIVATE_KEY"] = far.URL, "application", foreignKey
	w.vars["VNV_REDIRECT_URI"] = h.redirectURI
	return w
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	stage := h.chain
	h.mu.Lock()
	h.requests = append(h.requests, r)
	switch r.URL.Path {
	case "/v0.1/network-enablement":
		var body struct{ State string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		h.state, stage = body.State, h.enable
	case "/oauth2/token":
		stage = h.token
	case "/camara/number-verification/v031/verify":
		stage = h.verify
	}
	h.mu.Unlock()
	if stage != nil {
		stage(w, r)
		return
	}
	switch r.URL.Path {
	case "/v0.1/network-enablement":
		_, _ = fmt.Fprintf(w, `{"scopes":{"dpv:FraudPreventionAndDetection#number-verification-verify-read":{"auth_url":"%s/auth","requires_carrier_network":true}}}`, h.origin)
	case "/auth":
		http.Redirect(w, r, h.redirectURI+"?code=canary-code-4711&state="+h.secret(), http.StatusFound)
	case "/oauth2/token":
		_, _ = w.Write([]byte(`{"access_token":"canary-token-0815","token_type":"Bearer","expires_in":300}`))
	default:
		_, _ = w.Write([]byte(`{"devicePhoneNumberVerified":true}`))
	}
}

// tainted are far sides that put evil into a field, and how the run ends.
var tainted = []struct {
	name string
	code int
	make func(h *hostile)
}{
	{"good, but for headers", 0, func(h *hostile) {
		h.verify = says(200, "application/json", `{"devicePhoneNumberVerified":true,"EVIL":"EVIL"}`)
	}},
	{"enable problem", 4, func(h *hostile) {
		h.enable = says(403, "application/problem+json", `{"type":"https://x.example/#EVIL","title":"EVIL","detail":"EVIL","instance":"EVIL","invalid_parameters":[{"name":"EVIL","reason":"EVIL"}]}`)
	}},
	{"enable error in a 200", 5, func(h *hostile) {
		h.enable = says(200, "application/json", `{"scopes":{"dpv:FraudPreventionAndDetection#number-verification-verify-read":{"error":{"title":"EVIL","detail":"EVIL","instance":"EVIL","error_type":"EVIL"}}}}`)
	}},
	{"enable scopes", 5, func(h *hostile) { h.enable = says(200, "application/json", `{"scopes":{"EVIL":{},"EVIL2":{}}}`) }},
	{"enable page", 11, func(h *hostile) { h.enable = says(200, "text/html", "<title>EVIL</title>") }},
	{"auth_url", 5, func(h *hostile) {
		h.enable = says(200, "application/json", `{"scopes":{"dpv:FraudPreventionAndDetection#number-verification-verify-read":{"auth_url":"https://x.example/EVIL"}}}`)
	}},
	{"page in the chain", 12, func(h *hostile) { h.chain = says(200, "text/html", "<title>EVIL</title>") }},
	{"error in the chain", 6, func(h *hostile) {
		h.chain = says(400, "application/json", `{"error":"EVIL","error_description":"EVIL","code":"EVIL","message":"EVIL"}`)
	}},
	{"location", 12, func(h *hostile) {
		h.chain = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/\u202e\u200b?x=\u2066"+url.QueryEscape(evil))
			w.Header().Set("Set-Cookie", "n\u202e=1")
			says(302, "text/html", "EVIL")(w, nil)
		}
	}},
	{"denial", 6, func(h *hostile) {
		h.chain = func(w http.ResponseWriter, r *http.Request) {
			q := url.Values{"error": {evil}, "error_description": {evil}, "error_uri": {evil}, "state": {h.secret()}}
			http.Redirect(w, r, h.redirectURI+"?"+q.Encode(), http.StatusFound)
		}
	}},
	{"token error", 9, func(h *hostile) {
		h.token = says(400, "application/json", `{"error":"EVIL","error_description":"EVIL"}`)
	}},
	{"token type", 9, func(h *hostile) {
		h.token = says(200, "application/json", `{"access_token":"EVIL","token_type":"EVIL","expires_in":"EVIL"}`)
	}},
	{"verify error", 10, func(h *hostile) {
		h.verify = says(403, "application/json", `{"status":403,"code":"EVIL","message":"EVIL"}`)
	}},
	{"verify page", 10, func(h *hostile) { h.verify = says(200, "text/html", "<title>EVIL</title>") }},
}

// TestHostileText: whatever such a far side says, nothing raw of it is shown.
func TestHostileText(t *testing.T) {
	t.Parallel()
	for _, far := range tainted {
		t.Run(far.name, func(t *testing.T) {
			t.Parallel()
			for _, format := range []string{"text", "json", "ndjson"} {
				h := &hostile{}
				far.make(h)
				w := startHostile(t, h)
				r := w.run("run", "--phone", canaryPhone, "-v", "--trace", "-o", format, "--timeout", "10s")
				if r.code != far.code {
					t.Errorf("exit code %d, want %d", r.code, far.code)
				}
				invariants(t, w, r, canaryPhone, h.secret(), "canary-code-4711", "canary-token-0815")
			}
		})
	}
}

// says is an answer with evil in its headers, and in its body wherever EVIL stands.
func says(status int, mediaType, body string) http.HandlerFunc {
	text := evil
	if strings.Contains(mediaType, "json") {
		quoted, _ := json.Marshal(evil)
		text = strings.Trim(string(quoted), `"`)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		for _, name := range []string{"X-Correlator", "X-Orange-Trace-Id", "X-Ratelimit-Limit", "Deprecation", "Sunset"} {
			w.Header().Set(name, "\u202e\u009b31m\u200b")
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(strings.ReplaceAll(body, "EVIL", text)))
	}
}
