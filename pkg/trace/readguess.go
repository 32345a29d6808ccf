package trace

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// What a foreign file does not say, and can be told from what it does: which hop is the redirect URI, and
// what an error was called.

// guessCallback looks for the redirect URI, where nobody has named it. It is what the chain asked for at its
// beginning, if that is where it ended; but in the vendor's flow that is the vendor's own callback, which hands
// a code or an error on to the app's.
func (r *reader) guessCallback() {
	if len(r.hops) == 0 || r.opts.RedirectURI != "" || r.own != nil {
		return
	}
	hops := chainOf(r.hops)
	asked, _ := valueOf(parseMasked(hops[0].URL), "redirect_uri")
	c := &chain{redirect: parseMasked(asked)}
	last := c.step(hops[len(hops)-1])
	switch {
	case handsOver(&last):
		r.opts.RedirectURI = bare(last.to)
	case c.isCallback(last.url) && last.Role != RoleVendor:
		r.opts.RedirectURI = asked
	case last.callback && c.redirect != nil:
		r.opts.RedirectURI = asked
		return
	case len(hops) > 1 && c.handedOver(hops[:len(hops)-1], &last):
		r.opts.RedirectURI = bare(last.url)
	default:
		return
	}
	for i := range r.hops {
		if h := &r.hops[i]; h.N == last.N && h.Step == last.Step && !handsOver(&last) {
			h.Role, h.RoleGuessed = RoleCallback, true
		}
	}
}

// handsOver says whether a hop sends a code or an error on to another place than its own redirect_uri.
func handsOver(s *step) bool {
	return s.url != nil && s.to != nil && s.to.Host != "" && s.Status/100 == 3 && isOutcome(s.url) && isOutcome(s.to) &&
		bare(s.url) != bare(s.to) && knownRole(s.to) == ""
}

// isOutcome says whether u brings a code or an error, as a callback does.
func isOutcome(u *url.URL) bool {
	_, code := valueOf(u, "code")
	_, failed := valueOf(u, "error")
	return code || failed
}

// bare is u without what it brings.
func bare(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// handedOver says whether the last hop was given a code or an error by what was asked for at the beginning,
// or brings a state that no hop before it had: that is the app's own.
func (c *chain) handedOver(before []Hop, last *step) bool {
	if last.url == nil || !isOutcome(last.url) || last.Role == RoleVendor || c.isCallback(last.url) {
		return false
	}
	prev := c.step(before[len(before)-1])
	if prev.to == nil || bare(prev.to) != bare(last.url) {
		return false
	}
	state, _ := valueOf(last.url, "state")
	fresh := state != ""
	for _, h := range before {
		if was, _ := valueOf(parseMasked(h.URL), "state"); was == state {
			fresh = false
		}
	}
	return c.isCallback(prev.url) || fresh
}

// called are the names of errors in JSON: of OAuth, CAMARA, and of the vendor's problems, whose type ends
// with it.
type called struct {
	Error   words `json:"error"`
	Code    words `json:"code"` // an error's where a message stands beside it; else it may be the secret
	Message words `json:"message"`
	Type    words `json:"type"`
}

// errorName is what a JSON body calls its error; empty where it names none that can be shown.
func errorName(body []byte) string {
	var e called
	if json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &e) != nil {
		return ""
	}
	if e.Message == "" {
		e.Code = ""
	}
	_, fragment, _ := strings.Cut(string(e.Type), "#")
	name := cmp.Or(string(e.Error), string(e.Code), fragment)
	if !plainError(name) {
		return ""
	}
	return name
}

// refused notes the error that the JSON of a hop names.
func (r *reader) refused(h *Hop, body []byte) {
	name := errorName(body)
	switch {
	case name == "":
	case chainSteps[h.Step]:
		r.opts.End.Code = r.mask.short(name)
	default:
		r.opts.Failed = &Failure{Step: h.Step, Code: r.mask.short(name)}
	}
}

// plainError says whether s can be shown as the name of an error: words, and no long ones of any other kind.
func plainError(s string) bool {
	const longest = 80
	if s == "" || len(s) > longest {
		return false
	}
	for word := range strings.FieldsFuncSeq(s, joint) {
		if !ordinaryWord(word) {
			return false
		}
	}
	return true
}

// apiStep is the step of an API call by its method and path: a backend that is recorded makes them beside the
// chain. Empty: none.
func apiStep(method, at string) string {
	if method != http.MethodPost {
		return ""
	}
	switch at = path.Clean("/" + at); {
	case strings.HasSuffix(at, "/network-enablement"), at == "/v2/verify":
		return "enable"
	case at == "/oauth2/token":
		return "exchange"
	case strings.HasPrefix(at, "/v2/verify/"), strings.Contains(at, "number-verification") && strings.HasSuffix(at, "/verify"):
		return "verify"
	}
	return ""
}
