package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
)

// release is set by the linker in a released binary.
var release string

// version is the release, or that there is none. What the build knows of its source
// is left to the version command: reading it costs every start a tenth.
func version() string {
	if release != "" {
		return release
	}
	return "(built from source)"
}

// revision is the commit that the binary was built from, empty if it is not known.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

func versionCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  "Print the version of vnv, and with -o json what it was built with.",
		Example: `  vnv version
  vnv version -o json`,
		Args: a.noArguments,
		RunE: func(*cobra.Command, []string) error {
			if err := a.out.check(); err != nil {
				return err
			}
			doc, err := render.Document(map[string]string{
				"version": version(), "revision": revision(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
			})
			if err != nil {
				return err
			}
			return a.answer("vnv "+version(), doc)
		},
	}
	a.out.add(cmd.Flags())
	a.completeStep(cmd)
	return cmd
}
