package flow_test

import (
	"context"
	"fmt"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// The whole flow for one number, against a sandbox: for the real API leave BaseURL
// and Registered out, and give the application's own id, key and redirect URI.
func ExampleFlow_Run() {
	far, err := sandbox.New(sandbox.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := far.Listen(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	defer far.Close()

	key, err := appjwt.ParseKey(far.PrivateKeyPEM())
	if err != nil {
		fmt.Println(err)
		return
	}
	signer := &appjwt.Signer{ApplicationID: far.ApplicationID(), Key: key}
	f := &flow.Flow{
		API:           vnv.NumberVerification,
		BaseURL:       far.URL(),
		ApplicationID: far.ApplicationID(),
		JWT: func(ctx context.Context) (vnv.Secret, error) {
			token, err := signer.Token(ctx)
			return vnv.Secret(token), err
		},
		RedirectURI: "http://127.0.0.1:0/callback", // any free port
		Registered:  far.Register,
		Sink: func(e flow.Event) {
			if done, ok := e.(flow.StepDone); ok {
				fmt.Println(done.Step, "done")
			}
		},
	}
	out, err := f.Run(context.Background(), flow.Session{Phone: "+99012345678"}, flow.Steps(f.API)...)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("verified:", *out.Session.Verified)
	// Output:
	// jwt done
	// enable done
	// authorize done
	// exchange done
	// verify done
	// verified: true
}
