package follow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// A chain of one redirect, taken at the redirect URI without asking it.
func ExampleFollower_Follow() {
	carrier := httptest.NewServer(http.RedirectHandler("https://app.example/cb?code=s3cr3t&state=mine", http.StatusFound))
	defer carrier.Close()
	transport := follow.Net{}.Transport()
	defer transport.CloseIdleConnections()
	recorder := &trace.Recorder{Base: transport}
	f := follow.Follower{
		Transport: recorder.Step("authorize"),
		Options:   follow.Options{RedirectURI: "https://app.example/cb", Named: []string{carrier.URL}},
		Mask:      recorder.Mask,
	}
	res, err := f.Follow(context.Background(), carrier.URL)
	fmt.Println(res.End, res.Redirects, err)
	for _, hop := range recorder.Hops() {
		fmt.Println(hop.N, hop.Status, hop.Location)
	}
	// Output:
	// callback 1 <nil>
	// 1 302 https://app.example/cb?code=code~1&state=state~1
}

// A chain that wants something on this machine.
func ExampleError() {
	f := follow.Follower{}
	_, err := f.Follow(context.Background(), "http://127.0.0.1:8080/admin")
	if e, ok := errors.AsType[*follow.Error](err); ok {
		fmt.Println(e.Reason, e.Class)
	}
	fmt.Println(err)
	// Output:
	// forbidden-address loopback
	// follow hop 1: http://127.0.0.1:8080/admin, refused: 127.0.0.1 is a loopback address
}
