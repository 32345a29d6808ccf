package cli

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The device adb: an attached Android phone opens the URL, and where the redirect URI is
// plain http on a loopback host the phone's own port leads back here over USB.

// adbPatience bounds one call of adb; its first one starts a server.
const adbPatience = 15 * time.Second

// adb is one attached phone.
type adb struct {
	path, serial string
	env          []string
	reversed     []string // ports of the phone that lead here
}

// secretVariables are what no child process needs, beside those of vnv's own.
var secretVariables = []string{"VONAGE_PRIVATE_KEY", "VONAGE_PRIVATE_KEY64", "VONAGE_API_KEY", "VONAGE_API_SECRET"}

// childEnv is the environment without secrets.
func (a *app) childEnv() []string {
	env := []string{} // nil would be the whole of ours
	if a.Environ == nil {
		return env
	}
	for _, v := range a.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !slices.Contains(secretVariables, name) && !slices.Contains(a.secretVars, name) && !strings.HasPrefix(name, "VNV_") {
			env = append(env, v)
		}
	}
	return env
}

// findADB is where adb is: in PATH, or in the Android SDK; never in the working directory.
func (a *app) findADB() (string, error) {
	dirs := filepath.SplitList(a.Getenv("PATH"))
	for _, sdk := range []string{a.Getenv("ANDROID_HOME"), a.Getenv("ANDROID_SDK_ROOT")} {
		if sdk != "" {
			dirs = append(dirs, filepath.Join(sdk, "platform-tools"))
		}
	}
	for _, dir := range dirs {
		if !filepath.IsAbs(dir) {
			continue
		}
		for _, name := range []string{"adb", "adb.exe"} {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && (info.Mode()&0o111 != 0 || name == "adb.exe") {
				return path, nil
			}
		}
	}
	return "", usagef("--device adb: there is no adb in PATH; it comes with the Android platform tools")
}

// attach finds the phone, before anything is sent.
func (r *stepRun) attach(ctx context.Context) error {
	path, err := r.findADB()
	if err != nil {
		return err
	}
	phone := &adb{path: path, env: r.childEnv()}
	list, err := phone.run(ctx, "devices")
	if err != nil {
		return usagef("--device adb: %s", printable(err.Error()))
	}
	if phone.serial, err = choosePhone(list, r.flags.adbSerial); err != nil {
		return err
	}
	r.phoneADB = phone
	return nil
}

// choosePhone reads what adb devices prints, a serial and a state a line.
func choosePhone(list, wanted string) (string, error) {
	states, serials := map[string]string{}, []string{}
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(line, "List of") || strings.HasPrefix(line, "*") {
			continue
		}
		states[fields[0]] = fields[1]
		serials = append(serials, fields[0])
	}
	serial := wanted
	switch {
	case wanted != "" && states[wanted] == "":
		return "", usagef("--adb-serial %s: no such phone is attached, but %s", printable(wanted), first(printable(strings.Join(serials, ", ")), "none"))
	case wanted == "" && len(serials) == 0:
		return "", usagef("--device adb: no Android phone is attached; switch USB debugging on in its developer options")
	case wanted == "" && len(serials) > 1:
		return "", usagef("--device adb: %d phones are attached: choose one with --adb-serial %s", len(serials), printable(strings.Join(serials, " | ")))
	case wanted == "":
		serial = serials[0]
	}
	switch state := states[serial]; state {
	case "device":
		return serial, nil
	case "unauthorized":
		return "", usagef("--device adb: the phone %s has not allowed this computer: unlock it and answer its question", printable(serial))
	default:
		return "", usagef("--device adb: the phone %s is %s", printable(serial), printable(state))
	}
}

// run calls adb and returns what it printed. The error holds its own words, if any.
func (p *adb) run(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, adbPatience)
	defer cancel()
	if p.serial != "" {
		args = append([]string{"-s", p.serial}, args...)
	}
	cmd := exec.CommandContext(ctx, p.path, args...) //nolint:gosec // adb from the user's PATH; what the phone's shell gets is quoted
	cmd.Env, cmd.WaitDelay = p.env, time.Second
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	switch {
	case ctx.Err() != nil:
		return text, errors.New("adb does not answer")
	case err != nil && text != "":
		return text, errors.New("adb: " + lastLine(text))
	case err != nil:
		return text, errors.New("adb: " + err.Error())
	}
	return text, nil
}

func lastLine(text string) string { return text[strings.LastIndex(text, "\n")+1:] }

// openOnPhone lets the phone's port lead here, and opens the URL in its browser.
func (r *stepRun) openOnPhone(ctx context.Context, target string) error {
	p := r.phoneADB
	if phone, here, ok := r.callbackPorts(); ok {
		if _, err := p.run(ctx, "reverse", "tcp:"+phone, "tcp:"+here); err != nil {
			return err
		}
		p.reversed = append(p.reversed, phone)
	}
	// adb joins the arguments, and the phone's shell parses them again: one word of it.
	out, err := p.run(ctx, "shell", "am start -a android.intent.action.VIEW -d "+phoneQuoted(target))
	if err == nil && strings.Contains(out, "Error:") { // am ends with 0 on older phones
		err = errors.New("the phone cannot open the URL: " + printable(r.mask.Text(lastLine(out))))
	}
	return err
}

// callbackPorts are the port that the phone will call on itself, and ours; only a plain
// http loopback redirect URI needs them.
func (r *stepRun) callbackPorts() (phone, here string, ok bool) {
	u, err := url.Parse(r.known.RedirectURI)
	if err != nil || u.Scheme != "http" || !loopbackURL(r.known.RedirectURI) || len(r.bound) == 0 {
		return "", "", false
	}
	if _, here, err = net.SplitHostPort(r.bound[0]); err != nil {
		return "", "", false
	}
	return first(u.Port(), "80"), here, true
}

// phoneQuoted is one word for the phone's shell, whatever is in it.
func phoneQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// detach takes back what was set on the phone, also when the command was cut off.
func (p *adb) detach(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, port := range p.reversed {
		_, _ = p.run(ctx, "reverse", "--remove", "tcp:"+port) // a phone that was unplugged has forgotten it
	}
}
