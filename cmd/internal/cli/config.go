package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// config is where settings come from, nearest first: flag, VNV_*, the profile in
// the user's config file, default. A file in the working directory is never read
// unless named, so a cloned repository cannot swap the account.
type config struct {
	*viper.Viper
	env     *Env
	flags   *pflag.FlagSet
	profile string
	file    string         // the config file read, empty: none
	stored  map[string]any // what the profile says
	foreign string         // a host that was not used, for it is the other API's
	sandbox bool           // id, key and URLs count as flags alone
}

// loadConfig reads the settings for one command. With sandboxed, what belongs to an
// account counts as a flag alone: id, key and URLs of the user's stay away from it.
func loadConfig(ctx context.Context, env *Env, flags *pflag.FlagSet, sandboxed bool) (*config, error) {
	c := newConfig(env, flags, sandboxed)
	for _, read := range c.sources() {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	return c, c.checkForms()
}

func newConfig(env *Env, flags *pflag.FlagSet, sandboxed bool) *config {
	return &config{Viper: viper.New(), env: env, flags: flags, sandbox: sandboxed}
}

// sources are the readers of all that counts, in the order in which they must be
// called. One that fails takes nothing from the next.
func (c *config) sources() []func(context.Context) error {
	readFile := c.readFile
	if c.sandbox {
		readFile = c.readFileIfAny
	}
	return []func(context.Context) error{readFile, c.mergeStored, c.readEnv, c.bindFlags}
}

func (c *config) mergeStored(context.Context) error {
	if err := c.MergeConfigMap(c.allowed(c.stored)); err != nil {
		return usagef("%s: %v", c.file, err)
	}
	return nil
}

// allowed leaves out what is not for the sandbox.
func (c *config) allowed(values map[string]any) map[string]any {
	if !c.sandbox {
		return values
	}
	kept := maps.Clone(values)
	for _, key := range notForSandbox {
		delete(kept, key)
	}
	return kept
}

func (c *config) bindFlags(context.Context) error {
	for _, s := range settings {
		f := c.flags.Lookup(s.flag())
		if f == nil {
			continue
		}
		if err := c.BindPFlag(s.key, f); err != nil {
			return err
		}
	}
	return nil
}

// readEnv takes every variable that can be read, and names the first that cannot.
func (c *config) readEnv(context.Context) error {
	given := map[string]any{}
	var wrong error
	for _, s := range settings {
		text := c.env.Getenv(s.env())
		if text == "" || c.sandbox && slices.Contains(notForSandbox, s.key) {
			continue
		}
		value, err := s.parse(text)
		if err != nil {
			if wrong == nil {
				wrong = usagef("%s: %v", s.env(), err)
			}
			continue
		}
		given[s.key] = value
	}
	if err := c.MergeConfigMap(c.allowed(given)); err != nil {
		return err
	}
	return wrong
}

// readFileIfAny is readFile where the file does not matter much: the sandbox needs
// nothing of an account, so a broken one only loses what else it says.
func (c *config) readFileIfAny(ctx context.Context) error {
	if err := c.readFile(ctx); err != nil {
		c.stored, c.foreign = nil, err.Error()
	}
	return nil
}

func (c *config) readFile(ctx context.Context) error {
	path, named := c.path()
	if path == "" {
		return c.profileMissing()
	}
	raw, err := readNamed(ctx, path, path, maxInput)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
		return c.profileMissing()
	case err != nil:
		return unreadable(err)
	}
	c.file = path
	if filepath.Base(path) == ".vonagerc" || filepath.Ext(path) == ".json" {
		v, err := parseVendor(path, raw)
		c.stored = v.settings()
		return err
	}
	doc, err := parseConfig(path, raw)
	if err != nil {
		return err
	}
	c.profile = first(c.flagText("profile"), c.env.Getenv("VNV_PROFILE"), doc.profile, defaultProfile)
	var ok bool
	if c.stored, ok = doc.profiles[c.profile]; !ok && c.profile != defaultProfile {
		return usagef("%s has no profile %q%s", path, printable(c.profile), didYouMean(c.profile, keys(doc.profiles)))
	}
	return nil
}

// profileMissing refuses a profile asked for where there is no file to hold it.
func (c *config) profileMissing() error {
	if name := first(c.flagText("profile"), c.env.Getenv("VNV_PROFILE")); name != "" && name != defaultProfile {
		return usagef("no config file holds a profile %q", printable(name))
	}
	return nil
}

// path returns the config file to read, and whether the user named it.
func (c *config) path() (path string, named bool) {
	if p := first(c.flagText("config"), c.env.Getenv("VNV_CONFIG")); p != "" {
		return p, true
	}
	if dir := c.env.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "vnv", "config.yaml"), false
	}
	if c.env.Home == "" {
		return "", false
	}
	return filepath.Join(c.env.Home, ".config", "vnv", "config.yaml"), false
}

func (c *config) flagText(name string) string {
	f := c.flags.Lookup(name)
	if f == nil {
		return ""
	}
	return f.Value.String()
}

// changed tells whether a setting was given as a flag.
func (c *config) changed(key string) bool { return c.flags.Changed(dashed(key)) }

// text returns a setting of kindText; a path in a config file is relative to it.
func (c *config) text(key string) string { return c.GetString(key) }

// filePath returns a setting that names a file.
func (c *config) filePath(key string) string {
	return c.expand(key, c.GetString(key))
}

func (c *config) expand(key, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && c.env.Home != "" {
		return filepath.Join(c.env.Home, rest)
	}
	fromFile := c.stored[key] == path && !c.changed(key) && path != ""
	if fromFile && !filepath.IsAbs(path) {
		return filepath.Join(filepath.Dir(c.file), path)
	}
	return path
}

// homeless is a text in which ~ stands for the user's home.
func (a *app) homeless(text string) string {
	if len(a.Home) < 2 {
		return text
	}
	sep := string(filepath.Separator)
	return strings.ReplaceAll(text, a.Home+sep, "~"+sep)
}

// reason is an I/O error without the path, which the caller has named already.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func (s setting) parse(text string) (any, error) {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	addSettings(fs, s.key)
	f := fs.Lookup(s.flag())
	if err := f.Value.Set(text); err != nil {
		return nil, fmt.Errorf("not %s", s.kind.article())
	}
	if words := s.words(); words != nil && !slices.Contains(words, text) {
		return nil, fmt.Errorf("not one of %s", strings.Join(words, ", "))
	}
	if s.kind == kindList {
		return strings.Fields(text), nil
	}
	return text, nil
}

// words are what a setting may say, nil where it may say anything.
func (s setting) words() []string {
	switch s.key {
	case "api":
		return apiNames()
	case "device":
		return devices
	default:
		return nil
	}
}

func (k kind) article() string {
	return [...]string{"a text", "a list", "true or false", "a whole number", "a time such as 30s"}[k]
}
