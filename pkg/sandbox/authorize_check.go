package sandbox

import (
	"slices"
	"strconv"
	"strings"
)

// maxNonceLength bounds what is kept of a request.
const maxNonceLength = 1024

// demand is one that an authorization request must keep.
type demand struct {
	broken            bool
	name, description string // of the OAuth error
}

// refuseDirect is the OAuth error for a request that is wrong, "" for one that is not: the first rule that it breaks.
func (c *call) refuseDirect() (name, description string) {
	if parameter, repeated := c.repeated(); repeated {
		return "invalid_request", "A parameter is repeated: " + parameter + "."
	}
	for _, rules := range []func() []demand{c.unsupported, c.oauthRules, c.openIDRules} {
		for _, r := range rules() {
			if r.broken {
				return r.name, r.description
			}
		}
	}
	return "", ""
}

// unsupported are the requests that OpenID Connect Core has an error for of their own (section 3.1.2.6).
func (c *call) unsupported() []demand {
	return []demand{
		{c.unopened != nil, "invalid_request_object", "request is not signed by the application, or not as it must be."},
		{c.form.Has("request_uri"), "request_uri_not_supported", "request_uri is not supported."},
		{c.form.Has("registration"), "registration_not_supported", "registration is not supported."},
	}
}

// oauthRules are those of RFC 6749 section 4.1.2.1 and RFC 7636 section 4.4.1.
func (c *call) oauthRules() []demand {
	kind, _ := c.one("response_type")
	mode := c.form.Get("response_mode")
	return []demand{
		{len(c.flow.state) > maxStateLength, "invalid_request", "state is too long."},
		{kind == "", "invalid_request", "response_type is missing."},
		{kind != "code", "unsupported_response_type", "Only code is supported."},
		{mode != "" && mode != "query", "invalid_request", "Only response_mode=query is supported."},
		{!c.s.grants(c.flow.scope), "invalid_scope", "The scope is unknown or has none of number verification."},
		{!c.flow.proof.isGood(), "invalid_request", "code_challenge or code_challenge_method is not valid."},
	}
}

// openIDRules are those of OpenID Connect Core section 3.1.2.1. The device is known by its network, anew for each
// flow: so max_age is always kept, and there is nobody whom a prompt would reach.
func (c *call) openIDRules() []demand {
	phone, hinted := c.hintedPhone()
	ours, same := true, true
	if hint := c.form.Get("id_token_hint"); hint != "" {
		ours, same = c.s.isHintOf(hint, phone)
	}
	name, description := refusePrompt(c.form.Get("prompt"))
	return []demand{
		{name != "", name, description},
		{!hinted, "invalid_request", "login_hint is not tel: and a phone number in E.164."},
		{!isAge(c.form.Get("max_age")), "invalid_request", "max_age is not a number of seconds."},
		{len(c.form.Get("nonce")) > maxNonceLength, "invalid_request", "nonce is too long."},
		{!ours, "invalid_request", "id_token_hint is not an id_token of this server."},
		{!same, "login_required", "The device is not that of id_token_hint."},
	}
}

// prompts are what a request may want to be shown, and the error where nothing can be.
var prompts = [...]struct{ prompt, name string }{
	{"login", "login_required"},
	{"consent", "consent_required"},
	{"select_account", "account_selection_required"},
}

func refusePrompt(prompt string) (name, description string) {
	words := strings.Fields(prompt)
	if len(words) == 0 || len(words) == 1 && words[0] == "none" {
		return "", ""
	}
	for _, p := range prompts {
		if p.prompt == words[0] && !slices.Contains(words, "none") {
			return p.name, "Only prompt=none is possible: there is nobody to ask."
		}
	}
	return "invalid_request", "prompt is not known, or names none and more."
}

func isAge(s string) bool {
	_, err := strconv.ParseUint(s, 10, 31)
	return s == "" || err == nil
}

// known is a parameter's name if it is one of ours.
func known(parameter string) string {
	names := []string{
		"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "prompt", "login_hint", "id_token_hint", "max_age", "request",
		"code_challenge", "code_challenge_method", "nonce", "grant_type", "code", "code_verifier",
	}
	if slices.Contains(names, parameter) {
		return parameter
	}
	return "an unknown one"
}
