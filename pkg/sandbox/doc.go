// Package sandbox is the far side of the number verification flow on this machine: the vendor's API
// and authorization server and the carrier behind them, in one server without account or network. It
// plays the API that replaces the first one too, Verify's silent authentication (POST /v2/verify), through
// the same carrier.
//
// Use it to run the flow where nothing real may be asked: in `vnv run --sandbox`, as a server for a
// team's backend, and in Go tests ([Start]). It is strict by default, so that what passes here is not
// refused there for a reason that could have been seen before: the JWT is verified, bodies and forms
// are checked, every code and token works once and only for what it was issued.
//
// What is promised:
//
//   - The outcome follows the number, as with the vendor's Virtual Operator: last digit even is true,
//     odd is false, and a number ending in 99 is an error ([Options.ErrorAt], [Options.ErrorStatus]).
//     Any number will do, +990 or not. Of Verify's: even completed, odd user_rejected, 99 failed
//     ([Options.SilentErrorAt]).
//   - Handlers know only how things go right. What goes wrong is a row of [Faults], which stands in
//     front of a stage and is chosen in [Options.Faults] or [Server.SetFaults], by the phone number alone
//     ([Numbers]), or by a scenario that says by number what flows meet in turn ([ParseScenario]).
//   - Beside Network Enablement an app may ask by itself, as CAMARA has it: /oauth2/auth with its own
//     redirect_uri, login_hint and PKCE, and verify and device-phone-number below /number-verification/v1
//     and /v2. Client libraries find their way by OpenID Connect: discovery document, key set, id_token.
//   - With [Options.Seed] and [Options.Now] everything is the same again at every start.
//   - Memory is bounded, however many flows are abandoned: everything kept has a cap and a lifetime.
//   - It sends nothing but answers, and webhooks to [Options.Webhook] where that is set; no request
//     waits for one.
//   - Only loopback is bound, unless [Options.Public] says otherwise, and requests for a foreign Host
//     are refused, so that no web page can reach a sandbox through a name of its own.
//   - The control API ([Options.Control]) has a port and a token of its own, and masks the ledger unless
//     it is asked for raw.
//   - The ledger ([Server.Requests]) and [Options.Log] hold what was received, unmasked: a sandbox is
//     for made-up secrets, and whoever shows an [Entry] masks it first.
//
// The package shares no code with the client it checks; both are held to the transcripts in
// testdata/wire. It neither prints nor reads the environment, and it does not link testing.
package sandbox
