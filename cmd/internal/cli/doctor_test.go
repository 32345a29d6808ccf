package cli

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// checkRow is a check as the JSON answer has it.
type checkRow struct {
	Name, Status, Text, Next string
	Details                  map[string]string
}

// diagnosed runs the doctor and reads its answer.
func (w *world) diagnosed(args ...string) (rows []checkRow, r result) {
	w.t.Helper()
	r = w.run(append(append([]string{"doctor"}, args...), "-o", "json")...)
	var doc struct {
		OK       bool
		Failed   int
		Warnings int
		Checks   []checkRow
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil {
		w.t.Fatalf("%v: %s%s", err, r.out, r.err)
	}
	n := map[string]int{}
	for _, c := range doc.Checks {
		n[c.Status]++
		if c.Status == "failed" && c.Text == "" || c.Status == "warning" && c.Next == "" {
			w.t.Errorf("a row that says nothing: %+v", c)
		}
	}
	if doc.Failed != n["failed"] || doc.Warnings != n["warning"] || doc.OK != (n["failed"] == 0) {
		w.t.Errorf("the counts are wrong: %s", r.out)
	}
	if want := map[bool]int{true: exitOK, false: exitUsage}[doc.OK]; r.code != want {
		w.t.Errorf("exit %d with %d failed: %s", r.code, doc.Failed, r.out)
	}
	if strings.Contains(r.out, canary) || strings.Contains(r.out, "PRIVATE KEY---") {
		w.t.Errorf("a secret is in the answer: %s", r.out)
	}
	return doc.Checks, r
}

// expect holds one row to its end and to words of its text and its advice.
func expect(t *testing.T, rows []checkRow, name, status string, words ...string) checkRow {
	t.Helper()
	i := slices.IndexFunc(rows, func(c checkRow) bool { return c.Name == name })
	if i < 0 {
		t.Errorf("there is no row %s: %+v", name, rows)
		return checkRow{}
	}
	if rows[i].Status != status {
		t.Errorf("%s: %+v, want %s", name, rows[i], status)
	}
	for _, word := range words {
		if !strings.Contains(rows[i].Text+" → "+rows[i].Next, word) {
			t.Errorf("%s: %q is not in %q → %q", name, word, rows[i].Text, rows[i].Next)
		}
	}
	return rows[i]
}

// ready is a world whose settings lead to a sandbox and are right.
func ready(t *testing.T, o sandbox.Options) (*world, *sandbox.Server) {
	t.Helper()
	if o.RedirectURIs == nil {
		o.RedirectURIs = []string{"https://app.example/cb"}
	}
	far := sandbox.Start(t, o)
	w := newWorld(t, far.URL())
	w.vars["VNV_APP_ID"], w.vars["VNV_REDIRECT_URI"] = far.ApplicationID(), "https://app.example/cb"
	w.vars["VNV_PRIVATE_KEY"] = w.file("private.key", string(sandbox.TestKeyPEM()))
	w.vars["VNV_API_KEY"], w.vars["VNV_API_SECRET"] = sandbox.TestAPIKey, sandbox.TestAPISecret
	return w, far
}

func TestDoctorSandbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	w.vars["VNV_PRIVATE_KEY"], w.vars["VNV_API_KEY"] = "/nonexistent", "half"
	w.home(".config/vnv/config.yaml", "no_such_key: 1\n")
	rows, r := w.diagnosed("--sandbox")
	for _, name := range []string{"settings", "key", "clock", "jwt", "redirect", "listener", "application", "capability", "registered", "public-key", "network", "version"} {
		expect(t, rows, name, "ok")
	}
	if len(rows) != 16 {
		t.Errorf("%d rows: %+v", len(rows), rows)
	}
	r.tells("sandbox at 127.0.0.1:", "virtual operator, nothing leaves this machine")
	if r := w.run("doctor", "--sandbox", "-q"); r.code != exitOK || r.err != "" || !strings.HasSuffix(r.out, "\nnothing is wrong\n") {
		t.Errorf("exit %d: %s%s", r.code, r.out, r.err)
	}
	w.run("doctor", "--sandbox", "--jq", ".checks[0].name").ends(exitOK, "settings\n")
	if r := w.run("doctor", "--sandbox", "-o", "ndjson"); strings.Count(r.out, "\n") != 1 || !strings.HasPrefix(r.out, `{"event":"result","result":{"schema_version":1,"ok":true,`) {
		t.Errorf("ndjson: %s", r.out)
	}
	w.run("doctor", "--sandbox", "--app-id", "x").ends(exitUsage, "", "--app-id and --sandbox: the sandbox has an account of its own")
	w.run("doctor", "--sandbox", "--application-url", "x").ends(exitUsage, "", "--application-url and --sandbox")
	w.run("doctor", "--fault", "enable-401").ends(exitUsage, "", "--fault needs --sandbox")
	w.run("doctor", "now").ends(exitUsage, "", `vnv doctor takes no argument "now"`)
}

