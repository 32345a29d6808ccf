package render

import (
	"fmt"
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
	Body200     bool        `json:"-"` // the answer is the last body, not the last redirect
	Then        string      `json:"-"` // what a shell does with the answer
}

func (p PlannedRequest) method() string {
	if p.Bearer == "" {
		return "GET"
	}
	return "POST"
}

// DryRun writes requests as they would go over the wire.
func DryRun(requests []PlannedRequest) string {
	var b strings.Builder
	for i, p := range requests {
		fmt.Fprintf(&b, "%d %s\n  %s %s\n", i+1, p.Step, p.method(), p.URL)
		if p.Bearer == "" {
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
	b.WriteString("nothing was sent")
	return b.String()
}

// Curl writes requests as commands for a POSIX shell with curl and sed. They use
// the same settings; the JWT comes from vnv itself.
func Curl(requests []PlannedRequest, silent bool, maxHops int) string {
	var b strings.Builder
	b.WriteString("JWT=$(vnv jwt)\n")
	if !silent {
		b.WriteString("STATE=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \\n')\n")
	}
	for _, p := range requests {
		fmt.Fprintf(&b, "\n# %s\n", p.Step)
		switch {
		case p.Bearer == "" && p.Body200:
			fmt.Fprintf(&b, "ANSWER=$(curl -sS -L -c /dev/null --max-redirs %d %s)\n", maxHops, quote(p.URL))
		case p.Bearer == "":
			b.WriteString(chainLoop(p.URL, maxHops))
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
		b.WriteString(p.Then + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// chainLoop follows redirects one by one until the callback, which is not asked:
// its URL is the answer. The state is compared, as a backend must.
func chainLoop(from string, maxHops int) string {
	return fmt.Sprintf(`JAR=$(mktemp) NEXT=%s ANSWER=
for HOP in $(seq %d); do
  NEXT=$(curl -sS -o /dev/null -b "$JAR" -c "$JAR" -w '%%{redirect_url}' "$NEXT")
  case $NEXT in *"state=$STATE"*) ANSWER=$NEXT; break ;; "") break ;; esac
done
rm -f "$JAR"
`, quote(from), maxHops+1)
}

// quote is a word for the shell in which variables count and nothing else does.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`").Replace(s) + `"`
}
