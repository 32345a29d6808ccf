//go:build unix

package cli

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// J1, J13: a key that cannot be read is exit 2, with its path.
func TestKeyUnreadable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:1")
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "private key: " + filepath.Join(dir, "none") + ": no such file or directory",
		dir:                        "private key: " + dir + " is a directory",
		w.file("empty", ""):        "empty is empty",
		w.file("blank", " \n"):     "blank is empty",
		w.file("big", strings.Repeat("x", maxInput+1)): "big is longer than 1 MiB",
	} {
		w.run("jwt", "--app-id", "app", "--private-key", path).ends(exitUsage, "", want)
	}
	w.run("jwt", "--app-id", "app", "--private-key", "-").ends(exitUsage, "", "private key: stdin is empty")
	w.run("jwt", "--app-id", "app", "--private-key", "env:NO_SUCH").ends(exitUsage, "", "private key: the variable NO_SUCH is empty or not set")
}

// J1: a pipe that nobody writes into; its time is the context's here, 5 s at most.
func TestKeyPipe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	pipe := func() string {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := pipe()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	w.runContext(ctx, "jwt", "--app-id", "app", "--private-key", path).
		ends(exitUsage, "", path+" is a pipe that nobody wrote into")

	raw, err := os.ReadFile(w.key("rsa2048-pkcs8.pem"))
	if err != nil {
		t.Fatal(err)
	}
	path = pipe()
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(path, raw, 0o600) }()
	r := w.run("jwt", "--app-id", "app", "--private-key", path)
	if err := <-written; err != nil || r.code != exitOK || strings.Count(r.out, ".") != 2 {
		t.Errorf("exit %d: %s%s, %v", r.code, r.out, r.err, err)
	}
}

// A signal ends the reading of stdin and of a pipe alike.
func TestReadingCutOff(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"jwt", "--app-id", "app", "--private-key", "-"},
		{"jwt", "--app-id", "app", "--private-key", path},
		{"authorize", "-"},
		{"jwt", "decode"},
	} {
		w := newWorld(t, "http://127.0.0.1:1")
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		w.env.In = read
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(10*time.Millisecond, func() { cancel(InterruptError{syscall.SIGINT}) })
		w.runContext(ctx, args...).ends(exitInterrupt, "", "cut off by SIGINT")
		write.Close()
		read.Close()
	}
}

// J2: a key that others can read is a warning, once.
func TestKeyMode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	path := w.key("rsa2048-pkcs8.pem")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	r := w.run("jwt", "--app-id", "app", "--private-key", path)
	if r.code != exitOK || strings.Count(r.err, "can be read by other users") != 1 {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	r.tells("! " + path + " can be read by other users of this machine: chmod 600 " + path)
	if r := w.run("jwt", "-q", "--app-id", "app", "--private-key", path); r.err != "" || r.code != exitOK {
		t.Errorf("-q tells %s", r.err)
	}
}

