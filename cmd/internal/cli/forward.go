package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// --forward-to: the validated callback goes on to the developer's own backend as it came.
// A code is single use and the backend exchanges it, so vnv stops there.

const (
	forwardPatience = 30 * time.Second
	maxForwarded    = 64 << 10 // bytes of the backend's answer that are shown
)

// forwarded is the backend's answer.
type forwarded struct {
	URL         string `json:"url"`
	Status      int    `json:"status"`
	ContentType string `json:"content_type"`
	Body        string `json:"body"`
}

// checkForward judges --forward-to: a code goes in the clear to this machine alone.
func checkForward(target string) error {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != "":
		return usagef("--forward-to: not a URL like http://localhost:3000/callback")
	case u.Scheme == "http" && !flow.Loopback(u.Hostname()):
		return usagef("--forward-to: plain http goes to this machine only; use https")
	}
	return nil
}

// forward passes a callback on, and answers with what came back.
func (a *app) forward(ctx context.Context, network follow.Net, target string, cb *callback.Callback) error {
	ctx, cancel := context.WithTimeout(ctx, forwardPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, withQuery(target, cb.Query), http.NoBody)
	if err != nil {
		return usagef("--forward-to: not a URL")
	}
	req.Header.Set("User-Agent", "vnv")
	network.Interface, network.DNS = "", ""
	transport := network.Transport()
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		return &vnv.Error{Op: opForward, Kind: vnv.KindUnknownOutcome, Sent: vnv.SentMaybe, Err: errors.New("the backend did not answer: " + a.mask.Error(err))}
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxForwarded)) // what came is shown
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	got := forwarded{URL: a.mask.URL(target), Status: res.StatusCode, ContentType: a.mask.Text(kind), Body: a.shownBody(body)}
	if got.Status >= http.StatusInternalServerError || got.Status == http.StatusTooManyRequests {
		return forwardFailed(got)
	}
	doc, err := render.Document(struct {
		SchemaVersion int       `json:"schema_version"`
		Forwarded     forwarded `json:"forwarded"`
	}{flow.SchemaVersion, got})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%d %s", got.Status, http.StatusText(got.Status))
	if got.Body != "" {
		text += "\n" + got.Body
	}
	if err := a.answer(text, doc); err != nil {
		return err
	}
	if got.Status >= http.StatusBadRequest {
		return errNotVerified
	}
	return nil
}

// opForward is what the passing on is called in errors: it is a step of no API.
const opForward = vnv.Op("forward")

func forwardFailed(got forwarded) error {
	kind := vnv.KindServer
	if got.Status == http.StatusTooManyRequests || got.Status == http.StatusServiceUnavailable {
		kind = vnv.KindUnavailable
	}
	text := fmt.Sprintf("the backend answered %d", got.Status)
	if line, _, _ := strings.Cut(got.Body, "\n"); line != "" && len(line) < 200 {
		text += ": " + line
	}
	return &vnv.Error{Op: opForward, Kind: kind, Status: got.Status, Sent: vnv.SentYes, Err: errors.New(text)}
}

// shownBody is an answer's text, safe for a terminal, its lines kept.
func (a *app) shownBody(body []byte) string {
	lines := bytes.Split(bytes.TrimSpace(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n"))), []byte("\n"))
	shown := make([]string, len(lines))
	for i, l := range lines {
		shown[i] = a.mask.Text(string(l))
	}
	return strings.Join(shown, "\n")
}
