package follow

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

const (
	start    = "https://op.example/auth?state=" + canary
	redirect = "https://app.example/cb"
	callback = redirect + "?code=" + canary + "&state=mine"
)

// ends are chains and how they end. The chain begins at start unless the row says otherwise; its
// redirect URI is redirect.
var ends = []struct {
	name   string
	url    string
	routes map[string]http.HandlerFunc
	opts   Options
	want   Error // Hop, Reason, Status, Title, Code, Detail, TraceID, Class are compared
	hops   int
}{
	{name: "callback", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, callback)}},
	{name: "auth_url is the callback", url: callback},
	{name: "relative and network-path", hops: 4, routes: map[string]http.HandlerFunc{
		"op.example/auth": to(302, "//evil.example/a"), "evil.example/a": to(302, "b?x=1"),
		"evil.example/b": to(302, "?y"), "evil.example/b?y": to(302, callback),
	}},
	{name: "spaces and UTF-8 in Location", hops: 2, routes: map[string]http.HandlerFunc{
		"op.example/auth": to(302, "/ä b?q=ü \"x"), "op.example/%C3%A4%20b?q=%C3%BC%20%22x": to(302, callback),
	}},
	{name: "page", hops: 1, routes: map[string]http.HandlerFunc{
		"op.example/auth": say(200, "text/html; charset=utf-8", "<html><TITLE lang=x>Log\n in &amp; \u202econsent\x1b[31m</title><form>"),
	}, want: Error{Hop: 1, Reason: ReasonPage, Status: 200, Title: `Log in & \u202econsent\x1b[31m`}},
	{name: "page of a portal", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": say(511, "text/html", "<p>")}, want: Error{Hop: 1, Reason: ReasonPage, Status: 511}},
	{name: "page without a type", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		w.Write([]byte(" <!doctype html><title>x</title>"))
	}}, want: Error{Hop: 1, Reason: ReasonPage, Status: 200, Title: "x"}},
	{name: "meta refresh", hops: 1, routes: map[string]http.HandlerFunc{
		"op.example/auth": say(200, "text/html", `<meta content="0;url=/x" HTTP-EQUIV='Refresh'>`),
	}, want: Error{Hop: 1, Reason: ReasonMetaRefresh, Status: 200}},
	{name: "Refresh header", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Refresh", "0;url="+callback)
	}}, want: Error{Hop: 1, Reason: ReasonMetaRefresh, Status: 200}},
	{name: "script redirect", hops: 1, routes: map[string]http.HandlerFunc{
		"op.example/auth": say(200, "text/html", `<script>window.location.href = "/x"</script>`),
	}, want: Error{Hop: 1, Reason: ReasonScript, Status: 200}},
	{name: "302 without Location", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": say(302, "text/plain", "")}, want: Error{Hop: 1, Reason: ReasonDeadEnd, Status: 302, Detail: "a redirect without Location"}},
	{name: "empty Location", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "")}, want: Error{Hop: 1, Reason: ReasonDeadEnd, Status: 302, Detail: "a redirect without Location"}},
	{name: "two Locations", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Location"] = []string{callback, "/x"}
		w.WriteHeader(302)
	}}, want: Error{Hop: 1, Reason: ReasonSyntax, Status: 302, Detail: "two Location headers"}},
	{name: "https:evil", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "https:evil.example/"+canary)}, want: Error{Hop: 1, Reason: ReasonSyntax, Status: 302, Detail: "a scheme without //"}},
	{name: "userinfo", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "https://app.example:"+canary+"@evil.example/cb")}, want: Error{Hop: 1, Reason: ReasonSyntax, Status: 302, Detail: "a user name or password in the URL"}},
	{name: "app scheme", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "com.acme.app://cb?code="+canary)}, want: Error{Hop: 1, Reason: ReasonScheme, Status: 302, Detail: "only https and http are followed"}},
	{name: "javascript", url: "javascript:alert('" + canary + "')", want: Error{Hop: 1, Reason: ReasonScheme, Detail: "only https and http are followed"}},
	{name: "relative auth_url", url: "/auth", want: Error{Hop: 1, Reason: ReasonSyntax, Detail: "a relative URL"}},
	{name: "oauth error as JSON", hops: 1, routes: map[string]http.HandlerFunc{
		"op.example/auth": say(400, "application/json", `{"error":"invalid_request","error_description":"state=`+canary+` is \u001b]0;odd"}`),
	}, want: Error{Hop: 1, Reason: ReasonOAuth, Status: 400, Code: "invalid_request", Detail: `state=state~1 is \x1b]0;odd`}},
	{name: "oauth error in a 200", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "text/plain", `{"error":"access_denied"}`)}, want: Error{Hop: 1, Reason: ReasonOAuth, Status: 200, Code: "access_denied"}},
	{name: "CAMARA error", hops: 1, routes: map[string]http.HandlerFunc{
		"op.example/auth": say(403, "application/json", `{"status":403,"code":"PERMISSION_DENIED","message":"no"}`),
	}, want: Error{Hop: 1, Reason: ReasonOAuth, Status: 403, Code: "PERMISSION_DENIED", Detail: "no"}},
	{name: "problem", hops: 1, routes: map[string]http.HandlerFunc{
		"op.example/auth": say(401, "application/problem+json", `{"type":"https://x.example/errors#unauthorized","title":"T","detail":"D","instance":"bf0ca0"}`),
	}, want: Error{Hop: 1, Reason: ReasonOAuth, Status: 401, Code: "unauthorized", Detail: "D", TraceID: "bf0ca0"}},
	{name: "nested error", hops: 1, routes: map[string]http.HandlerFunc{
		"op.example/auth": say(200, "application/json", `{"error":{"code":"X","message":"m"}}`),
	}, want: Error{Hop: 1, Reason: ReasonOAuth, Status: 200, Code: "X", Detail: "m"}},
	{name: "misdirected", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": say(421, "text/plain", "x")}, want: Error{Hop: 1, Reason: ReasonDeadEnd, Status: 421}},
	{name: "broken JSON", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": say(200, "application/json", `{"code":`)}, want: Error{Hop: 1, Reason: ReasonDeadEnd, Status: 200}},
	{name: "cleartext with a code", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "http://b.example/?Code="+canary)}, want: Error{Hop: 1, Reason: ReasonCleartext, Status: 302, Detail: "the URL carries a code"}},
	{name: "cleartext, unreadable query", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "http://b.example/?a;code="+canary)}, want: Error{Hop: 1, Reason: ReasonCleartext, Status: 302, Detail: "its query cannot be read, and may carry a code"}},
	{name: "cleartext to an API host", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "http://API.example/x")}, opts: Options{APIHosts: []string{"api.example"}}, want: Error{Hop: 1, Reason: ReasonCleartext, Status: 302, Detail: "it is an API host"}},
	{name: "cleartext without a code", hops: 2, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "http://b.example/x?state=1"), "b.example/x": to(302, callback)}},
	{name: "loop to itself", hops: 1, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, start+"#new")}, want: Error{Hop: 1, Reason: ReasonLoop, Status: 302}},
	{name: "loop of two", hops: 2, routes: map[string]http.HandlerFunc{"op.example/auth": to(302, "/b"), "op.example/b": to(302, start)}, want: Error{Hop: 2, Reason: ReasonLoop, Status: 302}},
	{name: "again with a new cookie is no loop", hops: 2, routes: map[string]http.HandlerFunc{"op.example/auth": func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("seen"); err == nil && c.Value == canary {
			to(302, callback)(w, r)
			return
		}
		to(302, start, "Set-Cookie", "seen="+canary)(w, r)
	}}},
	{name: "endless new cookies", opts: Options{MaxHops: 3}, routes: map[string]http.HandlerFunc{"op.example/auth": func(w http.ResponseWriter, r *http.Request) {
		to(302, start, "Set-Cookie", "n=x"+r.Header.Get("Cookie"))(w, r)
	}}, want: Error{Hop: 4, Reason: ReasonTooMany, Status: 302, Detail: "3 redirects may be followed"}},
	{name: "endless new URLs", opts: Options{MaxHops: 3}, routes: map[string]http.HandlerFunc{"op.example/auth": func(w http.ResponseWriter, r *http.Request) {
		to(302, start+"&n="+r.RequestURI)(w, r)
	}}, want: Error{Hop: 4, Reason: ReasonTooMany, Status: 302, Detail: "3 redirects may be followed"}},
}

