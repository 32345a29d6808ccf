package verdict

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// MaxInput is how much of an input is read, in bytes.
const MaxInput = 1 << 20

// An Explanation is what an input is, and what it means. All texts are masked, escaped
// and printable.
type Explanation struct {
	Kind   string      `json:"kind"`             // what was recognised: one of the Kind… names
	What   string      `json:"what"`             // the same for people: "a CAMARA error body"
	Title  string      `json:"title"`            // a clause: what it comes down to
	Name   string      `json:"name,omitempty"`   // of the cause or code
	Means  string      `json:"means,omitempty"`  // whole sentences
	Who    string      `json:"who,omitempty"`    // who causes it
	Fix    string      `json:"fix,omitempty"`    // how to fix it
	Source string      `json:"source,omitempty"` // which part of the guide, an RFC or CAMARA says so
	Next   []string    `json:"next,omitempty"`   // commands
	Facts  []Fact      `json:"facts,omitempty"`  // what was read out of it
	Causes []Candidate `json:"causes,omitempty"` // what can be behind it, the most likely first
	Tried  []string    `json:"tried,omitempty"`  // of an unknown input: what it was taken for
}

// A Fact is one value that was read out of an input, masked.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Note  string `json:"note,omitempty"` // what it is
}

// The kinds of input.
const (
	KindCause    = "cause"
	KindCode     = "code"
	KindKey      = "private-key"
	KindJWT      = "jwt"
	KindDocument = "vnv-error"
	KindSession  = "session"
	KindTrace    = "trace"
	KindAnswer   = "http-answer"
	KindBody     = "body"
	KindPage     = "page"
	KindURL      = "url"
	KindText     = "text"
)

// An Explainer explains inputs, offline. The zero value is ready, but for tokens: it
// then reads of a JWT only that it is one.
type Explainer struct {
	Mask *trace.Mask                                      // nil: a fresh one for every input
	JWT  func(token string) ([]Fact, []JWTFinding, error) // reads a token without verifying it
}

// Explain is that of the zero [Explainer].
func Explain(input string) (Explanation, bool) { return Explainer{}.Explain(input) }

// recogniser is a row of the table of what an input can be.
type recogniser struct {
	kind, what string
	read       func(*reading) (Explanation, bool)
}

// recognisers are tried in this order; the first that knows the input has it.
func recognisers() []recogniser {
	return []recogniser{
		{KindKey, "a private key", (*reading).key},
		{KindCause, "the name of a cause", (*reading).cause},
		{KindCode, "an error code of the vendor, OAuth, CAMARA, Verify or a phone library, or an HTTP status", (*reading).code},
		{KindJWT, "a JWT", (*reading).jwt},
		{KindDocument, "an error document of vnv", (*reading).document},
		{KindSession, "a session of vnv", (*reading).session},
		{KindTrace, "a saved trace, a HAR, a curl -v log of redirects, or a phone library's debug output", (*reading).trace},
		{KindAnswer, "a whole HTTP answer: status line, headers, body", (*reading).answer},
		{KindBody, "a JSON body of an API: RFC 7807, CAMARA, OAuth, a scope's error, HAL, or a good answer", (*reading).body},
		{KindPage, "a web page", (*reading).page},
		{KindURL, "an auth_url, check_url or callback URL, its query or its fragment", (*reading).url},
		{KindText, "a text with an error's name or words in it", (*reading).text},
	}
}

// reading is one input under way.
type reading struct {
	Explainer
	input string
}

// Explain says what an input is and means. False: nothing knew it, and Tried says what
// it was taken for.
func (e Explainer) Explain(input string) (Explanation, bool) {
	if e.Mask == nil {
		e.Mask = &trace.Mask{}
	}
	if len(input) > MaxInput {
		input = input[:MaxInput]
	}
	r := &reading{e, strings.TrimSpace(strings.TrimPrefix(input, "\ufeff"))}
	var tried []string
	for _, row := range recognisers() {
		if r.input == "" {
			break
		}
		if x, ok := row.read(r); ok {
			x.Kind = row.kind
			x.What = cmp.Or(x.What, row.what)
			return r.masked(x.titled()), true
		}
		tried = append(tried, row.what)
	}
	return Explanation{Kind: "unknown", What: "unknown", Title: "nothing that vnv knows", Tried: tried}, false
}

// titled has every explanation come down to something: where no cause fits, the code
// itself says it, or that there is nothing to say.
func (x Explanation) titled() Explanation {
	if x.Title != "" {
		return x
	}
	if c, ok := CodeNamed(x.Name); ok && x.Name != "" {
		x.Title, x.Means, x.Source = lowerFirst(c.Means), c.Means, c.Source
		return x
	}
	x.Title = "no cause is known for it"
	x.Means = "What it is can be read, and none of the known causes fits it."
	return x
}

