package cli

import (
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// apis are the APIs that vnv speaks, by the names that users give them.
var apis = []struct {
	name string
	api  vnv.API
}{
	{vnv.NumberVerification.Name, vnv.NumberVerification},
	{vnv.SilentAuth.Name, vnv.SilentAuth},
	{"silent-auth", vnv.SilentAuth},
}

// redirectKeys name the setting that says where the chain of an API ends.
var redirectKeys = map[string]string{
	vnv.NumberVerification.Name: "redirect_uri",
	vnv.SilentAuth.Name:         "redirect_url",
}

func apiNames() []string {
	names := make([]string, len(apis))
	for i, a := range apis {
		names[i] = a.name
	}
	return names
}

// apiNamed returns the API of a name; the empty one is the default.
func apiNamed(name string) (vnv.API, error) {
	if name == "" {
		return vnv.NumberVerification, nil
	}
	for _, a := range apis {
		if a.name == name {
			return a.api, nil
		}
	}
	return vnv.API{}, oneOf("api", name, apiNames())
}

// chooseAPI takes the API from the settings, else from the session: its name is one
// of a table of ours, so no host can come in with it.
func (r *stepRun) chooseAPI(session string) error {
	var err error
	if r.api, err = apiNamed(first(r.config.text("api"), session)); err != nil {
		return err
	}
	if r.command.whole || len(r.ops) == 0 {
		r.ops = flow.Steps(r.api)
	}
	return nil
}

// host is a URL of the settings, if it belongs to the API in use. A base URL is one
// API's: what a source says of hosts goes with what it says of the API, so that the
// account of one is never sent to the hosts of the other.
func (c *config) host(key string, api vnv.API) string {
	if c.changed(key) {
		return c.text(key)
	}
	if c.sandbox {
		return ""
	}
	stored := func(key string) string { text, _ := c.stored[key].(string); return text }
	s, _ := settingByKey(key)
	for _, source := range []struct{ value, api string }{
		{c.env.Getenv(s.env()), first(c.env.Getenv("VNV_API"), stored("api"))},
		{stored(key), stored("api")},
	} {
		owner, err := apiNamed(source.api)
		switch {
		case source.value == "" || err != nil:
		case owner.Name == api.Name:
			return source.value
		case key == "base_url":
			c.foreign = s.env() + " is the host of " + owner.Name + ", so " + api.Name + " does not use it: set VNV_API beside it, or give --base-url"
		}
	}
	return ""
}

func (c *config) silent() flow.Silent {
	return flow.Silent{
		Brand: c.text("brand"), NoCoverageCheck: !c.GetBool("coverage_check"),
		ClientRef: c.text("client_ref"), Mode: c.text("mode"),
	}
}

var errNoExchange = usagef("the Verify API has no exchange: vnv verify takes the code itself")

// passesOn tells whether the command's step is not one of the API's.
func (r *stepRun) passesOn() bool {
	return !r.command.whole && !slices.Contains(flow.Steps(r.api), last(r.command.ops))
}

// passOn hands a session on as it came, so that one pipe of steps serves both APIs.
func (r *stepRun) passOn() error {
	if !r.brought() {
		return errNoExchange
	}
	r.warn("the Verify API has no exchange: the session is passed on unchanged")
	if r.store != nil && !r.out.json() {
		return nil
	}
	doc, err := r.session.Document()
	if err != nil {
		return err
	}
	if r.out.format == formatText {
		return r.stdout(doc)
	}
	r.sink()
	return r.answer(strings.TrimSpace(string(doc)), doc)
}
