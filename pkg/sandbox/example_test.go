package sandbox_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"

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

// script stands for a *testing.T, which a test hands over as it is.
type script struct{ cleanup func() }

func (*script) Helper()                           {}
func (*script) Fatalf(format string, args ...any) { fmt.Printf(format, args...) }
func (s *script) Cleanup(f func())                { s.cleanup = f }

// In a test of a backend: a sandbox of its own, in which the first exchange fails. The backend is told
// s.URL(), s.ApplicationID() and s.PrivateKeyPEM(); afterwards the ledger says what it sent.
func ExampleStart() {
	t := &script{}
	s := sandbox.Start(t, sandbox.Options{
		RedirectURIs: []string{"https://app.example/callback"},
		Faults:       []string{"token-invalid-grant:1"},
	})
	defer t.cleanup()

	resp, err := http.Post(s.URL()+"/oauth2/token", "application/x-www-form-urlencoded", strings.NewReader("code=abc"))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	for _, e := range s.Requests() {
		fmt.Println(e.Stage, e.Status, e.Fault, e.Code)
	}
	// Output: token 400 token-invalid-grant abc
}

// A scenario says by number what an app meets: here a backend's retry is tested, and a carrier's sign-in page.
func ExampleParseScenario() {
	scenario, err := sandbox.ParseScenario("retry.yaml", []byte(`
numbers:
  "+447700900*":
    sequence:
      - {fault: enable-503, times: 2}
      - {outcome: true}
  "+33*":
    fault: wifi
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := sandbox.New(sandbox.Options{Scenario: scenario}); err != nil {
		fmt.Println(err)
	}
	_, err = sandbox.ParseScenario("typo.yaml", []byte("numbers:\n  \"+33*\": {fault: wfi}\n"))
	fmt.Println(err)
	// Output: typo.yaml:2: unknown fault "wfi"; did you mean wifi?
}

// An app under test controls nothing but the phone number: each fault has some of its own.
func ExampleNumbers() {
	for _, n := range sandbox.Numbers() {
		if n.Outcome != "" || n.Fault == "wifi" {
			fmt.Println(n.Example, n.Summary)
		}
	}
	// Output:
	// +99011111199 at the last step, unless told otherwise
	// +99012345678 verified
	// +99012345677 not verified
	// +990902030000 the device is not on mobile data: the carrier answers with a sign-in page
}
