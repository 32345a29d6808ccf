package sandbox_test

import (
	"crypto/rand"
	"maps"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// Flows of one number that run side by side are told apart at every step, also where one's code comes back.
func TestFlowNumbers(t *testing.T) {
	t.Parallel()
	c := start(t, sandbox.Options{})
	first, second := c.enable(yes, rand.Text()), c.enable(yes, rand.Text())
	id, code := c.silentCode(yes)
	for _, authURL := range []string{second, first} {
		code := c.landed(authURL).Get("code")
		c.verify(c.tokenFor(code), `{"phoneNumber":"`+no+`"}`)
		c.exchange(grantOf(code))
	}
	c.check(id, code)
	c.exchange(grantOf("nobody's"))

	got := map[int64]string{}
	for _, e := range c.s.Requests() {
		got[e.Flow] += string(e.Stage) + " "
	}
	chain := "authorize carrier carrier carrier callback "
	want := map[int64]string{
		0: "token ",
		1: "enable " + chain + "token verify token ",
		2: "enable " + chain + "token verify token ",
		3: "start check-url carrier carrier carrier handover check ",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// What the ledger keeps of a form is no part of it: 60 KiB beside a state would stay as long as the state does.
func TestLedgerKeepsNoForms(t *testing.T) { //nolint:paralleltest // it looks at the heap
	s, err := sandbox.New(sandbox.Options{RedirectURIs: []string{callback}})
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"client_id": {sandbox.TestApplicationID}, "state": {"mine"}, "redirect_uri": {callback}, "padding": {strings.Repeat("x", 60<<10)}}.Encode()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range 500 { // 30 MiB of forms
		r := httptest.NewRequest("POST", "http://127.0.0.1/oauth2/auth", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
	after := heap()
	if got := s.Requests(); len(got) != 500 || got[0].State != "mine" || got[0].RedirectURI != callback {
		t.Fatalf("%d requests, the first %+v", len(got), got[0])
	}
	if after > before+10<<20 {
		t.Errorf("%d requests hold %d KiB", 500, (after-before)>>10)
	}
}
