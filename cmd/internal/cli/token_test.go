package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// exchange runs one exchange of the canary code against an answer.
func exchange(t *testing.T, answer string, args ...string) (result, *far) {
	t.Helper()
	f := newFar(t, map[string]string{tokenPath: answer})
	w := newWorld(t, f.url())
	w.vars["CODE"] = canary
	return w.run(append([]string{"exchange", "--code", "env:CODE"}, args...)...), f
}

// verify runs one verify with the canary token against an answer.
func verify(t *testing.T, answer string, args ...string) (result, *far) {
	t.Helper()
	f := newFar(t, map[string]string{verifyPath: answer})
	w := newWorld(t, f.url())
	w.vars["TOKEN"] = canary
	if len(args) == 0 {
		args = []string{"--phone", phone}
	}
	return w.run(append([]string{"verify", "--access-token", "env:TOKEN"}, args...)...), f
}

const goodToken = `{"access_token":"the-token","token_type":"Bearer","expires_in":3600}`

// T3: the forms that a good answer takes.
func TestExchangeAnswers(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		goodToken,
		`{"access_token":"the-token","token_type":"bearer","expires_in":"29"}`,
		`{"access_token":"the-token","expires_in":null}`,
		`{"access_token":"the-token","token_type":"BEARER","expires_in":-5}`,
		`{"access_token":"the-token","token_type":"Bearer","expires_in":1e300}`,
		`{"access_token":"the-token","token_type":"Bearer","expires_in":"soon"}`,
	} {
		r, f := exchange(t, answerJSON("200 OK", body))
		r.ends(exitOK, "the-token\n", "✓ exchange access token")
		if f.asked(tokenPath) != 1 || f.body(tokenPath) != "code="+canary+"&grant_type=authorization_code&redirect_uri=https%3A%2F%2Fapp.example%2Fcb" {
			t.Errorf("sent %q", f.sent[tokenPath])
		}
	}
}