// masked takes what is secret or unprintable out of everything that came from outside.
func (r *reading) masked(x Explanation) Explanation {
	clean := func(s *string) {
		if !r.Mask.Reveal {
			*s = hideLoose(*s)
		}
		*s = r.Mask.Text(*s)
	}
	clean(&x.What)
	clean(&x.Title)
	clean(&x.Means)
	x.Facts, x.Causes = slices.Clone(x.Facts), slices.Clone(x.Causes)
	for i := range x.Facts {
		clean(&x.Facts[i].Name)
		clean(&x.Facts[i].Value)
		clean(&x.Facts[i].Note)
	}
	for i := range x.Causes {
		x.Causes[i].Evidence = slices.Clone(x.Causes[i].Evidence)
		for j := range x.Causes[i].Evidence {
			clean(&x.Causes[i].Evidence[j].Text)
		}
	}
	return x
}

// of fills an explanation from the candidate that ranks first.
func of(candidates []Candidate, x Explanation) Explanation {
	x.Causes = candidates
	if len(candidates) == 0 {
		return x
	}
	top, _ := Named(candidates[0].Cause)
	x.Name, x.Title, x.Next = cmp.Or(x.Name, top.Name), cmp.Or(x.Title, top.Title), candidates[0].Next
	x.Means, x.Who, x.Fix, x.Source = cmp.Or(x.Means, top.Means), top.Who, candidates[0].Fix, cmp.Or(x.Source, top.Source)
	return x
}

// listed are candidates by their names alone.
func listed(names []string, evidence Evidence) []Candidate {
	var out []Candidate
	for _, name := range names {
		c, _ := Named(name)
		c = c.Plain()
		out = append(out, Candidate{
			Cause: name, Confidence: Possible, Title: c.Title, Evidence: []Evidence{evidence}, Fix: c.Fix, Next: c.Next,
		})
	}
	return out
}

func (r *reading) cause() (Explanation, bool) {
	c, ok := Named(r.input)
	if !ok {
		return Explanation{}, false
	}
	c = c.Plain()
	return Explanation{Name: c.Name, What: "a cause", Title: c.Title, Means: c.Means, Who: c.Who, Fix: c.Fix, Source: c.Source, Next: c.Next}, true
}

func (r *reading) code() (Explanation, bool) {
	c, ok := CodeNamed(r.input)
	if status := statusIn(r.input); !ok && status != "" {
		c, ok = CodeNamed(status)
	}
	if !ok {
		return Explanation{}, false
	}
	return of(listed(c.Causes, Evidence{Field: "code", Text: "the code is " + c.Name}), codeExplained(c)), true
}

func codeExplained(c Code) Explanation {
	what := "the name of an error, by " + c.Family
	if c.Family == FamilyHTTP {
		what = "an HTTP status"
	}
	return Explanation{Name: c.Name, What: what, Title: lowerFirst(c.Means), Means: c.Means, Source: c.Source}
}

// lowerFirst makes a sentence a clause.
func lowerFirst(s string) string {
	s = strings.TrimSuffix(s, ".")
	if s == "" || strings.ToUpper(s[:min(2, len(s))]) == s[:min(2, len(s))] {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// judged explains an error as [Judge] ranks it.
func (r *reading) judged(o Observation, x Explanation) (Explanation, bool) {
	o.Vendor = true
	causes := Judge(o)
	c, ok := CodeNamed(errCode(o.Err))
	if ok && (len(causes) == 0 || slices.Contains(c.Causes, causes[0].Cause)) { // else it is another code of that name
		x.Facts = append(x.Facts, Fact{Name: "meaning", Value: c.Means, Note: c.Source})
	}
	return of(causes, x), true
}

func errCode(e *vnv.Error) string {
	if e == nil {
		return ""
	}
	return e.Code
}

// facts are what an error holds.
func facts(e *vnv.Error) []Fact {
	var out []Fact
	add := func(name, value, note string) {
		if value != "" {
			out = append(out, Fact{name, clip(value), note})
		}
	}
	if e.Status != 0 {
		add("status", strings.TrimSpace(strconv.Itoa(e.Status)+" "+http.StatusText(e.Status)), "")
	}
	add("code", e.Code, "")
	add("detail", e.Detail, "")
	add("instance", e.TraceID, "the vendor's support asks for it")
	add("x-correlator", e.Correlator, "")
	if e.RetryAfter > 0 {
		add("retry-after", span(e.RetryAfter), "")
	}
	for _, n := range e.Notices {
		add("notice", n, "")
	}
	return out
}

// clip bounds remote text in facts.
func clip(s string) string {
	const most = 400
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
