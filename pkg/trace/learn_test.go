package trace

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// An answer repeats in its headers what its body tells: the hop is told of without it.
func TestRecorderLearns(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"a token":      `{"access_token":"` + secret + `","token_type":"Bearer"}`,
		"deeper":       `{"a":[{"code":"` + secret + `"}]}`,
		"cut short":    `{"access_token":"` + secret + `","token_ty`,
		"known before": `{}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("X-Correlator", secret)
				w.Header().Set("X-Orange-Trace-Id", "300012345678901")
				io.WriteString(w, body)
			}))
			base := s.Client().Transport.(*http.Transport)
			t.Cleanup(func() { base.CloseIdleConnections(); s.Close() })
			var heard Hop
			r := &Recorder{Mask: &Mask{}, Base: base, OnHop: func(h Hop) { heard = h }}
			if name == "known before" {
				r.Mask.Know("code", secret, "")
			}
			get(t, r.Step("exchange"), s.URL+"/oauth2/token")
			told, err := json.Marshal(heard)
			if err != nil || strings.Contains(string(told), secret) || heard.Headers["x-orange-trace-id"] != "300012345678901" {
				t.Errorf("%v: %s", err, told)
			}
			if body != "{}" && !strings.HasSuffix(heard.Headers["x-correlator"], "~1") {
				t.Errorf("the correlator is shown as %q", heard.Headers["x-correlator"])
			}
		})
	}
}

// What becomes known after a hop was told of is not in what is kept.
func TestHopsAgain(t *testing.T) {
	t.Parallel()
	s, base := server(t, (*httptest.Server).Start)
	r := &Recorder{Mask: &Mask{}, Base: base}
	get(t, r.Step("authorize"), s.URL+"/")
	r.Mask.Know("token", strings.Repeat("o", 2*maxHeader), "")
	r.Mask.Know("token", strings.Repeat("o", maxHeader), "")
	hops := r.Hops()
	if got := hops[0].Headers["x-orange-trace-id"]; got != "token~2…" {
		t.Errorf("it is shown as %q", got)
	}
	if got := r.hops[0].Headers["x-orange-trace-id"]; got == "token~2…" {
		t.Error("the hop that was told of was changed")
	}
}

func TestLearnLeavesAlone(t *testing.T) {
	t.Parallel()
	m := &Mask{}
	for _, body := range []string{
		``, `[]`, `null`, `{"status":403,"code":"PERMISSION_DENIED","message":"Wrong state of things"}`, `{"error":"invalid_grant","code":"access_denied"}`,
		`{"code":12345678,"token":null,"state":"failed"}`, `{"token_type":"Bearer","scope":"openid"}`, `<p>code=access_denied</p>`,
	} {
		m.learn([]byte(body))
	}
	if m.secret.count != 0 {
		t.Errorf("%d texts are taken for secrets: %v", m.secret.count, m.shown)
	}
}
