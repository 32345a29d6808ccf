package cli

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/verdict"
)

func explainCmd(a *app) *cobra.Command {
	list := false
	cmd := &cobra.Command{
		Use:   "explain [NAME|TEXT|-]",
		Short: "Say what an error means, who causes it and how to fix it",
		Long: `Say what something means: the name of a cause or of an error code, an error
body, a callback URL, an auth_url, a JWT, a phone library's debug output, or a
whole HTTP answer as curl -i or curl -v shows it. Longer and secret texts come
on stdin with -. Nothing is sent, nothing is looked up, no settings are read.

Exit code 3: nothing that vnv knows, and the answer says what was tried.`,
		Example: `  vnv explain wifi-not-carrier
  vnv explain invalid_grant
  curl -i … | vnv explain -
  vnv explain - < debug.json
  vnv explain --list`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.explain(cmd.Context(), args, list) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.BoolVar(&list, "list", false, "list all causes and error codes")
	a.out.add(fs)
	a.completeStep(cmd)
	if a.completing() {
		cmd.ValidArgsFunction = completeWords(explainable())
	}
	return cmd
}

// explainable are the names that can be completed.
func explainable() []string {
	names := verdict.Names()
	for _, c := range verdict.Codes() {
		if c.Family != verdict.FamilyHTTP {
			names = append(names, c.Name)
		}
	}
	return names
}

func (a *app) explain(ctx context.Context, args []string, list bool) error {
	if err := a.out.check(); err != nil {
		return err
	}
	a.mask.Reveal = a.out.reveal
	switch {
	case list && len(args) > 0:
		return usagef("--list takes no text beside it")
	case list:
		return a.explainList()
	}
	input, err := a.explained(ctx, args)
	if err != nil {
		return err
	}
	x, known := exitExplained(input)
	if !known {
		x, known = verdict.Explainer{Mask: a.mask, JWT: a.readJWT}.Explain(input)
	}
	if word := strings.TrimSpace(input); !known && len(word) > 4 { // a shorter one is near to everything
		if near := didYouMean(word, explainable()); near != "" && len(input) < 64 {
			x.Tried = append(x.Tried, "a slip of the finger"+near)
		}
	}
	doc, err := render.Document(struct {
		SchemaVersion int  `json:"schema_version"`
		Known         bool `json:"known"`
		verdict.Explanation
	}{flow.SchemaVersion, known, x})
	if err != nil {
		return err
	}
	if err := a.answer(render.Explanation(a.style(), x, known), doc); err != nil {
		return err
	}
	if !known {
		return errNotVerified
	}
	return nil
}

// exitExplained says what an exit code of vnv means: a number below those of HTTP, or one behind the word exit.
func exitExplained(input string) (verdict.Explanation, bool) {
	words := strings.Fields(strings.ToLower(input))
	named := len(words) > 1 && words[0] == "exit"
	for len(words) > 1 && slices.Contains([]string{"exit", "code", "status"}, words[0]) {
		words = words[1:]
	}
	if len(words) != 1 {
		return verdict.Explanation{}, false
	}
	n, err := strconv.Atoi(words[0])
	if err != nil || n >= http.StatusContinue && !named {
		return verdict.Explanation{}, false
	}
	for _, e := range exitCodes {
		if e.code == n {
			return verdict.Explanation{
				Kind: "exit-code", What: "an exit code of vnv", Name: "exit code " + words[0], Title: e.meaning,
				Means:  "The command ended with it. Which step it was, and the cause, stands on stderr and with -o json under error.",
				Source: "vnv help exit-codes", Next: []string{"vnv help exit-codes"},
			}, true
		}
	}
	return verdict.Explanation{}, false
}

// explained is the text to explain: the arguments as one, or stdin.
func (a *app) explained(ctx context.Context, args []string) (string, error) {
	if len(args) == 0 && a.InTTY {
		return "", usagef("nothing to explain: name a cause or an error, or pipe a text in with - (vnv explain --list)")
	}
	if len(args) == 0 || len(args) == 1 && args[0] == "-" {
		raw, err := a.readStdin(ctx, "text")
		return string(raw), err
	}
	text := strings.Join(args, " ")
	if strings.Contains(text, "eyJ") || strings.Contains(text, "code=") {
		a.warn("the text stands among the arguments, which other users of this machine can read: use -")
	}
	return text, nil
}

// readJWT reads a token for the explainer.
func (a *app) readJWT(token string) ([]verdict.Fact, []verdict.JWTFinding, error) {
	d, err := appjwt.Decode(token, a.Now())
	if err != nil {
		return nil, nil, err
	}
	var facts []verdict.Fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, verdict.Fact{Name: name, Value: trace.Printable(value)})
		}
	}
	alg, _ := d.Header["alg"].(string)
	add("alg", alg)
	add("application_id", d.ApplicationID())
	if at, ok := d.IssuedAt(); ok {
		add("iat", at.Format("2006-01-02T15:04:05Z"))
	}
	if at, ok := d.ExpiresAt(); ok {
		add("exp", at.Format("2006-01-02T15:04:05Z"))
	}
	findings := make([]verdict.JWTFinding, 0, len(d.Findings))
	for _, f := range d.Findings {
		findings = append(findings, verdict.JWTFinding{Level: string(f.Level), Claim: f.Claim, Text: f.Text})
	}
	return facts, findings, nil
}

// explainList answers with the whole catalogue.
func (a *app) explainList() error {
	type row struct {
		Group string `json:"group"`
		verdict.Cause
	}
	var causes []row
	for _, g := range verdict.Groups() {
		for _, c := range g.Causes {
			causes = append(causes, row{g.Title, c.Plain()})
		}
	}
	doc, err := render.Document(struct {
		SchemaVersion int            `json:"schema_version"`
		Causes        []row          `json:"causes"`
		Codes         []verdict.Code `json:"codes"`
	}{flow.SchemaVersion, causes, verdict.Codes()})
	if err != nil {
		return err
	}
	return a.answer(render.Catalogue(a.style()), doc)
}
