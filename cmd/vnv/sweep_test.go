package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
)

// TestSweep runs commands at the highest verbosity, in every form of the answer, and
// holds each to the invariants.
func TestSweep(t *testing.T) {
	t.Parallel()
	for _, scenario := range []struct {
		name   string
		args   []string
		before []string // commands that ran first, each one line
		code   int
		faults []string
	}{
		{name: "verified", args: run(canaryPhone)},
		{name: "not verified", args: run("+99077001235"), code: 3},
		{name: "indeterminate", args: run("+99077001299"), code: 10},
		{name: "nothing comes back", args: append(run(canaryPhone), "--device", "none", "--timeout", "300ms"), code: 7},
		{name: "no browser", args: append(run(canaryPhone), "--device", "browser", "--timeout", "300ms"), code: 7},
		{name: "retried", args: run(canaryPhone), faults: []string{"enable-429:1"}},
		{name: "enable", args: []string{"enable", "--phone", canaryPhone, "--session", "SESSION"}},
		{name: "authorize", before: []string{"enable"}, args: []string{"authorize", "--session", "SESSION"}},
		{name: "exchange", before: []string{"enable", "authorize"}, args: []string{"exchange", "--session", "SESSION"}},
		{name: "verify", before: []string{"enable", "authorize", "exchange"}, args: []string{"verify", "--session", "SESSION"}},
		{name: "authorize denied", before: []string{"enable"}, args: []string{"authorize", "--session", "SESSION"}, code: 6, faults: []string{"access-denied"}},
		{name: "exchange lost", before: []string{"enable", "authorize"}, args: []string{"exchange", "--session", "SESSION"}, code: 11, faults: []string{"token-reset"}},
		{name: "exchange again", before: []string{"enable", "authorize", "exchange"}, args: []string{"exchange", "--session", "SESSION"}, code: 8, faults: []string{"token-reset"}},
		{name: "verify refused", before: []string{"enable", "authorize", "exchange"}, args: []string{"verify", "--session", "SESSION"}, code: 10, faults: []string{"verify-403"}},
		{name: "verify again", before: []string{"enable", "authorize", "exchange", "verify"}, args: []string{"verify", "--session", "SESSION"}, code: 8},
		{name: "jwt", args: []string{"jwt"}},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			t.Parallel()
			for _, format := range []string{"text", "json", "ndjson"} {
				far := startSandbox(t, sandbox.Options{Faults: scenario.faults})
				w := newWorld(t).towards(far)
				session := w.file("session.json")
				for _, step := range scenario.before {
					w.run(step, "--session", session, "--phone", canaryPhone)
				}
				args := strings.Split(strings.ReplaceAll(strings.Join(scenario.args, "\n"), "SESSION", session), "\n")
				r := w.run(append(args, "-v", "--trace", "-o", format)...)
				if r.code != scenario.code {
					t.Errorf("exit code %d, want %d", r.code, scenario.code)
				}
				invariants(t, w, r, secretsOf(far)...)
				onceOnly(t, far)
			}
		})
	}
}

func run(phone string) []string { return []string{"run", "--phone", phone} }

// TestSweepMistakes: what is wrong with settings, files and arguments is said without
// their values.
func TestSweepMistakes(t *testing.T) {
	t.Parallel()
	const canary = "canary-7f3a9c51e2"
	for _, mistake := range []struct {
		name string
		args []string
		vars map[string]string
		in   string
		code int
	}{
		{"key text as an argument", []string{"run", "--phone", canaryPhone, "--app-id", "x", "--private-key", "-----BEGIN PRIVATE KEY-----" + canary}, nil, "", 2},
		{"key that is none", nil, map[string]string{"VNV_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----\n" + canary + "\n-----END PRIVATE KEY-----"}, "", 2},
		{"key by a variable that is none", []string{"run", "--phone", canaryPhone, "--app-id", "x", "--private-key", "env:KEY"}, map[string]string{"KEY": canary}, "", 2},
		{"proxy password", nil, map[string]string{"VNV_PROXY": "http://user:" + canary + "@proxy.example:3128", "VNV_BASE_URL": "https://api.example", "VNV_PRIVATE_KEY": foreignKey}, "", 11},
		{"proxy that is none", nil, map[string]string{"VNV_PROXY": "user:" + canary + "@proxy"}, "", 2},
		{"user in the base URL", nil, map[string]string{"VNV_BASE_URL": "https://user:" + canary + "@api.example", "VNV_PRIVATE_KEY": foreignKey}, "", 2},
		{"session that is none", []string{"authorize", "-"}, nil, canary, 2},
		{"session of a wrong type", []string{"exchange", "-"}, nil, `{"schema_version":1,"code":["` + canary + `"]}`, 2},
		{"callback of another", []string{"exchange", "--callback-url", "-", "--state", "my-own-state-of-this-attempt"}, nil, "http://127.0.0.1:1/cb?code=" + canary + "&state=" + canary, 8},
		{"callback that is none", []string{"exchange", "--callback-url", "-", "--state", canary}, nil, canary + "%zz", 8},
		{"token for no number", []string{"verify", "--access-token", "-"}, nil, canary, 2},
		{"token that is dead", []string{"verify", "--access-token", "-", "--phone", canaryPhone}, nil, canary, 10},
		{"code that is dead", []string{"exchange", "--code", "-"}, nil, canary, 9},
		{"token to decode", []string{"jwt", "decode", "-"}, nil, canary, 2},
		{"two readers of stdin", []string{"exchange", "--code", "-", "--app-id", "x", "--private-key", "-"}, nil, canary, 2},
	} {
		t.Run(mistake.name, func(t *testing.T) {
			t.Parallel()
			for _, format := range []string{"text", "json", "ndjson"} {
				far := startSandbox(t, sandbox.Options{})
				w := newWorld(t).towards(far)
				w.in, w.secrets = strings.NewReader(mistake.in), []string{canary}
				maps.Copy(w.vars, mistake.vars)
				args := mistake.args
				if args == nil {
					args = run(canaryPhone)
				}
				args = append(slices.Clip(args), "-o", format)
				if args[0] != "jwt" {
					args = append(args, "-v", "--trace")
				}
				r := w.run(args...)
				if r.code != mistake.code {
					t.Errorf("exit code %d, want %d", r.code, mistake.code)
				}
				w.strayed = nil // names of ours, which do not resolve
				invariants(t, w, r, secretsOf(far)...)
			}
		})
	}
}

// foreignKey is a throw-away key that is not the sandbox's, and so may sign for any host.
var foreignKey = func() string {
	raw, err := os.ReadFile("../../testdata/keys/rsa2048-pkcs8.pem")
	if err != nil {
		return ""
	}
	return string(raw)
}()
