package callback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// inFragments starts a listener that waits for an answer in the fragment.
func inFragments(t *testing.T, change ...func(*Options)) (*Listener, *ignoredLog) {
	t.Helper()
	return listen(t, append([]func(*Options){func(o *Options) { o.Fragment, o.State = true, ourRequest }}, change...)...)
}

// posting is the request of our page's script, with one thing or other that may differ.
func posting(origin, body string) string {
	return "POST /callback" + http11 + origin + "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: " +
		strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// ours is the Origin header that browsers send from our page.
func ours(l *Listener) string {
	return "Origin: " + strings.TrimSuffix(l.RedirectURI(), "/callback") + "\r\n"
}

// hand hands a fragment over as our page does.
func hand(t *testing.T, l *Listener, fragment string) reply {
	t.Helper()
	return talk(t, l.Addrs()[0], posting(ours(l), fragment))
}

// mustEndByFragment hands the true answer over and checks that it is what Wait returns.
func mustEndByFragment(t *testing.T, l *Listener) *Callback {
	t.Helper()
	const fragment = "request_id=" + ourRequest + "&code=true-code"
	if r := hand(t, l, fragment); r.status != http.StatusOK || !r.whole() || !strings.Contains(r.body, "received") {
		t.Fatalf("the true answer was answered with %+v", r)
	}
	c, err := l.Wait(patiently(t))
	if err != nil {
		t.Fatalf("the true answer lost: %v", err)
	}
	if c.Code != "true-code" || c.State != ourRequest || c.Via != ViaHTTP || c.Query != fragment || c.Host != "localhost" {
		t.Fatalf("got %q, %q by %s from %s of %q", c.Code, c.State, c.Via, c.Host, c.Query)
	}
	return c
}

// TestHandOverPage: a GET is given the page, whatever its query says, and that is counted, but neither reported nor taken.
func TestHandOverPage(t *testing.T) {
	t.Parallel()
	l, heard := inFragments(t)
	for _, query := range []string{
		"", "?", "?request_id=" + ourRequest + "&code=stray-code", "?code=stray-code&state=" + ourRequest, "?error=access_denied",
		"?x=%3Cscript%3Ealert(1)%3C/script%3E", "?code=%zz",
	} {
		r := get(t, l, "/callback"+query)
		body, script := cutScript(r.body)
		if r.status != http.StatusOK || !r.whole() || script != handOver || !strings.Contains(body, "Copy the whole address") {
			t.Errorf("%s: got %+v", query, r)
		}
		checkPolicy(t, r.header.Get("Content-Security-Policy"), body, script)
		if strings.Contains(r.body, "stray-code") || strings.Contains(r.body, "alert") || strings.Contains(r.body, ourRequest) {
			t.Errorf("%s: reflected in %s", query, r.body)
		}
	}
	_, err := l.Wait(ended(t))
	e := wantReason(t, err, ReasonNoCallback)
	if len(heard.all) != 0 || fmt.Sprint(e.Ignored) != "map[page:7]" || !errors.Is(e, context.Canceled) {
		t.Errorf("heard %v, counted %v", heard.all, e.Ignored)
	}
	const want = "callback: nothing came back: the page was opened, but no script ran that hands the fragment over: context canceled"
	if e.Error() != want {
		t.Errorf("got  %s\nwant %s", e, want)
	}
}

// TestHandOver: each fragment ends the wait, or does not, as ParseFragment has it.
func TestHandOver(t *testing.T) {
	t.Parallel()
	for _, c := range fragments {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, heard := inFragments(t)
			r := hand(t, l, c.fragment)
			if want := pageOf(c.reason); r.status != want.status || !r.whole() || !strings.Contains(r.body, "<h1>"+want.title+"</h1>") {
				t.Errorf("answered %+v, want %s", r, want.title)
			}
			if _, script := cutScript(r.body); script != "" || strings.Contains(r.body, "si9sfG") || strings.Contains(r.body, ourRequest) {
				t.Errorf("answered %s", r.body)
			}
			if !(answer{reason: c.reason}).final() {
				heard.await(t, c.reason, 1)
				mustEndByFragment(t, l)
				return
			}
			got, err := l.Wait(patiently(t))
			if c.reason != "" {
				wantReason(t, err, c.reason)
			} else if err != nil || got.Code != c.code || got.Query != c.fragment {
				t.Errorf("got %v, %v", got, err)
			}
			if len(heard.all) != 0 {
				t.Errorf("heard %v", heard.all)
			}
		})
	}
}

