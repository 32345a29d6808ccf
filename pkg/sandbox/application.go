package sandbox

import (
	"crypto/subtle"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
)

// StageApplication is the Application API, by which the owner of an application reads what the dashboard
// holds of it. It is no stage of a flow.
const StageApplication Stage = "application"

// TestAPIKey and TestAPISecret are the account of the sandbox at the Application API. Like the test key they
// are published, and so good for nothing else.
const (
	TestAPIKey    = "5a9db0c5"
	TestAPISecret = "published-by-the-vnv-sandbox"
)

const (
	applicationsPath = "/v2/applications/"
	applicationPath  = applicationsPath + "{id}"

	applicationName      = "vnv sandbox"
	networkApplicationID = "5a9db0c5-0000-4000-8000-000000000002"
)

var basicChallenge = []string{`Basic realm="sandbox"`}

// application is the 200 of GET /v2/applications/{id}, as far as the sandbox has such things.
type application struct {
	ID           string       `json:"id"`
	Name         string       `json:"name"`
	Keys         keys         `json:"keys"`
	Capabilities capabilities `json:"capabilities"`
}

type keys struct {
	PublicKey string `json:"public_key"`
}

type capabilities struct {
	NetworkAPIs *networkAPIs `json:"network_apis,omitempty"`
}

type networkAPIs struct {
	NetworkApplicationID string `json:"network_application_id"`
	RedirectURI          string `json:"redirect_uri"`
}

// withoutApplicationID is the path of the route that an application lives at; other paths stay as they are.
func withoutApplicationID(path string) string {
	id, ok := strings.CutPrefix(path, applicationsPath)
	if !ok || id == "" || strings.Contains(id, "/") {
		return path
	}
	return applicationPath
}

// serveApplication answers with the application's registered key and redirect URI. While no redirect URI is
// registered, the Network APIs capability counts as not linked.
func serveApplication(c *call) {
	if !c.isOwner() {
		c.Header()["Www-Authenticate"] = basicChallenge
		c.entry.Note = "API key and secret are not those of the sandbox"
		c.s.problem(c, http.StatusUnauthorized, "unauthorized", "Invalid credentials supplied")
		return
	}
	id := strings.TrimPrefix(c.r.URL.Path, applicationsPath)
	if id != c.s.options.ApplicationID {
		c.entry.Note = "another application"
		c.s.problem(c, http.StatusNotFound, "not-found", "ID '"+id[:min(len(id), maxMode)]+"' does not exist, or you do not have access")
		return
	}
	key, err := c.s.publicPEM()
	if err != nil {
		c.deny(err.Error(), refusal{status: http.StatusInternalServerError})
		return
	}
	a := application{ID: id, Name: applicationName, Keys: keys{key}}
	if uri := c.s.RedirectURI(); uri != "" {
		a.Capabilities.NetworkAPIs = &networkAPIs{networkApplicationID, uri}
	}
	replyJSON(c, http.StatusOK, typeJSON, a)
}

// isOwner tells whether the request comes with the account's API key and secret.
func (c *call) isOwner() bool {
	key, secret, ok := c.r.BasicAuth()
	same := subtle.ConstantTimeCompare([]byte(key), []byte(TestAPIKey)) & subtle.ConstantTimeCompare([]byte(secret), []byte(TestAPISecret))
	return ok && same == 1
}

// publicPEM is the registered key as the dashboard shows it.
func (s *Server) publicPEM() (string, error) {
	key, err := s.key()
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}
