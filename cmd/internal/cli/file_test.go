//go:build unix

package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whatever file a flag, a variable or an argument names: a pipe into which nobody writes
// ends the command with exit code 2, and the pipe is named. Its time is the context's
// here, 5 s at most.
func TestUnwrittenPipes(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"run --phone +99012345678 --config PIPE",
		"run --phone +99012345678 --ca-file PIPE",
		"run --phone +99012345678 --private-key PIPE --app-id app",
		"run --phone +99012345678 --session PIPE",
		"run --phone +99012345678 --sandbox --scenario PIPE",
		"jwt --config PIPE",
		"jwt decode PIPE",
		"config list --config PIPE",
		"config get app_id --config PIPE",
		"config set app_id x --config PIPE",
		"config unset app_id --config PIPE",
		"callback listen --state s --config PIPE",
		"verify cancel id --config PIPE",
		"migrate --phone +99012345678 --config PIPE",
		"trace --config PIPE http://127.0.0.1:1/",
		"trace --ca-file PIPE http://127.0.0.1:1/",
		"trace --header @PIPE http://127.0.0.1:1/",
		"trace show PIPE",
		"trace diff PIPE PIPE",
		"sandbox --private-key PIPE",
		"sandbox --public-key PIPE",
		"sandbox --scenario PIPE",
		"sandbox replay PIPE",
		"exchange --code PIPE",
		"exchange --callback-url PIPE --state s",
		"verify --access-token PIPE --phone +99012345678",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			w := newWorld(t, "http://127.0.0.1:1")
			r := w.runContext(ctx, strings.Fields(strings.ReplaceAll(line, "PIPE", path))...)
			name := path
			for _, secret := range []string{"decode ", "--header", "--code", "--callback-url", "--access-token"} {
				if strings.Contains(line, secret) {
					name = "the file" // it might be the secret itself
				}
			}
			r.ends(exitUsage, "", name)
		})
	}
	w := newWorld(t, "http://127.0.0.1:1")
	w.vars["VNV_CONFIG"] = "/dev/zero"
	w.run("config", "list").ends(exitUsage, "", "/dev/zero is longer than 1 MiB")
}

// Who writes into a pipe takes the time that it needs, as a command that asks for a passphrase half way.
func TestSlowPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	const patience = 200 * time.Millisecond
	go func() {
		w, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer w.Close()
		_, _ = w.WriteString("one, ")
		<-time.After(2 * patience) // longer than the first byte is waited for
		_, _ = w.WriteString("two")
	}()
	got, err := pipe{path, "it", patience}.read(t.Context(), 1<<10)
	if err != nil || string(got) != "one, two" {
		t.Errorf("read %q, %v", got, err)
	}
}
