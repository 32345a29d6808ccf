package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/cmd/internal/render"
	"github.com/vnv-cli/vnv/pkg/flow"
	"github.com/vnv-cli/vnv/pkg/follow"
)

func configCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Look at the settings and keep them in profiles",
		Long: `Look at the settings, where each comes from, and keep them in the profiles of
the config file. A secret is never shown, and of a key only the path is kept.`,
		Example: `  vnv config init
  vnv config list
  vnv config set redirect_uri http://localhost:3000/callback
  vnv config get base_url --profile staging`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, sub := range []*cobra.Command{configInitCmd(a), configListCmd(a), configGetCmd(a), configSetCmd(a), configUnsetCmd(a), configPathCmd(a)} {
		cmd.AddCommand(sub)
	}
	return cmd
}

// configFlags say which profile of which file.
func (a *app) configFlags(cmd *cobra.Command) *cobra.Command {
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.String("profile", "", "`NAME` of the profile (VNV_PROFILE)")
	fs.String("config", "", "config `FILE` in place of the user's own (VNV_CONFIG)")
	a.out.add(fs)
	a.completeStep(cmd)
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch {
		case len(args) == 1 && strings.Contains(cmd.Use, "VALUE"):
			return completeSetting(args[0])
		case len(args) > 0 || !strings.Contains(cmd.Use, "KEY"):
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return settingKeys(), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// completeSetting completes the value of a setting: one of its words, a file, or nothing.
func completeSetting(key string) ([]cobra.Completion, cobra.ShellCompDirective) {
	s, err := knownSetting(key)
	switch {
	case err == nil && (s.key == "private_key" || s.key == "ca_file"):
		return nil, cobra.ShellCompDirectiveDefault
	case err == nil && s.kind == kindBool:
		return []cobra.Completion{"true", "false"}, cobra.ShellCompDirectiveNoFileComp
	case err == nil && s.key == "as":
		return follow.ClientNames(), cobra.ShellCompDirectiveNoFileComp
	default:
		return s.words(), cobra.ShellCompDirectiveNoFileComp
	}
}

func settingKeys() []string {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = s.key
	}
	return names
}

// wantArgs refuses another number of arguments than the usage names.
func wantArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("%s takes %s", cmd.CommandPath(), what)
		}
		return nil
	}
}

// knownSetting finds a setting by its key, written with dashes too.
func knownSetting(name string) (setting, error) {
	key := strings.ReplaceAll(name, "-", "_")
	if s, ok := settingByKey(key); ok {
		return s, nil
	}
	return setting{}, usagef("there is no setting %q%s", printable(name), didYouMean(key, settingKeys()))
}

// A settingRow is a setting in force, and where it comes from.
type settingRow struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

func configListCmd(a *app) *cobra.Command {
	return a.configFlags(&cobra.Command{
		Use:   "list",
		Short: "List the settings in force",
		Long: `List the settings in force and where each comes from: the environment, the
profile of the config file, the vendor's own settings, or the default.`,
		Example: `  vnv config list
  vnv config list --profile staging -o json`,
		Args: a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows, err := a.settingsInForce(cmd.Context(), cmd.Flags())
			if err != nil {
				return err
			}
			var b strings.Builder
			for _, r := range rows {
				b.WriteString(settingLine(r.Key, a.homeless(r.Value), a.homeless(strings.TrimSuffix(r.Origin, " ("+defaultProfile+")"))))
			}
			doc, err := render.Document(struct {
				SchemaVersion int          `json:"schema_version"`
				Settings      []settingRow `json:"settings"`
			}{flow.SchemaVersion, rows})
			if err != nil {
				return err
			}
			return a.answer(strings.TrimSuffix(b.String(), "\n"), doc)
		},
	})
}

// settingLine is a setting in a terminal of 80 columns: where it comes from goes below what is
// too long to stand beside it.
func settingLine(key, value, origin string) string {
	const columns = 80
	line := fmt.Sprintf("%-15s %-36s %s", key, value, origin)
	if utf8.RuneCountInString(line) > columns {
		line = fmt.Sprintf("%-15s %s\n%15s (%s)", key, value, "", origin)
	}
	return line + "\n"
}

