package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// --sandbox needs no settings, and none of a real account's come near it.
func TestSandboxIgnoresTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	w.vars["VNV_PRIVATE_KEY"], w.vars["HTTPS_PROXY"] = "/nonexistent", "http://proxy.example:1"
	w.home(".config/vnv/config.yaml", "no_such_key: 1\n")
	w.run("run", "--phone", "+99012345678", "--sandbox").ends(exitOK, "verified\n",
		"sandbox at 127.0.0.1:", "virtual operator, nothing leaves this machine", "✓ jwt", "✓ enable", "✓ authorize 5 redirects", "✓ exchange", "✓ verify the device holds the number")
	w.run("run", "--phone", "+99012345677", "--sandbox").ends(exitNo, "not verified\n", "the device does not hold the number")
	w.run("run", "--phone", "+99011111199", "--sandbox").ends(exitVerify, "", "✗ verify answered 403")
	if r := w.run("run", "--phone", "+99012345678", "--sandbox", "-q"); r.out != "verified\n" || r.err != "" {
		t.Errorf("-q: %s%s", r.out, r.err)
	}
}

func TestSandboxRefusesAccountFlags(t *testing.T) {
	t.Parallel()
	for _, key := range accountKeys {
		w := newWorld(t, "")
		w.run("run", "--phone", "+99012345678", "--sandbox", "--"+dashed(key), "x").
			ends(exitUsage, "", "--"+dashed(key)+" and --sandbox: the sandbox has an account of its own")
	}
	w := newWorld(t, "")
	for _, args := range []string{"jwt --sandbox --app-id x", "jwt --sandbox --profile x", "enable --sandbox --config x --phone +99012345678"} {
		w.run(strings.Fields(args)...).ends(exitUsage, "", "and --sandbox: the sandbox has an account of its own")
	}
	for args, want := range map[string]string{
		"authorize --sandbox --auth-url x --state s":     "--auth-url and --sandbox: the sandbox plays the earlier steps itself",
		"exchange --sandbox --code -":                    "--code and --sandbox",
		"verify --sandbox --access-token -":              "--access-token and --sandbox",
		"authorize - --sandbox":                          "- and --sandbox: the sandbox of this command knows no session of another; start one with vnv sandbox",
		"run --sandbox --phone +99012345678 --fault wfi": "--fault wfi: there is no such fault; did you mean wifi?",
	} {
		w.run(strings.Fields(args)...).ends(exitUsage, "", want)
	}
}

// A single step in the sandbox: the earlier ones run first, and it says so.
func TestSandboxSteps(t *testing.T) {
	t.Parallel()
	for step, before := range map[string]string{"authorize": "jwt, enable", "exchange": "jwt, enable, authorize", "verify": "jwt, enable, authorize, exchange"} {
		w := newWorld(t, "")
		r := w.run(step, "--sandbox")
		if r.code != exitOK || strings.Count(r.out, "\n") != 1 || len(r.out) < 8 {
			t.Errorf("%s: exit %d, %q", step, r.code, r.out)
		}
		r.tells(before + " run first")
	}
	r := newWorld(t, "").run("jwt", "--sandbox")
	if r.code != exitOK || strings.Count(r.out, ".") != 2 {
		t.Errorf("jwt: exit %d, %q", r.code, r.out)
	}
}

// NDJSON ends with one result or error; what blocks is announced first.
func TestNDJSON(t *testing.T) {
	t.Parallel()
	for number, last := range map[string]string{"+99012345678": "result", "+99011111199": "error"} {
		r := newWorld(t, "").run("run", "--phone", number, "--sandbox", "-o", "ndjson")
		var events []string
		for line := range strings.Lines(r.out) {
			var e struct{ Event string }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			events = append(events, e.Event)
		}
		if events[0] != "listening" || events[len(events)-1] != last || slices.Contains(events[:len(events)-1], "result") || slices.Contains(events[:len(events)-1], "error") {
			t.Errorf("%s: %q", number, events)
		}
	}
}

// The outcome of a run holds no secret, unless --reveal.
func TestOutcome(t *testing.T) {
	t.Parallel()
	r := newWorld(t, "").run("run", "--phone", "+99012345678", "--sandbox", "-o", "json", "--trace", "-v")
	if r.code != exitOK || strings.Contains(r.out+r.err, "12345678") {
		t.Errorf("exit %d: %s", r.code, r.out)
	}
	r = newWorld(t, "").run("run", "--phone", "+99012345678", "--sandbox", "--reveal", "--jq", ".phone, .verified, (.steps|length), ([.hops[]|.step]|unique|length)")
	r.ends(exitOK, "+99012345678\ntrue\n5\n4\n")
}

// server is vnv sandbox under way.
type server struct {
	ready struct {
		BaseURL       string `json:"base_url"`
		ApplicationID string `json:"application_id"`
		PrivateKey    string `json:"private_key"`
		RedirectURI   string `json:"redirect_uri"`
	}
	stop func() (code int, log string)
}

// answers is a writer that tells when the first answer came.
type answers struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	first chan struct{}
	once  sync.Once
}

func (a *answers) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.once.Do(func() { close(a.first) })
	return a.buf.Write(b)
}

