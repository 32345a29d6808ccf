package sandbox

import (
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ordinaryHops is how many redirects lie before the one to the redirect_uri when nothing is wrong.
const ordinaryHops = 4

const signIn = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1>" +
	"<form method=\"post\"><input name=\"number\"><input type=\"submit\"></form></body></html>\n"

const consent = "<!DOCTYPE html>\n<html><head><title>Your consent</title></head><body><h1>May your carrier confirm your number?</h1>" +
	"<form method=\"post\"><button name=\"ok\">Yes</button></form></body></html>\n"

var carrierFaults = []Fault{
	{"wifi", "the device is not on mobile data: the carrier answers with a sign-in page", StageCarrier, raw(200, typeHTML, signIn)},
	{"consent", "the carrier wants the user's consent on a page", StageCarrier, raw(200, typeHTML, consent)},
	{"loop", "a hop redirects to itself", StageCarrier, with(func(c *call) { redirect(c, c.s.carrier+c.r.URL.RequestURI()) })},
	{"endless", "every hop redirects to a new one", StageCarrier, with(func(c *call) { c.again() })},
	{"hops-10", "10 redirects before the one to the redirect_uri", StageCarrier, hops(10)},
	{"hops-11", "11 redirects before the one to the redirect_uri", StageCarrier, hops(11)},
	{"relative-location", "Location is a path, where the origin stays the same", StageCarrier, located(func(c *call, next string) string {
		return strings.TrimPrefix(next, c.s.carrier)
	})},
	{"location-spaces", "Location has raw spaces and UTF-8 in its query", StageCarrier, located(func(_ *call, next string) string {
		return next + "&note=a b ü"
	})},
	{"custom-scheme", "Location is an app's own scheme", StageCarrier, located(func(c *call, _ string) string {
		return "com.example.app://session?state=" + c.entry.State
	})},
	{"private-address", "Location is a private address", StageCarrier, located(func(c *call, _ string) string {
		return "http://10.0.0.1/session?state=" + c.entry.State
	})},
	{"metadata-address", "Location is the metadata service of a cloud", StageCarrier, located(func(*call, string) string {
		return "http://169.254.169.254/latest/meta-data/"
	})},
	{"meta-refresh", "a page with a meta refresh in place of a redirect", StageCarrier, altered(metaRefresh)},
	{"no-location", "a 302 without Location", StageCarrier, altered(func(_ *call, a *answer) { a.header.Del("Location") })},
	{"reset", "a hop resets the connection", StageCarrier, reset},
	{"header-flood", "a hop sends 16 MiB of headers", StageCarrier, altered(func(_ *call, a *answer) {
		a.header["X-Flood"] = slices.Repeat([]string{strings.Repeat("x", 1<<16)}, 256)
	})},
	{"endless-body", "a hop sends a page without end", StageCarrier, with(func(c *call) { c.pourOut() })},
}

// located changes the Location of the stage's answer.
func located(change func(c *call, next string) string) do {
	return altered(func(c *call, a *answer) {
		a.header["Location"] = []string{change(c, a.header.Get("Location"))}
	})
}

// again redirects to the first hop of the carrier under a new URL.
func (c *call) again() {
	redirect(c, c.s.carrier+"/carrier/he?state="+c.entry.State+"&n="+strconv.Itoa(c.times()+1))
}

// times is how often again has sent this client round.
func (c *call) times() int {
	n, err := strconv.Atoi(c.form.Get("n"))
	if err != nil {
		return 0
	}
	return n
}

// hops makes the chain that many redirects long, by rounds at its first hop.
func hops(n int) do {
	return func(_ *Server, w http.ResponseWriter, r *http.Request) bool {
		c, ok := w.(*call)
		if !ok || r.URL.Path != "/carrier/he" || c.times() >= n-ordinaryHops {
			return false
		}
		c.again()
		return true
	}
}

func metaRefresh(_ *call, a *answer) {
	next := html.EscapeString(a.header.Get("Location"))
	a.header.Del("Location")
	a.status, a.body = http.StatusOK, []byte("<!DOCTYPE html>\n<html><head><title>One moment</title>"+
		"<meta http-equiv=\"refresh\" content=\"0; url="+next+"\"></head><body></body></html>\n")
	a.header.Set("Content-Type", typeHTML)
}

// pourOut writes a page until the client or the sandbox has enough.
func (c *call) pourOut() {
	c.entry.Status = http.StatusOK
	c.note()
	c.Header().Set("Content-Type", typeHTML)
	chunk := []byte("<!DOCTYPE html>" + strings.Repeat("<p>and so on\n", 2048))
	for {
		select {
		case <-c.s.closing:
			return
		default:
		}
		if _, err := c.Write(chunk); err != nil {
			return
		}
	}
}
