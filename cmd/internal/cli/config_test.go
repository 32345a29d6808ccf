package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const enabledBody = `{"scopes":{"dpv:FraudPreventionAndDetection#number-verification-verify-read":` +
	`{"auth_url":"https://vendor.example/auth?state=v2","requires_carrier_network":true}}}`

// Flag, then VNV_*, then profile, then the vendor's, then default. The correlator
// stands for every setting: it comes out at the far side.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	f := newFar(t, map[string]string{verifyPath: answerJSON("200 OK", `{"devicePhoneNumberVerified":true}`)})
	for i, c := range []struct {
		name                    string
		flag, variable, profile string
		want                    string
	}{
		{"flag", "of-flag", "of-variable", "of-profile", "of-flag"},
		{"variable", "", "of-variable", "of-profile", "of-variable"},
		{"profile", "", "", "of-profile", "of-profile"},
	} {
		w := newWorld(t, f.url())
		w.vars["TOKEN"], w.vars["VNV_CORRELATOR"] = canary, c.variable
		w.home(".config/vnv/config.yaml", "correlator: "+c.profile+"\n")
		args := []string{"verify", "--access-token", "env:TOKEN", "--phone", "+99012345678"}
		if c.flag != "" {
			args = append(args, "--correlator", c.flag)
		}
		w.run(args...).ends(exitOK, "verified\n")
		if got := f.got[verifyPath][i].Header.Get("X-Correlator"); got != c.want {
			t.Errorf("%s: sent %q, want %q", c.name, got, c.want)
		}
	}
}

// appID is the application that a JWT is signed for.
func (w *world) appID(args ...string) result {
	w.t.Helper()
	return w.run(append([]string{"jwt", "-o", "json", "--jq", ".application_id"}, args...)...)
}

// Application id and key are a pair from one source, the nearest that says anything.
func TestPairs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("rsa2048-pkcs8.pem")
	raw, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	vendor, err := json.Marshal(map[string]string{"app-id": "of-vendor-file", "private-key": string(raw)})
	if err != nil {
		t.Fatal(err)
	}
	w.home(".vonage/config.json", string(vendor))
	w.appID().ends(exitOK, "of-vendor-file\n")
	w.vars["VONAGE_APPLICATION_ID"], w.vars["VONAGE_PRIVATE_KEY_PATH"] = "of-vendor-variable", key
	w.appID().ends(exitOK, "of-vendor-variable\n")
	w.home(".config/vnv/config.yaml", "app_id: of-file\nprivate_key: "+key+"\nprofiles:\n  other:\n    app_id: of-profile\n    private_key: "+key+"\n")
	w.appID().ends(exitOK, "of-file\n")
	w.appID("--profile", "other").ends(exitOK, "of-profile\n")
	w.vars["VNV_PROFILE"] = "other"
	w.appID().ends(exitOK, "of-profile\n")
	w.vars["VNV_APP_ID"], w.vars["VNV_PRIVATE_KEY"] = "of-variable", string(raw)
	w.appID().ends(exitOK, "of-variable\n")
	w.appID("--app-id", "of-flag", "--private-key", key).ends(exitOK, "of-flag\n")
}

// Half a pair is never completed from elsewhere.
func TestHalfPairs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(w *world) []string
		want   string
	}{
		"flag id": {func(*world) []string { return []string{"--app-id", "half"} }, "half of the credentials comes from flags: private key is missing there"},
		"flag key": {
			func(w *world) []string { return []string{"--private-key", w.key("rsa2048-pkcs8.pem")} },
			"half of the credentials comes from flags: application id is missing there; application id and private key come as a pair from one source",
		},
		"variable": {func(w *world) []string { delete(w.vars, "VNV_PRIVATE_KEY"); return nil }, "half of the credentials comes from environment (VNV_…)"},
		"profile": {func(w *world) []string {
			delete(w.vars, "VNV_PRIVATE_KEY")
			delete(w.vars, "VNV_APP_ID")
			w.home(".config/vnv/config.yaml", "app_id: half\n")
			return nil
		}, "config.yaml (default): private key is missing there"},
		"vendor": {func(w *world) []string {
			delete(w.vars, "VNV_PRIVATE_KEY")
			delete(w.vars, "VNV_APP_ID")
			w.vars["VONAGE_APPLICATION_ID"] = "half"
			return nil
		}, "half of the credentials comes from environment (VONAGE_…)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "http://127.0.0.1:1")
			w.appID(c.change(w)...).failsAs(exitUsage, c.want)
		})
	}
}

// failsAs holds a failure in JSON to its code and a part of its message.
func (r result) failsAs(code int, part string) {
	r.t.Helper()
	if f := r.failure(); r.code != code || !strings.Contains(f.Error.Message, part) {
		r.t.Errorf("exit %d: %s, want %d and %q", r.code, f.Error.Message, code, part)
	}
}

