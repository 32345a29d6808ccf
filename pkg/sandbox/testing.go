package sandbox

import "context"

// TB is what [Start] needs of a *testing.T, *testing.B or *testing.F, so that this package does not
// link testing into a program.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(f func())
}

// Start runs a sandbox for the length of a test, on free loopback ports, and fails the test if it
// cannot. Every call is a sandbox of its own, so tests may run in parallel. Of several options the
// last counts.
//
//	s := sandbox.Start(t, sandbox.Options{RedirectURIs: []string{app.URL + "/callback"}})
func Start(t TB, o ...Options) *Server {
	t.Helper()
	var options Options
	if len(o) > 0 {
		options = o[len(o)-1]
	}
	s, err := New(options)
	if err != nil {
		t.Fatalf("start sandbox: %v", err)
	}
	if err := s.Listen(context.Background()); err != nil {
		t.Fatalf("start sandbox: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Fatalf("close sandbox: %v", err)
		}
	})
	return s
}
