package render

import (
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"rsc.io/qr"
)

// ask shows the URL that somebody must open, whole and on one line of its own, so
// that it can be copied; with what must be true of the device. A QR code is drawn where
// all of it stays in view.
func (s *Story) ask(e flow.AuthURL) {
	s.clear()
	var above, below strings.Builder
	for _, l := range s.Style.wrap(s.invitation(e), s.Style.width()) {
		above.WriteString(s.Style.paint(strong, l) + "\n")
	}
	above.WriteString("\n  " + trace.Printable(e.URL) + "\n\n")
	if why := s.astray(e); why != "" {
		below.WriteString(s.Style.paragraph(" "+s.Style.paint(warn, "!")+" ", 3, why))
	}
	below.WriteString(s.answerTo(e) + "\n")

	s.print(above.String())
	if !local(e) && (e.Device == flow.DeviceNone || e.Device == flow.DeviceQR) {
		s.drawn(e, s.Style.rows(above.String())+s.Style.rows(below.String()))
	}
	s.print(below.String())
}

// local tells whether only this machine can open the URL.
func local(e flow.AuthURL) bool {
	u, err := url.Parse(e.URL)
	return err == nil && flow.Loopback(u.Hostname())
}

// invitation says who is to open the URL, and how.
func (s *Story) invitation(e flow.AuthURL) string {
	switch e.Device { //nolint:exhaustive // whoever else opens it: as below
	case flow.DeviceQR:
		if local(e) {
			break
		}
		return "Scan this with the phone: mobile data on; Wi-Fi, VPN and private relay off."
	case flow.DeviceADB:
		return "Opened on the phone; mobile data must be on, Wi-Fi, VPN and private relay off:"
	case flow.DeviceBrowser:
		if e.RequiresCarrier && !local(e) {
			return "Opened in the browser, which must be on carrier data; if nothing appears:"
		}
		return "Opened in the browser; if nothing appears, open this:"
	}
	if local(e) {
		return "Open this on this machine, in a browser or with curl -L:"
	}
	return "Open this on the phone, mobile data on, Wi-Fi and VPN off:"
}

// astray says why what was asked for cannot come back, empty if it can.
func (s *Story) astray(e flow.AuthURL) string {
	switch {
	case e.Device != flow.DeviceQR:
		return ""
	case local(e):
		return "There is no QR code of it: a phone cannot open a URL of this machine."
	case e.Ours && flow.Ours(e.RedirectURI, ""):
		return "A phone cannot come back to " + s.Mask.URL(e.RedirectURI) + ": use a tunnel with --redirect-uri and --listen, or --device adb."
	}
	return ""
}

// shellLines are what stands above the story: the prompt with the command, and a headline.
const shellLines = 4

// drawn draws the QR code where it fits with the lines around it; where it was asked for and
// does not, it says so. Where nobody asked, what was told before stays in view too.
func (s *Story) drawn(e flow.AuthURL, around int) {
	asked := e.Device == flow.DeviceQR
	if !asked {
		around = s.told + around + shellLines
	}
	lines, fits := s.Style.qr(e.URL, around)
	switch {
	case fits:
		s.print(strings.Join(lines, "\n") + "\n\n")
	case asked:
		s.print(strings.Join(s.Style.wrap(s.Style.room(e.URL, around), s.Style.width()), "\n") + "\n\n")
	}
}

// rows is how many lines a text takes on the screen: a URL goes on where a line ends.
func (s Style) rows(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		n += 1 + max(utf8.RuneCountInString(line)-2, 0)/max(s.Columns, 40)
	}
	return n
}

// room says what a QR code would need to be drawn.
func (s Style) room(text string, around int) string {
	const file = "open the link, or have a picture written: --qr-file FILE.png"
	code, err := qr.Encode(text, qr.L)
	switch {
	case err != nil:
		return "The URL is too long for a QR code: open the link."
	case !s.Unicode:
		return "The QR code needs a UTF-8 locale; " + file
	default:
		return fmt.Sprintf("The QR code needs %d rows and %d columns; %s", (code.Size+2*quietZone+1)/2+around+2, code.Size+2*quietZone, file)
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
	const paste = "paste the callback URL here, whole, and press Enter (it is not shown)"
	if e.RedirectURI == "" {
		return "the answer appears there as JSON: paste it here, whole, and press Enter\n(it is not shown)"
	}
	where, or := "waiting for the callback at "+s.Mask.URL(e.RedirectURI), ",\nor "+paste
	if !e.Ours {
		where, or = s.Mask.URL(e.RedirectURI)+" does not lead to this machine", ":\n"+paste
	}
	if !s.counts(e) && s.Now != nil && !e.Until.IsZero() {
		where += " (" + Clock(e.Until.Sub(s.Now())) + " left)"
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
// room for it and the lines around it. Light modules are drawn, for terminals are dark; with colour both
// are, so it can be scanned on any.
func (s Style) qr(text string, around int) ([]string, bool) {
	code, err := qr.Encode(text, qr.L)
	const quiet = quietZone
	if err != nil || !s.Unicode || code.Size+2*quiet > s.Columns || (code.Size+2*quiet+1)/2+around+2 > s.Rows {
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
