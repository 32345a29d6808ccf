package verdict

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// wholeRun is what the commands of the catalogue begin with where they run the whole flow.
const wholeRun = "vnv run --phone {phone}"

// rewrites say how a command of the catalogue reads after another command than vnv run, which may have neither account
// nor number. Lines that are not there are adapted by [adapted]; an empty one is left out.
var rewrites = map[string]map[string]string{
	"trace": {
		withTrace:                      "vnv trace URL --report chain.html",
		onThePhone:                     "vnv trace interfaces",
		wholeRun + " --device browser": "",
	},
	"callback listen": {onThePhone: "", withTrace: `vnv callback listen --state env:STATE -v`},
}

// moreTime is the command that gives a slow flow more time, and limits which flags raise the limit that ended it: the
// whole command's, unless the error names another.
const moreTime = wholeRun + " --timeout 1m --trace"

var limits = []struct{ words, flags string }{
	{"limit for one hop", " --hop-timeout 30s --timeout 2m"},
	{"limit for one request", ""},
}

// inTime is a line of the catalogue with the flags that raise the limit which was reached.
func (v *view) inTime(line string) string {
	for _, l := range limits {
		if line == moreTime && strings.Contains(v.deep, l.words) {
			return strings.Replace(line, " --timeout 1m", l.flags, 1)
		}
	}
	return line
}

// beginnings are what stands for vnv run and its number after another command.
var beginnings = map[string]string{
	"trace":           "vnv trace URL",
	"callback listen": `vnv callback listen --state env:STATE`,
	"enable":          "vnv enable --phone {phone}",
}

const (
	newAttempt  = "vnv enable --phone {phone} --session flow.json"
	nextAttempt = "vnv authorize --session flow.json"
)

// adapted is a line of the catalogue as those lines that fit the command that was run.
func (v *view) adapted(line string) []string {
	if other, ok := rewrites[v.Command][line]; ok {
		return []string{other}
	}
	if v.Sandbox && line == newAttempt {
		line = wholeRun // the next process has another sandbox
	}
	rest, whole := strings.CutPrefix(line, wholeRun)
	beginning, other := beginnings[v.Command]
	switch {
	case v.Command == "authorize" && v.Sandbox && whole:
		return []string{"vnv authorize --phone {phone}" + rest}
	case v.Command == "authorize" && whole: // an auth_url serves once
		return []string{newAttempt, nextAttempt + rest}
	case other && !whole && v.Command != "enable" && strings.Contains(line, "{phone}"):
		return nil // it has no number to go on with
	case !other || !whole:
		return []string{line}
	case v.Command == "trace":
		rest = strings.ReplaceAll(rest, " --trace", "")
	}
	return []string{beginning + rest}
}

// commands are a cause's, for the command that was run, its number and its API.
func (v *view) commands(c Cause) []string {
	fill := strings.NewReplacer("{phone}", cmp.Or(v.Phone, "+44…"), "{registered}", v.pasteable(v.Registered))
	verify := v.API == vnv.SilentAuth.Name
	out := []string{}
	for _, line := range c.Next {
		if verify && strings.HasPrefix(line, "vnv migrate") {
			continue // it is there already
		}
		for _, one := range v.adapted(v.inTime(line)) {
			if one = v.here(fill.Replace(one), verify); one != "" && !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
	}
	if len(out) == 0 && len(c.Next) > 0 {
		out = append(out, fill.Replace(beginnings[v.Command]))
	}
	return out
}

// here adds to a command what says which API and which far side are meant.
func (v *view) here(line string, verify bool) string {
	begins := func(word string) bool { return strings.HasPrefix(line, "vnv "+word+" ") }
	starts := begins("run") || begins("enable")
	if verify && starts && !strings.Contains(line, "--api") {
		line = strings.Replace(line, " --phone", " --api verify --phone", 1)
	}
	if v.Sandbox && (starts || begins("authorize")) && !strings.Contains(line, "--sandbox") {
		line += " --sandbox"
	}
	return line
}

// pasteable is a URI that came from afar, if it stands for nothing else in any shell, else a word for it.
func (v *view) pasteable(uri string) string {
	safe := strings.Trim(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/.-_%") == ""
	if !safe || uri == "" || uri == v.RedirectURI || len(uri) > mostQuoted {
		return "URI"
	}
	return uri
}

// Sentence is a verdict in a sentence: the first cause, and how sure it is. Where all are merely possible, it names
// several. Empty: no cause is known.
func Sentence(all []Candidate) string {
	const mostNamed = 3
	if len(all) == 0 {
		return ""
	}
	titles := []string{all[0].Title}
	for _, other := range all[1:] {
		if all[0].Confidence == Possible && len(titles) < mostNamed {
			titles = append(titles, other.Title)
		}
	}
	opening := [...]string{Possible: "Perhaps ", Likely: "Most likely ", Certain: ""}[max(0, min(all[0].Confidence, Certain))]
	sentence := opening + strings.Join(titles, ", or ") + "."
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}
