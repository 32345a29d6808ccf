package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/vnv-cli/vnv/"

// owners are the packages that alone may import a library.
var owners = map[string][]string{
	"github.com/spf13/cobra":       {"cmd/internal/cli", "cmd/gendocs"},
	"github.com/spf13/cobra/doc":   {"cmd/gendocs"},
	"github.com/spf13/pflag":       {"cmd/internal/cli", "cmd/gendocs"},
	"github.com/spf13/viper":       {"cmd/internal/cli"},
	"github.com/fatih/color":       {"cmd/internal/render"},
	"rsc.io/qr":                    {"cmd/internal/render"},
	"github.com/itchyny/gojq":      {"cmd/internal/cli"},
	"github.com/cli/browser":       {"cmd/internal/cli"},
	"github.com/gofrs/flock":       {"pkg/flow", "pkg/batch"},
	"github.com/golang-jwt/jwt/v5": {"pkg/appjwt", "pkg/sandbox"},
}

// arrows say which of our packages a package may reach, directly or through others:
// the arrows never turn back.
var arrows = map[string][]string{
	"pkg/vnv":             {},
	"pkg/appjwt":          {},
	"pkg/callback":        {},
	"pkg/sandbox":         {},
	"pkg/trace":           {},
	"pkg/follow":          {"pkg/trace"},
	"pkg/flow":            {"pkg/vnv", "pkg/callback", "pkg/follow", "pkg/trace"},
	"pkg/verdict":         {"pkg/vnv", "pkg/trace"},
	"pkg/batch":           {"pkg/flow", "pkg/vnv", "pkg/callback", "pkg/follow", "pkg/trace"},
	"cmd/internal/render": {"pkg/flow", "pkg/appjwt", "pkg/vnv", "pkg/callback", "pkg/follow", "pkg/trace", "pkg/verdict"},
	"cmd/internal/report": {"pkg/vnv", "pkg/trace", "pkg/verdict", "pkg/sandbox"},
}

// tops may import all of ours but one another; nobody may import those that are programs.
var (
	tops     = []string{"cmd/internal/cli", "cmd/vnv", "cmd/gendocs"}
	programs = []string{"cmd/vnv", "cmd/gendocs"}
)

// noProduction is what no shipped package may reach.
var noProduction = []string{"testing", "net/http/httptest", "github.com/creack/pty", "github.com/rogpeppe/go-internal/testscript", "github.com/santhosh-tekuri/jsonschema/v6"}

type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

// TestImports holds the import rules of the house: which package may know which.
func TestImports(t *testing.T) {
	t.Parallel()
	standard := map[string]bool{}
	for _, p := range list(t, "-deps", "./...") {
		standard[p.ImportPath] = p.Standard
	}
	for _, p := range list(t, "./cmd/...", "./pkg/...") {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			if allowed, owned := owners[imported]; owned && !slices.Contains(allowed, name) {
				t.Errorf("%s imports %s, which belongs to %v", name, imported, allowed)
			}
		}
		for _, dep := range p.Deps {
			if slices.Contains(noProduction, dep) {
				t.Errorf("%s reaches %s", name, dep)
			}
			if name == "pkg/vnv" && !standard[dep] {
				t.Errorf("the SDK reaches %s: it is standard library only", dep)
			}
			if ours, is := strings.CutPrefix(dep, module); is && !allowed(name, ours) {
				t.Errorf("%s reaches %s", name, ours)
			}
		}
		if _, known := arrows[name]; !known && !slices.Contains(tops, name) {
			t.Errorf("no rule says what %s may import: give it a row", name)
		}
	}
}

func allowed(name, ours string) bool {
	if slices.Contains(tops, name) {
		return !slices.Contains(programs, ours)
	}
	return slices.Contains(arrows[name], ours)
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Standard,Imports,Deps"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		default:
			all = append(all, p)
		}
	}
}
