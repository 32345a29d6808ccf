package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// sandboxReady is the answer of vnv sandbox: where it is, and how to use it.
type sandboxReady struct {
	SchemaVersion int    `json:"schema_version"`
	BaseURL       string `json:"base_url"`
	ApplicationID string `json:"application_id"`
	PrivateKey    string `json:"private_key"`
	RedirectURI   string `json:"redirect_uri"`
	CAFile        string `json:"ca_file,omitempty"`
	APIKey        string `json:"api_key"`    // of the Application API, as is
	APISecret     string `json:"api_secret"` // this: both are published
	Webhook       string `json:"webhook,omitempty"`
	Signature     string `json:"signature_secret,omitempty"` // of the webhooks, where it is the published one
	ControlURL    string `json:"control_url,omitempty"`
	ControlToken  string `json:"control_token,omitempty"` // told here, and nowhere else
	ControlPage   string `json:"control_page,omitempty"`  // to open in a browser; holds the token
}

func readyOf(far *sandbox.Server, f *sandboxFlags, keyPath string) sandboxReady {
	signature := sandbox.TestSignatureSecret
	if f.options.Webhook == "" || f.signatureSecret != "" {
		signature = ""
	}
	return sandboxReady{
		SchemaVersion: flow.SchemaVersion, BaseURL: far.URL(), ApplicationID: far.ApplicationID(), PrivateKey: keyPath,
		RedirectURI: far.RedirectURI(), Webhook: f.options.Webhook, ControlURL: far.ControlURL(), ControlToken: far.ControlToken(),
		ControlPage: far.ControlPageURL(), APIKey: sandbox.TestAPIKey, APISecret: sandbox.TestAPISecret, Signature: signature,
	}
}

// text is lines for a shell: each is a comment or sets a variable.
func (r sandboxReady) text() string {
	var b strings.Builder
	b.WriteString(readyLine + " In another shell:\n")
	for _, v := range [][2]string{
		{"VNV_BASE_URL", r.BaseURL},
		{"VNV_APP_ID", r.ApplicationID},
		{"VNV_PRIVATE_KEY", r.PrivateKey},
		{"VNV_REDIRECT_URI", r.RedirectURI},
		{"VNV_CA_FILE", r.CAFile},
		{"VNV_API_KEY", r.APIKey},
		{"VNV_API_SECRET", r.APISecret},
		{controlVar, r.ControlURL},
		{tokenVar, r.ControlToken},
	} {
		if v[1] != "" {
			fmt.Fprintf(&b, "export %s=%s\n", v[0], quoted(v[1]))
		}
	}
	b.WriteString("# for the Verify API also: export VNV_API=verify\n")
	if r.Webhook != "" {
		fmt.Fprintf(&b, "# its webhooks go to %s,\n# signed with %s\n", printable(r.Webhook), first(r.Signature, "the secret that you gave"))
	}
	if r.ControlPage != "" {
		fmt.Fprintf(&b, "# watch it, and let it fail: %s\n", r.ControlPage)
	}
	b.WriteString("# then: vnv run --phone +99012345678      Ctrl-C ends it")
	return b.String()
}

// sandboxReady answers, and then writes the same to the file that scripts wait for.
func (a *app) sandboxReady(r sandboxReady, file readyFile) error {
	doc, err := render.Document(r)
	if err != nil {
		return err
	}
	text := r.text()
	if err := a.answer(text, doc); err != nil || file == "" {
		return err
	}
	if a.out.format == formatText {
		doc = []byte(text + "\n")
	}
	return writeFile(string(file), doc)
}

// readyFile is there for as long as the sandbox answers; "" for none.
type readyFile string

// readyLine begins the text that is an answer.
const readyLine = "# The sandbox is ready."

// newReadyFile removes what an earlier sandbox may have left, as a script could take it
// for the sign that it waits for. Any other file is not ours to remove.
func newReadyFile(path string) (readyFile, error) {
	if path == "" {
		return "", nil
	}
	if err := writable(path); err != nil {
		return "", err
	}
	if !leftBySandbox(path) {
		return "", usagef("--ready-file %s: a file that no sandbox left is there: name another", printable(path))
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", usagef("--ready-file %s: %v", printable(path), reason(err))
	}
	return readyFile(path), nil
}

func (f readyFile) remove() {
	if f != "" && leftBySandbox(string(f)) {
		_ = os.Remove(string(f))
	}
}

// leftBySandbox tells whether a file may go: there is none, it is empty, or it holds the
// answer of a sandbox.
func leftBySandbox(path string) bool {
	raw, err := os.ReadFile(path) //nolint:gosec // the user names the file
	var doc sandboxReady
	return errors.Is(err, fs.ErrNotExist) || err == nil &&
		(len(raw) == 0 || strings.HasPrefix(string(raw), readyLine) || json.Unmarshal(raw, &doc) == nil && doc.BaseURL != "" && doc.APISecret != "")
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
