package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
)

// tunnelPatience is how long the public URL may take to lead here.
const tunnelPatience = 5 * time.Second

// tunnel asks the public redirect URI, on the exact callback path with a one-time query,
// whether it leads to our own listener. It returns what is to be said if it does not: the
// flow goes on, for not every network lets its own public address be reached from inside.
func (r *stepRun) tunnel(network follow.Net) func(context.Context, *callback.Listener) string {
	return func(ctx context.Context, l *callback.Listener) string {
		raw := l.RedirectURI()
		if loopbackURL(raw) {
			return ""
		}
		query, arrived := l.Probe()
		ctx, cancel := context.WithTimeout(ctx, tunnelPatience)
		defer cancel()
		network.Interface, network.DNS = "", ""
		transport := network.Transport()
		defer transport.CloseIdleConnections()
		answered := askOnce(ctx, transport, withQuery(raw, query))
		select {
		case <-arrived:
			return ""
		default:
			return r.mask.URL(raw) + " does not lead here: " + r.mask.Text(answered) + ". Does the tunnel run, and does it lead to " + strings.Join(l.Addrs(), " or ") + "?"
		}
	}
}

// withQuery adds to a URL's query; one that is there stays as it is.
func withQuery(raw, query string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+query, "&")
	return u.String()
}

// askOnce says in words what answered at a URL.
func askOnce(ctx context.Context, transport http.RoundTripper, target string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return "it is not a URL"
	}
	req.Header.Set("User-Agent", "vnv")
	res, err := transport.RoundTrip(req)
	switch {
	case ctx.Err() != nil:
		return "nothing answered in " + tunnelPatience.String()
	case err != nil:
		return err.Error()
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10)) // what came is told of
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	text := fmt.Sprintf("something else answered %d", res.StatusCode)
	if kind != "" {
		text += " with " + kind
	}
	if title := titleOf(string(body)); title != "" {
		text += ", titled “" + title + "”"
	}
	return text
}

// titleOf is the title of a page, if it has one.
func titleOf(page string) string {
	const most = 80
	_, rest, ok := strings.Cut(page, "<title>")
	title, _, ended := strings.Cut(rest, "</title>")
	if !ok || !ended || len(title) > most {
		return ""
	}
	return strings.Join(strings.Fields(title), " ")
}
