package trace

import (
	"net/url"
	"strings"
)

// Whose host a request went to, in a flow of this kind.
const (
	RoleVendor   = "vendor api"
	RoleIdentity = "vendor identity"
	RoleCarrier  = "carrier"
	RoleCallback = "callback"
)

// Roles tells whose host a URL is. The zero value knows the vendor's hosts.
type Roles struct {
	BaseURL     string // its origin is the vendor's API too, the sandbox's for example
	RedirectURI string // scheme, host, port and path of the callback
}

// knownHosts: host, or a suffix that begins with a dot, to role. Sources: the vendor's guides, and
// the names under which carriers are known.
var knownHosts = []struct{ host, role string }{
	{"api.nexmo.com", RoleVendor},
	{"api.vonage.com", RoleVendor},
	{"api-eu.vonage.com", RoleVendor},
	{"api-eu-3.vonage.com", RoleVendor},
	{"api-eu-4.vonage.com", RoleVendor},
	{"api-us.vonage.com", RoleVendor},
	{"api-ap.vonage.com", RoleVendor},
	{"oidc.idp.vonage.com", RoleIdentity},
	{"idp.vonage.com", RoleIdentity},
	{".idp.vonage.com", RoleIdentity},
	{".att.com", RoleCarrier},
	{".bouyguestelecom.fr", RoleCarrier},
	{".ee.co.uk", RoleCarrier},
	{".movistar.es", RoleCarrier},
	{".o2.co.uk", RoleCarrier},
	{".o2online.de", RoleCarrier},
	{".orange.com", RoleCarrier},
	{".orange.es", RoleCarrier},
	{".orange.fr", RoleCarrier},
	{".sfr.fr", RoleCarrier},
	{".t-mobile.com", RoleCarrier},
	{".telefonica.com", RoleCarrier},
	{".telekom.de", RoleCarrier},
	{".three.co.uk", RoleCarrier},
	{".tim.it", RoleCarrier},
	{".verizon.com", RoleCarrier},
	{".vodafone.com", RoleCarrier},
	{".vzw.com", RoleCarrier},
}

// pathHints tell the parties apart where one origin plays them all, as the sandbox can. First match wins.
var pathHints = []struct{ part, role string }{
	{"/carrier", RoleCarrier},
	{"/operator", RoleCarrier},
	{"/mno", RoleCarrier},
	{"/idp", RoleIdentity},
	{"/oauth2/auth", RoleIdentity},
	{"/oauth/", RoleIdentity},
}

// Role is the role of u's host: by the redirect URI, the vendor's hosts, the base URL and hints in
// the path, in this order; every other host is the carrier's (a guess).
func (r Roles) Role(u *url.URL) string {
	if cb, err := url.Parse(r.RedirectURI); err == nil && sameOrigin(cb, u) && cb.EscapedPath() == u.EscapedPath() {
		return RoleCallback
	}
	if role := knownRole(u); role != "" {
		return role
	}
	if base, err := url.Parse(r.BaseURL); err == nil && sameOrigin(base, u) {
		return hinted(u.Path)
	}
	return RoleCarrier
}

// knownRole is the role of u's host by the table; empty if it is not there.
func knownRole(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	for _, v := range knownHosts {
		if host == v.host || v.host[0] == '.' && strings.HasSuffix(host, v.host) {
			return v.role
		}
	}
	return ""
}

// guessed says whether role is what is usual for u, rather than known: a carrier or an identity
// provider that is in no table.
func guessed(role string, u *url.URL) bool {
	return (role == RoleCarrier || role == RoleIdentity) && knownRole(u) != role
}

// hinted is the role that a path on the base URL's origin suggests.
func hinted(path string) string {
	for _, h := range pathHints {
		if strings.Contains(path, h.part) {
			return h.role
		}
	}
	return RoleVendor
}

// sameOrigin compares scheme, host and port; a default port equals none.
func sameOrigin(a, b *url.URL) bool {
	return a.Host != "" && strings.EqualFold(a.Scheme, b.Scheme) &&
		strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

// port is u's port, the default one of its scheme if it names none.
func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)]
}