// TestForeignOrigins: only our own page hands over. PORT stands for ours.
func TestForeignOrigins(t *testing.T) {
	t.Parallel()
	for name, origin := range map[string]string{
		"none": "", "null": "Origin: null\r\n", "empty": "Origin: \r\n", "foreign": "Origin: https://evil.example\r\n",
		"other port": "Origin: http://127.0.0.1:1\r\n", "no port": "Origin: http://127.0.0.1\r\n",
		"other name": "Origin: http://localhost:PORT\r\n", "other scheme": "Origin: https://127.0.0.1:PORT\r\n",
		"rebound": "Origin: http://rebound.example:PORT\r\n", "longer": "Origin: http://127.0.0.1:PORT.evil.example\r\n",
		"with path": "Origin: http://127.0.0.1:PORT/callback\r\n", "two": "Origin: http://127.0.0.1:PORT\r\nOrigin: https://evil.example\r\n",
		"two in one": "Origin: http://127.0.0.1:PORT, https://evil.example\r\n", "a list": "Origin: http://127.0.0.1:PORT null\r\n",
		"only a referer": "Referer: http://127.0.0.1:PORT/callback\r\n", "user information": "Origin: http://x@127.0.0.1:PORT\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, heard := inFragments(t)
			_, port, _ := strings.Cut(l.Addrs()[0], ":")
			r := talk(t, l.Addrs()[0], posting(strings.ReplaceAll(origin, "PORT", port), "code=stray-code"+ofOurs))
			if r.status != http.StatusForbidden || !r.whole() || strings.Contains(r.body, "stray-code") {
				t.Errorf("answered %+v", r)
			}
			for _, h := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"} {
				if got := r.header.Values(h); len(got) != 0 {
					t.Errorf("%s: %q", h, got)
				}
			}
			heard.await(t, ReasonOrigin, 1)
			mustEndByFragment(t, l)
		})
	}
}

