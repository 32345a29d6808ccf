//go:build browser

package report_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/testdata/browser"
)

// The page of a running sandbox, in a real browser. These tests need chromium in PATH:
//
//	go test -tags browser ./cmd/internal/report -run Browser [-screenshots DIR]

func TestBrowserLive(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	for name, test := range map[string]func(*testing.T, *live, browser.Tab){
		"follows": browserFollows, "keeps what is open": browserKeeps, "switches faults": browserSwitches,
		"finds faults": browserFinds, "script off": browserWithoutScript, "sandbox gone": browserFindsNobody,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t)
			p := b.Tab(t)
			if name == "script off" {
				p.Call(t, "Emulation.setScriptExecutionDisabled", browser.Object{"value": true}, nil)
			}
			p.Open(t, l.s.ControlPageURL())
			p.Until(t, `document.querySelector("#empty")!==null`, "true")
			test(t, l, p)
			if said := p.Complaints(); said != "" && name != "sandbox gone" {
				t.Errorf("the browser complains: %s", said)
			}
		})
	}
}

// asks is a request of a flow of its own, or one that belongs to none.
func (l *live) asks(path string) {
	l.t.Helper()
	l.send("POST", l.s.URL()+path, `{"phone_number":"+99012345678"}`, "Content-Type", "application/json")
}

const (
	starts    = "/v0.1/network-enablement"
	strays    = "/oauth2/token"
	howMany   = `document.querySelectorAll("%s").length`
	clickOn   = `document.querySelector("%s").click()`
	isPressed = `document.querySelector("#fault-wifi").ariaPressed`
)

// click is on the first element of a selector, as a person clicks.
func click(t *testing.T, p browser.Tab, selector string) {
	t.Helper()
	p.Eval(t, fmt.Sprintf(clickOn, selector))
}

func browserFollows(t *testing.T, l *live, p browser.Tab) {
	t.Helper()
	p.Eval(t, "window.same=1")
	l.asks(starts)
	p.Until(t, fmt.Sprintf(howMany, ".flow"), "1")
	l.asks(starts)
	p.Until(t, fmt.Sprintf(howMany, ".flow"), "2")
	if got := p.Eval(t, `[...document.querySelectorAll(".flow")].map(f=>f.id+f.open+window.same).join()`); got != "flow-2true1,flow-1false1" {
		t.Errorf("the newest is first and open, without loading the page again: %s", got)
	}
	if got := p.Eval(t, `document.querySelector("#empty")===null&&document.querySelector(".flow .pill").textContent`); got != "failed" {
		t.Errorf("without a JWT a flow has failed: %s", got)
	}
}

func browserKeeps(t *testing.T, l *live, p browser.Tab) {
	t.Helper()
	l.asks(strays)
	p.Until(t, fmt.Sprintf(howMany, ".hop"), "1")
	click(t, p, "#hop-1 summary")
	p.Eval(t, `document.querySelector("#hop-1 summary").focus()`)
	l.asks(strays)
	p.Until(t, fmt.Sprintf(howMany, ".hop"), "2")
	l.asks(starts)
	p.Until(t, fmt.Sprintf(howMany, ".hop"), "3")
	got := p.Eval(t, `["#flow-0","#hop-1","#hop-2","#flow-1"].map(i=>document.querySelector(i).open).join()`)
	if got != "true,true,false,true" {
		t.Errorf("open are %s: where somebody reads, and the newest flow", got)
	}
	if got := p.Eval(t, `document.activeElement.parentElement.id`); got != "hop-1" {
		t.Errorf("the focus is at %q", got)
	}
}

func browserSwitches(t *testing.T, l *live, p browser.Tab) {
	t.Helper()
	click(t, p, "#faults summary")
	p.Eval(t, `document.querySelector(".all form").scrollTop=300;document.querySelector("#fault-wifi").focus({preventScroll:true})`)
	click(t, p, "#fault-wifi")
	p.Until(t, isPressed, "true")
	if got := strings.Join(l.s.ActiveFaults(), " "); got != "wifi" {
		t.Errorf("set: %q", got)
	}
	if got := p.Eval(t, `[document.activeElement.id,document.querySelector(".all form").scrollTop,document.querySelector("#faults").open,location.search].join()`); got != "fault-wifi,300,true," {
		t.Errorf("after a click the reader is at %s", got)
	}
	if err := l.s.SetFaults("wifi", "token-500:2"); err != nil {
		t.Fatal(err)
	}
	p.Until(t, fmt.Sprintf(howMany, "#set button"), "2") // set elsewhere, and seen here
	click(t, p, "#set button")
	p.Until(t, isPressed, "false")
	if got := strings.Join(l.s.ActiveFaults(), " "); got != "token-500:2" {
		t.Errorf("set: %q", got)
	}
}

