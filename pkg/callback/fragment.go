package callback

import (
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Verify's silent authentication ends at the redirect URL with its answer in the fragment, which no server ever sees:
// #request_id=…&code=… or #request_id=…&error_description=…. A browser is given a page whose script posts the fragment
// back to the same path. The vendor's phone libraries run no script, so nothing of theirs arrives here.

// maxFragment bounds what the page may hand over.
const maxFragment = 16 << 10

// handOver posts the fragment to where the page came from, takes it out of the address, and shows the page that comes
// back. It must not hold the letters of a closing script element.
const handOver = `(async()=>{const f=location.hash.slice(1);history.replaceState(null,"",location.pathname);` +
	`const show=h=>{const d=new DOMParser().parseFromString(h,"text/html"),m=document.querySelector("main"),n=d.querySelector("main");` +
	`document.title=d.title;m.replaceWith(document.importNode(n,true))};` +
	`try{const r=await fetch(location.pathname,{method:"POST",body:f,headers:{"Content-Type":"application/x-www-form-urlencoded"}});` +
	`show(await r.text())}catch(e){document.querySelector("h1").textContent="Your terminal did not answer";` +
	`document.querySelector("p").textContent="Copy the address that you were sent to and paste it there."}})()`

// handing is the page that carries the script, and says what to do without one.
var handing = page{
	status: http.StatusOK, mark: hint, title: "One moment",
	text:   `Handing the answer to your terminal. If nothing happens here, copy the whole address of this page and paste it there.`,
	script: handOver,
}

func (l *Listener) vocabulary() vocabulary {
	if l.opts.Fragment {
		return inFragment
	}
	return inQuery
}

// judgeFragment answers a browser: a GET with the page, a POST from that page by judging what it hands over.
func (l *Listener) judgeFragment(r *http.Request) (p page, ended bool) {
	switch {
	case r.URL.EscapedPath() != l.path:
		l.ignore(answer{reason: ReasonPath})
		return pageOf(ReasonPath), false
	case r.Method == http.MethodGet:
		return handing, false
	case r.Method != http.MethodPost || r.Header.Get("Origin") != originOf(l.redirect):
		l.ignore(answer{reason: ReasonMethod})
		return pageOf(ReasonMethod), false
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxFragment+1))
	if err != nil || len(body) > maxFragment {
		l.ignore(answer{reason: ReasonMalformed})
		return pageOf(ReasonMalformed), false
	}
	fragment := strings.TrimPrefix(string(body), "#")
	return l.take(r, fragment, judge(fragment, l.state(), inFragment))
}

// originOf is what a browser sends as Origin from a page at that URL.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// ParseFragment judges the URL that a silent authentication ended at, or only its fragment, as [Parse] judges a
// callback URL: the request id stands for the state.
func ParseFragment(rawURL, requestID string) (*Callback, error) {
	return parse(pastedFragment(rawURL), requestID, inFragment)
}

// pastedFragment takes the fragment out of what a person may paste.
func pastedFragment(raw string) string {
	s := strings.Trim(raw, blanks)
	s = strings.ReplaceAll(s, "&amp;", "&")
	if _, fragment, found := strings.Cut(s, "#"); found {
		return fragment
	}
	if strings.Contains(s, "://") || !strings.Contains(s, "=") {
		return ""
	}
	return s
}
