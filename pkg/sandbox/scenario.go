package sandbox

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Scenario says by phone number what flows meet. It is made by [ParseScenario] and never changes, so that
// many sandboxes may play the same one.
type Scenario struct {
	rules []rule
}

// rule is for the numbers of a pattern.
type rule struct {
	numbers pattern
	steps   []step // what the flows of one number meet in turn; the last one stays
}

// step is what some flows meet, one after the other.
type step struct {
	times   int     // how many; the last step's does not count
	result  outcome // "" for that of the digits
	faults  []*scenarioFault
	answers map[Stage][]recorded
	delay   map[Stage]time.Duration // "" for every stage
}

// scenarioFault is a fault of a step, for all of a flow's requests or for some.
type scenarioFault struct {
	*Fault
	times int // 0: always
}

// recorded is an answer given in full.
type recorded struct {
	delay  time.Duration // before it
	status int
	header [][2]string
	body   string
}

// part is the step that one flow plays, and what the flows of its number have met.
type part struct {
	*step
	met *met
}

// met is how far one number has come. It is guarded by the server's mutex.
type met struct {
	flows  int
	struck map[*scenarioFault]int
}

// Covers tells whether a pattern of the scenario fits a phone number in E.164 form. What other numbers meet
// follows from their digits.
func (s *Scenario) Covers(phone string) bool { return s.ruleFor(phone) != nil }

