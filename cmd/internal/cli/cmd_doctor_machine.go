package cli

import (
	"context"
	"runtime"
	"strings"

	"github.com/vnv-cli/vnv/cmd/internal/render"
)

// interfaces looks for a way out over mobile data.
func (d *doctor) interfaces(context.Context) rows {
	if d.Interfaces == nil {
		return skipped("not known here")
	}
	all, err := d.Interfaces()
	if err != nil {
		return skipped("cannot be listed: " + printable(err.Error()))
	}
	var cellular []string
	for _, i := range all {
		if !i.Cellular || !i.Up {
			continue
		}
		name := printable(i.Name) + " (" + printable(i.Why) + ")"
		if i.Hotspot {
			name += ", which some carriers treat otherwise than the phone itself"
		}
		cellular = append(cellular, name)
	}
	if len(cellular) == 0 {
		return fine("none looks cellular: real numbers need the phone itself, or one tethered")
	}
	return fine("likely cellular: " + strings.Join(cellular, "; ") + "; vnv run --interface NAME")
}

// terminal tells whether the QR code of an auth_url would fit.
func (d *doctor) terminal(context.Context) rows {
	if !d.ErrTTY || d.Size == nil {
		return skipped("stderr is no terminal: the auth_url is shown as text, without a QR code")
	}
	columns, rows := d.Size()
	size := itoa(columns) + " columns, " + itoa(rows) + " rows"
	s := d.style()
	switch s.Columns = columns; {
	case !s.Unicode:
		return warning(size+", not UTF-8: no QR code", "set LANG to a UTF-8 locale, or copy the URL")
	case !render.FitsQR(s):
		return warning(size+": too small for the QR code of an auth_url",
			"make it "+itoa(render.QRColumns)+" columns and "+itoa(render.QRRows)+" rows for a phone to scan, or copy the URL")
	}
	return fine(size + ": the QR code of an auth_url fits")
}

// openers are the programs that open a URL, by system; the first one found is used.
var openers = map[string][]string{
	"linux":   {"xdg-open", "x-www-browser", "www-browser", "wslview"},
	"freebsd": {"xdg-open", "x-www-browser", "www-browser"},
	"openbsd": {"xdg-open"},
	"netbsd":  {"xdg-open"},
	"darwin":  {"open"},
	"windows": {"rundll32"},
}

// browser looks for what --device browser starts.
func (d *doctor) browser(context.Context) rows {
	if why := d.headless(); why != "" {
		return skipped("no browser can appear here: " + why)
	}
	if d.LookPath == nil {
		return skipped("not known here")
	}
	for _, name := range openers[runtime.GOOS] {
		if path, err := d.LookPath(name); err == nil {
			return fine(printable(path))
		}
	}
	return warning("nothing that opens one is found: "+strings.Join(openers[runtime.GOOS], ", "), "install xdg-utils, or open the URL by hand (--device none)")
}

// adb looks for the bridge to an Android phone on USB.
func (d *doctor) adb(context.Context) rows {
	if d.LookPath == nil {
		return skipped("not known here")
	}
	path, err := d.LookPath("adb")
	if err != nil {
		return skipped("not found: needed only for an Android phone on USB")
	}
	return fine(printable(path))
}

func (d *doctor) version(context.Context) rows {
	return fine("vnv " + version() + ", " + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH)
}
