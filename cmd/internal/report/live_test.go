package report_test

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/cmd/internal/report"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// live is a sandbox with its page, and a browser without script.
type live struct {
	t *testing.T
	s *sandbox.Server
	*http.Client
}

func newLive(t *testing.T, faults ...string) *live {
	t.Helper()
	page := new(report.Live)
	s, err := sandbox.New(sandbox.Options{Control: "127.0.0.1:0", ControlPage: page, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	page.Sandbox = s
	if err := s.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	transport := new(http.Transport)
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &live{t, s, &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// send answers with status, headers and body; header is pairs, and Host is one.
func (l *live) send(method, to, body string, header ...string) (int, http.Header, string) {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := l.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

func (l *live) page() string {
	l.t.Helper()
	status, _, body := l.send("GET", l.s.ControlPageURL(), "")
	if status != http.StatusOK {
		l.t.Fatalf("%d %s", status, body)
	}
	return body
}

const form = "application/x-www-form-urlencoded"

// Nobody sees or switches anything without the token, under another host, or from another site.
func TestLiveGuard(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	at := l.s.ControlPageURL()
	for _, tt := range []struct {
		name, method, to string
		header           []string
		status           int
	}{
		{"page", "GET", at, nil, 200},
		{"page, looked for", "HEAD", at, nil, 200},
		{"page without the last slash", "GET", strings.TrimSuffix(at, "/"), nil, 308},
		{"another page without it", "GET", l.s.ControlURL() + "/0123", nil, 401},
		{"no token", "GET", l.s.ControlURL() + "/", nil, 401},
		{"no token for the news", "GET", l.s.ControlURL() + "/news?after=0", nil, 401},
		{"wrong token", "POST", l.s.ControlURL() + "/0123/faults", []string{"Content-Type", form}, 401},
		{"foreign host", "GET", at, []string{"Host", "evil.example"}, 421},
		{"foreign site", "GET", at, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"foreign origin", "POST", at + "faults", []string{"Content-Type", form, "Origin", "https://evil.example"}, 403},
		{"its own form", "POST", at + "faults", []string{"Content-Type", form, "Origin", l.s.ControlURL(), "Sec-Fetch-Site", "same-origin"}, 303},
		{"another type", "POST", at + "faults", []string{"Content-Type", "text/plain"}, 415},
		{"no number", "GET", at + "news?after=x", nil, 400},
		{"a change by GET", "GET", at + "faults?on=wifi", nil, 404},
		{"elsewhere", "GET", at + "<b>", nil, 404},
	} {
		status, h, body := l.send(tt.method, tt.to, "on=wifi", tt.header...)
		if status != tt.status || strings.Contains(body, "<b>.") || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v, want %d", tt.name, status, h, tt.status)
		}
	}
	if got := l.s.ActiveFaults(); !slices.Equal(got, []string{"wifi"}) {
		t.Errorf("set: %v: one form was its own", got)
	}
}

// The policy names the one style and the one script by their hashes, and nothing comes from elsewhere.
func TestLivePolicy(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	_, h, body := l.send("GET", l.s.ControlPageURL(), "")
	policy := h.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || h.Get("Referrer-Policy") != "same-origin" {
		t.Error(h)
	}
	for _, element := range []string{"style", "script"} {
		all := regexp.MustCompile(`(?s)<`+element+`>(.*?)</`+element+`>`).FindAllStringSubmatch(body, -1)
		if len(all) != 1 || !strings.Contains(policy, element+"-src 'sha256-"+sum(all[0][1])+"'") {
			t.Errorf("%d of %s, or its hash is not in %s", len(all), element, policy)
		}
	}
	if found := regexp.MustCompile(`(?i)\s(src|style|on[a-z]+)=`).FindAllString(body, -1); found != nil {
		t.Errorf("%q", found)
	}
}

// A canary in every place that a request has is nowhere on the page, in no spelling, and markup is text.
func TestLiveMasked(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	const phone, state, code, token = "+99012345678", "canarystate7Qx41zz", "canarycode88Zx77", "canarytoken5Yy31kk"
	jwt := "eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiJjYW5hcnkifQ.c2lnbmF0dXJlY2FuYXJ5"
	evil := `"><script>alert(1)</script>`
	at := l.s.URL()
	for _, r := range [][4]string{
		{"POST", "/v0.1/network-enablement", `{"phone_number":"` + phone + `","state":"` + state + `","` + state + `":"` + token + `","n":99012345678}`, "application/json"},
		{"GET", "/oauth2/auth?state=" + state + "&x=" + url.QueryEscape(evil) + "&" + url.QueryEscape(evil) + "=" + code, "", ""},
		{"GET", "/camara/oauth/callback?code=" + code + "&state=" + state, "", ""},
		{"POST", "/oauth2/token", "grant_type=authorization_code&code=" + code + "&" + token, form},
		{"POST", "/oauth2/token", evil + token, form},
		{"POST", "/camara/number-verification/v031/verify", `{"phoneNumber":"` + phone + `"`, "application/json"},
		{"POST", "/v2/verify", `{"name":"Canary","status":"canary_two","error":"canary","workflow":[{"channel":"silent_auth"}]}`, "application/json"},
		{"POST", "/v2/verify", `{"brand":"` + token + `","workflow":[{"channel":"` + evil[:2] + `,"to":"99012345678"}]}`, "application/json"},
		{"GET", "/" + token + "/" + url.PathEscape(evil), "", ""},
		{"CANARY" + "METHOD", "/oauth2/auth", "", ""},
	} {
		l.send(r[0], at+r[1], r[2], "Content-Type", r[3], "Authorization", "Bearer "+jwt, "Cookie", "s="+token, "User-Agent", evil+token, "Referer", "https://a.example/?code="+code)
	}
	_, _, news := l.send("GET", l.s.ControlPageURL()+"news?after=0", "")
	for _, body := range []string{l.page(), news} {
		text := strings.ToLower(strings.ReplaceAll(body, "+99012345678</code>", "")) // of the empty page
		for _, secret := range []string{phone, phone[1:], state, code, token, jwt, jwt[10:], "canary", "<script>alert", "eyj"} {
			for _, spelled := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if strings.Contains(text, strings.ToLower(spelled)) {
					t.Errorf("%q is on the page", spelled)
				}
			}
		}
		if !strings.Contains(body, "phone_number: ") || !strings.Contains(body, "•78") || !strings.Contains(body, "[method]") {
			t.Errorf("too much is hidden:\n%s", body)
		}
	}
}

// A fault that is switched on makes the next flow fail; the page says so, and the same click ends it.
func TestLiveFault(t *testing.T) {
	t.Parallel()
	l := newLive(t, "token-500:2")
	enable := func() int {
		status, _, _ := l.send("POST", l.s.URL()+"/v0.1/network-enablement", `{"phone_number":"+99012345678"}`, "Content-Type", "application/json")
		return status
	}
	if !strings.Contains(l.page(), "Nothing has arrived yet") {
		t.Error("a page without flows says so")
	}
	click := func(name, value string, want int) {
		t.Helper()
		status, h, body := l.send("POST", l.s.ControlPageURL()+"faults", url.Values{name: {value}}.Encode(), "Content-Type", form)
		if status != want || status == http.StatusSeeOther && h.Get("Location") != "./?faults" || strings.Contains(body, "<") {
			t.Errorf("%s %s: %d %v %s", name, value, status, h, body)
		}
	}
	click("on", "enable-503", 303)
	click("on", "<no-such-fault>", 422)
	if got := l.s.ActiveFaults(); !slices.Equal(got, []string{"token-500:2", "enable-503"}) || enable() != 503 {
		t.Errorf("set: %v", got)
	}
	body := l.page()
	for _, want := range []string{`<i class="pill bad">fault enable-503</i>`, `value="enable-503" aria-pressed="true"`, `name="off" value="token-500:2"`, `data-after="1"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing:\n%s", want, body)
		}
	}
	click("off", "enable-503", 303)
	click("off", "token-500:2", 303)
	if got := l.s.ActiveFaults(); len(got) != 0 || enable() == 503 {
		t.Errorf("set: %v", got)
	}
	if _, h, _ := l.send("GET", l.s.ControlPageURL()+"news?after=1", ""); h.Get("X-After") != "2" {
		t.Errorf("the news end at %v", h)
	}
}

// What belongs to no flow is not lost behind many flows, and a flow of many requests is called the same all along.
func TestLiveMany(t *testing.T) {
	t.Parallel()
	l := newLive(t)
	stray := func() { l.send("GET", l.s.URL()+"/oauth2/auth?state=unknown", "") }
	stray()
	for range 13 {
		l.send("POST", l.s.URL()+"/v0.1/network-enablement", `{"phone_number":"+99012345678"}`, "Content-Type", "application/json")
	}
	shown := func(want ...string) {
		t.Helper()
		body := l.page()
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s is missing", w)
			}
		}
		if n := strings.Count(body, `class="flow"`); n != 12 {
			t.Errorf("%d flows are shown", n)
		}
	}
	shown(`id="flow-13" open`, `id="flow-2"`)
	stray()
	shown(`id="flow-0" open`, `id="flow-13"`, `<span> · 2 requests</span>`)
	for range 50 {
		stray()
	}
	shown(`id="flow-0" open`, `<span> · 52 requests</span>`)
	if n := strings.Count(l.page(), `class="hop"`); n != 40+11 {
		t.Errorf("%d requests are shown", n)
	}
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(h[:])
}
