package sandbox_test

import (
	"crypto/rand"
	"maps"
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
