//go:build browser

package callback

import (
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page that hands a fragment over, in a real browser. These tests need chromium in PATH:
//
//	go test -tags browser ./pkg/callback -run Browser [-screenshots DIR]

var screenshots = flag.String("screenshots", "", "where to put pictures of the pages")

// carrier redirects to a URL, as the last hop of a chain does, from another site.
func carrier(t *testing.T, to string) string {
	t.Helper()
	s := httptest.NewServer(http.RedirectHandler(to, http.StatusFound))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	for name, test := range map[string]func(*testing.T, tab){
		"code": browserBringsCode, "error": browserBringsError, "wrong request id": browserBringsAnothers,
		"no fragment": browserBringsNothing, "other name of this machine": browserElsewhere, "script off": browserWithoutScript,
		"terminal gone": browserFindsNobody, "foreign page": browserOnForeignPage,
	} {
		t.Run(name, func(t *testing.T) { test(t, b.tab(t)) })
	}
}

func browserBringsCode(t *testing.T, p tab) {
	t.Helper()
	l, heard := inFragments(t)
	p.open(t, carrier(t, l.RedirectURI()+"#request_id="+ourRequest+"&code=si9%73fG"))
	if _, address := p.until(t, "Back to your terminal"); address != l.RedirectURI() {
		t.Errorf("the address is %s", address)
	}
	if title := p.eval(t, "document.title"); title != "Back to your terminal · vnv" {
		t.Errorf("titled %q", title)
	}
	if class := p.eval(t, `document.querySelector("main").className`); class != tick.class {
		t.Errorf("marked %q", class)
	}
	c, err := l.Wait(patiently(t))
	if err != nil || c.Code != "si9sfG" || c.Query != "request_id="+ourRequest+"&code=si9%73fG" {
		t.Errorf("got %v, %v", c, err)
	}
	if said := p.complaints(); said != "" || len(heard.all) != 0 {
		t.Errorf("heard %v, and of the browser %s", heard.all, said)
	}
	p.call(t, "Page.reload", nil, nil)
	p.until(t, "Not an answer") // nothing is left of it
}

func browserBringsError(t *testing.T, p tab) {
	t.Helper()
	l, _ := inFragments(t)
	p.open(t, carrier(t, l.RedirectURI()+"#request_id="+ourRequest+"&error_description=Device%20MSISDN%20does+not%20match."))
	if _, address := p.until(t, "Not authorized"); address != l.RedirectURI() {
		t.Errorf("the address is %s", address)
	}
	_, err := l.Wait(patiently(t))
	if e := wantReason(t, err, ReasonDenied); e.Description != mismatch {
		t.Errorf("got %q", e.Description)
	}
}

// browserBringsAnothers: what was not taken can still be copied, and the wait goes on.
func browserBringsAnothers(t *testing.T, p tab) {
	t.Helper()
	l, heard := inFragments(t)
	from := l.RedirectURI() + "#code=C" + notOurs
	p.open(t, from)
	if _, address := p.until(t, "Not this attempt"); address != from {
		t.Errorf("the address is %s", address)
	}
	heard.await(t, ReasonState, 1)
	p.eval(t, "location.hash="+fmt.Sprintf("%q", "code=C"+ofOurs))
	p.call(t, "Page.reload", nil, nil)
	p.until(t, "Back to your terminal")
	if c, err := l.Wait(patiently(t)); err != nil || c.Code != "C" {
		t.Errorf("got %v, %v", c, err)
	}
}

func browserBringsNothing(t *testing.T, p tab) {
	t.Helper()
	l, heard := inFragments(t)
	p.open(t, l.RedirectURI()+"?code=C"+ofOurs)
	p.until(t, "Not an answer")
	heard.await(t, ReasonIncomplete, 1)
	mustEndByFragment(t, l)
}

// browserElsewhere: by another name the page is another origin, and says what to do.
func browserElsewhere(t *testing.T, p tab) {
	t.Helper()
	l, heard := inFragments(t, func(o *Options) { o.RedirectURI = "http://localhost:0/callback" })
	from := strings.Replace(l.RedirectURI(), "localhost", "127.0.0.1", 1) + "#code=C" + ofOurs
	p.open(t, from)
	text, address := p.until(t, "Not from here")
	if !strings.Contains(text, "Copy the whole address") || address != from {
		t.Errorf("at %s it says %s", address, text)
	}
	heard.await(t, ReasonOrigin, 1)
	if err := l.Offer(address); err != nil {
		t.Error(err)
	}
}

// browserWithoutScript asks for a paste, which ends the wait.
func browserWithoutScript(t *testing.T, p tab) {
	t.Helper()
	l, heard := inFragments(t)
	p.call(t, "Emulation.setScriptExecutionDisabled", object{"value": true}, nil)
	from := l.RedirectURI() + "#request_id=" + ourRequest + "&code=C"
	p.open(t, carrier(t, from))
	text, address := p.until(t, "One more step")
	if !strings.Contains(text, "Copy the whole address of this page and paste it into your terminal") || address != from {
		t.Errorf("at %s it says %s", address, text)
	}
	if err := l.Offer(address); err != nil {
		t.Fatal(err)
	}
	if c, err := l.Wait(patiently(t)); err != nil || c.Code != "C" || c.Via != ViaPaste || len(heard.all) != 0 {
		t.Errorf("got %v, %v", c, err)
	}
}

// browserFindsNobody: the terminal went away between the page and its script.
func browserFindsNobody(t *testing.T, p tab) {
	t.Helper()
	leave := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			<-leave
			panic(http.ErrAbortHandler)
		}
		pageOf(ReasonPage).write(w, inFragment.methods)
	}))
	defer s.Close()
	from := s.URL + "/callback#code=C" + ofOurs
	p.open(t, from)
	for _, heading := range []string{"One moment", "Your terminal does not answer"} {
		text, address := p.until(t, heading)
		if !strings.Contains(text, "copy the whole address") || address != from {
			t.Errorf("at %s it says %s", address, text)
		}
		p.picture(t, strings.Fields(heading)[0]+".png")
		if heading == "One moment" {
			close(leave)
		}
	}
}

