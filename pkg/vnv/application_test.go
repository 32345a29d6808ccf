package vnv_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

const sampleAPISecret = vnv.Secret("canary-api-secret")

func applicationValues() values {
	public := "-----BEGIN PUBLIC KEY-----\nc2FtcGxl\n-----END PUBLIC KEY-----\n"
	quoted, _ := json.Marshal(public)
	return values{
		"app_id": "78d335fa-323d-4114-9c3d-d6f0d48968cf", "name": "My application", "network_id": "a9c02d7b-0001-4000-8000-000000000001",
		"redirect_uri": "https://app.example/callback?tenant=a%20b", "instance": "bf0ca0bf-1c4e-4b0c-9d55-2b1f2a7d9f10",
		"basic":      base64.StdEncoding.EncodeToString([]byte("abcd1234:" + sampleAPISecret.Reveal())),
		"public_key": strings.Trim(string(quoted), `"`), "pem": public,
	}
}

// The client and the sandbox are held to the same transcripts, as in contract_test.go.
func TestApplicationKeepsTheContract(t *testing.T) {
	t.Parallel()
	for name, tr := range readTranscripts(t, "application") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := applicationValues()
			far := newFar(t, says(tr.response.raw(v)))
			v["host"] = far.Addr().String()
			got, err := newClient(t, far.url()).Application(t.Context(), v["app_id"], "abcd1234", sampleAPISecret)
			if requests := far.requests(); len(requests) != 1 {
				t.Errorf("%d requests, want 1", len(requests))
			} else {
				sameRequest(t, requests[0], tr.request, v)
			}
			want := tr.wants(v)
			if _, ok := want["ok"]; !ok {
				if e := failure(t, err); strings.Contains(e.Error(), sampleAPISecret.Reveal()) || strings.Contains(e.Error(), v["basic"]) {
					t.Errorf("the secret is in %q", e)
				}
				checkReading(t, want, reading{}, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			yes := func(key, value string) string { return map[string]string{"yes": value, "no": ""}[want[key]] }
			same(t, "id", got.ID, v["app_id"])
			same(t, "name", got.Name, yes("name", v["name"]))
			same(t, "network application", got.NetworkApplicationID, yes("linked", v["network_id"]))
			same(t, "redirect URI", got.RedirectURI, yes("redirect", v["redirect_uri"]))
			same(t, "public key", got.PublicKey, yes("key", v["pem"]))
		})
	}
}

func TestSandboxKeepsTheApplicationContract(t *testing.T) {
	t.Parallel()
	for name, tr := range readTranscripts(t, "application") {
		if tr.about["sandbox"] == "none" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPartner(t, tr)
			maps.Copy(p.values, applicationValues())
			p.values["app_id"] = p.ApplicationID()
			p.values["basic"] = base64.StdEncoding.EncodeToString([]byte(sandbox.TestAPIKey + ":" + sandbox.TestAPISecret))
			switch tr.about["sandbox"] {
			case "bad-secret":
				p.values["basic"] = "eDp5"
			case "other-id":
				p.values["app_id"] = "00000000-0000-4000-8000-000000000000"
			case "not-linked":
				s, err := sandbox.New(sandbox.Options{}) // with nothing registered it cannot listen by itself
				if err != nil {
					t.Fatal(err)
				}
				p.values["host"] = serve(t, s)
			}
			sameResponse(t, p.send(t, tr.request), tr.response, p.values)
		})
	}
}

// What cannot be right is refused before any packet.
func TestApplicationInput(t *testing.T) {
	t.Parallel()
	far := newFar(t, says(http200("application/json", "{}")))
	c := newClient(t, far.url())
	const id = "78d335fa-323d-4114-9c3d-d6f0d48968cf"
	for want, in := range map[string][3]string{
		"the application id must be": {"../../accounts", "key", "secret"},
		"the API key is empty":       {id, "", "secret"},
		"holds a colon":              {id, "a:b", "secret"},
		"the API secret is empty":    {id, "key", ""},
		"the API secret is empty,":   {id, "key", "line\r\nbreak"},
	} {
		_, err := c.Application(t.Context(), in[0], in[1], vnv.Secret(in[2]))
		if e := failure(t, err); e.Kind != vnv.KindInput || e.Sent != vnv.SentNo || !strings.Contains(e.Error(), want) {
			t.Errorf("%q: %v", in, e)
		}
	}
	if n := len(far.requests()); n != 0 {
		t.Errorf("%d requests left", n)
	}
}

func TestApplicationURL(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]*vnv.Client{
		"https://api.nexmo.com/v2/applications": {API: vnv.Applications},
		"https://mirror.example/x":              {API: vnv.Applications, URLs: map[vnv.Op]string{vnv.OpApplication: "https://mirror.example/x"}},
		"http://127.0.0.1:1/v2/applications":    {API: vnv.Applications, BaseURL: "http://127.0.0.1:1"},
	} {
		got, err := c.URL(vnv.OpApplication)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "URL", got, want)
	}
}

// The answer to {} says whether the JWT is good, and nothing is begun by it.
func TestProbe(t *testing.T) {
	t.Parallel()
	const problem = `{"type":"https://developer.vonage.com/api-errors#x","title":"T","detail":"D","instance":"I"}`
	for name, c := range map[string]struct {
		status, body string
		kind         vnv.Kind // empty: accepted
	}{
		"422":      {"422 Unprocessable Entity", problem, ""},
		"400":      {"400 Bad Request", problem, ""},
		"401":      {"401 Unauthorized", problem, vnv.KindAuth},
		"403":      {"403 Forbidden", problem, vnv.KindAuth},
		"404":      {"404 Not Found", problem, vnv.KindGone},
		"429":      {"429 Too Many Requests", problem, vnv.KindLimit},
		"500":      {"500 Internal Server Error", problem, vnv.KindServer},
		"503":      {"503 Service Unavailable", problem, vnv.KindUnavailable},
		"200":      {"200 OK", "{}", vnv.KindUnusable},
		"redirect": {"302 Found", "", vnv.KindUnusable},
		"page":     {"200 OK", "<html>", vnv.KindServer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := newFar(t, says(httpAnswer(c.status, "application/json", c.body, "Date: Fri, 02 Jan 2026 15:04:05 GMT")))
			got, err := newClient(t, far.url()).Probe(t.Context())
			if request := far.requests()[0]; !strings.HasSuffix(request, "\r\n\r\n{}") || !strings.Contains(request, "Authorization: Bearer sample.jwt.value") {
				t.Errorf("request %q", request)
			}
			if c.kind != "" {
				same(t, "kind", string(failure(t, err).Kind), string(c.kind))
				return
			}
			if err != nil || got.Code != "x" || got.Detail != "T: D" || got.TraceID != "I" || got.Date.Year() != 2026 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestProbeAtTheSandbox(t *testing.T) {
	t.Parallel()
	s := sandbox.Start(t, sandbox.Options{})
	c := newClient(t, s.URL())
	if _, err := c.Probe(t.Context()); failure(t, err).Kind != vnv.KindAuth {
		t.Errorf("a bad JWT: %v", err)
	}
	good := foreignJWT(t, s)
	c.JWT = func(context.Context) (vnv.Secret, error) { return vnv.Secret(good), nil }
	for _, api := range []vnv.API{vnv.NumberVerification, vnv.SilentAuth} {
		c.API = api
		if got, err := c.Probe(t.Context()); err != nil || got.Status != 422 || got.Date.IsZero() {
			t.Errorf("%s: %+v, %v", api.Name, got, err)
		}
	}
}

// serve answers for a handler on a port of its own and returns its address.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}
