package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"github.com/vnv-cli/vnv/cmd/internal/render"
)

// release is set by the linker in a released binary.
var release string

// version is the release, else what the build knows of its source.
func version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "built from " + s.Value[:12]
		}
	}
	return "built from source"
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
				"version": version(), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
			})
			if err != nil {
				return err
			}
			a.lines = &render.Lines{W: a.Out, Mask: a.mask}
			return a.answer("vnv "+version(), doc)
		},
	}
	a.out.add(cmd.Flags())
	completeStep(cmd)
	return cmd
}
