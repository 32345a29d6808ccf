package vnv_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

const (
	sampleID    = "c11236f4-00bf-4b89-84ba-88b25df97315"
	sampleCheck = "https://api.example/v2/verify/" + sampleID + "/silent-auth/redirect"
)

// silentClient is a client of the second API.
func silentClient(t *testing.T, base string) *vnv.Client {
	t.Helper()
	c := newClient(t, base)
	c.API = vnv.SilentAuth
	return c
}

// silentCalls are the calls with sample values, and what they do to a code that may be used up.
var silentCalls = map[string]struct {
	op     vnv.Op
	broken vnv.Kind // when no whole answer comes
	do     func(*testing.T, *vnv.Client) error
}{
	"start": {vnv.OpEnable, vnv.KindNetwork, func(t *testing.T, c *vnv.Client) error {
		t.Helper()
		_, err := c.Start(t.Context(), vnv.StartRequest{Phone: samplePhone})
		return err
	}},
	"check": {vnv.OpVerify, vnv.KindUnknownOutcome, func(t *testing.T, c *vnv.Client) error {
		t.Helper()
		_, err := c.Check(t.Context(), vnv.CheckRequest{RequestID: sampleID, Code: sampleCode})
		return err
	}},
	"cancel": {vnv.OpVerify, vnv.KindNetwork, func(t *testing.T, c *vnv.Client) error {
		t.Helper()
		return c.Cancel(t.Context(), sampleID)
	}},
}

// What is wrong is said before any packet.
func TestSilentInput(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		r    vnv.StartRequest
		says string // "" where it is right
	}{
		{"a national number", vnv.StartRequest{Phone: "07700900123"}, "E.164"},
		{"no number", vnv.StartRequest{}, "empty"},
		{"without +", vnv.StartRequest{Phone: "99012345678"}, "E.164"},
		{"a long brand", vnv.StartRequest{Phone: samplePhone, Brand: strings.Repeat("b", 19)}, "brand"},
		{"a brand with a URL", vnv.StartRequest{Phone: samplePhone, Brand: "https:"}, "brand"},
		{"a brand with a backslash", vnv.StartRequest{Phone: samplePhone, Brand: `a\b`}, "brand"},
		{"a brand with a line break", vnv.StartRequest{Phone: samplePhone, Brand: "a\nb"}, "brand"},
		{"a long reference", vnv.StartRequest{Phone: samplePhone, ClientRef: strings.Repeat("r", 41)}, "client reference"},
		{"a relative redirect URL", vnv.StartRequest{Phone: samplePhone, RedirectURL: "/done"}, "redirect URL"},
		{"a redirect URL of another scheme", vnv.StartRequest{Phone: samplePhone, RedirectURL: "myapp://done"}, "redirect URL"},
		{"a redirect URL with a password", vnv.StartRequest{Phone: samplePhone, RedirectURL: "https://a:b@app.example/"}, "redirect URL"},
		{"an invisible mode", vnv.StartRequest{Phone: samplePhone, Mode: "a\u202eb"}, "mode"},
		{"the longest that goes", vnv.StartRequest{
			Phone: samplePhone, Brand: strings.Repeat("ä", 18), ClientRef: strings.Repeat("ä", 40), RedirectURL: "http://127.0.0.1:8080/done",
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			far := newFar(t, says(httpAnswer("202 Accepted", "application/json", `{"request_id":"`+sampleID+`","check_url":"`+sampleCheck+`"}`)))
			_, err := silentClient(t, far.url()).Start(t.Context(), tc.r)
			if tc.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e := failure(t, err)
			if e.Kind != vnv.KindInput || e.Sent != vnv.SentNo || e.Op != vnv.OpEnable || !strings.Contains(e.Error(), tc.says) {
				t.Errorf("kind %s sent %s: %v", e.Kind, e.Sent, e)
			}
			if n := len(far.requests()); n != 0 {
				t.Errorf("%d requests left", n)
			}
		})
	}
}

