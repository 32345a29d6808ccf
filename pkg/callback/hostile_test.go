package callback

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Pieces of requests.
const (
	http11 = " HTTP/1.1\r\nHost: localhost\r\n"
	end    = "\r\n"
	mine   = "state=" + ourState
	valid  = "/callback?code=stray-code&" + mine
	post   = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
	form   = "code=stray-code&" + mine
)

// stray is a request that does not end the wait, by its row in reliability.md.
type stray struct {
	name    string
	request string
	status  int // 0: any, for TCP may lose the text of an answer to megabytes that were refused unread
	reason  Reason
}

var strays = []stray{
	{"L1 favicon", "GET /favicon.ico" + http11 + end, 404, ReasonPath},
	{"L2 bare path", "GET /callback" + http11 + end, 400, ReasonIncomplete},
	{"L2 root", "GET /" + http11 + end, 404, ReasonPath},
	{"longer path", "GET /callback/?code=stray-code&" + mine + http11 + end, 404, ReasonPath},
	{"path in other case", "GET /Callback?code=stray-code&" + mine + http11 + end, 404, ReasonPath},
	{"encoded path", "GET /%63allback?code=stray-code&" + mine + http11 + end, 404, ReasonPath},
	{"dotted path", "GET /x/../callback?code=stray-code&" + mine + http11 + end, 404, ReasonPath},
	{"doubled slash", "GET //callback?code=stray-code&" + mine + http11 + end, 404, ReasonPath},
	{"L3 error without state", "GET /callback?error=access_denied" + http11 + end, 400, ReasonErrorWithoutState},
	{"L3 error with wrong state", "GET /callback?error=access_denied&state=nope" + http11 + end, 400, ReasonErrorWithoutState},
	{"L4 wrong state", "GET /callback?code=stray-code&state=nope" + http11 + end, 400, ReasonState},
	{"L5 code without state", "GET /callback?code=stray-code" + http11 + end, 400, ReasonState},
	{"our state without code", "GET /callback?" + mine + http11 + end, 400, ReasonIncomplete},
	{"L6 POST with wrong state", "POST /callback?code=a&state=nope" + http11 + post + "0\r\n" + end, 405, ReasonMethod},
	{"POST with our state in the query", "POST " + valid + http11 + post + "0\r\n" + end, 405, ReasonMethod},
	{
		"response_mode=form_post", "POST /callback" + http11 + post + strconv.Itoa(len(form)) + "\r\n" + end + form, 405,
		ReasonMethod,
	},
	{"POST that promises more", "POST /callback" + http11 + post + "1048576\r\n" + end + "x", 405, ReasonMethod},
	{"L7 malformed query", "GET /callback?code=%zz&" + mine + http11 + end, 400, ReasonMalformed},
	{"two codes", "GET " + valid + "&code=other" + http11 + end, 400, ReasonMalformed},
	{"L10 wrong Host, wrong state", "GET /callback?code=a&state=b HTTP/1.1\r\nHost: evil.example\r\n\r\n", 400, ReasonState},
	{"L11 HEAD", "HEAD " + valid + http11 + end, 405, ReasonMethod},
	{"L11 OPTIONS", "OPTIONS " + valid + http11 + end, 405, ReasonMethod},
	{"L11 OPTIONS *", "OPTIONS *" + http11 + end, 404, ReasonPath},
	{"L11 HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404, ReasonPath},
	{"CONNECT", "CONNECT localhost:1" + http11 + end, 404, ReasonPath},
	{"L11 TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, ReasonUnreadable},
	{"L11 1 MiB of zeros", strings.Repeat("\x00", 1<<20), 0, ReasonUnreadable},
	{"HTTP/3.0", "GET " + valid + " HTTP/3.0\r\nHost: localhost\r\n\r\n", 505, ReasonUnreadable},
	{"no Host at all", "GET " + valid + " HTTP/1.1\r\n\r\n", 400, ReasonUnreadable},
	{"space in the query", "GET /callback?code=a b&" + mine + http11 + end, 400, ReasonUnreadable},
	{
		"L16 HTML in every parameter",
		"GET /callback?code=%3Cscript%3Ealert(1)%3C/script%3E&state=%3Cimg%20src=x%3E&error=%3Cb%3E" + http11 + end, 400,
		ReasonErrorWithoutState,
	},
	{"L30 1 MiB query", "GET " + valid + "&x=" + strings.Repeat("y", 1<<20) + http11 + end, 0, ReasonUnreadable},
	{"1 MiB header", "GET " + valid + http11 + "X: " + strings.Repeat("y", 1<<20) + "\r\n" + end, 0, ReasonUnreadable},
	{"10^5 headers", "GET " + valid + http11 + strings.Repeat("X: y\r\n", 100_000) + end, 0, ReasonUnreadable},
	{"L30 10^4 parameters, wrong state", "GET /callback?code=a" + strings.Repeat("&x=1", 1e4) + http11 + end, 400, ReasonState},
	{"L30 invalid UTF-8", "GET /callback?code=%ff%fe&" + mine + http11 + end, 400, ReasonMalformed},
	{"L30 raw invalid UTF-8", "GET /callback?code=\xff\xfe&" + mine + http11 + end, 400, ReasonMalformed},
}

// TestTheTrueCallbackWins sends what does not end the wait, then the true callback (L1–L16, L30).
func TestTheTrueCallbackWins(t *testing.T) {
	t.Parallel()
	for _, c := range strays {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, heard := listen(t)
			r := talk(t, l.Addrs()[0], c.request)
			if c.status != 0 && r.status != c.status {
				t.Errorf("got %+v, want status %d", r, c.status)
			}
			for _, sent := range []string{"stray-code", ourState, "alert", "<b>", "src=x"} {
				if strings.Contains(r.body, sent) {
					t.Errorf("%q is reflected in %s", sent, r.body)
				}
			}
			heard.await(t, c.reason, 1)
			mustEnd(t, l)
			if len(heard.all) != 1 {
				t.Errorf("heard %v", heard.all)
			}
		})
	}
}

