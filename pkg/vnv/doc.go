// Package vnv asks, for a backend, whether a device holds a phone number:
// network-based Number Verification in three calls.
//
//	enable   → an auth_url, which the device opens on mobile data
//	exchange → the code that came back becomes an access token
//	verify   → true or false
//
// Use [Client.Enable], [Client.Exchange] and [Client.Verify] when you have a
// backend of your own. What lies between enable and exchange, the device and
// the callback, is yours; packages follow, callback and flow of this module
// do it for a terminal. An application JWT comes from package appjwt.
//
// What is promised:
//
//   - Every error is an [*Error], which says what was tried, what kind of
//     failure it was and whether the request may have left.
//   - A code and a token are single use. [Client.Exchange] and
//     [Client.Verify] send at most once: they dial a second time only when
//     nothing was written the first time.
//   - An answer is a boolean or an error. What is missing, null, doubled,
//     spelled otherwise or of another type is [KindUnusable], never false.
//   - No redirect is followed, no cookie kept, no environment read. Answers
//     are read to 1 MiB.
//   - Secrets are of type [Secret], which does not print; no error text holds
//     one, even when the far side sends it back.
//
// The package uses the standard library only.
package vnv
