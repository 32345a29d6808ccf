package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// PlannedRequest is a request that is not sent: secrets and what is not known yet
// are shell variables.
type PlannedRequest struct {
	Step        vnv.Op      `json:"step"`
	URL         string      `json:"url"`
	Path        string      `json:"-"`
	Bearer      string      `json:"bearer,omitempty"`
	ContentType string      `json:"content_type,omitempty"`
	Correlator  bool        `json:"x_correlator,omitempty"`
	Body        string      `json:"body,omitempty"`
	Form        [][2]string `json:"form,omitempty"`
	Proof       string      `json:"-"` // of a chain: what its last redirect must carry; empty: its answer is a body
	Then        string      `json:"-"` // what a shell does with the answer
	Answer      string      `json:"-"` // the variable that a script ends with
}

func (p PlannedRequest) method() string {
	if p.Bearer == "" {
		return "GET"
	}
	return "POST"
}

// variables are those of a script, in the order in which they are known, and what they hold.
var variables = []struct{ name, holds string }{
	{"VNV_BASE_URL", "as vnv sandbox prints it"},
	{"VNV_REDIRECT_URI", "the registered redirect URI"},
	{"PHONE", "the number, with + and country code"},
	{"JWT", "the application JWT"},
	{"STATE", "the state of this attempt"},
	{"AUTH_URL", "the URL that the device opens"},
	{"REQUEST_ID", "the id of the request"},
	{"CODE", "the code of the callback"},
	{"TOKEN", "the access token"},
}

// JWTFlags is the name under which [Curl] takes the flags of vnv jwt.
const JWTFlags = "vnv jwt"

func (p PlannedRequest) uses(name string) bool {
	text := fmt.Sprint(p.URL, p.Bearer, p.Body, p.Proof, p.Form)
	return strings.Contains(text, "$"+name) || strings.Contains(text, "${"+name)
}

// DryRun writes requests as they would go over the wire.
func DryRun(requests []PlannedRequest) string {
	var b strings.Builder
	for i, p := range requests {
		fmt.Fprintf(&b, "%d %s\n  %s %s\n", i+1, p.Step, p.method(), p.URL)
		switch {
		case p.Bearer == "" && p.Proof == "":
			b.WriteString("  and every redirect, to the answer that holds the code\n")
			continue
		case p.Bearer == "":
			b.WriteString("  and every redirect, to the redirect URI\n")
			continue
		}
		fmt.Fprintf(&b, "  Authorization: Bearer %s\n  Content-Type: %s\n", p.Bearer, p.ContentType)
		body := p.Body
		if len(p.Form) > 0 {
			pairs := make([]string, len(p.Form))
			for i, f := range p.Form {
				pairs[i] = f[0] + "=" + f[1]
			}
			body = strings.Join(pairs, "&")
		}
		fmt.Fprintf(&b, "  %s\n", body)
	}
	if len(requests) > 0 && requests[0].uses("VNV_BASE_URL") {
		b.WriteString("$VNV_BASE_URL is the sandbox, on a free port of this machine\n")
	}
	b.WriteString("nothing was sent")
	return b.String()
}

// Curl writes requests as commands for a POSIX shell with curl and sed. They use
// the same settings; the JWT comes from vnv itself. What is neither among the values
// nor the outcome of an earlier command must be in the environment of the script,
// which says so if it is not.
func Curl(requests []PlannedRequest, values map[string]string, maxHops int) string {
	var b strings.Builder
	b.WriteString(preset(requests, values))
	for _, p := range requests {
		fmt.Fprintf(&b, "\n# %s\n", p.Step)
		switch {
		case p.Bearer == "" && p.Proof == "":
			fmt.Fprintf(&b, "ANSWER=$(curl -sS -L -c /dev/null --max-redirs %d %s)\n", maxHops, quote(p.URL))
		case p.Bearer == "":
			b.WriteString(p.chainLoop(maxHops))
		default:
			fmt.Fprintf(&b, "ANSWER=$(curl -sS %s \\\n  -H %s", quote(p.URL), quote("Authorization: Bearer "+p.Bearer))
			if len(p.Form) == 0 {
				fmt.Fprintf(&b, " \\\n  -H %s \\\n  -d %s", quote("Content-Type: "+p.ContentType), quote(p.Body))
			}
			for _, f := range p.Form {
				fmt.Fprintf(&b, " \\\n  --data-urlencode %s", quote(f[0]+"="+f[1]))
			}
			b.WriteString(")\n")
		}
		if p.Then != "" {
			b.WriteString(p.Then + "\n")
		}
	}
	if len(requests) > 0 {
		b.WriteString(`printf '%s\n' "$` + requests[len(requests)-1].Answer + `"`)
	}
	return b.String()
}

// preset gives every variable its value before it is used.
func preset(requests []PlannedRequest, values map[string]string) string {
	var b strings.Builder
	for _, v := range variables {
		at := slices.IndexFunc(requests, func(p PlannedRequest) bool { return p.uses(v.name) })
		made := slices.IndexFunc(requests, func(p PlannedRequest) bool { return strings.Contains("\n"+p.Then, "\n"+v.name+"=") })
		switch {
		case at < 0, made >= 0 && made < at:
		case values[v.name] != "":
			b.WriteString(v.name + "=" + ShellQuote(values[v.name]) + "\n")
		case v.name == "JWT":
			b.WriteString("JWT=$(vnv jwt" + values[JWTFlags] + ")\n")
		case v.name == "STATE" && requests[at].Step == vnv.OpEnable:
			b.WriteString("STATE=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \\n')\n")
		default:
			fmt.Fprintf(&b, ": \"${%s:?%s}\"\n", v.name, v.holds)
		}
	}
	return b.String()
}

// chainLoop follows redirects one by one until the callback, which is not asked:
// its URL is the answer. What proves it is compared, as a backend must.
func (p PlannedRequest) chainLoop(maxHops int) string {
	return fmt.Sprintf(`JAR=$(mktemp) NEXT=%s ANSWER=
for HOP in $(seq %d); do
  NEXT=$(curl -sS -o /dev/null -b "$JAR" -c "$JAR" -w '%%{redirect_url}' "$NEXT")
  case $NEXT in *%s*) ANSWER=$NEXT; break ;; "") break ;; esac
done
rm -f "$JAR"
`, quote(p.URL), maxHops+1, quote(p.Proof))
}

// quote is a word for the shell in which our variables count and nothing else does.
func quote(s string) string {
	pairs := []string{`\`, `\\`, `"`, `\"`, "`", "\\`", "${PHONE#+}", "${PHONE#+}"}
	for _, v := range variables {
		pairs = append(pairs, "$"+v.name, "$"+v.name)
	}
	return `"` + strings.NewReplacer(append(pairs, "$", `\$`)...).Replace(s) + `"`
}

// ShellQuote is a word for the shell in which nothing counts.
func ShellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
