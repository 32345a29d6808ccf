package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The documents hold three kinds of fenced block that tests look at:
//
//	console   a transcript: run as it stands, and compared (transcript_test.go)
//	sh        commands that need an account, a phone or another program: only
//	          the form of each vnv command is checked (shell_test.go); below the
//	          comment `file NAME` a script that the transcripts can run
//	go        must stand like this in the Go file named in the comment above it
//	          (links_test.go)
type block struct {
	file   string // below the root of the repository
	line   int    // of the first line of text, counted from 1
	lang   string
	marker string // the comment in the line above, if any
	text   string
}

const root = "../.."

// documents lists the Markdown files that make promises; those of docs/bench are
// about programs of their own.
func documents(t *testing.T) []string {
	t.Helper()
	files := []string{"README.md", "SECURITY.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "bench" {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			rel, err := filepath.Rel(root, path)
			files = append(files, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n")
}

func blocks(t *testing.T, file, lang string) []block {
	t.Helper()
	var found []block
	var open *block
	above := ""
	for i, line := range strings.Split(read(t, file), "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case open != nil && isFence:
			if open.lang == lang {
				found = append(found, *open)
			}
			open = nil
		case open != nil:
			open.text += line + "\n"
		case isFence:
			open = &block{file: file, line: i + 2, lang: fence, marker: comment(above)}
		}
		above = line
	}
	return found
}

func comment(line string) string {
	text, ok := strings.CutPrefix(line, "<!-- ")
	if !ok {
		return ""
	}
	return strings.TrimSpace(strings.TrimSuffix(text, "-->"))
}