// FaultsOf are the names of the faults that flows of a phone number may meet, as s has it (nil: nothing) and because
// the number is reserved for one. Of "" they are those of all patterns.
func (s *Scenario) FaultsOf(phone string) (names []string) {
	if f := reservedFault(phone); f != nil {
		names = append(names, f.Name)
	}
	var rules []rule
	if r := s.ruleFor(phone); r != nil {
		rules = []rule{*r}
	} else if phone == "" && s != nil {
		rules = s.rules
	}
	for _, r := range rules {
		for _, step := range r.steps {
			for _, f := range step.faults {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// ruleFor is the first rule that is for a number, nil if none is.
func (s *Scenario) ruleFor(phone string) *rule {
	if s == nil {
		return nil
	}
	for i := range s.rules {
		if s.rules[i].numbers.matches(phone) {
			return &s.rules[i]
		}
	}
	return nil
}

// at is the step of a number's flow, from 0.
func (r *rule) at(flow int) *step {
	for i := range r.steps {
		if flow -= r.steps[i].times; flow < 0 {
			return &r.steps[i]
		}
	}
	return &r.steps[len(r.steps)-1]
}

// beginFlow numbers a flow, and finds what it plays: nothing where no scenario speaks of its phone number.
func (c *call) beginFlow(phone string) {
	c.entry.Flow = c.s.begun.Add(1)
	r := c.s.options.Scenario.ruleFor(phone)
	if r == nil {
		return
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	m, ok := c.s.met.get(phone, c.now)
	if !ok {
		m = &met{struck: map[*scenarioFault]int{}}
		c.s.met.put(strings.Clone(phone), m, c.now)
	}
	c.part = &part{r.at(m.flows), m}
	m.flows++
}

// partOf puts the request down to the flow that g was made for.
func (c *call) partOf(g *grant) {
	c.entry.Flow, c.entry.Phone, c.part = g.flowNumber, g.phone, g.part
}

// grantFor is what a flow that begins now stands for.
func (c *call) grantFor(phone, scope, redirectURI string) grant {
	return grant{flowNumber: c.entry.Flow, phone: phone, scope: scope, redirectURI: redirectURI, result: c.part.resultOf(phone), part: c.part}
}

// resultOf is what a number leads to: as the scenario says, else by its digits.
func (p *part) resultOf(phone string) outcome {
	if p != nil && p.result != "" {
		return p.result
	}
	return outcomeOf(phone)
}

// play lets the scenario have the call, and tells whether it answered.
func (c *call) play() bool {
	p := c.part
	if p == nil {
		return false
	}
	for _, f := range p.faults {
		if f.At != c.route.stage || !c.count(f, 1) {
			continue
		}
		if c.strike(f.Fault) {
			return true
		}
		c.count(f, -1)
	}
	if a := c.recorded(p.answers[c.route.stage]); a != nil {
		if c.entry.Note = "answered as recorded"; c.delayed(a.delay) {
			c.replay(a)
		} else {
			c.entry.Note = "the client did not wait"
		}
		return true
	}
	return false
}

// count takes one of a fault's times, or gives it back, and tells whether there was one.
func (c *call) count(f *scenarioFault, n int) bool {
	if f.times == 0 {
		return true
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if n > 0 && c.part.met.struck[f] >= f.times {
		return false
	}
	c.part.met.struck[f] += n
	return true
}

// pause waits as long as the scenario says, and tells whether the client still does.
func (c *call) pause() bool {
	if c.part == nil {
		return true
	}
	d, ok := c.part.delay[c.route.stage]
	if !ok {
		d = c.part.delay[""]
	}
	return c.delayed(d)
}

// delayed lets time pass, and tells whether the client is still there. When the sandbox closes, who waits is
// answered at once.
func (c *call) delayed(d time.Duration) bool { return c.wait(d) || c.r.Context().Err() == nil }

// wait lets time pass, and tells whether the client and the sandbox are still there.
func (c *call) wait(d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.r.Context().Done():
	case <-c.s.closing:
	}
	return false
}

// recorded is the answer that is this request's turn: of a stage that has one path the last given, of the
// carrier's the one whose number the address has.
func (c *call) recorded(answers []recorded) *recorded {
	switch {
	case len(answers) == 0:
		return nil
	case c.route.stage != StageCarrier:
		return &answers[len(answers)-1]
	case c.route.path != firstHop || c.times() >= len(answers):
		return nil
	}
	return &answers[c.times()]
}

// replay gives a recorded answer. Where a browser shows it, it can do nothing.
func (c *call) replay(a *recorded) {
	fill := strings.NewReplacer("{{next}}", c.next(), "{{state}}", c.entry.State, "{{redirect_uri}}", c.entry.RedirectURI,
		"{{vendor}}", c.s.vendor, "{{carrier}}", c.s.carrier)
	h := c.Header()
	mediaType := typeHTML
	for _, line := range a.header {
		if line[0] == "Content-Type" {
			mediaType = line[1]
			continue
		}
		h[line[0]] = append(h[line[0]], fill.Replace(line[1]))
	}
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	if a.body == "" {
		h["Content-Length"] = zeroLength
		c.WriteHeader(a.status)
		return
	}
	reply(c, a.status, mediaType, []byte(fill.Replace(a.body)))
}

// next is where the chain goes on from here: at the carrier its next recorded hop, and after the last one back
// to the vendor; elsewhere as without a scenario; "" where the stage does not redirect.
func (c *call) next() string {
	if c.route.stage == StageCarrier && c.times()+1 < len(c.part.answers[StageCarrier]) {
		return c.s.carrier + firstHop + "?state=" + c.entry.State + "&n=" + strconv.Itoa(c.times()+1)
	}
	if c.route.stage == StageCarrier && c.flow != nil {
		return c.backWithCode()
	}
	switch c.route.stage {
	case StageAuthorize, StageCarrier, StageCallback, StageCheckURL, StageHandover:
		return c.ordinary().header.Get("Location")
	default:
		return ""
	}
}

// replayable tells whether a header may be given in a scenario: none of those that frame the message or
// leave something behind in a browser.
func replayable(name string) bool {
	switch name {
	case "Connection", "Content-Length", "Transfer-Encoding", "Trailer", "Upgrade", "Keep-Alive", "Te", "Set-Cookie",
		"Content-Encoding", "Content-Security-Policy", "Clear-Site-Data", "Strict-Transport-Security", "Refresh":
		return false
	}
	return name == http.CanonicalHeaderKey(name)
}
