package render

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// roles are the short names of whose host it is.
var roles = map[string]string{
	trace.RoleVendor: "vendor", trace.RoleIdentity: "identity", trace.RoleCarrier: "carrier", trace.RoleCallback: "callback",
}

// hopLines shows the redirects of the step just ended, and behind them, as next, where the last one
// led if nobody went there; of the other steps the one request is shown only by --trace, which shows
// all with their findings.
func (s *Story) hopLines(wanted bool, next string) {
	switch {
	case !wanted:
	case s.Trace:
		if s.said == nil && !s.Verbose {
			s.said = map[string]bool{}
		}
		c := chainHops{style: s.Style, verbose: s.Verbose, column: 6, out: s.print, said: s.said}
		if s.Analyse != nil {
			c.trace = s.Analyse(s.hops)
		}
		c.write(s.hops)
	default:
		for _, h := range s.hops {
			s.hopLine(h)
		}
	}
	if wanted && len(s.hops) > 0 {
		s.undelivered(s.hops[len(s.hops)-1], next)
	}
	s.hops = nil
}

// hopLine is a redirect without --trace.
func (s *Story) hopLine(h trace.Hop) {
	if h.Step != "authorize" {
		return
	}
	s.print(s.Style.line(s.Style.hopText(h, 6, remarks(h)...), Took(h.Total)) + "\n")
	if h.Error != "" {
		for _, part := range s.Style.wrap(h.Error, s.Style.width()-14) {
			s.print(strings.Repeat(" ", 13) + s.Style.paint(faint, part) + "\n")
		}
	}
}

// undelivered shows what the last redirect led to and nobody requested: the callback where it is not ours, or what
// may not be followed.
func (s *Story) undelivered(last trace.Hop, next string) {
	if last.Step == "authorize" && last.Role != trace.RoleCallback && last.Location != "" && last.Status/100 == 3 {
		s.print(s.Style.line(fmt.Sprintf("%s       %-8s  %s", s.Style.arrow(6), next, place(last.Location)), "") + "\n")
	}
}

// hopText is a hop's line up to its time; its number ends at a column.
func (s Style) hopText(h trace.Hop, column int, remarks ...string) string {
	number, status := fmt.Sprintf("%*d", column, h.N), strconv.Itoa(h.Status)
	if h.Status == 0 {
		status = "–  "
	}
	role := roles[h.Role]
	if h.Role == trace.RoleCallback && h.Status/100 == 2 {
		number, status = s.arrow(column), "   "
	}
	return fmt.Sprintf("%s  %s  %-8s  %s", number, status, role, strings.Join(append([]string{place(h.URL)}, remarks...), "  "))
}

// arrow is the mark of the callback, which has no number, where numbers end at a column.
func (s Style) arrow(column int) string { return fmt.Sprintf("%*s", column, s.spell("→")) }

// remarks are the short news of a hop, behind its address.
func remarks(h trace.Hop) []string {
	var out []string
	for _, n := range h.Notes {
		if len(n.Kind) > 0 && !slices.Contains(out, n.Kind) {
			out = append(out, n.Kind)
		}
	}
	if len(h.CookiesSet) > 0 {
		out = append(out, "cookie "+strings.Join(h.CookiesSet, ", "))
	}
	return out
}

// hopFacts are the times and the connection of a hop, and why it failed.
func hopFacts(h trace.Hop) []string {
	var out, parts []string
	if h.Error != "" {
		out = append(out, h.Error)
	}
	for _, p := range []struct {
		name string
		d    time.Duration
	}{{"dns", h.DNS}, {"connect", h.Connect}, {"tls", h.TLS}, {"first byte", h.FirstByte}} {
		if p.d > 0 {
			parts = append(parts, p.name+" "+exact(p.d))
		}
	}
	connection := ""
	switch {
	case h.Reused:
		connection = "same connection"
	case h.RemoteAddr != "":
		connection = "new connection"
	}
	for _, p := range []string{connection, h.Proto, h.TLSVersion, h.RemoteAddr} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return out
	}
	return append(out, strings.Join(parts, ", "))
}

// exact is a duration for somebody who asked for timings: 0.3 ms, 12 ms.
func exact(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return Took(d)
}

// place is where a masked URL leads: host and path. What followed is in the JSON.
func place(masked string) string {
	u, err := url.Parse(masked)
	if err != nil || u.Host == "" {
		return masked
	}
	return u.Host + u.Path
}

// ended is what to call where the last redirect of a step that failed led to: an answer of the far
// side, though no good one, has come to the callback; everything else was not followed.
func ended(err error) string {
	if e, ok := errors.AsType[*vnv.Error](err); ok && (e.Kind == vnv.KindDenied || e.Kind == vnv.KindState) {
		return "callback"
	}
	return "next"
}

// phone is the number as it may be shown.
func (s *Story) phone(session flow.Session) string {
	if s.Mask != nil && s.Mask.Reveal {
		return trace.Printable(string(session.Phone))
	}
	return session.Phone.Masked()
}