// browserOnForeignPage: another site that knows everything can neither post nor read.
func browserOnForeignPage(t *testing.T, p tab) {
	t.Helper()
	l, heard := inFragments(t)
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<h1>Evil</h1>")
	}))
	defer evil.Close()
	p.open(t, evil.URL)
	p.until(t, "Evil")
	post := fmt.Sprintf("fetch(%q,{method:'POST',body:%q,%%s}).then(r=>r.type,e=>e.name)", l.RedirectURI(), "code=evil"+ofOurs)
	for _, mode := range []string{
		"mode:'no-cors'", "mode:'cors'", "mode:'no-cors',referrerPolicy:'no-referrer'",
		"mode:'cors',headers:{'Content-Type':'application/json'}",
	} {
		if got := p.eval(t, fmt.Sprintf(post, mode)); got != "TypeError" {
			t.Errorf("%s: got %s", mode, got)
		}
	}
	heard.await(t, ReasonOrigin, 3)
	heard.await(t, ReasonMethod, 1) // the question of CORS before the last
	mustEndByFragment(t, l)
}

// TestBrowserPictures shows every page at the widths of a phone and a desk, by day and by night.
func TestBrowserPictures(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	p := b.tab(t)
	p.call(t, "Emulation.setScriptExecutionDisabled", object{"value": true}, nil)
	for r, page := range pages {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { page.write(w, "GET") }))
		for _, size := range []object{
			{"width": 320, "height": 640, "deviceScaleFactor": 2, "mobile": true},
			{"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": false},
		} {
			for _, scheme := range []string{"light", "dark"} {
				p.call(t, "Emulation.setDeviceMetricsOverride", size, nil)
				p.call(t, "Emulation.setEmulatedMedia", object{
					"features": []object{{"name": "prefers-color-scheme", "value": scheme}},
				}, nil)
				p.open(t, s.URL)
				p.until(t, page.title)
				if over := p.eval(t, "document.documentElement.scrollWidth-innerWidth"); over != "0" {
					t.Errorf("%s at %v: %s pixels too wide", page.title, size["width"], over)
				}
				p.picture(t, fmt.Sprintf("%s-%v-%s.png", "page"+string(r), size["width"], scheme))
			}
		}
		s.Close()
	}
}

func (p tab) picture(t *testing.T, name string) {
	t.Helper()
	if *screenshots == "" {
		return
	}
	var got struct{ Data string }
	p.call(t, "Page.captureScreenshot", object{"format": "png"}, &got)
	image, err := base64.StdEncoding.DecodeString(got.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(*screenshots, name), image, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