func browserFinds(t *testing.T, l *live, p browser.Tab) {
	t.Helper()
	click(t, p, "#faults summary")
	p.Eval(t, `document.querySelector("#find").focus()`)
	p.Call(t, "Input.insertText", browser.Object{"text": "WiFi"}, nil)
	const visible = `[...document.querySelectorAll(".all button,.all h3")].filter(e=>e.offsetParent).map(e=>e.id).join()`
	p.Until(t, visible, ",fault-wifi")
	click(t, p, "#fault-wifi")
	p.Until(t, isPressed, "true")
	p.Until(t, visible, ",fault-wifi") // what was looked for is still that
	for _, kind := range []string{"keyDown", "keyUp"} {
		p.Call(t, "Input.dispatchKeyEvent", browser.Object{"type": kind, "key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}, nil)
	}
	l.asks(starts)
	p.Until(t, fmt.Sprintf(howMany, ".flow"), "1")
	if got := strings.Join(l.s.ActiveFaults(), " "); got != "wifi" {
		t.Errorf("Enter in the search has set %q", got)
	}
}

func browserWithoutScript(t *testing.T, l *live, p browser.Tab) {
	t.Helper()
	click(t, p, "#faults summary")
	if got := p.Eval(t, `document.querySelector("#faults").open&&document.querySelector("#find").offsetParent===null`); got != "true" {
		t.Error("the faults do not open, or a search that does nothing is shown")
	}
	click(t, p, "#fault-wifi")
	p.Until(t, `location.search+`+isPressed+`+document.querySelector("#faults").open`, "?faultstruetrue")
	if got := strings.Join(l.s.ActiveFaults(), " "); got != "wifi" {
		t.Errorf("set: %q", got)
	}
	l.asks(starts)
	click(t, p, "noscript a")
	p.Until(t, fmt.Sprintf(howMany, ".flow"), "1")
}

// browserFindsNobody: the page says so, and keeps what it has.
func browserFindsNobody(t *testing.T, l *live, p browser.Tab) {
	t.Helper()
	l.asks(starts)
	p.Until(t, fmt.Sprintf(howMany, ".flow"), "1")
	if err := l.s.Close(); err != nil {
		t.Fatal(err)
	}
	p.Until(t, `document.body.className`, "lost")
	if got := p.Eval(t, fmt.Sprintf(howMany, ".flow")); got != "1" {
		t.Errorf("%s flows are left", got)
	}
}

// TestBrowserLivePictures shows the page at the widths of a phone and a desk, by day and by night.
func TestBrowserLivePictures(t *testing.T) {
	t.Parallel()
	l := newLive(t, "wifi", "token-500:2")
	p := browser.Start(t).Tab(t)
	for _, path := range []string{starts, strays, starts, "/" + strings.Repeat("long", 60), starts} {
		l.asks(path)
	}
	for _, width := range []int{320, 1280} {
		for _, scheme := range []string{"light", "dark"} {
			p.Show(t, width, scheme)
			p.Open(t, l.s.ControlPageURL())
			p.Until(t, `document.querySelector("#find")?.hidden`, "false")
			for _, open := range []string{"nothing", "faults", "a request"} {
				click(t, p, map[string]string{"nothing": "h1", "faults": "#faults summary", "a request": ".hop summary"}[open])
				if over := p.TooWide(t); over != "0" {
					t.Errorf("%d wide, open is %s: %s pixels too wide", width, open, over)
				}
				p.Picture(t, fmt.Sprintf("live-%d-%s-%s.png", width, scheme, strings.ReplaceAll(open, " ", "-")))
			}
		}
	}
}
