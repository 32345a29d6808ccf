package vnv

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const maxURL = 16 << 10

// URL returns where the request of a step goes: URLs, else BaseURL, else the
// API's own host. It must be https, or http to a loopback host, without user,
// password or fragment; otherwise the error is of [KindInput].
func (c *Client) URL(op Op) (string, error) {
	u, fail := c.endpoint(op)
	if fail != nil {
		return "", fail
	}
	return u.String(), nil
}

func (c *Client) endpoint(op Op) (*url.URL, *Error) {
	if whole := c.URLs[op]; whole != "" {
		return checkedURL(op, "the URL of this step", whole)
	}
	api := c.api()
	path, ok := api.Paths[op]
	if !ok {
		return nil, inputError(op, fmt.Errorf("the API %s has no such request", printable(api.Name)))
	}
	u, fail := checkedURL(op, "the base URL", cmp.Or(c.BaseURL, api.BaseURL))
	if fail != nil {
		return nil, fail
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, inputError(op, errors.New("the base URL has a query"))
	}
	return u.JoinPath(path), nil
}

func inputError(op Op, err error) *Error {
	return &Error{Op: op, Kind: KindInput, Sent: SentNo, Err: err}
}

// checkedURL says what is wrong without repeating the URL, which may hold a
// secret.
func checkedURL(op Op, what, raw string) (*url.URL, *Error) {
	u, err := webURL(raw)
	switch {
	case err != nil:
		return nil, inputError(op, fmt.Errorf("%s %w", what, err))
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, inputError(op, fmt.Errorf("%s has a fragment", what))
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, inputError(op, fmt.Errorf("%s is plain http to %s: that is for loopback hosts only, use https", what, u.Hostname()))
	}
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// webURL parses an absolute http or https URL of at most 16 KiB, without
// user or password, in which every character prints as itself. The error
// goes on from the URL's name: "has a user or password".
func webURL(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, errors.New("is longer than 16 KiB")
	}
	if !allPrint(raw) {
		return nil, errors.New("holds control or invisible characters")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("is no URL") // the parser's own error repeats it
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("is not an absolute http or https URL")
	case u.User != nil:
		return nil, errors.New("has a user or password")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("has no host")
	case !allPrint(u.Host): // it comes unescaped
		return nil, errors.New("has a bad host")
	case !isPort(u):
		return nil, errors.New("has a bad port")
	}
	return u, nil
}

func isPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	n, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && n > 0
}
