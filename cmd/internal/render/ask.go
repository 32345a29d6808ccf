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
	switch e.Device { //nolint:exhaustive // whoever else opens it: as above
	case flow.DeviceQR:
		where = "Scan this with the phone: mobile data on; Wi-Fi, VPN and private relay off."
	case flow.DeviceADB:
		where = "Opened on the phone; mobile data must be on, Wi-Fi, VPN and private relay off:"
	case flow.DeviceBrowser:
		where = "Opened in the browser; if nothing appears, open this:"
		if e.RequiresCarrier {
			where = "Opened in the browser, which must be on carrier data; if nothing appears:"
		}
	}
	for _, l := range s.Style.wrap(where, s.Style.width()) {
		s.print(s.Style.paint(strong, l) + "\n")
	}
	s.print("\n  " + trace.Printable(e.URL) + "\n\n")
	if e.Device == flow.DeviceNone || e.Device == flow.DeviceQR {
		s.drawn(e)
	}
	if e.Device == flow.DeviceQR && e.Ours && flow.Ours(e.RedirectURI, "") {
		for i, l := range s.Style.wrap("A phone cannot come back to "+s.Mask.URL(e.RedirectURI)+": use a tunnel with --redirect-uri and --listen, or --device adb.", s.Style.width()-3) {
			mark := " "
			if i == 0 {
				mark = s.Style.paint(warn, "!")
			}
			s.print(" " + mark + " " + l + "\n")
		}
	}
	s.print(s.answerTo(e) + "\n")
}

// drawn draws the QR code where it fits; where it was asked for and does not, it says so.
func (s *Story) drawn(e flow.AuthURL) {
	lines, fits := s.Style.qr(e.URL)
	switch {
	case fits:
		s.print(strings.Join(lines, "\n") + "\n\n")
	case e.Device == flow.DeviceQR:
		for _, l := range s.Style.wrap(s.Style.room(e.URL), s.Style.width()) {
			s.print(l + "\n")
		}
		s.print("\n")
	}
}

// room says what a QR code would need to be drawn.
func (s Style) room(text string) string {
	const file = "open the link, or have a picture written: --qr-file FILE.png"
	code, err := qr.Encode(text, qr.L)
	switch {
	case err != nil:
		return "The URL is too long for a QR code: open the link."
	case !s.Unicode:
		return "The QR code needs a UTF-8 locale; " + file
	default:
		return fmt.Sprintf("The QR code needs %d rows and %d columns; %s", (code.Size+2*quietZone+1)/2+4, code.Size+2*quietZone, file)
	}
}

// QRFile is the code of a URL as a PNG picture.
func QRFile(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil, err
	}
	return code.PNG(), nil
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

// quietZone is the margin that scanners need, in modules.
const quietZone = 2

// qr draws a URL in half blocks, two rows of modules a line, if the terminal has
// room for it. Light modules are drawn, for terminals are dark; with colour both
// are, so it can be scanned on any.
func (s Style) qr(text string) ([]string, bool) {
	code, err := qr.Encode(text, qr.L)
	const quiet = quietZone
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
