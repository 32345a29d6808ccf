package cli

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

type sandboxFlags struct {
	options               sandbox.Options
	redirects             []string
	privateKey, publicKey string
	errorAt               string
}

func sandboxCmd(a *app) *cobra.Command {
	var f sandboxFlags
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Play vendor and carrier on this machine",
		Long: `Play the vendor's API and a carrier on loopback until Ctrl-C: enable, a chain of
redirects over two hosts, token and verify, strict where the real ones are.
Numbers ending in an even digit are verified, odd ones are not, 99 is an error.

The answer says where it is and how to point vnv at it; every request is logged
masked on stderr.`,
		Example: `  vnv sandbox
  vnv sandbox --redirect-uri http://localhost:3000/callback -o json
  vnv sandbox --fault wifi --fault enable-503:2
  vnv sandbox --single-port --listen 127.0.0.1:8473
  vnv sandbox faults`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.sandbox(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.options.Listen, "listen", "", "`HOST:PORT` of the vendor's side (default is a free port on 127.0.0.1)")
	fs.BoolVar(&f.options.Public, "listen-public", false, "allow --listen on an address that others can reach")
	fs.BoolVar(&f.options.SinglePort, "single-port", false, "put all roles on one origin, by path: for containers and emulators")
	fs.StringVar(&f.options.PublicURL, "public-url", "", "`URL` under which clients reach it; implies --single-port")
	fs.StringArrayVar(&f.redirects, "redirect-uri", nil, "`URI` to register; repeatable (default is one on a free port)")
	fs.StringVar(&f.options.ApplicationID, "app-id", "", "application `ID` to know (default is a fixed one)")
	fs.StringVar(&f.privateKey, "private-key", "", "`FILE` of the application's key, in place of the published test key")
	fs.StringVar(&f.publicKey, "public-key", "", "`FILE` of its public half, where that is all you have")
	fs.DurationVar(&f.options.CodeTTL, "code-ttl", sandbox.DefaultCodeTTL, "lifetime of a code")
	fs.DurationVar(&f.options.TokenTTL, "token-ttl", sandbox.DefaultTokenTTL, "lifetime of an access token")
	fs.StringVar(&f.errorAt, "error-at", string(sandbox.StageVerify), "`STAGE` at which a number ending in 99 fails: enable, authorize, token or verify")
	fs.IntVar(&f.options.ErrorStatus, "error-status", 403, "HTTP `STATUS` of that failure")
	fs.StringArrayVar(&f.options.Faults, "fault", nil, "fail in this way: `NAME[:TIMES]`, see vnv sandbox faults")
	a.out.add(fs)
	a.completeStep(cmd)
	cmd.AddCommand(faultsCmd(a))
	return cmd
}

func (a *app) sandbox(ctx context.Context, f sandboxFlags) error {
	if err := a.out.check(); err != nil {
		return err
	}
	f.options.RedirectURIs, f.options.ErrorAt = f.redirects, sandbox.Stage(f.errorAt)
	f.options.Log = a.logRequest()
	keyPath, err := a.sandboxKey(ctx, &f)
	if err != nil {
		return err
	}
	far, err := newSandbox(f.options)
	if err != nil {
		return err
	}
	if err := far.Listen(ctx); err != nil {
		return usagef("cannot listen: %s", printable(err.Error()))
	}
	defer far.Close()
	if keyPath == "" && f.publicKey == "" {
		dir, err := testKeyFile(far.PrivateKeyPEM(), &keyPath)
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	if err := a.sandboxReady(far, keyPath); err != nil {
		return err
	}
	<-ctx.Done() // SIGINT and SIGTERM are the normal end of a server
	return nil
}

// sandboxKey registers the user's own key, and returns the path of its private half.
func (a *app) sandboxKey(ctx context.Context, f *sandboxFlags) (path string, err error) {
	switch {
	case f.privateKey != "" && f.publicKey != "":
		return "", usagef("--private-key and --public-key: use one")
	case f.privateKey != "":
		raw, err := a.readSecret(ctx, "private key", f.privateKey)
		if err != nil {
			return "", err
		}
		key, err := appjwt.ParseKey(raw)
		if err != nil {
			return "", &usageError{err: err}
		}
		f.options.PublicKey = key.Public()
		return filepath.Abs(f.privateKey)
	case f.publicKey != "":
		raw, err := a.readSecret(ctx, "public key", f.publicKey)
		if err != nil {
			return "", err
		}
		f.options.PublicKey, err = parsePublicKey(raw)
		return "", err
	default:
		return "", nil
	}
}

func parsePublicKey(raw []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, usagef("--public-key: no PEM in the file")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, usagef("--public-key: not a public key in PKIX form (BEGIN PUBLIC KEY)")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, usagef("--public-key: not an RSA key")
	}
	return key, nil
}