func TestEnds(t *testing.T) {
	t.Parallel()
	for _, c := range ends {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.routes)
			c.opts.RedirectURI = redirect
			if c.url == "" {
				c.url = start
			}
			res, err := w.follow(t.Context(), c.url, c.opts)
			if c.want.Reason == "" {
				if err != nil || res.End != EndCallback || res.Callback != callback || res.Hops != c.hops {
					t.Errorf("got %+v, %v; want the callback after %d hops", res, err, c.hops)
				}
				return
			}
			if err == nil {
				t.Fatalf("no error, want %s", c.want.Reason)
			}
			got := Error{
				Hop: err.Hop, Reason: err.Reason, Status: err.Status, Title: err.Title,
				Code: err.Code, Detail: err.Detail, TraceID: err.TraceID, Class: err.Class,
			}
			if got != c.want || res.End != "" || res.Hops != len(w.recorder.Hops()) {
				t.Errorf("got  %+v\nwant %+v\nhops %d: %s", got, c.want, res.Hops, err)
			}
		})
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	for status := 300; status < 309; status++ {
		w := newWorld(t, map[string]http.HandlerFunc{"op.example/auth": to(status, callback)})
		res, err := w.follow(t.Context(), start, Options{RedirectURI: redirect})
		switch status {
		case 301, 302, 303, 307, 308:
			if err != nil || res.Callback != callback {
				t.Errorf("%d is not followed: %v", status, err)
			}
		default:
			if err == nil || err.Reason != ReasonDeadEnd || err.Status != status {
				t.Errorf("%d: got %v, want a dead end", status, err)
			}
		}
	}
}

