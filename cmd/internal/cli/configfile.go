package cli

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

const defaultProfile = "default"

func isProfileName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// configDoc is a config file: the settings at its top are the default profile,
// those under profiles are the others.
//
//	app_id: 00000000-0000-0000-0000-000000000000
//	private_key: private.key
//	profiles:
//	  staging:
//	    base_url: https://staging.example
//
// It is read as a tree of nodes, since viper would lower-case names, pass over
// unknown keys and forget the lines. Errors name file and line, never a value.
type configDoc struct {
	profile  string
	profiles map[string]map[string]any
}

type configParser struct {
	path string
	doc  configDoc
}

func parseConfig(path string, raw []byte) (configDoc, error) {
	p := &configParser{path: path, doc: configDoc{profiles: map[string]map[string]any{}}}
	if before, _, found := bytes.Cut(raw, []byte{0}); found {
		return p.doc, p.fail(1+bytes.Count(before, []byte("\n")), "a NUL byte: this is not a text file")
	}
	var root yaml.Node
	if err := yaml.Unmarshal(raw, &root); err != nil {
		return p.doc, p.syntax(err)
	}
	if len(root.Content) == 0 {
		return p.doc, nil // an empty file
	}
	top := map[string]any{}
	err := p.each(root.Content[0], func(key string, k, v *yaml.Node) error {
		switch key {
		case "profile":
			return p.text(v, &p.doc.profile)
		case "profiles":
			return p.readProfiles(v)
		default:
			return p.setting(top, k, v)
		}
	})
	if err != nil {
		return p.doc, err
	}
	if len(top) > 0 {
		if _, twice := p.doc.profiles[defaultProfile]; twice {
			return p.doc, p.fail(1, "the default profile stands both at the top and under profiles")
		}
		p.doc.profiles[defaultProfile] = top
	}
	return p.doc, nil
}

func (p *configParser) readProfiles(n *yaml.Node) error {
	return p.each(n, func(name string, k, v *yaml.Node) error {
		if !isProfileName(name) {
			return p.fail(k.Line, "a profile's name is made of a-z, 0-9 and -")
		}
		values := map[string]any{}
		p.doc.profiles[name] = values
		return p.each(v, func(_ string, k, v *yaml.Node) error { return p.setting(values, k, v) })
	})
}

func (p *configParser) setting(into map[string]any, k, v *yaml.Node) error {
	s, ok := settingByKey(k.Value)
	if !ok {
		names := []string{"profile", "profiles"}
		for _, s := range settings {
			names = append(names, s.key)
		}
		return p.fail(k.Line, "unknown key "+printable(k.Value)+didYouMean(k.Value, names))
	}
	if s.kind == kindList && v.Kind == yaml.SequenceNode {
		var list []string
		for _, item := range v.Content {
			var text string
			if err := p.text(item, &text); err != nil {
				return err
			}
			list = append(list, text)
		}
		into[s.key] = list
		return nil
	}
	var text string
	if err := p.text(v, &text); err != nil {
		return err
	}
	value, err := s.parse(text)
	if err == nil {
		err = s.wrong(text)
	}
	if err != nil {
		return p.fail(v.Line, s.key+": "+err.Error())
	}
	into[s.key] = value
	return nil
}

// each visits the pairs of a mapping; a name that comes twice is an error, since
// the reader cannot know which one counts.
func (p *configParser) each(n *yaml.Node, visit func(key string, k, v *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return p.fail(n.Line, "names with values belong here (key: value)")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			return p.fail(k.Line, "a name belongs here")
		}
		if seen[k.Value] {
			return p.fail(k.Line, printable(k.Value)+" stands twice")
		}
		seen[k.Value] = true
		if err := visit(k.Value, k, v); err != nil {
			return err
		}
	}
	return nil
}

func (p *configParser) text(n *yaml.Node, into *string) error {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return p.fail(n.Line, "a single value belongs here")
	}
	*into = n.Value
	return nil
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`line (\d+)`) })

// syntax names the line of a YAML error, and drops its text: it may quote a value.
func (p *configParser) syntax(err error) error {
	text := err.Error()
	line := 1
	if m := yamlLine().FindStringSubmatch(text); m != nil {
		line = atoi(m[1])
	}
	switch {
	case strings.Contains(text, "already defined"):
		return p.fail(line, "a key stands twice")
	case strings.Contains(text, "cannot start any token") || strings.Contains(text, "tab"):
		return p.fail(line, "not YAML: a tab, or a mark that cannot start a value")
	default:
		return p.fail(line, "not YAML")
	}
}

func (p *configParser) fail(line int, text string) error {
	return &usageError{err: errors.New(p.path + ":" + itoa(line) + ": " + text)}
}
