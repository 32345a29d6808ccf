package trace

import (
	"fmt"
	"strings"
	"time"
)

// A Rule is a row of the table of findings.
type Rule struct {
	Name       string // stable, kebab-case
	Level      string // unless the finding has one of its own
	Summary    string // what it finds, for the documentation
	Everywhere bool   // also in API calls
	look       func(*chain, *step) *hit
}

// A hit is what a rule found.
type hit struct{ level, text, evidence string }

// Rules are what a chain is searched for. A new finding is a row.
var Rules = []Rule{
	{"no-answer", LevelError, "a request without an answer, or a whole one", true, noAnswer},
	{"http-error", LevelError, "an answer of 400 or more", true, httpError},
	{"oauth-error", LevelError, "an error among the parameters of a redirect", false, oauthError},
	{"state-wrong", LevelError, "the callback does not bring the state that was sent", false, stateWrong},
	{"state-changed", LevelInfo, "a redirect carries another state than its request", false, stateChanged},
	{"redirect-uri-other", LevelInfo, "a redirect_uri that is not the registered one", false, redirectOther},
	{"callback-missed", LevelError, "a redirect that nearly is the redirect URI", false, callbackMissed},
	{"secret-in-cleartext", LevelError, "a code or a token in a plain-http URL", true, secretCleartext},
	{"cleartext-hop", LevelWarning, "a hop over plain http", true, cleartextHop},
	{"downgrade", LevelWarning, "a redirect from https to http", false, downgrade},
	{"cookie-refused", LevelWarning, "a cookie that no client keeps", false, cookieRefused},
	{"cookie-lost", LevelWarning, "a cookie that was set for a hop and not sent to it", false, cookieLost},
	{"loop", LevelError, "a request that was made before", false, loop},
	{"refused-hop", LevelError, "a redirect to what may not be followed: no URL, a forbidden address, a secret over plain http, one too many", false, refusedHop},
	{"app-scheme", LevelWarning, "a redirect to an app or another scheme than http", false, appScheme},
	{"private-address", LevelWarning, "a hop on a private or local address", false, privateAddress},
	{"dead-end", LevelError, "an answer that leads nowhere", false, deadEnd},
	{"html-page", LevelError, "a page at the end of the chain", false, htmlPage},
	{"meta-refresh", LevelWarning, "a page that leads on by itself, in browsers alone", false, metaRefreshed},
	{"keeps-method", LevelInfo, "a redirect by 307 or 308", false, keepsMethod},
	{"odd-redirect", LevelWarning, "a Location under a status that few clients follow", false, oddRedirect},
	{"old-tls", LevelWarning, "TLS older than 1.2", true, oldTLS},
	{"slow-hop", LevelWarning, "a hop that took long", true, slowHop},
	{"clock-skew", LevelInfo, "clocks that differ, by the Date of an answer", true, clockSkew},
}

func noAnswer(_ *chain, s *step) *hit {
	if s.Error == "" {
		return nil
	}
	if s.Status != 0 {
		return &hit{text: "The answer broke off.", evidence: s.Error}
	}
	words := map[string]string{
		PhaseDNS: "The name was not found.", PhaseConnect: "No connection came about.",
		PhaseTLS: "The TLS handshake failed.", PhaseAnswer: "Connected, but no answer came.",
	}
	text := words[s.Phase]
	if text == "" {
		text = "No answer came."
	}
	return &hit{text: text, evidence: s.Error}
}

func httpError(_ *chain, s *step) *hit {
	const first, tooMany = 400, 429
	switch {
	case s.Status == tooMany:
		return &hit{text: "The host is asked too often.", evidence: "status 429"}
	case s.Status >= first:
		return &hit{text: fmt.Sprintf("The %s answers with the error %d.", s.who(), s.Status), evidence: s.contentEvidence()}
	}
	return nil
}

func oauthError(_ *chain, s *step) *hit {
	if code, ok := valueOf(s.to, "error"); ok {
		return &hit{text: "The " + s.who() + " answers with the error " + code + ".", evidence: "error=" + code}
	}
	return nil
}

func cleartextHop(_ *chain, s *step) *hit {
	switch {
	case s.url == nil || s.url.Scheme != "http":
		return nil
	case loopback(s.url.Hostname()):
		return &hit{
			level: LevelInfo, evidence: s.origin(),
			text: "Plain http on this machine: the sandbox's doing, not a fault of a chain.",
		}
	}
	return &hit{
		evidence: s.origin(),
		text:     "Plain http: everybody on the way can read this hop. Some carriers need one to recognise the phone.",
	}
}

