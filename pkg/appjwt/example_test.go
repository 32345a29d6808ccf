package appjwt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/vnv-cli/vnv/pkg/appjwt"
)

const keyFile = "../../testdata/keys/rsa2048-pkcs8.pem" // published: for examples only

func ExampleSigner() {
	pem, err := os.ReadFile(keyFile)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := appjwt.ParseKey(pem)
	if err != nil {
		fmt.Println(err)
		return
	}
	signer := &appjwt.Signer{ApplicationID: "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", Key: key}
	first, err := signer.Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	second, _ := signer.Token(context.Background())
	fmt.Println(key.Bits(), "bits; signed once:", first == second)
	// Output: 2048 bits; signed once: true
}

func ExampleParseKey() {
	pem, err := os.ReadFile("../../testdata/keys/rsa2048-openssh")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = appjwt.ParseKey(pem)
	if wrong, ok := errors.AsType[*appjwt.KeyError](err); ok {
		fmt.Println(wrong.Kind)
		fmt.Println(wrong.What)
		fmt.Println(wrong.Fix)
	}
	// Output:
	// openssh
	// this RSA key is in OpenSSH's own format
	// convert a copy of it: cp id_rsa private.key && ssh-keygen -p -N '' -m PEM -f private.key
}

func ExampleDecode() {
	// A token that some other program made, without a signature.
	token := "Bearer eyJhbGciOiJub25lIn0.eyJhcHBsaWNhdGlvbl9pZCI6ImFwcCIsImp0aSI6ImoiLCJpYXQiOjE3NzIzNjY0MDB9."
	decoded, err := appjwt.Decode(token, time.Unix(1772366400, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range decoded.Findings {
		fmt.Printf("%s: %s: %s\n", f.Level, f.Claim, f.Text)
	}
	// Output:
	// note: signature: not verified: this only reads what the token says of itself
	// error: signature: missing: the token is not signed
	// error: alg: none: the token is not signed at all
	// warning: exp: missing: the far side takes 15 minutes from iat
}
