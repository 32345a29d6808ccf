package sandbox

import (
	"cmp"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ordinaryHops is how many redirects lie before the one to the redirect_uri when nothing is wrong.
const ordinaryHops = 4

const signInPage = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1>" +
	"<form method=\"post\"><input name=\"number\"><input type=\"submit\"></form></body></html>\n"

const consent = "<!DOCTYPE html>\n<html><head><title>Your consent</title></head><body><h1>May your carrier confirm your number?</h1>" +
	"<form method=\"post\"><button name=\"ok\">Yes</button></form></body></html>\n"

func authorizeFaults() []Fault {
	return []Fault{
		{"unknown-client", "the auth_url leads to a page: the client is unknown", StageAuthorize, refused(refusal{400, "The client is unknown.", nil})},
		{"redirect-uri-mismatch", "the auth_url leads to a page: the redirect URI is not registered", StageAuthorize, refused(refusal{
			400, "The redirect URI is not registered.", nil,
		})},
	}
}

func carrierFaults() []Fault {
	return []Fault{
		{"wifi", "the device is not on mobile data: the carrier answers with a sign-in page", StageCarrier, raw(200, typeHTML, signInPage)},
		{"consent", "the carrier wants the user's consent on a page", StageCarrier, raw(200, typeHTML, consent)},
		{"unsupported-carrier", "the carrier takes no part: JSON in place of a redirect", StageCarrier, camaraOf(422, "SERVICE_NOT_APPLICABLE",
			"The service is not available for the provided phone number.")},
		{"slow-hop", "a hop says nothing for half a minute", StageCarrier, slow},
		{"loop", "a hop redirects to itself", StageCarrier, with(func(c *call) { redirect(c, c.s.carrier+c.r.URL.RequestURI()) })},
		{"endless", "every hop redirects to a new one", StageCarrier, with(func(c *call) { c.again() })},
		{"hops-9", "9 redirects before the one to the redirect_uri", StageCarrier, hops(9)},
		{"hops-10", "10 redirects before the one to the redirect_uri", StageCarrier, hops(10)},
		{"hops-11", "11 redirects before the one to the redirect_uri", StageCarrier, hops(11)},
		{"relative-location", "Location is a path, where the origin stays the same", StageCarrier, located(func(c *call, next string) string {
			return strings.TrimPrefix(next, c.s.carrier)
		})},
		{"location-spaces", "Location has raw spaces and UTF-8 in its query", StageCarrier, located(func(_ *call, next string) string {
			return next + "&note=a b ü"
		})},
		{"redirect-301", "the hops redirect with 301", StageCarrier, redirectsWith(301)},
		{"redirect-303", "the hops redirect with 303", StageCarrier, redirectsWith(303)},
		{"redirect-307", "the hops redirect with 307", StageCarrier, redirectsWith(307)},
		{"redirect-308", "the hops redirect with 308", StageCarrier, redirectsWith(308)},
		{"cookie-required", "a hop sets a cookie and repeats itself until it comes back", StageCarrier, insistOnCookie},
		{"cleartext-hop", "a hop over plain http, as header enrichment needs it: a downgrade, and so to be seen with TLS only", StageCarrier, cleartextHop},
		{"cleartext-code", "the carrier's code is sent over plain http to a host of its own", StageCarrier, atPath("/carrier/session/return",
			located(func(_ *call, next string) string {
				return "http://carrier.example" + pathAndQuery(next)
			}))},
		{"tls-failure", "Location is https where no TLS is spoken", StageCarrier, located(func(c *call, next string) string {
			return "https" + strings.TrimPrefix(c.s.plainOrigin(), "http") + pathAndQuery(next)
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
}

// located changes the Location of the stage's answer.
func located(change func(c *call, next string) string) do {
	return altered(func(c *call, a *answer) {
		a.header["Location"] = []string{change(c, a.header.Get("Location"))}
	})
}

// again redirects to the first hop of the carrier under a new URL.
func (c *call) again() {
	redirect(c, c.s.carrier+firstHop+"?state="+c.entry.State+"&n="+strconv.Itoa(c.times()+1))
}

// times is how often again has sent this client round.
func (c *call) times() int {
	n, err := strconv.Atoi(c.form.Get("n"))
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// hops makes the chain that many redirects long, by rounds at its first hop.
func hops(n int) do {
	return func(_ *Server, w http.ResponseWriter, r *http.Request) bool {
		c, ok := w.(*call)
		if !ok || r.URL.Path != firstHop || c.times() >= n-ordinaryHops {
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

// redirectsWith changes the status of the stage's redirects.
func redirectsWith(status int) do {
	return altered(func(_ *call, a *answer) { a.status = status })
}

// atPath lets a deed be done at one of the stage's hops only.
func atPath(path string, then do) do {
	return func(s *Server, w http.ResponseWriter, r *http.Request) bool {
		return r.URL.Path == path && then(s, w, r)
	}
}

// checkCookie is what insistOnCookie sets.
const checkCookie = "carrier_check"

var insistOnCookie = atPath(firstHop, func(_ *Server, w http.ResponseWriter, r *http.Request) bool {
	c, ok := w.(*call)
	if _, err := r.Cookie(checkCookie); err == nil || !ok {
		return false
	}
	c.Header()["Set-Cookie"] = []string{checkCookie + "=" + c.s.ids.hex128() + "; Path=/carrier; HttpOnly; SameSite=Lax"}
	redirect(c, c.s.carrier+r.URL.RequestURI())
	return true
})

// cleartextHop leads over the carrier's plain port for one hop. Without TLS every hop is so already.
var cleartextHop = atPath(firstHop, located(func(c *call, next string) string {
	if c.s.tls == nil {
		c.entry.Note = "without TLS every hop is plain: nothing changes"
	}
	return c.s.plainOrigin() + pathAndQuery(next)
}))

// plainOrigin is where the carrier is reached without TLS; a port where nobody answers, if it is nowhere.
func (s *Server) plainOrigin() string {
	return cmp.Or(s.plain, "http://"+hostname(strings.TrimPrefix(s.carrier, "https://"))+":1")
}

// pathAndQuery is an absolute URL without its origin.
func pathAndQuery(absolute string) string {
	_, rest, _ := strings.Cut(absolute, "://")
	_, rest, _ = strings.Cut(rest, "/")
	return "/" + rest
}
