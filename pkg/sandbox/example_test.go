package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// A sandbox as a server, for anything that can be told a base URL.
func ExampleServer() {
	s, err := sandbox.New(sandbox.Options{RedirectURIs: []string{"http://127.0.0.1:8080/callback"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Listen(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	resp, err := http.Get(s.URL() + "/v0.1/network-enablement")
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	for _, e := range s.Requests() {
		fmt.Println(e.Method, e.Path, e.Stage, e.Status, e.Note)
	}
	// Output: GET /v0.1/network-enablement enable 405 wrong method
}

// In a test of a backend: a sandbox of its own, in which the first exchange fails.
func ExampleStart() {
	_ = func(t *testing.T) {
		s := sandbox.Start(t, sandbox.Options{
			RedirectURIs: []string{"https://app.example/callback"},
			Faults:       []string{"token-invalid-grant:1"},
		})
		// Give s.URL(), s.ApplicationID() and s.PrivateKeyPEM() to the backend, let it run, then look at
		// what it sent:
		for _, e := range s.Requests() {
			t.Log(e.Stage, e.Status)
		}
	}
}