// A first day: all that is missing at once, where to set it, and that there is a way without.
func TestMissingSettings(t *testing.T) {
	t.Parallel()
	r := newWorld(t, "").run("run", "--phone", "+447700900123")
	r.ends(exitUsage, "",
		"vnv: three settings are missing",
		"application id --app-id VNV_APP_ID app_id in config.yaml",
		"private key --private-key VNV_PRIVATE_KEY private_key in config.yaml",
		"redirect URI --redirect-uri VNV_REDIRECT_URI redirect_uri in config.yaml",
		"To see it work without them: vnv run --phone +99012345678 --sandbox",
	)
	w := newWorld(t, "http://127.0.0.1:1")
	delete(w.vars, "VNV_REDIRECT_URI")
	w.run("run", "--phone", "+447700900123").ends(exitUsage, "", "vnv: a setting is missing redirect URI --redirect-uri")
}

// C1: what is wrong in the config file, by file and line, and never a value of it.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":          {"app_id: a\napp_idd: " + canary, ":2: unknown key app_idd; did you mean app_id?"},
		"unknown key, no idea": {"something: " + canary, ":1: unknown key something"},
		"unknown in profile":   {"profiles:\n  a:\n    privat_key: " + canary, ":3: unknown key privat_key; did you mean private_key?"},
		"upper case":           {"APP_ID: " + canary, ":1: unknown key APP_ID; did you mean app_id?"},
		"dashes":               {"app-id: " + canary, ":1: unknown key app-id; did you mean app_id?"},
		"duration":             {"timeout: " + canary, ":1: timeout: not a time such as 30s"},
		"number":               {"\nmax_hops: " + canary, ":2: max_hops: not a whole number"},
		"bool":                 {"listen_public: " + canary, ":1: listen_public: not true or false"},
		"list for text":        {"app_id: [" + canary + "]", ":1: a single value belongs here"},
		"map for text":         {"app_id:\n  x: " + canary, ":2: a single value belongs here"},
		"null":                 {"app_id:", ":1: a single value belongs here"},
		"map in list":          {"scope:\n  - x: " + canary, ":2: a single value belongs here"},
		"twice":                {"app_id: a\napp_id: " + canary, "stands twice"},
		"twice in profile":     {"profiles:\n  a:\n    app_id: a\n    app_id: " + canary, "stands twice"},
		"profile twice":        {"profiles:\n  a:\n    app_id: a\n  a:\n    app_id: " + canary, "stands twice"},
		"tab":                  {"profiles:\n\ta:\n\t\tapp_id: " + canary, ":2: not YAML: a tab, or a mark that cannot start a value"},
		"NUL":                  {"app_id: a\nprivate_key: " + canary + "\x00", ":2: a NUL byte: this is not a text file"},
		"no map":               {canary, ":1: names with values belong here (key: value)"},
		"profiles as list":     {"profiles: [" + canary + "]", ":1: names with values belong here (key: value)"},
		"open quote":           {"app_id: \"" + canary, "not YAML"},
		"anchor":               {"app_id: *" + canary, "not YAML"},
		"profile name":         {"profiles:\n  Prod: {app_id: a}", ":2: a profile's name is made of a-z, 0-9 and -"},
		"profile name dot":     {"profiles:\n  a.b: {app_id: a}", ":2: a profile's name is made of a-z, 0-9 and -"},
		"default twice":        {"app_id: a\nprofiles:\n  default: {app_id: " + canary + "}", "the default profile stands both at the top and under profiles"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "http://127.0.0.1:1")
			path := w.home(".config/vnv/config.yaml", c.text)
			r := w.run("jwt")
			r.ends(exitUsage, "", "vnv: "+path+":", c.want)
			if strings.Contains(r.err, "usage") {
				t.Errorf("usage is printed: %s", r.err)
			}
		})
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("rsa2048-pkcs8.pem")
	w.run("jwt", "--profile", "prod").ends(exitUsage, "", `no config file holds a profile "prod"`)
	path := w.home(".config/vnv/config.yaml", "profile: staging\nprofiles:\n  staging: {app_id: s, private_key: "+key+"}\n  prod: {app_id: p, private_key: "+key+"}\n")
	w.appID().ends(exitOK, "s\n")
	w.appID("--profile", "prod").ends(exitOK, "p\n")
	w.run("jwt", "--profile", "prd").ends(exitUsage, "", path+` has no profile "prd"; did you mean prod?`)
	w.home(".config/vnv/config.yaml", "")
	w.run("jwt").ends(exitUsage, "", "two settings are missing")
}

// XDG_CONFIG_HOME is honoured when absolute; a named file must be there.
func TestConfigPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("rsa2048-pkcs8.pem")
	text := "app_id: here\nprivate_key: " + key + "\n"
	w.vars["XDG_CONFIG_HOME"] = filepath.Join(w.env.Home, "xdg")
	w.home("xdg/vnv/config.yaml", text)
	w.appID().ends(exitOK, "here\n")
	w.vars["XDG_CONFIG_HOME"] = "xdg" // relative: ignored, as its specification says
	w.run("jwt").ends(exitUsage, "", "two settings are missing")
	w.appID("--config", w.file("mine.yaml", text)).ends(exitOK, "here\n")
	w.vars["VNV_CONFIG"] = w.file("mine.yaml", text)
	w.appID().ends(exitOK, "here\n")
	w.run("jwt", "--config", "/nonexistent/config.yaml").ends(exitUsage, "", "/nonexistent/config.yaml: no such file or directory")
}

