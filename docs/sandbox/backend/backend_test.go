package backend_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"github.com/vnv-cli/vnv/docs/sandbox/backend"
	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// serve is the backend under test, with a sandbox of its own as the far side.
func serve(t *testing.T, faults ...string) (app *httptest.Server, far *sandbox.Server) {
	t.Helper()
	b := &backend.Backend{}
	app = httptest.NewServer(b)
	t.Cleanup(app.Close)
	b.RedirectURI = app.URL + "/callback"
	far = sandbox.Start(t, sandbox.Options{RedirectURIs: []string{b.RedirectURI}, Faults: faults})
	key, err := appjwt.ParseKey(far.PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	signer := &appjwt.Signer{ApplicationID: far.ApplicationID(), Key: key}
	b.Client = &vnv.Client{BaseURL: far.URL(), JWT: func(ctx context.Context) (vnv.Secret, error) {
		token, err := signer.Token(ctx)
		return vnv.Secret(token), err
	}}
	return app, far
}

// open does what the phone does: it begins, and follows the URL to the callback.
func open(t *testing.T, app *httptest.Server, phone string) (status int, body string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	device := &http.Client{Jar: jar}
	authURL := send(t, device, http.MethodPost, app.URL+"/start?phone="+url.QueryEscape(phone))
	if authURL.status != http.StatusOK {
		return authURL.status, authURL.body
	}
	end := send(t, device, http.MethodGet, authURL.body)
	return end.status, end.body
}

type answer struct {
	status int
	body   string
}

func send(t *testing.T, c *http.Client, method, to string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, to, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, string(body)}
}

func TestBackend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, phone, fault string
		status             int
		body               string
	}{
		{"the device holds the number", "+99012345678", "", 200, "verified"},
		{"it does not", "+99012345677", "", 200, "not verified"},
		{"the number is not enabled", "+99012345678", "allowlist", 502, "try another way\n"},
		{"the user says no", "+99012345678", "access-denied", 422, "try another way\n"},
		{"somebody else's state", "+99012345678", "wrong-state", 403, "unknown state\n"},
		{"the code is refused", "+99012345678", "token-invalid-grant", 502, "try again\n"},
		{"no answer but an error", "+99012345678", "verify-503", 502, "try again\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			app, _ := serve(t, slices.DeleteFunc([]string{tt.fault}, func(f string) bool { return f == "" })...)
			if status, body := open(t, app, tt.phone); status != tt.status || body != tt.body {
				t.Errorf("%d %q, want %d %q", status, body, tt.status, tt.body)
			}
		})
	}
}

// A callback that comes twice is exchanged once: the ledger says what was sent.
func TestDuplicateCallback(t *testing.T) {
	t.Parallel()
	app, far := serve(t, "duplicate-callback")
	open(t, app, "+99012345678")
	exchanges := 0
	for _, e := range far.Requests() {
		if e.Stage == sandbox.StageToken {
			exchanges++
		}
	}
	if exchanges != 1 {
		t.Errorf("the code was sent %d times", exchanges)
	}
}
