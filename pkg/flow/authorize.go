package flow

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"net/url"
	"slices"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// listen binds the callback listener where the redirect URI is ours, before any
// packet leaves: a port that is taken must not cost an attempt.
func (r *run) listen(ctx context.Context) error {
	switch {
	case r.s.RedirectURI == "" && r.plan.bare:
		return nil
	case r.s.RedirectURI == "":
		return input(vnv.OpAuthorize, "no redirect URI")
	case !Ours(r.s.RedirectURI, r.Listen):
		return r.registered()
	}
	l, err := callback.Listen(ctx, callback.Options{
		RedirectURI: r.s.RedirectURI, Listen: r.Listen, State: r.proof(), Public: r.Public, Fragment: r.plan.fragment,
		ErrorGrace: r.ErrorGrace, Now: r.Now, OnIgnored: func(i callback.Ignored) { r.sink(Ignored{Callback: i}) },
	})
	if err != nil {
		return &vnv.Error{Op: vnv.OpAuthorize, Kind: vnv.KindInput, Sent: vnv.SentNo, Err: err}
	}
	r.listener = l
	r.s.RedirectURI = l.RedirectURI()
	r.sink(Listening{Addrs: l.Addrs(), RedirectURI: r.s.RedirectURI})
	if r.Bound != nil {
		if text := r.Bound(ctx, l); text != "" {
			r.sink(Note{Step: vnv.OpAuthorize, Text: text})
		}
	}
	return r.registered()
}

func (r *run) registered() error {
	if r.Registered == nil {
		return nil
	}
	if err := r.Registered(r.s.RedirectURI); err != nil {
		return input(vnv.OpAuthorize, "%w", err)
	}
	return nil
}

// Ours tells whether the callback comes back to this process: we were told where
// to listen, or the redirect URI is plain http on a loopback host.
func Ours(redirectURI, listen string) bool {
	if listen != "" {
		return true
	}
	u, err := url.Parse(redirectURI)
	return err == nil && u.Scheme == "http" && Loopback(u.Hostname())
}

// Loopback tells whether a host is this machine: localhost or a loopback address.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// authorize has the auth_url opened and takes the code from the callback.
func (r *run) authorize(ctx context.Context) error {
	switch {
	case r.s.AuthURL == "":
		return input(vnv.OpAuthorize, "no auth_url: it comes from vnv enable")
	case r.plan.proof(r.s) == "":
		return input(vnv.OpAuthorize, "%s", r.plan.lacks)
	}
	if err := follow.Check(r.s.AuthURL, r.chainOptions()); err != nil {
		return err
	}
	var got *callback.Callback
	var err error
	if device := r.device(); device == DeviceFollow {
		got, err = r.follow(ctx)
	} else {
		got, err = r.await(ctx, device)
	}
	if err != nil {
		return err
	}
	if r.Took != nil {
		r.Took(got)
	}
	if got.URI != "" && !follow.SameURI(got.URI, r.s.RedirectURI) && !r.plan.fragment {
		r.sink(Note{Step: vnv.OpAuthorize, Text: "the callback came to " + r.Mask.URL(got.URI) + ", which is not the redirect URI in use: the exchange may be refused"})
	}
	r.s.Code = vnv.Secret(got.Code)
	r.s.AuthURL = ""
	r.know()
	r.sink(CallbackReceived{Via: got.Via})
	return r.save()
}

func (r *run) device() Device {
	if r.Device == nil {
		return DeviceFollow
	}
	device, why := r.Device(r.s)
	if why != "" {
		r.sink(Note{Step: vnv.OpAuthorize, Text: why})
	}
	return device
}

