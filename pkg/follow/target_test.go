package follow

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// targets are references from https://op.example/a/b?q#frag, and the URL, or "!" and what is wrong.
var targets = []struct{ raw, want string }{
	{"https://x.example/y", "https://x.example/y#frag"},
	{"https://x.example/y#own", "https://x.example/y#own"},
	{"c", "https://op.example/a/c#frag"},
	{"/c/../d", "https://op.example/d#frag"},
	{"?z", "https://op.example/a/b?z#frag"},
	{"//evil.example", "https://evil.example#frag"},
	{" /sp ", "https://op.example/sp#frag"},
	{"/a b?c d&ü=<\">", "https://op.example/a%20b?c%20d&%C3%BC=%3C%22%3E#frag"},
	{"/\xff", "https://op.example/%FF#frag"},
	{"HTTPS://X.Example:443/", "https://x.example:443/#frag"},
	{"https://x.example:/", "https://x.example/#frag"},
	{"https://x.example:0443/", "https://x.example:443/#frag"},
	{"https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC#frag"},
	{"https://раураl.example/", "https://xn--l-7sba6dbr.example/#frag"},
	{"https://１２７.0.0.1/", "https://127.0.0.1/#frag"},
	{"https://2130706433/", "https://127.0.0.1/#frag"},
	{"https://0x7f000001/", "https://127.0.0.1/#frag"},
	{"https://0x7f.1/", "https://127.0.0.1/#frag"},
	{"https://0177.0.0.01/", "https://127.0.0.1/#frag"},
	{"https://127.1./", "https://127.0.0.1/#frag"},
	{"https://[::ffff:7f00:1]:8/", "https://[::ffff:127.0.0.1]:8/#frag"},
	{"https://[2001:DB8::1]/", "https://[2001:db8::1]/#frag"},
	{"https:evil.example", "!a scheme without //"},
	{"https:/evil.example", "!no host"},
	{"https:///evil", "!no host"},
	{"https://./", "!no host"},
	{"https://", "!no host"},
	{`\\evil.example`, "!backslashes in place of slashes"},
	{`/\evil.example`, "!backslashes in place of slashes"},
	{`https:\\evil.example`, "!a scheme without //"},
	{`https://good.example\@evil.example`, "!does not parse as a URL"},
	{"https://u@x.example/", "!a user name or password in the URL"},
	{"https://app.example%2f@evil.example/", "!a user name or password in the URL"},
	{"https://@x.example/", "!a user name or password in the URL"},
	{"https://x.example:0/", "!a bad port"},
	{"https://x.example:65536/", "!a bad port"},
	{"https://x.example:http/", "!does not parse as a URL"},
	{"https://1.2.3.256/", "!a host that is almost an IPv4 address"},
	{"https://1.2.3.4.5/", "!a host that is almost an IPv4 address"},
	{"https://0x100000000/", "!a host that is almost an IPv4 address"},
	{"https://08.0.0.1/", "!a host that is almost an IPv4 address"},
	{"https://[fe80::1%25eth0]/", "!a bad IPv6 address"},
	{"https://[::1/", "!does not parse as a URL"},
	{"https://a!b.example/", "!odd characters in the host"},
	{"https://a\u202eb.example/", "!a host name that is no domain name"},
	{"/%zz", "!does not parse as a URL"},
	{"/a\tb", "!control characters"},
	{"/a\x00", "!control characters"},
	{"/" + strings.Repeat("a", maxTarget), "!longer than 64 KiB"},
	{"ftp://x.example/", "!only https and http are followed"},
	{"data:text/html,x", "!only https and http are followed"},
	{"file:///etc/passwd", "!only https and http are followed"},
	{"tel:+990", "!only https and http are followed"},
}

func TestParseTarget(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("https://op.example/a/b?q#frag")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range targets {
		u, err := parseTarget(c.raw, base)
		var got string
		if bad, ok := errors.AsType[*targetError](err); ok {
			got = "!" + bad.detail
		} else {
			got = u.String()
		}
		if got != c.want {
			t.Errorf("%.80q\ngot  %s\nwant %s", c.raw, got, c.want)
		}
	}
}

func TestSameRedirectURI(t *testing.T) {
	t.Parallel()
	redirect := mustTarget(t, "https://app.example/cb")
	for _, same := range []string{"https://app.example/cb?code=1", "https://APP.example:443/cb#x", "https://app.example/x/../cb"} {
		if !sameRedirectURI(mustTarget(t, same), redirect) {
			t.Errorf("%s is the redirect URI", same)
		}
	}
	for _, other := range []string{
		"http://app.example/cb", "https://app.example:8443/cb", "https://app.example/cb/", "https://app.example/CB",
		"https://app.example/cb/x", "https://app.example/c%62", "https://app.example/cb;x", "https://app.example",
		"https://app.example./cb", "https://app.example.evil.example/cb", "https://evil.example/cb?https://app.example/cb",
		"https://xapp.example/cb", "https://аpp.example/cb", "https://app.example/%63b", "https://app.example/.%2e/cb",
	} {
		if sameRedirectURI(mustTarget(t, other), redirect) {
			t.Errorf("%s is not the redirect URI", other)
		}
	}
	if sameRedirectURI(redirect, nil) || !sameRedirectURI(mustTarget(t, "http://127.0.0.1:80/?x"), mustTarget(t, "http://127.0.0.1")) {
		t.Error("no redirect URI equals none; an empty path is the root, a default port is none")
	}
}

func mustTarget(t *testing.T, raw string) *url.URL {
	t.Helper()
	base := &url.URL{Scheme: "https", Host: "base.example"}
	u, err := parseTarget(raw, base)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return u
}

// FuzzParseTarget: what is taken for a target has a host in its one form, reads back as itself, and
// makes a request line without a space or a byte beyond ASCII.
func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{
		"https://x.example/", "//evil", "https:evil", "/a b?ü#ö", "http://0x7f.1", "http://[::ffff:7f00:1]:80", "?a#b",
		"http://u:p@h/", `/\h`, "http://127.0.0.1%2f@h", "http://h:99999", "\x00", "http://ａ.example", "https://h/%zz",
	} {
		f.Add(seed)
	}
	base := &url.URL{Scheme: "https", Host: "base.example", Path: "/p", RawQuery: "q"}
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := parseTarget(raw, base)
		if err != nil {
			return
		}
		if u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
			t.Fatalf("%q became %#v", raw, u)
		}
		if line := u.Host + u.RequestURI(); strings.ContainsFunc(line, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Fatalf("%q makes the request line %q", raw, line)
		}
		again, err := parseTarget(u.String(), nil)
		if err != nil || again.Host != u.Host || again.Scheme != u.Scheme || again.RequestURI() != u.RequestURI() {
			t.Fatalf("%q became %s, which reads back as %v, %v", raw, u, again, err)
		}
		if _, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), http.NoBody); err != nil {
			t.Fatalf("%q became %s, no request: %v", raw, u, err)
		}
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if err := Check("https://op.example/auth?state="+canary, Options{}); err != nil {
		t.Error(err)
	}
	for raw, want := range map[string]string{
		"javascript:" + canary:             "follow hop 1: javascript:[hidden]: only https and http are followed",
		"https://u:" + canary + "@x.y/z":   "follow hop 1: https://userinfo~1@x.y/z, not a URL to follow: a user name or password in the URL",
		"http://169.254.169.254/" + canary: "follow hop 1: http://169.254.169.254/id~1, refused: 169.254.169.254 is a metadata address",
		"":                                 "follow hop 1: an empty URL, not a URL to follow: a relative URL",
	} {
		if err := Check(raw, Options{}); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
