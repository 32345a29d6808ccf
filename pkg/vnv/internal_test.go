package vnv

import (
	"strings"
	"testing"
)

// What was once sent stays sent, whatever the transport reports late.
func TestProgress(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		reports []int32
		phase   string
		sent    Sent
	}{
		{"nothing is known", nil, "making the request", SentMaybe},
		{"not begun", []int32{notBegun}, "starting", SentNo},
		{"a second family is tried", []int32{waitingForConn, resolving, connecting, handshaking, connecting}, "connecting", SentNo},
		{"a connection is there", []int32{waitingForConn, sending}, "sending the request", SentMaybe},
		{"a dial goes on behind an idle connection", []int32{waitingForConn, sending, resolving, connecting}, "sending the request", SentMaybe},
		{"written", []int32{waitingForConn, sending, waiting, sending}, "waiting for the answer", SentMaybe},
		{"an answer before all was written", []int32{sending, reading, waiting}, "reading the answer", SentMaybe},
	}
	for _, tc := range cases {
		var p progress
		for _, phase := range tc.reports {
			p.advance(phase)
		}
		if p.phase() != tc.phase || p.sent() != tc.sent {
			t.Errorf("%s: %s, sent %s; want %s, %s", tc.name, p.phase(), p.sent(), tc.phase, tc.sent)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"": "", "abcd": "abcd", "abcde": "abcd…", "abcé": "abc…", "ééé": "éé…", "\x80\x80\x80\x80\x80": "…"} {
		if got := clip(s, 4); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	if !headerSafe(strings.Repeat("a", maxToken)) || headerSafe(strings.Repeat("a", maxToken+1)) {
		t.Error("a token may have 16 KiB and not more")
	}
	base := "https://idp.example/"
	if _, err := webURL(base + strings.Repeat("a", maxURL-len(base))); err != nil {
		t.Error(err)
	}
	if _, err := webURL(base + strings.Repeat("a", maxURL-len(base)+1)); err == nil || err.Error() != "is longer than 16 KiB" {
		t.Error(err)
	}
	full := `{"a":"` + strings.Repeat("a", maxBody-len(`{"a":""}`)) + `"}`
	if _, err := parseObject([]byte(full)); err != nil {
		t.Error(err)
	}
	deepest := `{"a":` + strings.Repeat("[", maxDepth-1) + "1" + strings.Repeat("]", maxDepth-1) + `}`
	if _, err := parseObject([]byte(deepest)); err != nil {
		t.Error(err)
	}
	deeper := `{"a":` + strings.Repeat("[", maxDepth) + "1" + strings.Repeat("]", maxDepth) + `}`
	if _, err := parseObject([]byte(deeper)); err == nil {
		t.Errorf("%d levels are taken", maxDepth+1)
	}
}
