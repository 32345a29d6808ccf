// Package trace keeps what went over the wire, without its secrets.
//
// A [Recorder] wraps an [http.RoundTripper] and turns every request into one [Hop]: when it left,
// where it went, what came back and how long each part took. A [Mask] takes the secrets out before
// a Hop exists, so every rendering of hops (text, JSON, and whatever comes) starts from a value
// that holds none. [Printable] alone makes remote text safe for a terminal.
//
// Promised: a request is cloned, never changed; a Hop is handed out exactly once, when its body
// is closed or it failed; what the mask cannot read it hides whole. Everything here is safe
// for concurrent use.
package trace
