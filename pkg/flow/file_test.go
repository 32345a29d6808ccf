//go:build unix

package flow_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/vnv-cli/vnv/pkg/flow"
)

func open(t *testing.T, path string) *flow.File {
	t.Helper()
	f, err := flow.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// Mode 0600 under umask 0 and over an older file that all could read; nothing is
// left beside it but the lock. Not parallel: the umask is the process's.
func TestFileMode(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	path := filepath.Join(t.TempDir(), "flow.json")
	for _, before := range []string{"", "old"} {
		if before != "" {
			if err := os.WriteFile(path, []byte(before), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		f := open(t, path)
		if err := f.Save(full()); err != nil {
			t.Fatal(err)
		}
		s, err := f.Load()
		if err != nil || s.Code != "canary-code" {
			t.Fatalf("%+v, %v", s, err)
		}
		f.Close()
		if mode(t, path) != 0o600 || mode(t, path+".lock") != 0o600 {
			t.Errorf("modes %v and %v", mode(t, path), mode(t, path+".lock"))
		}
		if left := names(t, filepath.Dir(path)); !slices.Equal(left, []string{"flow.json", "flow.json.lock"}) {
			t.Errorf("left %q", left)
		}
	}
}

func TestFileMissing(t *testing.T) {
	t.Parallel()
	_, err := open(t, filepath.Join(t.TempDir(), "flow.json")).Load()
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// Nothing is followed and nothing replaced that is no plain file.
func TestFileNotPlain(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(path string) error{
		"link":          func(p string) error { return os.Symlink(filepath.Join(filepath.Dir(p), "target"), p) },
		"dangling link": func(p string) error { return os.Symlink("/nonexistent/target", p) },
		"folder":        func(p string) error { return os.Mkdir(p, 0o700) },
		"pipe":          func(p string) error { return syscall.Mkfifo(p, 0o600) },
	} {
		for _, suffix := range []string{"", ".lock"} {
			path := filepath.Join(t.TempDir(), "flow.json")
			target := filepath.Join(filepath.Dir(path), "target")
			if err := os.WriteFile(target, []byte("untouched"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := put(path + suffix); err != nil {
				t.Fatal(err)
			}
			_, err := flow.OpenFile(path)
			if want := "session: " + path + suffix + " is not a plain file"; err == nil || err.Error() != want {
				t.Errorf("%s%s: got %v, want %s", name, suffix, err, want)
			}
			if got, err := os.ReadFile(target); err != nil || string(got) != "untouched" {
				t.Errorf("%s: the target holds %q, %v", name, got, err)
			}
		}
	}
}

// A link that comes after the file was opened is refused at the save.
func TestFileSwapped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flow.json")
	f := open(t, path)
	if err := os.Symlink("/nonexistent/target", path); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(full()); err == nil || !strings.HasSuffix(err.Error(), "flow.json is not a plain file") {
		t.Errorf("got %v", err)
	}
}

func TestFileLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flow.json")
	f := open(t, path)
	if _, err := flow.OpenFile(path); !errors.Is(err, flow.ErrLocked) || err.Error() != "session: another process is working on it" {
		t.Errorf("a second one: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

// What stood there stays whole when a save fails.
func TestFileFailedSave(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root writes into folders that are read-only")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "flow.json")
	f := open(t, path)
	if err := f.Save(full()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	if err := f.Save(flow.Session{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %v", err)
	}
	if s, err := f.Load(); err != nil || s.Code != "canary-code" {
		t.Errorf("left %+v, %v", s, err)
	}
}

// The folder went away: an error, and no file elsewhere.
func TestFileNoFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "sub")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f := open(t, filepath.Join(dir, "flow.json"))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(full()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := flow.OpenFile(filepath.Join(dir, "flow.json")); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "lock") {
		t.Errorf("opened without a folder: %v", err)
	}
}

// A rename onto what is a folder by then fails, and the temporary file goes.
func TestFileNoTempLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "flow.json")
	f := open(t, path)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(full()); err == nil || !strings.Contains(err.Error(), "is not a plain file") {
		t.Errorf("got %v", err)
	}
	if left := names(t, dir); !slices.Equal(left, []string{"flow.json", "flow.json.lock"}) {
		t.Errorf("left %q", left)
	}
}
