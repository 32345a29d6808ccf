package cli

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/trace"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// codes is what design.md says, by kind: one code for every step, or one a step.
var codes = map[vnv.Kind]map[vnv.Op]int{
	vnv.KindInput:          {"": exitUsage},
	vnv.KindInternal:       {"": exitUnexpected},
	vnv.KindCanceled:       {"": exitUnexpected}, // a signal has codes of its own
	vnv.KindAuth:           {"": exitCredentials, vnv.OpVerify: exitVerify},
	vnv.KindNotEnabled:     {vnv.OpEnable: exitEnable},
	vnv.KindRefused:        {vnv.OpEnable: exitEnable, vnv.OpExchange: exitToken, vnv.OpVerify: exitVerify},
	vnv.KindGone:           {vnv.OpEnable: exitEnable, vnv.OpExchange: exitToken, vnv.OpVerify: exitVerify},
	vnv.KindUnusable:       {vnv.OpEnable: exitEnable, vnv.OpExchange: exitToken, vnv.OpVerify: exitVerify},
	vnv.KindDenied:         {"": exitDenied},
	vnv.KindNoCallback:     {"": exitNoCallback},
	vnv.KindState:          {"": exitState},
	vnv.KindNetwork:        {"": exitNetwork},
	vnv.KindServer:         {"": exitNetwork},
	vnv.KindUnknownOutcome: {"": exitNetwork},
	vnv.KindRedirect:       {"": exitChain},
	vnv.KindLimit:          {"": exitLater},
	vnv.KindUnavailable:    {"": exitLater},
	vnv.KindConcurrent:     {"": exitLater},
	vnv.KindFailed:         {"": exitVerify},
}

var ops = []vnv.Op{vnv.OpJWT, vnv.OpEnable, vnv.OpAuthorize, vnv.OpExchange, vnv.OpVerify}

func TestAdviceCodes(t *testing.T) {
	t.Parallel()
	for _, kind := range kinds(t) {
		if codes[kind] == nil {
			t.Errorf("kind %s: which exit code has it?", kind)
		}
		for _, op := range ops {
			want, ok := codes[kind][op]
			if !ok {
				if want, ok = codes[kind][""]; !ok {
					continue // the SDK never says this of that step
				}
			}
			for _, status := range []int{0, 200, 302, 400, 401, 403, 404, 410, 422, 429, 500, 503} {
				for _, code := range []string{"", "invalid_grant", "NOT_AUTHENTICATED_BY_MOBILE_NETWORK", "INVALID_TOKEN_CONTEXT"} {
					got, hint := facts{skew: time.Hour}.advise(&vnv.Error{Op: op, Kind: kind, Status: status, Code: code, Detail: "allowlist"})
					if got != want || hint == "" && got >= exitCredentials {
						t.Errorf("%s %s %d %q: exit %d, want %d; hint %q", op, kind, status, code, got, want, hint)
					}
				}
			}
		}
	}
}

// kinds are those that the SDK declares.
func kinds(t *testing.T) []vnv.Kind {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../../../pkg/vnv/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []vnv.Kind
	ast.Inspect(f, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Names) == 1 && strings.HasPrefix(spec.Names[0].Name, "Kind") {
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				text, _ := strconv.Unquote(lit.Value)
				found = append(found, vnv.Kind(text))
			}
		}
		return true
	})
	if len(found) < len(codes) {
		t.Fatalf("%d kinds found, %d known", len(found), len(codes))
	}
	return found
}

// Every row can be reached, and its hint speaks of known facts.
func TestAdviceRows(t *testing.T) {
	t.Parallel()
	known := regexp.MustCompile(`^\{(app|key|redirect|clock|issuer)\}$`)
	for i, row := range advices {
		for _, before := range advices[:i] {
			if before.when == nil && before.kind == row.kind && (before.op == "" || before.op == row.op) {
				t.Errorf("row %d (%s %s) is never reached", i, row.op, row.kind)
			}
		}
		for _, brace := range regexp.MustCompile(`\{[^}]*\}`).FindAllString(row.hint, -1) {
			if !known.MatchString(brace) {
				t.Errorf("row %d speaks of %s", i, brace)
			}
		}
		if strings.Contains(strings.ToLower(row.hint), "insecure") {
			t.Errorf("row %d suggests to switch off checks", i)
		}
	}
}

// A follower's reason picks the hint.
func TestAdviceChain(t *testing.T) {
	t.Parallel()
	for reason, part := range map[follow.Reason]string{
		follow.ReasonPage: "mobile data", follow.ReasonMetaRefresh: "mobile data", follow.ReasonScript: "mobile data",
		follow.ReasonAddress: "--allow-private-hops", follow.ReasonTooMany: "--max-hops", follow.ReasonLoop: "--trace shows every hop",
		follow.ReasonScheme: "--trace", follow.ReasonCleartext: "--trace", follow.ReasonDeadEnd: "--trace", follow.ReasonSyntax: "--trace",
	} {
		e := &vnv.Error{Op: vnv.OpAuthorize, Kind: vnv.KindRedirect, Err: &follow.Error{Reason: reason}}
		if code, hint := (facts{}).advise(e); code != exitChain || !strings.Contains(hint, part) {
			t.Errorf("%s: exit %d, %q", reason, code, hint)
		}
	}
}

// Exit codes: each once, in order, with a meaning.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	last := -1
	for _, e := range exitCodes {
		if e.code <= last || e.meaning == "" {
			t.Errorf("row %d %q after %d", e.code, e.meaning, last)
		}
		last = e.code
	}
}

func TestUnknownErrorsAreUnexpected(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	a := &app{Env: w.env}
	a.mask = &trace.Mask{}
	f := a.failure(t.Context(), errors.New("plain"))
	if f.ExitCode != exitUnexpected || f.Kind != "internal" || f.Message != "plain" {
		t.Errorf("%+v", f)
	}
}
