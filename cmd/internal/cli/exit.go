package cli

// Exit codes. They are part of the interface: `vnv help exit-codes` prints this
// table and a golden file holds it.
const (
	exitOK          = 0
	exitUnexpected  = 1
	exitUsage       = 2
	exitNo          = 3
	exitCredentials = 4
	exitEnable      = 5
	exitDenied      = 6
	exitNoCallback  = 7
	exitState       = 8
	exitToken       = 9
	exitVerify      = 10
	exitNetwork     = 11
	exitChain       = 12
	exitReserved    = 13
	exitLater       = 14
	exitInterrupt   = 130
	exitTerminate   = 143
)

var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitOK, "step done, or verified"},
	{exitUnexpected, "unexpected: a bug, or an I/O error"},
	{exitUsage, "usage or configuration"},
	{exitNo, "answered, and the answer is no"},
	{exitCredentials, "credentials refused"},
	{exitEnable, "enable refused: number, network, scope, request, or API gone"},
	{exitDenied, "authorization denied"},
	{exitNoCallback, "nothing came back in time"},
	{exitState, "state missing or wrong, or a replay"},
	{exitToken, "token endpoint refused"},
	{exitVerify, "verify refused, or its answer is indeterminate"},
	{exitNetwork, "network: DNS, TCP, TLS, proxy, timeout; 500, 502, 504; outcome unknown"},
	{exitChain, "redirect chain: loop, too many, forbidden hop, dead end, page"},
	{exitReserved, "reserved"},
	{exitLater, "rate limited or unavailable (429, 503): try later"},
	{exitInterrupt, "cut off by SIGINT before the answer"},
	{exitTerminate, "cut off by SIGTERM, SIGHUP or SIGQUIT before the answer"},
}

// ofFailure tells whether an exit code is one that a failure ends with: documented, and of no
// answer.
func ofFailure(code int) bool {
	for _, row := range exitCodes {
		if row.code == code {
			return code != exitOK && code != exitNo && code != exitReserved
		}
	}
	return false
}
