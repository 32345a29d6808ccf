package callback_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/callback"
)

// The sockets are bound before anybody is sent on the way, so that the redirect always finds the listener.
func ExampleListen() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	l, err := callback.Listen(ctx, callback.Options{
		RedirectURI: "http://127.0.0.1:0/callback",
		State:       "kept-by-us",
		OnIgnored:   func(i callback.Ignored) { fmt.Println("ignored:", i.Reason, i.Count) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	go func() { // the end of the chain: first somebody else's answer, then ours
		for _, query := range []string{"?code=foreign&state=guessed", "?code=c0de&state=kept-by-us"} {
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, l.RedirectURI()+query, http.NoBody)
			if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
				_ = resp.Body.Close()
			}
		}
	}()

	c, err := l.Wait(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("code:", c.Code)
	// Output:
	// ignored: state 1
	// code: c0de
}

// Where the browser is on another machine, a person pastes what its address bar shows.
func ExampleListener_Offer() {
	ctx := context.Background()
	l, err := callback.Listen(ctx, callback.Options{RedirectURI: "http://127.0.0.1:0/callback", State: "kept-by-us"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	fmt.Println(l.Offer("https://dev.example/callback"))
	fmt.Println(l.Offer(` "https://dev.example/callback?code=c0de&amp;state=kept-by-us#" `))
	c, err := l.Wait(ctx)
	fmt.Println(c.Code, c.Via, err)
	// Output:
	// callback: neither a code nor an error in it
	// <nil>
	// c0de paste <nil>
}

// An error is believed only with our state; without it nothing but a registered name is kept.
func ExampleParse() {
	for _, u := range []string{
		"https://dev.example/cb?code=c0de&state=kept-by-us",
		"https://dev.example/cb?error=access_denied&error_description=Not+today&state=kept-by-us",
		"https://dev.example/cb?error=access_denied&error_description=Not+today",
	} {
		c, err := callback.Parse(u, "kept-by-us")
		if e, ok := errors.AsType[*callback.Error](err); ok {
			fmt.Println(e.Reason, e.Name, strings.TrimSpace(e.Description))
			continue
		}
		fmt.Println("code", c.Code)
	}
	// Output:
	// code c0de
	// denied access_denied Not today
	// error-without-state access_denied
}

// Verify's silent authentication answers in the fragment, or in JSON where no redirect URL was given. Its request id
// stands for the state.
func ExampleParseFragment() {
	for _, answer := range []string{
		"https://dev.example/cb#request_id=our-request&code=c0de",
		`{"request_id":"our-request","code":"c0de"}`,
		"https://dev.example/cb#request_id=our-request&error_description=Device%20MSISDN%20does%20not%20match.",
		"https://dev.example/cb#request_id=another&code=c0de",
		"https://dev.example/cb?request_id=our-request&code=c0de",
	} {
		c, err := callback.ParseFragment(answer, "our-request")
		if e, ok := errors.AsType[*callback.Error](err); ok {
			fmt.Println(strings.TrimSpace(string(e.Reason) + " " + e.Description))
			continue
		}
		fmt.Println("code", c.Code)
	}
	// Output:
	// code c0de
	// code c0de
	// denied Device MSISDN does not match.
	// state
	// incomplete
}
