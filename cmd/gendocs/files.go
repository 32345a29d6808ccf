package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// owned are the folders in which every file is generated: what stands there and is
// not a page is left over from a command that is gone.
var owned = []string{"cli", "man", "completions"}

// stale lists the files of the owned folders that no page belongs to.
func stale(dir string, pages map[string][]byte) ([]string, error) {
	var old []string
	for _, sub := range owned {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if name := sub + "/" + e.Name(); pages[name] == nil {
				old = append(old, name)
			}
		}
	}
	return old, nil
}

// compare names every page that is not on disk as it would be written.
func compare(dir string, pages map[string][]byte, stale []string) error {
	drifted := slices.Clone(stale)
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))) //nolint:gosec // pages of the folder that we were given
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if !bytes.Equal(got, want) {
			drifted = append(drifted, name)
		}
	}
	if len(drifted) == 0 {
		return nil
	}
	slices.Sort(drifted)
	return fmt.Errorf("these pages are not what the source says; run go run ./cmd/gendocs:\n  %s/%s",
		dir, strings.Join(drifted, "\n  "+dir+"/"))
}

func write(dir string, pages map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // pages are for everybody to read
			return err
		}
		if err := os.WriteFile(path, pages[name], 0o644); err != nil { //nolint:gosec // pages are for everybody to read
			return err
		}
	}
	return nil
}

func remove(dir string, stale []string) error {
	for _, name := range stale {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return nil
}
