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

// vendorHosts: host, or a suffix that begins with a dot, to role. Source: the guides.
var vendorHosts = []struct{ host, role string }{
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
	host := strings.ToLower(u.Hostname())
	for _, v := range vendorHosts {
		if host == v.host || v.host[0] == '.' && strings.HasSuffix(host, v.host) {
			return v.role
		}
	}
	if base, err := url.Parse(r.BaseURL); err == nil && sameOrigin(base, u) {
		return hinted(u.Path)
	}
	return RoleCarrier
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
