package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vnv-cli/vnv/pkg/vnv"
)

// JWTFlags is the name under which [Curl] takes the flags of vnv jwt.
const JWTFlags = "vnv jwt"

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
		case p.Bearer == "" && len(p.Proof) == 0:
			fmt.Fprintf(&b, "ANSWER=$(curl -sSg --proto =http,https -L -c /dev/null --max-redirs %d --url %s)\n", maxHops, p.URL.quote())
		case p.Bearer == "":
			b.WriteString(p.chainLoop(maxHops))
		default:
			fmt.Fprintf(&b, "ANSWER=$(curl -sSg %s \\\n  -H \"Authorization: Bearer %s\"", p.URL.quote(), p.Bearer)
			if len(p.Form) == 0 {
				fmt.Fprintf(&b, " \\\n  -H %s \\\n  -d %s", Data("Content-Type: "+p.ContentType).quote(), p.Body.quote())
			}
			for _, f := range p.Form {
				fmt.Fprintf(&b, " \\\n  --data-urlencode %s", merged(slices.Concat(f[0], Data("="), f[1])).quote())
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
  NEXT=$(curl -sSg --proto =http,https -o /dev/null -b "$JAR" -c "$JAR" -w '%%{redirect_url}' --url "$NEXT")
  case $NEXT in *%s*) ANSWER=$NEXT; break ;; "") break ;; esac
done
rm -f "$JAR"
`, p.URL.quote(), maxHops+1, p.Proof.quote())
}

// quote is a word for the shell in which our variables count and nothing else does.
// Where all that is data is harmless, it is one word in double quotes, as people write it.
func (w Words) quote() string {
	if !slices.ContainsFunc(w, func(p Word) bool { return !p.Var && strings.ContainsAny(p.Text, "\"\\$`!\n") }) {
		return `"` + w.String() + `"`
	}
	var b strings.Builder
	for _, p := range w {
		if p.Var {
			b.WriteString(`"` + p.Text + `"`)
		} else {
			b.WriteString(ShellQuote(p.Text))
		}
	}
	return b.String()
}

// ShellQuote is a word for the shell in which nothing counts.
func ShellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
