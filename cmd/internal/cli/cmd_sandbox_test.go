package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// Webhooks arrive, signed with the secret that the answer names, and are logged.
func TestSandboxWebhook(t *testing.T) {
	t.Parallel()
	got := make(chan string, 16)
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("Authorization") }))
	t.Cleanup(listener.Close)
	s := serve(t, "--webhook", listener.URL+"/hook?key=secret")
	w := newWorld(t, s.ready.BaseURL)
	w.vars["VNV_APP_ID"], w.vars["VNV_PRIVATE_KEY"], w.vars["VNV_API"] = s.ready.ApplicationID, s.ready.PrivateKey, "verify"
	w.run("run", "--phone", "+99012345678").ends(exitOK, "verified\n")
	select {
	case authorization := <-got:
		_, err := jwt.Parse(strings.TrimPrefix(authorization, "Bearer "), func(*jwt.Token) (any, error) {
			return []byte(sandbox.TestSignatureSecret), nil
		})
		if err != nil {
			t.Errorf("%q: %v", authorization, err)
		}
	case <-time.After(time.Minute): // a safety net
		t.Fatal("no webhook came")
	}
	_, log := s.stop()
	if !strings.Contains(log, "200  webhook    POST "+listener.URL+"/hook") || strings.Contains(log, "key=secret") {
		t.Error(log)
	}
}

// What a sandbox prints of a key of one's own leads to it: to a file or a variable, and nowhere where it came on stdin.
func TestSandboxKeyOfOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	path := w.key("rsa2048-pkcs8.pem")
	pem := w.read(path)
	for spec, want := range map[string]string{path: path, "env:MY_KEY": "env:MY_KEY", "-": ""} {
		s := serveIn(t, func(env *Env) {
			env.In = strings.NewReader(pem)
			env.Getenv = func(name string) string { return map[string]string{"MY_KEY": pem}[name] }
		}, "--private-key", spec)
		if s.ready.PrivateKey != want {
			t.Errorf("%s: %s", spec, s.ready.PrivateKey)
		}
		v := newWorld(t, s.ready.BaseURL)
		v.vars["VNV_APP_ID"], v.vars["VNV_PRIVATE_KEY"], v.vars["MY_KEY"], v.vars["VNV_REDIRECT_URI"] = s.ready.ApplicationID, first(want, path), pem, s.ready.RedirectURI
		v.run("run", "--phone", "+99012345678").ends(exitOK, "verified\n")
	}
	w.run("sandbox", "--error-at", "foo").ends(exitUsage, "", `--error-at "foo" is none of enable, authorize, carrier, callback, token, verify`)
	w.run("sandbox", "--silent-error-at", "foo").ends(exitUsage, "", `--silent-error-at "foo" is none of handover, check`)
}

// The ready file is never written through a link. What a sandbox left is replaced, and
// nothing else.
func TestReadyFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	target := w.file("target", "keep")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(target, link); err != nil {
		t.Skip("no links here:", err)
	}
	w.run("sandbox", "--ready-file", link).ends(exitUsage, "", "is there already, and is not a plain file")
	w.run("sandbox", "--ready-file", filepath.Join(link, "x")).ends(exitUsage, "", "")
	if raw, err := os.ReadFile(target); err != nil || string(raw) != "keep" {
		t.Errorf("%q %v", raw, err)
	}
	w.run("sandbox", "--ready-file", target).ends(exitUsage, "", "a file that no sandbox left is there")
	if raw, err := os.ReadFile(target); err != nil || string(raw) != "keep" {
		t.Errorf("%q %v", raw, err)
	}
	for _, left := range []string{"", readyLine + " In another shell:\n", `{"base_url":"http://127.0.0.1:1","api_secret":"s"}`} {
		target := w.file("target", left)
		s := serve(t, "--ready-file", target)
		if code, log := s.stop(); code != exitOK {
			t.Errorf("%d: %s", code, log)
		}
		if _, err := os.Lstat(target); !os.IsNotExist(err) {
			t.Errorf("the ready file is left: %v", err)
		}
	}
}

// 0 stands for no seed in the options, and nobody who writes it expects another start to differ.
func TestSandboxSeedZero(t *testing.T) {
	t.Parallel()
	newWorld(t, "").run("sandbox", "--seed", "0").ends(exitUsage, "", "--seed 0: want more than 0")
}
