package render_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vnv-cli/vnv/cmd/internal/render"
)

var someChecks = []render.Check{
	{Name: "settings", Status: render.CheckOK, Text: "~/.config/vnv/config.yaml (default): app_id, private_key, redirect_uri"},
	{Name: "key", Status: render.CheckWarning, Text: "RSA 2048, mode 0644 ~/keys/private.key, sha256:9f3c0123456789ab…", Next: "chmod 600 ~/keys/private.key"},
	{Name: "application", Status: render.CheckSkipped, Text: "needs VNV_API_KEY and VNV_API_SECRET"},
	{
		Name: "registered", Status: render.CheckFailed, Text: "the redirect URI is not the registered one: the registered one ends with a slash, ours does not",
		Next: "make them equal byte for byte: here with --redirect-uri or VNV_REDIRECT_URI, or in the dashboard",
	},
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, s := range []render.Style{{Unicode: true, Columns: 80}, {Columns: 80}, {Unicode: true, Columns: 40}, {Unicode: true, Color: true, Columns: 80}} {
		text := render.Doctor(s, someChecks) + "\n---\n"
		for line := range strings.Lines(text) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > max(s.Columns, 40) && !s.Color {
				t.Errorf("a line of more than %d columns: %q", s.Columns, line)
			}
		}
		out.WriteString(text)
	}
	golden(t, "doctor.txt", out.String())
}

func TestCountChecks(t *testing.T) {
	t.Parallel()
	for want, statuses := range map[string][]string{
		"nothing is wrong":     {render.CheckOK, render.CheckSkipped},
		"1 warning":            {render.CheckOK, render.CheckWarning},
		"2 warnings":           {render.CheckWarning, render.CheckWarning},
		"1 failed":             {render.CheckFailed},
		"2 failed, 1 warning":  {render.CheckFailed, render.CheckWarning, render.CheckFailed},
		"1 failed, 2 warnings": {render.CheckWarning, render.CheckFailed, render.CheckWarning},
	} {
		var checks []render.Check
		for _, s := range statuses {
			checks = append(checks, render.Check{Status: s})
		}
		if got := render.CountChecks(checks); got != want {
			t.Errorf("%v: %q, want %q", statuses, got, want)
		}
	}
}

// The numbers that advice names are those at which the code fits.
func TestFitsQR(t *testing.T) {
	t.Parallel()
	fits := func(columns, rows int) bool {
		return render.FitsQR(render.Style{Unicode: true, Columns: columns, Rows: rows})
	}
	if !fits(render.QRColumns, render.QRRows) || fits(render.QRColumns-1, render.QRRows) || fits(render.QRColumns, render.QRRows-1) {
		t.Errorf("%d columns and %d rows are not the least", render.QRColumns, render.QRRows)
	}
}
