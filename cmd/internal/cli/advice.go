package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/verdict"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// facts are what advice may speak of: no secret is among them.
type facts struct {
	appID, key, redirectURI string
	registered              string // the redirect URI that belongs to appID, by the same source of settings
	issuer                  string // of a certificate that was refused
	skew                    time.Duration
	scene                   func() verdict.Observation // what was observed besides the error; nil: nothing
}

// advice is a row of the one table that turns a failure into an exit code and
// what to do next. The first row that fits counts; an empty op or kind fits all.
// In a hint {app}, {key}, {redirect}, {clock} and {issuer} stand for the facts.
type advice struct {
	op   vnv.Op
	kind vnv.Kind
	when func(*vnv.Error, facts) bool
	exit int
	hint string
}

var advices = []advice{
	{kind: vnv.KindInput, when: exposed, exit: exitUsage, hint: "Others could reach this address. If they should: --listen-public."},
	{kind: vnv.KindInput, exit: exitUsage},
	{kind: vnv.KindInternal, exit: exitUnexpected},

	{op: vnv.OpVerify, kind: vnv.KindAuth, exit: exitVerify, hint: "The JWT was refused at the check: neither yes nor no, and the code may be used up. Check application {app} and its key ({key}), then begin again."},
	{kind: vnv.KindAuth, when: skewed, exit: exitCredentials, hint: "{clock}, and a JWT is judged by the server's. Set the clock, then try again."},
	{
		kind: vnv.KindAuth, exit: exitCredentials,
		hint: "Check that application {app} has the public half of this key ({key}) in the dashboard, that the dashboard was saved after the key was made, and that id and key are of one application.",
	},
	{
		kind: vnv.KindNotEnabled, when: says("allowlist", "verified phone numbers"), exit: exitEnable,
		hint: "The playground knows at most five numbers, each confirmed by SMS in the dashboard. Numbers that begin with +990 need no entry: vnv run --phone +99012345678.",
	},
	{kind: vnv.KindNotEnabled, when: says("no network application"), exit: exitEnable, hint: unlinked},
	{kind: vnv.KindRefused, op: vnv.OpEnable, when: says("no network application"), exit: exitEnable, hint: unlinked},
	{kind: vnv.KindNotEnabled, exit: exitEnable, hint: "Number, network or scope is not enabled for application {app}: see its Network APIs capability in the dashboard, and --scope."},
	{kind: vnv.KindGone, op: vnv.OpEnable, exit: exitEnable, hint: gone},
	{kind: vnv.KindRefused, op: vnv.OpEnable, exit: exitEnable, hint: "The request was understood and refused: look at the number, the --scope and the detail above."},
	{kind: vnv.KindUnusable, op: vnv.OpEnable, exit: exitEnable, hint: "The answer holds no usable auth_url. Check --base-url, and what the number's network supports."},

	{kind: vnv.KindDenied, exit: exitDenied, hint: "The authorization server said no. Ask for consent again, check the number's carrier, and that the device was on its mobile data."},
	{kind: vnv.KindNoCallback, exit: exitNoCallback, hint: "Was the URL opened on the phone, over mobile data, and does {redirect} lead back to this machine? A phone cannot reach localhost: use a tunnel with --redirect-uri and --listen."},
	{op: vnv.OpAuthorize, kind: vnv.KindState, exit: exitState, hint: "The callback did not carry this attempt's state (with Verify its request id): it belongs to another attempt, or a backend on the way dropped it. Nothing was exchanged."},
	{kind: vnv.KindState, exit: exitState, hint: "A state, a code and a token serve once: begin again with vnv enable."},

	{
		op: vnv.OpExchange, kind: vnv.KindRefused, when: code("invalid_grant"), exit: exitToken,
		hint: "The code was used before, has expired, or {redirect} is not byte for byte the redirect URI that is registered (the one inside the auth_url is the vendor's own).",
	},
	{op: vnv.OpExchange, kind: vnv.KindGone, exit: exitToken, hint: gone},
	{op: vnv.OpExchange, kind: vnv.KindRefused, exit: exitToken, hint: "The token endpoint refused the request: compare {redirect} with the registered redirect URI, and look at the code's age."},
	{op: vnv.OpExchange, kind: vnv.KindUnusable, exit: exitToken, hint: "The answer holds no usable access token. Check --token-url; the code may be used up, so begin again with vnv enable."},

	{
		op: vnv.OpVerify, when: code("NOT_AUTHENTICATED_BY_MOBILE_NETWORK"), kind: vnv.KindRefused, exit: exitVerify,
		hint: "The carrier did not see the device on its mobile network: switch Wi-Fi, VPN and private relay off, and open a new auth_url.",
	},
	{op: vnv.OpVerify, when: code("INVALID_TOKEN_CONTEXT"), kind: vnv.KindRefused, exit: exitVerify, hint: "The token was issued for another number or scope: enable and verify must be given the same number."},
	{op: vnv.OpVerify, kind: vnv.KindGone, exit: exitVerify, hint: gone},
	{op: vnv.OpVerify, kind: vnv.KindRefused, exit: exitVerify, hint: "Neither yes nor no: the token is used up. Run the flow again."},
	{op: vnv.OpVerify, kind: vnv.KindUnusable, exit: exitVerify, hint: "Neither yes nor no: the answer is not one that may be trusted. The token is used up, so run the flow again."},

	{op: opCancel, kind: vnv.KindRefused, when: status(http.StatusConflict), exit: exitVerify, hint: "A request can be ended from 30 s after its start until it is over. Left alone it ends by itself within a minute or so."},
	{op: opCancel, kind: vnv.KindRefused, when: status(http.StatusForbidden), exit: exitVerify, hint: "The account or the application may not do this: see the detail above. The request ends by itself within a minute or so."},
	{op: opCancel, kind: vnv.KindRefused, exit: exitVerify, hint: "No request of this application goes by this id any more: it is over, and its number is free."},
	{op: opCancel, kind: vnv.KindUnusable, exit: exitVerify, hint: "Whether the request has ended is not known. Check --base-url, then ask once more: that does no harm."},
	{op: opCancel, kind: vnv.KindUnknownOutcome, exit: exitNetwork, hint: "The request may have arrived. To ask once more does no harm."},

	{op: opForward, kind: vnv.KindUnknownOutcome, exit: exitNetwork, hint: "Does your backend run at the URL of --forward-to? The callback may have arrived there, and its code works once: begin again."},
	{kind: vnv.KindUnknownOutcome, exit: exitNetwork, hint: "The request may have arrived, and its code or token works once, so it was not sent again. Begin again with vnv enable."},
	{
		kind: vnv.KindNetwork, when: cause[x509.UnknownAuthorityError], exit: exitNetwork,
		hint: "The certificate was issued by nobody that this machine trusts{issuer}. Behind an inspecting proxy, give its authority with --ca-file FILE.",
	},
	{
		kind: vnv.KindNetwork, when: cause[x509.HostnameError], exit: exitNetwork,
		hint: "The certificate belongs to another host: something stands between, or the URL in the settings names the wrong host. --ca-file FILE trusts another authority, but never another name.",
	},
	{
		kind: vnv.KindNetwork, when: cause[x509.CertificateInvalidError], exit: exitNetwork,
		hint: "The certificate is not valid, most often because it has expired or because the clock of this machine is wrong. Behind an inspecting proxy, give its authority with --ca-file FILE.",
	},
	{kind: vnv.KindNetwork, when: cause[*net.DNSError], exit: exitNetwork, hint: "The name could not be resolved: check the network, the VPN, and the host in the settings."},
	{kind: vnv.KindNetwork, exit: exitNetwork, hint: "No answer came. Check the network, --proxy and the URLs in use (vnv -v shows more)."},
	{op: opForward, kind: vnv.KindServer, exit: exitNetwork, hint: "Your backend failed. The callback was passed on, so its code may be used up: look at the backend's log, then begin again."},
	{op: opForward, kind: vnv.KindUnavailable, exit: exitLater, hint: "Your backend asks for patience. The callback was passed on, so its code may be used up: begin again later."},
	{kind: vnv.KindServer, exit: exitNetwork, hint: "The far side failed, or something between answered in its place (a captive portal, a proxy). Try again."},
	{op: opTrace, kind: vnv.KindRedirect, when: chain(follow.ReasonPage, follow.ReasonMetaRefresh, follow.ReasonScript), exit: exitChain, hint: "Most likely the request did not come over the phone's mobile data: a sign-in or error page came in place of a redirect. Open the URL on the phone, or follow it by way of one: --interface."},
	{kind: vnv.KindRedirect, when: chain(follow.ReasonPage, follow.ReasonMetaRefresh, follow.ReasonScript), exit: exitChain, hint: "Most likely the request did not come over the phone's mobile data: a sign-in or error page came in place of a redirect. Open the URL on the phone: --device none."},
	{kind: vnv.KindRedirect, when: chain(follow.ReasonAddress), exit: exitChain, hint: "A URL wanted an address inside a private network, and vnv does not go there. If this is meant: --allow-private-hops (never for link-local and metadata addresses)."},
	{kind: vnv.KindRedirect, when: chain(follow.ReasonTooMany), exit: exitChain, hint: "Phones stop after 10 redirects too; --max-hops follows more, to see where it leads."},
	{op: vnv.OpAuthorize, kind: vnv.KindRedirect, when: empty, exit: exitChain, hint: "The callback came with this attempt's state, and with neither a code nor an error: the authorization server broke its contract."},
	{op: opTrace, kind: vnv.KindRedirect, exit: exitChain, hint: "The findings stand under the hops. Where the chain is meant to end is said with --redirect-uri."},
	{kind: vnv.KindRedirect, exit: exitChain, hint: "The chain did not end at {redirect}. --trace shows every hop."},

	{kind: vnv.KindConcurrent, exit: exitLater, hint: "Another request for this number is under way. It ends by itself within a minute or so, and 30 s after its start by: vnv verify cancel REQUEST_ID"},
	{kind: vnv.KindFailed, op: vnv.OpEnable, exit: exitVerify, hint: "The carrier could not authenticate this number silently: neither yes nor no. Fall back to another channel."},
	{kind: vnv.KindFailed, exit: exitVerify, hint: "The verification failed or expired: neither yes nor no. Run the flow again."},
	{kind: vnv.KindLimit, exit: exitLater, hint: "Too many requests (the vendor allows 10 a second per account): wait, then try again."},
	{kind: vnv.KindUnavailable, exit: exitLater, hint: "Out of service for now: wait, then try again."},
}