// The sandbox's faults are what the doctor is for.
func TestDoctorFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]string{"enable-401": "application", "enable-503": "try again", "enable-html": "captive portal"} {
		w := newWorld(t, "")
		rows, _ := w.diagnosed("--sandbox", "--fault", fault)
		expect(t, rows, "jwt", "failed", want)
		expect(t, rows, "public-key", "ok")
	}
}

// Without --online nothing is sent, whatever is set; not even a name is looked up.
func TestDoctorSendsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	w.vars["VNV_API_KEY"], w.vars["VNV_API_SECRET"] = "key", canary
	w.vars["VNV_LISTEN"], w.vars["HTTPS_PROXY"] = "127.0.0.1:0", "http://user:"+canary+"@proxy.example:3128"
	w.env.Net.Dial = func(_ context.Context, _, addr string) (net.Conn, error) {
		t.Errorf("a connection to %s", addr)
		return nil, errors.New("no")
	}
	w.env.Net.Lookup = nil
	rows, _ := w.diagnosed()
	for _, name := range []string{"clock", "jwt", "application", "network"} {
		expect(t, rows, name, "skipped", "not asked (--online)")
	}
	expect(t, rows, "network", "skipped", "through the proxy proxy.example:3128")
	expect(t, rows, "listener", "skipped", "127.0.0.1:", "whether https://app.example/cb leads here is not asked (--online)")
	expect(t, rows, "settings", "ok", "environment (VNV_…): app_id, private_key, redirect_uri, base_url, listen")
	key := expect(t, rows, "key", "ok", "RSA 2048, mode 0600", "sha256:")
	if len(key.Details["fingerprint"]) != len("sha256:")+64 {
		t.Errorf("details: %v", key.Details)
	}
}

func TestDoctorMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	rows, _ := w.diagnosed()
	expect(t, rows, "settings", "failed", "none found. Missing: application id (app_id), private key (private_key), redirect URI (redirect_uri)", "vnv config init", "vnv doctor --sandbox")
	expect(t, rows, "key", "skipped")
	expect(t, rows, "redirect", "skipped")
	rows, _ = w.diagnosed("--api", "verify")
	expect(t, rows, "settings", "failed", "Missing: application id (app_id), private key (private_key)")
	expect(t, rows, "redirect", "skipped", "none: the chain ends with an answer in JSON")
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "jwt", "skipped", "there is no key")
	expect(t, rows, "clock", "skipped", "there is no key")
	w.vars["VNV_APP_ID"] = "app"
	rows, _ = w.diagnosed()
	expect(t, rows, "key", "failed", "half of the credentials comes from environment (VNV_…): private key is missing there")
}

