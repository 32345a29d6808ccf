package verdict

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// paramNotes say what the parameters of the flow's URLs are.
var paramNotes = []struct{ name, note string }{
	{"client_id", "who asks; sandbox_test is the virtual operator"},
	{"response_type", "code: the callback brings one"},
	{"scope", "what is asked for"},
	{"state", "links the callback to the request: compare it with the one that you sent"},
	{"redirect_uri", "where the callback is to go"},
	{"code", "works once, and soon"},
	{"request_id", "which request of the Verify API it belongs to"},
	{"error", "why there is no code"},
	{"error_description", "the same in words; anybody can write it"},
	{"prompt", "none: the user must not be asked"},
	{"login_hint", "the number, hidden"},
	{"acr_values", "how sure the authentication has to be"},
}

// inAuthURL are the notes that differ in an auth_url.
var inAuthURL = map[string]string{
	"state":        "the vendor's own: the callback brings yours",
	"redirect_uri": "the vendor's own, never the one to send with the exchange",
}

func noteOf(name string) string {
	for _, p := range paramNotes {
		if p.name == name {
			return p.note
		}
	}
	return ""
}

// address is a URL, or only the query or fragment of one.
func (r *reading) address() (*url.URL, bool) {
	text := strings.Trim(r.input, "<>\"'`")
	if strings.ContainsAny(text, " \t\r\n") || text == "" {
		return nil, false
	}
	bare := strings.TrimLeft(text, "?#")
	switch {
	case strings.Contains(text, "://"):
	case text[0] == '#' && strings.Contains(bare, "="):
		text = "callback:#" + bare
	case strings.Contains(bare, "=") && !strings.ContainsAny(strings.SplitN(bare, "=", 2)[0], "/:."):
		text = "callback:?" + bare
	default:
		return nil, false
	}
	u, err := url.Parse(text)
	return u, err == nil
}

func (r *reading) url() (Explanation, bool) {
	u, ok := r.address()
	if !ok {
		return Explanation{}, false
	}
	query, fragment := values(u.RawQuery), values(u.EscapedFragment())
	all := query
	if fragment.Has("request_id") || fragment.Has("code") || fragment.Has("error") || fragment.Has("error_description") {
		all = fragment
	}
	x := Explanation{Facts: r.params(u)}
	switch {
	case all.Has("error") || all.Has("error_description"):
		return r.refusedCallback(all, x)
	case all.Has("code"):
		return r.goodCallback(all, x)
	case query.Has("response_type") || query.Has("client_id") || strings.Contains(u.Path, "/oauth2/auth"):
		return authURL(query, x), true
	case strings.Contains(u.Path, "silent-auth") || strings.Contains(u.Path, "/silent_auth"):
		x.What, x.Title = "a check_url of the Verify API", "the URL that the device has to open"
		x.Means = "It must be opened on the phone, over mobile data, within 60 seconds of the start, once. Whoever opens it uses it up."
		x.Source, x.Next = "Verify API, silent_auth", []string{"vnv run --api verify --phone +44… --device none"}
		return x, true
	}
	return endpoint(u, x)
}

// values are the parameters of a query or fragment, as far as they can be read.
func values(raw string) url.Values {
	v, err := url.ParseQuery(raw)
	if err != nil && len(v) == 0 {
		return url.Values{}
	}
	return v
}

// params are what a URL carries, masked, with what each is.
func (r *reading) params(u *url.URL) []Fact {
	var out []Fact
	if u.Host != "" {
		bare := *u
		bare.RawQuery, bare.Fragment, bare.RawFragment = "", "", ""
		out = append(out, Fact{Name: "address", Value: r.Mask.URL(bare.String())})
	}
	whole := *u
	if whole.Scheme == "callback" {
		whole = url.URL{Scheme: "https", Host: "callback.example", Path: "/", RawQuery: u.RawQuery, Fragment: u.Fragment, RawFragment: u.RawFragment}
	}
	masked := r.Mask.URL(whole.String())
	_, query, _ := strings.Cut(masked, "?")
	query, fragment, hasFragment := strings.Cut(query, "#")
	if !hasFragment {
		_, fragment, _ = strings.Cut(masked, "#")
	}
	for _, part := range []string{query, fragment} {
		for pair := range strings.SplitSeq(part, "&") {
			name, value, ok := strings.Cut(pair, "=")
			if !ok || len(out) > 20 {
				continue
			}
			if plain, err := url.QueryUnescape(value); err == nil {
				value = plain
			}
			out = append(out, Fact{Name: name, Value: clip(value), Note: noteOf(strings.ToLower(name))})
		}
	}
	return out
}

