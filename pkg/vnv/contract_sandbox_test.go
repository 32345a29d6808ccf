package vnv_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// The sandbox gets the requests of the transcripts, byte by byte, after what
// each file's "sandbox" line says, and is compared in status, media type,
// named headers and the shape of its JSON.

func TestSandboxKeepsTheContract(t *testing.T) {
	t.Parallel()
	all := allTranscripts(t)
	for name, tr := range all {
		if tr.about["sandbox"] == "none" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPartner(t, tr)
			prepare, fault, _ := strings.Cut(tr.about["sandbox"], " ")
			if fault != "" {
				prepare = map[string]string{
					"enable": "fresh", "exchange": "code", "verify": "token", "start": "fresh", "check": "handed",
				}[tr.about["op"]]
			}
			if preparations[prepare] == nil {
				t.Fatalf("no preparation %q", prepare)
			}
			preparations[prepare](t, p, all)
			sameResponse(t, p.send(t, tr.request), tr.response, p.values)
		})
	}
}

// partner talks to one sandbox as a backend and a device do, with nothing of ours.
type partner struct {
	*sandbox.Server
	device *http.Client
	values values
	clock  *clock
}

const otherRedirect = "http://127.0.0.1:1/other"

func newPartner(t *testing.T, tr transcript) *partner {
	t.Helper()
	c := &clock{}
	o := sandbox.Options{RedirectURIs: []string{otherRedirect, "http://127.0.0.1:1/callback"}, Now: c.now}
	if fault, ok := strings.CutPrefix(tr.about["sandbox"], "fault "); ok {
		o.Faults = []string{fault}
	}
	s := sandbox.Start(t, o)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	noFollow := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v := sampleValues(tr)
	v["host"] = strings.TrimPrefix(s.URL(), "http://")
	v["redirect_uri"] = s.RedirectURI()
	v["jwt"] = foreignJWT(t, s)
	return &partner{s, &http.Client{Transport: transport, Jar: jar, CheckRedirect: noFollow, Timeout: 30 * time.Second}, v, c}
}

