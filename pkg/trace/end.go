package trace

import (
	"cmp"
	"fmt"
)

// end is how the chain ended, by its last hop; what is known better is kept.
func (c *chain) end() End {
	e := End{Kind: EndNone}
	if n := len(c.steps); n > 0 {
		e = c.steps[n-1].end()
	}
	g := c.given
	return End{
		Kind: cmp.Or(g.Kind, e.Kind), Hop: cmp.Or(g.Hop, e.Hop), Status: cmp.Or(g.Status, e.Status), ContentType: cmp.Or(g.ContentType, e.ContentType),
		Title: cmp.Or(g.Title, e.Title), Code: cmp.Or(g.Code, e.Code), Reason: cmp.Or(g.Reason, e.Reason), Detail: cmp.Or(g.Detail, e.Detail),
	}
}

// end is how a chain ended whose last hop this is.
func (s *step) end() End {
	e := End{Hop: s.N, Status: s.Status, ContentType: s.ContentType, Title: s.Title}
	e.Kind, e.Reason = s.ending()
	if to := cmp.Or(s.to, s.url); e.Kind == EndCallback {
		if code, failed := valueOf(to, "error"); failed {
			e.Kind, e.Code = EndDenied, code
		}
	}
	return e
}

// ending is the kind of an end, and why the chain went no further.
func (s *step) ending() (kind, reason string) {
	const bad = 400
	switch {
	case s.Status == 0:
		return EndFailed, cmp.Or(s.Phase, "no-answer")
	case s.callback:
		return EndCallback, ""
	case s.leadsTo != 0:
		return EndStopped, "loop"
	case s.to != nil && s.to.Scheme != "http" && s.to.Scheme != "https":
		return EndStopped, "scheme"
	case s.Location != "":
		return EndStopped, ""
	case s.Refresh != "":
		return EndPage, "meta-refresh"
	case isHTML(s.ContentType):
		return EndPage, ""
	case isJSON(s.ContentType) && s.Status >= bad:
		return EndDenied, ""
	case isJSON(s.ContentType):
		return EndAnswer, ""
	case s.Error != "":
		return EndFailed, s.Phase
	default:
		return EndDead, ""
	}
}

// words is the end as a sentence without a full stop.
func (e End) words() string {
	at := fmt.Sprintf(" at hop %d", e.Hop)
	switch e.Kind {
	case EndCallback:
		return "reached the redirect URI" + at
	case EndDenied:
		return "ended with " + cmp.Or(e.Code, "an error") + at
	case EndAnswer:
		return "ended with an answer in JSON" + at
	case EndPage:
		if e.Title != "" {
			return "ended at the page “" + e.Title + "”" + at
		}
		return "ended at a page" + at
	case EndDead:
		return fmt.Sprintf("ended with status %d", e.Status) + at
	case EndStopped:
		return "went no further" + at + because(cmp.Or(e.Detail, e.Reason))
	case EndFailed:
		return "got no whole answer" + at + because(e.Reason)
	}
	return "did not begin"
}

// because is the reason in brackets.
func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}
