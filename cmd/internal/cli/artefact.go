package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// artefacts are the files that a command leaves beside its answer. Their names are the
// user's, never made of anything that came from afar.
type artefacts struct {
	har, report string
}

func (f *artefacts) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.har, "har", "", "write every request to `FILE` as HAR 1.2, masked unless --reveal")
	fs.StringVar(&f.report, "report", "", "write a report to `FILE.html`: one page, masked unless --reveal")
}

func (f *artefacts) paths() []string {
	return slices.DeleteFunc([]string{f.har, f.report}, func(p string) bool { return p == "" })
}

func (f *artefacts) wanted() bool { return len(f.paths()) > 0 }

// check refuses, before anything is sent, what could not be written afterwards.
func (f *artefacts) check() error {
	if f.har != "" && f.har == f.report {
		return usagef("--har and --report name the same file")
	}
	for _, path := range f.paths() {
		if err := writable(path); err != nil {
			return err
		}
	}
	return nil
}

// writable refuses everything that is there and is no plain file: a symbolic link could
// lead anywhere.
func writable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return usagef("%s is there already, and is not a plain file", printable(path))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return usagef("%s: %v", printable(path), reason(err))
	}
	if dir, err := os.Stat(filepath.Dir(path)); err != nil || !dir.IsDir() {
		return usagef("%s: there is no such directory", printable(filepath.Dir(path)))
	}
	return nil
}

// writeFile writes a file whole or not at all, for its owner alone: a temporary file beside
// it, synced, then renamed over it.
func writeFile(path string, content []byte) error {
	if err := writable(path); err != nil {
		return err
	}
	err := replaceFile(path, content)
	if err != nil {
		return &vnv.Error{Kind: vnv.KindInternal, Err: errors.New(printable(path) + ": " + reason(err).Error())}
	}
	return nil
}

func replaceFile(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(content)
	if err == nil {
		err = tmp.Sync()
	}
	if closed := tmp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// write writes what was asked for.
func (f *artefacts) write(t *trace.Trace, page func() []byte) error {
	if f.har != "" {
		har, err := t.HAR()
		if err != nil {
			return err
		}
		if err := writeFile(f.har, har); err != nil {
			return err
		}
	}
	if f.report == "" {
		return nil
	}
	return writeFile(f.report, page())
}