// C1: a broken config file is a failed check with file and line, and never stops the
// doctor; where to send is not known then, so nothing is sent.
func TestDoctorBrokenConfig(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"app_id: a\ncolour: " + canary + "\n":     ":2: unknown key colour",
		"app_id: a\napp_id: " + canary + "\n":     ":2: app_id stands twice",
		"app_id: a\n\tprivate_key: b\n":           ":2: not YAML",
		"a: \x00\n":                               ":1: a NUL byte",
		"timeout: " + canary + "\n":               ":1: timeout: not a time",
		"- a\n":                                   ":1: names with values belong here",
		"profiles:\n  Big: {}\n":                  ":2: a profile's name is made of",
		"profile: other\nprofiles:\n  prod: {}\n": `has no profile "other"`,
	} {
		w := newWorld(t, "https://api.example")
		path := w.home(".config/vnv/config.yaml", content)
		rows, _ := w.diagnosed("--online")
		expect(t, rows, "settings", "failed", path, want, "vnv config path")
		expect(t, rows, "key", "ok")
		expect(t, rows, "jwt", "skipped", "the host to ask is not known")
		expect(t, rows, "network", "skipped", "the host to ask is not known")
		expect(t, rows, "version", "ok")
	}
	w := newWorld(t, "https://api.example")
	w.vars["VNV_TIMEOUT"], w.vars["VNV_REDIRECT_URI"] = canary, "https://other.example/cb"
	rows, _ := w.diagnosed("--online")
	expect(t, rows, "settings", "failed", "VNV_TIMEOUT: not a time such as 30s")
	expect(t, rows, "redirect", "ok", "https://other.example/cb")
	rows, _ = w.diagnosed("--config", "/nonexistent/config.yaml")
	expect(t, rows, "settings", "failed", "/nonexistent/config.yaml: no such file or directory")
	delete(w.vars, "VNV_TIMEOUT")
	rows, _ = w.diagnosed("--api", "sms")
	expect(t, rows, "settings", "failed", "--api sms: not one of")
}

func TestDoctorSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.home(".config/vnv/config.yaml", "app_id: app\nprivate_key: private.key\nredirect_uri: https://app.example/cb\n")
	raw, err := os.ReadFile(w.key("rsa2048-pkcs8.pem"))
	if err != nil {
		t.Fatal(err)
	}
	w.home(".config/vnv/private.key", string(raw))
	w.vars["VNV_SCOPE"] = "dpv:x"
	rows, _ := w.diagnosed("--redirect-uri", "https://flag.example/cb")
	expect(t, rows, "settings", "ok", "~/.config/vnv/config.yaml (default): app_id, private_key; flags: redirect_uri; ", "environment (VNV_…): scope")
	expect(t, rows, "key", "ok", "mode 0600 ~/.config/vnv/private.key")
	expect(t, rows, "redirect", "ok", "https://flag.example/cb")
}

// J1 to J5: a key that cannot serve says what it is.
func TestDoctorKeys(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ec-p256-pkcs8.pem": "this is an elliptic curve key", "ed25519-openssh": "this is an OpenSSH key",
		"rsa1024-pkcs8.pem": "this RSA key has 1024 bits", "rsa2048-public.pem": "this is a public key, not a private one",
		"rsa2048-certificate.pem": "this is a certificate", "rsa2048-encrypted-pkcs8.pem": "openssl pkey", "rsa2048.p12": "this is binary",
	} {
		w := newWorld(t, "http://127.0.0.1:1")
		w.vars["VNV_PRIVATE_KEY"] = w.key(name)
		rows, _ := w.diagnosed("--online")
		expect(t, rows, "key", "failed", want)
		expect(t, rows, "jwt", "skipped", "there is no key")
	}
	w := newWorld(t, "http://127.0.0.1:1")
	if err := os.Chmod(w.vars["VNV_PRIVATE_KEY"], 0o644); err != nil {
		t.Fatal(err)
	}
	rows, r := w.diagnosed()
	expect(t, rows, "key", "warning", "mode 0644", "can be read by other users of this machine: chmod 600 ")
	if r.code != exitOK {
		t.Errorf("a warning changes the exit code to %d", r.code)
	}
	w.vars["VNV_PRIVATE_KEY"] = "/nonexistent"
	rows, _ = w.diagnosed()
	expect(t, rows, "key", "failed", "/nonexistent: no such file or directory")
	w.vars["VNV_PRIVATE_KEY"] = string(testKey())
	w.vars["VNV_BASE_URL"] = "https://api.example"
	rows, _ = w.diagnosed("--online")
	expect(t, rows, "key", "failed", "this is the sandbox's published key")
	expect(t, rows, "jwt", "skipped")
}

