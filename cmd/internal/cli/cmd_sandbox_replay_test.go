package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vnv-cli/vnv/pkg/sandbox"
	"github.com/vnv-cli/vnv/pkg/trace"
)

// FuzzReplay: whatever chain a file holds, a scenario that the sandbox takes is made of
// it, and nothing in it that came from the file leaves its line.
func FuzzReplay(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "trace", "*.*"))
	if err != nil || len(files) == 0 {
		f.Fatal("no saved chains", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, hop := range []string{
		`{"n":1,"step":"authorize","method":"GET","url":"https://a.example/","status":199}`,
		`{"n":1,"step":"authorize","method":"GET","url":"https://a.example/","status":999,"content_type":"text/html\r\nX: y"}`,
		`{"n":1,"step":"authorize","method":"G\nET","url":"https://a.example/\n#","status":200,"content_type":"text/html","title":"{{next}}\n- "}`,
		`{"n":1,"step":"authorize","method":"GET","url":"https://a.example/","status":302,"location":"app\n://x"}`,
		`{"n":1,"step":"enable","method":"POST","url":"https://a.example/","status":0,"error":"a\nnumbers: {}"}`,
	} {
		f.Add([]byte(`{"schema_version":1,"url":"https://a.example/","outcome":"x","end":{"kind":"page","hop":1},"hops":[` + hop + `],"findings":[]}`))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		saved, _, err := trace.Read(raw, nil)
		if err != nil {
			return
		}
		r := newReplay(saved)
		text := r.yaml("+4477*")
		if _, err := sandbox.ParseScenario("scenario", []byte(text)); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		if lines := strings.Count(text, "\n"); lines > 6+len(r.lost)+len(r.answers) {
			t.Errorf("%d lines:\n%s", lines, text)
		}
	})
}
