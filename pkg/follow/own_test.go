package follow

import (
	"net/http"
	"strings"
	"testing"
)

// TestOwnHeadersAndCookies go to the origin of the first URL, and nowhere else.
func TestOwnHeadersAndCookies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]http.HandlerFunc{
		"op.example/auth": to(302, "https://sub.op.example/a"), "sub.op.example/a": to(302, "http://op.example/b"),
		"op.example/b": to(302, "https://op.example:443/c"), "op.example/c": to(302, callback),
	})
	res, err := w.follow(t.Context(), start, Options{
		RedirectURI: redirect, Header: http.Header{"x-msisdn": {canary + "-header"}, "User-Agent": {"phone"}},
		Cookies: []*http.Cookie{{Name: "sid", Value: canary + "-cookie", Domain: "example"}},
	})
	if err != nil || res.Callback != callback {
		t.Fatal(err)
	}
	var got []string
	for _, r := range w.asked {
		got = append(got, strings.Join([]string{r.Host, r.Header.Get("X-Msisdn"), r.Header.Get("Cookie"), r.UserAgent()}, " "))
	}
	own := " " + canary + "-header sid=" + canary + "-cookie phone"
	want := []string{"op.example" + own, "sub.op.example   vnv", "op.example   vnv", "op.example:443" + own}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if hops := w.recorder.Hops(); len(hops[0].CookiesSent) != 1 || len(hops[1].CookiesSent) != 0 {
		t.Errorf("recorded %+v", hops)
	}
}

func TestOwnHeadersThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{
		{Header: http.Header{"host": {"x"}}},
		{Header: http.Header{"Content-length": {"1"}}},
		{Header: http.Header{"a b": {"1"}}},
		{Header: http.Header{"X": {"a\r\nEvil: 1"}}},
		{Cookies: []*http.Cookie{{Name: "a b", Value: "x"}}},
		{Cookies: []*http.Cookie{{Name: "a", Value: "x\r\ny"}}},
	} {
		w := newWorld(t, nil)
		_, err := w.follow(t.Context(), start, o)
		if err == nil || err.Reason != ReasonSyntax || !strings.Contains(err.Detail, "cannot be set") && !strings.Contains(err.Detail, "control characters") || len(w.dialled) != 0 {
			t.Errorf("%+v: %v, dialled %v", o, err, w.dialled)
		}
	}
}

// TestServerMayTakeOwnCookieBack: the jar's rules hold for the caller's cookies.
func TestServerMayTakeOwnCookieBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]http.HandlerFunc{
		"op.example/auth": to(302, "/b", "Set-Cookie", "sid=; Path=/; Max-Age=0"), "op.example/b": to(302, callback),
	})
	if _, err := w.follow(t.Context(), start, Options{RedirectURI: redirect, Cookies: []*http.Cookie{{Name: "sid", Value: canary}}}); err != nil {
		t.Fatal(err)
	}
	if got := w.asked[1].Header.Get("Cookie"); got != "" {
		t.Errorf("still sent %q", got)
	}
}
