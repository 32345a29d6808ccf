package render_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// drawn are the lines that were ever at the cursor.
func drawn(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\r' || r == '\n' })
}

// screen is a terminal that is read while it is written to.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// Who waits sees the time run and how much else came; nothing is drawn where nobody watches
// just now, after the end, or with -q.
func TestCountdown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out screen
		var away atomic.Bool
		s := &render.Story{
			W: &out, Style: render.Style{Unicode: true, Columns: 80, Rows: 24}, Mask: mask(), Live: true,
			Now: time.Now, Watched: func() bool { return !away.Load() },
		}
		shows := func(what string, on bool) {
			t.Helper()
			synctest.Wait()
			all := drawn(out.String())
			if got := strings.Contains(all[len(all)-1], what); got != on {
				t.Errorf("%q is shown: %v, in %q", what, got, all[len(all)-1])
			}
		}
		s.Sink(flow.AuthURL{URL: "https://a.example/", Device: flow.DeviceNone, RedirectURI: "https://b.example/", Until: time.Now().Add(3 * time.Minute)})
		shows("3:00 left", true)
		time.Sleep(19 * time.Second)
		shows("2:41 left", true)
		s.Sink(flow.Ignored{Callback: callback.Ignored{Reason: callback.ReasonPath, Count: 1}})
		shows("2:41 left, 1 stray request ignored", true)
		away.Store(true)
		time.Sleep(2 * time.Second)
		shows("2:41 left", true)
		away.Store(false)
		time.Sleep(time.Second)
		s.Sink(flow.Ignored{Callback: callback.Ignored{Reason: callback.ReasonIncomplete, Count: 1}, Pasted: true})
		shows("2:38 left, 1 stray request ignored", true)
		s.Sink(flow.StepFailed{Step: vnv.OpAuthorize, Err: errors.New("cut off")})
		time.Sleep(2 * time.Second)
		shows("left", false)
		s.Close()
	})
}

// Every reason is told in a sentence, never by its name.
func TestStraysInWords(t *testing.T) {
	t.Parallel()
	for _, reason := range []callback.Reason{
		callback.ReasonPath, callback.ReasonMethod, callback.ReasonOrigin, callback.ReasonPage, callback.ReasonMalformed, callback.ReasonIncomplete,
		callback.ReasonUnreadable, callback.ReasonErrorWithoutState, callback.ReasonState, callback.ReasonDuplicate, callback.ReasonLate,
	} {
		for _, pasted := range []bool{false, true} {
			var out strings.Builder
			s := render.Story{W: &out, Style: render.Style{Unicode: true, Columns: 100}, Mask: mask(), Verbose: true}
			s.Sink(flow.Ignored{Callback: callback.Ignored{Reason: reason, Count: 1}, Pasted: pasted})
			if text := out.String(); strings.Contains(text, ": "+string(reason)+"\n") || len(strings.Fields(text)) < 8 {
				t.Errorf("%s: %q", reason, text)
			}
		}
	}
}

// A QR code never pushes away what must be read with it: the URL, and what was told before
// where nobody asked for a code. What only this machine can open is for no phone.
func TestQRKeepsTheRest(t *testing.T) {
	t.Parallel()
	const short = "https://a.example/?client_id=real"
	for _, c := range []struct {
		name   string
		device flow.Device
		url    string
		told   int
		rows   int
		drawn  bool
	}{
		{"asked for, with room", flow.DeviceQR, short, 3, 25, true},
		{"asked for, a row short", flow.DeviceQR, short, 3, 21, false},
		{"nobody asked, with room", flow.DeviceNone, short, 3, 35, true},
		{"nobody asked, the story would go", flow.DeviceNone, short, 9, 35, false},
		{"at 80x24", flow.DeviceNone, short, 3, 24, false},
		{"for this machine alone", flow.DeviceNone, "http://127.0.0.1:1/auth", 3, 60, false},
		{"asked for, for this machine alone", flow.DeviceQR, "http://127.0.0.1:1/auth", 3, 60, false},
	} {
		var out strings.Builder
		s := render.Story{W: &out, Style: render.Style{Unicode: true, Columns: 80, Rows: c.rows}, Mask: mask()}
		for range c.told {
			s.Sink(flow.Note{Text: "told"})
		}
		s.Sink(flow.AuthURL{URL: c.url, Device: c.device, RedirectURI: "https://app.example/cb"})
		if got := strings.Contains(out.String(), "█"); got != c.drawn {
			t.Errorf("%s: drawn %v, %d lines\n%s", c.name, got, strings.Count(out.String(), "\n"), out.String())
		}
		lines := strings.Count(out.String(), "\n")
		if c.device == flow.DeviceQR {
			lines -= c.told
		}
		if c.drawn && lines >= c.rows {
			t.Errorf("%s: %d lines in %d rows", c.name, lines, c.rows)
		}
	}
	var out strings.Builder
	s := render.Story{W: &out, Style: render.Style{Columns: 80}, Mask: mask()}
	s.Sink(flow.AuthURL{URL: "http://127.0.0.1:1/auth", Device: flow.DeviceNone, RedirectURI: "http://127.0.0.1:2/cb", Ours: true})
	if text := out.String(); strings.Contains(text, "phone") || !strings.HasPrefix(text, "Open this on this machine") {
		t.Errorf("said of a URL of this machine: %s", text)
	}
}

// Where nothing is drawn anew, the time left is told once.
func TestTimeLeftOnce(t *testing.T) {
	t.Parallel()
	for _, s := range []*render.Story{{}, {Live: true, Quiet: true}} {
		var out strings.Builder
		s.W, s.Style, s.Mask, s.Now = &out, render.Style{Columns: 80}, mask(), func() time.Time { return began }
		s.Sink(flow.AuthURL{URL: "https://a.example/", Device: flow.DeviceNone, RedirectURI: "http://127.0.0.1:2/cb", Ours: true, Until: began.Add(3 * time.Minute)})
		s.Close()
		if !strings.Contains(out.String(), "waiting for the callback at http://127.0.0.1:2/cb (3:00 left)\n") {
			t.Errorf("%s", out.String())
		}
	}
}