// follow plays the device. What its own last redirect said decides: the delivery
// to our listener is only what a device would do next.
func (r *run) follow(ctx context.Context) (*callback.Callback, error) {
	options := r.chainOptions()
	f := &follow.Follower{Transport: r.rec.Step(string(vnv.OpAuthorize)), Options: options, Mask: r.Mask}
	result, err := f.Follow(ctx, r.s.AuthURL)
	if result != nil {
		r.hops = result.Redirects
	}
	switch {
	case err != nil && (result == nil || result.Callback == "" || ctx.Err() != nil):
		return nil, err
	case err != nil:
		r.sink(Note{Step: vnv.OpAuthorize, Text: "the callback could not be delivered, its code is taken from the redirect: " + err.Error()})
	case result.End == follow.EndAnswer:
		return r.plan.answer(r, result)
	}
	got, err := r.plan.judge(result.Callback, r.proof())
	if e, ok := errors.AsType[*callback.Error](err); ok && e.Reason == callback.ReasonErrorWithoutState {
		unnamed := *e // the code says it
		unnamed.Name = ""
		return nil, &vnv.Error{Op: vnv.OpAuthorize, Kind: vnv.KindDenied, Code: e.Name, Err: &unnamed}
	}
	return got, err
}

// answered is a chain that ended with an answer where the callback should have come.
func (r *run) answered(result *follow.Result) (*callback.Callback, error) {
	e := &follow.Error{
		Hop: result.Hops, Reason: follow.ReasonDeadEnd, Status: result.Status, ContentType: result.ContentType,
		Detail: "an answer of its own in place of a redirect to the redirect URI",
	}
	if hops := r.rec.Hops(); len(hops) > 0 {
		e.URL = hops[len(hops)-1].URL
	}
	return nil, e
}

// chainOptions are the limits of the chain, with what this run adds to the user's.
func (r *run) chainOptions() follow.Options {
	options := r.Chain
	options.RedirectURI, options.Deliver = r.s.RedirectURI, r.listener != nil && !r.plan.fragment
	options.APIHosts = append(options.APIHosts, apiHosts(r.API, r.s.APIHost)...)
	options.Named = append(slices.Clone(options.Named), r.s.APIHost)
	options.Named = slices.AppendSeq(options.Named, maps.Values(r.URLs))
	return options
}

// apiHosts are the hosts that must never be asked over plain http in a chain.
func apiHosts(api vnv.API, origin string) []string {
	var hosts []string
	for _, raw := range []string{api.BaseURL, origin} {
		if u, err := url.Parse(raw); err == nil && u.Scheme == "https" {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

// await shows the auth_url and waits for whichever comes first: the callback at
// our listener or a pasted URL.
func (r *run) await(ctx context.Context, device Device) (*callback.Callback, error) {
	box := inbox(r.listener)
	if box == nil {
		box = newPasted(r.plan.judge, r.proof())
	}
	if r.Paste != nil {
		defer r.Paste(r.offered(box))() // before anybody has a URL to paste
	}
	until, _ := ctx.Deadline()
	r.sink(AuthURL{
		URL: r.s.AuthURL, Device: device, Until: until, RedirectURI: r.s.RedirectURI, Ours: r.listener != nil, Fragment: r.plan.fragment,
		RequiresCarrier: r.s.RequiresCarrierNetwork != nil && *r.s.RequiresCarrierNetwork,
	})
	if err := r.open(ctx, device); err != nil {
		return nil, err
	}
	return box.Wait(ctx)
}

// open opens the URL where that is ours to do. A browser that does not open can be opened
// by hand; a phone that was asked for must.
func (r *run) open(ctx context.Context, device Device) error {
	if r.Open == nil || device != DeviceBrowser && device != DeviceADB {
		return nil
	}
	err := r.Open(ctx, r.s.AuthURL)
	if err != nil && device == DeviceADB {
		return &vnv.Error{Op: vnv.OpAuthorize, Kind: vnv.KindInput, Err: err}
	}
	if err != nil {
		r.sink(Note{Step: vnv.OpAuthorize, Text: "no browser could be opened: open the URL by hand"})
	}
	return nil
}

// offered tells why a pasted URL was not taken.
func (r *run) offered(box mailbox) func(string) error {
	refused := 0
	return func(raw string) error {
		err := box.Offer(raw)
		if e, ok := errors.AsType[*callback.Error](err); ok {
			refused++
			r.sink(Ignored{Callback: callback.Ignored{Reason: e.Reason, ErrorName: e.Name, Proved: e.Proved, Count: refused}, Pasted: true})
		}
		return err
	}
}

// mailbox is where a callback arrives.
type mailbox interface {
	Wait(ctx context.Context) (*callback.Callback, error)
	Offer(raw string) error
}

func inbox(l *callback.Listener) mailbox {
	if l == nil {
		return nil
	}
	return l
}
