// Command jwtprint prints an application JWT, with golang-jwt and nothing
// else: the least that `vnv jwt` can take.
//
//	jwtprint APPLICATION_ID KEY_FILE
package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func main() {
	token, err := sign(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "jwtprint:", err)
		os.Exit(1)
	}
	fmt.Println(token)
}

func sign(applicationID, path string) (string, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(pem)
	if err != nil {
		return "", err
	}
	now := time.Now().Unix()
	claims := jwt.MapClaims{"application_id": applicationID, "iat": now, "exp": now + 900, "jti": rand.Text()}
	return jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key)
}
