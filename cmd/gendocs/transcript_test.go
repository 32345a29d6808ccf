package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/cmd/internal/cli"
)

var update = flag.Bool("update", false, "write what the commands of the documents really answer into them")

// TestMain lets this program play vnv when a shell starts it under that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "vnv" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := cli.Main(ctx, cli.Env{
			Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
			Getenv: os.Getenv, Environ: os.Environ, Now: time.Now, Home: os.Getenv("HOME"),
		})
		stop()
		os.Exit(code)
	}
	flag.Parse()
	os.Exit(m.Run())
}

// sandboxed marks a transcript whose commands run with the export lines of a
// `vnv sandbox` in their environment.
const sandboxed = "with a sandbox"

// TestTranscripts runs every command of every console block in a real shell, and
// compares what it prints and how it ends with what the document shows. A command
// that fails must be followed by `$ echo $?`. A line of … alone stands for any
// lines. Ports, times, durations and random values may differ.
func TestTranscripts(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the documents show a POSIX shell")
	}
	bin := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(bin, "vnv")); err != nil {
		t.Fatal(err)
	}
	for _, file := range documents(t) {
		found := blocks(t, file, "console")
		if len(found) == 0 {
			continue
		}
		t.Run(file, func(t *testing.T) {
			if !*update {
				t.Parallel()
			}
			sh := newShell(t, file, bin)
			for _, b := range found {
				b.run(t, sh)
			}
		})
	}
}

// exchange is a command of a transcript and what the document shows of its answer.
type exchange struct{ command, shown string }

func (b *block) exchanges() []exchange {
	var list []exchange
	more := false
	for line := range strings.Lines(b.text) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case more:
			list[len(list)-1].command += line
		case isCommand:
			list = append(list, exchange{command: command})
		case len(list) > 0:
			list[len(list)-1].shown += line
		}
		more = (more || isCommand) && strings.HasSuffix(line, "\\\n")
	}
	return list
}

func (b *block) run(t *testing.T, sh *shell) {
	t.Helper()
	var real strings.Builder
	same, asked := true, true
	for _, x := range b.exchanges() {
		got := ""
		if strings.TrimSpace(x.command) == "echo $?" {
			got, asked = strconv.Itoa(sh.code)+"\n", true
		} else {
			if !asked {
				t.Errorf("%s:%d: exit code %d is not shown ($ echo $?)", b.file, b.line, sh.code)
			}
			got = sh.run(t, x.command, b.marker == sandboxed)
			asked = sh.code == 0
		}
		if matches(x.shown, got) {
			got = x.shown
		} else if same = false; !*update {
			t.Errorf("%s:%d: $ %s--- shown\n%s--- got\n%s", b.file, b.line, x.command, x.shown, got)
		}
		real.WriteString("$ " + x.command + got)
	}
	if !asked {
		t.Errorf("%s:%d: exit code %d is not shown ($ echo $?)", b.file, b.line, sh.code)
	}
	if !same && *update {
		rewrite(t, b, real.String())
	} else if !same {
		t.Logf("if what it says now is right: go test ./cmd/gendocs -run Transcripts -update")
	}
}

func rewrite(t *testing.T, b *block, text string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(b.file))
	doc := strings.Replace(read(t, b.file), "```console\n"+b.text+"```", "```console\n"+text+"```", 1)
	if err := os.WriteFile(path, []byte(doc), 0o644); err != nil {
		t.Fatal(err)
	}
}

// varying are the parts of an answer that may differ from one run to the next.
var varying = []struct {
	what *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`[▏▎▍▌▋▊▉█]+`), " "}, // a share of the time
	{regexp.MustCompile(`\n {12,}`), " "},    // where a text is wrapped depends on the duration beside it
	{regexp.MustCompile(`(127\.0\.0\.1|localhost)(:|%3A)\d{4,5}\b`), "$1${2}PORT"},
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "JWT"},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "UUID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d\b`), "CLOCK"},
	{regexp.MustCompile(`\b\d{10}\b`), "EPOCH"},
	{regexp.MustCompile(`\b(state|code)=[^&\s"]+`), "$1=RANDOM"},
	{regexp.MustCompile(`"code": "\w{6}"`), `"code": "RANDOM"`}, // of Verify
	{regexp.MustCompile(`[\w-]{32,}`), "RANDOM"},
	{regexp.MustCompile(`_ms": [\d.]+`), `_ms": N`},
	{regexp.MustCompile(`<?\d+(\.\d+)? m?s\b|\b\d+m(\d+s)?\b`), "DURATION"},
	{regexp.MustCompile(`cookie \S+`), "cookie NAME"}, // cut to the room that the duration leaves
	{regexp.MustCompile(`\S*/vnv-sandbox-\d+`), "DIR"},
	{regexp.MustCompile(`built from \S+`), "built from SOURCE"},
	{regexp.MustCompile(`[ \t]+`), " "},
}

func matches(shown, got string) bool {
	for _, v := range varying {
		shown, got = v.what.ReplaceAllString(shown, v.name), v.what.ReplaceAllString(got, v.name)
	}
	pattern := regexp.QuoteMeta(shown)
	pattern = regexp.MustCompile(`(?m)^ ?…\n`).ReplaceAllString(pattern, `(?s:.*\n)?`)
	return regexp.MustCompile(`\A` + pattern + `\z`).MatchString(got)
}

// shell runs the commands of one document in one folder.
type shell struct {
	dir, bin string
	exports  []string
	code     int
}

// newShell puts the scripts of a document into its folder: sh blocks below a
// comment that says `file NAME`.
func newShell(t *testing.T, file, bin string) *shell {
	t.Helper()
	s := &shell{dir: t.TempDir(), bin: bin}
	for _, b := range blocks(t, file, "sh") {
		name, ok := strings.CutPrefix(b.marker, "file ")
		if !ok {
			continue
		}
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(b.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *shell) run(t *testing.T, command string, withSandbox bool) string {
	t.Helper()
	if withSandbox && s.exports == nil {
		s.exports = startSandbox(t)
	}
	command = strings.NewReplacer("go run ./cmd/vnv", "vnv", "./vnv", "vnv").Replace(command)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + s.bin + ":" + os.Getenv("PATH"), "HOME=" + s.dir, "LC_ALL=C.UTF-8", "GORACE=atexit_sleep_ms=0"}
	if withSandbox {
		cmd.Env = append(cmd.Env, s.exports...)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if s.code = 0; ok {
		s.code = exit.ExitCode()
	}
	return out.String()
}

// startSandbox runs `vnv sandbox` until the test ends and returns its export lines.
func startSandbox(t *testing.T) []string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, cli.Env{
			Args: []string{"sandbox", "-o", "json", "-q"}, In: strings.NewReader(""), Out: w, Err: io.Discard,
			Getenv: func(string) string { return "" }, Now: time.Now,
		})
		w.Close()
	}()
	t.Cleanup(func() {
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("vnv sandbox: exit %d", code)
		}
	})
	var ready struct {
		BaseURL       string `json:"base_url"`
		ApplicationID string `json:"application_id"`
		PrivateKey    string `json:"private_key"`
		RedirectURI   string `json:"redirect_uri"`
	}
	if err := json.NewDecoder(r).Decode(&ready); err != nil {
		t.Fatal("vnv sandbox:", err)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	return []string{
		"VNV_BASE_URL=" + ready.BaseURL, "VNV_APP_ID=" + ready.ApplicationID,
		"VNV_PRIVATE_KEY=" + ready.PrivateKey, "VNV_REDIRECT_URI=" + ready.RedirectURI,
	}
}
