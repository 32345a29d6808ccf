package cli

import (
	"context"
	"net"
	"net/http"
	"strings"

	"github.com/vnv-cli/vnv/pkg/follow"
)

// chainOptions adds what the settings say of a chain.
func (r *stepRun) chainOptions(o follow.Options) (follow.Options, error) {
	c := r.config
	o.As = c.text("as")
	if o.As != "" {
		if err := oneOf("as", o.As, follow.ClientNames()); err != nil {
			return o, err
		}
	}
	o.HopTimeout, o.MaxHops = c.GetDuration("hop_timeout"), c.GetInt("max_hops")
	switch {
	case o.MaxHops < 0:
		return o, usagef("--max-hops %d: a number of redirects, 0 for none", o.MaxHops)
	case o.MaxHops == 0:
		o.MaxHops = -1
	case o.As != "" && !c.given("max_hops"):
		o.MaxHops = 0 // the client's own
	}
	if c.text("interface") != "" {
		o.AllowPrivate = true // a phone's network is a private one
	}
	return o, nil
}

// chainWays adds to the network the ways that only a chain goes.
func (r *stepRun) chainWays(n follow.Net) (follow.Net, error) {
	c := r.config
	n.Interface, n.DNS = c.text("interface"), c.text("dns")
	for _, spec := range c.GetStringSlice("resolve") {
		host, port, addr, err := resolveSpec(spec)
		if err != nil {
			return n, err
		}
		if n.Resolve == nil {
			n.Resolve = map[string]string{}
		}
		n.Resolve[net.JoinHostPort(host, port)] = addr
	}
	if err := n.Check(); err != nil {
		return n, &usageError{err: err}
	}
	return n, nil
}

// resolveSpec takes HOST:PORT:ADDRESS apart, as curl's --resolve has it.
func resolveSpec(spec string) (host, port, addr string, err error) {
	host, rest, _ := strings.Cut(strings.TrimPrefix(spec, "+"), ":")
	port, addr, _ = strings.Cut(rest, ":")
	if host == "" || port == "" || addr == "" {
		return "", "", "", usagef("--resolve %s: not HOST:PORT:ADDRESS", printable(spec))
	}
	return host, port, addr, nil
}

// readGiven reads a value that may be secret: as it stands, from @FILE, or from env:NAME.
func (r *traceRun) readGiven(ctx context.Context, what, spec string) ([]string, error) {
	path, file := strings.CutPrefix(spec, "@")
	if !file && !strings.HasPrefix(spec, "env:") {
		return []string{spec}, nil
	}
	raw, err := r.readSecret(ctx, what, path)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

func (r *traceRun) readHeaders(ctx context.Context) (http.Header, error) {
	headers := http.Header{}
	for _, spec := range r.headers {
		lines, err := r.readGiven(ctx, "header", spec)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			name, value, ok := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			if !ok || name == "" || strings.ContainsAny(name, " \t") {
				return nil, usagef("--header: not of the form 'NAME: VALUE'")
			}
			if strings.EqualFold(name, "cookie") {
				return nil, usagef("--header: a cookie is given with --cookie")
			}
			r.mask.Know("header", value, "")
			headers.Add(name, value)
		}
	}
	return headers, nil
}

func (r *traceRun) readCookies(ctx context.Context) ([]*http.Cookie, error) {
	var cookies []*http.Cookie
	for _, spec := range r.cookies {
		lines, err := r.readGiven(ctx, "cookie", spec)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			for pair := range strings.SplitSeq(line, ";") {
				name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
				if !ok || name == "" {
					return nil, usagef("--cookie: not of the form NAME=VALUE")
				}
				r.mask.Know("cookie", value, "")
				cookies = append(cookies, &http.Cookie{Name: name, Value: value}) //nolint:gosec // sent, not set
			}
		}
	}
	return cookies, nil
}

// given tells whether a setting is more than its default.
func (c *config) given(key string) bool {
	if c.changed(key) {
		return true
	}
	s, _ := settingByKey(key)
	_, origin := c.origin(s)
	return !c.sandbox && origin != "default"
}
