package trace

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

func stateWrong(c *chain, s *step) *hit {
	if !s.callback || s.to == nil || c.isCallback(s.url) {
		return nil
	}
	state, has := valueOf(s.to, "state")
	_, code := valueOf(s.to, "code")
	_, request := valueOf(s.to, "request_id") // of Verify, whose proof that is
	switch {
	case !has && code && !request:
		return &hit{text: "The callback brings a code without a state.", evidence: s.Location}
	case has && c.state != "" && state != c.state:
		return &hit{text: "The callback brings another state than the one that was sent.", evidence: "sent " + c.state + ", got " + state}
	}
	return nil
}

func stateChanged(c *chain, s *step) *hit {
	from, had := valueOf(s.url, "state")
	to, has := valueOf(s.to, "state")
	if !had || !has || from == to || s.callback && to == c.state {
		return nil
	}
	return &hit{
		text:     "The " + s.who() + " goes on with a state of its own, as is usual for a party that starts another request, if the callback brings yours back.",
		evidence: from + " → " + to,
	}
}

func redirectOther(c *chain, s *step) *hit {
	got, has := valueOf(s.url, "redirect_uri")
	if !has || c.wantURI == "" || got == c.wantURI {
		return nil
	}
	h := &hit{
		text:     "Asks for another redirect_uri than the registered one: all right where a party comes back to itself.",
		evidence: got,
	}
	if u := parseMasked(got); u != nil && nearly(u, c.redirect) {
		h.level, h.text = LevelError, "Asks for a redirect_uri that is nearly the registered one: they are compared byte by byte."
	}
	return h
}

func callbackMissed(c *chain, s *step) *hit {
	if s.callback || s.to == nil || !nearly(s.to, c.redirect) || c.isCallback(s.to) {
		return nil
	}
	_, code := valueOf(s.to, "code")
	_, failed := valueOf(s.to, "error")
	if !code && !failed {
		return nil
	}
	return &hit{text: "Leads to what is nearly the redirect URI, but not quite.", evidence: s.Location}
}

// nearly says whether a is b but for its scheme, port, "www.", trailing slash, or capitals.
func nearly(a, b *url.URL) bool {
	if a == nil || b == nil {
		return false
	}
	host := func(u *url.URL) string { return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") }
	path := func(u *url.URL) string { return strings.ToLower(strings.TrimRight(u.EscapedPath(), "/")) }
	return host(a) == host(b) && path(a) == path(b)
}

// refusals are the reasons of a follower for going no further that the hops themselves do not show.
var refusals = []struct{ reason, text string }{
	{"syntax", "Leads to what is no URL to follow"},
	{"forbidden-address", "Leads to an address that a redirect may not reach"},
	{"cleartext-secret", "Leads to plain http, where it may not be followed"},
	{"too-many", "Leads on, after as many redirects as may be followed"},
}

func refusedHop(c *chain, s *step) *hit {
	if !s.last || s.Location == "" || s.Status/100 != 3 || c.given.Kind != EndStopped {
		return nil
	}
	for _, r := range refusals {
		if r.reason == c.given.Reason {
			return &hit{text: strings.TrimSuffix(r.text+": "+c.given.Detail, ": ") + ".", evidence: s.Location}
		}
	}
	return nil
}

func privateAddress(_ *chain, s *step) *hit {
	addr, err := netip.ParseAddrPort(s.RemoteAddr)
	if err != nil {
		return nil
	}
	a := addr.Addr().Unmap()
	switch {
	case a.IsLoopback():
		return &hit{level: LevelInfo, text: "On this machine, as the sandbox is: a real chain leads to public addresses.", evidence: s.RemoteAddr}
	case a.IsLinkLocalUnicast(), a.IsMulticast(), a.IsUnspecified():
		return &hit{level: LevelError, text: "On an address that no chain may lead to.", evidence: s.RemoteAddr}
	case a.IsPrivate(), shared.Contains(a):
		return &hit{text: "On a private address: only devices in that network reach it.", evidence: s.RemoteAddr}
	}
	return nil
}

// shared is the space between carriers and their customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

func deadEnd(_ *chain, s *step) *hit {
	if !s.last || s.Location != "" || s.Error != "" || s.Status == 0 || isHTML(s.ContentType) || isJSON(s.ContentType) || s.Role == RoleCallback {
		return nil
	}
	if s.Status/100 == 3 {
		return &hit{text: "A redirect without a Location.", evidence: s.status()}
	}
	return &hit{text: "The chain ends here, with neither a redirect nor an answer in JSON.", evidence: s.contentEvidence()}
}

func htmlPage(_ *chain, s *step) *hit {
	if !s.last || s.Location != "" || !isHTML(s.ContentType) || s.Role == RoleCallback {
		return nil
	}
	text := "The chain ends at a page, which a person would have to use."
	if s.Title != "" {
		text = fmt.Sprintf("The chain ends at the page “%s”, which a person would have to use.", s.Title)
	}
	return &hit{text: text, evidence: s.contentEvidence()}
}

func metaRefreshed(_ *chain, s *step) *hit {
	if s.Refresh == "" || s.Location != "" {
		return nil
	}
	return &hit{text: "The page leads on by a refresh, which browsers follow and the phone libraries do not.", evidence: s.Refresh}
}

// isJSON says whether a media type is JSON's or built on it.
func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// who names the party of a hop.
func (s *step) who() string {
	if s.Role == "" {
		return "host"
	}
	return s.Role
}

// origin is scheme and host of a hop.
func (s *step) origin() string { return s.url.Scheme + "://" + s.url.Host }

// status is the status as evidence.
func (s *step) status() string { return fmt.Sprintf("status %d", s.Status) }

// contentEvidence is status and type of the answer.
func (s *step) contentEvidence() string {
	if s.ContentType == "" {
		return s.status()
	}
	return s.status() + ", " + s.ContentType
}
