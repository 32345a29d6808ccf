//go:build browser

package callback

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/testdata/browser"
)

// The page that hands a fragment over, in a real browser. These tests need chromium in PATH:
//
//	go test -tags browser ./pkg/callback -run Browser [-screenshots DIR]

// tab is a page, and what this package's pages have in common.
type tab struct{ browser.Tab }

// until waits for a heading, and returns the text and the address that are then shown.
func (p tab) until(t *testing.T, heading string) (text, address string) {
	t.Helper()
	p.Until(t, `document.readyState=="complete"&&document.querySelector("h1")?.textContent`, heading)
	return p.Eval(t, `document.querySelector("p").textContent`), p.Eval(t, "location.href")
}

// carrier redirects to a URL, as the last hop of a chain does, from another site.
func carrier(t *testing.T, to string) string {
	t.Helper()
	s := httptest.NewServer(http.RedirectHandler(to, http.StatusFound))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	for name, test := range map[string]func(*testing.T, tab){
		"code": browserBringsCode, "error": browserBringsError, "wrong request id": browserBringsAnothers,
		"no fragment": browserBringsNothing, "other name of this machine": browserElsewhere, "script off": browserWithoutScript,
		"terminal gone": browserFindsNobody, "foreign page": browserOnForeignPage,
	} {
		t.Run(name, func(t *testing.T) { test(t, tab{b.Tab(t)}) })
	}
}

func browserBringsCode(t *testing.T, p tab) {
	t.Helper()
	l, heard := inFragments(t)
	p.Open(t, carrier(t, l.RedirectURI()+"#request_id="+ourRequest+"&code=si9%73fG"))
	if _, address := p.until(t, "Back to your terminal"); address != l.RedirectURI() {
		t.Errorf("the address is %s", address)
	}
	if title := p.Eval(t, "document.title"); title != "Back to your terminal · vnv" {
		t.Errorf("titled %q", title)
	}
	if class := p.Eval(t, `document.querySelector("main").className`); class != tick.class {
		t.Errorf("marked %q", class)
	}
	c, err := l.Wait(patiently(t))
	if err != nil || c.Code != "si9sfG" || c.Query != "request_id="+ourRequest+"&code=si9%73fG" {
		t.Errorf("got %v, %v", c, err)
	}
	if said := p.Complaints(); said != "" || len(heard.all) != 0 {
		t.Errorf("heard %v, and of the browser %s", heard.all, said)
	}
	p.Call(t, "Page.reload", nil, nil)
	p.until(t, "Not an answer") // nothing is left of it
}

func browserBringsError(t *testing.T, p tab) {
	t.Helper()
	l, _ := inFragments(t)
	p.Open(t, carrier(t, l.RedirectURI()+"#request_id="+ourRequest+"&error_description=Device%20MSISDN%20does+not%20match."))
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
	p.Open(t, from)
	if _, address := p.until(t, "Not this attempt"); address != from {
		t.Errorf("the address is %s", address)
	}
	heard.await(t, ReasonState, 1)
	p.Eval(t, "location.hash="+fmt.Sprintf("%q", "code=C"+ofOurs))
	p.Call(t, "Page.reload", nil, nil)
	p.until(t, "Back to your terminal")
	if c, err := l.Wait(patiently(t)); err != nil || c.Code != "C" {
		t.Errorf("got %v, %v", c, err)
	}
}

func browserBringsNothing(t *testing.T, p tab) {
	t.Helper()
	l, heard := inFragments(t)
	p.Open(t, l.RedirectURI()+"?code=C"+ofOurs)
	p.until(t, "Not an answer")
	heard.await(t, ReasonIncomplete, 1)
	mustEndByFragment(t, l)
}

// browserElsewhere: by another name the page is another origin, and says what to do.
func browserElsewhere(t *testing.T, p tab) {
	t.Helper()
	l, heard := inFragments(t, func(o *Options) { o.RedirectURI = "http://localhost:0/callback" })
	from := strings.Replace(l.RedirectURI(), "localhost", "127.0.0.1", 1) + "#code=C" + ofOurs
	p.Open(t, from)
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
	p.Call(t, "Emulation.setScriptExecutionDisabled", browser.Object{"value": true}, nil)
	from := l.RedirectURI() + "#request_id=" + ourRequest + "&code=C"
	p.Open(t, carrier(t, from))
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
	p.Open(t, from)
	for _, heading := range []string{"One moment", "Your terminal does not answer"} {
		text, address := p.until(t, heading)
		if !strings.Contains(text, "copy the whole address") || address != from {
			t.Errorf("at %s it says %s", address, text)
		}
		p.Picture(t, strings.Fields(heading)[0]+".png")
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
	p.Open(t, evil.URL)
	p.until(t, "Evil")
	post := fmt.Sprintf("fetch(%q,{method:'POST',body:%q,%%s}).then(r=>r.type,e=>e.name)", l.RedirectURI(), "code=evil"+ofOurs)
	for _, mode := range []string{
		"mode:'no-cors'", "mode:'cors'", "mode:'no-cors',referrerPolicy:'no-referrer'",
		"mode:'cors',headers:{'Content-Type':'application/json'}",
	} {
		if got := p.Eval(t, fmt.Sprintf(post, mode)); got != "TypeError" {
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
	b := browser.Start(t)
	p := tab{b.Tab(t)}
	p.Call(t, "Emulation.setScriptExecutionDisabled", browser.Object{"value": true}, nil)
	for r, page := range pages {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { page.write(w, "GET") }))
		for _, width := range []int{320, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				p.Show(t, width, scheme)
				p.Open(t, s.URL)
				p.until(t, page.title)
				if over := p.TooWide(t); over != "0" {
					t.Errorf("%s at %d: %s pixels too wide", page.title, width, over)
				}
				p.Picture(t, fmt.Sprintf("%s-%d-%s.png", "page"+string(r), width, scheme))
			}
		}
		s.Close()
	}
}
