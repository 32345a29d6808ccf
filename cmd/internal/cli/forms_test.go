package cli

import (
	"path/filepath"
	"testing"
)

// TestSettingForms: what is wrong with a setting is found before anything leaves,
// wherever the setting comes from, and the place is named. No value is repeated.
func TestSettingForms(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ key, value, want string }{
		{"correlator", "bad id!", "not up to 55 letters"},
		{"enable_url", "nope", "not an absolute http or https URL"},
		{"token_url", "http://example.com/x", "is plain http to example.com"},
		{"verify_url", "ftp://x/", "not an absolute http or https URL"},
		{"base_url", "http://api.example", "is plain http to api.example"},
		{"redirect_uri", "localhost:3000/cb", "not an http or https URL with a host"},
		{"redirect_uri", "http://dev.example/cb", "it is plain http"},
		{"redirect_uri", "ftp://x", "not an http or https URL with a host"},
		{"redirect_uri", "https://dev.example/cb#top", "a fragment"},
		{"redirect_uri", "https://dev.example/c b", "it holds blanks"},
		{"proxy", "nope", "not a URL like http://proxy.example:3128"},
		{"timeout", "0s", "want more than 0"},
		{"timeout", "-1s", "want more than 0"},
		{"hop_timeout", "0s", "want more than 0"},
		{"error_grace", "-5s", "want more than 0"},
	} {
		t.Run(row.key+" "+row.value, func(t *testing.T) {
			t.Parallel()
			far := newFar(t, map[string]string{enablePath: answerJSON("200 OK", enabledBody)})
			run := []string{"run", "--phone", phone, "-o", "json"}
			w := newWorld(t, far.url())
			w.run(append(run, "--"+dashed(row.key)+"="+row.value)...).failsAs(exitUsage, "--"+dashed(row.key)+": ")
			w.vars["VNV_"+upper(row.key)] = row.value
			w.run(run...).failsAs(exitUsage, "VNV_"+upper(row.key)+": ")

			w = newWorld(t, far.url())
			w.run("config", "set", "-o", "json", "--", row.key, row.value).failsAs(exitUsage, row.key+": ")
			w.home(".config/vnv/config.yaml", "# settings\n"+row.key+": "+row.value+"\n")
			r := w.run(run...)
			r.failsAs(exitUsage, filepath.Join("vnv", "config.yaml")+":2: "+row.key+": ")
			r.failsAs(exitUsage, row.want)
			if far.asked(enablePath) > 0 {
				t.Error("something was sent")
			}
		})
	}
}

// TestSessionForm: a session's redirect URI is held to the same form.
func TestSessionForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "http://127.0.0.1:1")
	delete(w.vars, "VNV_REDIRECT_URI")
	w.run("exchange", "-o", "json", "--session", w.session(map[string]any{"code": "c", "redirect_uri": "localhost:1/cb"})).
		failsAs(exitUsage, "session: redirect_uri: it is not an http or https URL with a host")
}

// TestSandboxForms: what is an account's does not count beside --sandbox, however wrong.
func TestSandboxForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	for _, s := range notForSandbox {
		w.vars["VNV_"+upper(s)] = "no such thing"
	}
	w.run("run", "--phone", "+99012345678", "--sandbox", "-q").ends(exitOK, "verified\n")
	w.run("run", "--phone", "+99012345678", "--sandbox", "--redirect-uri", "localhost:1/cb").ends(exitUsage, "", "--redirect-uri: it is not")
}