// T1: what the token endpoint refuses: 9, and 4 where the credentials are meant.
func TestExchangeRefused(t *testing.T) {
	t.Parallel()
	oauth := func(name string) string { return `{"error":"` + name + `","error_description":"In its words."}` }
	for name, c := range map[string]struct {
		answer string
		code   int
		tells  string
	}{
		"invalid_grant":          {answerJSON("400 Bad Request", oauth("invalid_grant")), exitToken, "or the redirect URI is not byte for byte the registered one"},
		"invalid_request":        {answerJSON("400 Bad Request", oauth("invalid_request")), exitToken, "redirect_uri is byte for byte the registered one"},
		"unauthorized_client":    {answerJSON("400 Bad Request", oauth("unauthorized_client")), exitToken, "unauthorized_client: In its words."},
		"unsupported_grant_type": {answerJSON("400 Bad Request", oauth("unsupported_grant_type")), exitToken, "unsupported_grant_type"},
		"invalid_scope":          {answerJSON("400 Bad Request", oauth("invalid_scope")), exitToken, "invalid_scope"},
		"invalid_client":         {answerJSON("401 Unauthorized", oauth("invalid_client")), exitCredentials, "has the public half of this key"},
		"challenge":              {answerOf("401 Unauthorized", "text/plain", "", `WWW-Authenticate: Bearer error="invalid_token", error_description="expired"`), exitCredentials, "answered 401 invalid_token: expired"},
		"403":                    {answerJSON("403 Forbidden", "{}"), exitCredentials, "the account may not use this API"},
		"7807":                   {answerJSON("400 Bad Request", `{"type":"x#invalid-params","title":"Bad Request","instance":"trace-1"}`), exitToken, "support instance trace-1"},
		"404":                    {answerJSON("404 Not Found", `{"message":"Not Found"}`), exitToken, "retired"},
		"410":                    {answerJSON("410 Gone", "{}"), exitToken, "retired"},
		"422":                    {answerJSON("422 S", "{}"), exitToken, "answered 422"},
		"429":                    {answerJSON("429 S", "{}"), exitLater, "Too many requests"},
		"500":                    {answerJSON("500 S", ""), exitNetwork, "the far side is out of service"},
		"503":                    {answerOf("503 S", "text/html", "<html>"), exitLater, "he far side is out of service"},
		// T2: a 200 that holds no token.
		"error in 200": {answerJSON("200 OK", oauth("invalid_grant")), exitToken, "an error in place of a token: invalid_grant: In its words."},
		"no token":     {answerJSON("200 OK", `{"token_type":"Bearer"}`), exitToken, "access_token"},
		"empty token":  {answerJSON("200 OK", `{"access_token":"","token_type":"Bearer"}`), exitToken, "access_token is empty"},
		"other type":   {answerJSON("200 OK", `{"access_token":"x","token_type":"mac"}`), exitToken, "token_type is not Bearer"},
		"page":         {answerOf("200 OK", "text/html", "<html><title>Sign in</title>"), exitToken, "a web page came in place of an answer: Sign in"},
		"empty":        {answerJSON("200 OK", ""), exitToken, "the answer is unusable"},
		"204":          {answerJSON("204 No Content", ""), exitToken, "the answer is unusable"},
		// T6: no redirect is followed, so the code goes nowhere else.
		"307": {answerJSON("307 S", "", "Location: http://127.0.0.1:1/"), exitToken, "a redirect, which is not followed"},
		// T8: what would break out of a header.
		"token with line break": {answerJSON("200 OK", `{"access_token":"a\r\nX: y","token_type":"Bearer"}`), exitToken, "characters that cannot stand in a header"},
		"token of 1 MB":         {answerJSON("200 OK", `{"access_token":"`+strings.Repeat("x", 1<<20)+`","token_type":"Bearer"}`), exitToken, "unusable"},
		"code echoed":           {answerJSON("400 Bad Request", `{"error":"invalid_grant","error_description":"code `+canary+` is used"}`), exitToken, "is used"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, f := exchange(t, c.answer)
			r.ends(c.code, "", "✗ exchange ", "next ", c.tells)
			if n := f.asked(tokenPath); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// T7: a code goes out byte for byte.
func TestCodeByteExact(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string]string{tokenPath: answerJSON("200 OK", goodToken)})
	w := newWorld(t, f.url())
	w.env.In = strings.NewReader("https://app.example/cb?state=my-state&code=a%2Bb%20c%2F%3D%25+d\n")
	w.run("exchange", "--callback-url", "-", "--state", "my-state").ends(exitOK, "the-token\n")
	if got := f.body(tokenPath); !strings.HasPrefix(got, "code=a%2Bb+c%2F%3D%25+d&") {
		t.Errorf("sent %s", got)
	}
}

// A callback URL from elsewhere is judged like one that came to the listener.
func TestExchangeCallbackURL(t *testing.T) {
	t.Parallel()
	for query, c := range map[string]struct {
		code int
		part string
	}{
		"code=c&state=other":                         {exitState, "a code came that belongs to another attempt"},
		"code=c":                                     {exitState, "Nothing was exchanged"},
		"error=access_denied&state=my-state":         {exitDenied, "authorization denied: access_denied"},
		"error=access_denied&error_description=evil": {exitDenied, "an error came without this attempt's state: access_denied"},
		"error=access_denied&code=c&state=my-state":  {exitDenied, "a code and an error came together"},
		"code=%zz&state=my-state":                    {exitState, "the answer is malformed"},
		"x=y":                                        {exitState, "neither a code nor an error in it"},
	} {
		w := newWorld(t, "http://127.0.0.1:1")
		w.env.In = strings.NewReader("https://app.example/cb?" + query)
		r := w.run("exchange", "--callback-url", "-", "--state", "my-state")
		r.ends(c.code, "", c.part)
		if strings.Contains(r.err, "evil") {
			t.Errorf("unproved text is shown: %s", r.err)
		}
	}
	newWorld(t, "http://127.0.0.1:1").run("exchange", "--callback-url", "-").ends(exitUsage, "", "callback URL: stdin is empty")
}

// T4, E10: what is broken off. Of a single-use value the outcome is unknown, and it is sent once.
func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	silence := func(c net.Conn, _ *http.Request) { io.Copy(io.Discard, c) } // until the client hangs up
	for name, c := range map[string]struct {
		handle func(net.Conn, *http.Request)
		part   string
	}{
		"silence":      {silence, "timed out while waiting for the answer"},
		"half headers": {func(c net.Conn, r *http.Request) { io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "); silence(c, r) }, "timed out while"},
		"half a body": {func(c net.Conn, r *http.Request) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
			silence(c, r)
		}, "timed out while reading the answer"},
		"short body": {func(c net.Conn, _ *http.Request) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{") }, "reading the answer: the connection was closed"},
		"hang up":    {func(net.Conn, *http.Request) {}, "the connection was closed"},
		"no HTTP":    {func(c net.Conn, _ *http.Request) { io.WriteString(c, "SSH-2.0-x\r\n") }, "malformed HTTP"},
		"reset":      {func(c net.Conn, _ *http.Request) { c.(*net.TCPConn).SetLinger(0) }, ""},
	} {
		for _, step := range []string{"enable", "exchange", "verify"} {
			t.Run(step+" "+name, func(t *testing.T) {
				t.Parallel()
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				f := &far{Listener: l, got: map[string][]*http.Request{}, sent: map[string][]string{}}
				f.serve(t, c.handle)
				w := newWorld(t, f.url())
				w.vars["CODE"], w.vars["TOKEN"] = canary, canary
				args := map[string][]string{
					"enable":   {"enable", "--phone", phone, "--state", "s"},
					"exchange": {"exchange", "--code", "env:CODE"},
					"verify":   {"verify", "--access-token", "env:TOKEN", "--phone", phone},
				}[step]
				began := time.Now()
				r := w.run(append(args, "--timeout", "300ms", "-o", "json")...)
				if time.Since(began) > 20*time.Second {
					t.Error("it did not end in time")
				}
				r.failsAs(exitNetwork, c.part)
				doc := r.failure()
				kind, sent := "network", "maybe"
				if step != "enable" {
					kind = "unknown-outcome"
				}
				if doc.Error.Kind != kind || doc.Error.Sent != sent || doc.Error.Op != step {
					t.Errorf("%+v", doc.Error)
				}
				paths := map[string]string{"enable": enablePath, "exchange": tokenPath, "verify": verifyPath}
				if n := f.asked(paths[step]); n != 1 {
					t.Errorf("asked %d times", n)
				}
			})
		}
	}
}

// T5: a connection that never came about is dialled once more.
func TestExchangeRedials(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string]string{tokenPath: answerJSON("200 OK", goodToken)})
	for failures, code := range map[int]int{1: exitOK, 2: exitNetwork} {
		w := newWorld(t, f.url())
		w.vars["CODE"] = canary
		dials, dial := 0, w.env.Net.Dial
		w.env.Net.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if dials++; dials <= failures {
				return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("connection refused")}
			}
			return dial(ctx, network, addr)
		}
		if r := w.run("exchange", "--code", "env:CODE"); r.code != code || dials != 2 {
			t.Errorf("exit %d after %d dials: %s", r.code, dials, r.err)
		}
	}
}

