// Command gendocs writes the pages that are made from vnv's own command tree and
// tables, so that no page can say another thing than the program does:
//
//	go run ./cmd/gendocs          writes docs/cli, docs/man, docs/completions,
//	                              docs/exit-codes.md, docs/environment.md and
//	                              docs/errors.md
//	go run ./cmd/gendocs -check   names the files that drifted, and exits 1
//
// What it writes depends on the source alone: no date, no version, no machine.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

func run(args []string, stderr io.Writer) int {
	fs := flag.NewFlagSet("gendocs", flag.ContinueOnError)
	fs.SetOutput(stderr)
	check := fs.Bool("check", false, "write nothing; name the files that drifted and exit 1")
	dir := fs.String("dir", "docs", "the folder of the pages")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	if err := generate(*dir, *check); err != nil {
		fmt.Fprintln(stderr, "gendocs:", err)
		return 1
	}
	return 0
}

func generate(dir string, check bool) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("no folder %s: run it from the root of the repository", dir)
	}
	pages, err := pages()
	if err != nil {
		return err
	}
	stale, err := stale(dir, pages)
	if err != nil {
		return err
	}
	if check {
		return compare(dir, pages, stale)
	}
	return errors.Join(write(dir, pages), remove(dir, stale))
}
