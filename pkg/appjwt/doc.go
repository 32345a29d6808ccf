// Package appjwt makes and reads the application JWT: the short-lived token,
// signed with the application's RSA private key, by which a backend proves
// to the vendor which application is calling (guide, "Generate a JWT").
//
// Use [ParseKey] on the contents of the key file, give the [Key] to a
// [Signer] and call [Signer.Token] wherever a request needs the token: it
// signs once and hands the same token out until shortly before it expires.
// Use [Decode] to see what is inside a token and what is wrong with it; it
// reads only, and never says whether a signature is good.
//
// Promised: no text of this package, error or finding, carries key material;
// keys and signers do not show their secrets when printed; input of any size
// or shape is answered in linear time and never with a panic.
package appjwt
