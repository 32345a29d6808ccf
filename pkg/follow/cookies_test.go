package follow

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// TestCookies: which of the cookies that one URL sets go to another.
func TestCookies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, from, set, to, want string }{
		{"same host", "https://a.op.example/x", "c=1", "https://a.op.example/y", "c=1"},
		{"host-only stays", "https://a.op.example/", "c=1", "https://b.a.op.example/", ""},
		{"not to the parent", "https://a.op.example/", "c=1", "https://op.example/", ""},
		{"parent domain", "https://a.op.example/", "c=1; Domain=op.example", "https://b.op.example/", "c=1"},
		{"parent domain, not to a look-alike", "https://a.op.example/", "c=1; Domain=op.example", "https://xop.example/", ""},
		{"other host's domain", "https://a.op.example/", "c=1; Domain=bank.example", "https://bank.example/", ""},
		{"public suffix", "https://a.co.uk/", "c=1; Domain=co.uk", "https://b.co.uk/", ""},
		{"private public suffix", "https://a.github.io/", "c=1; Domain=github.io", "https://b.github.io/", ""},
		{"default path", "https://a.example/p/x", "c=1", "https://a.example/q", ""},
		{"path", "https://a.example/p/x", "c=1; Path=/", "https://a.example/q", "c=1"},
		{"path is no prefix of a word", "https://a.example/", "c=1; Path=/p", "https://a.example/pq", ""},
		{"ports do not count", "https://a.example:8443/", "c=1", "https://a.example:9443/", "c=1"},
		{"Secure", "https://a.example/", "c=1; Secure", "https://a.example/", "c=1"},
		{"Secure not to http", "https://a.example/", "c=1; Secure", "http://a.example/", ""},
		{"Secure not to loopback http", "https://127.0.0.1/", "c=1; Secure", "http://127.0.0.1/", ""},
		{"Secure not from http", "http://a.example/", "c=1; Secure", "https://a.example/", ""},
		{"not Secure to http", "https://a.example/", "c=1", "http://a.example/", "c=1"},
		{"__Host-", "https://a.example/", "__Host-c=1; Secure; Path=/", "https://a.example/", "__Host-c=1"},
		{"__Host- without Secure", "https://a.example/", "__Host-c=1; Path=/", "https://a.example/", ""},
		{"__Host- with a Domain", "https://a.example/", "__Host-c=1; Secure; Path=/; Domain=a.example", "https://a.example/", ""},
		{"__host- without Path", "https://a.example/", "__host-c=1; Secure", "https://a.example/", ""},
		{"__Host- over http", "http://a.example/", "__Host-c=1; Secure; Path=/", "https://a.example/", ""},
		{"__Secure-", "https://a.example/", "__Secure-c=1; Secure; Domain=a.example", "https://b.a.example/", "__Secure-c=1"},
		{"__secure- without Secure", "https://a.example/", "__secure-c=1", "https://a.example/", ""},
		{"expired", "https://a.example/", "c=1; Max-Age=0", "https://a.example/", ""},
	} {
		j := newJar()
		_, notes := trace.WithNotes(t.Context())
		j.keep(target(t, c.from), &http.Response{Header: http.Header{"Set-Cookie": {c.set}}}, notes)
		var got []string
		for _, cookie := range j.cookies(target(t, c.to)) {
			got = append(got, cookie.Name+"="+cookie.Value)
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %q goes to %s, want %q", c.name, got, c.to, c.want)
		}
	}
}

func TestHTTPDoesNotReplaceSecure(t *testing.T) {
	t.Parallel()
	j := newJar()
	j.keep(target(t, "https://a.example/"), &http.Response{Header: http.Header{"Set-Cookie": {"c=good; Secure; Path=/"}}}, nil)
	j.keep(target(t, "http://a.example/"), &http.Response{Header: http.Header{"Set-Cookie": {"c=evil; Path=/", "d=1"}}}, nil)
	if got := j.cookies(target(t, "https://a.example/")); len(got) != 2 || got[0].Value != "good" {
		t.Errorf("got %v", got)
	}
}

// TestCookiesOnTheWay: a later hop demands the cookie of an earlier one; a fresh chain has none.
func TestCookiesOnTheWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]http.HandlerFunc{
		"op.example/auth": to(302, "/p/next", "Set-Cookie", "session="+canary+"; Path=/p", "Set-Cookie", "__Host-x="+canary),
		"op.example/p/next": func(rw http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Cookie") != "session="+canary {
				rw.WriteHeader(http.StatusForbidden)
				return
			}
			to(302, callback)(rw, r)
		},
	})
	if _, err := w.follow(t.Context(), start, Options{RedirectURI: redirect}); err != nil {
		t.Error(err)
	}
	hops := w.recorder.Hops()
	if strings.Join(hops[0].CookiesSet, " ") != "session __Host-x" || strings.Join(hops[1].CookiesSent, " ") != "session" {
		t.Errorf("recorded %v, %v", hops[0].CookiesSet, hops[1].CookiesSent)
	}
	if len(hops[0].Notes) != 1 || hops[0].Notes[0].Text != "cookie __Host-x refused: its prefix demands Secure" {
		t.Errorf("notes %v", hops[0].Notes)
	}
	_, err := w.follow(t.Context(), "https://op.example/p/next", Options{RedirectURI: redirect})
	if err == nil || err.Status != http.StatusForbidden {
		t.Errorf("a second chain has the first one's cookies: %v", err)
	}
}

func target(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := parseTarget(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
