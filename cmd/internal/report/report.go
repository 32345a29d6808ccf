// Package report writes the shareable report of a chain: one HTML page that needs nothing
// but itself. Use it for what a person looks at; for programs there are JSON and HAR.
//
// Promised: the page holds what its [trace.Trace] holds, which is masked already, and no
// more, or says at its head that it is not masked; it has no script and loads nothing, and its content security policy forbids both;
// every text in it is escaped by the one writer in write.go, whoever it came from; ten hops
// make less than 100 KB.
//
// [Live] is the page of a running sandbox, and masks what it shows by itself. It has one small script, which its
// policy names by hash, and reads as well without it.
package report

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// Mood is how an outcome is to be taken.
type Mood string

// The moods.
const (
	Good Mood = "good" // it went well
	No   Mood = "no"   // it went well, and the answer is no
	Bad  Mood = "bad"  // it did not go well
)

// Page is what a report tells. Only Trace must be there. The texts are masked by the caller.
type Page struct {
	Trace    *trace.Trace
	Mood     Mood
	Headline string // the outcome in a word or two: "Verified"
	Summary  string // in a sentence
	Advice   string // what to do next, where no cause is known
	Cause    *Cause // why it went wrong, where that is known
	Command  string // what was run: "vnv run"
	Steps    []Step
	Clients  []Client
	Caveat   string // below the clients: how far their table goes
	Versions []Fact
}

// Cause is the likeliest reason for a failure, as it was told in the terminal.
type Cause struct {
	Name     string   // of the catalogue: vnv explain NAME says more
	Sentence string   // "Most likely …"
	Evidence string   // what speaks for it
	Fix      string   // what to do next
	Commands []string // that help
}

// Step is one step of a flow.
type Step struct {
	Name string
	OK   bool
	Took time.Duration
}

// Client says whether a client would get through the chain.
type Client struct {
	Title   string
	Through bool
	Unsure  bool   // as far as is known
	Why     string // at which hop and by which rule it would not; a remark if it would
}

// Fact is a name and a value.
type Fact struct{ Name, Value string }

// HTML returns the page.
func (p Page) HTML() []byte {
	w := &writer{b: make([]byte, 0, 64<<10)}
	w.put(`<!doctype html><html lang="en"><head><meta charset="utf-8">` +
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '`)
	w.text(styleHash())
	w.put(`'; base-uri 'none'; form-action 'none'"><meta name="referrer" content="no-referrer">`+
		`<meta name="viewport" content="width=device-width,initial-scale=1"><title>{} · vnv</title><style>`, p.headline())
	w.put(style)
	w.put(`</style></head><body><main>`)
	for _, section := range []func(Page, *writer){
		Page.top, Page.findings, Page.sequence, Page.waterfall, Page.clients, Page.hops, Page.settings, Page.foot,
	} {
		section(p, w)
	}
	w.put("</main></body></html>\n")
	return w.b
}

func (p Page) headline() string {
	if p.Headline != "" {
		return p.Headline
	}
	return "Redirect chain"
}

// styleHash is what the policy allows: this style, and no other.
func styleHash() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
