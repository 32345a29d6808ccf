package vnv

// Op is a step of the flow.
type Op string

// The steps, in their order.
const (
	OpJWT       Op = "jwt"       // sign an application JWT; no request
	OpEnable    Op = "enable"    // ask for an auth_url
	OpAuthorize Op = "authorize" // the device opens it; not done by this package
	OpExchange  Op = "exchange"  // trade the code for a token
	OpVerify    Op = "verify"    // does the device hold the number?
)

// Scope names what a token may be used for.
type Scope string

// DefaultScope is the scope of Number Verification as the guide spells it.
const DefaultScope Scope = "dpv:FraudPreventionAndDetection#number-verification-verify-read"

// API says where an API lives. It is a value: another host, another version
// or another vendor of the same flow is another value.
type API struct {
	Name    string        // as users name it: "number-verification"
	BaseURL string        // scheme and host, with no path
	Paths   map[Op]string // path of each step that is a request
}

// NumberVerification is Vonage Number Verification over CAMARA v0.3.1
// (guide, steps 2, 4 and 5). Its European host answers from Dublin, and from
// Frankfurt on failover; one host for all steps.
var NumberVerification = API{
	Name:    "number-verification",
	BaseURL: "https://api-eu.vonage.com",
	Paths: map[Op]string{
		OpEnable:   "/v0.1/network-enablement",
		OpExchange: "/oauth2/token",
		OpVerify:   "/camara/number-verification/v031/verify",
	},
}

// SilentAuth is the silent_auth channel of Vonage Verify v2, to which the
// vendor moves the users of Number Verification: [Client.Start], then the
// device opens the check URL, then [Client.Check]. There is no token, so
// nothing is exchanged. The path of verify goes on with the request id.
var SilentAuth = API{
	Name:    "verify",
	BaseURL: "https://api.nexmo.com",
	Paths: map[Op]string{
		OpEnable: "/v2/verify",
		OpVerify: "/v2/verify",
	},
}
