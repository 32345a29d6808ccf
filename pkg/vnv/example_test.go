package vnv_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// The three calls of a backend, against the sandbox. Between enable and
// exchange stand the device, which opens auth_url, and your callback.
func Example() {
	ctx := context.Background()
	far, client := start(ctx)
	defer far.Close()
	phone, err := vnv.ParsePhone("+99012345678")
	if err != nil {
		fmt.Println(err)
		return
	}

	state := vnv.NewState()
	enabled, err := client.Enable(ctx, vnv.EnableRequest{Phone: phone, State: state})
	if err != nil {
		fmt.Println(err)
		return
	}
	code := openOnDevice(enabled.AuthURL, far.RedirectURI(), state)
	token, err := client.Exchange(ctx, vnv.ExchangeRequest{Code: code, RedirectURI: far.RedirectURI()})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := client.Verify(ctx, vnv.VerifyRequest{AccessToken: token.AccessToken, Phone: phone})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(phone.Masked(), answer.Verified)
	// Output: +990••••••78 true
}

// An error says what was tried, what kind of failure it was, and whether a
// single-use value may be gone.
func ExampleError() {
	ctx := context.Background()
	far, client := start(ctx)
	defer far.Close()

	_, err := client.Exchange(ctx, vnv.ExchangeRequest{Code: "never-issued", RedirectURI: far.RedirectURI()})
	if e, ok := errors.AsType[*vnv.Error](err); ok {
		fmt.Println(e.Op, e.Kind, e.Status, e.Code, e.Sent)
	}
	// Output: exchange refused 400 invalid_grant yes
}

func ExampleParsePhone() {
	_, err := vnv.ParsePhone("07700900123")
	fmt.Println(err)
	// Output: 07700900123 is not in E.164 form: write it with + and country code, for a UK number +447700900123
}

func ExamplePhone_Masked() {
	fmt.Println(vnv.Phone("+447700900123").Masked())
	// Output: +44••••••••23
}

func ExampleSecret() {
	code := vnv.Secret("4/P7q7W91a-oMsCeLvIaQm6bTrgtp7")
	fmt.Printf("%v %q %x %d\n", code, code, code, len(code.Reveal()))
	// Output: [secret] [secret] [secret] 30
}

// start runs a sandbox and a client of it.
func start(ctx context.Context) (*sandbox.Server, *vnv.Client) {
	far, err := sandbox.New(sandbox.Options{})
	if err != nil {
		panic(err)
	}
	if err := far.Listen(ctx); err != nil {
		panic(err)
	}
	key, err := appjwt.ParseKey(far.PrivateKeyPEM())
	if err != nil {
		panic(err)
	}
	signer := &appjwt.Signer{ApplicationID: far.ApplicationID(), Key: key}
	return far, &vnv.Client{
		BaseURL: far.URL(),
		HTTP:    &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		JWT: func(ctx context.Context) (vnv.Secret, error) {
			token, err := signer.Token(ctx)
			return vnv.Secret(token), err
		},
	}
}

// openOnDevice stands for a phone: it follows the redirects and returns the
// code that arrives at the redirect URI with our state.
func openOnDevice(authURL, redirectURI string, state vnv.Secret) vnv.Secret {
	var arrived *url.URL
	jar, _ := cookiejar.New(nil)
	device := &http.Client{
		Jar:       jar,
		Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(req *http.Request, _ []*http.Request) error {
			if to := *req.URL; to.Scheme+"://"+to.Host+to.Path == redirectURI {
				arrived = req.URL
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
	if res, err := device.Get(authURL); err == nil {
		res.Body.Close()
	}
	if arrived == nil || arrived.Query().Get("state") != state.Reveal() {
		return ""
	}
	return vnv.Secret(arrived.Query().Get("code"))
}
