package trace

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// answering is a transport that answers with these headers and this body.
func answering(status int, header http.Header, body string) http.RoundTripper {
	return failing(func(r *http.Request, _ *httptrace.ClientTrace) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Proto: "HTTP/1.1", Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	})
}

// one is the hop of a request that gets this answer.
func one(t *testing.T, status int, header http.Header, body string) Hop {
	t.Helper()
	r := &Recorder{Base: answering(status, header, body)}
	get(t, r.Step("authorize"), "https://op.example/auth")
	return r.Hops()[0]
}

func TestPages(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, "<title>zipped</title>")
	z.Close()
	for _, c := range []struct {
		kind, encoding, body, title, refresh string
	}{
		{"text/html; charset=utf-8", "", "<html><TITLE\n a=b> Log\n in &amp; go </title>", "Log in & go", ""},
		{"", "", "\ufeff <title>x</title>", "x", ""},
		{"text/html", "gzip", zipped.String(), "zipped", ""},
		{"text/html", "gzip", "no gzip", "", ""},
		{"text/html", "br", "<title>x</title>", "", ""},
		{"text/html", "", "no page at all", "", ""},
		{"application/json", "", "<title>x</title>", "", ""},
		{"text/html", "", "<title>never closed", "never closed", ""},
		{"text/html", "", "<title", "", ""},
		{"text/html", "", "<title></title>", "", ""},
		{"text/html", "", `<META content='0; URL="https://x.example/a?code=` + secret + `"' HTTP-EQUIV=Refresh>`, "", "https://x.example/a?code=sid~1"},
		{"text/html", "", `<meta charset=utf-8><meta http-equiv="refresh" content="5">`, "", "https://op.example/auth"},
		{"text/html", "", `<meta http-equiv="refresh" content=1;url=/next >`, "", "/next"},
		{"text/html", "", `<meta http-equiv="refresh" content="1;url=`, "", ""},
		{"text/html", "", "<p>" + strings.Repeat(" ", maxPage) + "<title>too far</title>", "", ""},
	} {
		h := http.Header{"Content-Type": {c.kind}}
		if c.encoding != "" {
			h.Set("Content-Encoding", c.encoding)
		}
		r := &Recorder{Base: answering(200, h, c.body), Mask: &Mask{}}
		r.Mask.Know("sid", secret, "")
		get(t, r.Step("authorize"), "https://op.example/auth")
		if hop := r.Hops()[0]; hop.Title != c.title || hop.Refresh != c.refresh {
			t.Errorf("%s %s %.60q: title %q, refresh %q", c.kind, c.encoding, c.body, hop.Title, hop.Refresh)
		}
	}
	if h := one(t, 302, http.Header{"Location": {"/x"}, "Content-Type": {"text/html"}}, "<title>Found</title>"); h.Title != "" {
		t.Errorf("a redirect has the title %q", h.Title)
	}
	if h := one(t, 200, http.Header{"Refresh": {"3; url=/y"}}, ""); h.Refresh != "/y" {
		t.Errorf("refresh %q", h.Refresh)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	r := &Recorder{Base: answering(302, http.Header{}, "")}
	for _, u := range []string{
		"https://a.example/?state=one&scope=a&x=short&long=aaaaaaaaaaaaaaaa&b%zz=1;2",
		"https://a.example/?state=one&scope=b&x=other&long=bbbbbbbbbbbbbbbb",
		"https://a.example/?state=two&code=c&handle=aaaaaaaaaaaaaaaa#code=d",
	} {
		get(t, r.Step("authorize"), u)
	}
	get(t, r.Step("verify"), "https://a.example/?state=three")
	hops := r.Hops()
	want := [][]Change{
		nil,
		{{"long", WhatChanged, "long~1", "long~2"}, {"scope", WhatChanged, "a", "b"}},
		{
			{"code", WhatNew, "", "code~2,code~3"},
			{"handle", WhatNew, "", "long~1"},
			{"long", WhatGone, "long~2", ""},
			{"scope", WhatGone, "b", ""},
			{"state", WhatChanged, "state~1", "state~2"},
		},
		nil,
	}
	for i, h := range hops {
		if !reflect.DeepEqual(h.Changes, want[i]) {
			t.Errorf("hop %d: %+v", i+1, h.Changes)
		}
	}
}

func TestHeads(t *testing.T) {
	t.Parallel()
	h := one(t, 200, http.Header{
		"Date":       {"Sun, 06 Nov 1994 08:49:37 GMT"},
		"Set-Cookie": {"sid=" + secret + "; Domain=.Example; Path=/a/3fae7b10-0000-4000; Secure; SameSite=None", "gone=x; Max-Age=0", "old=x; Expires=Sun, 06 Nov 1994 08:49:37 GMT", "=bad", "bad"},
	}, "")
	if h.Date != time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC) || h.Skew > -24*time.Hour {
		t.Errorf("date %v, skew %v", h.Date, h.Skew)
	}
	want := []Cookie{{Name: "sid", Domain: "example", Path: "/a/id~1", SameSite: "none", Secure: true}, {Name: "gone", Gone: true}, {Name: "old", Gone: true}}
	if !reflect.DeepEqual(h.Cookies, want) {
		t.Errorf("%+v", h.Cookies)
	}
	if h := one(t, 200, http.Header{"Date": {"Sun, 06 Nov 1994 08:49:37 GMT"}, "Age": {"9"}}, ""); h.Skew != 0 {
		t.Errorf("a cached answer's skew is %v", h.Skew)
	}
	for url, guess := range map[string]bool{"https://oidc.idp.vonage.com/x": false, "https://mno.example/": true, "https://he.orange.fr/": false, "https://api.nexmo.com/x": false} {
		r := &Recorder{Base: answering(200, http.Header{}, "")}
		get(t, r.Step("x"), url)
		if h := r.Hops()[0]; h.RoleGuessed != guess {
			t.Errorf("%s is %s, guessed %v", url, h.Role, h.RoleGuessed)
		}
	}
}