func (r *reading) refusedCallback(all url.Values, x Explanation) (Explanation, bool) {
	x.What = "a callback that says no"
	end := trace.End{Kind: trace.EndDenied, Code: all.Get("error"), Reason: "refused"}
	switch {
	case all.Has("code"):
		end.Reason = "both"
	case !all.Has("state") && !all.Has("request_id"):
		end.Reason = "error-without-state"
	}
	e := &vnv.Error{Op: vnv.OpAuthorize, Kind: vnv.KindDenied, Code: all.Get("error")}
	return r.judged(Observation{Err: e, End: end, Said: all.Get("error_description")}, x)
}

func (r *reading) goodCallback(all url.Values, x Explanation) (Explanation, bool) {
	if !all.Has("state") && !all.Has("request_id") {
		x.What = "a callback with a code and without a state"
		return of(listed([]string{"state-lost"}, Evidence{Field: "state", Text: "it has a code, and neither state nor request_id"}), x), true
	}
	x.What, x.Title = "a callback with a code", "the device was authenticated"
	if !all.Has("state") {
		x.Means = "Not a failure. Compare the request id with the one that came with the check_url, then hand the code in at once: it works once."
		x.Source, x.Next = "Verify API, silent_auth", []string{`vnv verify --api verify --request-id "$REQUEST_ID" --code -`}
		return x, true
	}
	x.Means = "Not a failure. Compare the state with the one you sent, then exchange the code at once, with the registered redirect URI: it works once."
	x.Source, x.Next = "guide, step 3; RFC 6749 section 4.1.2", []string{`vnv exchange --callback-url - --state env:STATE`}
	return x, true
}

func authURL(query url.Values, x Explanation) Explanation {
	x.What, x.Title = "an auth_url", "the URL that the device has to open"
	for i, f := range x.Facts {
		x.Facts[i].Note = cmp.Or(inAuthURL[strings.ToLower(f.Name)], f.Note)
	}
	x.Means = "It must be opened on the phone, over mobile data, soon and once. The state and redirect_uri in it are the vendor's own: the callback brings your state to your registered redirect URI."
	if query.Get("client_id") == "sandbox_test" {
		x.Means = "It is the virtual operator's: no phone is needed. " + x.Means
	}
	x.Source, x.Next = "guide, steps 2 and 3", []string{`vnv authorize --auth-url "$AUTH_URL" --state env:STATE --device none`}
	return x
}

// endpoints are the API's own URLs.
var endpoints = []struct{ part, what, means string }{
	{"/network-enablement", "the endpoint of enable", "POST JSON here: phone_number, scopes and state, with the JWT as Bearer."},
	{"/oauth2/token", "the token endpoint", "POST a form here: grant_type, code and redirect_uri, with the JWT as Bearer."},
	{"/number-verification/", "the endpoint of verify", "POST JSON here: phoneNumber or hashedPhoneNumber, with the access token as Bearer."},
	{"/v2/verify", "the endpoint of the Verify API", "POST JSON here to start; POST the code to it with the request id behind."},
}

func endpoint(u *url.URL, x Explanation) (Explanation, bool) {
	for _, e := range endpoints {
		if strings.Contains(u.Path, e.part) {
			x.What, x.Title, x.Means, x.Source = e.what, "a URL of the API", e.means, "guide, endpoints"
			return x, true
		}
	}
	return Explanation{}, false
}
