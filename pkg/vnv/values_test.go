package vnv_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

func TestParsePhone(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"+99012345678", "+447700900123", "+12345", "+123456789012345"} {
		if p, err := vnv.ParsePhone(s); err != nil || string(p) != s {
			t.Errorf("%s: %q, %v", s, p, err)
		}
	}
	bad := map[string]string{
		"07700900123":          "07700900123 is not in E.164 form: write it with + and country code, for a UK number +447700900123",
		"447700900123":         "447700900123 is not in E.164 form: write it with + and country code, +447700900123",
		"00447700900123":       "00447700900123 is not in E.164 form: write it with + and country code, +447700900123",
		"+44 (7700) 900-123":   "+44 (7700) 900-123 is not in E.164 form: write it without spaces or punctuation, +447700900123",
		" +447700900123":       " +447700900123 is not in E.164 form: write it without spaces or punctuation, +447700900123",
		"+0123456":             "+0123456 is not in E.164 form: write + and country code, then the number: 5 to 15 digits in all",
		"+1234":                "+1234 is not in E.164 form: write + and country code, then the number: 5 to 15 digits in all",
		"+1234567890123456":    "+1234567890123456 is not in E.164 form: write + and country code, then the number: 5 to 15 digits in all",
		"+447700900123\x1b[2J": `+447700900123\x1b[2J is not in E.164 form: write + and country code, then the number: 5 to 15 digits in all`,
		"+44770\u202e":         `+44770\u202e is not in E.164 form: write + and country code, then the number: 5 to 15 digits in all`,
		"+٤٤٧٧٠٠٩٠٠١٢٣":        "+٤٤٧٧٠٠٩٠٠١٢٣ is not in E.164 form: write + and country code, then the number: 5 to 15 digits in all",
		"":                     "the phone number is empty: write it with + and country code",
	}
	for s, want := range bad {
		if p, err := vnv.ParsePhone(s); err == nil || err.Error() != want || p != "" {
			t.Errorf("%q: %q, %v\nwant %s", s, p, err, want)
		}
	}
	if _, err := vnv.ParsePhone("+44770" + strings.Repeat("0", 1<<20)); len(err.Error()) > 200 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()
	cases := map[vnv.Phone]string{
		"+99012345678": "+990••••••78", "+447700900123": "+44••••••••23", "+12025550123": "+1••••••••23", "+79991234567": "+7••••••••67",
		"+353850000042": "+353•••••••42", "+99012": "+990•••", "+12345": "+1••45", "07700900123": "•••", "": "•••", "+44x": "•••",
	}
	for phone, want := range cases {
		if got := phone.Masked(); got != want {
			t.Errorf("%s: %s, want %s", phone, got, want)
		}
	}
}

// V6, protocol 7.
func TestHash(t *testing.T) {
	t.Parallel()
	if got := vnv.Phone("+346661113334").Hash(); got != "6dd5d20f257c1f3620662454064e3aa25ba9a6c7a4d1e99e965bbadd3a7e07d6" {
		t.Errorf("hash %s", got)
	}
}

func TestSecretHides(t *testing.T) {
	t.Parallel()
	const value = "canary-value"
	s := vnv.Secret(value)
	shown := []string{s.String(), s.GoString(), s.LogValue().String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T%[1]v", "%30s"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, struct{ S vnv.Secret }{s}), fmt.Sprintf(verb, []vnv.Secret{s}))
	}
	text, _ := json.Marshal(map[string]any{"s": s, "list": []any{s, &s}})
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "in", struct{ S vnv.Secret }{s})
	for _, text := range append(shown, string(text), log.String()) {
		if strings.Contains(strings.ToLower(text), value) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", value)) {
			t.Errorf("%q shows the secret", text)
		}
	}
	if s.Reveal() != value || vnv.Secret("").String() != "" {
		t.Error("revealing, or an empty secret")
	}
	var back vnv.Secret
	if err := json.Unmarshal([]byte(`"abc"`), &back); err != nil || back.Reveal() != "abc" {
		t.Errorf("read %q, %v", back.Reveal(), err)
	}
}

