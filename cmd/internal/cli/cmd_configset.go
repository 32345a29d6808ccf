package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/appjwt"
	"github.com/vnv-cli/vnv/pkg/flow"
	"go.yaml.in/yaml/v3"
)

func configSetCmd(a *app) *cobra.Command {
	return a.configFlags(&cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Keep a setting in a profile",
		Long: `Keep a setting in a profile of the config file, which is made if it is not there
(mode 0600). Comments and the order of what stands there stay.`,
		Example: `  vnv config set app_id 00000000-0000-0000-0000-000000000000
  vnv config set private_key ~/keys/private.key
  vnv config set base_url https://staging.example --profile staging`,
		Args: wantArgs(2, "the key of a setting and its value"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := knownSetting(args[0])
			if err != nil {
				return err
			}
			return a.editConfig(cmd.Context(), cmd.Flags(), []edit{{s.key, args[1]}})
		},
	})
}

func configUnsetCmd(a *app) *cobra.Command {
	return a.configFlags(&cobra.Command{
		Use:     "unset KEY",
		Short:   "Take a setting out of a profile",
		Long:    "Take a setting out of a profile of the config file.",
		Example: "  vnv config unset base_url --profile staging",
		Args:    wantArgs(1, "the key of a setting"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := knownSetting(args[0])
			if err != nil {
				return err
			}
			return a.editConfig(cmd.Context(), cmd.Flags(), []edit{{s.key, ""}})
		},
	})
}

// initQuestions are what a first day needs.
var initQuestions = []struct{ key, question string }{
	{"app_id", "Application id, from the dashboard"},
	{"private_key", "Path of the private key"},
	{"redirect_uri", "Redirect URI, as registered (empty: http://localhost:3000/callback)"},
}

func configInitCmd(a *app) *cobra.Command {
	given := map[string]*string{}
	cmd := a.configFlags(&cobra.Command{
		Use:   "init",
		Short: "Write the settings of a first day",
		Long: `Write application id, key path and redirect URI into a profile of the config
file: from the flags, or asked for where they are missing and somebody is there
to ask.`,
		Example: `  vnv config init
  vnv config init --app-id "$APP_ID" --private-key private.key`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			edits, err := a.initAnswers(given)
			if err != nil {
				return err
			}
			return a.editConfig(cmd.Context(), cmd.Flags(), edits)
		},
	})
	for _, q := range initQuestions {
		s, _ := settingByKey(q.key)
		given[q.key] = cmd.Flags().String(s.flag(), "", s.usage)
	}
	return cmd
}

func (a *app) initAnswers(given map[string]*string) ([]edit, error) {
	in := bufio.NewScanner(a.In)
	var edits []edit
	for _, q := range initQuestions {
		value := *given[q.key]
		if value == "" && a.InTTY {
			fmt.Fprintf(a.Err, "%s: ", q.question)
			if in.Scan() {
				value = strings.TrimSpace(in.Text())
			}
		}
		if value == "" && q.key == "redirect_uri" {
			value = "http://localhost:3000/callback"
		}
		if value == "" {
			return nil, usagef("--%s is missing, and nobody is there to ask", dashed(q.key))
		}
		if q.key == "private_key" && value != "-" && !strings.HasPrefix(value, "~/") && !strings.HasPrefix(value, "env:") {
			if abs, err := filepath.Abs(value); err == nil {
				value = abs // a path in the file is relative to the file, not to here
			}
		}
		edits = append(edits, edit{q.key, value})
	}
	return edits, nil
}

// edit is one change of a profile; an empty value takes the key out.
type edit struct{ key, value string }

// editConfig changes the file as a tree of nodes, so that comments stay, and holds
// the result to the reader's own rules before it writes.
func (a *app) editConfig(ctx context.Context, flags *pflag.FlagSet, edits []edit) error {
	path, err := a.configPath(flags)
	if err != nil {
		return err
	}
	raw, err := readNamed(ctx, path, path, maxInput)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unreadable(err)
	}
	if _, err := parseConfig(path, raw); err != nil {
		return err
	}
	for _, e := range edits {
		s, _ := settingByKey(e.key)
		if e.value == "" {
			continue
		}
		_, err := s.parse(e.value)
		if err == nil {
			err = s.wrong(e.value)
		}
		if err != nil {
			return usagef("%s: %v", e.key, err)
		}
	}
	profile := first(flagValue(flags, "profile"), a.Getenv("VNV_PROFILE"), defaultProfile)
	if !isProfileName(profile) {
		return usagef("a profile's name is made of a-z, 0-9 and -")
	}
	next, err := edited(raw, profile, edits)
	if err != nil {
		return err
	}
	if _, err := parseConfig(path, next); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return usagef("%s: %v", filepath.Dir(path), reason(err))
	}
	if err := flow.WriteFile(path, next); err != nil {
		return usagef("%s: %v", path, reason(err))
	}
	for _, e := range edits {
		if doubt := a.doubt(ctx, path, e); doubt != "" {
			a.warn(e.key + ": " + doubt)
		}
	}
	doc, err := render.Document(map[string]string{"path": path, "profile": profile})
	if err != nil {
		return err
	}
	return a.answer(path, doc)
}

// doubt says why a setting that is kept will probably not do: it may come right later.
func (a *app) doubt(ctx context.Context, file string, e edit) string {
	switch {
	case e.value == "":
	case e.key == "app_id" && !applicationID().MatchString(e.value):
		return "not of the form that the dashboard shows, 00000000-0000-0000-0000-000000000000"
	case e.key == "private_key" && e.value != "-" && !strings.HasPrefix(e.value, "env:"):
		c := config{env: &a.Env, file: file, flags: pflag.NewFlagSet("", pflag.ContinueOnError), stored: map[string]any{e.key: e.value}}
		raw, err := readNamed(ctx, c.keyPath(e.value), printable(e.value), maxInput)
		if err == nil {
			_, err = appjwt.ParseKey(raw)
		}
		if err != nil {
			return err.Error()
		}
	}
	return ""
}

var applicationID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
})

func flagValue(flags *pflag.FlagSet, name string) string {
	if f := flags.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

func edited(raw []byte, profile string, edits []edit) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(raw, &root); err != nil {
		return nil, err
	}
	if root.Kind == 0 {
		root = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}
	at := root.Content[0]
	if under := child(at, "profiles", false); profile != defaultProfile || under != nil && child(under, profile, false) != nil {
		at = child(child(at, "profiles", true), profile, true)
	}
	for _, e := range edits {
		if looksLikeKey(e.value) {
			return nil, usagef("private_key is the path of the key's file: the key itself is not kept here")
		}
		set(at, e)
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&root); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// child returns the mapping under a name, made if it is wanted and not there.
func child(at *yaml.Node, name string, wanted bool) *yaml.Node {
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value == name {
			return at.Content[i+1]
		}
	}
	if !wanted {
		return nil
	}
	made := &yaml.Node{Kind: yaml.MappingNode}
	at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, made)
	return made
}

func set(at *yaml.Node, e edit) {
	for i := 0; i+1 < len(at.Content); i += 2 {
		if at.Content[i].Value != e.key {
			continue
		}
		if e.value == "" {
			at.Content = append(at.Content[:i], at.Content[i+2:]...)
			return
		}
		at.Content[i+1] = &yaml.Node{Kind: yaml.ScalarNode, Value: e.value, LineComment: at.Content[i+1].LineComment}
		return
	}
	if e.value != "" {
		at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: e.key}, &yaml.Node{Kind: yaml.ScalarNode, Value: e.value})
	}
}
