// Package backend is a small backend that verifies phone numbers, as an example of one
// that is tested against the sandbox: POST /start begins for the number in the form
// field phone and answers with the URL that the phone is to open; GET /callback is the
// registered redirect URI.
package backend

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// Backend keeps what it began, by state.
type Backend struct {
	Client      *vnv.Client
	RedirectURI string

	mu    sync.Mutex
	begun map[vnv.Secret]vnv.Phone
}

func (b *Backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /start", b.start)
	mux.HandleFunc("GET /callback", b.callback)
	mux.ServeHTTP(w, r)
}

func (b *Backend) start(w http.ResponseWriter, r *http.Request) {
	phone, err := vnv.ParsePhone(r.FormValue("phone"))
	if err != nil {
		http.Error(w, "no phone number", http.StatusBadRequest)
		return
	}
	state := vnv.NewState()
	enabled, err := b.Client.Enable(r.Context(), vnv.EnableRequest{Phone: phone, State: state})
	if err != nil {
		http.Error(w, "try another way", http.StatusBadGateway)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.begun == nil {
		b.begun = map[vnv.Secret]vnv.Phone{}
	}
	b.begun[state] = phone
	fmt.Fprint(w, enabled.AuthURL)
}

func (b *Backend) callback(w http.ResponseWriter, r *http.Request) {
	phone, ok := b.take(vnv.Secret(r.FormValue("state")))
	code := r.FormValue("code")
	switch {
	case !ok: // nothing that we began, or used already
		http.Error(w, "unknown state", http.StatusForbidden)
		return
	case code == "":
		http.Error(w, "try another way", http.StatusUnprocessableEntity)
		return
	}
	token, err := b.Client.Exchange(r.Context(), vnv.ExchangeRequest{Code: vnv.Secret(code), RedirectURI: b.RedirectURI})
	if err != nil {
		http.Error(w, "try again", http.StatusBadGateway)
		return
	}
	answer, err := b.Client.Verify(r.Context(), vnv.VerifyRequest{AccessToken: token.AccessToken, Phone: phone})
	if err != nil {
		http.Error(w, "try again", http.StatusBadGateway)
		return
	}
	fmt.Fprint(w, map[bool]string{true: "verified", false: "not verified"}[answer.Verified])
}

// take finds what was begun with a state, once.
func (b *Backend) take(state vnv.Secret) (vnv.Phone, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	phone, ok := b.begun[state]
	delete(b.begun, state)
	return phone, ok
}