func secretCleartext(_ *chain, s *step) *hit {
	if s.url == nil || s.url.Scheme != "http" || loopback(s.url.Hostname()) {
		return nil
	}
	for _, name := range []string{"code", "access_token", "id_token", "refresh_token", "token"} {
		if value, ok := valueOf(s.url, name); ok {
			return &hit{text: "A " + name + " travels over plain http.", evidence: name + "=" + value}
		}
	}
	return nil
}

func downgrade(_ *chain, s *step) *hit {
	if s.to == nil || s.url.Scheme != "https" || s.to.Scheme != "http" || loopback(s.to.Hostname()) {
		return nil
	}
	return &hit{
		text:     "Leads from https to http: the vendor's Android library goes no further, and its app sees only the status.",
		evidence: "to http://" + s.to.Host,
	}
}

func cookieLost(_ *chain, s *step) *hit {
	if len(s.lost) == 0 {
		return nil
	}
	return &hit{text: "Not sent here, though an earlier hop set it for this host: " + strings.Join(s.lost, ", ") + ".", evidence: strings.Join(s.lost, ", ")}
}

func cookieRefused(_ *chain, s *step) *hit {
	if len(s.refused) == 0 {
		return nil
	}
	return &hit{text: "Sets a cookie that no client keeps.", evidence: strings.Join(s.refused, "; ")}
}

func loop(_ *chain, s *step) *hit {
	switch {
	case s.leadsTo != 0:
		return &hit{text: fmt.Sprintf("Leads back to hop %d: the chain goes round in circles.", s.leadsTo), evidence: s.Location}
	case s.seen != 0:
		return &hit{level: LevelWarning, text: fmt.Sprintf("The same request as hop %d.", s.seen), evidence: s.URL}
	}
	return nil
}

func appScheme(_ *chain, s *step) *hit {
	if s.to == nil || s.to.Scheme == "http" || s.to.Scheme == "https" || s.callback {
		return nil
	}
	return &hit{text: "Leads to " + s.to.Scheme + ":, which only an app or a browser opens.", evidence: s.Location}
}

func keepsMethod(_ *chain, s *step) *hit {
	if s.Location == "" || s.Status != 307 && s.Status != 308 {
		return nil
	}
	return &hit{text: fmt.Sprintf("Redirects by %d, which the guides do not name: clients with a list of their own may stop.", s.Status), evidence: s.status()}
}

func oddRedirect(_ *chain, s *step) *hit {
	if s.Location == "" || s.Status == 0 {
		return nil
	}
	switch s.Status {
	case 301, 302, 303, 307, 308:
		return nil
	}
	return &hit{text: "Names a Location under a status that most clients do not follow.", evidence: s.status()}
}

func oldTLS(_ *chain, s *step) *hit {
	if s.TLSVersion == "TLS 1.0" || s.TLSVersion == "TLS 1.1" || strings.HasPrefix(s.TLSVersion, "SSL") {
		return &hit{text: "Speaks " + s.TLSVersion + ", which phones refuse.", evidence: s.TLSVersion}
	}
	return nil
}

func slowHop(c *chain, s *step) *hit {
	if s.Total < c.slow {
		return nil
	}
	part, most := "", time.Duration(0)
	for _, p := range []struct {
		name string
		took time.Duration
	}{{"the name lookup", s.DNS}, {"connecting", s.Connect}, {"the TLS handshake", s.TLS}, {"waiting for the answer", s.FirstByte}} {
		if p.took > most {
			part, most = p.name, p.took
		}
	}
	text := "Took " + rounded(s.Total)
	if most*2 > s.Total {
		text += ", most of it " + part
	}
	return &hit{text: text + ".", evidence: fmt.Sprintf("%.1f ms", millis(s.Total))}
}

func clockSkew(_ *chain, s *step) *hit {
	const told, serious = 5 * time.Second, 30 * time.Second
	if s.Skew.Abs() < told {
		return nil
	}
	word, level := "behind", ""
	if s.Skew > 0 {
		word = "ahead of"
	}
	if s.Skew.Abs() >= serious {
		level = LevelWarning
	}
	return &hit{
		level: level, evidence: "Date: " + s.Date.Format(time.RFC1123),
		text: fmt.Sprintf("The clock of the %s is %s %s ours.", s.who(), rounded(s.Skew.Abs()), word),
	}
}

// rounded is d for people.
func rounded(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
