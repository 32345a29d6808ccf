package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

type jwtFlags struct {
	ttl, notBefore time.Duration
	claims         []string
	sandbox        bool
}

func jwtCmd(a *app) *cobra.Command {
	var f jwtFlags
	cmd := &cobra.Command{
		Use:   "jwt",
		Short: "Print an application JWT",
		Long: `Sign an application JWT (RS256) with the application's private key and print it.
This is the token that enable and exchange send; curl can send it too.`,
		Example: `  vnv jwt
  vnv jwt --app-id "$APP_ID" --private-key private.key --ttl 5m
  curl -H "Authorization: Bearer $(vnv jwt)" …
  vnv jwt | vnv jwt decode -`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.jwt(cmd, f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.DurationVar(&f.ttl, "ttl", appjwt.DefaultTTL, "`TIME` that the token lives, 30s to 24h")
	fs.DurationVar(&f.notBefore, "not-before", 0, "`TIME` until the token becomes valid (nbf)")
	fs.StringArrayVar(&f.claims, "claim", nil, "further `NAME=VALUE`; the value is a text")
	fs.BoolVar(&f.sandbox, "sandbox", false, "sign as the sandbox's application")
	addConnection(fs)
	new(artefacts).add(fs) // taken by every step; nothing is sent here that they could show
	a.out.add(fs)
	a.completeStep(cmd)
	cmd.AddCommand(jwtDecodeCmd(a))
	return cmd
}

// noArguments refuses an argument, and names the subcommand that was meant.
func (a *app) noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes no argument %q%s", cmd.CommandPath(), printable(args[0]), didYouMean(args[0], commandNames(cmd)))
}

func (a *app) jwt(cmd *cobra.Command, f jwtFlags) error {
	if err := a.out.check(); err != nil {
		return err
	}
	if err := appjwt.CheckTTL(f.ttl); err != nil {
		return &usageError{err: err}
	}
	cred, err := a.jwtCredentials(cmd, f.sandbox)
	if err != nil {
		return err
	}
	signer := &appjwt.Signer{ApplicationID: cred.appID, Key: cred.key, TTL: f.ttl, NotBefore: f.notBefore, Now: a.Now}
	if signer.Claims, err = a.claims(f.claims); err != nil {
		return err
	}
	token, err := signer.Token(cmd.Context())
	if err != nil {
		return &usageError{err: err}
	}
	for _, w := range a.warnings {
		a.warn(w)
	}
	doc, err := render.Document(struct {
		SchemaVersion int       `json:"schema_version"`
		ApplicationID string    `json:"application_id"`
		JWT           string    `json:"jwt"`
		ExpiresAt     time.Time `json:"expires_at"`
		Key           string    `json:"key"`
	}{flow.SchemaVersion, cred.appID, token, a.Now().Add(f.ttl).UTC().Truncate(time.Second), cred.key.Fingerprint()})
	if err != nil {
		return err
	}
	return a.answer(token, doc)
}

func (a *app) jwtCredentials(cmd *cobra.Command, sandboxed bool) (credentials, error) {
	if sandboxed {
		if err := noAccountFlags(cmd.Flags()); err != nil {
			return credentials{}, err
		}
		key, err := appjwt.ParseKey(sandbox.TestKeyPEM())
		return credentials{appID: sandbox.TestApplicationID, key: key}, err
	}
	c, err := loadConfig(cmd.Context(), &a.Env, cmd.Flags(), false)
	if err != nil {
		return credentials{}, err
	}
	cred, missing, err := a.credentials(cmd.Context(), c)
	if err != nil {
		return cred, err
	}
	return cred, missingSettings(missing)
}

// ownClaims are those that --claim cannot set, with what can.
var ownClaims = map[string]string{
	"application_id": "; name the application with --app-id",
	"exp":            "; name the lifetime with --ttl",
	"nbf":            "; name the time until then with --not-before",
	"iat":            ", by the clock",
	"jti":            ", anew for every token",
}

func (a *app) claims(given []string) (map[string]any, error) {
	claims := map[string]any{}
	for _, pair := range given {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, usagef("--claim: not NAME=VALUE")
		}
		if instead, ok := ownClaims[strings.ToLower(name)]; ok {
			return nil, usagef("--claim %s: vnv sets this claim itself%s", printable(name), instead)
		}
		claims[name] = value
	}
	findings, err := appjwt.CheckClaims(claims)
	if err != nil {
		return nil, &usageError{err: err}
	}
	for _, f := range findings {
		a.warnings = append(a.warnings, f.Claim+": "+f.Text)
	}
	return claims, nil
}

func jwtDecodeCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "decode [-|FILE|env:NAME]",
		Short: "Show what is inside a JWT, and what is wrong with it",
		Long: `Show the header and the claims of a JWT and say what is wrong with them for this
flow. Nothing is verified: anybody can write any claim. The token comes from
stdin, a file or a variable, for arguments can be read by others.`,
		Example: `  vnv jwt | vnv jwt decode -
  vnv jwt decode env:TOKEN -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.jwtDecode(cmd.Context(), args) },
	}
	a.out.add(cmd.Flags())
	a.completeStep(cmd)
	return cmd
}

func (a *app) jwtDecode(ctx context.Context, args []string) error {
	if err := a.out.check(); err != nil {
		return err
	}
	token, err := a.tokenArgument(ctx, args)
	if err != nil {
		return err
	}
	d, err := appjwt.Decode(token, a.Now())
	if err != nil {
		return &usageError{err: err}
	}
	doc, err := render.Document(struct {
		SchemaVersion int    `json:"schema_version"`
		Signature     string `json:"signature"`
		*appjwt.Decoded
	}{flow.SchemaVersion, "not verified", d})
	if err != nil {
		return err
	}
	return a.answer(render.JWT(a.style(), d, a.Now()), doc)
}

// tokenArgument takes the token itself too, since people paste it: with a warning.
func (a *app) tokenArgument(ctx context.Context, args []string) (string, error) {
	spec := "-"
	if len(args) == 1 {
		spec = args[0]
	}
	if strings.HasPrefix(spec, "eyJ") {
		a.warn("the token" + amongArguments)
		return spec, nil
	}
	if spec == "-" && a.InTTY {
		return "", usagef("no token: pipe it in, or name a file or env:NAME")
	}
	return a.readText(ctx, "token", spec)
}