// TestStraysInFragmentMode: the rows of the listener hold here too. OURS stands for our Origin header.
func TestStraysInFragmentMode(t *testing.T) {
	t.Parallel()
	const form = "code=stray-code" + ofOurs
	sized := func(n int) string { return "OURSContent-Length: " + strconv.Itoa(n) + "\r\n\r\n" }
	for _, c := range []stray{
		{"L1 favicon", "GET /favicon.ico" + http11 + end, 404, ReasonPath},
		{"L2 root", "GET /" + http11 + end, 404, ReasonPath},
		{"longer path", "GET /callback/" + http11 + end, 404, ReasonPath},
		{"handed over elsewhere", "POST /callback/" + http11 + sized(len(form)) + form, 404, ReasonPath},
		{"handed over to an encoded path", "POST /%63allback" + http11 + sized(len(form)) + form, 404, ReasonPath},
		{"L2 nothing to hand over", "POST /callback" + http11 + sized(0), 400, ReasonIncomplete},
		{"the answer is in the query", "POST /callback?" + form + http11 + sized(0), 400, ReasonIncomplete},
		{"L6 another's request id", "POST /callback" + http11 + sized(len("code=a"+notOurs)) + "code=a" + notOurs, 400, ReasonState},
		{"response_mode=form_post", "POST /callback" + http11 + post + strconv.Itoa(len(form)) + end + end + form, 403, ReasonOrigin},
		{"L11 HEAD", "HEAD /callback" + http11 + "OURS" + end, 405, ReasonMethod},
		{"L11 OPTIONS", "OPTIONS /callback" + http11 + "OURSAccess-Control-Request-Method: POST\r\n" + end, 405, ReasonMethod},
		{"L11 OPTIONS *", "OPTIONS *" + http11 + end, 404, ReasonPath},
		{"PUT", "PUT /callback" + http11 + sized(len(form)) + form, 405, ReasonMethod},
		{"post in small letters", "post /callback" + http11 + sized(len(form)) + form, 405, ReasonMethod},
		{"L11 HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404, ReasonPath},
		{"L11 TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, ReasonUnreadable},
		{"L11 1 MiB of zeros", strings.Repeat("\x00", 1<<20), 0, ReasonUnreadable},
		{"1 MiB body", "POST /callback" + http11 + sized(1<<20) + form + strings.Repeat("&", 1<<20-len(form)), 0, ReasonUnreadable},
		{"one byte too much", "POST /callback" + http11 + sized(maxFragment+1) + form + strings.Repeat("&", maxFragment+1-len(form)), 400, ReasonUnreadable},
		{"1 MiB body in chunks", "POST /callback" + http11 + "OURSTransfer-Encoding: chunked\r\n\r\n100000\r\n" + strings.Repeat("&", 1<<20), 0, ReasonUnreadable},
		{"bad chunk", "POST /callback" + http11 + "OURSTransfer-Encoding: chunked\r\n\r\nzz\r\n" + form, 400, ReasonUnreadable},
		{"slow body", "POST /callback" + http11 + sized(len(form)+1) + form, 400, ReasonUnreadable},
		{"slow chunks", "POST /callback" + http11 + "OURSTransfer-Encoding: chunked\r\n\r\n5\r\ncode=\r\n", 400, ReasonUnreadable},
		{"contradictory lengths", "POST /callback" + http11 + "Content-Length: 1\r\n" + sized(len(form)) + form, 400, ReasonUnreadable},
		{"L16 HTML in every parameter", "POST /callback" + http11 + sized(43) + "code=<script>alert(1)</script>&request_id=<b>", 400, ReasonState},
		{"L30 invalid UTF-8", "POST /callback" + http11 + sized(len("code=\xff"+ofOurs)) + "code=\xff" + ofOurs, 400, ReasonMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, heard := inFragments(t)
			r := talk(t, l.Addrs()[0], strings.ReplaceAll(c.request, "OURS", ours(l)))
			if c.status != 0 && r.status != c.status {
				t.Errorf("got %+v, want status %d", r, c.status)
			}
			if allow := r.header.Get("Allow"); (r.status == http.StatusMethodNotAllowed) != (allow == "GET, POST") {
				t.Errorf("Allow: %q", allow)
			}
			for _, sent := range []string{"stray-code", ourRequest, "alert", "<b>"} {
				if strings.Contains(r.body, sent) {
					t.Errorf("%q is reflected in %s", sent, r.body)
				}
			}
			heard.await(t, c.reason, 1)
			mustEndByFragment(t, l)
			if len(heard.all) != 1 {
				t.Errorf("heard %v", heard.all)
			}
		})
	}
}

// TestHandedOverAsTheyCome: what browsers and tunnels do to a request does not matter.
func TestHandedOverAsTheyCome(t *testing.T) {
	t.Parallel()
	const form = "code=C" + ofOurs
	length := "Content-Length: " + strconv.Itoa(len(form)) + "\r\n\r\n"
	for name, c := range map[string]struct {
		request string
		change  func(*Options)
	}{
		"HTTP/1.0":     {"POST /callback HTTP/1.0\r\nOURS" + length + form, nil},
		"foreign Host": {"POST /callback HTTP/1.1\r\nHost: rebound.example\r\nOURS" + length + form, nil},
		"with a query": {"POST /callback?from=carrier" + http11 + "OURS" + length + form, nil},
		"in chunks": {
			"POST /callback" + http11 + "OURSTransfer-Encoding: chunked\r\n\r\n" +
				fmt.Sprintf("6\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", form[:6], len(form)-6, form[6:]), nil,
		},
		"as long as can be": {
			"POST /callback" + http11 + "OURSContent-Length: " + strconv.Itoa(maxFragment) + "\r\n\r\n" + form +
				strings.Repeat("&", maxFragment-len(form)), nil,
		},
		"tunnel": {"POST /a/cb" + http11 + "Origin: https://dev.example\r\n" + length + form, func(o *Options) {
			o.RedirectURI, o.Listen = "https://dev.example:443/a/cb", "127.0.0.1:0"
		}},
		"localhost": {"POST /callback" + http11 + "OURS" + length + form, func(o *Options) {
			o.RedirectURI = "http://localhost:0/callback"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			change := c.change
			if change == nil {
				change = func(*Options) {}
			}
			l, heard := inFragments(t, change)
			r := talk(t, l.Addrs()[0], strings.ReplaceAll(c.request, "OURS", ours(l)))
			got, err := l.Wait(patiently(t))
			if err != nil || got.Code != "C" || r.status != http.StatusOK || !r.whole() || len(heard.all) != 0 {
				t.Errorf("got %v, %v, answered %+v", got, err, r)
			}
		})
	}
}

// TestFragmentDuplicates (L17): the first wins, doubles are told, whatever they carry.
func TestFragmentDuplicates(t *testing.T) {
	t.Parallel()
	l, heard := inFragments(t)
	first := mustEndByFragment(t, l)
	for i, fragment := range []string{"code=true-code", "code=another", "error_description=no"} {
		r := hand(t, l, fragment+ofOurs)
		if r.status != http.StatusOK || !strings.Contains(r.body, "Already received") {
			t.Errorf("%s: answered %+v", fragment, r)
		}
		heard.await(t, ReasonDuplicate, i+1)
	}
	wantReason(t, l.Offer("#code=another"+ofOurs), ReasonDuplicate)
	hand(t, l, "code=c"+notOurs)
	heard.await(t, ReasonState, 1)
	if again, err := l.Wait(patiently(t)); again != first || err != nil {
		t.Errorf("then %v, %v", again, err)
	}
}

// TestFragmentTooLate: a wait that ended stays so, and who hands over later is told.
func TestFragmentTooLate(t *testing.T) {
	t.Parallel()
	l, heard := inFragments(t)
	_, first := l.Wait(ended(t))
	wantReason(t, first, ReasonNoCallback)
	if r := hand(t, l, "code=C"+ofOurs); r.status != http.StatusGone {
		t.Errorf("answered %+v", r)
	}
	heard.await(t, ReasonLate, 1)
}

// TestOnlyOneFragmentWins: of many at once, among wrong ones (L8).
func TestOnlyOneFragmentWins(t *testing.T) {
	t.Parallel()
	l, heard := inFragments(t)
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			fragment, want := fmt.Sprintf("code=%d", i)+ofOurs, 200
			if i%2 == 0 {
				fragment, want = fmt.Sprintf("code=%d", i)+notOurs, 400
			}
			if r := hand(t, l, fragment); r.status != want {
				t.Errorf("%s: answered %+v", fragment, r)
			}
		})
	}
	c, err := l.Wait(patiently(t))
	all.Wait()
	if err != nil || !strings.ContainsAny(c.Code[len(c.Code)-1:], "13579") {
		t.Errorf("got %v, %v", c, err)
	}
	if heard.count(ReasonState) != 20 || heard.count(ReasonDuplicate) != 19 || len(heard.all) != 39 {
		t.Errorf("heard %v", heard.all)
	}
}