// T10, V4: what is used or may be is never sent again.
func TestUsedOnce(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string]string{
		tokenPath: "", verifyPath: answerJSON("200 OK", `{"devicePhoneNumberVerified":true}`),
	})
	w := newWorld(t, f.url())
	session := w.file("flow.json", `{"schema_version":1,"phone":"+447700900123","state":"s","code":"`+canary+`"}`)
	w.run("exchange", "--session", session).ends(exitNetwork, "", "✗ exchange", "sent maybe: the request may have arrived, the outcome is unknown", "they are never sent twice")
	w.run("exchange", "--session", session).ends(exitState, "", "possibly used: an earlier try at", "begin again with vnv enable")
	if f.asked(tokenPath) != 1 {
		t.Errorf("the code was sent %d times", f.asked(tokenPath))
	}
	session = w.file("flow.json", `{"schema_version":1,"phone":"+447700900123","access_token":"`+canary+`"}`)
	w.run("verify", "--session", session).ends(exitOK, "verified\n")
	w.run("verify", "--session", session).ends(exitState, "", "the session's access token is used: it works once")
	raw, err := os.ReadFile(session)
	if err != nil || f.asked(verifyPath) != 1 || strings.Contains(string(raw), canary) {
		t.Errorf("sent %d times, left %s, %v", f.asked(verifyPath), raw, err)
	}
}

func TestVerifyAnswers(t *testing.T) {
	t.Parallel()
	r, f := verify(t, answerJSON("200 OK", `{"devicePhoneNumberVerified":true}`))
	r.ends(exitOK, "verified\n", "the device holds the number")
	if f.body(verifyPath) != `{"phoneNumber":"`+phone+`"}` || f.got[verifyPath][0].Header.Get("Authorization") != "Bearer "+canary {
		t.Errorf("sent %s", f.body(verifyPath))
	}
	r, _ = verify(t, answerJSON("200 OK", `{"devicePhoneNumberVerified":false}`))
	r.ends(exitNo, "not verified\n", "the device does not hold the number")
	// V6: the hash, and exactly one of hash and number.
	const hash = "6dd5d20f257c1f3620662454064e3aa25ba9a6c7a4d1e99e965bbadd3a7e07d6"
	r, f = verify(t, answerJSON("200 OK", `{"devicePhoneNumberVerified":true}`), "--phone-hash", hash)
	r.ends(exitOK, "verified\n")
	if f.body(verifyPath) != `{"hashedPhoneNumber":"`+hash+`"}` {
		t.Errorf("sent %s", f.body(verifyPath))
	}
	for args, want := range map[string]string{
		"--phone-hash " + strings.ToUpper(hash):      "--phone-hash: not 64 lower-case hexadecimal digits",
		"--phone-hash " + hash + " --phone " + phone: "--phone-hash and a phone number: verify takes one of them",
		"--state x": "--access-token needs --phone or --phone-hash",
	} {
		r, f := verify(t, "", strings.Fields(args)...)
		r.ends(exitUsage, "", want)
		if f.asked(verifyPath) != 0 {
			t.Error("it was asked all the same")
		}
	}
}