// TestErrorNamesAreReported: of a request without our state, a registered name and nothing else.
func TestErrorNamesAreReported(t *testing.T) {
	t.Parallel()
	l, heard := listen(t)
	for _, name := range []string{"access_denied", "made_up", "%3Cb%3E"} {
		get(t, l, "/callback?error="+name+"&error_description=evil")
	}
	want := "[{error-without-state 1 access_denied false} {error-without-state 2  false} {error-without-state 3  false}]"
	if got := fmt.Sprint(heard.all); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	mustEnd(t, l)
}

// TestWrongStatesInParallel (L8).
func TestWrongStatesInParallel(t *testing.T) {
	t.Parallel()
	l, heard := listen(t)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			if r := get(t, l, fmt.Sprintf("/callback?code=stray&state=%d", i)); r.status != 400 {
				t.Errorf("request %d: %+v", i, r)
			}
		})
	}
	mustEnd(t, l)
	all.Wait()
	if n := heard.count(ReasonState); n != 100 {
		t.Errorf("counted %d of 100", n)
	}
}

// TestSilentConnections (L9, L12): nobody is kept waiting by those who say nothing, or half a request, or a byte now and then.
func TestSilentConnections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		n    int
		says string
	}{
		"L9 200 half-open":         {200, "GET /callback?code=a&state=" + ourState},
		"L12 1000 idle":            {1000, ""},
		"L12 300 that send a byte": {300, "G"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := listen(t)
			for range c.n {
				conn, err := net.Dial("tcp", l.Addrs()[0])
				if err != nil {
					t.Skipf("this machine lends no %d connections: %v", c.n, err)
				}
				defer conn.Close()
				_, _ = io.WriteString(conn, c.says)
			}
			mustEnd(t, l)
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDoorSheds: beyond the limit the oldest silent connection goes, but none that has just come, or has asked.
func TestDoorSheds(t *testing.T) {
	t.Parallel()
	l, _ := listen(t)
	var near []net.Conn
	for range 6 {
		c := dial(t, l.Addrs()[0])
		defer c.Close()
		near = append(near, c)
	}
	far := waitFor(t, l.door, 6)
	l.door.shed(2, time.Second)
	if got := len(waitFor(t, l.door, 6)); got != 6 {
		t.Fatalf("%d are left of 6 young ones", got)
	}
	l.door.served(far[0])
	age(l.door, far[:5])
	l.door.shed(2, time.Second)
	left := waitFor(t, l.door, 2)
	if left[0] != far[4] || left[1] != far[5] {
		t.Error("not the oldest were cut")
	}
	for _, c := range near[1:4] {
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("a connection that was cut still speaks")
		}
	}
}

// exhausted is a socket for which no descriptor is left a few times.
type exhausted struct {
	net.Listener
	times int
}

func (e *exhausted) Accept() (net.Conn, error) {
	if e.times > 0 {
		e.times--
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return e.Listener.Accept()
}

// TestNoDescriptorLeft: room is made, and the callback that waits in the kernel's queue is accepted.
func TestNoDescriptorLeft(t *testing.T) {
	t.Parallel()
	l, _ := listen(t)
	c := dial(t, l.Addrs()[0])
	defer c.Close()
	age(l.door, waitFor(t, l.door, 1))
	socket, err := systemListen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	late := dial(t, socket.Addr().String())
	defer late.Close()
	got, err := (&gate{&exhausted{socket, 3}, l.door}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	if left := waitFor(t, l.door, 1); left[0] != got {
		t.Error("the silent connection was kept, not the new one")
	}
	_, _ = got.Close(), l.Close()
	defer dial(t, socket.Addr().String()).Close()
	if _, err := (&gate{socket, l.door}).Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed door let somebody in: %v", err)
	}
}

// TestSilenceIsNotCounted: browsers open connections that they never use.
func TestSilenceIsNotCounted(t *testing.T) {
	t.Parallel()
	l, heard := listen(t)
	c := dial(t, l.Addrs()[0])
	waitFor(t, l.door, 1)
	_ = c.Close()
	waitFor(t, l.door, 0)
	mustEnd(t, l)
	_ = l.Close()
	if len(heard.all) != 0 {
		t.Errorf("heard %v", heard.all)
	}
}

// age makes connections a minute older.
func age(d *door, all []*conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range all {
		c.since = c.since.Add(-time.Minute)
	}
}

// waitFor waits until n connections wait.
func waitFor(t *testing.T, d *door, n int) []*conn {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); ; {
		d.mu.Lock()
		now := append([]*conn(nil), d.waiting...)
		d.mu.Unlock()
		if len(now) == n {
			return now
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d connections wait, want %d", len(now), n)
		}
	}
}

// TestAcceptedAsTheyCome: a foreign Host, a cross-site navigation, HTTP/1.0, an absolute request target (L10, L14).
func TestAcceptedAsTheyCome(t *testing.T) {
	t.Parallel()
	const query = "?code=a+b%20c%2B&state=" + ourState + "&x=%ff"
	for name, c := range map[string]struct{ request, host string }{
		"foreign Host":    {"GET /callback" + query + " HTTP/1.1\r\nHost: rebound.example:99\r\n\r\n", "rebound.example:99"},
		"HTTP/1.0":        {"GET /callback" + query + " HTTP/1.0\r\n\r\n", ""},
		"absolute target": {"GET http://localhost:1/callback" + query + " HTTP/1.1\r\nHost: x\r\n\r\n", "localhost:1"},
		"cross-site": {
			"GET /callback" + query + " HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n" +
				"Origin: null\r\nReferer: https://carrier.example/\r\n\r\n", "localhost",
		},
		"10^4 parameters": {
			"GET /callback" + query + strings.Repeat("&x12345=1", 1e4) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "localhost",
		},
		"64 KiB code":                  {"GET /callback?y=" + strings.Repeat("z", 64<<10) + "&" + query[1:] + " HTTP/1.1\r\nHost: h\r\n\r\n", "h"},
		"chunked body, never finished": {"GET /callback" + query + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, heard := listen(t)
			r := talk(t, l.Addrs()[0], c.request)
			got, err := l.Wait(patiently(t))
			if err != nil || r.status != http.StatusOK || !r.whole() {
				t.Fatalf("got %v, answered %+v", err, r)
			}
			if got.Code != "a b c+" || got.Host != c.host || !strings.Contains(got.Query, "code=a+b%20c%2B") {
				t.Errorf("got code %q by host %q", got.Code, got.Host)
			}
			if len(heard.all) != 0 {
				t.Errorf("ignored %v", heard.all)
			}
		})
	}
}
