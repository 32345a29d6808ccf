package cli

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"strings"

	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// credentials are an application id and its key. They always come as a pair from
// one source: half of one account with half of another is a 401 that nobody
// understands.
type credentials struct {
	appID  string
	key    *appjwt.Key
	origin string // "flags", "environment", …

	redirectURI string // as that source has it; empty: it says nothing of one
}

// pair is what one source says of the two; key is a path, a key's text or a spec
// of input.go, by form.
type pair struct{ origin, appID, key, redirectURI string }

func (p pair) empty() bool { return p.appID == "" && p.key == "" }

// pairs lists the sources, nearest first. The vendor's own file comes last and is
// read only when nothing before it says anything.
func (c *config) pairs() []pair {
	get := c.env.Getenv
	flag := func(key string) string {
		if c.changed(key) {
			return c.text(key)
		}
		return ""
	}
	stored := func(key string) string {
		text, _ := c.stored[key].(string)
		return text
	}
	return []pair{
		{"flags", flag("app_id"), flag("private_key"), flag("redirect_uri")},
		{"environment (VNV_…)", get("VNV_APP_ID"), get("VNV_PRIVATE_KEY"), get("VNV_REDIRECT_URI")},
		{c.fileOrigin(), stored("app_id"), c.keyPath(stored("private_key")), stored("redirect_uri")},
		{
			"environment (VONAGE_…)", get("VONAGE_APPLICATION_ID"),
			first(get("VONAGE_PRIVATE_KEY_PATH"), get("VONAGE_PRIVATE_KEY"), get("VONAGE_PRIVATE_KEY64")), "",
		},
	}
}

// keyPath makes the path of a key relative to the config file that names it; the
// key's text, - and env:NAME stay what they are.
func (c *config) keyPath(spec string) string {
	if spec == "-" || strings.HasPrefix(spec, "env:") || inlineKey(spec) {
		return spec
	}
	return c.expand("private_key", spec)
}

func (c *config) pair() (pair, error) {
	for _, p := range c.pairs() {
		if !p.empty() {
			return p, nil
		}
	}
	v, err := c.vendorConfig()
	return pair{"~/.vonage/config.json", v.AppID, v.PrivateKey, ""}, err
}

// credentials resolves the pair and parses the key. What is missing is reported by
// the caller, together with what else is.
func (a *app) credentials(ctx context.Context, c *config) (credentials, []string, error) {
	p, err := c.pair()
	if err != nil {
		return credentials{}, nil, err
	}
	var missing []string
	if p.appID == "" {
		missing = append(missing, "app_id")
	}
	if p.key == "" {
		missing = append(missing, "private_key")
	}
	if len(missing) == 1 {
		return credentials{}, nil, usagef("half of the credentials comes from %s: %s is missing there; application id and private key come as a pair from one source", p.origin, settingNames[missing[0]])
	}
	if len(missing) > 0 {
		return credentials{}, missing, nil
	}
	raw, err := a.keyText(ctx, p)
	if err != nil {
		return credentials{}, nil, err
	}
	key, err := appjwt.ParseKey(raw)
	if err != nil {
		return credentials{}, nil, &usageError{err: errors.New(p.keyName() + strings.TrimPrefix(err.Error(), "parse private key"))}
	}
	return credentials{appID: p.appID, key: key, origin: p.origin, redirectURI: p.redirectURI}, nil, nil
}

// keyText returns the key's text. Flags name a file, - or env:NAME; the other
// sources may hold the text itself, as continuous integration likes it.
func (a *app) keyText(ctx context.Context, p pair) ([]byte, error) {
	if p.origin != "flags" && inlineKey(p.key) {
		return []byte(p.key), nil
	}
	if looksLikeKey(p.key) {
		return nil, usagef("--private-key takes a file, - or env:NAME, not the key itself: other users of this machine can read the arguments")
	}
	return a.readSecret(ctx, "private key", p.key)
}

// keyName says which key is meant, and who says so.
func (p pair) keyName() string {
	from := ", from " + p.origin
	if p.origin != "flags" && inlineKey(p.key) {
		return "the private key" + from
	}
	return "private key " + shown("private key", p.key) + from
}

func looksLikeKey(s string) bool { return strings.Contains(s, "-----BEGIN") }

func inlineKey(s string) bool {
	if looksLikeKey(s) {
		return true
	}
	if _, err := os.Stat(s); err == nil {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	return err == nil && looksLikeKey(string(raw))
}

// guardTestKey keeps the published key of the sandbox from ever signing for a real
// account: anybody can sign with it.
func guardTestKey(key *appjwt.Key, loopback bool) error {
	if !loopback && key.Fingerprint() == sandbox.TestKeyFingerprint {
		return usagef("this is the sandbox's published key: anybody can sign with it, so vnv uses it for loopback hosts only")
	}
	return nil
}
