package cli

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// read reads all sources of settings, and goes on where one is broken.
func (d *doctor) read(ctx context.Context) {
	d.config = newConfig(&d.Env, d.cmd.Flags(), d.flags.sandbox)
	for _, read := range d.config.sources() {
		if err := read(ctx); err != nil {
			d.wrong = append(d.wrong, failed(printable(err.Error()), "correct it: vnv config path names the file, vnv help environment the settings")...)
		}
	}
	err := d.config.checkForms("redirect_uri") // it has a row of its own
	if err != nil {
		d.wrong = append(d.wrong, failed(printable(err.Error()), "correct it: vnv help environment lists the settings")...)
	}
	if d.api, err = apiNamed(d.config.text("api")); err != nil {
		d.api = vnv.NumberVerification
		d.wrong = append(d.wrong, failed(printable(err.Error()), "")...)
	}
}

// settings tells where each setting comes from, and prepares what the later checks need.
func (d *doctor) settings(ctx context.Context) rows {
	d.flow = flow.Flow{
		API: d.api, BaseURL: d.config.host("base_url", d.api), URLs: d.config.urls(d.api),
		RedirectURI: d.config.text(redirectKeys[d.api.Name]),
	}
	if d.far != nil {
		d.flow.BaseURL = d.far.URL()
	}
	if _, needed := flow.Needs(d.api, flow.Steps(d.api)); d.far != nil && needed {
		d.flow.RedirectURI = first(d.flow.RedirectURI, freeCallback)
	}
	n, err := d.network(ctx)
	if d.noWays = err; err == nil {
		d.flow.Net, d.ways = n, n.Transport()
	}
	switch {
	case len(d.wrong) > 0:
		return d.wrong
	case d.far != nil:
		return fine("the sandbox's own: no account of yours is used")
	}
	return d.found()
}

// found lists the settings by where they come from, and what is missing.
func (d *doctor) found() rows {
	var origins []string
	keys := map[string][]string{}
	for _, s := range settings {
		value, origin := d.config.origin(s)
		if d.config.changed(s.key) {
			value, origin = "given", "flags"
		}
		if value == "" || origin == "default" {
			continue
		}
		if strings.HasPrefix(origin, "VNV_") {
			origin = "environment (VNV_…)"
		}
		if keys[origin] == nil {
			origins = append(origins, origin)
		}
		keys[origin] = append(keys[origin], s.key)
	}
	var parts []string
	for _, o := range origins {
		parts = append(parts, d.homeless(printable(o))+": "+strings.Join(keys[o], ", "))
	}
	text := strings.Join(parts, "; ")
	if missing := d.missing(keys); len(missing) > 0 {
		return failed(first(text, "none found")+". Missing: "+strings.Join(missing, ", "),
			"vnv config init asks for them; without an account: vnv doctor --sandbox")
	}
	return fine(text)
}

// missing names what a flow could not do without.
func (d *doctor) missing(keys map[string][]string) []string {
	need := []string{"app_id", "private_key"}
	if d.api.Name == vnv.NumberVerification.Name {
		need = append(need, "redirect_uri")
	}
	set := slices.Concat(slices.Collect(maps.Values(keys))...)
	var missing []string
	for _, key := range need {
		if !slices.Contains(set, key) {
			missing = append(missing, settingNames[key]+" ("+key+")")
		}
	}
	return missing
}

// key reads the private key as a step does.
func (d *doctor) key(ctx context.Context) rows {
	if d.far != nil {
		key, err := appjwt.ParseKey(d.far.PrivateKeyPEM())
		if err != nil {
			return failed(err.Error(), "")
		}
		d.use(credentials{appID: d.far.ApplicationID(), key: key})
		return shownKey(key, "the sandbox's published test key")
	}
	cred, missing, err := d.credentials(ctx, d.config)
	switch {
	case err != nil:
		return failed(printable(err.Error()), "the key is the private.key file that the dashboard gave when it was made")
	case len(missing) > 0:
		return skipped("there is none: see settings")
	}
	p, _ := d.config.pair() // it was read a moment ago
	where := "in " + d.homeless(printable(p.origin))
	if info, err := os.Stat(p.key); err == nil && info.Mode().IsRegular() {
		where = "mode " + octal(info.Mode().Perm()) + " " + d.homeless(printable(p.key))
	}
	row := shownKey(cred.key, where)
	if err := guardTestKey(cred.key, allLoopback(&d.flow)); err != nil {
		return failed(printable(err.Error()), "make a key of your own in the dashboard")
	}
	d.use(cred)
	if len(d.warnings) > 0 {
		row[0].Status, row[0].Next = render.CheckWarning, printable(d.warnings[0])
	}
	return row
}

// use makes the credentials sign from here on.
func (d *doctor) use(c credentials) {
	d.cred = c
	if err := d.sign(&d.flow, c); err != nil {
		d.cred = credentials{}
	}
}

// shownKey names a key without revealing it.
func shownKey(key *appjwt.Key, where string) rows {
	row := fine("RSA " + strconv.Itoa(key.Bits()) + ", " + where + ", " + shortPrint(key.Fingerprint()))
	row[0].Details = map[string]string{"bits": strconv.Itoa(key.Bits()), "fingerprint": key.Fingerprint()}
	return row
}

// shortPrint is as much of a fingerprint as two people compare.
func shortPrint(print string) string {
	const enough = len("sha256:") + 16
	if len(print) <= enough {
		return print
	}
	return print[:enough] + "…"
}

func octal(mode fs.FileMode) string { return "0" + strconv.FormatUint(uint64(mode), 8) }

// account is the API key and secret, as a pair from one source.
func (d *doctor) account() (key string, secret vnv.Secret, err error) {
	if d.far != nil {
		return sandbox.TestAPIKey, sandbox.TestAPISecret, nil
	}
	for _, prefix := range []string{"VNV", "VONAGE"} {
		key, secret := d.Getenv(prefix+"_API_KEY"), d.Getenv(prefix+"_API_SECRET")
		switch {
		case key == "" && secret == "":
			continue
		case key == "":
			return "", "", errors.New(prefix + "_API_SECRET is set, and " + prefix + "_API_KEY is not: they come as a pair")
		case secret == "":
			return "", "", errors.New(prefix + "_API_KEY is set, and " + prefix + "_API_SECRET is not: they come as a pair")
		}
		d.mask.Know("api-key", key, "")
		d.mask.Know("api-secret", secret, "")
		return key, vnv.Secret(secret), nil
	}
	return "", "", nil
}
