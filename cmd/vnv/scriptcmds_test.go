package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptCommands are what the scripts have beside testscript's own commands.
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exit":    scriptExit,
	"normal":  scriptNormal,
	"sandbox": scriptSandbox, "stop-sandbox": scriptStopSandbox,
	"perm":   scriptPerm,
	"set":    scriptSet,
	"expand": scriptExpand,
}

// scriptExit runs a program, which must end with this exit code:
//
//	exit CODE PROGRAM ARGS…
func scriptExit(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// scriptNormal writes an output without what differs between two runs:
//
//	normal stdout|stderr|FILE TO
func scriptNormal(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile(args[0]), ts.Getenv("WORK"), "$WORK")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(normal(text)), 0o600))
}

// scriptPerm asks for a file's permission bits:
//
//	perm 600 FILE…
func scriptPerm(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] {
			ts.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}

// scriptSet changes one field of a JSON document:
//
//	set FILE FIELD VALUE
func scriptSet(ts *testscript.TestScript, _ bool, args []string) {
	var doc map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &doc))
	doc[args[1]] = args[2]
	raw, err := json.Marshal(doc)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o600))
}

// scriptExpand writes a file with the variables in it replaced:
//
//	expand FILE TO
func scriptExpand(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o600))
}

// took is a duration at the end of a line of the story, with the bar before it.
var took = regexp.MustCompile(` +([█▏▎▍▌▋▊▉]+ +)?(<1|\d+(\.\d+)?) m?s$`)

// varying is what differs between two runs, and what stands in its place.
var varying = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`(127\.0\.0\.1|\[::1\]|localhost):\d+`), "$1:PORT"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`\bv2_[0-9a-f]{8}-\S+?\b`), "STATE"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "HEX"},
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "JWT"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d  `), "CLOCK  "},
	{regexp.MustCompile(`"([a-z_]+_ms)": ?[\d.]+`), `"$1": N`},
	{regexp.MustCompile(`"(state|code|access_token)": "[\w-]{20,}"`), `"$1": "$1~"`},
	{regexp.MustCompile(`%3A\d{4,5}%2F`), "%3APORT%2F"},
	{regexp.MustCompile(`vnv-sandbox-\d+`), "vnv-sandbox-N"},
	{regexp.MustCompile(`\b(?:\d+h\d+m\d+s|\d+ days)\b`), "AGE"},
	{regexp.MustCompile(`cookie carr\S*`), "cookie carrier_*"},
	{regexp.MustCompile(`\b\d+(\.\d+)? m?s\b`), "N ms"},
}

// hangs tells whether a line goes on with the one above it.
func hangs(line, above string) bool {
	return above != "" && strings.HasPrefix(line, strings.Repeat(" ", 9)) ||
		strings.HasPrefix(above, "vnv: ") && strings.HasPrefix(line, strings.Repeat(" ", 5))
}

// normal replaces what differs between two runs. Lines that hang below another are
// joined to it, since where they break depends on the width of a duration.
func normal(text string) string {
	var out []string
	timed := map[int]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		bare := took.ReplaceAllString(line, "")
		if last := len(out) - 1; last >= 0 && hangs(bare, out[last]) {
			out[last] += " " + strings.TrimSpace(bare)
			continue
		}
		if bare != line {
			timed[len(out)] = "  N ms"
		}
		out = append(out, bare)
	}
	for i := range out {
		out[i] += timed[i] + "\n"
	}
	text = strings.Join(out, "")
	for _, v := range varying {
		text = v.find.ReplaceAllString(text, v.put)
	}
	return text
}
