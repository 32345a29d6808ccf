package vnv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// EnableRequest asks for an auth_url.
type EnableRequest struct {
	Phone  Phone
	Scopes []Scope // none: [DefaultScope]
	State  Secret  // comes back with the callback; new for each attempt, see [NewState]
}

// Enablement is what the device has to open.
type Enablement struct {
	Scope                  Scope    // as the answer spells it
	AuthURL                string   // absolute http or https URL, to be shown to the device only
	RequiresCarrierNetwork bool     // must be opened on mobile data, not on Wi-Fi
	Notices                []string // what a person should know, a sentence each
}

// Enable asks whether the number's carrier can verify it, and for the URL
// that the device has to open (guide, step 2).
//
// It sends {"phone_number":"+…","scopes":["…"],"state":"…"} and takes
// {"scopes":{"<scope>":{"auth_url":"…","requires_carrier_network":bool}}}.
// Of several scopes the first that was asked for and enabled is returned. A
// scope can hold an error in place of the URL, inside a 200: that is
// [KindNotEnabled]. It may be tried again, with a new state, when nothing was
// sent, or after [KindLimit] and [KindUnavailable].
func (c *Client) Enable(ctx context.Context, r EnableRequest) (*Enablement, error) {
	if len(r.Scopes) == 0 {
		r.Scopes = []Scope{DefaultScope}
	}
	doc, a, fail := c.askSigned(ctx, OpEnable, &r)
	if fail != nil {
		return nil, fail
	}
	e, fail := a.enablement(doc, r.Scopes)
	if fail != nil {
		return nil, fail
	}
	return e, nil
}

func (r *EnableRequest) check() error {
	if _, err := ParsePhone(string(r.Phone)); err != nil {
		return err
	}
	if r.State == "" || len(r.State) > maxToken || !allPrint(r.State.Reveal()) {
		return errors.New("the state must be printable text of 1 byte to 16 KiB")
	}
	if slices.ContainsFunc(r.Scopes, func(s Scope) bool { return s == "" || !allPrint(string(s)) }) {
		return errors.New("a scope is empty or holds control or invisible characters")
	}
	return nil
}

func (r *EnableRequest) call(jwt Secret) call {
	body, _ := json.Marshal(struct { // strings always marshal
		Phone  Phone   `json:"phone_number"`
		Scopes []Scope `json:"scopes"`
		State  string  `json:"state"`
	}{r.Phone, r.Scopes, r.State.Reveal()})
	return call{
		op: OpEnable, bearer: jwt, contentType: "application/json", body: body,
		hide: concealer(r.Phone, jwt, r.State),
	}
}

// enablement picks the scope that was asked for; a single one that is
// spelled otherwise will do.
func (a *answer) enablement(doc object, asked []Scope) (*Enablement, *Error) {
	scopes, ok := doc["scopes"].(object)
	if !ok {
		return nil, a.notEnabled(doc, doc.describe("scopes"))
	}
	found := slices.DeleteFunc(slices.Clone(asked), func(s Scope) bool { _, ok := scopes[string(s)]; return !ok })
	notices := lifeNotices(a.header)
	if len(found) == 0 {
		if len(scopes) != 1 {
			return nil, a.notEnabled(doc, fmt.Sprintf("the scope is not among the %d of the answer", len(scopes)))
		}
		for name := range scopes {
			found = append(found, Scope(name))
			notices = append(notices, "the answer spells the scope otherwise: "+printable(clip(name, maxCode)))
		}
	}
	return a.firstEnabled(scopes, found, notices)
}

func (a *answer) firstEnabled(scopes object, found []Scope, notices []string) (*Enablement, *Error) {
	var first *Error
	for _, scope := range found {
		e, fail := a.scope(scopes, scope)
		if fail == nil {
			e.Notices = append(notices, e.Notices...)
			return e, nil
		}
		if first == nil {
			first = fail
		}
		notices = append(notices, "a scope was refused: "+printable(string(scope)))
	}
	return nil, first
}

// scope reads what stands under one scope: an error or an auth_url.
func (a *answer) scope(scopes object, name Scope) (*Enablement, *Error) {
	entry, ok := scopes[string(name)].(object)
	if !ok {
		return nil, a.unusable("%s", scopes.describe("the scope"))
	}
	if entry["error"] != nil {
		return nil, a.notEnabled(entry, "")
	}
	raw, ok := entry["auth_url"].(string)
	if !ok {
		return nil, a.unusable("%s", entry.describe("auth_url"))
	}
	if _, err := webURL(raw); err != nil {
		return nil, a.unusable("auth_url %w", err)
	}
	e := &Enablement{Scope: name, AuthURL: raw}
	if e.RequiresCarrierNetwork, ok = entry["requires_carrier_network"].(bool); !ok {
		e.RequiresCarrierNetwork = true
		e.Notices = append(e.Notices, "the answer does not say whether the carrier network is required: taken as yes")
	}
	return e, nil
}

// notEnabled is the error that a success carries; without one the answer is
// unusable for the reason given.
func (a *answer) notEnabled(doc object, reason string) *Error {
	words := doc
	if inner, ok := doc["error"].(object); ok {
		words = inner
	} else if doc["error"] == nil {
		return a.unusable("%s", reason).with(problemOf(doc))
	}
	return a.fail(KindNotEnabled, errors.New("not enabled")).with(problemOf(words))
}

// concealer takes our own values out of the far side's words.
func concealer(phone Phone, secrets ...Secret) *strings.Replacer {
	var pairs []string
	if phone != "" {
		pairs = append(pairs, string(phone), phone.Masked(), string(phone[1:]), phone.Masked())
	}
	for _, s := range secrets {
		if len(s) >= minConcealed {
			pairs = append(pairs, s.Reveal(), hidden, url.QueryEscape(s.Reveal()), hidden)
		}
	}
	return strings.NewReplacer(pairs...)
}

// minConcealed keeps one-letter values of tests from chopping up every word.
const minConcealed = 4
