package render

import (
	"fmt"
	"strings"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"rsc.io/qr"
)

// ask shows the URL that somebody must open, whole and on one line of its own, so
// that it can be copied; with what must be true of the device.
func (s *Story) ask(e flow.AuthURL) {
	s.clear()
	where := "Open this on the phone, mobile data on, Wi-Fi and VPN off:"
	if e.Device == flow.DeviceBrowser {
		where = "Opened in the browser; if nothing appears, open this:"
		if e.RequiresCarrier {
			where = "Opened in the browser, which must be on carrier data; if nothing appears:"
		}
	}
	for _, l := range s.Style.wrap(where, s.Style.width()) {
		s.print(s.Style.paint(strong, l) + "\n")
	}
	s.print("\n  " + trace.Printable(e.URL) + "\n\n")
	if e.Device == flow.DeviceNone {
		if lines, fits := s.Style.qr(e.URL); fits {
			s.print(strings.Join(lines, "\n") + "\n\n")
		}
	}
	s.print(s.answerTo(e) + "\n")
}

// answerTo says where the callback comes to, and how else it can be handed in.
func (s *Story) answerTo(e flow.AuthURL) string {
	const paste = "paste the callback URL here, whole (it is not shown)"
	if e.RedirectURI == "" {
		return "the answer appears there as JSON: paste it here, whole (it is not shown)"
	}
	where, or := "waiting for the callback at "+s.Mask.URL(e.RedirectURI), ",\nor "+paste
	if !e.Ours {
		where, or = s.Mask.URL(e.RedirectURI)+" does not lead to this machine", ":\n"+paste
	}
	if e.Fragment {
		where += "\nfrom a browser that runs its page's script; the vendor's phone libraries run none"
	}
	if !s.Pastes {
		return where
	}
	return where + or
}

// qr draws a URL in half blocks, two rows of modules a line, if the terminal has
// room for it. Light modules are drawn, for terminals are dark; with colour both
// are, so it can be scanned on any.
func (s Style) qr(text string) ([]string, bool) {
	code, err := qr.Encode(text, qr.L)
	const quiet = 2
	if err != nil || !s.Unicode || code.Size+2*quiet > s.Columns || (code.Size+2*quiet+1)/2 > s.Rows-4 {
		return nil, false
	}
	light := func(x, y int) bool { return !code.Black(x, y) } // outside the code all is light
	var lines []string
	for y := -quiet; y < code.Size+quiet; y += 2 {
		var b strings.Builder
		for x := -quiet; x < code.Size+quiet; x++ {
			switch upper, lower := light(x, y), light(x, y+1) && y+1 < code.Size+quiet; {
			case upper && lower:
				b.WriteRune('█')
			case upper:
				b.WriteRune('▀')
			case lower:
				b.WriteRune('▄')
			default:
				b.WriteRune(' ')
			}
		}
		line := b.String()
		if s.Color {
			line = fmt.Sprintf("\x1b[97;40m%s\x1b[0m", line)
		}
		lines = append(lines, line)
	}
	return lines, true
}
