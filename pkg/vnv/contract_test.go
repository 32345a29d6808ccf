package vnv_test

import (
	"cmp"
	"context"
	"strconv"
	"testing"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// Both sides are held to the transcripts of testdata/wire: here the client
// gets each answer over a raw socket, and its request is compared byte by
// byte; contract_sandbox_test.go sends each request to the sandbox.

func TestClientKeepsTheContract(t *testing.T) {
	t.Parallel()
	for name, tr := range allTranscripts(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := sampleValues(tr)
			far := newFar(t, says(tr.response.raw(v)))
			v["host"] = far.Addr().String()
			c := newClient(t, far.url())
			c.JWT = func(context.Context) (vnv.Secret, error) { return vnv.Secret(v["jwt"]), nil }
			c.API, c.Correlator = tr.api, v["correlator"]

			got, err := playTranscript(t, c, tr, v)

			if requests := far.requests(); len(requests) != 1 {
				t.Errorf("%d requests, want 1", len(requests))
			} else {
				sameRequest(t, requests[0], tr.request, v)
			}
			checkReading(t, tr.wants(v), got, err)
		})
	}
}

// reading is what a step made of an answer, in the words of a want line.
type reading struct {
	verified, expires string
	notices           int
}

func playTranscript(t *testing.T, c *vnv.Client, tr transcript, v values) (reading, error) {
	t.Helper()
	switch op := vnv.Op(tr.about["op"]); op {
	case vnv.OpEnable:
		e, err := c.Enable(t.Context(), vnv.EnableRequest{Phone: vnv.Phone(v["phone"]), State: vnv.Secret(v["state"])})
		if err != nil {
			return reading{}, err
		}
		if e.AuthURL != v["auth_url"] {
			t.Errorf("auth_url %q, want %q", e.AuthURL, v["auth_url"])
		}
		return reading{notices: len(e.Notices)}, nil
	case vnv.OpExchange:
		token, err := c.Exchange(t.Context(), vnv.ExchangeRequest{Code: vnv.Secret(v["code"]), RedirectURI: v["redirect_uri"]})
		if err != nil {
			return reading{}, err
		}
		if token.AccessToken.Reveal() != v["token"] || token.TokenType != "Bearer" {
			t.Errorf("token %q of type %q", token.AccessToken.Reveal(), token.TokenType)
		}
		return reading{expires: token.ExpiresIn.String(), notices: len(token.Notices)}, nil
	case vnv.OpVerify:
		answer, err := c.Verify(t.Context(), verifyRequest(tr, v))
		if err != nil {
			return reading{}, err
		}
		return reading{verified: strconv.FormatBool(answer.Verified), notices: len(answer.Notices)}, nil
	default:
		return playSilent(t, c, tr, v)
	}
}

func verifyRequest(tr transcript, v values) vnv.VerifyRequest {
	r := vnv.VerifyRequest{AccessToken: vnv.Secret(v["token"])}
	if placeholder.FindString(tr.request.body) == "{{phone_hash}}" {
		r.PhoneHash = v["phone_hash"]
	} else {
		r.Phone = vnv.Phone(v["phone"])
	}
	return r
}

func checkReading(t *testing.T, want map[string]string, got reading, err error) {
	t.Helper()
	if _, ok := want["ok"]; ok {
		if err != nil {
			t.Fatalf("error %v, want an answer", err)
		}
		same(t, "verified", got.verified, want["verified"])
		same(t, "expires", got.expires, want["expires"])
		same(t, "notices", strconv.Itoa(got.notices), cmp.Or(want["notices"], "0"))
		return
	}
	e := failure(t, err)
	same(t, "kind", string(e.Kind), want["kind"])
	same(t, "status", strconv.Itoa(e.Status), want["status"])
	same(t, "code", e.Code, want["code"])
	same(t, "trace", e.TraceID, want["trace"])
	same(t, "sent", string(e.Sent), "yes")
	if want["retry"] != "" {
		same(t, "retry", e.RetryAfter.String(), want["retry"])
	}
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s %q, want %q", what, got, want)
	}
}
