package vnv_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// The same question to the API that replaces the first one: two calls of a
// backend. Between them the device opens the check URL, and brings the code.
func ExampleClient_Start() {
	ctx := context.Background()
	far, client := start(ctx)
	defer far.Close()
	client.API = vnv.SilentAuth

	started, err := client.Start(ctx, vnv.StartRequest{Phone: "+99012345678", Brand: "ACME"})
	if err != nil {
		fmt.Println(err)
		return
	}
	code := checkOnDevice(started)
	answer, err := client.Check(ctx, vnv.CheckRequest{RequestID: started.RequestID, Code: code})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Status, answer.Verified)
	// Output: completed true
}

// A number can have one request at a time. Who abandons one frees the number
// by Cancel, which the vendor allows 30 seconds after the start.
func ExampleClient_Cancel() {
	ctx := context.Background()
	far, client := start(ctx)
	defer far.Close()
	client.API = vnv.SilentAuth

	started, err := client.Start(ctx, vnv.StartRequest{Phone: "+99012345678"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, again := client.Start(ctx, vnv.StartRequest{Phone: "+99012345678"})
	for _, err := range []error{again, client.Cancel(ctx, started.RequestID)} {
		if e, ok := errors.AsType[*vnv.Error](err); ok {
			fmt.Println(e.Kind, e.Status, e.Code)
		}
	}
	// Output:
	// concurrent 409 concurrent
	// refused 409 conflict
}

// checkOnDevice stands for a phone: it follows the redirects of the check URL
// and returns the code of our request.
func checkOnDevice(s *vnv.Started) vnv.Secret {
	jar, _ := cookiejar.New(nil)
	device := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := device.Get(s.CheckURL)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	var handed struct {
		RequestID string     `json:"request_id"`
		Code      vnv.Secret `json:"code"`
	}
	if json.NewDecoder(res.Body).Decode(&handed) != nil || handed.RequestID != s.RequestID {
		return ""
	}
	return handed.Code
}
