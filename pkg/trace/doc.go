// Package trace keeps what went over the wire, without its secrets.
//
// A [Recorder] wraps an [http.RoundTripper] and turns every request into one [Hop]: when it left,
// where it went, what came back and how long each part took. A [Mask] takes the secrets out before
// a Hop exists, so every rendering of hops (text, JSON, and whatever comes) starts from a value
// that holds none. [Printable] alone makes remote text safe for a terminal.
//
// [Analyse] makes a [Trace] of the hops of a chain: what is odd about them, found by the rows of
// [Rules], and how it ended. Its JSON form is in docs/schemas/trace.schema.json, [Trace.HAR] is for a
// browser's network panel. [Read] takes a saved chain back, ours or one of browsers, curl and the
// vendor's phone libraries; [Diff] compares two; [Check] finds what a file leaks, and [Clean] makes
// a copy that can be handed on.
//
// Promised: a request is cloned, never changed; a Hop is handed out exactly once, when its body
// is closed or it failed; what the mask cannot read it hides whole. Files are untrusted: whatever
// is in them, reading ends, in bounded memory, and an error quotes none of it. Recorders, masks and
// notes are safe for concurrent use.
package trace
