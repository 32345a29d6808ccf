package sandbox_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

func basic(key, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"+secret))
}

var owner = basic(sandbox.TestAPIKey, sandbox.TestAPISecret)

func TestApplication(t *testing.T) {
	t.Parallel()
	const at = "/v2/applications/"
	for _, tt := range []struct {
		name, method, path, auth string
		status                   int
		holds                    string
	}{
		{"good", "GET", at + sandbox.TestApplicationID, owner, 200, `"redirect_uri":"` + callback + `"`},
		{"scheme in other case", "GET", at + sandbox.TestApplicationID, strings.Replace(owner, "Basic", "basic", 1), 200, `"id":"` + sandbox.TestApplicationID},
		{"no credentials", "GET", at + sandbox.TestApplicationID, "", 401, `"detail":"Invalid credentials supplied"`},
		{"other secret", "GET", at + sandbox.TestApplicationID, basic(sandbox.TestAPIKey, "x"), 401, "api-errors#unauthorized"},
		{"other key", "GET", at + sandbox.TestApplicationID, basic("x", sandbox.TestAPISecret), 401, "api-errors#unauthorized"},
		{"bearer", "GET", at + sandbox.TestApplicationID, "Bearer x", 401, "api-errors#unauthorized"},
		{"other id", "GET", at + "other", owner, 404, `"detail":"ID 'other' does not exist, or you do not have access"`},
		{"long id", "GET", at + strings.Repeat("a", 5000), owner, 404, "ID '" + strings.Repeat("a", 64) + "' does"},
		{"id of no id's form", "GET", at + "%22%0a", owner, 404, `ID '\"\n' does`},
		{"no id", "GET", at, owner, 404, `"message":"Page Not Found"`},
		{"the list", "GET", "/v2/applications", owner, 404, `"message":"Page Not Found"`},
		{"below an id", "GET", at + sandbox.TestApplicationID + "/keys", owner, 404, `"message":"Page Not Found"`},
		{"changing it", "PUT", at + sandbox.TestApplicationID, owner, 405, "api-errors#wrong-verb"},
		{"deleting it", "DELETE", at + sandbox.TestApplicationID, owner, 405, "api-errors#wrong-verb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := start(t, sandbox.Options{})
			r := c.send(tt.method, c.s.URL()+tt.path, "", "Authorization", tt.auth)
			if r.status != tt.status || !strings.Contains(r.body, tt.holds) || !json.Valid([]byte(r.body)) {
				t.Errorf("got %d %s, want %d %s", r.status, r.body, tt.status, tt.holds)
			}
			if got := r.header.Get("WWW-Authenticate"); (got != "") != (tt.status == 401) {
				t.Errorf("WWW-Authenticate: %q", got)
			}
			entries := c.s.Requests()
			if e := entries[len(entries)-1]; e.Status != tt.status || tt.status != 404 && e.Stage != sandbox.StageApplication {
				t.Errorf("ledger: %+v", e)
			}
		})
	}
}

// What the application says of itself is what the flow goes by.
func TestApplicationFollowsTheDashboard(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, sandbox.Options{PublicKey: &key.PublicKey, ApplicationID: "mine"})
	if err := c.s.Register("https://later.example/cb"); err != nil {
		t.Fatal(err)
	}
	r := c.send("GET", c.s.URL()+"/v2/applications/mine", "", "Authorization", owner)
	var got struct {
		Keys struct {
			PublicKey string `json:"public_key"`
		}
		Capabilities struct {
			Network struct {
				ID          string `json:"network_application_id"`
				RedirectURI string `json:"redirect_uri"`
			} `json:"network_apis"`
		}
	}
	if err := json.Unmarshal([]byte(r.body), &got); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(got.Keys.PublicKey))
	want, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil || block == nil || block.Type != "PUBLIC KEY" || !bytes.Equal(block.Bytes, want) {
		t.Errorf("public key %s, %v", got.Keys.PublicKey, err)
	}
	if got.Capabilities.Network.RedirectURI != "https://later.example/cb" || got.Capabilities.Network.ID == "" {
		t.Errorf("capabilities: %s", r.body)
	}
}
