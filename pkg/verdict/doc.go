// Package verdict says what a failure means: from what was observed to the most
// likely cause, the evidence for it and what to do next.
//
// Use [Judge] after a step, a flow or a chain that failed: it ranks the causes that
// fit an [Observation]. Use [Explainer] for what somebody pastes: an error's name, a
// body, a URL, a token, a whole HTTP answer. Both are offline and work from three
// tables: the causes, the rules that lead to them and the error codes of the
// protocols. A new cause is a row in each.
//
// What is promised: nothing is named for what did not fail; the names of causes are
// stable; nothing here prints, and what comes from afar is masked and escaped before
// it is returned. Judge gives advice only: exit codes are the caller's.
package verdict