// A request id goes into a path, so it can be nothing else than an id.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", ".", "..", "a/b", "a%2fb", "a?b", "a#b", "a b", "ä", "a\r\nb", strings.Repeat("a", 65)} {
		far := newFar(t, says(httpAnswer("204 No Content", "", "")))
		c := silentClient(t, far.url())
		_, err := c.Check(t.Context(), vnv.CheckRequest{RequestID: id, Code: sampleCode})
		for _, err := range []error{err, c.Cancel(t.Context(), id)} {
			if e := failure(t, err); e.Kind != vnv.KindInput || e.Sent != vnv.SentNo {
				t.Errorf("%q: kind %s sent %s", id, e.Kind, e.Sent)
			}
		}
		answer := newFar(t, says(httpAnswer("202 Accepted", "application/json", started(id, sampleCheck))))
		_, err = silentClient(t, answer.url()).Start(t.Context(), vnv.StartRequest{Phone: samplePhone})
		if e := failure(t, err); e.Kind != vnv.KindUnusable {
			t.Errorf("%q in an answer: kind %s", id, e.Kind)
		}
	}
	for _, code := range []vnv.Secret{"", vnv.Secret(strings.Repeat("c", 16<<10+1))} {
		_, err := silentClient(t, "http://127.0.0.1:1").Check(t.Context(), vnv.CheckRequest{RequestID: sampleID, Code: code})
		if e := failure(t, err); e.Kind != vnv.KindInput {
			t.Errorf("a code of %d bytes: kind %s", len(code), e.Kind)
		}
	}
}

func started(id, checkURL string) string {
	body, _ := json.Marshal(map[string]string{"request_id": id, "check_url": checkURL})
	return string(body)
}

// What must not be opened does not get out of here.
func TestCheckURL(t *testing.T) {
	t.Parallel()
	for raw, ok := range map[string]bool{
		sampleCheck: true, "http://127.0.0.1:8080/a": true, "https://[2001:db8::1]:8443/a?b=c": true,
		"/v2/verify/x": false, "//idp.example/a": false, "javascript:alert(1)": false, "intent://x#Intent;end": false,
		"https://u:p@idp.example/": false, "https://idp.example/\r\nX: y": false, "https://idp.example/\u202e": false,
		"https://": false, "https://idp.example:0/": false, "https://idp.example/" + strings.Repeat("a", 100<<10): false,
	} {
		far := newFar(t, says(httpAnswer("202 Accepted", "application/json", started(sampleID, raw))))
		s, err := silentClient(t, far.url()).Start(t.Context(), vnv.StartRequest{Phone: samplePhone})
		switch {
		case ok && (err != nil || s.CheckURL != raw || s.RequestID != sampleID):
			t.Errorf("%q: %v", raw, err)
		case !ok && failure(t, err).Kind != vnv.KindUnusable:
			t.Errorf("%.80q: kind %s", raw, failure(t, err).Kind)
		}
	}
}

// T4, E10: the request was read, then no whole answer came. Of a code it is then unknown whether it is used up.
func TestSilentNoWholeAnswer(t *testing.T) {
	t.Parallel()
	for name, call := range silentCalls {
		for fault, do := range map[string]func(t *testing.T) (*far, time.Duration){
			"reset":   func(t *testing.T) (*far, time.Duration) { t.Helper(); return newFar(t, reset), time.Minute },
			"silence": func(t *testing.T) (*far, time.Duration) { t.Helper(); return newFar(t, silence), 50 * time.Millisecond },
			"half":    func(t *testing.T) (*far, time.Duration) { t.Helper(); return newFar(t, half), time.Minute },
		} {
			t.Run(name+"/"+fault, func(t *testing.T) {
				t.Parallel()
				far, timeout := do(t)
				c := silentClient(t, far.url())
				c.HTTP.Timeout = timeout
				e := failure(t, call.do(t, c))
				if e.Kind != call.broken || e.Sent != vnv.SentMaybe || e.Op != call.op {
					t.Errorf("%s kind %s sent %s, want %s %s maybe", e.Op, e.Kind, e.Sent, call.op, call.broken)
				}
				if n := len(far.requests()); n != 1 {
					t.Errorf("%d requests, want 1", n)
				}
			})
		}
	}
}

// Only a code is tried again, and only where nothing was written.
func TestSilentRetry(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int32{"start": 1, "check": 2, "cancel": 1} {
		far := newFar(t, says(http200("application/json", `{"request_id":"`+sampleID+`","status":"completed"}`)))
		c := silentClient(t, far.url())
		dials := flakyDial(c, 1)
		err := silentCalls[name].do(t, c)
		if dials.Load() != want || (err == nil) != (want == 2) {
			t.Errorf("%s: %d dials, %v", name, dials.Load(), err)
		}
	}
}

// A JWT that cannot be made stops every call.
func TestSilentWithoutJWT(t *testing.T) {
	t.Parallel()
	for name, call := range silentCalls {
		far := newFar(t, says(http200("application/json", "{}")))
		c := silentClient(t, far.url())
		c.JWT = nil
		if e := failure(t, call.do(t, c)); e.Sent != vnv.SentNo || len(far.requests()) != 0 {
			t.Errorf("%s: sent %s, %d requests", name, e.Sent, len(far.requests()))
		}
	}
}

