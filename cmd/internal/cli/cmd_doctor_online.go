package cli

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// How far two clocks may be apart. A JWT of a clock that is ahead begins in the
// server's future; how much of it the vendor forgives is not documented.
const (
	skewNoted   = 5 * time.Second
	skewHarmful = 30 * time.Second
	earliest    = 2024 // this program is younger than that
)

// asked is the answer to the one request that tells whether the JWT is accepted, and
// what time it is.
type asked struct {
	probed *vnv.Probed
	err    error
	skew   time.Duration
	known  bool // skew is
}

func (d *doctor) client() *vnv.Client {
	return &vnv.Client{
		API: d.flow.API, BaseURL: d.flow.BaseURL, URLs: d.flow.URLs, JWT: d.flow.JWT, Now: d.Now,
		HTTP: &http.Client{Transport: d.ways, Timeout: probeTime},
	}
}

// ask sends the request at most once.
func (d *doctor) ask(ctx context.Context) *asked {
	if d.asked != nil {
		return d.asked
	}
	got := &asked{}
	d.asked = got
	var date time.Time
	if got.probed, got.err = d.client().Probe(ctx); got.err == nil {
		date = got.probed.Date
	} else if e, ok := asVnv(got.err); ok {
		date = e.Date
	}
	if got.known = !date.IsZero(); got.known {
		got.skew = (&vnv.Error{Date: date}).ClockSkew(d.Now())
	}
	return got
}

// clock compares the clock with the server's, by which a JWT is judged.
func (d *doctor) clock(ctx context.Context) rows {
	now := d.Now().UTC()
	if now.Year() < earliest {
		return failed("it says "+now.Format(time.DateOnly), "set the clock: every JWT is refused and no certificate is valid at that time")
	}
	why := d.notAsked()
	if why == "" && d.cred.key == nil {
		why = "compared by the answer to a JWT, and there is no key"
	}
	if why != "" {
		return skipped(why)
	}
	got := d.ask(ctx)
	if !got.known {
		return skipped("no server told its time: see jwt")
	}
	r := fine("agrees with the server's")
	if off := got.skew.Abs(); off > skewNoted {
		text := render.Span(off) + map[bool]string{true: " ahead of", false: " behind"}[got.skew > 0] + " the server's, by which a JWT is judged"
		if r = warning(text, "set the clock"); off > skewHarmful {
			r = failed(text, "set the clock, then ask again")
		}
	}
	r[0].Details = map[string]string{"skew": got.skew.String()}
	return r
}

// jwtAccepted asks whether key and application id belong together.
func (d *doctor) jwtAccepted(ctx context.Context) rows {
	if why := d.notAsked(); why != "" {
		return skipped(why)
	}
	if d.cred.key == nil {
		return skipped("there is no key to sign one with")
	}
	got := d.ask(ctx)
	switch {
	case got.err != nil:
		return d.refused(ctx, got.err)
	case strings.Contains(strings.ToLower(got.probed.Detail), "no network application"):
		return failed("accepted, but "+d.mask.Text(got.probed.Detail), d.facts.fill(unlinked))
	}
	return fine("accepted for application " + printable(d.cred.appID) + ": an empty request was refused for being empty, and nothing was begun")
}

// application compares what the dashboard holds with the settings.
func (d *doctor) application(ctx context.Context) rows {
	key, secret, err := d.account()
	switch why := d.notAsked(); {
	case err != nil:
		return failed(err.Error(), "both stand in the dashboard, under API settings")
	case key == "":
		return skipped("needs VNV_API_KEY and VNV_API_SECRET: what the dashboard holds could be compared then")
	case why != "":
		return skipped(why)
	case d.cred.appID == "":
		return skipped("there is no application to ask for: see key")
	}
	client := d.client()
	client.API, client.BaseURL, client.URLs = vnv.Applications, d.applicationBase(), nil
	app, err := client.Application(ctx, d.cred.appID, key, secret)
	if err != nil {
		return d.noApplication(ctx, err)
	}
	found := fine(d.mask.Text(first(app.Name, "(no name)")) + ", " + printable(d.cred.appID))
	return append(append(append(found, d.capability(app)...), d.registered(app)...), d.publicKey(app)...)
}

// applicationBase is where the Application API is: beside the other on this machine,
// for that is a sandbox; else the vendor's.
func (d *doctor) applicationBase() string {
	if d.applicationURL == "" && loopbackURL(d.flow.BaseURL) {
		return d.flow.BaseURL
	}
	return d.applicationURL
}

func (d *doctor) noApplication(ctx context.Context, err error) rows {
	r := d.refused(ctx, err)
	e, ok := asVnv(err)
	switch {
	case ok && e.Kind == vnv.KindAuth:
		r[0].Next = "API key and secret are the account's, from API settings in the dashboard, not the application's"
	case ok && e.Kind == vnv.KindRefused:
		r[0].Next = "look at the application id: the account of this API key has no such application"
	case ok && e.Kind == vnv.KindInput && d.applicationURL != "":
		r[0].Next = "correct --application-url"
	}
	return r
}

func (d *doctor) capability(app *vnv.Application) rows {
	if app.NetworkApplicationID == "" {
		return named("capability", failed("the Network APIs capability is not linked to the application", "link it in the dashboard, with the redirect URI, and save"))
	}
	return named("capability", fine("Network APIs, "+d.mask.Text(app.NetworkApplicationID)))
}

// hostsInUse are the origins that the settings lead to, in the order of their use.
func (d *doctor) hostsInUse() []string {
	client := d.client()
	var origins []string
	add := func(raw string, err error) {
		if err != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil {
			return
		}
		if origin := u.Scheme + "://" + u.Host; !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	for _, op := range []vnv.Op{vnv.OpEnable, vnv.OpExchange, vnv.OpVerify} {
		add(client.URL(op))
	}
	if key, _, err := d.account(); key != "" && err == nil {
		client.API, client.BaseURL, client.URLs = vnv.Applications, d.applicationBase(), nil
		add(client.URL(vnv.OpApplication))
	}
	return origins
}

// wrongURL is a row for a URL of the settings that no request may go to.
func (d *doctor) wrongURL(ctx context.Context) rows {
	client := d.client()
	for op := range client.API.Paths {
		if _, err := client.URL(op); err != nil {
			return d.refused(ctx, err)
		}
	}
	return nil
}
