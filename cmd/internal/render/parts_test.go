package render_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
)

var failure = render.Failure{
	Op: "exchange", Kind: "unknown-outcome", Code: "invalid_grant", Message: "exchange: waiting for the answer: the connection was closed",
	Hint: "The request may have arrived, and its code or token works once, so it was not sent again. Begin again with vnv enable.", ExitCode: 11,
	TraceID: "7b1c0e55", Hop: 0, Sent: "maybe", Status: 400, Correlator: "3f0a91",
}

func TestFailed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	style := render.Style{Unicode: true, Columns: 80}
	render.Failed(&out, style, render.FailureText{Failure: failure})
	out.WriteString("---\n")
	render.Failed(&out, style, render.FailureText{Failure: failure, Said: true})
	out.WriteString("---\n")
	render.Failed(&out, render.Style{Columns: 40}, render.FailureText{
		Failure: render.Failure{Message: "07700900123 is not in E.164 form: write it with + and country code, for a UK number +447700900123"},
	})
	out.WriteString("---\n")
	render.Failed(&out, style, render.FailureText{Failure: render.Failure{Message: "two settings are missing"}, More: "  application id   --app-id\n  private key      --private-key\n"})
	out.WriteString("---\n")
	render.Warning(&out, style, "key.pem can be read by other users of this machine: chmod 600 key.pem, and then some more words to wrap")
	render.Headline(&out, style, "sandbox at 127.0.0.1:1: virtual operator, nothing leaves this machine")
	golden(t, "failed.txt", out.String())
}

func TestDocument(t *testing.T) {
	t.Parallel()
	doc, err := render.Document(struct {
		Error render.Failure `json:"error"`
	}{failure})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "error.json", string(doc))
	doc, err = render.Document(render.StepRow{Step: "jwt", OK: true, Duration: render.Millis(1234567 * time.Nanosecond)})
	if want := "{\n  \"step\": \"jwt\",\n  \"ok\": true,\n  \"duration_ms\": 1.234\n}\n"; err != nil || string(doc) != want {
		t.Errorf("got %s, %v", doc, err)
	}
}

// What is asked of a person: the URL whole, once and on a line of its own; the QR
// only where it fits.
func TestAsk(t *testing.T) {
	t.Parallel()
	const url = "https://api-eu.vonage.com/oauth2/auth?client_id=app&state=v2"
	for name, c := range map[string]struct {
		style render.Style
		event flow.AuthURL
		live  bool
	}{
		"ask-qr":        {render.Style{Unicode: true, Columns: 80, Rows: 60}, flow.AuthURL{URL: url, Device: flow.DeviceNone, RedirectURI: "http://127.0.0.1:8080/cb", Ours: true}, true},
		"ask-small":     {render.Style{Unicode: true, Columns: 80, Rows: 12}, flow.AuthURL{URL: url, Device: flow.DeviceNone, RedirectURI: "https://app.example/cb"}, true},
		"ask-ascii":     {render.Style{Columns: 80, Rows: 60}, flow.AuthURL{URL: url, Device: flow.DeviceNone, RedirectURI: "https://app.example/cb"}, false},
		"ask-device-qr": {render.Style{Unicode: true, Columns: 80, Rows: 60}, flow.AuthURL{URL: url, Device: flow.DeviceQR, RedirectURI: "http://127.0.0.1:8080/cb", Ours: true}, true},
		"ask-qr-small":  {render.Style{Unicode: true, Columns: 80, Rows: 12}, flow.AuthURL{URL: url, Device: flow.DeviceQR, RedirectURI: "https://app.example/cb", Ours: true}, true},
		"ask-qr-ascii":  {render.Style{Columns: 40, Rows: 60}, flow.AuthURL{URL: url, Device: flow.DeviceQR, RedirectURI: "https://app.example/cb"}, false},
		"ask-adb":       {render.Style{Unicode: true, Columns: 80}, flow.AuthURL{URL: url, Device: flow.DeviceADB, RedirectURI: "http://localhost:3000/cb", Ours: true}, true},
		"ask-browser":   {render.Style{Unicode: true, Color: true, Columns: 80}, flow.AuthURL{URL: url, Device: flow.DeviceBrowser, RedirectURI: "http://127.0.0.1:8080/cb", Ours: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			s := render.Story{W: &out, Style: c.style, Mask: mask(), Live: c.live, Pastes: c.live}
			s.Sink(c.event)
			s.Close()
			if strings.Count(out.String(), "\n  "+url+"\n") != 1 {
				t.Error("the URL does not stand whole on one line, once")
			}
			golden(t, name+".txt", out.String())
		})
	}
}

func TestQRWithColour(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := render.Story{W: &out, Style: render.Style{Unicode: true, Color: true, Columns: 80, Rows: 60}, Mask: mask()}
	s.Sink(flow.AuthURL{URL: "https://a.example/", Device: flow.DeviceNone, RedirectURI: "http://127.0.0.1:1/cb", Ours: true})
	for line := range strings.Lines(out.String()) {
		if strings.ContainsAny(line, "█▀▄") && (!strings.HasPrefix(line, "\x1b[97;40m") || !strings.HasSuffix(line, "\x1b[0m\n")) {
			t.Errorf("a line of the code without its colours: %q", line)
		}
	}
}

func TestJWT(t *testing.T) {
	t.Parallel()
	d := &appjwt.Decoded{
		Header: map[string]any{"alg": "none", "typ": "JWT", "k\x1bid": "x"},
		Claims: map[string]any{
			"application_id": "app", "iat": json.Number("1767366245"), "exp": json.Number("1e99"), "nbf": "soon",
			"acl": map[string]any{"paths": []any{"/**"}}, "evil": "\x1b[2J\u202e",
		},
		Findings: []appjwt.Finding{
			{Level: appjwt.LevelError, Claim: "alg", Text: "none is no signature, and a text long enough to be wrapped at eighty columns of a terminal"},
			{Level: appjwt.LevelWarning, Claim: "acl", Text: "must not be present"},
			{Level: appjwt.LevelNote, Claim: "signature", Text: "was not verified"},
		},
	}
	now := time.Unix(1767366245, 0).Add(90 * time.Second)
	got := render.JWT(render.Style{Unicode: true, Columns: 80}, d, now) + "\n---\n" + render.JWT(render.Style{Columns: 80}, d, now) + "\n"
	if strings.ContainsAny(got, "\x1b\u202e") {
		t.Error("a control character is shown raw")
	}
	golden(t, "jwt.txt", got)
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "<1 ms", 999 * time.Microsecond: "<1 ms", time.Millisecond: "1 ms", 212400 * time.Microsecond: "212 ms",
		999600 * time.Microsecond: "1.0 s", 1900 * time.Millisecond: "1.9 s", 99 * time.Second: "99.0 s", 161 * time.Second: "2m41s",
	} {
		if got := render.Took(d); got != want {
			t.Errorf("Took(%v) = %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		time.Hour: "1 h", 24 * time.Hour: "24 h", 15 * time.Minute: "15 min", 29 * time.Second: "29 s", 90 * time.Second: "1m30s",
		0: "0 s", 3599600 * time.Millisecond: "1 h", 90 * time.Minute: "90 min",
	} {
		if got := render.Lifetime(d); got != want {
			t.Errorf("Lifetime(%v) = %q, want %q", d, got, want)
		}
	}
}
