package verdict

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// jwt is a token, alone or behind "Authorization: Bearer".
func (r *reading) jwt() (Explanation, bool) {
	token := strings.Trim(r.input, "\"'` ")
	for _, before := range []string{"Authorization:", "authorization:", "Bearer", "bearer"} {
		token = strings.TrimSpace(strings.TrimPrefix(token, before))
	}
	if !strings.HasPrefix(token, "eyJ") || strings.ContainsAny(token, " \t\n{") {
		return Explanation{}, false
	}
	r.Mask.Know("jwt", token, "")
	x := Explanation{What: "a JWT; its signature was not verified", Title: "a token that says who asks"}
	if r.JWT == nil {
		x.Means = "enable and the token endpoint take an application JWT in their Authorization header; verify takes the access token instead."
		return x, true
	}
	claims, findings, err := r.JWT(token)
	if err != nil {
		x.Facts = []Fact{{Name: "defect", Value: err.Error()}}
		return of(listed([]string{"jwt-malformed"}, Evidence{Field: "jwt", Text: err.Error()}), x), true
	}
	x.Facts = claims
	for _, f := range findings {
		x.Facts = append(x.Facts, Fact{Name: f.Level, Value: f.Claim + ": " + f.Text})
	}
	causes := tokenCauses(findings)
	if len(causes) == 0 {
		x.Title = "an application JWT that the API would take, if its key is the right one"
		x.Means = "enable and the token endpoint take it in their Authorization header; verify takes the access token instead."
		x.Source = "guide, JWT"
		return x, true
	}
	x.Title = ""
	return of(causes, x), true
}

// tokenCauses are what the findings about a token come down to.
func tokenCauses(findings []JWTFinding) []Candidate {
	var out []Candidate
	for _, f := range findings {
		name := ""
		switch {
		case f.Level != "error":
			continue
		case f.Claim == "acl":
			name = "jwt-has-acl"
		case strings.Contains(f.Text, "expired"):
			name = "jwt-expired"
		case strings.Contains(f.Text, "too long"), strings.Contains(f.Text, "too short"):
			name = "jwt-too-long"
		case strings.Contains(f.Text, "ahead"), strings.Contains(f.Text, "not valid yet"):
			name = "clock-skew"
		default:
			name = "jwt-malformed"
		}
		evidence := Evidence{Field: "jwt." + f.Claim, Text: f.Claim + ": " + f.Text}
		if i := indexOf(out, name); i >= 0 {
			out[i].Evidence = append(out[i].Evidence, evidence)
			continue
		}
		c := listed([]string{name}, evidence)[0]
		if c.Confidence = Certain; name == "jwt-expired" {
			c.Confidence = Likely // a token that was kept to be looked at has expired meanwhile
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Candidate) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return out
}

func indexOf(list []Candidate, name string) int {
	for i, c := range list {
		if c.Cause == name {
			return i
		}
	}
	return -1
}

// traceFormats are what a saved chain is called.
var traceFormats = map[trace.Format]string{
	trace.FormatTrace: "a trace of vnv", trace.FormatOutcome: "an outcome of vnv run", trace.FormatEvents: "events of vnv",
	trace.FormatHAR: "a HAR file", trace.FormatCurl: "a curl -v log", trace.FormatSDK: "a phone library's debug output",
}

// trace is a saved chain. A single API call of curl's is better read as an answer.
func (r *reading) trace() (Explanation, bool) {
	if p := readHTTP(r.input); p.found && p.redirects == 0 && (p.method == "POST" || p.method == "") {
		return Explanation{}, false
	}
	t, format, err := trace.Read([]byte(r.input), r.Mask)
	if err != nil || t == nil || len(t.Hops) == 0 {
		return Explanation{}, false
	}
	x := Explanation{What: traceFormats[format], Facts: []Fact{{Name: "hops", Value: strconv.Itoa(len(t.Hops))}, {Name: "outcome", Value: t.Outcome}}}
	for _, f := range t.Findings {
		if f.Level != trace.LevelInfo && len(x.Facts) < 12 {
			x.Facts = append(x.Facts, Fact{Name: "hop " + strconv.Itoa(f.Hop), Value: f.Text, Note: f.Name})
		}
	}
	causes := Judge(Observation{Trace: t, Device: "follow", Vendor: true})
	if len(causes) == 0 {
		if c, ok := CodeNamed(t.End.Code); ok && t.End.Code != "" {
			return of(listed(c.Causes, Evidence{Field: "error", Text: "the error is " + c.Name}), x), true
		}
		x.Title = lowerFirst(t.Outcome)
		x.Means = "The chain went where it should, or the file ends before it failed."
		x.Source, x.Next = "guide, step 3", []string{withTrace}
		return x, true
	}
	return of(causes, x), true
}

// text is a line of a log, or a sentence: an error's name in it, or its words.
func (r *reading) text() (Explanation, bool) {
	x := Explanation{What: "a text that speaks of a failure"}
	if causes := r.words(vnv.KindRefused, nil); len(causes) > 0 {
		return of(causes, x), true
	}
	for _, token := range strings.FieldsFunc(r.input, notInName) {
		if !strings.ContainsAny(token, "_-") {
			continue // an ordinary word may be a code's name by chance
		}
		if c, ok := CodeNamed(strings.Trim(token, "-_.")); ok {
			x.Name = c.Name
			return of(listed(c.Causes, Evidence{Field: "text", Text: "it names " + c.Name}), x), true
		}
		if c, ok := Named(token); ok {
			return of(listed([]string{c.Name}, Evidence{Field: "text", Text: "it names " + c.Name}), x), true
		}
	}
	if causes := r.words(vnv.KindNetwork, errors.New(r.input)); len(causes) > 0 {
		return of(causes, x), true
	}
	return Explanation{}, false
}

// words judges the text as if the far side, or this machine, had said it.
func (r *reading) words(kind vnv.Kind, err error) []Candidate {
	e := &vnv.Error{Kind: kind, Err: err}
	if err == nil {
		e.Detail = r.input
	}
	found := Judge(Observation{Err: e})
	for i := range found {
		found[i].Evidence = []Evidence{{Field: "text", Text: "it says " + quoted(firstLine(r.input))}}
	}
	return found
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// notInName divides a text into what may be names of errors.
func notInName(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.'
}

// hideLoose hides numbers in E.164 form and tokens that stand in a free text.
func hideLoose(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if n := looseNumber(s[i:]); n > 0 {
			b.WriteString(vnv.Phone(s[i : i+n]).Masked())
			i += n
			continue
		}
		if strings.HasPrefix(s[i:], "eyJ") {
			n := strings.IndexFunc(s[i:], func(c rune) bool { return notInName(c) })
			if n < 0 {
				n = len(s) - i
			}
			if n > 20 {
				b.WriteString("jwt~…")
				i += n
				continue
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

// looseNumber is the length of a number in E.164 form that s begins with; 0: none.
func looseNumber(s string) int {
	if len(s) < 8 || s[0] != '+' || s[1] < '1' || s[1] > '9' {
		return 0
	}
	n := 1
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n < 8 || n > 16 {
		return 0
	}
	return n
}