// TestOfferFragment: a paste is judged like what the page hands over, and ends the same wait.
func TestOfferFragment(t *testing.T) {
	t.Parallel()
	for _, paste := range []string{
		` "<https://dev.example/prefix/callback?x=1#code=pasted&amp;request_id=` + ourRequest + `>" `,
		"code=pasted" + ofOurs, `{"request_id": "` + ourRequest + `", "code": "pasted"}`,
	} {
		l, heard := inFragments(t)
		for stray, want := range map[string]Reason{
			"": ReasonIncomplete, "https://carrier.example/check?code=c" + ofOurs: ReasonIncomplete, "#code=c": ReasonState,
			"#code=c" + notOurs: ReasonState, "#code=%zz" + ofOurs: ReasonMalformed, `{"code":`: ReasonMalformed,
			"#error_description=evil" + notOurs: ReasonErrorWithoutState, "?code=c" + ofOurs: ReasonIncomplete,
		} {
			if e := wantReason(t, l.Offer(stray), want); e.Description != "" {
				t.Errorf("%q: kept %q", stray, e.Description)
			}
		}
		if err := l.Offer(paste); err != nil {
			t.Fatalf("%s: %v", paste, err)
		}
		wantReason(t, l.Offer(paste), ReasonDuplicate)
		c, err := l.Wait(patiently(t))
		if err != nil || c.Code != "pasted" || c.State != ourRequest || c.Via != ViaPaste || c.Host != "" || len(heard.all) != 0 {
			t.Errorf("%s: got %v, %v", paste, c, err)
		}
	}
}

// TestSlowBodyDoesNotHoldClose: who promises more than he sends is cut.
func TestSlowBodyDoesNotHoldClose(t *testing.T) {
	t.Parallel()
	l, _ := inFragments(t)
	c := dial(t, l.Addrs()[0])
	defer c.Close()
	_, _ = io.WriteString(c, "POST /callback"+http11+ours(l)+"Content-Length: 100\r\n\r\ncode=")
	mustEndByFragment(t, l)
	_ = l.Close()
	if rest, err := io.ReadAll(c); err == nil && len(rest) > 0 && !strings.HasPrefix(string(rest), "HTTP/1.1 400") {
		t.Errorf("answered %q", rest)
	}
}
