package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"time"
)

// sign makes the application JWT.
func sign(applicationID, path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", errors.New("no PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return "", err
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return "", errors.New("no RSA key")
	}
	now := time.Now().Unix()
	claims, err := json.Marshal(map[string]any{"application_id": applicationID, "iat": now, "exp": now + 900, "jti": rand.Text()})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	unsigned := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims)
	digest := sha256.Sum256([]byte(unsigned))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", err
	}
	return unsigned + "." + encode(signature), nil
}

// listen binds the redirect URI and hands on the code that comes with our
// state. stop closes the listener.
func (f *flow) listen(ctx context.Context) (codes <-chan string, stop func(), err error) {
	f.state = rand.Text()
	target, err := url.Parse(f.redirectURI)
	if err != nil {
		return nil, nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", target.Host)
	if err != nil {
		return nil, nil, err
	}
	found := make(chan string, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+target.Path, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "You may close this window.")
		if q := r.URL.Query(); q.Get("state") == f.state {
			select {
			case found <- q.Get("code"):
			default:
			}
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 2 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return found, func() { _ = server.Close() }, nil
}

// authorize is the device: it follows the chain, which ends at our listener.
func (f *flow) authorize(ctx context.Context, authURL string) error {
	_, err := f.follow(ctx, authURL)
	return err
}

// follow returns what stands at the end of a chain.
func (f *flow) follow(ctx context.Context, from string) ([]byte, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := (&http.Client{Jar: jar}).Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("chain ended with %s", res.Status)
	}
	return body, err
}
