package follow

import (
	"cmp"
	"errors"

	"github.com/vnv-cli/vnv/pkg/trace"
)

// endKinds are the ends of a trace by the reason of an error. What is not listed was not followed.
var endKinds = map[Reason]string{
	ReasonDeadEnd: trace.EndDead, ReasonPage: trace.EndPage, ReasonMetaRefresh: trace.EndPage, ReasonScript: trace.EndPage,
	ReasonOAuth: trace.EndDenied, ReasonNetwork: trace.EndFailed, ReasonTimeout: trace.EndFailed, ReasonCanceled: trace.EndFailed,
}

// EndOf is what [Follower.Follow] returned as the end of a trace, for [trace.AnalyseOptions].
func EndOf(res *Result, err error) trace.End {
	e, ok := errors.AsType[*Error](err)
	switch {
	case ok && res.End == "":
		end := trace.End{Kind: endKinds[e.Reason], Hop: res.Hops, Status: e.Status, ContentType: e.ContentType, Title: e.Title, Code: e.Code}
		end.Kind = cmp.Or(end.Kind, trace.EndStopped)
		if end.Reason = string(e.Reason); e.Reason == ReasonNetwork {
			end.Reason = cmp.Or(e.Phase, end.Reason)
		}
		if end.Kind == trace.EndStopped {
			end.Detail = e.Detail
		}
		if end.Reason == end.Kind {
			end.Reason = ""
		}
		return end
	case res.End == EndCallback:
		return trace.End{} // whether it is an error's, its URL tells
	case res.End == EndAnswer:
		return trace.End{Kind: trace.EndAnswer, Hop: res.Hops, Status: res.Status, ContentType: res.ContentType}
	default:
		return trace.End{Kind: trace.EndNone}
	}
}
