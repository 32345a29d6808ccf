package sandbox_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// The benchmarks measure a server in a process of its own: this test binary, told by servedEnv what to
// serve until its input ends.
const servedEnv = "VNV_SANDBOX_BENCHMARK_SERVES"

// requestsPerFlow is enable, five hops, token and verify.
const requestsPerFlow = 8

func serveForBenchmark(what string) {
	start := serveSandbox
	if what == "plain" {
		start = servePlain
	}
	base, stop := start()
	defer stop()
	fmt.Println(base)
	io.Copy(io.Discard, os.Stdin)
	fmt.Println(rss())
}

func serveSandbox() (string, func()) {
	s, err := sandbox.New(sandbox.Options{RedirectURIs: []string{callback}})
	if err == nil {
		err = s.Listen(context.Background())
	}
	if err != nil {
		panic(err)
	}
	return s.URL() + " " + s.CarrierURL(), func() { s.Close() }
}

// servePlain reads what comes and answers a few bytes: what net/http costs by itself.
func servePlain() (string, func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"devicePhoneNumberVerified":true}`)
	})}
	go server.Serve(l)
	return "http://" + l.Addr().String(), func() { server.Close() }
}

// rss is the memory of this process in KiB, 0 where /proc does not tell.
func rss() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, _ := strconv.Atoi(strings.Fields(rest)[0])
	return kib
}

// served is a server in another process.
type served struct {
	url, carrier string // origins
	cmd          *exec.Cmd
	stop         io.Closer
	out          *bufio.Scanner
}

func serve(b *testing.B, what string) *served {
	b.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), servedEnv+"="+what)
	stop, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	s := &served{cmd: cmd, stop: stop, out: bufio.NewScanner(out)}
	if !s.out.Scan() {
		b.Fatal("the server did not start")
	}
	s.url, s.carrier, _ = strings.Cut(s.out.Text(), " ")
	return s
}

// end stops the server and tells what it took.
func (s *served) end(b *testing.B) (cpu time.Duration, rssKiB int) {
	b.Helper()
	s.stop.Close()
	s.out.Scan()
	rssKiB, _ = strconv.Atoi(s.out.Text())
	if err := s.cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return s.cmd.ProcessState.UserTime() + s.cmd.ProcessState.SystemTime(), rssKiB
}

// pipe sends requests to one origin over one connection, many in a write, so that the server is never
// idle and what is measured is its work.
type pipe struct {
	b    *testing.B
	host string
	conn net.Conn
	in   *bufio.Reader
}

func dial(b *testing.B, origin string) *pipe {
	b.Helper()
	host := strings.TrimPrefix(origin, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return &pipe{b, host, conn, bufio.NewReaderSize(conn, 1<<16)}
}

// request is one message; header is whole lines.
func (p *pipe) request(method, target, header, body string) string {
	if body != "" {
		header += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return method + " " + target + " HTTP/1.1\r\nHost: " + p.host + "\r\nUser-Agent: bench\r\nAccept-Encoding: gzip\r\n" + header + "\r\n" + body
}

// answers sends the requests and returns for each its Location or body, and its cookie.
func (p *pipe) answers(requests []string) (texts, cookies []string) {
	go io.WriteString(p.conn, strings.Join(requests, ""))
	for range requests {
		resp, err := http.ReadResponse(p.in, nil)
		if err != nil {
			p.b.Error(err)
			return nil, nil
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		text := resp.Header.Get("Location")
		if text == "" {
			text = string(body)
		}
		if resp.StatusCode >= 400 {
			p.b.Errorf("%d %s", resp.StatusCode, body)
		}
		cookie, _, _ := strings.Cut(resp.Header.Get("Set-Cookie"), ";")
		texts, cookies = append(texts, text), append(cookies, cookie)
	}
	return texts, cookies
}

// load plays many flows side by side.
type load struct {
	vendor, carrier *pipe
	jwt             string
	n               int
}

const atOnce = 64

func newLoad(b *testing.B, s *served) *load {
	b.Helper()
	l := &load{vendor: dial(b, s.url), jwt: signed(b, goodClaims(), nil)}
	l.carrier = l.vendor
	if s.carrier != "" {
		l.carrier = dial(b, s.carrier)
	}
	return l
}

// each makes one request of every text.
func each(texts []string, request func(i int, text string) string) []string {
	requests := make([]string, len(texts))
	for i, text := range texts {
		requests[i] = request(i, text)
	}
	return requests
}

func (l *load) enable() []string {
	texts, _ := l.vendor.answers(each(make([]string, atOnce), func(int, string) string {
		l.n++
		return l.vendor.request("POST", "/v0.1/network-enablement", "Authorization: Bearer "+l.jwt+"\r\nContent-Type: application/json\r\n",
			`{"phone_number":"`+yes+`","scopes":["`+scope+`"],"state":"`+strconv.Itoa(l.n)+`"}`)
	}))
	return texts
}

// between is what lies between two marks.
func between(text, from, to string) string {
	_, rest, _ := strings.Cut(text, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}

func (l *load) flow() {
	texts := each(l.enable(), func(_ int, text string) string { return between(text, `"auth_url":"`, `"`) })
	var cookies []string
	for _, on := range []*pipe{l.vendor, l.carrier, l.carrier, l.carrier, l.vendor} {
		texts, cookies = on.answers(each(texts, func(i int, at string) string {
			header := ""
			if cookies != nil && cookies[i] != "" {
				header = "Cookie: " + cookies[i] + "\r\n"
			}
			return on.request("GET", "/"+between(at[len("http://"):], "/", " "), header, "")
		}))
	}
	texts, _ = l.vendor.answers(each(texts, func(_ int, at string) string { return l.exchange(between(at, "?code=", "&")) }))
	l.vendor.answers(each(texts, func(_ int, text string) string { return l.verify(between(text, `"access_token":"`, `"`)) }))
}

func (l *load) exchange(code string) string {
	return l.vendor.request("POST", "/oauth2/token", "Authorization: Bearer "+l.jwt+"\r\nContent-Type: application/x-www-form-urlencoded\r\n",
		grantOf(code).Encode())
}

func (l *load) verify(token string) string {
	return l.vendor.request("POST", "/camara/number-verification/v031/verify",
		"Authorization: Bearer "+token+"\r\nContent-Type: application/json\r\n", `{"phoneNumber":"`+yes+`"}`)
}

// plain sends as many requests, of the same kinds and sizes.
func (l *load) plain() {
	const id = "00000000000000000000000000000000"
	l.enable()
	for range 5 {
		l.vendor.answers(each(make([]string, atOnce), func(int, string) string {
			return l.vendor.request("GET", "/carrier/session?state=v2_00000000-0000-4000-8000-000000000000", "", "")
		}))
	}
	l.vendor.answers(each(make([]string, atOnce), func(int, string) string { return l.exchange(id) }))
	l.vendor.answers(each(make([]string, atOnce), func(int, string) string { return l.verify(id) }))
}

// BenchmarkFlow is row 9 of the speed bar: CPU per request over the flow against a plain net/http
// handler, both in processes of their own. The bar is a ratio of 3. One turn is 64 flows.
func BenchmarkFlow(b *testing.B) {
	faked, plain := serve(b, "sandbox"), serve(b, "plain")
	one, two := newLoad(b, faked), newLoad(b, plain)
	n := 0
	for b.Loop() {
		one.flow()
		two.plain()
		n += atOnce * requestsPerFlow
	}
	cpu, _ := faked.end(b)
	base, _ := plain.end(b)
	b.ReportMetric(float64(cpu.Microseconds())/float64(n), "µs-cpu/request")
	b.ReportMetric(float64(base.Microseconds())/float64(n), "µs-cpu/plain-request")
	b.ReportMetric(float64(cpu)/float64(base), "sandbox/plain")
	b.ReportMetric(float64(base)/float64(cpu), "share-of-plain-requests/s")
}

// BenchmarkAbandoned and BenchmarkFinished are row 10: with -benchtime=15625x a million flows, 64 and
// 32 MiB.
func BenchmarkAbandoned(b *testing.B) { benchmarkMemory(b, func(l *load) { l.enable() }) }

// BenchmarkFinished is the other half of row 10.
func BenchmarkFinished(b *testing.B) { benchmarkMemory(b, (*load).flow) }

func benchmarkMemory(b *testing.B, deed func(*load)) {
	b.Helper()
	s := serve(b, "sandbox")
	l := newLoad(b, s)
	for b.Loop() {
		deed(l)
	}
	_, kib := s.end(b)
	b.ReportMetric(float64(kib)/1024, "MiB-rss")
}

// BenchmarkStart is start to ready: a new sandbox, its ports, and the first answer.
func BenchmarkStart(b *testing.B) {
	for _, options := range []sandbox.Options{{}, {TLS: true}, {Control: "127.0.0.1:0"}} {
		b.Run("tls="+strconv.FormatBool(options.TLS)+",control="+strconv.FormatBool(options.Control != ""), func(b *testing.B) {
			options.RedirectURIs = []string{callback}
			for b.Loop() {
				s, err := sandbox.New(options)
				if err == nil {
					err = s.Listen(context.Background())
				}
				if err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		})
	}
}
