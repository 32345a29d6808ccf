package follow

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// TestInterface: a chain leaves by the interface (here lo), on connections of its own, past Dial and
// Proxy; an API call and the delivery do not.
func TestInterface(t *testing.T) {
	t.Parallel()
	s, port := local(t, "bound")
	n := Net{Interface: "lo", Resolve: map[string]string{"a.example:" + port: "127.0.0.1"}}
	body, hops, err := over(t, n, "http://a.example:"+port+"/", Options{})
	if err != nil || body != `{"is":"bound"}` || len(hops[0].Notes) == 0 {
		t.Fatalf("%q, %v, %+v", body, err, hops)
	}
	if !strings.Contains(hops[0].Notes[len(hops[0].Notes)-1].Text, "by lo") {
		t.Errorf("notes %+v", hops[0].Notes)
	}
	n.Interface = "no-such-if0"
	routes := n.Routes()
	defer routes.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.example:"+port+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := routes.RoundTrip(req)
	if err != nil {
		t.Fatalf("an API call by the interface of the chain: %v", err)
	}
	res.Body.Close()
	f := &Follower{Transport: routes, Options: Options{RedirectURI: s.URL + "/cb", Deliver: true}}
	if got, err := f.Follow(t.Context(), s.URL+"/cb?code=x"); err != nil || !got.Delivered {
		t.Errorf("the delivery: %v", err)
	}
}

// TestNoSuchInterface is what a phone without mobile data sees.
func TestNoSuchInterface(t *testing.T) {
	t.Parallel()
	s, _ := local(t, "never asked")
	for as, code := range map[string]string{"android": "sdk_no_data_connectivity", "ios": "sdk_no_data_connectivity", "curl": "exit 45"} {
		_, _, err := over(t, Net{Interface: "no-such-if0"}, s.URL, Options{As: as, AllowPrivate: true})
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Reason != ReasonNetwork || e.Rule != RuleNoData || e.Code != code {
			t.Errorf("%s: %+v", as, err)
		}
		if bad, ok := errors.AsType[*NetError](err); !ok || bad.Field != "interface" || !errors.Is(err, errNoInterface) {
			t.Errorf("%s: %v", as, err)
		}
	}
}

// TestResolverOnLoopback cannot be asked by another interface, and the trace says so.
func TestResolverOnLoopback(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	_, port := local(t, "x")
	n := Net{Interface: "no-such-if0", DNS: resolver(t, &asked)}
	_, hops, err := over(t, n, "http://a.example:"+port+"/", Options{AllowPrivate: true})
	if err == nil || asked.Load() == 0 || len(hops) != 1 {
		t.Fatalf("%d questions, %v", asked.Load(), err)
	}
	var notes []string
	for _, n := range hops[0].Notes {
		notes = append(notes, n.Kind+" "+n.Text)
	}
	if got := strings.Join(notes, "\n"); !strings.Contains(got, "dns the resolver "+n.DNS+" is on this machine: names did not go by no-such-if0") {
		t.Errorf("notes %s", got)
	}
}