// foreignJWT is made without package appjwt.
func foreignJWT(t *testing.T, s *sandbox.Server) string {
	t.Helper()
	key, err := jwt.ParseRSAPrivateKeyFromPEM(s.PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	text, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"application_id": s.ApplicationID(), "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": "contract",
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// preparations are the words of a "sandbox" line.
var preparations = map[string]func(*testing.T, *partner, map[string]transcript){
	"fresh": func(*testing.T, *partner, map[string]transcript) {},
	"bad-jwt": func(_ *testing.T, p *partner, _ map[string]transcript) {
		signature := strings.LastIndex(p.values["jwt"], ".") + 1
		p.values["jwt"] = p.values["jwt"][:signature] + strings.Repeat("A", len(p.values["jwt"])-signature)
	},
	"code":  takeCode,
	"token": takeToken,
	"used-code": func(t *testing.T, p *partner, all map[string]transcript) {
		t.Helper()
		takeCode(t, p, all)
		p.send(t, all["exchange-ok"].request)
	},
	"other-redirect-uri": func(t *testing.T, p *partner, all map[string]transcript) {
		t.Helper()
		takeCode(t, p, all)
		p.values["redirect_uri"] = otherRedirect
	},
	"used-token": func(t *testing.T, p *partner, all map[string]transcript) {
		t.Helper()
		takeToken(t, p, all)
		p.send(t, all["verify-true"].request)
	},
	"started": begin,
	"started-30s": func(t *testing.T, p *partner, all map[string]transcript) {
		t.Helper()
		begin(t, p, all)
		p.clock.advance(30 * time.Second)
	},
	"handed": takeShortCode,
	"wrong-code": func(t *testing.T, p *partner, all map[string]transcript) {
		t.Helper()
		takeShortCode(t, p, all)
		p.values["short_code"] = "wrong1"
	},
	"tried": func(t *testing.T, p *partner, all map[string]transcript) {
		t.Helper()
		takeShortCode(t, p, all)
		good := p.values["short_code"]
		p.values["short_code"] = "wrong1"
		p.send(t, all["check-ok"].request)
		p.values["short_code"] = good
	},
	"used": func(t *testing.T, p *partner, all map[string]transcript) {
		t.Helper()
		takeShortCode(t, p, all)
		p.send(t, all["check-ok"].request)
	},
	"expired": func(t *testing.T, p *partner, all map[string]transcript) {
		t.Helper()
		takeShortCode(t, p, all)
		p.clock.advance(time.Minute)
	},
}

// takeCode enables and follows the chain, as a device does.
func takeCode(t *testing.T, p *partner, all map[string]transcript) {
	t.Helper()
	var enabled struct {
		Scopes map[string]struct {
			AuthURL string `json:"auth_url"`
		}
	}
	answered(t, p.send(t, all["enable-ok"].request), &enabled)
	next := enabled.Scopes[string(vnv.DefaultScope)].AuthURL
	for range 20 {
		if strings.HasPrefix(next, p.values["redirect_uri"]+"?") {
			break
		}
		next = p.hop(t, next)
	}
	end, err := url.Parse(next)
	if err != nil || end.Query().Get("code") == "" || end.Query().Get("state") != p.values["state"] {
		t.Fatalf("the chain ends at %s (%v)", next, err)
	}
	p.values["code"] = end.Query().Get("code")
}

func (p *partner) hop(t *testing.T, at string) string {
	t.Helper()
	res, err := p.device.Get(at)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	next, err := res.Location()
	if err != nil {
		t.Fatalf("hop %s answers %s: %v", at, res.Status, err)
	}
	return next.String()
}

func takeToken(t *testing.T, p *partner, all map[string]transcript) {
	t.Helper()
	takeCode(t, p, all)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	answered(t, p.send(t, all["exchange-ok"].request), &token)
	p.values["token"] = token.AccessToken
}

func answered(t *testing.T, m message, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(m.body), into); err != nil || !strings.Contains(m.start, " 20") {
		t.Fatalf("%s %s (%v)", m.start, m.body, err)
	}
}

// send writes a request as it stands and reads the answer.
func (p *partner) send(t *testing.T, m message) message {
	t.Helper()
	c, err := net.Dial("tcp", p.values["host"])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	io.WriteString(c, m.raw(p.values))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got := message{start: res.Proto + " " + res.Status, body: readAll(t, res)}
	for name := range res.Header {
		got.header = append(got.header, name+": "+res.Header.Get(name))
	}
	return got
}

func readAll(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func sameResponse(t *testing.T, got, want message, v values) {
	t.Helper()
	if got.start != want.start {
		t.Errorf("status line %q, want %q: %s", got.start, want.start, got.body)
	}
	have := headerSet(got.header)
	for name, value := range headerSet(want.header) {
		switch {
		case name == "content-type":
			same(t, name, mediaType(have[name]), mediaType(value))
		case have[name] == "":
			t.Errorf("no header %s", name)
		}
	}
	if mediaType(headerSet(want.header)["content-type"]) != "text/html" {
		same(t, "shape", shapeOf(got.body), shapeOf(v.fill(want.body, plain)))
	}
}

func mediaType(header string) string {
	media, _, _ := mime.ParseMediaType(header)
	return media
}

// shapeOf writes a JSON text with types in place of values, but for the
// values that programs decide by; no JSON stands for itself.
func shapeOf(body string) string {
	if !json.Valid([]byte(body)) {
		return strings.TrimSpace(body)
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(body)))
	dec.UseNumber()
	return shape(dec, "")
}

var decisive = []string{"status", "code", "error", "error_type", "token_type", "devicePhoneNumberVerified"}

func shape(dec *json.Decoder, name string) string {
	token, err := dec.Token()
	if err != nil {
		return err.Error()
	}
	switch {
	case token == json.Delim('{'):
		return "{" + strings.Join(members(dec, true), ",") + "}"
	case token == json.Delim('['):
		return "[" + strings.Join(members(dec, false), ",") + "]"
	case name == "type": // its host and language vary
		_, fragment, _ := strings.Cut(fmt.Sprint(token), "#")
		return fragment
	case slices.Contains(decisive, name):
		return fmt.Sprint(token)
	}
	return fmt.Sprintf("%T", token)
}

// members keeps names that come twice, and forgets their order.
func members(dec *json.Decoder, named bool) []string {
	var list []string
	for dec.More() {
		var name string
		if named {
			token, _ := dec.Token()
			name = fmt.Sprint(token)
		}
		list = append(list, name+":"+shape(dec, name))
	}
	dec.Token()
	slices.Sort(list)
	return list
}
