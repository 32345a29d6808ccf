package flow

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// Silent is what only Verify's silent authentication asks for.
type Silent struct {
	Brand           string
	NoCoverageCheck bool
	ClientRef       string
	Mode            string
}

// SilentLimit is how long the API keeps a silent authentication open.
const SilentLimit = 60 * time.Second

var errSilentLimit = errors.New("the API itself ends a silent authentication after 60 s, and they are over")

// askCheckURL starts a silent authentication. Its check URL is the session's
// auth_url: the URL that the device must open, whatever the API calls it.
func (r *run) askCheckURL(ctx context.Context) error {
	began := r.now()
	got, err := r.client(vnv.OpEnable).Start(ctx, vnv.StartRequest{
		Phone: r.s.Phone, Brand: r.Silent.Brand, NoCoverageCheck: r.Silent.NoCoverageCheck,
		ClientRef: r.Silent.ClientRef, Mode: r.Silent.Mode, RedirectURL: r.s.RedirectURI,
	})
	if err != nil {
		return err
	}
	r.notices(vnv.OpEnable, got.Notices)
	carrier := true // the guide: on mobile data only
	r.s.RequestID, r.s.AuthURL, r.s.RequiresCarrierNetwork, r.s.StartedAt = got.RequestID, got.CheckURL, &carrier, began
	r.know()
	if r.listener != nil {
		r.listener.SetState(r.s.RequestID)
	}
	return r.save()
}

// authorizeSilent is authorize within the API's own limit. The chain itself may say
// no: then that is the answer, and nothing is left to verify.
func (r *run) authorizeSilent(ctx context.Context) error {
	if !r.s.StartedAt.IsZero() {
		left := SilentLimit - r.now().Sub(r.s.StartedAt)
		within, cancel := context.WithTimeoutCause(ctx, min(left, SilentLimit), errSilentLimit)
		defer cancel()
		ctx = within
	}
	err := r.authorize(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(ctx), errSilentLimit):
		return &vnv.Error{Op: vnv.OpAuthorize, Kind: vnv.KindNoCallback, Err: errSilentLimit}
	}
	said := chainWords(err)
	for _, row := range silentWords {
		switch {
		case said == "" || !strings.Contains(said, row.says):
			continue
		case row.kind != "":
			return &vnv.Error{Op: vnv.OpAuthorize, Kind: row.kind, Err: err}
		}
		no := false
		r.s.Verified, r.s.AuthURL = &no, ""
		return r.save()
	}
	return err
}

// silentWords: what the error texts of a chain mean (Verify guide). No kind: it is
// the answer no. The first row that fits counts.
var silentWords = []struct {
	says string // in lower case
	kind vnv.Kind
}{
	{"msisdn does not match", ""},
	{"user_rejected", ""},
	{"does not resolve to a cellular device", vnv.KindRedirect},
	{"does not resolve to a supported mobile network operator", vnv.KindDenied},
	{"cannot be completed", vnv.KindDenied},
}

// chainWords are the far side's own words at the end of a chain, in lower case.
func chainWords(err error) string {
	if e, ok := errors.AsType[*callback.Error](err); ok && e.Reason == callback.ReasonDenied {
		return strings.ToLower(e.Name + " " + e.Description)
	}
	if e, ok := errors.AsType[*follow.Error](err); ok && e.Reason == follow.ReasonOAuth {
		return strings.ToLower(e.Code + " " + e.Detail)
	}
	return ""
}

// handedOver takes the code from the JSON that a chain without redirect URL ends with.
func (r *run) handedOver(result *follow.Result) (*callback.Callback, error) {
	got, err := callback.ParseFragment(string(result.Body), r.s.RequestID)
	if e, ok := errors.AsType[*callback.Error](err); ok && e.Reason == callback.ReasonIncomplete {
		return r.answered(result) // an answer, and neither code nor error in it
	}
	return got, err
}

// check hands the code in. There is no token: the code itself is what works once.
func (r *run) check(ctx context.Context) error {
	if _, tried := r.s.Attempts[vnv.OpVerify]; r.s.Code == "" && r.s.Verified != nil && !tried {
		return nil // the chain has said it
	}
	switch {
	case r.s.Code == "":
		return spent(vnv.OpVerify, r.s.Verified != nil, "code", "vnv authorize")
	case r.s.RequestID == "":
		return input(vnv.OpVerify, "no request_id: it comes from vnv enable")
	}
	var got *vnv.Checked
	err := r.atMostOnce(ctx, vnv.OpVerify, func(ctx context.Context) (err error) {
		got, err = r.client(vnv.OpVerify).Check(ctx, vnv.CheckRequest{RequestID: r.s.RequestID, Code: r.s.Code})
		return err
	})
	if err != nil {
		return err
	}
	r.notices(vnv.OpVerify, got.Notices)
	r.s.Code, r.s.Verified = "", &got.Verified
	return r.save()
}

// Cancel ends a request of Verify, so that its number is free for another.
func (f *Flow) Cancel(ctx context.Context, s Session) error {
	r := f.start(s)
	defer r.close()
	if err := r.admit([]vnv.Op{vnv.OpVerify}); err != nil {
		return err
	}
	if s.RequestID == "" {
		return input(vnv.OpVerify, "the session holds no request_id: there is nothing to cancel")
	}
	err := within(ctx, RequestTimeout, func(ctx context.Context) error {
		return r.client(vnv.OpVerify).Cancel(ctx, s.RequestID)
	})
	if err != nil {
		return wrap(ctx, vnv.OpVerify, err)
	}
	return nil
}
