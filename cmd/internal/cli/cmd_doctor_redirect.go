package cli

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// arrivalTime is how long a request that was answered may still be on its way to us.
const arrivalTime = 2 * time.Second

// redirect looks at the form of the redirect URI, and who can reach it.
func (d *doctor) redirect(context.Context) rows {
	uri := d.flow.RedirectURI
	if uri == "" {
		if d.api.Name != vnv.NumberVerification.Name {
			return skipped("none: the chain ends with an answer in JSON")
		}
		return skipped("none is set: see settings")
	}
	u, err := url.Parse(uri)
	shown := d.mask.URL(uri)
	if wrong := redirectForm(uri); wrong != nil || err != nil {
		return failed(errors.Join(wrong, err).Error(), "write it as it is registered")
	}
	switch {
	case d.far != nil && u.Port() == "0":
		return fine("any free port of this machine, where the sandbox's device is too")
	case d.far != nil:
		return fine(shown + ", where the sandbox's device is too")
	case !flow.Loopback(u.Hostname()):
		return fine(shown)
	case u.Scheme == "https":
		return warning(shown+": vnv answers plain http on this machine, not https", "register http://"+u.Host+u.EscapedPath()+", or put a TLS proxy before --listen")
	}
	return warning(shown+": a phone on mobile data cannot reach it", "for a phone use a tunnel with --redirect-uri and --listen, or one on USB with --device adb")
}

// listener binds as authorize would, and asks itself.
func (d *doctor) listener(ctx context.Context) rows {
	uri, listen := d.flow.RedirectURI, d.config.text("listen")
	u, err := url.Parse(uri)
	if uri == "" || err != nil {
		return skipped("there is no redirect URI to listen for")
	}
	if listen == "" && (u.Scheme != "http" || !flow.Loopback(u.Hostname())) {
		return skipped("your own server answers the callback; with --listen vnv would")
	}
	state := vnv.NewState()
	l, err := callback.Listen(ctx, callback.Options{
		RedirectURI: uri, Listen: listen, State: state.Reveal(), Public: d.config.GetBool("listen_public"), Now: d.Now,
	})
	if err != nil {
		return d.cannotListen(err)
	}
	defer l.Close()
	if d.flow.RedirectURI = l.RedirectURI(); d.far != nil {
		if err := d.far.Register(l.RedirectURI()); err != nil {
			return failed(printable(err.Error()), "")
		}
	}
	return d.comesBack(ctx, l, state)
}

func (d *doctor) cannotListen(err error) rows {
	e, ok := errors.AsType[*callback.Error](err)
	text := d.mask.Text(strings.TrimPrefix(err.Error(), "callback: "))
	next := map[callback.Reason]string{
		callback.ReasonBusy:    "end the program that holds it, or register a redirect URI with another port",
		callback.ReasonExposed: "others could reach it: --listen-public, if that is meant",
		callback.ReasonOptions: "correct --redirect-uri or --listen",
		callback.ReasonBind:    "choose an address of this machine",
	}
	if !ok {
		return failed(text, "")
	}
	return failed(text, next[e.Reason])
}

// comesBack requests the redirect URI with a code of no worth: on loopback at every
// address that is bound; a public one only where the servers may be asked.
func (d *doctor) comesBack(ctx context.Context, l *callback.Listener, state vnv.Secret) rows {
	bound := strings.Join(l.Addrs(), " and ")
	u, err := url.Parse(l.RedirectURI())
	if err != nil {
		return failed("the redirect URI cannot be parsed", "")
	}
	u.RawQuery = url.Values{"code": {"vnv-doctor"}, "state": {state.Reveal()}}.Encode()
	d.mask.Know("state", state.Reveal(), "")
	switch why := d.notAsked(); {
	case flow.Loopback(u.Hostname()) && u.Scheme == "http":
		for _, addr := range addressesOf(u, l.Addrs(), d.config.text("listen") != "") {
			if _, err := d.knock(ctx, u, addr); err != nil {
				return failed(addr+": "+d.mask.Text(unwrapURL(err)), "something on this machine keeps it from talking to itself: a firewall, or another program")
			}
		}
	case why != "":
		return skipped(bound + " free; whether " + d.mask.URL(l.RedirectURI()) + " leads here is " + why)
	default:
		if status, err := d.knock(ctx, u, ""); err != nil {
			return failed(d.mask.URL(l.RedirectURI())+": "+d.mask.Text(unwrapURL(err)), "start the tunnel, or look at where it leads")
		} else if !arrived(ctx, l) {
			return failed(d.mask.URL(l.RedirectURI())+" answered "+itoa(status)+", and nothing came to "+bound, "let the tunnel or proxy lead the whole path to "+bound)
		}
	}
	if !arrived(ctx, l) {
		return failed("a request for "+d.mask.URL(l.RedirectURI())+" did not come to "+bound, "look at what else listens on this machine")
	}
	return fine(bound + " free, and a request for the redirect URI comes back to this machine")
}

func arrived(ctx context.Context, l *callback.Listener) bool {
	ctx, cancel := context.WithTimeout(ctx, arrivalTime)
	defer cancel()
	_, err := l.Wait(ctx)
	return err == nil
}

// addressesOf are the addresses to ask: those that are bound, or with --listen where
// the loopback redirect URI itself leads.
func addressesOf(u *url.URL, bound []string, elsewhere bool) []string {
	if !elsewhere {
		return bound
	}
	host := u.Hostname()
	if net.ParseIP(host) == nil {
		host = "127.0.0.1"
	}
	return []string{net.JoinHostPort(host, first(u.Port(), "80"))}
}

// knock makes one request, at addr if that is given, and returns its status.
func (d *doctor) knock(ctx context.Context, u *url.URL, addr string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return 0, err
	}
	ways := d.ways
	if addr != "" {
		ways = &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return d.dial(ctx, addr) },
		}
	}
	res, err := ways.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxInput)) // its status is all that counts
	return res.StatusCode, nil
}

// dial connects by the machine's own way, with no proxy.
func (d *doctor) dial(ctx context.Context, addr string) (net.Conn, error) {
	if d.Net.Dial != nil {
		return d.Net.Dial(ctx, "tcp", addr)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", addr)
}

// unwrapURL is an error without the URL that it repeats.
func unwrapURL(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	return err.Error()
}
