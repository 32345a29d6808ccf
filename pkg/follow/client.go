package follow

import (
	"crypto/tls"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Rule is what a client does its own way, and a chain can break.
type Rule string

// The rules.
const (
	RuleScheme     Rule = "scheme"      // a scheme that it does not open
	RuleDowngrade  Rule = "downgrade"   // from https to http
	RuleRedirects  Rule = "redirects"   // more than it follows
	RuleStatus     Rule = "status"      // a redirect by a status that it does not follow
	RuleNoLocation Rule = "no-location" // a redirect that leads nowhere
	RuleLocation   Rule = "location"    // a Location that it cannot read
	RuleTime       Rule = "time"        // its limit for the whole chain
	RuleHopTime    Rule = "hop-time"    // its limit for one hop
	RuleConnect    Rule = "connect"     // its limit for a connection
	RuleTLS        Rule = "tls"         // the TLS versions that it speaks, or a certificate
	RuleCookies    Rule = "cookies"     // a hop that counts on cookies, and it keeps none
	RuleRefresh    Rule = "refresh"     // a page that goes on by meta refresh or a Refresh header
	RuleScript     Rule = "script"      // a page that goes on by script
	RuleBody       Rule = "body"        // a last answer of a type that it does not read
	RulePage       Rule = "page"        // a last answer that is a page, or empty
	RuleError      Rule = "error"       // a last answer with a status of 400 or more
	RuleDNS        Rule = "dns"         // a name that was not found
	RuleConnection Rule = "connection"  // no connection, or it broke
	RuleNoData     Rule = "no-data"     // no mobile data: the interface is missing or down
)

// A Client is how one kind of program follows a chain. Every field is a rule of protocol.md,
// section 8; the zero value of a limit is no limit. A new client is a row of [Clients].
type Client struct {
	Name  string // for --as
	Title string // for people, with the version that the rules are from

	Schemes   []string // what it opens; nil: everything, an app's own schemes included
	Downgrade bool     // it goes on from https to http

	Redirects int   // how many it follows by its documentation
	Follows   int   // how many it follows
	Statuses  []int // that it follows with a Location; nil: any

	Overall time.Duration // for the whole chain
	PerHop  time.Duration // for one hop
	Connect time.Duration // for a connection

	MinTLS, MaxTLS uint16 // versions of crypto/tls; 0: as the transport has it
	HTTP           string // the newest version it speaks: "1.1", "2", "3"
	Cookies        bool   // it keeps cookies, by domain and path

	PathSpace, QuerySpace string // what it makes of a raw space in Location; " ": it sends it as it is
	Refresh               bool   // it goes on by meta refresh and Refresh header
	Script                bool   // it runs scripts

	Types    []string // of a last answer whose body it reads; nil: any
	TypeWord bool     // the type must stand alone or before "; ": "application/json;charset=utf-8" is not read
	MaxBody  int      // bytes that it reads of an answer, header included
	OneRead  bool     // what does not come with the first read is lost

	Codes map[Rule]string // what its app sees; {status} and {scheme} stand for themselves
}

var (
	standard  = []int{301, 302, 303, 307, 308}
	anyThree  = statuses(300, 399)
	web       = []string{"https", "http"}
	jsonTypes = []string{"application/json", "application/hal+json", "application/problem+json"}
)

// statuses are all from first to last.
func statuses(first, last int) []int {
	all := make([]int, 0, last-first+1)
	for s := first; s <= last; s++ {
		all = append(all, s)
	}
	return all
}

// httpStatus is what an app sees that got an answer and can do nothing with it.
const httpStatus = "http_status: {status}"

// sdkCodes are the phone libraries' error codes, with those of more over them.
func sdkCodes(more map[Rule]string) map[Rule]string {
	codes := map[Rule]string{
		RuleNoData: "sdk_no_data_connectivity", RuleRedirects: "sdk_redirect_error",
		RulePage: httpStatus, RuleBody: httpStatus, RuleRefresh: httpStatus, RuleScript: httpStatus, RuleError: httpStatus,
	}
	for _, r := range []Rule{RuleScheme, RuleTime, RuleHopTime, RuleConnect, RuleTLS, RuleDNS, RuleConnection, RuleLocation} {
		codes[r] = "sdk_connection_error"
	}
	maps.Copy(codes, more)
	return codes
}

// Clients are the clients whose rules are known, phones first. Sources: protocol.md, section 8; the
// phone libraries' sources; curl 7.88 and net/http of Go 1.26 as they behave.
var Clients = []Client{
	{
		Name: "android", Title: "Vonage Android client library 1.2",
		Schemes: []string{"https"}, Redirects: 10, Follows: 8, // its tenth request is too many, even if that is the answer
		Overall: 30 * time.Second, Connect: 5 * time.Second, MinTLS: tls.VersionTLS12, HTTP: "1.1", Cookies: true,
		PathSpace: "+", QuerySpace: "+", Types: jsonTypes, TypeWord: true, OneRead: true,
		Codes: sdkCodes(map[Rule]string{RuleDowngrade: httpStatus, RuleStatus: httpStatus, RuleNoLocation: httpStatus}),
	},
	{
		Name: "ios", Title: "Vonage iOS client library",
		Schemes: web, Downgrade: true, Redirects: 10, Follows: 10, Statuses: standard,
		PerHop: 5 * time.Second, Connect: 5 * time.Second, MinTLS: tls.VersionTLS12, MaxTLS: tls.VersionTLS12, HTTP: "1.1", Cookies: true,
		PathSpace: "+", QuerySpace: "+", Types: jsonTypes, MaxBody: 64 << 10, OneRead: true,
		Codes: sdkCodes(map[Rule]string{
			RuleStatus: "sdk_error", RuleError: "sdk_error", RuleNoLocation: "sdk_redirect_error", RuleLocation: "sdk_redirect_error",
		}),
	},
	{
		Name: "browser", Title: "a browser",
		Downgrade: true, Redirects: 20, Follows: 20, Statuses: standard, MinTLS: tls.VersionTLS12, HTTP: "3", Cookies: true,
		PathSpace: "%20", QuerySpace: "%20", Refresh: true, Script: true,
		Codes: map[Rule]string{
			RuleRedirects: "ERR_TOO_MANY_REDIRECTS", RuleLocation: "ERR_INVALID_REDIRECT",
			RuleTime: "ERR_TIMED_OUT", RuleHopTime: "ERR_TIMED_OUT", RuleConnect: "ERR_CONNECTION_TIMED_OUT",
			RuleTLS: "ERR_SSL_PROTOCOL_ERROR", RuleDNS: "ERR_NAME_NOT_RESOLVED", RuleConnection: "ERR_CONNECTION_FAILED",
			RuleNoData: "ERR_INTERNET_DISCONNECTED",
		},
	},
	{
		Name: "curl", Title: "curl -L",
		Schemes: web, Downgrade: true, Redirects: 50, Follows: 50, Statuses: anyThree, MinTLS: tls.VersionTLS12, HTTP: "2",
		PathSpace: "%20", QuerySpace: "+",
		Codes: map[Rule]string{
			RuleScheme: "exit 1", RuleRedirects: "exit 47", RuleLocation: "exit 3", RuleTime: "exit 28", RuleHopTime: "exit 28",
			RuleConnect: "exit 28", RuleTLS: "exit 35", RuleDNS: "exit 6", RuleConnection: "exit 7", RuleNoData: "exit 45",
			RuleStatus: httpStatus, RuleNoLocation: httpStatus, RulePage: httpStatus, RuleError: httpStatus,
			RuleRefresh: httpStatus, RuleScript: httpStatus,
		},
	},
	{
		Name: "go", Title: "Go's net/http client",
		Schemes: web, Downgrade: true, Redirects: 10, Follows: 9, // its tenth redirect is the one that stops it
		Statuses: standard, MinTLS: tls.VersionTLS12, HTTP: "2",
		PathSpace: "%20", QuerySpace: " ",
		Codes: map[Rule]string{
			RuleScheme: `unsupported protocol scheme "{scheme}"`, RuleRedirects: "stopped after 10 redirects",
			RuleLocation: "http_status: 400", RuleTime: "context deadline exceeded", RuleHopTime: "context deadline exceeded",
			RuleConnect: "i/o timeout", RuleTLS: "tls: handshake failure", RuleDNS: "no such host", RuleConnection: "dial error",
			RuleNoData: "network is unreachable", RuleStatus: httpStatus, RuleNoLocation: httpStatus, RulePage: httpStatus,
			RuleError: httpStatus, RuleRefresh: httpStatus, RuleScript: httpStatus,
		},
	},
}

// ClientNamed is the row of [Clients] of that name.
func ClientNamed(name string) (Client, bool) {
	i := slices.IndexFunc(Clients, func(c Client) bool { return c.Name == name })
	if i < 0 {
		return Client{}, false
	}
	return Clients[i], true
}

// ClientNames are the names of [Clients], for help and completion.
func ClientNames() []string {
	var names []string
	for _, c := range Clients {
		names = append(names, c.Name)
	}
	return names
}

// code is what the app sees when r ends the chain at an answer of that status.
func (c Client) code(r Rule, status int, scheme string) string {
	return strings.NewReplacer("{status}", strconv.Itoa(status), "{scheme}", scheme).Replace(c.Codes[r])
}

// opens says whether c opens URLs of a scheme.
func (c Client) opens(scheme string) bool {
	return c.Schemes == nil || slices.Contains(c.Schemes, scheme)
}

// follows says whether c follows a Location that comes with a status.
func (c Client) follows(status int) bool {
	return c.Statuses == nil || slices.Contains(c.Statuses, status)
}

// reads says whether c reads a body of that Content-Type.
func (c Client) reads(contentType string) bool {
	if c.Types == nil {
		return true
	}
	kind, rest, more := strings.Cut(contentType, ";")
	if c.TypeWord && more && rest != "" && rest[0] != ' ' {
		return false
	}
	return slices.Contains(c.Types, strings.ToLower(strings.TrimSpace(kind)))
}

// step says which rule of c is broken by going from one URL to the next, the nth redirect; empty
// if none. The first URL comes from no scheme.
func (c Client) step(from, to string, n int) Rule {
	switch {
	case n > c.Follows:
		return RuleRedirects
	case from == "https" && to == "http" && !c.Downgrade:
		return RuleDowngrade
	case !c.opens(to):
		return RuleScheme
	default:
		return ""
	}
}
