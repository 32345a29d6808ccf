package vnv_test

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// folders are those of testdata/wire, and the API that each shows.
var folders = map[string]vnv.API{"number-verification": vnv.NumberVerification, "verify-v2": vnv.SilentAuth}

// allTranscripts are those of both APIs: their ops differ, and so their names.
func allTranscripts(t *testing.T) map[string]transcript {
	t.Helper()
	all := map[string]transcript{}
	for folder, api := range folders {
		some := readTranscripts(t, folder)
		for name, tr := range some {
			tr.api = api
			some[name] = tr
		}
		maps.Copy(all, some)
	}
	return all
}

// playSilent plays the ops of Verify's silent authentication.
func playSilent(t *testing.T, c *vnv.Client, tr transcript, v values) (reading, error) {
	t.Helper()
	switch op := tr.about["op"]; op {
	case "start":
		s, err := c.Start(t.Context(), startRequest(tr, v))
		if err != nil {
			return reading{}, err
		}
		same(t, "request_id", s.RequestID, v["request_id"])
		same(t, "check_url", s.CheckURL, v["check_url"])
		return reading{notices: len(s.Notices)}, nil
	case "check":
		answer, err := c.Check(t.Context(), vnv.CheckRequest{RequestID: v["request_id"], Code: vnv.Secret(v["short_code"])})
		if err != nil {
			return reading{}, err
		}
		return reading{verified: strconv.FormatBool(answer.Verified), notices: len(answer.Notices)}, nil
	case "cancel":
		return reading{}, c.Cancel(t.Context(), v["request_id"])
	default:
		t.Fatalf("no op %q", op)
		return reading{}, nil
	}
}

func startRequest(tr transcript, v values) vnv.StartRequest {
	r := vnv.StartRequest{Phone: vnv.Phone(v["phone"])}
	if strings.Contains(tr.request.body, "redirect_url") {
		r.Brand, r.ClientRef, r.NoCoverageCheck, r.RedirectURL, r.Mode = "ACME", "order-7", true, v["redirect_url"], "default"
	}
	return r
}

// clock is the sandbox's, by which a transcript's minute does not last one.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// begin starts a silent authentication.
func begin(t *testing.T, p *partner, all map[string]transcript) {
	t.Helper()
	var started struct {
		ID  string `json:"request_id"`
		URL string `json:"check_url"`
	}
	answered(t, p.send(t, all["start-ok"].request), &started)
	p.values["request_id"], p.values["check_url"] = started.ID, started.URL
}

// takeShortCode begins and follows the chain, as a device does, to the code.
func takeShortCode(t *testing.T, p *partner, all map[string]transcript) {
	t.Helper()
	begin(t, p, all)
	next := p.values["check_url"]
	for strings.Count(next, "silent-auth/return") == 0 {
		next = p.hop(t, next)
	}
	res, err := p.device.Get(next)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var handed struct {
		ID   string `json:"request_id"`
		Code string `json:"code"`
	}
	got := message{start: "HTTP/1.1 " + res.Status, body: readAll(t, res)}
	if answered(t, got, &handed); handed.ID != p.values["request_id"] || res.StatusCode != http.StatusOK {
		t.Fatalf("the chain ends with %s %s", res.Status, got.body)
	}
	p.values["short_code"] = handed.Code
}