// chain redirects n times, the last time to the given URL.
func chain(n int, last string) map[string]http.HandlerFunc {
	routes := map[string]http.HandlerFunc{}
	for i := range n {
		next := "https://op.example/" + strconv.Itoa(i+1)
		if i == n-1 {
			next = last
		}
		routes["op.example/"+strconv.Itoa(i)] = to(302, next)
	}
	return routes
}

func TestMaxHops(t *testing.T) {
	t.Parallel()
	const json = `{"request_id":"r","code":"c"}`
	for _, c := range []struct {
		max, redirects int
		want           Reason
	}{{0, 10, ""}, {0, 11, ReasonTooMany}, {3, 3, ""}, {3, 4, ReasonTooMany}, {-1, 0, ""}, {-1, 1, ReasonTooMany}} {
		routes := chain(c.redirects, "https://op.example/end")
		routes["op.example/end"] = say(200, "application/json", json)
		w := newWorld(t, routes)
		url := "https://op.example/0"
		if c.redirects == 0 {
			url = "https://op.example/end"
		}
		res, err := w.follow(t.Context(), url, Options{MaxHops: c.max})
		if c.want == "" {
			if err != nil || res.End != EndAnswer || string(res.Body) != json || res.Redirects != c.redirects {
				t.Errorf("max %d, %d redirects: %+v, %v", c.max, c.redirects, res, err)
			}
			continue
		}
		if err == nil || err.Reason != c.want || err.Hop != c.redirects {
			t.Errorf("max %d, %d redirects: got %v, want %s at hop %d", c.max, c.redirects, err, c.want, c.redirects)
		}
	}
}

func TestEachHopIsBuiltFromScratch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]http.HandlerFunc{
		"op.example/auth":  to(307, "https://b.example/x#frag-"+canary, "Authorization", "Bearer x", "X-Own", "1"),
		"b.example/x":      to(302, "https://c.b.example/y"),
		"c.b.example/y":    to(302, callback),
		"never.example/cb": nil,
	})
	res, err := w.follow(t.Context(), start, Options{RedirectURI: redirect})
	if err != nil {
		t.Fatal(err)
	}
	if want := callback + "#frag-" + canary; res.Callback != want || res.Delivered || res.Redirects != 3 {
		t.Errorf("got %+v, want the fragment kept and nothing delivered", res)
	}
	if got := w.paths(); strings.Contains(got, "app.example") || strings.Contains(got, "#") {
		t.Errorf("asked %s", got)
	}
	for _, r := range w.asked {
		if r.Method != http.MethodGet || len(r.Header) != 2 || r.UserAgent() == "" || r.Header.Get("Accept") == "" || r.ContentLength != 0 {
			t.Errorf("%s %s %v", r.Method, r.Host, r.Header)
		}
	}
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	const ours = "http://127.0.0.1/cb"
	for _, status := range []int{200, 302, 400} {
		w := newWorld(t, map[string]http.HandlerFunc{
			"op.example/auth": to(302, ours+"?code="+canary+"#f"), "127.0.0.1/cb": to(status, "https://op.example/again"),
		})
		res, err := w.follow(t.Context(), start, Options{RedirectURI: ours, Deliver: true})
		if err != nil || !res.Delivered || res.Status != status || res.Callback != ours+"?code="+canary+"#f" {
			t.Errorf("got %+v, %v", res, err)
		}
		if got := w.paths(); got != "op.example/auth?state="+canary+" 127.0.0.1/cb?code="+canary {
			t.Errorf("asked %s", got)
		}
	}
}

func TestOwnRedirectURIOpensNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]http.HandlerFunc{"op.example/auth": to(302, "http://127.0.0.1/admin")})
	_, err := w.follow(t.Context(), start, Options{RedirectURI: "http://127.0.0.1/cb", Deliver: true})
	if err == nil || err.Reason != ReasonAddress || err.Class != ClassLoopback || len(w.dialled) != 1 {
		t.Errorf("got %v, dialled %v", err, w.dialled)
	}
}