// V2: everything that is merely like the flag is indeterminate, never a no.
func TestVerifyIndeterminate(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{}`, `{"devicePhoneNumberVerified":null}`, `{"devicePhoneNumberVerified":"true"}`, `{"devicePhoneNumberVerified":"false"}`,
		`{"devicePhoneNumberVerified":1}`, `{"devicePhoneNumberVerified":0}`, `{"devicePhoneNumberVerified":[true]}`,
		`{"devicePhoneNumberVerified":true,"devicePhoneNumberVerified":false}`, `{"devicePhoneNumberVerified":true,"devicePhoneNumberVerified":true}`,
		`{"devicephonenumberverified":true}`, `{"DevicePhoneNumberVerified":false}`, `true`, `"true"`, ``, `{"devicePhoneNumberVerified":tru`,
		`{"devicePhoneNumberVerified":true} x`, `<html><title>Sign in</title>`,
	} {
		r, f := verify(t, answerJSON("200 OK", body))
		r.ends(exitVerify, "", "✗ verify ", "neither yes nor no")
		if f.asked(verifyPath) != 1 {
			t.Errorf("%s: asked %d times", body, f.asked(verifyPath))
		}
	}
}

// V3: each CAMARA code, its stage and its words.
func TestVerifyRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		exit   int
		tells  string
	}{
		{400, "INVALID_ARGUMENT", exitVerify, "neither yes nor no"},
		{401, "UNAUTHENTICATED", exitVerify, "neither yes nor no"},
		{401, "AUTHENTICATION_REQUIRED", exitVerify, "neither yes nor no"},
		{403, "PERMISSION_DENIED", exitVerify, "neither yes nor no"},
		{403, "NUMBER_VERIFICATION.USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK", exitVerify, "Wi-Fi, VPN and private relay off"},
		{403, "USER_NOT_AUTHENTICATED_BY_MOBILE_NETWORK", exitVerify, "Wi-Fi, VPN and private relay off"},
		{403, "NUMBER_VERIFICATION.INVALID_TOKEN_CONTEXT", exitVerify, "enable and verify must be given the same number"},
		{403, "INVALID_TOKEN_CONTEXT", exitVerify, "enable and verify must be given the same number"},
		{404, "NOT_FOUND", exitVerify, "retired"},
		{405, "METHOD_NOT_ALLOWED", exitVerify, "neither yes nor no"},
		{410, "GONE", exitVerify, "retired"},
		{422, "SERVICE_NOT_APPLICABLE", exitVerify, "neither yes nor no"},
		{429, "QUOTA_EXCEEDED", exitLater, "Too many requests"},
		{429, "TOO_MANY_REQUESTS", exitLater, "Too many requests"},
		{500, "INTERNAL", exitNetwork, "the far side is out of service"},
		{502, "BAD_GATEWAY", exitNetwork, "the far side is out of service"},
		{503, "UNAVAILABLE", exitLater, "he far side is out of service"},
		{504, "TIMEOUT", exitNetwork, "the far side is out of service"},
	} {
		t.Run(fmt.Sprint(c.status, c.code), func(t *testing.T) {
			t.Parallel()
			body := fmt.Sprintf(`{"status":%d,"code":"%s","message":"In its words."}`, c.status, c.code)
			r, f := verify(t, answerJSON(fmt.Sprint(c.status, " S"), body, "x-correlator: echoed-1"))
			r.ends(c.exit, "", fmt.Sprintf("✗ verify answered %d %s: In its words.", c.status, c.code), c.tells, "x-correlator echoed-1")
			if f.asked(verifyPath) != 1 {
				t.Errorf("asked %d times", f.asked(verifyPath))
			}
		})
	}
}
