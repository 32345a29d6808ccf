package flow

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/vnv-cli/vnv/pkg/callback"
	"github.com/vnv-cli/vnv/pkg/follow"
	"github.com/vnv-cli/vnv/pkg/vnv"
)

// constants are the values of a type's constants in a file: a table that forgets a
// new one is named here.
func constants(t *testing.T, file, typeName string) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typeName {
			return true
		}
		for _, v := range spec.Values {
			if lit, ok := v.(*ast.BasicLit); ok {
				text, _ := strconv.Unquote(lit.Value)
				values = append(values, text)
			}
		}
		return true
	})
	if len(values) < 5 {
		t.Fatalf("%d constants of %s in %s", len(values), typeName, file)
	}
	return values
}

func TestEveryChainReason(t *testing.T) {
	t.Parallel()
	want := map[follow.Reason]vnv.Kind{
		follow.ReasonSyntax: vnv.KindRedirect, follow.ReasonScheme: vnv.KindRedirect, follow.ReasonAddress: vnv.KindRedirect,
		follow.ReasonCleartext: vnv.KindRedirect, follow.ReasonLoop: vnv.KindRedirect, follow.ReasonTooMany: vnv.KindRedirect,
		follow.ReasonDeadEnd: vnv.KindRedirect, follow.ReasonPage: vnv.KindRedirect, follow.ReasonMetaRefresh: vnv.KindRedirect,
		follow.ReasonScript: vnv.KindRedirect, follow.ReasonOAuth: vnv.KindDenied, follow.ReasonNetwork: vnv.KindNetwork,
		follow.ReasonTimeout: vnv.KindNetwork, follow.ReasonCanceled: vnv.KindCanceled,
	}
	for _, r := range constants(t, "../follow/error.go", "Reason") {
		kind, ok := want[follow.Reason(r)]
		if !ok {
			t.Errorf("reason %s: what does it mean for a flow?", r)
		}
		checkWrapped(t, &follow.Error{Reason: follow.Reason(r)}, kind)
	}
}

func TestEveryCallbackReason(t *testing.T) {
	t.Parallel()
	want := map[callback.Reason]vnv.Kind{
		callback.ReasonDenied: vnv.KindDenied, callback.ReasonBoth: vnv.KindDenied, callback.ReasonErrorWithoutState: vnv.KindDenied,
		callback.ReasonState: vnv.KindState, callback.ReasonNoCallback: vnv.KindNoCallback, callback.ReasonClosed: vnv.KindNoCallback,
		callback.ReasonPath: vnv.KindState, callback.ReasonMethod: vnv.KindState, callback.ReasonMalformed: vnv.KindState,
		callback.ReasonIncomplete: vnv.KindState, callback.ReasonUnreadable: vnv.KindState, callback.ReasonDuplicate: vnv.KindState,
		callback.ReasonLate: vnv.KindState, callback.ReasonOptions: vnv.KindInput, callback.ReasonExposed: vnv.KindInput,
		callback.ReasonBusy: vnv.KindInput, callback.ReasonBind: vnv.KindInput,
		callback.ReasonOrigin: vnv.KindState, callback.ReasonPage: vnv.KindState,
	}
	for _, r := range constants(t, "../callback/error.go", "Reason") {
		kind, ok := want[callback.Reason(r)]
		if !ok {
			t.Errorf("reason %s: what does it mean for a flow?", r)
		}
		checkWrapped(t, &callback.Error{Reason: callback.Reason(r)}, kind)
	}
	checkWrapped(t, &callback.Error{Reason: callback.ReasonIncomplete, Proved: true}, vnv.KindRedirect)
}

func checkWrapped(t *testing.T, cause error, kind vnv.Kind) {
	t.Helper()
	var e *vnv.Error
	if err := CallbackError(cause); !errors.As(err, &e) || e.Op != vnv.OpAuthorize || e.Kind != kind || !errors.Is(err, cause) {
		t.Errorf("%v became %#v, want kind %s", cause, e, kind)
	}
}

func TestWrapOthers(t *testing.T) {
	t.Parallel()
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the reason"))
	plain := errors.New("plain")
	for name, c := range map[string]struct {
		ctx  context.Context //nolint:containedctx // a column of the table
		op   vnv.Op
		err  error
		want vnv.Error
		text string
	}{
		"the SDK's own stays":         {t.Context(), vnv.OpVerify, &vnv.Error{Op: vnv.OpEnable, Kind: vnv.KindAuth, Err: plain}, vnv.Error{Op: vnv.OpEnable, Kind: vnv.KindAuth}, "enable: plain"},
		"one without a step gets one": {t.Context(), vnv.OpVerify, &vnv.Error{Kind: vnv.KindInternal, Err: plain}, vnv.Error{Op: vnv.OpVerify, Kind: vnv.KindInternal}, "verify: plain"},
		"signing is input":            {t.Context(), vnv.OpJWT, plain, vnv.Error{Op: vnv.OpJWT, Kind: vnv.KindInput}, "jwt: plain"},
		"all else is a bug":           {t.Context(), vnv.OpEnable, plain, vnv.Error{Op: vnv.OpEnable, Kind: vnv.KindInternal}, "enable: plain"},
		"canceled beats it": {
			canceled, vnv.OpVerify, &vnv.Error{Op: vnv.OpVerify, Kind: vnv.KindUnknownOutcome, Sent: vnv.SentMaybe, Correlator: "c"},
			vnv.Error{Op: vnv.OpVerify, Kind: vnv.KindCanceled, Sent: vnv.SentMaybe, Correlator: "c"},
			"verify: the reason",
		},
	} {
		var e *vnv.Error
		if err := wrap(c.ctx, c.op, c.err); !errors.As(err, &e) || e.Op != c.want.Op || e.Kind != c.want.Kind ||
			e.Sent != c.want.Sent || e.Correlator != c.want.Correlator || e.Error() != c.text {
			t.Errorf("%s: %#v, %q", name, e, err)
		}
	}
}