// settingsInForce lists every setting that has a value.
func (a *app) settingsInForce(ctx context.Context, flags *pflag.FlagSet) ([]settingRow, error) {
	if err := a.out.check(); err != nil {
		return nil, err
	}
	c, err := loadConfig(ctx, &a.Env, flags, false)
	if err != nil {
		return nil, err
	}
	rows := []settingRow{}
	for _, s := range settings {
		value, origin := c.origin(s)
		if value != "" {
			rows = append(rows, settingRow{s.key, shownSetting(s.key, value), origin})
		}
	}
	return rows, nil
}

// origin tells a setting's value and where it comes from. Application id and key
// are a pair of one source, so they are looked up as one.
func (c *config) origin(s setting) (value, origin string) {
	if s.key == "app_id" || s.key == "private_key" {
		p, err := c.pair()
		if err != nil {
			return "", ""
		}
		return map[string]string{"app_id": p.appID, "private_key": p.key}[s.key], p.origin
	}
	text, _ := c.stored[s.key].(string)
	if list, ok := c.stored[s.key].([]string); ok {
		text = strings.Join(list, " ")
	}
	for _, from := range []struct{ value, origin string }{
		{c.env.Getenv(s.env()), s.env()},
		{text, c.fileOrigin()},
		{s.deflt, "default"},
	} {
		if from.value != "" {
			return from.value, from.origin
		}
	}
	return "", ""
}

// fileOrigin names the config file and the profile in it.
func (c *config) fileOrigin() string { return c.file + " (" + first(c.profile, defaultProfile) + ")" }

// shownSetting hides what may be secret in a setting: a key's text, a proxy's password.
func shownSetting(key, value string) string {
	switch key {
	case "private_key":
		if inlineKey(value) {
			return "(the key itself, hidden)"
		}
	case "proxy":
		if u, err := url.Parse(value); err != nil || u.User != nil {
			return "(with a user, hidden)"
		}
	}
	return printable(value)
}

func configGetCmd(a *app) *cobra.Command {
	return a.configFlags(&cobra.Command{
		Use:   "get KEY",
		Short: "Print one setting in force",
		Long:  "Print the value of one setting in force; empty output and exit code 3 if it has\nnone.",
		Example: `  vnv config get redirect_uri
  vnv config get base_url --profile staging`,
		Args: wantArgs(1, "the key of a setting"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := knownSetting(args[0])
			if err != nil {
				return err
			}
			rows, err := a.settingsInForce(cmd.Context(), cmd.Flags())
			if err != nil {
				return err
			}
			i := slices.IndexFunc(rows, func(r settingRow) bool { return r.Key == s.key })
			if i < 0 {
				a.warn(s.key + " is not set")
				return errNotSet
			}
			doc, err := render.Document(rows[i])
			if err != nil {
				return err
			}
			return a.answer(rows[i].Value, doc)
		},
	})
}

func configPathCmd(a *app) *cobra.Command {
	return a.configFlags(&cobra.Command{
		Use:     "path",
		Short:   "Print where the config file is",
		Long:    "Print the path of the config file in use, whether it exists or not.",
		Example: "  vnv config path",
		Args:    a.noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := a.configPath(cmd.Flags())
			if err != nil {
				return err
			}
			_, missing := os.Stat(path)
			doc, err := render.Document(map[string]any{"path": path, "exists": missing == nil})
			if err != nil {
				return err
			}
			return a.answer(path, doc)
		},
	})
}

// configPath is the file that set and unset write.
func (a *app) configPath(flags *pflag.FlagSet) (string, error) {
	if err := a.out.check(); err != nil {
		return "", err
	}
	c := &config{env: &a.Env, flags: flags}
	path, _ := c.path()
	if path == "" {
		return "", usagef("there is no home directory: name the file with --config")
	}
	return path, nil
}