// nasty is remote text at its worst: what terminals obey, what eyes do not see, and HTML.
const nasty = "\x1b]8;;https://evil.example\x07\x1b[2J\x9b1m\u202e\u200b\u2066<script>alert(1)</script>\x00\r\n\x7f" + "\xff\xfe"

// TestHostileChain holds R1, R2, G1 and F24: whatever hosts send, no rendering holds a secret, a
// control character or a mark that nobody sees, all are valid, and none is big.
func TestHostileChain(t *testing.T) {
	t.Parallel()
	flood := http.Header{
		"Location": {"https://evil.example/" + nasty + "?code=" + secret + "&x=" + nasty}, "Content-Type": {"text/html" + nasty}, "Date": {nasty},
		"X-Correlator": {nasty + secret + strings.Repeat("x", 1<<20)}, "Refresh": {"0;url=javascript:" + nasty},
	}
	for i := range 10_000 {
		flood.Add("Set-Cookie", "c"+strconv.Itoa(i)+nasty+"="+secret+"; Domain="+nasty+"; Path=/"+nasty)
		flood.Set("X-Ratelimit-"+strconv.Itoa(i)+nasty, nasty)
	}
	m := &Mask{}
	m.Know("canary", secret, "")
	page := http.Header{"Content-Type": {"text/html"}, "X-Vig-Trace-Id": {secret}}
	var hops []Hop
	for _, base := range []http.RoundTripper{
		answering(302, flood, nasty), answering(200, page, "<title>"+nasty+secret+strings.Repeat("y", maxPage)+"</title>"),
	} {
		r := &Recorder{Base: base, Mask: m}
		get(t, r.Step("authorize"), "https://op.example/auth?state="+secret)
		h := r.Hops()[0]
		h.N = len(hops) + 1
		hops = append(hops, h)
	}
	tr := Analyse(hops, AnalyseOptions{Mask: m, RedirectURI: "https://app.example/" + nasty, State: secret, URL: "https://op.example/?x=" + nasty, Tool: "vnv 1"})
	har, err := tr.HAR()
	if err != nil {
		t.Fatal(err)
	}
	if bad := readSchema(t, savedDir+"har12.schema.json").complaints(t, decoded(t, har)); bad != "" {
		t.Error(bad)
	}
	const limit = 200 << 10
	for name, out := range map[string][]byte{"JSON": document(t, tr), "HAR": har} {
		if len(out) > limit {
			t.Errorf("%s: %d bytes", name, len(out))
		}
		safe(t, name, decoded(t, out))
		for _, form := range formsOf(secret) {
			if bytes.Contains(out, []byte(form)) {
				t.Errorf("%s holds the secret as %s", name, form)
			}
		}
		if leaks := Check(out); leaks != nil {
			t.Errorf("%s: %v", name, leaks)
		}
	}
	if back, _, err := Read(har, nil); err != nil || Diff(tr, back) != nil {
		t.Errorf("%v, %v", err, Diff(tr, back))
	}
}

// safe fails on a text in v that a terminal would obey or an eye not see.
func safe(t *testing.T, where string, v any) {
	t.Helper()
	switch v := v.(type) {
	case string:
		if i := strings.IndexFunc(v, hidden); i >= 0 && !strings.Contains(where, "/comment") {
			t.Errorf("%s: %.80q", where, v[i:])
		}
	case []any:
		for _, x := range v {
			safe(t, where, x)
		}
	case map[string]any:
		for name, x := range v {
			safe(t, where, name)
			safe(t, where+"/"+name, x)
		}
	}
}

// TestEndlessChain: hops, their memory and that of the mask are bounded, and nothing shows when full.
func TestEndlessChain(t *testing.T) {
	t.Parallel()
	r := &Recorder{Base: answering(302, http.Header{"Location": {"/x"}}, "")}
	told := 0
	r.OnHop = func(Hop) { told++ }
	for i := range maxMet + 500 {
		get(t, r.Step("authorize"), "https://op.example/?handle=Unseen-Value-"+strconv.Itoa(i))
	}
	hops := r.Hops()
	if len(hops) != maxKept || told != maxMet+500 || hops[0].N != 1 || hops[maxKept-1].N != told {
		t.Errorf("%d hops kept, %d told of, from %d to %d", len(hops), told, hops[0].N, hops[len(hops)-1].N)
	}
	if last := hops[maxKept-1].URL; last != "https://op.example/?handle=[hidden]" {
		t.Errorf("last %s", last)
	}
	if got := r.Mask.Text("about Unseen-Value-" + strconv.Itoa(maxMet+400)); got != "[hidden]" {
		t.Errorf("a full mask shows %q", got)
	}
	if n := len(r.Mask.shown); n > maxMet+1 {
		t.Errorf("%d values remembered", n)
	}
	tr := Analyse(hops, AnalyseOptions{})
	if out, err := json.Marshal(tr); err != nil || len(out) > 4<<20 {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

// TestBodyAsBefore: who reads the body gets it whole, page or not.
func TestBodyAsBefore(t *testing.T) {
	t.Parallel()
	body := "<title>x</title>" + strings.Repeat("z", 3*maxPage)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
	base := &http.Transport{}
	defer s.Close()
	defer base.CloseIdleConnections()
	r := &Recorder{Base: base}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := r.Step("x").RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || string(got) != body || r.Hops()[0].Title != "x" {
		t.Errorf("%d bytes, %v, title %q", len(got), err, r.Hops()[0].Title)
	}
}