func TestNewState(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	a, b := vnv.NewState().Reveal(), vnv.NewState().Reveal()
	if a == b || !form.MatchString(a) || !form.MatchString(b) {
		t.Error("states are equal or of another form")
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		client vnv.Client
		op     vnv.Op
		want   string // the URL, or the error after "error: "
	}{
		{"default", vnv.Client{}, vnv.OpEnable, "https://api-eu.vonage.com/v0.1/network-enablement"},
		{"default", vnv.Client{}, vnv.OpExchange, "https://api-eu.vonage.com/oauth2/token"},
		{"default", vnv.Client{}, vnv.OpVerify, "https://api-eu.vonage.com/camara/number-verification/v031/verify"},
		{"slash", vnv.Client{BaseURL: "https://api.example/"}, vnv.OpExchange, "https://api.example/oauth2/token"},
		{"prefix", vnv.Client{BaseURL: "http://localhost:8080/vendor"}, vnv.OpExchange, "http://localhost:8080/vendor/oauth2/token"},
		{"IPv6", vnv.Client{BaseURL: "http://[::1]:1"}, vnv.OpExchange, "http://[::1]:1/oauth2/token"},
		{"loopback", vnv.Client{BaseURL: "http://127.9.9.9"}, vnv.OpExchange, "http://127.9.9.9/oauth2/token"},
		{"override", vnv.Client{BaseURL: "bad", URLs: map[vnv.Op]string{vnv.OpVerify: "https://v.example/x?y=z"}}, vnv.OpVerify, "https://v.example/x?y=z"},
		{"other API", vnv.Client{API: vnv.API{Name: "other", BaseURL: "https://o.example", Paths: map[vnv.Op]string{vnv.OpVerify: "/v"}}}, vnv.OpVerify, "https://o.example/v"},
		{"no step", vnv.Client{API: vnv.API{Name: "other", BaseURL: "https://o.example"}}, vnv.OpExchange, "error: exchange: the API other has no such request"},
		{"no request", vnv.Client{}, vnv.OpAuthorize, "error: authorize: the API number-verification has no such request"},
		{"plain", vnv.Client{BaseURL: "http://api.example"}, vnv.OpEnable, "error: enable: the base URL is plain http to api.example: that is for loopback hosts only, use https"},
		{"look-alike", vnv.Client{BaseURL: "http://localhost.example"}, vnv.OpEnable, "error: enable: the base URL is plain http to localhost.example: that is for loopback hosts only, use https"},
		{"user", vnv.Client{BaseURL: "https://me:canary@api.example"}, vnv.OpEnable, "error: enable: the base URL has a user or password"},
		{"query", vnv.Client{BaseURL: "https://api.example?x=canary"}, vnv.OpEnable, "error: enable: the base URL has a query"},
		{"fragment", vnv.Client{BaseURL: "https://api.example#"}, vnv.OpEnable, "error: enable: the base URL has a fragment"},
		{"scheme", vnv.Client{BaseURL: "ftp://api.example"}, vnv.OpEnable, "error: enable: the base URL is not an absolute http or https URL"},
		{"relative", vnv.Client{BaseURL: "api.example"}, vnv.OpEnable, "error: enable: the base URL is not an absolute http or https URL"},
		{"control", vnv.Client{BaseURL: "https://api.example/\r\nX"}, vnv.OpEnable, "error: enable: the base URL holds control or invisible characters"},
		{"step", vnv.Client{URLs: map[vnv.Op]string{vnv.OpVerify: "https://[canary"}}, vnv.OpVerify, "error: verify: the URL of this step is no URL"},
	}
	for _, tc := range cases {
		got, err := tc.client.URL(tc.op)
		if err != nil {
			e := failure(t, err)
			if e.Kind != vnv.KindInput || e.Sent != vnv.SentNo {
				t.Errorf("%s: kind %s sent %s", tc.name, e.Kind, e.Sent)
			}
			got = "error: " + e.Error()
		}
		if got != tc.want {
			t.Errorf("%s: %s\nwant %s", tc.name, got, tc.want)
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("it broke")
	cases := []struct {
		e    vnv.Error
		want string
	}{
		{vnv.Error{Op: "enable", Kind: vnv.KindNetwork, Err: cause}, "enable: it broke"},
		{vnv.Error{Op: "exchange", Status: 400, Code: "invalid_grant", Detail: "used"}, "exchange: answered 400 invalid_grant: used"},
		{vnv.Error{Op: "verify", Status: 504}, "verify: answered 504"},
		{vnv.Error{Op: "enable", Status: 200, Code: "UNAUTHORIZED", Detail: "no\n\x1b]52;c;x\a", Err: cause}, `enable: it broke: UNAUTHORIZED: no\n\x1b]52;c;x\a`},
		{vnv.Error{Op: "authorize", Kind: vnv.KindDenied, Code: "access_denied"}, "authorize: access_denied"},
		{vnv.Error{Op: "authorize", Detail: "\xff\u2066x\u00ad"}, `authorize: \xff\u2066x\u00ad`},
	}
	for _, tc := range cases {
		if got := tc.e.Error(); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
	if e := &cases[0].e; !errors.Is(e, cause) {
		t.Error("the cause is lost")
	}
}