func (a *answers) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.buf.String()
}

func serve(t *testing.T, args ...string) *server {
	t.Helper()
	return serveIn(t, func(*Env) {}, args...)
}

// serveIn is serve in a world that is changed.
func serveIn(t *testing.T, change func(*Env), args ...string) *server {
	t.Helper()
	w := newWorld(t, "")
	out, log := &answers{first: make(chan struct{})}, &answers{first: make(chan struct{})}
	env := w.env
	env.Args, env.Out, env.Err = append([]string{"sandbox", "-o", "json"}, args...), out, log
	change(&env)
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- Main(ctx, env) }()
	s := &server{}
	select {
	case <-out.first:
	case code := <-ended:
		t.Fatalf("the sandbox ended with %d: %s", code, log)
	case <-time.After(time.Minute): // a safety net
		t.Fatal("the sandbox is not ready")
	}
	if err := json.Unmarshal([]byte(out.String()), &s.ready); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	var once sync.Once
	var code int
	s.stop = func() (int, string) {
		once.Do(func() { cancel(InterruptError{syscall.SIGTERM}); code = <-ended })
		return code, log.String()
	}
	t.Cleanup(func() { s.stop() })
	return s
}

// The pipe of four steps, and the same with --session, against one vnv sandbox.
func TestPipeAndSession(t *testing.T) {
	t.Parallel()
	s := serve(t)
	w := newWorld(t, s.ready.BaseURL)
	w.vars["VNV_APP_ID"], w.vars["VNV_PRIVATE_KEY"], w.vars["VNV_REDIRECT_URI"] = s.ready.ApplicationID, s.ready.PrivateKey, s.ready.RedirectURI
	doc := w.run("enable", "--phone", "+99012345678", "-o", "json")
	for _, step := range []string{"authorize", "exchange", "verify"} {
		if doc.code != exitOK {
			t.Fatalf("before %s: exit %d, %s", step, doc.code, doc.err)
		}
		w.env.In = strings.NewReader(doc.out)
		args := []string{step, "-"}
		if step != "verify" {
			args = append(args, "-o", "json")
		}
		doc = w.run(args...)
	}
	doc.ends(exitOK, "verified\n")

	session := w.file("flow.json", "")
	for _, step := range []string{"enable --phone +99012345677", "authorize", "exchange"} {
		if r := w.run(append(strings.Fields(step), "--session", session)...); r.code != exitOK {
			t.Fatalf("%s: exit %d, %s", step, r.code, r.err)
		}
	}
	w.run("verify", "--session", session).ends(exitNo, "not verified\n")
	code, log := s.stop()
	if code != exitOK || strings.Contains(log, "12345678") || !strings.Contains(log, "/oauth2/token") {
		t.Errorf("the sandbox ended with %d: %s", code, log)
	}
	if _, err := os.Stat(s.ready.PrivateKey); !os.IsNotExist(err) {
		t.Errorf("the key is left: %v", err)
	}
}

func TestSandboxServerFlags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("rsa2048-pkcs8.pem")
	for args, want := range map[string]string{
		"--listen 0.0.0.0:0":                         "is not loopback: others could reach the sandbox; --listen-public if they should",
		"--listen nonsense":                          `listen address "nonsense": want host:port`,
		"--fault wfi":                                "--fault wfi: there is no such fault; did you mean wifi?",
		"--fault wifi:0":                             "want NAME:times with times from 1",
		"--error-at nowhere":                         `--error-at "nowhere" is none of`,
		"--error-status 200":                         "error status 200: want 400 to 599",
		"--redirect-uri app://x":                     "redirect URI: want an absolute http or https URL",
		"--public-url https://a.example/path":        "public URL: want an origin",
		"--private-key " + key + " --public-key x":   "--private-key and --public-key: use one",
		"--public-key " + key:                        "--public-key: not a public key in PKIX form (BEGIN PUBLIC KEY)",
		"--public-key " + w.key("ec-p256-pkcs8.pem"): "--public-key: ",
		"--code-ttl x":                               `invalid argument "x" for "--code-ttl" flag`,
		"extra":                                      "vnv sandbox takes no argument",
	} {
		w.run(append([]string{"sandbox"}, strings.Fields(args)...)...).ends(exitUsage, "", want)
	}
	s := serve(t, "--private-key", key, "--app-id", "mine")
	if s.ready.PrivateKey != key || s.ready.ApplicationID != "mine" {
		t.Errorf("ready with %+v", s.ready)
	}
	w = newWorld(t, s.ready.BaseURL)
	w.run("run", "--phone", "+99012345678", "--app-id", "mine", "--private-key", key, "--redirect-uri", s.ready.RedirectURI).ends(exitOK, "verified\n")
	w.run("run", "--phone", "+99012345678").ends(exitCredentials, "", "✗ enable answered 401")
}

func TestSandboxFaults(t *testing.T) {
	t.Parallel()
	r := newWorld(t, "").run("sandbox", "faults", "--jq", ".faults[].name")
	var names []string
	for _, f := range sandbox.Faults() {
		names = append(names, f.Name)
	}
	r.ends(exitOK, strings.Join(names, "\n")+"\n")
}
