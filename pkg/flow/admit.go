package flow

import (
	"net/url"
	"slices"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// admit holds the session against the settings. A session comes from a pipe or a
// file and is not trusted: it may fill what the settings leave open, it may never
// say another thing than they do, and hosts are not taken from it at all.
func (r *run) admit(ops []vnv.Op) error {
	if len(r.plan.steps) == 0 {
		return input(first(ops), "unknown API %q", r.API.Name)
	}
	host, err := r.apiHost(first(ops))
	if err != nil {
		return err
	}
	for _, c := range []struct{ what, session, settings, flag string }{
		{"api", r.s.API, r.API.Name, "--api"},
		{"api_host", r.s.APIHost, host, "--base-url"},
		{"application_id", r.s.ApplicationID, r.ApplicationID, "--app-id"},
		{"redirect_uri", r.s.RedirectURI, r.RedirectURI, "--redirect-uri"},
	} {
		if c.session != "" && c.settings != "" && c.session != c.settings {
			return input(first(ops), "the session's %s is not the one of the settings (%s); a session never changes where things go", c.what, c.flag)
		}
	}
	r.s.API, r.s.APIHost = r.API.Name, host
	r.s.ApplicationID = either(r.s.ApplicationID, r.ApplicationID)
	r.s.RedirectURI = either(r.s.RedirectURI, r.RedirectURI)
	r.know()
	if slices.Contains(ops, vnv.OpEnable) {
		return r.afresh()
	}
	return nil
}

// apiHost is the origin that the session belongs to.
func (r *run) apiHost(op vnv.Op) (string, error) {
	raw := either(r.BaseURL, r.API.BaseURL)
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "", input(op, "the base URL is not an absolute URL")
	}
	return u.Scheme + "://" + u.Host, nil
}

// know tells the mask every secret that the session holds, so that none of them is
// ever shown, wherever it turns up.
func (r *run) know() {
	for _, k := range []struct{ kind, value, shown string }{
		{"state", r.s.State.Reveal(), ""},
		{"code", r.s.Code.Reveal(), ""},
		{"token", r.s.AccessToken.Reveal(), ""},
		{"hash", r.s.PhoneHash, ""},
		{"request_id", r.s.RequestID, ""},
		{"phone", string(r.s.Phone), r.s.Phone.Masked()},
	} {
		if k.value != "" {
			r.Mask.Know(k.kind, k.value, k.shown)
		}
	}
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func first(ops []vnv.Op) vnv.Op {
	if len(ops) == 0 {
		return ""
	}
	return ops[0]
}
