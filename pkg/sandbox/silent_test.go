package sandbox_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

const appPage = "https://app.example/done"

// begun is the answer to POST /v2/verify.
type begun struct {
	ID       string `json:"request_id"`
	CheckURL string `json:"check_url"`
}

func (c *client) startBody(body string) reply {
	c.t.Helper()
	return c.send("POST", c.s.URL()+"/v2/verify", body, "Authorization", "Bearer "+c.jwt, "Content-Type", "application/json")
}

// startFor is a body for a number, with a redirect_url unless that is "".
func startFor(phone, redirectURL string) string {
	channel := map[string]string{"channel": "silent_auth", "to": strings.TrimPrefix(phone, "+")}
	if redirectURL != "" {
		channel["redirect_url"] = redirectURL
	}
	body, _ := json.Marshal(map[string]any{"brand": "ACME", "client_ref": "ref-1", "workflow": []any{channel}})
	return string(body)
}

func (c *client) begin(phone, redirectURL string) begun {
	c.t.Helper()
	r := c.startBody(startFor(phone, redirectURL))
	var b begun
	if err := json.Unmarshal([]byte(r.body), &b); err != nil || r.status != 202 || b.ID == "" {
		c.t.Fatalf("start: %d %s", r.status, r.body)
	}
	if b.CheckURL != c.s.URL()+"/v2/verify/"+b.ID+"/silent-auth/redirect" {
		c.t.Fatalf("check_url %s", b.CheckURL)
	}
	return b
}

// chain follows a check_url up to its answer, or to the redirect that leaves the sandbox.
func (c *client) chain(at string) (hops []string, last reply) {
	c.t.Helper()
	for {
		hops = append(hops, at)
		last = c.send("GET", at, "")
		at = last.header.Get("Location")
		if last.status != 302 || strings.HasPrefix(at, appPage) || len(hops) > 30 {
			return hops, last
		}
	}
}

// handed is what the device was given at the end of the chain: in JSON or in the fragment.
func handed(tb testing.TB, r reply) url.Values {
	tb.Helper()
	if _, fragment, ok := strings.Cut(r.header.Get("Location"), "#"); ok {
		values, err := url.ParseQuery(fragment)
		if err != nil {
			tb.Fatal(err)
		}
		return values
	}
	var fields map[string]string
	if err := json.Unmarshal([]byte(r.body), &fields); err != nil {
		tb.Fatalf("%d %s: %v", r.status, r.body, err)
	}
	values := url.Values{}
	for name, value := range fields {
		values.Set(name, value)
	}
	return values
}

func (c *client) check(id, code string) reply {
	c.t.Helper()
	return c.send("POST", c.s.URL()+"/v2/verify/"+id, `{"code":"`+code+`"}`, "Authorization", "Bearer "+c.jwt, "Content-Type", "application/json")
}

func (c *client) cancel(id string) reply {
	c.t.Helper()
	return c.send("DELETE", c.s.URL()+"/v2/verify/"+id, "", "Authorization", "Bearer "+c.jwt)
}

// silentCode is start and the chain.
func (c *client) silentCode(phone string) (id, code string) {
	c.t.Helper()
	b := c.begin(phone, "")
	_, last := c.chain(b.CheckURL)
	if got := handed(c.t, last); last.status == 200 && got.Get("request_id") == b.ID {
		return b.ID, got.Get("code")
	}
	c.t.Fatalf("chain: %d %s", last.status, last.body)
	return "", ""
}

func TestSilent(t *testing.T) {
	t.Parallel()
	for _, redirectURL := range []string{"", appPage, appPage + "?app=1"} {
		for _, tt := range []struct {
			phone, reason string
			at            sandbox.Stage
			answer        string
		}{
			{yes, "", "", `"status":"completed"}`},
			{yes, "", sandbox.StageCheck, `"status":"completed"}`},
			{no, "Device MSISDN does not match.", "", ""},
			{no, "", sandbox.StageCheck, `"status":"user_rejected"}`},
			{no, "Device MSISDN does not match.", sandbox.StageHandover, ""},
			{wrong, "The silent auth verification cannot be completed.", sandbox.StageHandover, ""},
			{wrong, "", "", `"status":"failed"}`},
			{wrong, "", sandbox.StageCheck, `"status":"failed"}`},
		} {
			c := start(t, sandbox.Options{SilentErrorAt: tt.at})
			b := c.begin(tt.phone, redirectURL)
			hops, last := c.chain(b.CheckURL)
			got := handed(t, last)
			if len(hops) != 5 || got.Get("request_id") != b.ID {
				t.Errorf("%s: %d hops to %d %s", tt.phone, len(hops), last.status, last.body)
			}
			if at := last.header.Get("Location"); redirectURL != "" && !strings.HasPrefix(at, redirectURL+"#") {
				t.Errorf("%s: the chain ends at %s", tt.phone, at)
			}
			if reason := got.Get("error_description") + got.Get("detail"); reason != tt.reason || reason == "" && len(got.Get("code")) != 6 {
				t.Errorf("%s: handed %v, want %q", tt.phone, got, tt.reason)
			}
			if tt.answer == "" {
				c.begin(tt.phone, "") // the number is free
				continue
			}
			r := c.check(b.ID, got.Get("code"))
			if want := `{"request_id":"` + b.ID + `",` + tt.answer; r.status != 200 || r.body != want {
				t.Errorf("%s: %d %s, want %s", tt.phone, r.status, r.body, want)
			}
			if r := c.check(b.ID, got.Get("code")); r.status != 404 {
				t.Errorf("%s again: %d %s", tt.phone, r.status, r.body)
			}
		}
	}
}

// ticking is a clock for Options.Now.
func ticking() (now func() time.Time, advance func(time.Duration)) {
	at := make(chan time.Time, 1)
	at <- time.Now()
	now = func() time.Time { t := <-at; at <- t; return t }
	return now, func(d time.Duration) { at <- (<-at).Add(d) }
}