const unlinked = "Link the Network APIs capability to application {app} in the dashboard."

const gone = "Nobody lives at this URL. Check the URL settings; if they are the vendor's, this API may have been retired."

func skewed(_ *vnv.Error, f facts) bool { return f.skew.Abs() > 30*time.Second }

func says(words ...string) func(*vnv.Error, facts) bool {
	return func(e *vnv.Error, _ facts) bool {
		text := strings.ToLower(e.Code + " " + e.Detail)
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
}

func code(part string) func(*vnv.Error, facts) bool {
	return func(e *vnv.Error, _ facts) bool { return strings.Contains(e.Code, part) }
}

func status(code int) func(*vnv.Error, facts) bool {
	return func(e *vnv.Error, _ facts) bool { return e.Status == code }
}

func exposed(e *vnv.Error, _ facts) bool {
	c, ok := errors.AsType[*callback.Error](e)
	return ok && c.Reason == callback.ReasonExposed
}

func empty(e *vnv.Error, _ facts) bool {
	c, ok := errors.AsType[*callback.Error](e)
	return ok && c.Reason == callback.ReasonIncomplete
}

func chain(reasons ...follow.Reason) func(*vnv.Error, facts) bool {
	return func(e *vnv.Error, _ facts) bool {
		f, ok := errors.AsType[*follow.Error](e)
		return ok && slices.Contains(reasons, f.Reason)
	}
}

// cause tells whether an error of some type is at the bottom.
func cause[T error](e *vnv.Error, _ facts) bool {
	_, ok := errors.AsType[T](e)
	return ok
}

// issuerOf names who issued the certificate that nobody here trusts.
func issuerOf(err error) string {
	e, ok := errors.AsType[x509.UnknownAuthorityError](err)
	if !ok || e.Cert == nil || e.Cert.Issuer.String() == "" {
		return ""
	}
	return " (issuer: " + printable(e.Cert.Issuer.String()) + ")"
}

// failure is an error as the outside sees it: masked, with exit code and advice.
func (a *app) failure(ctx context.Context, err error) render.Failure {
	f := render.Failure{Kind: string(vnv.KindInternal), ExitCode: exitUnexpected, Message: a.mask.Text(err.Error())}
	if _, ok := errors.AsType[*usageError](err); ok {
		// Our own words about the user's own: an example number in them is no secret.
		f.Kind, f.ExitCode, f.Message = string(vnv.KindInput), exitUsage, printable(err.Error())
		return f
	}
	e, ok := errors.AsType[*vnv.Error](err)
	if !ok {
		return f
	}
	f.Op, f.Kind, f.Code, f.TraceID = string(e.Op), string(e.Kind), a.mask.Text(e.Code), a.mask.ID(e.TraceID)
	f.Sent, f.Status, f.Correlator = string(e.Sent), e.Status, a.mask.ID(e.Correlator)
	if hop, ok := errors.AsType[*follow.Error](err); ok {
		f.Hop, f.Status, f.Code = hop.Hop, hop.Status, a.mask.Text(hop.Code)
	}
	a.facts.skew, a.facts.issuer = e.ClockSkew(a.Now()), issuerOf(err)
	f.ExitCode, f.Hint = a.facts.advise(e)
	if f.Causes = a.judge(err, e); len(f.Causes) > 0 { // one verdict, wherever it is told
		f.Hint = verdict.Sentence(f.Causes) + " " + f.Causes[0].Fix
	}
	if cut, ok := errors.AsType[InterruptError](context.Cause(ctx)); ok && e.Kind == vnv.KindCanceled {
		f.ExitCode = cut.ExitCode()
	}
	return f
}

func (f facts) advise(e *vnv.Error) (exit int, hint string) {
	for _, row := range advices {
		if (row.op == "" || row.op == e.Op) && row.kind == e.Kind && (row.when == nil || row.when(e, f)) {
			return row.exit, f.fill(row.hint)
		}
	}
	return exitUnexpected, ""
}

func (f facts) fill(hint string) string {
	clock := "Your clock is right"
	if f.skew != 0 {
		clock = "Your clock is " + render.Span(f.skew.Abs()) + map[bool]string{true: " ahead", false: " behind"}[f.skew > 0]
	}
	return strings.NewReplacer(
		"{app}", first(f.appID, "(none)"), "{key}", first(f.key, "no key"),
		"{redirect}", first(f.redirectURI, "the redirect URI"), "{clock}", clock, "{issuer}", f.issuer,
	).Replace(hint)
}