// testKeyFile puts the published key where other programs can read it, for as long
// as the sandbox runs.
func testKeyFile(key []byte, path *string) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "vnv-sandbox-"); err != nil {
		return "", err
	}
	*path = filepath.Join(dir, "private.key")
	if err = os.WriteFile(*path, key, 0o600); err != nil {
		_ = os.RemoveAll(dir)
	}
	return dir, err
}

// sandboxReady is the answer: where it is, and how to use it.
func (a *app) sandboxReady(far *sandbox.Server, keyPath string) error {
	doc, err := render.Document(struct {
		SchemaVersion int    `json:"schema_version"`
		BaseURL       string `json:"base_url"`
		ApplicationID string `json:"application_id"`
		PrivateKey    string `json:"private_key"`
		RedirectURI   string `json:"redirect_uri"`
	}{flow.SchemaVersion, far.URL(), far.ApplicationID(), keyPath, far.RedirectURI()})
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# The sandbox is ready. In another shell:\n")
	for _, v := range [][2]string{
		{"VNV_BASE_URL", far.URL()}, {"VNV_APP_ID", far.ApplicationID()}, {"VNV_PRIVATE_KEY", keyPath}, {"VNV_REDIRECT_URI", far.RedirectURI()},
	} {
		if v[1] != "" {
			fmt.Fprintf(&b, "export %s=%s\n", v[0], quoted(v[1]))
		}
	}
	b.WriteString("# then: vnv run --phone +99012345678      Ctrl-C ends it")
	a.lines = &render.Lines{W: a.Out, Mask: a.mask}
	return a.answer(b.String(), doc)
}

// quoted is a word for the shell.
func quoted(s string) string {
	if strings.IndexFunc(s, func(r rune) bool {
		return !strings.ContainsRune("/:.-_", r) && (r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z')
	}) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// logRequest writes one masked line a request; handlers call it side by side.
func (a *app) logRequest() func(sandbox.Entry) {
	if a.out.quiet {
		return nil
	}
	var mu sync.Mutex
	return func(e sandbox.Entry) {
		mu.Lock()
		defer mu.Unlock()
		render.Text(a.Err, a.style(), a.requestLine(e)+"\n")
	}
}

func (a *app) requestLine(e sandbox.Entry) string {
	phone := ""
	if p, err := vnv.ParsePhone(e.Phone); err == nil {
		phone = p.Masked()
	}
	note := e.Note
	if e.Fault != "" {
		note = strings.TrimSpace("fault " + e.Fault + " " + note)
	}
	at := e.Time
	if at.IsZero() {
		at = a.Now()
	}
	parts := []string{fmt.Sprintf("%s  %3d  %-9s  %-4s %s", at.Format(time.TimeOnly), e.Status, e.Stage, printable(e.Method), a.mask.URL(e.Path))}
	for _, more := range []string{phone, a.mask.Text(note)} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	return strings.Join(parts, "  ")
}

func faultsCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "List the ways in which the sandbox can fail",
		Long:  "List the faults that --fault takes: the name, the stage it stands at, and what\nthe client meets.",
		Example: `  vnv sandbox faults
  vnv sandbox faults -o json --jq '.faults[].name'`,
		Args: a.noArguments,
		RunE: func(*cobra.Command, []string) error { return a.listFaults() },
	}
	a.out.add(cmd.Flags())
	a.completeStep(cmd)
	return cmd
}

func (a *app) listFaults() error {
	if err := a.out.check(); err != nil {
		return err
	}
	type row struct {
		Name    string        `json:"name"`
		Stage   sandbox.Stage `json:"stage"`
		Summary string        `json:"summary"`
	}
	var rows []row
	var b strings.Builder
	for _, f := range sandbox.Faults {
		rows = append(rows, row{f.Name, f.At, f.Summary})
		fmt.Fprintf(&b, "%-32s %-10s %s\n", f.Name, f.At, f.Summary)
	}
	doc, err := render.Document(struct {
		SchemaVersion int   `json:"schema_version"`
		Faults        []row `json:"faults"`
	}{flow.SchemaVersion, rows})
	if err != nil {
		return err
	}
	a.lines = &render.Lines{W: a.Out, Mask: a.mask}
	return a.answer(strings.TrimSuffix(b.String(), "\n"), doc)
}
