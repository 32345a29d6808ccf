package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"go.uber.org/goleak"

	"github.com/vnv-cli/vnv/pkg/follow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is in every secret of these tests.
const canary = "cAnArY-5e7a1b9c"

// world is the machine that a command sees: it changes nothing of the real one.
type world struct {
	t    *testing.T
	vars map[string]string
	env  Env
}

// newWorld is an empty home with an account, whose API is at base.
func newWorld(t *testing.T, base string) *world {
	t.Helper()
	w := &world{t: t, vars: map[string]string{"LANG": "C.UTF-8"}}
	w.env = Env{
		In: strings.NewReader(""), Now: time.Now, Home: t.TempDir(),
		Getenv:  func(name string) string { return w.vars[name] },
		Environ: func() []string { return nil },
		Net: follow.Net{
			Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
				if host == "localhost" {
					return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
				}
				return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			},
			Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if !strings.HasPrefix(addr, "127.") && !strings.HasPrefix(addr, "[::1]") {
					t.Errorf("a packet would have left for %s", addr)
					return nil, errors.New("no packet leaves a test")
				}
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			},
		},
	}
	if base != "" {
		w.vars["VNV_BASE_URL"] = base
		w.vars["VNV_APP_ID"] = "5f0c1a9e-0000-4000-8000-000000000001"
		w.vars["VNV_PRIVATE_KEY"] = w.key("rsa2048-pkcs8.pem")
		w.vars["VNV_REDIRECT_URI"] = "https://app.example/cb"
	}
	return w
}

// key puts one of the throw-away keys where only its owner can read it.
func (w *world) key(name string) string {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "keys", name))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.file(name, string(raw))
}

// file writes a file of mode 0600 into a folder of its own.
func (w *world) file(name, content string) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// home writes a file into the user's home.
func (w *world) home(path, content string) string {
	w.t.Helper()
	whole := filepath.Join(w.env.Home, path)
	if err := os.MkdirAll(filepath.Dir(whole), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(whole, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return whole
}

// result is how a command ended.
type result struct {
	t        *testing.T
	code     int
	out, err string
}

func (w *world) run(args ...string) result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute) // a safety net
	defer cancel()
	return w.runContext(ctx, args...)
}

func (w *world) runContext(ctx context.Context, args ...string) result {
	w.t.Helper()
	var out, story bytes.Buffer
	env := w.env
	env.Args, env.Err = args, &story
	if env.Out == nil {
		env.Out = &out
	}
	r := result{t: w.t, code: Main(ctx, env), out: out.String(), err: story.String()}
	r.invariants(args)
	return r
}

// invariants are I1 to I3 of every row: no secret in the story, no byte that a
// terminal obeys, a documented exit code, one document where JSON was asked for.
func (r result) invariants(args []string) {
	r.t.Helper()
	if strings.Contains(r.err, canary) || strings.Contains(r.err, "PRIVATE KEY---") {
		r.t.Errorf("%q: a secret is in the story: %s", args, r.err)
	}
	for _, text := range []string{r.out, r.err} {
		if i := strings.IndexFunc(text, func(c rune) bool { return c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) }); i >= 0 {
			r.t.Errorf("%q: a raw control character: %q", args, text)
		}
		if strings.Contains(text, "goroutine ") || strings.Contains(text, "%!") {
			r.t.Errorf("%q: a bug shows: %s", args, text)
		}
	}
	if !slices.ContainsFunc(exitCodes, func(e struct {
		code    int
		meaning string
	},
	) bool {
		return e.code == r.code && e.code != exitReserved
	}) {
		r.t.Errorf("%q: exit code %d is not documented", args, r.code)
	}
	if i := slices.Index(args, "json"); i > 0 && args[i-1] == "-o" && r.out != "" && !slices.Contains(args, "--jq") && !json.Valid([]byte(r.out)) {
		r.t.Errorf("%q: stdout is not one document: %s", args, r.out)
	}
}

// ends holds a result to its exit code and stdout, and to lines that must stand on
// stderr: each is a part of it.
func (r result) ends(code int, out string, parts ...string) {
	r.t.Helper()
	if r.code != code || r.out != out {
		r.t.Errorf("exit %d with %q, want %d with %q; stderr: %s", r.code, r.out, code, out, r.err)
	}
	r.tells(parts...)
}

// took is the time at the right edge of a line.
var took = regexp.MustCompile(`(?m)  +<?[0-9.]+ m?s$`)

// tells compares words: how lines are broken is the business of golden files.
func (r result) tells(parts ...string) {
	r.t.Helper()
	flat := strings.Join(strings.Fields(took.ReplaceAllString(r.err, "")), " ")
	for _, p := range parts {
		if !strings.Contains(flat, strings.Join(strings.Fields(p), " ")) {
			r.t.Errorf("%q is not on stderr: %s", p, r.err)
		}
	}
}

// failure is the error document on stdout.
func (r result) failure() (f struct {
	Error struct {
		Op, Kind, Code, Message, Hint string
		ExitCode                      int    `json:"exit_code"`
		TraceID                       string `json:"trace_id"`
		Sent                          string
		Hop                           int
	}
},
) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.out), &f); err != nil || f.Error.ExitCode != r.code {
		r.t.Errorf("no error document of exit code %d: %s, %v", r.code, r.out, err)
	}
	return f
}

// far is an API made of a raw loopback socket: it answers bytes, by path. An empty
// answer hangs up.
type far struct {
	net.Listener
	mu    sync.Mutex
	got   map[string][]*http.Request
	sent  map[string][]string // bodies
	conns sync.WaitGroup
}

const (
	enablePath = "/v0.1/network-enablement"
	tokenPath  = "/oauth2/token"
	verifyPath = "/camara/number-verification/v031/verify"
)

func newFar(t *testing.T, answers map[string]string) *far {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &far{Listener: l, got: map[string][]*http.Request{}, sent: map[string][]string{}}
	f.serve(t, func(c net.Conn, req *http.Request) {
		answer, ok := answers[req.URL.Path]
		if !ok {
			t.Errorf("nobody should ask %s", req.URL.Path)
		}
		io.WriteString(c, answer)
	})
	return f
}

// serve answers each connection with handle until the test ends.
func (f *far) serve(t *testing.T, handle func(net.Conn, *http.Request)) {
	t.Helper()
	f.conns.Go(func() {
		for {
			c, err := f.Accept()
			if err != nil {
				return
			}
			f.conns.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(time.Minute)) // a safety net
				if req, ok := f.read(c); ok {
					handle(c, req)
				}
			})
		}
	})
	t.Cleanup(func() { f.Close(); f.conns.Wait() })
}

func (f *far) read(c net.Conn) (*http.Request, bool) {
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return nil, false
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got[req.URL.Path] = append(f.got[req.URL.Path], req)
	f.sent[req.URL.Path] = append(f.sent[req.URL.Path], string(body))
	return req, true
}

func (f *far) url() string { return "http://" + f.Addr().String() }

// asked counts the requests for a path.
func (f *far) asked(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.got[path])
}

func (f *far) body(path string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.sent[path]) == 0 {
		return ""
	}
	return f.sent[path][0]
}

// says is an answer; the headers come as they are.
func answerOf(status, contentType, body string, headers ...string) string {
	lines := append([]string{"HTTP/1.1 " + status, "Content-Type: " + contentType, "Connection: close"}, headers...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

func answerJSON(status, body string, headers ...string) string {
	return answerOf(status, "application/json", body, headers...)
}
