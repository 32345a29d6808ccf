package callback

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Verify's silent authentication ends at the redirect URL with its answer in the fragment, which no server ever sees:
// #request_id=…&code=… or #request_id=…&error_description=…. A browser is given a page whose script posts the fragment
// back to where the page came from. Whoever runs no script, as the vendor's phone libraries, delivers nothing here.

// maxFragment bounds what the page may hand over, in bytes.
const maxFragment = 16 << 10

// handOver says that it is at work, posts the fragment, shows the page that is answered, and takes what was taken out of
// the address; what was not stays there to be copied. The mode of the request must stay "cors", for any other makes the page's no-referrer
// turn its Origin into null. The text must not hold the letters of a closing script element.
const handOver = `(async()=>{const main=document.querySelector("main"),` +
	`say=(title,text)=>{document.title=title+" · vnv";main.querySelector("h1").textContent=title;` +
	`main.querySelector("p").textContent=text};` +
	`say("One moment","Handing the answer to your terminal. If nothing happens, copy the whole address of this page and ` +
	`paste it there.");` +
	`try{const r=await fetch("",{method:"POST",body:location.hash.slice(1)}),` +
	`d=new DOMParser().parseFromString(await r.text(),"text/html"),m=d.querySelector("main");` +
	`main.className=m.className;main.replaceChildren(...m.childNodes);document.title=d.title;` +
	`if(r.ok)history.replaceState(null,"",location.href.split("#")[0])}` +
	`catch{say("Your terminal does not answer","If it still waits, copy the whole address of this page and paste it there. ` +
	`Otherwise you can close this window and start again.")}})()`

func (l *Listener) vocabulary() vocabulary {
	if l.opts.Fragment {
		return inFragment
	}
	return inQuery
}

// judgeFragment answers a browser: a GET with the page, a POST from that page by judging what it hands over. That the
// page was asked for is counted, but not reported, for it is no news.
func (l *Listener) judgeFragment(r *http.Request) (p page, ended bool) {
	fragment, a := "", answer{}
	switch {
	case r.URL.EscapedPath() != l.path:
		a.reason = ReasonPath
	case r.Method == http.MethodGet:
		l.note(answer{reason: ReasonPage})
		return pageOf(ReasonPage), false
	case r.Method != http.MethodPost:
		a.reason = ReasonMethod
	case !slices.Equal(r.Header.Values("Origin"), []string{originOf(l.redirect)}):
		a.reason = ReasonOrigin
	default:
		fragment, a = l.handedOver(r)
	}
	return l.take(r, fragment, a)
}

func (l *Listener) handedOver(r *http.Request) (string, answer) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxFragment+1))
	if err != nil || len(body) > maxFragment {
		return "", answer{reason: ReasonUnreadable}
	}
	return string(body), judge(string(body), l.state(), inFragment)
}

// originOf is what a browser sends as Origin from a page at that URL (WHATWG URL, host serializing; HTML, origin), of a
// host in ASCII.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is6() {
		host = "[" + addr.String() + "]"
		if b := addr.As16(); addr.Is4In6() {
			host = fmt.Sprintf("[::ffff:%x:%x]", int(b[12])<<8|int(b[13]), int(b[14])<<8|int(b[15]))
		}
	}
	if port := u.Port(); port != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host += ":" + port
	}
	return u.Scheme + "://" + host
}

// ParseFragment judges what a silent authentication ended with, as [Parse] judges a callback URL, the request id standing
// for the state: the URL with its fragment, only the fragment, or the JSON answer of a chain that has no redirect URL,
// {"request_id":"…","code":"…"}. What a URL carries in its query is not looked at.
func ParseFragment(raw, requestID string) (*Callback, error) {
	return parse(pastedFragment(raw), requestID, pastedURI(raw), inFragment)
}

// pastedFragment takes the fragment out of what a person may paste.
func pastedFragment(raw string) string {
	s := strings.Trim(raw, blanks)
	if strings.HasPrefix(s, "{") {
		return fragmentOf(s)
	}
	s = strings.ReplaceAll(s, "&amp;", "&")
	if _, fragment, found := strings.Cut(s, "#"); found {
		return fragment
	}
	if name, _, found := strings.Cut(s, "="); !found || strings.ContainsAny(name, ":/?") {
		return ""
	}
	return s
}

// fragmentOf writes a JSON object as the fragment that would say the same, names given twice included, and what is no
// such object as one that is malformed.
func fragmentOf(object string) string {
	const malformed = "%"
	d := json.NewDecoder(strings.NewReader(object))
	var pairs []string
	_, err := d.Token() // the brace
	for err == nil && d.More() {
		var name json.Token
		var value any
		name, err = d.Token()
		err = errors.Join(err, d.Decode(&value))
		key, _ := name.(string)
		switch v := value.(type) {
		case string:
			pairs = append(pairs, url.QueryEscape(key)+"="+url.QueryEscape(v))
		case nil: // counts as absent
		default:
			if inFragment.has(key) {
				return malformed
			}
		}
	}
	if _, closing := d.Token(); err != nil || closing != nil {
		return malformed
	}
	if _, rest := d.Token(); !errors.Is(rest, io.EOF) {
		return malformed
	}
	return strings.Join(pairs, "&")
}
