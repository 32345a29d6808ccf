package trace

import (
	"reflect"
	"testing"
	"time"
)

// chainFor is a chain of three hops, changed by change.
func chainFor(change func(hops []Hop) []Hop) *Trace {
	hops := []Hop{
		at(1, begin+"&client_id=app-1", 302, "https://op.example/he?state=state~2"),
		at(2, "https://op.example/he?state=state~2", 302, "https://idp.example/cb?code=code~1&state=state~2"),
		at(3, "https://idp.example/cb?code=code~1&state=state~2", 302, registered+"?code=code~1&state=state~1"),
	}
	for i := range hops {
		hops[i].RemoteAddr, hops[i].CertIssuer, hops[i].Proto = "192.0.2.1:443", "CN=one", "HTTP/1.1"
	}
	if change != nil {
		hops = change(hops)
	}
	return Analyse(hops, AnalyseOptions{RedirectURI: registered})
}

func TestDiff(t *testing.T) {
	t.Parallel()
	one := func(i int, change func(*Hop)) func([]Hop) []Hop {
		return func(hops []Hop) []Hop { change(&hops[i]); return hops }
	}
	for name, c := range map[string]struct {
		change func([]Hop) []Hop
		want   []Difference
	}{
		"nothing":        {nil, nil},
		"other secrets":  {renamed, nil},
		"address":        {one(1, func(h *Hop) { h.RemoteAddr = "192.0.2.9:443" }), []Difference{{DiffAddress, 2, 2, "", "192.0.2.1", "192.0.2.9", "Hop 2: the address is 192.0.2.9, was 192.0.2.1."}}},
		"port":           {one(1, func(h *Hop) { h.RemoteAddr = "192.0.2.1:444" }), nil},
		"unknown":        {one(1, func(h *Hop) { h.RemoteAddr, h.CertIssuer, h.Proto = "", "", "" }), nil},
		"certificate":    {one(1, func(h *Hop) { h.CertIssuer = "CN=two" }), []Difference{{DiffCert, 2, 2, "", "CN=one", "CN=two", "Hop 2: the issuer of the certificate is CN=two, was CN=one."}}},
		"protocol":       {one(1, func(h *Hop) { h.Proto = "HTTP/2.0" }), []Difference{{DiffProtocol, 2, 2, "", "HTTP/1.1", "HTTP/2.0", "Hop 2: the protocol is HTTP/2.0, was HTTP/1.1."}}},
		"status":         {one(1, func(h *Hop) { h.Status = 307 }), []Difference{{DiffStatus, 2, 2, "", "302", "307", "Hop 2: the status is 307, was 302."}}},
		"slower":         {one(1, func(h *Hop) { h.Total = 2 * time.Second }), []Difference{{DiffSlower, 2, 2, "", "100ms", "2s", "Hop 2: op.example (carrier) takes 2s, took 100ms."}}},
		"a bit slower":   {one(1, func(h *Hop) { h.Total = 250 * time.Millisecond }), nil},
		"cookie":         {one(1, func(h *Hop) { h.CookiesSent = []string{"a"} }), []Difference{{DiffCookie, 2, 2, "a", "", "a", "Hop 2: the cookie a is sent now."}}},
		"shown value":    {one(0, func(h *Hop) { h.URL = begin + "&client_id=app-2" }), []Difference{{DiffParam, 1, 1, "client_id", "app-1", "app-2", "Hop 1: client_id is app-2, was app-1."}}},
		"parameter gone": {one(0, func(h *Hop) { h.URL = begin }), []Difference{{DiffParam, 1, 1, "client_id", "app-1", "", "Hop 1: the parameter client_id is gone."}}},
		"parameter new":  {one(0, func(h *Hop) { h.URL += "&x=x~1" }), []Difference{{DiffParam, 1, 1, "x", "", "x~1", "Hop 1: the parameter x is new."}}},
		"state from elsewhere": {one(1, func(h *Hop) { h.URL = "https://op.example/he?state=state~1" }), []Difference{
			{DiffParam, 2, 2, "state", "state~2", "state~1", "Hop 2: state comes from the state of GET https://idp.example/auth, came from the state of GET https://op.example/he."},
			{DiffParam, 3, 3, "state", "state~2", "state~2", "Hop 3: state comes from the state of GET https://idp.example/cb, came from the state of GET https://op.example/he."},
		}},
		"hop gone": {func(hops []Hop) []Hop {
			return []Hop{hops[0], with(hops[2], func(h *Hop) { h.N = 2; h.URL = "https://idp.example/cb?code=code~1&state=state~1" })}
		}, []Difference{
			{DiffGone, 2, 0, "", "https://op.example/he?state=state~2", "", "Hop 2 is gone: op.example (carrier)."},
			{DiffParam, 3, 2, "state", "state~2", "state~1", "Hop 2: state comes from the state of GET https://idp.example/auth, came from the state of GET https://op.example/he."},
		}},
		"end": {func(hops []Hop) []Hop { return append(hops[:2:2], pageAt(3, "Log in")) }, []Difference{
			{DiffGone, 3, 0, "", "https://idp.example/cb?code=code~1&state=state~2", "", "Hop 3 is gone: idp.example (carrier)."},
			{DiffAdded, 0, 3, "", "", "https://op.example/p", "Hop 3 is new: op.example (carrier)."},
			{DiffEnd, 3, 3, "", "reached the redirect URI at hop 3", "ended at the page “Log in” at hop 3", "The chain ended at the page “Log in” at hop 3; the other reached the redirect URI at hop 3."},
		}},
	} {
		got := Diff(chainFor(nil), chainFor(c.change))
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, c.want)
		}
	}
	if got := Diff(&Trace{}, &Trace{}); got != nil {
		t.Errorf("%+v", got)
	}
}

// renamed gives the values of a chain other pseudonyms.
func renamed(hops []Hop) []Hop {
	for i := range hops {
		for _, s := range []*string{&hops[i].URL, &hops[i].Location} {
			*s = counted().ReplaceAllStringFunc(*s, func(n string) string { return n + "7" })
		}
	}
	return hops
}

// TestDiffPorts: on loopback the port is chance.
func TestDiffPorts(t *testing.T) {
	t.Parallel()
	a := Analyse([]Hop{at(1, "http://127.0.0.1:1111/auth/3fae7b10", 302, "/x")}, AnalyseOptions{})
	b := Analyse([]Hop{at(1, "http://127.0.0.1:2222/auth/3fae7b10", 302, "/x")}, AnalyseOptions{})
	c := Analyse([]Hop{at(1, "http://op.example:2222/auth/3fae7b10", 302, "/x")}, AnalyseOptions{})
	if got := Diff(a, b); got != nil {
		t.Errorf("%+v", got)
	}
	if got := Diff(b, c); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}
