package cli

import (
	"time"

	"github.com/spf13/pflag"
)

// A setting can be given as a flag, in the environment and in a profile of the
// config file. This table is the one list of them: flags, `vnv help environment`,
// the check of the config file and the advice on a missing one all read it.
type setting struct {
	key   string // in a profile; the flag is the same with dashes, the variable VNV_ and upper case
	kind  kind
	deflt string
	usage string
}

// kind says how a setting's text is to be read.
type kind int

const (
	kindText kind = iota
	kindList
	kindBool
	kindInt
	kindDuration
)

var settings = []setting{
	{"app_id", kindText, "", "application `ID` from the dashboard"},
	{"private_key", kindText, "", "the application's private key: a `FILE`, - or env:NAME"},
	{"api", kindText, "", "`API` to speak: number-verification or verify (default number-verification)"},
	{"redirect_uri", kindText, "", "redirect `URI` as registered in the dashboard"},
	{"scope", kindList, "", "`SCOPE` to ask for (default is number-verification-verify-read)"},
	{"base_url", kindText, "", "`URL` of the API (default https://api-eu.vonage.com)"},
	{"enable_url", kindText, "", "whole `URL` of the enable step, in place of --base-url"},
	{"token_url", kindText, "", "whole `URL` of the exchange step"},
	{"verify_url", kindText, "", "whole `URL` of the verify step"},
	{"ca_file", kindText, "", "PEM `FILE` of certificate authorities to trust besides the system's"},
	{"proxy", kindText, "", "`URL` of the HTTP proxy (default is HTTPS_PROXY and NO_PROXY)"},
	{"device", kindText, "auto", "who opens the auth_url, a `DEVICE`: auto, follow, browser, qr, adb or none"},
	{"listen", kindText, "", "`HOST:PORT` where the callback arrives (default is the redirect URI's)"},
	{"listen_public", kindBool, "", "allow --listen on an address that others can reach"},
	{"error_grace", kindDuration, "", "end the wait this `TIME` after an error that lacks our state"},
	{"timeout", kindDuration, "", "`TIME` for the whole command (default 30s, 3m when a person must act)"},
	{"hop_timeout", kindDuration, "10s", "`TIME` for one redirect"},
	{"max_hops", kindInt, "10", "`N` redirects to follow at most, before the one to the redirect URI"},
	{"as", kindText, "", "follow by the rules of a `CLIENT`: android, ios, browser, curl or go"},
	{"interface", kindText, "", "network interface `NAME` by which the chain leaves (Linux)"},
	{"dns", kindText, "", "resolver `HOST[:PORT]` that the chain asks for names"},
	{"resolve", kindList, "", "`HOST:PORT:ADDRESS` in place of a lookup, as curl has it; repeatable"},
	{"brand", kindText, "", "Verify: `NAME` of who asks, 1 to 18 characters (default vnv)"},
	{"coverage_check", kindBool, "true", "Verify: ask first whether the number's network takes part"},
	{"redirect_url", kindText, "", "Verify: `URL` where the chain ends, its answer in the fragment (default none)"},
	{"client_ref", kindText, "", "Verify: `TEXT` that comes back in webhooks"},
	{"mode", kindText, "", "Verify: `MODE` of silent_auth, as the vendor documents it"},
	{"correlator", kindText, "", "x-correlator `ID` to send with verify (default is a random one)"},
}

func (s setting) flag() string { return dashed(s.key) }
func (s setting) env() string  { return "VNV_" + upper(s.key) }

func settingByKey(key string) (setting, bool) {
	for _, s := range settings {
		if s.key == key {
			return s, true
		}
	}
	return setting{}, false
}

// addSettings defines the flags of some settings.
func addSettings(fs *pflag.FlagSet, keys ...string) {
	for _, key := range keys {
		s, _ := settingByKey(key)
		switch s.kind {
		case kindText:
			fs.String(s.flag(), s.deflt, s.usage)
		case kindList:
			fs.StringArray(s.flag(), nil, s.usage)
		case kindBool:
			fs.Bool(s.flag(), s.deflt == "true", s.usage)
		case kindInt:
			fs.Int(s.flag(), atoi(s.deflt), s.usage)
		case kindDuration:
			d, _ := time.ParseDuration(s.deflt)
			fs.Duration(s.flag(), d, s.usage)
		}
	}
}

// The groups of flags, as help shows them.
var (
	connectionKeys = []string{"app_id", "private_key", "api", "redirect_uri", "scope", "base_url", "enable_url", "token_url", "verify_url", "ca_file", "proxy"}
	callbackKeys   = []string{"device", "listen", "listen_public", "error_grace", "timeout", "hop_timeout", "max_hops", "as", "interface", "dns", "resolve", "correlator"}
	silentKeys     = []string{"brand", "coverage_check", "redirect_url", "client_ref", "mode"}
)
