package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// standIn is an adb that runs what it gets for the phone through a shell, as the phone does.
// It returns where its calls and the words that am was given are written.
func standIn(t *testing.T, w *world, devices, am string) (calls, words string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in is a shell script")
	}
	dir := t.TempDir()
	calls, words = filepath.Join(dir, "calls"), filepath.Join(dir, "words")
	write := func(name, script string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("adb", fmt.Sprintf(`echo "$@" >> %[1]s/calls
[ "$1" = -s ] && shift 2
case "$1" in
devices) printf 'List of devices attached\n%[2]s' ;;
shell) shift; PATH=%[1]s:/usr/bin:/bin exec /bin/sh -c "$*" ;;
esac
`, dir, devices))
	write("am", fmt.Sprintf("printf '%%s\\n' \"$@\" >> %s/words\n%s\n", dir, am))
	w.vars["PATH"] = "relative" + string(filepath.ListSeparator) + dir
	return calls, words
}

func TestDeviceADB(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	calls, words := standIn(t, w, `SER1\tdevice\n`, "")
	r := w.run("run", "--phone", "+99012345678", "--sandbox", "--device", "adb", "--timeout", "2s")
	if r.code != exitNoCallback {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
	r.tells("Opened on the phone; mobile data must be on")
	got := strings.Split(strings.TrimSpace(w.read(words)), "\n")
	if len(got) != 5 || got[0] != "start" || got[2] != "android.intent.action.VIEW" {
		t.Fatalf("am was given %q", got)
	}
	if u, err := url.Parse(got[4]); err != nil || u.Query().Get("client_id") == "" || !strings.Contains(r.err, got[4]) {
		t.Errorf("the phone opened %s, %v", got[4], err)
	}
	_, port, _ := strings.Cut(r.err, "callback at http://127.0.0.1:")
	port, _, _ = strings.Cut(port, "/")
	want := []string{"devices", "-s SER1 reverse tcp:" + port + " tcp:" + port, "-s SER1 shell am start", "-s SER1 reverse --remove tcp:" + port}
	for i, line := range strings.Split(strings.TrimSpace(w.read(calls)), "\n") {
		if i >= len(want) || !strings.HasPrefix(line, want[i]) {
			t.Errorf("call %d: %s", i, line)
		}
	}
}

// TestPhoneShell: the URL is one word for the phone's shell, whatever is in it.
func TestPhoneShell(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	_, words := standIn(t, w, `SER1\tdevice\n`, "")
	r := &stepRun{app: &app{Env: w.env, mask: &trace.Mask{}}}
	r.Environ = func() []string { return []string{"VNV_PRIVATE_KEY=" + canary, "VONAGE_API_SECRET=" + canary, "HOME=/"} }
	if env := strings.Join(r.childEnv(), " "); env != "HOME=/" {
		t.Errorf("the child would see %s", env)
	}
	if err := r.attach(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{
		"https://a.example/?a=1&b=2;touch pwned", "https://a.example/?q='$(touch pwned)'`touch pwned`", "https://a.example/?x=\"|touch pwned&\\",
		"https://a.example/?''\\''", "-n --user 0",
	} {
		os.Remove(words)
		if err := r.openOnPhone(t.Context(), target); err != nil {
			t.Fatal(err)
		}
		if got := w.read(words); got != "start\n-a\nandroid.intent.action.VIEW\n-d\n"+target+"\n" {
			t.Errorf("%s became %q", target, got)
		}
	}
}

// TestNoPhone: what stands in the way is said before anything is sent.
func TestNoPhone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ devices, says, serial string }{
		"none":         {``, "no Android phone is attached; switch USB debugging on", ""},
		"several":      {`SER1\tdevice\nSER2\tdevice\n`, "2 phones are attached: choose one with --adb-serial SER1 | SER2", ""},
		"unauthorized": {`SER1\tunauthorized\n`, "the phone SER1 has not allowed this computer: unlock it", ""},
		"offline":      {`SER1\toffline\n`, "the phone SER1 is offline", ""},
		"no such":      {`SER1\tdevice\n`, "--adb-serial SER2: no such phone is attached", "SER2"},
		"daemon":       {`* daemon started successfully\n\n`, "no Android phone is attached", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "")
			standIn(t, w, c.devices, "")
			r := w.run("run", "--phone", "+99012345678", "--sandbox", "--device", "adb", "--adb-serial", c.serial)
			r.ends(exitUsage, "", c.says)
		})
	}
	w := newWorld(t, "")
	w.run("run", "--phone", "+99012345678", "--sandbox", "--device", "adb").ends(exitUsage, "", "there is no adb in PATH; it comes with the Android platform tools")
	standIn(t, w, `SER1\tdevice\n`, "echo 'Error: Activity not started, unable to resolve Intent'")
	w.run("run", "--phone", "+99012345678", "--sandbox", "--device", "adb").ends(exitUsage, "", "the phone cannot open the URL: Error: Activity not started")
}

// TestSerial: one of several phones.
func TestSerial(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	calls, _ := standIn(t, w, `SER1\tdevice\nSER2\tdevice\n`, "")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.runContext(ctx, "run", "--phone", "+99012345678", "--sandbox", "--device", "adb", "--adb-serial", "SER2", "--timeout", "1s")
	if got := w.read(calls); strings.Contains(got, "SER1") || strings.Count(got, "-s SER2") != 3 {
		t.Errorf("calls: %s", got)
	}
}