// The path of a key is relative to the config file; ~ is the home; - and env: stay.
func TestKeyInConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	raw, err := os.ReadFile(w.key("rsa2048-pkcs8.pem"))
	if err != nil {
		t.Fatal(err)
	}
	w.home(".config/vnv/private.key", string(raw))
	w.home("keys/private.key", string(raw))
	w.vars["KEY"] = string(raw)
	indented := "|\n  " + strings.ReplaceAll(strings.TrimSpace(string(raw)), "\n", "\n  ")
	for _, spec := range []string{"private.key", "~/keys/private.key", "env:KEY", "-", indented} {
		w.home(".config/vnv/config.yaml", "app_id: here\nprivate_key: "+quotedDash(spec)+"\n")
		w.env.In = strings.NewReader(string(raw))
		w.appID().ends(exitOK, "here\n")
	}
}

func quotedDash(s string) string {
	if s == "-" {
		return `"-"`
	}
	return s
}

// C2: files of the working directory are not read, unless named. Not parallel: the
// working directory is the process's.
func TestWorkingDirectory(t *testing.T) {
	w := newWorld(t, "")
	raw, err := os.ReadFile(w.key("rsa2048-pkcs8.pem"))
	if err != nil {
		t.Fatal(err)
	}
	vendor, err := json.Marshal(map[string]string{"app-id": "of-working-directory", "private-key": string(raw)})
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		".vonagerc": string(vendor), "config.yaml": "no_such_key: 1", ".vnv.yaml": "no_such_key: 1", "vnv.yaml": "no_such_key: 1",
		"config.json": string(vendor), ".env": "VNV_APP_ID=x",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.run("jwt").ends(exitUsage, "", "two settings are missing")
	w.appID("--config", ".vonagerc").ends(exitOK, "of-working-directory\n")
	w.run("jwt", "--config", "config.yaml").ends(exitUsage, "", "config.yaml:1: unknown key no_such_key")
	if err := os.WriteFile(".vonagerc", []byte("{\n\"app-id\": "+canary), 0o600); err != nil {
		t.Fatal(err)
	}
	w.run("jwt", "--config", ".vonagerc").ends(exitUsage, "", ".vonagerc:2: not the JSON that the vendor's command line writes")
}

func TestBadVariables(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"VNV_TIMEOUT": "VNV_TIMEOUT: not a time such as 30s", "VNV_MAX_HOPS": "VNV_MAX_HOPS: not a whole number",
		"VNV_LISTEN_PUBLIC": "VNV_LISTEN_PUBLIC: not true or false", "VNV_DEVICE": "not one of auto, follow, browser, none",
	} {
		w := newWorld(t, "http://127.0.0.1:1")
		w.vars[name] = "bogus"
		w.run("enable", "--phone", "+447700900123").ends(exitUsage, "", want)
	}
}

// C3: plain http goes to loopback only, whichever URL it is.
func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("rsa2048-pkcs8.pem")
	base := []string{"enable", "--app-id", "a", "--private-key", key, "--redirect-uri", "https://app.example/cb", "--phone", "+447700900123"}
	for flag, want := range map[string]string{
		"--base-url=http://api.example":                   "plain http to api.example: that is for loopback hosts only, use https",
		"--enable-url=http://api.example/x":               "plain http to api.example",
		"--base-url=http://localhost.evil.example":        "plain http to localhost.evil.example",
		"--base-url=http://user:" + canary + "@127.0.0.1": "has a user or password",
		"--base-url=ftp://api.example":                    "is not an absolute http or https URL",
		"--base-url=api.example":                          "",
	} {
		w.run(append(base, flag)...).ends(exitUsage, "", want)
	}
}

// The published key of the sandbox signs for loopback hosts only.
func TestPublishedKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.file("test.key", string(testKey()))
	args := []string{"enable", "--phone", "+447700900123", "--app-id", "a", "--private-key", key, "--redirect-uri", "https://app.example/cb"}
	const want = "this is the sandbox's published key: anybody can sign with it, so vnv uses it for loopback hosts only"
	w.run(args...).ends(exitUsage, "", want)
	f := newFar(t, map[string]string{enablePath: answerJSON("200 OK", enabledBody)})
	w.run(append(args, "--base-url", f.url(), "--token-url", "https://api.example/token")...).ends(exitUsage, "", want)
	w.run(append(args, "--base-url", f.url(), "--state", "s")...).ends(exitOK, "https://vendor.example/auth?state=v2\n")
}