// J3: the ways in which a good key arrives.
func TestKeyForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	raw, err := os.ReadFile(w.key("rsa2048-pkcs8.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pem := string(raw)
	for name, text := range map[string]string{
		"as it is": pem, "BOM": "\ufeff" + pem, "CRLF": strings.ReplaceAll(pem, "\n", "\r\n"),
		"literal newlines": strings.ReplaceAll(pem, "\n", `\n`), "text before": "Bag Attributes\n" + pem,
		"base64": base64.StdEncoding.EncodeToString(raw), "no last newline": strings.TrimSpace(pem),
	} {
		for source, spec := range map[string]func() result{
			"file":     func() result { return w.run("jwt", "--app-id", "app", "--private-key", w.file("key", text)) },
			"variable": func() result { return variable(w, text).run("jwt", "--app-id", "app", "--private-key", "env:KEY") },
		} {
			if r := spec(); r.code != exitOK || strings.Count(r.out, ".") != 2 || r.err != "" {
				t.Errorf("%s in a %s: exit %d, %s", name, source, r.code, r.err)
			}
		}
	}
	w.run("jwt", "--app-id", "app", "--private-key", w.file("two", pem+pem)).
		ends(exitUsage, "", "from flags: it holds 2 private keys, and which one is meant cannot be known")
}

func variable(w *world, text string) *world {
	w.vars["KEY"] = text
	return w
}

// J4, J5: every wrong key says what it is, and how to come to the right one.
func TestWrongKeys(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"dsa2048.pem":                  "this is a DSA key, and RS256 needs an RSA key; make an RSA key",
		"ec-p256-pkcs8.pem":            "this is an elliptic curve key, and RS256 needs an RSA key; make an RSA key",
		"ec-p256-sec1.pem":             "this is an elliptic curve key",
		"ed25519-openssh":              "this is an OpenSSH key of another kind than RSA",
		"ed25519-pkcs8.pem":            "this is an Ed25519 or Ed448 key",
		"rsa1024-pkcs8.pem":            "this RSA key has 1024 bits, and 2048 to 16384 are needed; make an RSA key",
		"rsa2048-certificate.pem":      "this is a certificate, not a private key; use the private.key file",
		"rsa2048-encrypted-legacy.pem": "this key is encrypted (the old PEM way); write it out without its passphrase: openssl pkey",
		"rsa2048-encrypted-pkcs8.pem":  "this key is encrypted (PKCS#8); write it out without its passphrase",
		"rsa2048-openssh":              "this RSA key is in OpenSSH's own format; convert a copy of it: cp id_rsa private.key && ssh-keygen",
		"rsa2048-openssh-encrypted":    "this RSA key is in OpenSSH's own format, and encrypted",
		"rsa2048-openssh.pub":          "this is an SSH public key, not a private one",
		"rsa2048-pss.pem":              "this is an RSA key that is bound to PSS signatures",
		"rsa2048-public-pkcs1.pem":     "this is a public key, not a private one",
		"rsa2048-public.pem":           "this is a public key, not a private one; the public one stays in the dashboard",
		"rsa2048-request.pem":          "this is a certificate request, not a private key",
		"rsa2048.der":                  "this is binary (DER or PKCS#12), not PEM; convert it: openssl pkey -inform DER",
		"rsa2048.p12":                  "this is binary (DER or PKCS#12), not PEM",
		"x25519-pkcs8.pem":             "this is an X25519 or X448 key",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "")
			path := w.key(name)
			r := w.run("jwt", "--app-id", "app", "--private-key", path)
			r.ends(exitUsage, "", "vnv: private key "+path+", from flags: "+want)
			if strings.Contains(r.err, "asn1") || strings.Contains(r.err, "usage") {
				t.Errorf("unreadable: %s", r.err)
			}
		})
	}
}

// A key, a code or a token that stands where the name of a file belongs is refused
// and not repeated.
func TestSecretsAsArguments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:1")
	raw, err := os.ReadFile(w.vars["VNV_PRIVATE_KEY"])
	if err != nil {
		t.Fatal(err)
	}
	long := base64.StdEncoding.EncodeToString(raw)
	w.run("jwt", "--app-id", "app", "--private-key", string(raw)).ends(exitUsage, "", "--private-key takes a file, - or env:NAME, not the key itself")
	r := w.run("jwt", "--app-id", "app", "--private-key", long)
	r.ends(exitUsage, "", "characters, which names no file")
	if strings.Contains(r.err, long[:20]) {
		t.Errorf("the key is repeated: %s", r.err)
	}
	w.run("exchange", "--code", canary).ends(exitUsage, "", "code: there is no file of this name")
	w.run("exchange", "--callback-url", "https://app.example/cb?code="+canary, "--state", "s").ends(exitUsage, "", "callback URL: there is no file of this name")
	w.run("verify", "--access-token", canary, "--phone", "+99012345678").ends(exitUsage, "", "access token: there is no file of this name")
}

