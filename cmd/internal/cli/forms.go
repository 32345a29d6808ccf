package cli

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// forms say what a setting must look like, beyond being a text or a time: whether it
// is a flag, a variable, in a config file or about to be kept in one, and before
// anything leaves. A setting's form is asked through [setting.wrong]; none repeats a value.
var forms = map[string]func(text string) error{
	"redirect_uri": redirectForm,
	"base_url":     func(text string) error { return endpointForm(vnv.Client{BaseURL: text}, vnv.OpEnable) },
	"enable_url":   stepForm(vnv.OpEnable),
	"token_url":    stepForm(vnv.OpExchange),
	"verify_url":   stepForm(vnv.OpVerify),
	"correlator":   correlatorForm,
	"proxy":        proxyForm,
}

// wrong says what is wrong with the text of a setting; an empty one is none.
func (s setting) wrong(text string) error {
	if text == "" {
		return nil
	}
	if s.kind == kindDuration {
		return durationForm(text)
	}
	if form := forms[s.key]; form != nil {
		return form(text)
	}
	return nil
}

// durationForm refuses what no limit can be. Its default says that there is none.
func durationForm(text string) error {
	if d, err := time.ParseDuration(text); err == nil && d <= 0 {
		return errors.New("want more than 0")
	}
	return nil
}

// redirectForm holds a redirect URI to what an authorization server can register, and
// to a way on which a code may travel (RFC 6749, section 3.1.2; RFC 9700, section 2.6).
func redirectForm(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case strings.Contains(uri, " ") || printable(uri) != uri:
		return errors.New("it holds blanks or characters that do not print: type it anew")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New("it is not an http or https URL with a host, such as https://dev.example/callback")
	case u.User != nil, strings.Contains(uri, "#"):
		return errors.New("it has user information or a fragment, which no server takes")
	case u.Scheme == "http" && !flow.Loopback(u.Hostname()):
		return errors.New("it is plain http, and the code would travel in the open: that is for this machine only, use https")
	}
	return nil
}

func stepForm(op vnv.Op) func(string) error {
	return func(text string) error { return endpointForm(vnv.Client{URLs: map[vnv.Op]string{op: text}}, op) }
}

// endpointForm asks the SDK, which says it without the step.
func endpointForm(c vnv.Client, op vnv.Op) error {
	_, err := c.URL(op)
	if e, ok := errors.AsType[*vnv.Error](err); ok {
		return e.Err
	}
	return err
}

var correlatorPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9-]{0,55}$`) })

// correlatorForm is CAMARA's.
func correlatorForm(text string) error {
	if !correlatorPattern().MatchString(text) {
		return errors.New("not up to 55 letters, digits and -")
	}
	return nil
}

func proxyForm(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, u.Scheme) {
		return errors.New("not a URL like http://proxy.example:3128")
	}
	return nil
}

// checkForms holds flags and variables to their forms, and names the first that is
// wrong; the config file is held to them where it is read.
func (c *config) checkForms(but ...string) error {
	for _, s := range settings {
		f := c.flags.Lookup(s.flag())
		name, text := s.env(), c.env.Getenv(s.env())
		switch given := f != nil && f.Changed; {
		case slices.Contains(but, s.key), c.sandbox && slices.Contains(accountKeys, s.key):
			continue
		case given:
			name, text = "--"+s.flag(), f.Value.String()
		case c.sandbox && slices.Contains(notForSandbox, s.key):
			continue
		}
		if err := s.wrong(text); err != nil {
			return usagef("%s: %w", name, err)
		}
	}
	return nil
}

// sessionForm holds to its form what is taken of a session where the settings say nothing.
func sessionForm(s flow.Session) error {
	if s.RedirectURI == "" {
		return nil
	}
	if err := redirectForm(s.RedirectURI); err != nil {
		return &usageError{err: fmt.Errorf("session: redirect_uri: %w", err)}
	}
	return nil
}
