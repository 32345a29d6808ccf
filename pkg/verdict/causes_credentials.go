package verdict

// Who can be the one to act.
const (
	whoYou     = "the developer: application, settings or code"
	whoDevice  = "the device or its user"
	whoCarrier = "the carrier"
	whoVendor  = "the vendor"
	whoNetwork = "the network between this machine and the far side"
	whoBackend = "the application's own backend"
	whoClock   = "the clock of this machine"
)

const (
	runFromSandbox = "vnv run --phone +99012345678 --sandbox"
	onThePhone     = "vnv run --phone {phone} --device none"
	again          = "vnv run --phone {phone}"
	withTrace      = "vnv run --phone {phone} --trace"
	lookIntoJWT    = "vnv jwt | vnv jwt decode -"
)

var credentialCauses = []Cause{
	{
		Name: "wrong-key", Title: "the private key does not belong to this application id",
		Means:  "The JWT is signed with a key whose public half is not that of the application it names, so the far side refuses it.",
		Who:    whoYou,
		Fix:    "Check that {app} has the public half of this key{key} in the dashboard, and that id and key are of one application.",
		Source: "guide, step 2 (Authorization: Bearer JWT); RFC 7807 type unauthorized",
		Next:   []string{"vnv jwt -o json --jq .key", lookIntoJWT},
	},
	{
		Name: "key-not-saved", Title: "the key was generated anew, but the dashboard was not saved",
		Means:  "The dashboard hands out the new private key at once, and uses its public half only after Save.",
		Who:    whoYou,
		Fix:    "Open the application in the dashboard, generate the key again, and press Save before leaving the page.",
		Source: "guide, create an application; RFC 7807 type unauthorized",
		Next:   []string{"vnv jwt -o json --jq .key"},
	},
	{
		Name: "clock-skew", Title: "the clock of this machine is wrong",
		Means:  "A JWT says when it was made and when it ends, and the server judges that by its own clock.",
		Who:    whoClock,
		Fix:    "Set the clock (NTP; in virtual machines and containers the host's), then try again: a JWT is judged by the server's.",
		Source: "RFC 7519 sections 4.1.4 to 4.1.6 (exp, nbf, iat); RFC 9110 section 6.6.1 (Date)",
		Next:   []string{lookIntoJWT},
	},
	{
		Name: "jwt-expired", Title: "the JWT has expired",
		Means:  "Its exp has passed, or without one 15 minutes since its iat.",
		Who:    whoYou,
		Fix:    "Sign a new JWT for every flow and keep none in a file; where it is new, compare the clocks.",
		Source: "guide, JWT claims (exp, 15 minutes); RFC 7807 type jwt-expired",
		Next:   []string{lookIntoJWT},
	},
	{
		Name: "jwt-has-acl", Title: "the JWT has an acl claim",
		Means:  "acl is for other products; for this flow it must not be there, and a token with it is refused.",
		Who:    whoYou,
		Fix:    "Leave acl (and sub) out when signing for this flow.",
		Source: "guide, JWT for the Network APIs",
		Next:   []string{lookIntoJWT},
	},
	{
		Name: "jwt-too-long", Title: "the JWT's lifetime is out of bounds",
		Means:  "exp may lie between 30 seconds and 24 hours after iat.",
		Who:    whoYou,
		Fix:    "Sign with a lifetime of 30 s to 24 h; 15 minutes are plenty.",
		Source: "guide, JWT claims (exp)",
		Next:   []string{"vnv jwt --ttl 15m"},
	},
	{
		Name: "jwt-malformed", Title: "the JWT is not one that this flow takes",
		Means:  "It must be signed with RS256 and hold application_id, iat and jti.",
		Who:    whoYou,
		Fix:    "Sign it with the application's RSA private key and those claims; vnv jwt prints one that is right.",
		Source: "guide, JWT; RFC 7519 section 7.2",
		Next:   []string{lookIntoJWT},
	},
	{
		Name: "account-forbidden", Title: "the account may not use this API",
		Means:  "The credentials are right, and the account or application has no permission for the call.",
		Who:    whoYou,
		Fix:    "Have the product enabled for the account, and look at the application's capabilities in the dashboard.",
		Source: "RFC 7807 type forbidden; RFC 9110 section 15.5.4",
		Next:   []string{runFromSandbox},
	},
	{
		Name: "account-not-provisioned", Title: "the account is not provisioned for this API",
		Means:  "The vendor knows the account, but has not switched the Network APIs on for it, or has suspended it.",
		Who:    whoVendor,
		Fix:    "Ask the vendor's support to provision the account, with {trace}.",
		Source: "RFC 7807 types unprovisioned, account-suspended",
		Next:   []string{runFromSandbox},
	},
	{
		Name: "low-balance", Title: "the account has no money left",
		Means:  "The request was understood, and not carried out because it could not be charged.",
		Who:    whoYou,
		Fix:    "Top the account up in the dashboard.",
		Source: "RFC 7807 type low-balance; Verify API, 402",
		Next:   []string{again},
	},
}