// J9: a lifetime that the vendor would refuse is refused here.
func TestJWTLifetime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:1")
	for _, ttl := range []string{"0", "-1s", "29s", "25h"} {
		w.run("jwt", "--ttl", ttl).ends(exitUsage, "", "is outside 30s to 24h")
	}
	w.run("jwt", "--ttl", "canary").ends(exitUsage, "", `invalid argument "canary" for "--ttl" flag`)
	for _, ttl := range []string{"30s", "24h"} {
		if r := w.run("jwt", "--ttl", ttl); r.code != exitOK {
			t.Errorf("--ttl %s: %s", ttl, r.err)
		}
	}
}

// J11: reserved claims are refused, an acl is warned of.
func TestJWTClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:1")
	for claim, instead := range map[string]string{
		"exp=1": "--ttl", "iat=1": "by the clock", "jti=x": "anew for every token", "application_id=x": "--app-id", "NBF=1": "--not-before",
	} {
		w.run("jwt", "--claim", claim).ends(exitUsage, "", instead)
	}
	w.run("jwt", "--claim", "novalue").ends(exitUsage, "", "--claim: not NAME=VALUE")
	r := w.run("jwt", "--claim", "acl=x")
	if r.code != exitOK {
		t.Errorf("exit %d", r.code)
	}
	r.tells("! acl:")
}

// J12, J13: whatever is decoded, it ends well and says that nothing was verified.
func TestJWTDecode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:1")
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for name, c := range map[string]struct {
		token string
		code  int
		part  string
	}{
		"alg none":       {part(`{"alg":"none"}`) + "." + part(`{"application_id":"a"}`) + ".", exitOK, "alg"},
		"duplicate keys": {part(`{"alg":"RS256","alg":"none"}`) + "." + part(`{"exp":1,"exp":2}`) + ".x", exitOK, "exp"},
		"five parts":     {"a.b.c.d.e", exitUsage, "decode JWT: "},
		"no JSON":        {"YQ.YQ.YQ", exitUsage, "decode JWT: "},
		"10 MB":          {strings.Repeat("a", 10<<20), exitUsage, "token: stdin is longer than 1 MiB"},
		"empty":          {"", exitUsage, "token: stdin is empty"},
		"escapes":        {part(`{"alg":"RS256","x":"\u001b[2J\u202e"}`) + "." + part("{}") + ".x", exitOK, ""},
	} {
		w.env.In = strings.NewReader(c.token)
		r := w.run("jwt", "decode", "-")
		if r.code != c.code || !strings.Contains(r.out+r.err, c.part) || c.code == exitOK && !strings.Contains(r.out, "not verified") {
			t.Errorf("%s: exit %d, %s%s", name, r.code, r.out, r.err)
		}
	}
	token := w.run("jwt").out
	w.env.In = strings.NewReader(token)
	r := w.run("jwt", "decode", "-", "-o", "json", "--jq", ".signature, .claims.application_id")
	r.ends(exitOK, "not verified\n5f0c1a9e-0000-4000-8000-000000000001\n")
	w.run("jwt", "decode", strings.TrimSpace(token)).tells("other users of this machine can read")
	w.env.InTTY = true
	w.run("jwt", "decode").ends(exitUsage, "", "no token: pipe it in, or name a file or env:NAME")
}

// The source of a wrong key is named: which of them it came from, and not its text.
func TestWrongKeySource(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	path := w.key("rsa2048-public.pem")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w.vars["VNV_APP_ID"], w.vars["VNV_PRIVATE_KEY"] = "app", path
	w.run("jwt").ends(exitUsage, "", "private key "+path+", from environment (VNV_…): this is a public key")
	w.vars["VNV_PRIVATE_KEY"] = string(raw)
	w.run("jwt").ends(exitUsage, "", "the private key, from environment (VNV_…): this is a public key")
	w.vars = map[string]string{"VONAGE_APPLICATION_ID": "app", "VONAGE_PRIVATE_KEY_PATH": path}
	w.run("jwt").ends(exitUsage, "", "private key "+path+", from environment (VONAGE_…): this is a public key")
	w.vars = nil
	w.home(".config/vnv/config.yaml", "app_id: app\nprivate_key: "+path+"\n")
	w.run("jwt").ends(exitUsage, "", "private key "+path+", from "+filepath.Join(w.env.Home, ".config", "vnv", "config.yaml"))
}