// J8, G9: the size of the skew is named; what a JWT of that time meets is another row.
func TestDoctorClock(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration][2]string{
		0: {"ok", "agrees"}, 12 * time.Second: {"warning", " ahead of the server's"}, -12 * time.Second: {"warning", " behind the server's"},
		10 * time.Minute: {"failed", " ahead of the server's"}, -24 * time.Hour: {"failed", " behind the server's"},
	} {
		w := newWorld(t, "")
		w.env.Now = func() time.Time { return time.Now().Add(ahead) }
		rows, _ := w.diagnosed("--sandbox")
		expect(t, rows, "clock", want[0], want[1])
		if jwt := map[bool]string{true: "ok", false: "failed"}; ahead >= 0 {
			expect(t, rows, "jwt", jwt[ahead < time.Minute])
		}
	}
	w := newWorld(t, "https://api.example")
	w.env.Now = func() time.Time { return time.Unix(0, 0) }
	rows, _ := w.diagnosed()
	expect(t, rows, "clock", "failed", "it says 1970-01-01")
}

func TestDoctorMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	w.vars["DISPLAY"] = ":0"
	w.env.ErrTTY = true
	size := [2]int{80, 24}
	w.env.Size = func() (int, int) { return size[0], size[1] }
	programs := map[string]string{}
	w.env.LookPath = func(name string) (string, error) {
		if path := programs[name]; path != "" {
			return path, nil
		}
		return "", errors.New("not found")
	}
	w.env.Interfaces = func() ([]follow.Interface, error) { return nil, nil }
	rows, r := w.diagnosed()
	expect(t, rows, "terminal", "warning", "80 columns, 24 rows: too small", "65 columns and 44 rows")
	expect(t, rows, "adb", "skipped", "not found")
	expect(t, rows, "interfaces", "ok", "none looks cellular")
	if r.code != exitOK {
		t.Errorf("exit %d", r.code)
	}
	size = [2]int{120, 50}
	for _, names := range openers {
		programs[names[0]] = "/usr/bin/opener"
	}
	programs["adb"] = "/opt/\x1bsdk/adb"
	w.env.Interfaces = func() ([]follow.Interface, error) {
		return []follow.Interface{
			{Name: "usb0", Up: true, Cellular: true, Why: "a phone or modem on USB"},
			{Name: "wwan0", Cellular: true},
			{Name: "wlan0", Up: true, Cellular: true, Hotspot: true, Why: "the network of an iPhone's hotspot"},
		}, nil
	}
	rows, _ = w.diagnosed()
	expect(t, rows, "terminal", "ok", "120 columns, 50 rows")
	expect(t, rows, "browser", "ok", "/usr/bin/opener")
	expect(t, rows, "adb", "ok", `/opt/\x1bsdk/adb`)
	expect(t, rows, "interfaces", "ok", "usb0 (a phone or modem on USB); wlan0 (the network of an iPhone's hotspot), which some carriers treat otherwise")
	w.vars["LANG"], w.vars["SSH_CONNECTION"] = "C", "x"
	rows, _ = w.diagnosed()
	expect(t, rows, "terminal", "warning", "not UTF-8")
	expect(t, rows, "browser", "skipped", "this is a remote shell")
}

// A signal ends the doctor as it ends every command.
func TestDoctorCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://api.example")
	ctx, cancel := context.WithCancelCause(t.Context())
	w.env.Net.Dial = func(context.Context, string, string) (net.Conn, error) {
		cancel(InterruptError{syscall.SIGINT})
		return nil, errors.New("too late")
	}
	w.leadNowhere()
	w.runContext(ctx, "doctor", "--online").ends(exitInterrupt, "", "cut off by SIGINT")
}
