package cli

import (
	"context"
	"errors"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// openerPatience is how long an opener may take to say that it failed.
const openerPatience = 3 * time.Second

var devices = []string{"auto", string(flow.DeviceFollow), string(flow.DeviceBrowser), string(flow.DeviceNone), string(flow.DeviceQR), string(flow.DeviceADB)}

// device decides who opens the auth_url. Only a real number with a person watching
// needs a phone; everything else vnv follows itself.
func (r *stepRun) device(f *flow.Flow) (func(flow.Session) (flow.Device, string), error) {
	word := r.config.text("device")
	if err := oneOf("device", word, devices); err != nil {
		return nil, err
	}
	if word != "auto" {
		return func(s flow.Session) (flow.Device, string) {
			return flow.Device(word), r.offCarrier(flow.Device(word), s, f.BaseURL)
		}, nil
	}
	return func(s flow.Session) (flow.Device, string) {
		if !r.interactive() {
			return flow.DeviceFollow, ""
		}
		if why := playable(s, first(s.AuthURL, f.BaseURL)); why != "" {
			return flow.DeviceFollow, ""
		}
		return flow.DeviceNone, "the number is real, so its phone must open the URL (--device follow to try from here)"
	}, nil
}

// playable tells why no real phone is needed, empty if one is.
func playable(s flow.Session, target string) string {
	u, err := url.Parse(target)
	switch {
	case err == nil && flow.Loopback(u.Hostname()):
		return "the auth_url is on this machine"
	case err == nil && u.Query().Get("client_id") == sandbox.ClientID:
		return "the auth_url is the virtual operator's"
	case strings.HasPrefix(string(s.Phone), "+990"):
		return "+990 is the virtual operator's"
	default:
		return ""
	}
}

// open starts the browser: with the URL as one argument of its own, without our
// secrets in its environment, and only where there is a screen.
func (r *stepRun) open(ctx context.Context, target string) error {
	if r.phoneADB != nil {
		return r.openOnPhone(ctx, target)
	}
	if why := r.headless(); why != "" {
		return errors.New(why)
	}
	o, err := r.startOpener(target)
	if err != nil {
		return err
	}
	r.opener = o
	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
		return nil
	case <-time.After(openerPatience): // some stay until the browser is closed
		return nil
	}
}

// headless tells why no browser can appear here.
func (a *app) headless() string {
	switch {
	case a.Getenv("CI") != "":
		return "CI is set"
	case a.Getenv("SSH_CONNECTION") != "":
		return "this is a remote shell"
	case runtime.GOOS == "linux" && a.Getenv("DISPLAY") == "" && a.Getenv("WAYLAND_DISPLAY") == "":
		return "there is no display"
	default:
		return ""
	}
}