// The path of a request follows a base URL with a path, and a URL of the step's own.
func TestSilentPaths(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		base string
		urls map[vnv.Op]string
		want string
	}{
		{"/proxy/", nil, "/proxy/v2/verify/"},
		{"", map[vnv.Op]string{vnv.OpVerify: "/mine"}, "/mine/"},
	} {
		far := newFar(t, says(httpAnswer("204 No Content", "text/plain", "")))
		c := silentClient(t, far.url()+tc.base)
		for op, path := range tc.urls {
			c.URLs = map[vnv.Op]string{op: far.url() + path}
		}
		if err := c.Cancel(t.Context(), sampleID); err != nil {
			t.Fatal(err)
		}
		if line, _, _ := strings.Cut(far.requests()[0], "\r\n"); line != "DELETE "+tc.want+sampleID+" HTTP/1.1" {
			t.Error(line)
		}
	}
}

// Each status of each call, without a body, and with one that says something else.
func TestSilentStatuses(t *testing.T) {
	t.Parallel()
	kinds := map[int]map[string]vnv.Kind{
		400: {"": vnv.KindRefused}, 402: {"": vnv.KindRefused}, 422: {"": vnv.KindRefused},
		401: {"": vnv.KindAuth},
		403: {"": vnv.KindRefused, "start": vnv.KindAuth},
		404: {"": vnv.KindRefused, "start": vnv.KindGone},
		410: {"": vnv.KindRefused, "start": vnv.KindGone},
		409: {"": vnv.KindRefused, "start": vnv.KindConcurrent},
		412: {"": vnv.KindRefused, "start": vnv.KindFailed},
		429: {"": vnv.KindLimit}, 500: {"": vnv.KindServer}, 502: {"": vnv.KindServer}, 503: {"": vnv.KindUnavailable}, 504: {"": vnv.KindServer},
	}
	bodies := []string{"", "{}", "null", "<html><title>Oops</title>", `{"title":"T","detail":"D"}`, "\x00\xff", `{"code":"` + sampleCode.Reveal() + `"}`}
	for status, of := range kinds {
		for name, call := range silentCalls {
			want, ok := of[name]
			if !ok {
				want = of[""]
			}
			for _, body := range bodies {
				c := silentClient(t, "http://127.0.0.1:1")
				c.HTTP.Transport = canned(status, body)
				err := call.do(t, c)
				var e *vnv.Error
				if !errors.As(err, &e) || e.Kind != want || e.Status != status || e.Sent != vnv.SentYes {
					t.Errorf("%s %d %q: %v", name, status, body, err)
					continue
				}
				if name == "check" && strings.Contains(e.Error()+e.Code, sampleCode.Reveal()) {
					t.Errorf("the code is in %q", e)
				}
			}
		}
	}
}

// canned answers without a network.
func canned(status int, body string) roundTripper {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

// Whatever answers, a call ends with an answer that holds or with an *Error, and quickly.
func FuzzSilentAnswer(f *testing.F) {
	for _, body := range []string{
		started(sampleID, sampleCheck), `{"request_id":"` + sampleID + `","status":"completed"}`, `{"request_id":1}`, `{}`, `null`, ``,
		`{"request_id":"` + sampleID + `","status":"completed","status":"user_rejected"}`, "\xef\xbb\xbf{}", strings.Repeat("[", 1000),
	} {
		f.Add(body, 200)
		f.Add(body, 409)
	}
	f.Fuzz(func(t *testing.T, body string, status int) {
		c := silentClient(t, "http://127.0.0.1:1")
		c.HTTP.Transport = canned(200+int(uint(status)%400), body)
		s, err := c.Start(t.Context(), vnv.StartRequest{Phone: samplePhone})
		if (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
		if err == nil && (s.RequestID == "" || !strings.HasPrefix(strings.ToLower(s.CheckURL), "http")) {
			t.Errorf("%+v", s)
		}
		answer, err := c.Check(t.Context(), vnv.CheckRequest{RequestID: sampleID, Code: sampleCode})
		if (answer == nil) == (err == nil) {
			t.Fatalf("%v, %v", answer, err)
		}
		if err == nil && answer.Verified != (answer.Status == "completed") {
			t.Errorf("%+v", answer)
		}
		for _, err := range []error{err, c.Cancel(t.Context(), sampleID)} {
			if err != nil {
				failure(t, err)
			}
		}
	})
}
