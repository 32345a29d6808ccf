// Command lean is the flow of Number Verification written straight down with
// the standard library: what a good programmer would write for one afternoon's
// test, without checks, masking or advice. `vnv run` is measured against it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const scope = "dpv:FraudPreventionAndDetection#number-verification-verify-read"

// flow is what was given, and what is carried from step to step.
type flow struct {
	baseURL, applicationID, keyFile, redirectURI, phone string

	client *http.Client
	jwt    string
	state  string
}

func main() {
	f := &flow{client: &http.Client{CheckRedirect: never}}
	flag.StringVar(&f.baseURL, "base-url", "", "where the API is")
	flag.StringVar(&f.applicationID, "app-id", "", "the application")
	flag.StringVar(&f.keyFile, "private-key", "", "the file of its private key")
	flag.StringVar(&f.redirectURI, "redirect-uri", "", "where the callback comes to, on loopback")
	flag.StringVar(&f.phone, "phone", "+99012345678", "the number to verify")
	silent := flag.Bool("silent", false, "Verify's silent authentication in place of Number Verification")
	flag.Parse()
	run := f.run
	if *silent {
		run = f.runSilent
	}
	verified, err := run(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "lean:", err)
		os.Exit(1)
	}
	fmt.Println("verified:", verified)
}

// never has redirects of the API returned; the device's client follows them.
func never(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (f *flow) run(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var err error
	if f.jwt, err = sign(f.applicationID, f.keyFile); err != nil {
		return false, err
	}
	codes, stop, err := f.listen(ctx)
	if err != nil {
		return false, err
	}
	defer stop()
	authURL, err := f.enable(ctx)
	if err != nil {
		return false, err
	}
	if err := f.authorize(ctx, authURL); err != nil {
		return false, err
	}
	select {
	case code := <-codes:
		token, err := f.exchange(ctx, code)
		if err != nil {
			return false, err
		}
		return f.verify(ctx, token)
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (f *flow) enable(ctx context.Context) (string, error) {
	var answer struct {
		Scopes map[string]struct {
			AuthURL string `json:"auth_url"`
		} `json:"scopes"`
	}
	body := map[string]any{"phone_number": f.phone, "scopes": []string{scope}, "state": f.state}
	if err := f.postJSON(ctx, "/v0.1/network-enablement", f.jwt, body, &answer); err != nil {
		return "", err
	}
	authURL := answer.Scopes[scope].AuthURL
	if authURL == "" {
		return "", errors.New("no auth_url")
	}
	return authURL, nil
}

func (f *flow) exchange(ctx context.Context, code string) (string, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {f.redirectURI}}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	err := f.post(ctx, request{"/oauth2/token", f.jwt, "application/x-www-form-urlencoded", form.Encode()}, &answer)
	return answer.AccessToken, err
}

func (f *flow) verify(ctx context.Context, token string) (bool, error) {
	var answer struct {
		Verified bool `json:"devicePhoneNumberVerified"`
	}
	err := f.postJSON(ctx, "/camara/number-verification/v031/verify", token, map[string]any{"phoneNumber": f.phone}, &answer)
	return answer.Verified, err
}

func (f *flow) postJSON(ctx context.Context, path, bearer string, body, answer any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return f.post(ctx, request{path, bearer, "application/json", string(b)}, answer)
}

type request struct{ path, bearer, contentType, body string }

func (f *flow) post(ctx context.Context, r request, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.baseURL+r.path, strings.NewReader(r.body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.bearer)
	req.Header.Set("Content-Type", r.contentType)
	res, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s: %s", r.path, res.Status, b)
	}
	return json.Unmarshal(b, answer)
}
