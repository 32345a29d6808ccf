package trace

import (
	"encoding/json"
	"strings"
	"testing"
)

// seeds are the beginnings of a fuzz: every format, and what is nearly one.
func seeds(f *testing.F) {
	f.Helper()
	for name := range saved {
		f.Add(file(f, name))
	}
	for _, s := range []string{
		"", "{", `{"log":{"entries":[{"request":{"url":"x"},"response":{"status":"302"}}]}}`, `{"hops":[{}]}`, `{"event":"hop","hop":{"url":"https://x.example/?code=` + secret + `"}}`,
		`{"debug":{"url_trace":"Start connection x 1 http\nGET / HTTP/1.1\nHost: x\n\nHTTP/1.1 302 x\nLocation: ` + secret + `"}}`, "> GET / HTTP/1.1\n< HTTP/1.1 200\n",
		`{"findings":[],"hops":[{"total_ms":1e300,"skew_ms":-1e300,"cookies":[{"name":"\u001b"}]}]}`, "command:\nGET / HTTP/1.1\n",
	} {
		f.Add([]byte(s))
	}
}

// FuzzRead: whatever is read is printable, and can be written and read again as it is.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, _, err := Read(b, nil)
		if err != nil {
			if msg := err.Error(); !strings.HasPrefix(msg, "reading a trace: ") || Printable(msg) != msg {
				t.Errorf("%q", msg)
			}
			return
		}
		doc, err := json.Marshal(tr)
		if err != nil {
			t.Fatal(err)
		}
		safe(t, "", decoded(t, doc))
		again, format, err := Read(doc, nil)
		if err != nil || format != FormatTrace || len(again.Hops) != len(tr.Hops) {
			t.Fatalf("%v, %s\n%s", err, format, doc)
		}
		har, err := tr.HAR()
		if err != nil {
			t.Fatal(err)
		}
		if back, format, err := Read(har, nil); err != nil || format != FormatHAR || len(back.Hops) != len(tr.Hops) {
			t.Fatalf("%v, %s\n%s", err, format, har)
		}
		Diff(tr, again)
	})
}

// FuzzClean: a clean copy has no leaks, and can be read.
func FuzzClean(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := Clean(b)
		if err != nil {
			return
		}
		if leaks := Check(out); leaks != nil {
			t.Errorf("%v\n%s", leaks, out)
		}
	})
}

// FuzzCheck: looking through a file ends, and what it says of a leak gives nothing away.
func FuzzCheck(f *testing.F) {
	seeds(f)
	for _, wrap := range wraps {
		f.Add([]byte(wrap("?code=" + secret)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, l := range Check(b) {
			if Printable(l.Shown+l.Where+l.Kind) != l.Shown+l.Where+l.Kind || l.Encoding == "" || strings.Contains(l.Shown, secret[:6]) {
				t.Errorf("%+v", l)
			}
		}
	})
}
