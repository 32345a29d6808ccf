package cli

import (
	"context"
	"slices"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// handset is what the devices of a real phone need beside the flow.
type handset struct {
	phoneADB *adb               // of --device adb
	opener   *opener            // of --device browser
	bound    []string           // where the callback arrives
	took     *callback.Callback // the callback, as it came
}

// prepare judges what would fail later: the phone, the files, the backend's URL.
func (r *stepRun) prepare(ctx context.Context) error {
	if !r.needs(vnv.OpAuthorize) {
		return nil
	}
	if target := r.flags.forwardTo; target != "" {
		if err := checkForward(target); err != nil {
			return err
		}
		r.ops = r.ops[:slices.Index(r.ops, vnv.OpAuthorize)+1] // the backend exchanges the code
		if r.flags.state == "" && r.session.State == "" && r.api.Name == vnv.NumberVerification.Name {
			r.warnings = append(r.warnings, "the backend cannot know this attempt's state; --state takes the backend's own")
		}
	}
	device := flow.Device(r.config.text("device"))
	if r.flags.qrFile != "" {
		if err := writable(r.flags.qrFile); err != nil {
			return err
		}
	}
	if device == flow.DeviceADB && !r.flags.planning() {
		return r.attach(ctx)
	}
	return nil
}

// take keeps the callback: --forward-to passes it on, and where it came is the registered redirect URI.
func (r *stepRun) take(cb *callback.Callback) { r.took = cb }

// detach takes back what was set on a phone, and leaves no opener behind.
func (r *stepRun) detach(ctx context.Context) {
	if r.opener != nil {
		r.opener.end()
	}
	if r.phoneADB != nil {
		r.phoneADB.detach(ctx)
	}
}

// drawQR writes the code to a file: the URL in it is for the phone that scans it alone.
func (r *stepRun) drawQR(target string) {
	if r.flags.qrFile == "" {
		return
	}
	png, err := render.QRFile(target)
	if err == nil {
		err = writeFile(r.flags.qrFile, png)
	}
	if err != nil {
		r.warn("--qr-file: " + err.Error())
	}
}

// offCarrier warns where the device that was chosen is unlikely to be on carrier data.
func (r *stepRun) offCarrier(device flow.Device, s flow.Session, base string) string {
	carrier := s.RequiresCarrierNetwork != nil && *s.RequiresCarrierNetwork
	if device != flow.DeviceFollow || !carrier || r.config.text("interface") != "" || playable(s, first(s.AuthURL, base)) != "" {
		return ""
	}
	return "the URL is to be opened on carrier data, and this machine is unlikely to be on it (--interface, --device qr)"
}
